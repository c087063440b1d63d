// SPDX-License-Identifier: Apache-2.0
/* Many domains built side by side by few CPUs, from modules that they share, while those that are ready run, start
 * again, or fail: whatever one is about, the others come out as if they were alone. */
#include <check.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/cpu.h"
#include "arch/timer.h"
#include "boot/boot.h"
#include "boot/hv_main.h"
#include "hostsim/contract/ordering.h"
#include "program.h"
#include "scenario/support/system.h"
#include "support/seeds.h"

#define DOMAINS 7
#define STEPS 40000
#define RAMDISK_SIZE 5000
#define MODULE(index) (0x4a000000ULL + (index)*0x2000000ULL) /* as support/system.c places them */
#define RAMDISK_AT 0xe00000ULL

/* Each kernel and each ramdisk is one domain's own, or that of a domain before it, whose modules its node then names.
 */
static const struct {
    struct system_domain domain;
    unsigned kernel_of, ramdisk_of;
} systems[DOMAINS] = {
    {{.name = "plain", .bootargs = "pattern=0", .kernel_size = 0x94000, .ramdisk_size = RAMDISK_SIZE}, 0, 0},
    {{.name = "packed", .bootargs = "pattern=0", .packed = true, .ramdisk_size = RAMDISK_SIZE}, 1, 0},
    {{.name = "same", .bootargs = "pattern=0 resets=2", .packed = true, .ramdisk_size = RAMDISK_SIZE}, 1, 0},
    {{.name = "broken", .bootargs = "pattern=3", .packed = true, .ramdisk_size = RAMDISK_SIZE}, 3, 3},
    {{.name = "fourth", .bootargs = "pattern=3", .kernel_size = 0x94000, .ramdisk_size = RAMDISK_SIZE}, 0, 3},
    {{.name = "again",
      .bootargs = "pattern=3 resets=3",
      .packed = true,
      .kernel_size = 0x25000,
      .ramdisk_size = RAMDISK_SIZE},
     5,
     3},
    {{.name = "last", .bootargs = "pattern=0 resets=1", .packed = true, .eager = true, .ramdisk_size = RAMDISK_SIZE},
     1,
     0},
};

/* ---- What each domain does: reads its ramdisk, and starts again as often as it is told */

#define HEADER_RESERVED 40 /* a word of the image's header that is 0 in the file: a fresh copy, or a dirty one */

static unsigned resets[DOMAINS];

static unsigned this_domain(const struct platform *platform)
{
    return (unsigned)argument(platform, "index", 0);
}

static void program_check(struct platform *platform)
{
    uint64_t pattern = argument(platform, "pattern", 0), size = platform->initrd_end - platform->initrd_start;

    if (size != RAMDISK_SIZE)
        program_fail(platform, "bytes of ramdisk", size);
    if (read64(platform->image_start + HEADER_RESERVED) != 0)
        program_fail(platform, "the image is not as it was in its module",
                     read64(platform->image_start + HEADER_RESERVED));
    write64(platform->image_start + HEADER_RESERVED, 1);
    for (uint64_t i = 0; i < size; i += i % 61 == 0 ? 1 : 7)
        if (read8(platform->initrd_start + i) != (uint8_t)(i * 7 + pattern))
            program_fail(platform, "another ramdisk, at byte", i);
    write8(platform->initrd_start, 0xff);
    if (resets[this_domain(platform)]++ < argument(platform, "resets", 0))
        psci(platform, PSCI_SYSTEM_RESET);
    print(platform, "check: done\n");
}

static void enter_check(uint64_t device_tree)
{
    program_run("check", program_check, device_tree);
}

/* ---- Their modules */

static void check_fdt(int result)
{
    if (result < 0)
        ck_abort_msg("libfdt: %s", fdt_strerror(result));
}

static uint64_t cells(const void *property, unsigned index)
{
    return fdt64_to_cpu(((const fdt64_t *)property)[index]);
}

/** The module at @p address of @p domain becomes the one at @p shared of another domain, of @p size bytes. */
static void share(void *dtb, const char *domain, uint64_t address, uint64_t shared, uint64_t size)
{
    char path[96];
    const fdt64_t reg[2] = {cpu_to_fdt64(shared), cpu_to_fdt64(size)};

    snprintf(path, sizeof(path), "/chosen/%s/module@%llx", domain, (unsigned long long)address);
    int node = fdt_path_offset(dtb, path);
    check_fdt(node);
    check_fdt(fdt_setprop_inplace(dtb, node, "reg", reg, sizeof(reg)));
}

static uint64_t size_of_module(const void *dtb, unsigned index)
{
    char path[96];
    int length;

    snprintf(path, sizeof(path), "/chosen/%s/module@%llx", systems[index].domain.name,
             (unsigned long long)MODULE(index));
    const void *reg = fdt_getprop(dtb, fdt_path_offset(dtb, path), "reg", &length);
    ck_assert(reg != NULL && length == 16);
    return cells(reg, 1);
}

static void share_modules(void *dtb)
{
    for (unsigned i = 0; i < DOMAINS; i++) {
        unsigned kernel = systems[i].kernel_of, ramdisk = systems[i].ramdisk_of;
        const char *name = systems[i].domain.name;
        if (kernel != i)
            share(dtb, name, MODULE(i), MODULE(kernel), size_of_module(dtb, kernel));
        if (ramdisk != i)
            share(dtb, name, MODULE(i) + RAMDISK_AT, MODULE(ramdisk) + RAMDISK_AT, RAMDISK_SIZE);
    }
}

/** Its header is whole, so that it is planned, but not what follows. */
static void damage(struct system_run *run)
{
    uint8_t bytes[64];
    uint64_t at = MODULE(3) + size_of_module(run->dtb, 3) - sizeof(bytes);

    ck_assert(sim_peek(run->machine, at, bytes, sizeof(bytes)));
    for (unsigned i = 0; i < sizeof(bytes) - 8; i++)
        bytes[i] ^= 0x55;
    ck_assert(sim_load(run->machine, at, bytes, sizeof(bytes)));
}

/* ---- Restarts from outside, by a CPU that never checked in */

#define OUTSIDER 1
#define RESTARTS 8

static uint64_t numbers;

static unsigned draw(unsigned below)
{
    numbers = numbers * 6364136223846793005 + 1442695040888963407;
    return (unsigned)((numbers >> 33) % below);
}

static void restart_anyone(unsigned cpu)
{
    if (cpu != OUTSIDER)
        hv_secondary_main(cpu);
    while (load_acquire(&hv_boot.started) == 0)
        arch_cpu_wait();
    sim_ordered_after(&hv_boot.started); /* a race detector does not watch this file */
    for (unsigned i = 0; i < RESTARTS; i++) {
        struct domain *domain = domain_table[draw(DOMAINS)];
        for (unsigned wait = 0; wait < 2000 && load_acquire(&domain->state) != DOMAIN_RUNNING; wait++)
            (void)arch_timer_now();
        domain_restart(domain);
    }
    arch_cpu_halt();
}

/* ---- The runs */

static void expect_all_but_the_broken_one(const struct system_run *run)
{
    for (unsigned i = 0; i < DOMAINS; i++) {
        char line[96];
        snprintf(line, sizeof(line), "%s: check: done", systems[i].domain.name);
        /* twice, where it was started again, or got the keyboard just before the line's end */
        if (i == 3 || count_lines(run, line) == 0)
            expect_lines(run, line, i != 3);
        snprintf(line, sizeof(line), "bulkhead: %s: %s", systems[i].domain.name,
                 i != 3 ? "off: *" : "failed: the kernel cannot be unpacked");
        expect_lines(run, line, 1);
    }
    expect_lines(run, "bulkhead: all domains are off", 1);
    for (unsigned i = 0; i < DOMAINS; i++)
        ck_assert_uint_ge(resets[i], i == 3 ? 0 : 1 + (i == 2 ? 2 : i == 5 ? 3 : i == 6 ? 1 : 0));
}

static void build_all(uint64_t seed, struct sim_fault fault, void (*secondary)(unsigned cpu))
{
    struct system_domain domains[DOMAINS];
    char arguments[DOMAINS][64];
    struct system_run run = {.cpus = 2 + (unsigned)(seed % 3),
                             .edit = share_modules,
                             .prepare = damage,
                             .secondary = secondary,
                             .options = {.seed = seed,
                                         .schedule = seed % 4 == 0 ? SIM_SCHEDULE_RANDOM : SIM_SCHEDULE_PCT,
                                         .pct_depth = 2 + (unsigned)(seed / 3 % 3),
                                         .pct_steps = STEPS,
                                         .faults = {fault}}};

    memset(resets, 0, sizeof(resets));
    sim_register_guest("check", enter_check);
    for (unsigned i = 0; i < DOMAINS; i++) {
        domains[i] = systems[i].domain;
        snprintf(arguments[i], sizeof(arguments[i]), "%s index=%u", systems[i].domain.bootargs, i);
        domains[i].bootargs = arguments[i];
        domains[i].program = "check";
        domains[i].memory = 0x2000;
        if (systems[i].kernel_of == 1)
            domains[i].kernel_size = domains[1].kernel_size;
    }
    system_boot(&run, domains, DOMAINS);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_all_but_the_broken_one(&run);
    system_destroy(&run);
}

static void build_side_by_side(uint64_t seed)
{
    build_all(seed, (struct sim_fault){0}, NULL);
}

/** CPU 1 comes when the others have long begun, or when nobody waits for it any more, or never. */
static void build_with_one_late(uint64_t seed)
{
    static const struct sim_fault faults[] = {{SIM_FAULT_CPU_LATE, 10},
                                              {SIM_FAULT_CPU_LATE, 999990},
                                              {SIM_FAULT_CPU_LATE, 1000050},
                                              {SIM_FAULT_CPU_NEVER_STARTS, 1}};

    build_all(seed, faults[seed % 4], NULL);
}

static void build_and_restart(uint64_t seed)
{
    numbers = seed;
    build_all(seed, (struct sim_fault){0}, restart_anyone);
}

START_TEST(shared)
{
    seeds_run("shared", 30, build_side_by_side);
}
END_TEST

START_TEST(late)
{
    seeds_run("late", 12, build_with_one_late);
}
END_TEST

START_TEST(outsider)
{
    seeds_run("outsider", 20, build_and_restart);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("builds");

    seeds_add(suite, "shared", shared);
    seeds_add(suite, "late", late);
    seeds_add(suite, "outsider", outsider);
    return seeds_execute(suite);
}
