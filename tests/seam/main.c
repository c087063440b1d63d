// SPDX-License-Identifier: Apache-2.0
/* A core of its own on the real backend: it asks everything of the contract (core/arch) that a hypervisor does, and
 * checks the answers. Boot argument seam=NAME does one thing that must end in a panic instead. */
#include <string.h>

#include "arch/cpu.h"
#include "arch/mem.h"
#include "arch/timer.h"
#include "boot/boot.h"
#include "boot/hv_main.h"
#include "console/console.h"
#include "seam.h"

struct boot hv_boot;

static unsigned checks, failures;

void seam_check(bool passed, const char *what, const char *file, int line)
{
    checks++;
    if (passed)
        return;
    failures++;
    console_printf("FAILED: %s:%d: %s\n", file, line, what);
}

void seam_check_equal(uint64_t found, uint64_t expected, const char *what, const char *file, int line)
{
    checks++;
    if (found == expected)
        return;
    failures++;
    console_printf("FAILED: %s:%d: %s is 0x%llx, expected 0x%llx\n", file, line, what, (unsigned long long)found,
                   (unsigned long long)expected);
}

pa_t seam_scratch(void)
{
    pa_t base;
    uint64_t size;

    arch_image_range(&base, &size);
    return pa(align_up(base.raw + size, BLOCK_SIZE) + BLOCK_SIZE);
}

uint64_t seam_random(void)
{
    static uint64_t state = 1;

    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return state >> 20;
}

static const struct {
    const char *name;
    void (*run)(void);
} groups[] = {
    {"strings", seam_strings}, {"checksums", seam_checksums}, {"caches", seam_caches},
    {"windows", seam_windows}, {"maps", seam_maps},           {"time", seam_time},
    {"guests", seam_guests},   {"registers", seam_registers}, {"cpus", seam_cpus},
};

static void open_board(const void *dtb, uint64_t space, pa_t address)
{
    struct machine *machine = &hv_boot.machine;
    struct region tree = {address.raw, address.raw + space};
    struct region image;
    pa_t base;
    uint64_t size;

    arch_image_range(&base, &size);
    image = (struct region){base.raw, base.raw + size};
    cpu_init();
    deadline_init(cpu_look_again);
    console_init();
    if (dt_open(&hv_boot.tree, dtb, space, console_diag()) != HV_OK ||
        machine_read(machine, &hv_boot.tree, tree, image, arch_cpu_mpidr(), console_diag()) != HV_OK ||
        uart_open(&hv_boot.uart, &machine->uart) != HV_OK || gic_open(&host_gic, &machine->gic) != HV_OK)
        arch_cpu_halt();
    console_attach(&hv_boot.uart);
    host_gic.ops->init_distributor(&host_gic);
    host_gic.ops->init_cpu(&host_gic);
}

/** @return the value of boot argument seam=, NULL without it. */
static const char *fault_wanted(void)
{
    const char *arguments;

    if (dt_read_string(dt_find(&hv_boot.tree, "/chosen"), "bootargs", &arguments) != HV_OK ||
        strncmp(arguments, "seam=", 5) != 0)
        return NULL;
    return arguments + 5;
}

void hv_main(const void *dtb, uint64_t dtb_space, pa_t dtb_address, uint64_t entry_ticks)
{
    const char *fault;

    open_board(dtb, dtb_space, dtb_address);
    console_printf("seam: %u us from entry\n",
                   (unsigned)((arch_timer_now() - entry_ticks) * 1000000 / arch_timer_frequency()));
    fault = fault_wanted();
    if (fault != NULL) {
        seam_fault(fault);
        console_printf("seam: %s did no harm\n", fault);
        hv_power_off();
    }
    for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
        unsigned before = checks;
        groups[i].run();
        console_printf("seam: %s: %u checks\n", groups[i].name, checks - before);
    }
    console_printf("seam: done, %u of %u checks failed\n", failures, checks);
    hv_power_off();
}

void hv_secondary_main(unsigned cpu)
{
    seam_second_cpu(cpu);
}
