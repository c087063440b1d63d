// SPDX-License-Identifier: Apache-2.0
/* Boot time in the simulator: the stages of a boot for 1..8 domains, 128 MiB..4 GiB of guest RAM and kernels of
 * 64 KiB..64 MiB. Virtual time of one of the simulator's platforms (arch/hostsim/cpus/platforms.c).
 *
 *   bench-boot [--csv] [--platform NAME]      a table, or comma-separated values, on standard output */
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/timer.h"
#include "hostsim/sim.h"
#include "trace/trace.h"

#define RAM_BASE 0x40000000ULL
#define RAM_SIZE GIB(40)
#define MODULES_AT (RAM_BASE + MIB(256))
#define DTB_SIZE KIB(32)

struct scenario {
    unsigned domains;
    uint64_t ram;
    uint64_t kernel;
};

static void check(int result, const char *what)
{
    if (result >= 0)
        return;
    fprintf(stderr, "bench-boot: device tree: %s: %s\n", what, fdt_strerror(result));
    exit(EXIT_FAILURE);
}

static void cells(void *fdt, const char *name, const uint32_t *values, unsigned count)
{
    fdt32_t big_endian[16];

    for (unsigned i = 0; i < count; i++)
        big_endian[i] = cpu_to_fdt32(values[i]);
    check(fdt_property(fdt, name, big_endian, (int)(count * sizeof(*big_endian))), name);
}

#define CELLS(fdt, name, ...)                                                                                          \
    cells(fdt, name, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))
#define HIGH(value) ((uint32_t)((uint64_t)(value) >> 32))
#define LOW(value) ((uint32_t)(value))

static void list(void *fdt, const char *name, const char *value, size_t size)
{
    check(fdt_property(fdt, name, value, (int)size), name);
}

#define STRING(fdt, name, value) list(fdt, name, value, sizeof(value))

static void begin(void *fdt, const char *name)
{
    check(fdt_begin_node(fdt, name), name);
}

static void end(void *fdt)
{
    check(fdt_end_node(fdt), "end of node");
}

static void put_cpus(void *fdt)
{
    begin(fdt, "cpus");
    CELLS(fdt, "#address-cells", 1);
    CELLS(fdt, "#size-cells", 0);
    begin(fdt, "cpu@0");
    STRING(fdt, "device_type", "cpu");
    STRING(fdt, "compatible", "arm,cortex-a57");
    STRING(fdt, "enable-method", "psci");
    CELLS(fdt, "reg", 0);
    end(fdt);
    end(fdt);
}

static void put_devices(void *fdt)
{
    begin(fdt, "psci");
    STRING(fdt, "compatible", "arm,psci-1.0\0arm,psci-0.2");
    STRING(fdt, "method", "smc");
    end(fdt);
    begin(fdt, "timer");
    STRING(fdt, "compatible", "arm,armv8-timer");
    CELLS(fdt, "interrupts", 1, 13, 0x104, 1, 14, 0x104, 1, 11, 0x104, 1, 10, 0x104);
    end(fdt);
    begin(fdt, "intc@8000000");
    STRING(fdt, "compatible", "arm,cortex-a15-gic");
    CELLS(fdt, "#interrupt-cells", 3);
    CELLS(fdt, "phandle", 1);
    CELLS(fdt, "interrupts", 1, 9, 4);
    check(fdt_property(fdt, "interrupt-controller", NULL, 0), "interrupt-controller");
    CELLS(fdt, "reg", 0, 0x8000000, 0, 0x10000, 0, 0x8010000, 0, 0x10000, 0, 0x8030000, 0, 0x10000, 0, 0x8040000, 0,
          0x10000);
    end(fdt);
    begin(fdt, "pl011@9000000");
    STRING(fdt, "compatible", "arm,pl011\0arm,primecell");
    CELLS(fdt, "reg", 0, 0x9000000, 0, 0x1000);
    CELLS(fdt, "interrupts", 0, 1, 4);
    end(fdt);
}

static void put_domain(void *fdt, unsigned number, const struct scenario *scenario)
{
    uint64_t kernel = MODULES_AT + number * align_up(scenario->kernel, BLOCK_SIZE);
    char name[32];

    snprintf(name, sizeof(name), "domU%u", number + 1);
    begin(fdt, name);
    STRING(fdt, "compatible", "xen,domain");
    CELLS(fdt, "#address-cells", 2);
    CELLS(fdt, "#size-cells", 2);
    CELLS(fdt, "memory", HIGH(scenario->ram / 1024), LOW(scenario->ram / 1024));
    CELLS(fdt, "cpus", 1);
    check(fdt_property(fdt, "vpl011", NULL, 0), "vpl011");
    snprintf(name, sizeof(name), "module@%llx", (unsigned long long)kernel);
    begin(fdt, name);
    STRING(fdt, "compatible", "multiboot,kernel\0multiboot,module");
    CELLS(fdt, "reg", HIGH(kernel), LOW(kernel), HIGH(scenario->kernel), LOW(scenario->kernel));
    end(fdt);
    end(fdt);
}

static void make_tree(void *fdt, const struct scenario *scenario)
{
    check(fdt_create(fdt, DTB_SIZE), "create");
    check(fdt_finish_reservemap(fdt), "reservations");
    begin(fdt, "");
    CELLS(fdt, "#address-cells", 2);
    CELLS(fdt, "#size-cells", 2);
    CELLS(fdt, "interrupt-parent", 1);
    STRING(fdt, "compatible", "linux,dummy-virt");
    begin(fdt, "memory@40000000");
    STRING(fdt, "device_type", "memory");
    CELLS(fdt, "reg", HIGH(RAM_BASE), LOW(RAM_BASE), HIGH(RAM_SIZE), LOW(RAM_SIZE));
    end(fdt);
    put_cpus(fdt);
    put_devices(fdt);
    begin(fdt, "chosen");
    STRING(fdt, "stdout-path", "/pl011@9000000");
    STRING(fdt, "xen,xen-bootargs", "bulkhead.all-off=power-off");
    for (unsigned i = 0; i < scenario->domains; i++)
        put_domain(fdt, i, scenario);
    end(fdt);
    end(fdt);
    check(fdt_finish(fdt), "finish");
}

static double microseconds(uint64_t ticks)
{
    return (double)(ticks - trace_timeline.start) * 1e6 / (double)arch_timer_frequency();
}

/** @return when @p name of domain @p domid began, in microseconds after entry. */
static double at(uint16_t domid, const char *name)
{
    for (uint32_t i = 0; i < trace_timeline.count; i++) {
        const struct trace_mark *mark = &trace_timeline.marks[i];
        if (mark->domid == domid && strcmp(mark->name, name) == 0)
            return microseconds(mark->ticks);
    }
    fprintf(stderr, "bench-boot: domain %u never came to \"%s\"\n", domid, name);
    exit(EXIT_FAILURE);
}

static void report(const struct scenario *scenario, bool csv)
{
    uint16_t last = (uint16_t)scenario->domains;
    const char *form =
        csv ? "%u,%llu,%llu,%.1f,%.1f,%.1f,%.1f,%.1f\n" : "%7u %8llu %10llu %10.1f %10.1f %10.1f %12.1f %12.1f\n";

    printf(form, scenario->domains, (unsigned long long)(scenario->ram >> 20),
           (unsigned long long)(scenario->kernel >> 10), at(DOMID_HYPERVISOR, "configuration"),
           at(DOMID_HYPERVISOR, "plan"), at(DOMID_HYPERVISOR, "domains"), at(1, "first instruction"),
           at(last, "first instruction"));
}

static void run(const struct scenario *scenario, const char *platform, bool csv)
{
    static char tree[DTB_SIZE];
    const struct sim_options options = {.platform = platform};

    make_tree(tree, scenario);
    struct sim_machine *machine = sim_create(tree, sizeof(tree), &options);
    if (machine == NULL || !sim_load_modules(machine, tree, "hello")) {
        fprintf(stderr, "bench-boot: %s\n", machine == NULL ? sim_create_error() : "a module does not lie in RAM");
        exit(EXIT_FAILURE);
    }
    enum sim_end ending = sim_run(machine);
    if (ending != SIM_END_POWER_OFF) {
        fprintf(stderr, "bench-boot: the run ended with %s: %s\n%s", sim_end_name(ending), sim_message(machine),
                sim_output(machine));
        exit(EXIT_FAILURE);
    }
    report(scenario, csv);
    sim_destroy(machine);
}

int main(int argc, char **argv)
{
    const char *platform = "qemu-virt";
    bool csv = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--csv") == 0) {
            csv = true;
        } else if (strcmp(argv[i], "--platform") == 0 && i + 1 < argc) {
            platform = argv[++i];
        } else {
            fprintf(stderr, "usage: bench-boot [--csv] [--platform NAME]\n");
            return 2;
        }
    }
    if (csv)
        printf("domains,ram_mib,kernel_kib,config_us,plan_us,domains_us,first_domain_us,last_domain_us\n");
    else
        printf(
            "virtual microseconds after the hypervisor's entry, platform %s\n%7s %8s %10s %10s %10s %10s %12s %12s\n",
            platform, "domains", "RAM MiB", "kernel KiB", "config", "plan", "domains", "first guest", "last guest");
    for (unsigned domains = 1; domains <= 8; domains *= 2)
        run(&(struct scenario){domains, MIB(128), KIB(64)}, platform, csv);
    for (uint64_t ram = MIB(256); ram <= GIB(4); ram *= 4)
        run(&(struct scenario){1, ram, KIB(64)}, platform, csv);
    for (uint64_t kernel = KIB(256); kernel <= MIB(64); kernel *= 4)
        run(&(struct scenario){1, MIB(256), kernel}, platform, csv);
    return EXIT_SUCCESS;
}
