// SPDX-License-Identifier: Apache-2.0
/* Interrupts of a device that a guest has against what happens to the guest meanwhile, in the order of PCT: its domain
 * is stopped and started again from another CPU, the vCPU that they go to goes off, they are led elsewhere, turned off
 * and on. None is lost, none comes twice, and none comes in a life that did not ask for it. The rules of the oracle
 * (arch/hostsim/oracle/assigned.c) hold at each step. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "arch/cpu.h"
#include "arch/timer.h"
#include "boot/boot.h"
#include "boot/hv_main.h"
#include "hostsim/contract/ordering.h"
#include "hostsim/guest.h"
#include "scenario/support/system.h"
#include "support/seeds.h"

#define STEPS 20000 /* of these boots, about */

static struct system_run new_run(uint64_t seed, unsigned cpus)
{
    return (struct system_run){.cpus = cpus,
                               .tree = seed % 2 == 0 ? "ok/machine-gicv3.dtb" : NULL,
                               .options = {.seed = seed,
                                           .schedule = SIM_SCHEDULE_PCT,
                                           .pct_depth = 2 + (unsigned)(seed % 4),
                                           .pct_steps = STEPS,
                                           .dma_strays = true,
                                           .time_limit_us = 30000000,
                                           .step_limit = 3000000,
                                           .list_registers = seed % 3 == 0 ? 1 : 4}};
}

static uint64_t numbers;

static unsigned draw(unsigned below)
{
    numbers = numbers * 6364136223846793005 + 1442695040888963407;
    return (unsigned)((numbers >> 33) % below);
}

/* ---- Stopped and started again from outside, by a CPU that has no domain, whatever the domain is doing ---- */

static struct {
    unsigned restarts;
    bool stops;
} meddling;

static void wait_for(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        (void)arch_timer_now();
}

static void meddle(void)
{
    struct domain *domain = domain_table[0];

    for (unsigned i = 0; i < meddling.restarts; i++) {
        while (load_acquire(&domain->state) < DOMAIN_RUNNING)
            arch_cpu_wait();
        wait_for(draw(2000));
        domain_restart(domain);
    }
    wait_for(draw(2000));
    if (meddling.stops)
        domain_stop(domain, DOMAIN_FAILED, "stopped from outside");
}

static void secondary(unsigned cpu)
{
    if (cpu != 2)
        hv_secondary_main(cpu);
    cpu_table[cpu].id = cpu;
    store_release(&cpu_table[cpu].online, 1);
    arch_cpu_signal();
    while (load_acquire(&hv_boot.started) == 0)
        arch_cpu_wait();
    sim_ordered_after(&hv_boot.started); /* a race detector does not watch this file */
    host_gic.ops->init_cpu(&host_gic);   /* it sends kicks */
    meddle();
    arch_cpu_halt();
}

static void meddle_with(uint64_t seed, bool stops)
{
    static const struct system_domain domains[] = {
        {.name = "mover", .program = "dma", .bootargs = "rounds=20 bytes=512", .memory = 0x1000, .devices = "master0"},
        {.name = "talk", .program = "hello", .memory = 0x1000},
    };
    struct system_run run = new_run(seed, 3);

    numbers = seed;
    meddling.restarts = stops ? (unsigned)(seed % 2) : 1 + (unsigned)(seed % 3);
    meddling.stops = stops;
    run.secondary = secondary;
    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_lines(&run, "talk: hello: done", 1);
    if (!stops)
        expect_lines(&run, "mover: dma: done", 1);
    else if (count_lines(&run, "mover: dma: done") == 0)
        expect_lines(&run, "bulkhead: mover: failed: stopped from outside", 1);
    system_destroy(&run);
}

static void restart_from_outside(uint64_t seed)
{
    meddle_with(seed, false);
}

static void stop_from_outside(uint64_t seed)
{
    meddle_with(seed, true);
}

START_TEST(restarts)
{
    seeds_run("restarts", 100, restart_from_outside);
}
END_TEST

START_TEST(stops)
{
    seeds_run("stops", 100, stop_from_outside);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("device-interleavings");

    seeds_add(suite, "restarts", restarts);
    seeds_add(suite, "stops", stops);
    return seeds_execute(suite);
}
