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
#include "bus_master.h"
#include "hostsim/contract/ordering.h"
#include "hostsim/guest.h"
#include "program.h"
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

/* ---- A guest of several vCPUs leads the interrupts from one to the other, turns them off and on, and vCPUs go off and
 * on, while the device interrupts. ---- */

#define ROUNDS 12
#define VCPUS 3
#define RING_SIZE 4
#define ICENABLER 0x180

static struct {
    uint32_t levels, edges; /* taken */
    uint32_t stop[VCPUS], up[VCPUS];
} juggled;

static uint32_t get(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void set(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/** A level that was withdrawn too late finds the device quiet; an edge comes once. */
static void on_juggled(void *context, uint32_t intid, uint64_t entered)
{
    const struct platform *platform = context;

    (void)entered;
    if (intid == platform->bus_master_interrupts[1]) {
        __atomic_add_fetch(&juggled.edges, 1, __ATOMIC_ACQ_REL);
    } else if ((read32(platform->bus_master + BM_EVENTS) & BM_EVENT_DONE) != 0) {
        write32(platform->bus_master + BM_EVENTS, BM_EVENT_DONE);
        __atomic_add_fetch(&juggled.levels, 1, __ATOMIC_ACQ_REL);
    }
}

static void take_part(struct platform *platform, void *context)
{
    const unsigned index = (unsigned)(uintptr_t)context;

    on_interrupt(platform, on_juggled, platform);
    gic_init(platform);
    set(&juggled.up[index], 1);
    interrupts_on();
    while (get(&juggled.stop[index]) == 0)
        guest_spin(300);
    interrupts_off();
    guest_spin(1000); /* what comes now is pending when it goes off */
    set(&juggled.up[index], 0);
}

static void turn_on_or_off(const struct platform *platform, unsigned index)
{
    if (get(&juggled.up[index]) != 0) {
        set(&juggled.stop[index], 1);
    } else if (psci_with(platform, PSCI_AFFINITY_INFO, index, 0, 0) == 1) {
        set(&juggled.stop[index], 0);
        if (vcpu_start(platform, index, take_part, (void *)(uintptr_t)index) != 0)
            program_fail(platform, "CPU_ON", index);
    }
}

static void juggle(const struct platform *platform)
{
    const uint32_t intid = platform->bus_master_interrupts[draw(2)];

    switch (draw(4)) {
    case 0:
        gic_disable(platform, intid);
        guest_spin(draw(1000));
        gic_enable(platform, intid);
        break;
    case 1:
        turn_on_or_off(platform, 1 + draw(VCPUS - 1));
        break;
    case 2:
        guest_spin(draw(2000));
        break;
    default:
        gic_set_target(platform, intid, draw(VCPUS));
        break;
    }
}

static void give_descriptor(const struct platform *platform, uint64_t ring, uint64_t on_bus, uint32_t number)
{
    const uint64_t at = ring + number % RING_SIZE * BM_DESCRIPTOR;

    write64(at + BM_SOURCE, 1);
    write64(at + BM_DESTINATION, on_bus + 0x1000);
    write32(at + BM_LENGTH, draw(5) * 64);
    write32(at + BM_FLAGS, BM_FLAG_FILL | BM_FLAG_EVENT | BM_FLAG_PULSE);
    write32(platform->bus_master + BM_TAIL, (number + 1) % RING_SIZE);
}

/** Whoever they were led to: what is pending comes to vCPU 0 in the end. */
static void await_all(const struct platform *platform, uint32_t number)
{
    for (unsigned i = 0; i < 2; i++)
        gic_set_target(platform, platform->bus_master_interrupts[i], 0);
    while (get(&juggled.levels) < number || get(&juggled.edges) < number)
        guest_spin(1000);
}

static void program_juggle(struct platform *platform)
{
    const uint64_t ring = (platform->image_end + 0xffff) & ~0xffffULL;
    const uint64_t on_bus =
        platform->dma_ranges[0].size == 0 ? ring : platform->dma_ranges[0].bus + (ring - platform->dma_ranges[0].base);

    on_interrupt(platform, on_juggled, platform);
    gic_init(platform);
    write32(platform->bus_master + BM_CONTROL, BM_RESET);
    write32(platform->bus_master + BM_RING_LOW, (uint32_t)on_bus);
    write32(platform->bus_master + BM_RING_HIGH, (uint32_t)(on_bus >> 32));
    write32(platform->bus_master + BM_SIZE, RING_SIZE);
    write32(platform->bus_master + BM_MASK, BM_EVENT_DONE);
    write32(platform->bus_master + BM_CONTROL, BM_RUNS);
    gic_enable(platform, platform->bus_master_interrupts[0]);
    gic_enable(platform, platform->bus_master_interrupts[1]);
    interrupts_on();
    for (uint32_t round = 0; round < ROUNDS; round++) {
        give_descriptor(platform, ring, on_bus, round);
        for (unsigned i = draw(6); i > 0; i--)
            juggle(platform);
        await_all(platform, round + 1);
    }
    guest_spin(20000);
    interrupts_off();
    for (unsigned i = 1; i < VCPUS; i++)
        set(&juggled.stop[i], 1);
    if (get(&juggled.edges) != ROUNDS || get(&juggled.levels) != ROUNDS)
        program_fail(platform, "interrupts came more than once", get(&juggled.edges));
    print(platform, "juggle: done\n");
}

static void enter_juggle(uint64_t device_tree)
{
    program_run("juggle", program_juggle, device_tree);
}

static void juggle_with(uint64_t seed)
{
    static const struct system_domain domain = {
        .name = "guest", .program = "juggle", .vcpus = VCPUS, .memory = 0x1000, .devices = "master0"};
    struct system_run run = new_run(seed, 2 + (unsigned)(seed / 2 % 2));

    numbers = seed;
    memset(&juggled, 0, sizeof(juggled));
    sim_register_guest("juggle", enter_juggle);
    system_boot(&run, &domain, 1);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_lines(&run, "guest: juggle: done", 1);
    system_destroy(&run);
}

START_TEST(juggles)
{
    seeds_run("juggles", 100, juggle_with);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("device-interleavings");

    seeds_add(suite, "restarts", restarts);
    seeds_add(suite, "stops", stops);
    seeds_add(suite, "juggles", juggles);
    return seeds_execute(suite);
}
