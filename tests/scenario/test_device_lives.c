// SPDX-License-Identifier: Apache-2.0
/* Domains with devices that end and begin again: the hypervisor turns interrupts off, and leaves the devices as they
 * are. What DMA does to whose memory is seen. */
#include <check.h>
#include <string.h>

#include "arch/timer.h"
#include "bus_master.h"
#include "program.h"
#include "scenario/support/expect.h"
#include "scenario/support/interrupted.h"
#include "support/suite.h"

static const char *const trees[] = {"ok/two-domains.dtb", "ok/machine-gicv3.dtb"};

/* The device is stopped before each restart: nothing strays, and each life finds it as the first one did. */
START_TEST(restarts)
{
    const struct system_domain domains[] = {
        {.name = "mover",
         .program = "dma",
         .bootargs = "rounds=1 bytes=64 until-ms=130000",
         .devices = "master0",
         .memory = 0x1000},
        {.name = "plain", .program = "hello", .memory = 0x1000},
    };
    struct system_run run = {.tree = trees[_i % 2], .cpus = 1 + (unsigned)_i / 2, .options.time_limit_us = 300000000};
    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_lines(&run, "mover: dma: done", 1);
    ck_assert_uint_gt(count_lines(&run, "mover: dma: round 1, 64 bytes"), 200);
    system_destroy(&run);
}
END_TEST

/* It is not: what it does after the restart strays within the memory of its own domain, and nowhere else; none of its
 * interrupts comes in a life that has not turned them on. */
START_TEST(restarts_under_dma)
{
    const struct system_domain domains[] = {
        {.name = "mover",
         .program = "dma",
         .bootargs = "rounds=1 bytes=16384 until-ms=20000 running=1",
         .devices = "master0",
         .memory = 0x1000},
        {.name = "plain", .program = "memory", .memory = 0x1000},
    };
    struct system_run run = {.tree = trees[_i % 2],
                             .cpus = 1 + (unsigned)_i / 2,
                             .options = {.dma_strays = true, .time_limit_us = 300000000}};
    struct sim_stray stray;
    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_lines(&run, "mover: dma: done", 1);
    ck_assert_uint_gt(count_lines(&run, "mover: dma: round 1, 16384 bytes"), 30);
    expect_program(run.output, "plain", "memory");
    unsigned strays = sim_stray(run.machine, 0, NULL);
    ck_assert_uint_gt(strays, 0);
    for (unsigned i = 0; i < strays && i < SIM_MAX_STRAYS; i++) {
        sim_stray(run.machine, i, &stray);
        ck_assert_uint_eq(stray.vmid, stray.device_vmid);
        ck_assert_str_eq(stray.owner, "mover");
    }
    system_destroy(&run);
}
END_TEST

/* The same where nobody says that it may: the run ends. */
START_TEST(dma_of_an_earlier_life)
{
    const struct system_domain domain = {.name = "mover",
                                         .program = "dma",
                                         .bootargs = "rounds=1 bytes=16384 until-ms=20000 running=1",
                                         .devices = "master0",
                                         .memory = 0x1000};
    struct system_run run = {.tree = trees[_i], .cpus = 1};
    system_boot(&run, &domain, 1);
    expect_end(&run, SIM_END_FAILED);
    ck_assert_ptr_nonnull(strstr(sim_message(run.machine), "by DMA, which its own domain does not have now"));
    system_destroy(&run);
}
END_TEST

/* ---- A guest that has its device write where it should not */

static uint64_t aim; /* the host's address */

static void program_hostile_dma(struct platform *platform)
{
    const uint64_t ring = (platform->image_end + 0xffff) & ~0xffffULL;
    const uint64_t on_bus =
        platform->dma_ranges[0].size == 0 ? ring : platform->dma_ranges[0].bus + (ring - platform->dma_ranges[0].base);
    write64(ring + BM_SOURCE, 0);
    write64(ring + BM_DESTINATION, aim);
    write32(ring + BM_LENGTH, 64);
    write32(ring + BM_FLAGS, BM_FLAG_FILL);
    write32(platform->bus_master + BM_CONTROL, BM_RESET);
    write32(platform->bus_master + BM_RING_LOW, (uint32_t)on_bus);
    write32(platform->bus_master + BM_RING_HIGH, (uint32_t)(on_bus >> 32));
    write32(platform->bus_master + BM_SIZE, 2);
    write32(platform->bus_master + BM_CONTROL, BM_RUNS);
    write32(platform->bus_master + BM_TAIL, 1);
    while ((read32(platform->bus_master + BM_STATUS) & BM_BUSY) != 0)
        guest_spin(1000);
    print(platform, "aims: done\n");
}

static void enter_hostile_dma(uint64_t device_tree)
{
    program_run("aims", program_hostile_dma, device_tree);
}

enum aimed_at { VICTIM, IMAGE, MODULE, FRAME, FREE, AIMS };

static uint64_t place_of(enum aimed_at what)
{
    const struct plan_domain *victim = &hv_boot.plan.domains[1];
    switch (what) {
    case VICTIM:
        return victim->extents[0].target.raw + victim->extents[0].size - 0x1000;
    case IMAGE:
        return victim->control.base;
    case MODULE:
        return 0x4a000000;
    case FRAME:
        return 0x0c010000; /* another bus master */
    default:
        return hv_boot.plan.free.list[0].base;
    }
}

/* Where things lie the plan says: by a run of the same system before. */
START_TEST(dma_elsewhere)
{
    static const char *const owners[] = {"victim", "the hypervisor", "the hypervisor", "nobody", "nobody"};
    static const struct system_domain domains[] = {
        {.name = "aims", .program = "aims", .devices = "master0", .memory = 0x1000},
        {.name = "victim", .program = "spin", .bootargs = "lines=2 period-us=500", .memory = 0x1000},
    };
    aim = 0;
    sim_register_guest("aims", enter_hostile_dma);
    for (unsigned pass = 0; pass < 3; pass++) {
        struct system_run run = {.tree = trees[_i % 2], .cpus = 2, .options.dma_strays = pass < 2};
        struct sim_stray stray = {.vmid = 77};
        system_boot(&run, domains, 2);
        if (pass == 1) {
            expect_end(&run, SIM_END_POWER_OFF);
            ck_assert_uint_eq(sim_stray(run.machine, 0, &stray), 1);
            ck_assert_str_eq(stray.owner, owners[_i / 2]);
            ck_assert_str_eq(stray.device, "master@c000000");
            ck_assert_uint_eq(stray.address, aim);
            ck_assert(stray.write);
            ck_assert_uint_eq(stray.vmid, _i / 2 == VICTIM ? hv_boot.plan.domains[1].vmid : 0);
        } else if (pass == 2) {
            expect_end(&run, SIM_END_FAILED);
            ck_assert_ptr_nonnull(strstr(sim_message(run.machine), owners[_i / 2]));
        }
        aim = place_of((enum aimed_at)(_i / 2));
        system_destroy(&run);
    }
}
END_TEST

/* ---- A domain that fails in the middle: its interrupts are off, its neighbour's are not, and the machine goes on. */

START_TEST(crash)
{
    static const struct system_domain domains[] = {
        {.name = "mover", .program = "dma", .bootargs = "rounds=200", .devices = "master0", .memory = 0x1000},
        {.name = "other", .program = "dma", .bootargs = "rounds=200", .devices = "master1", .memory = 0x1000},
    };
    for (unsigned kind = 0; kind < 8; kind++) {
        struct system_run run = {.tree = trees[kind & 1],
                                 .cpus = 1 + (kind >> 1 & 1),
                                 .options = {.faults = {{SIM_FAULT_SERROR_GUEST, 40 + 61u * (unsigned)_i}},
                                             .dma_strays = true,
                                             .seed = kind}};
        system_boot(&run, domains, 2);
        expect_end(&run, SIM_END_POWER_OFF);
        ck_assert_uint_eq(count_lines(&run, "mover: dma: done") + count_lines(&run, "other: dma: done"), 1);
        ck_assert_uint_eq(
            count_lines(&run, "bulkhead: mover: failed: *") + count_lines(&run, "bulkhead: other: failed: *"), 1);
        system_destroy(&run);
    }
}
END_TEST

/* ---- Each rule about a guest's interrupts is broken once: by a CPU that does to the interrupt controller what core
 * must not. */

#define INTID 128

static unsigned broken;
#define GONE 4 /* its domain is off by then */

static void pause_a_while(void)
{
    for (unsigned i = 0; i < 3000; i++)
        (void)arch_timer_now();
}

static void break_rule(void)
{
    struct gic *gic = &host_gic;
    const unsigned elsewhere = 1;
    while (load_acquire(&domain_table[0]->state) < DOMAIN_RUNNING)
        (void)arch_timer_now();
    pause_a_while(); /* the guest has its interrupt on, and waits */
    while (broken == GONE && load_relaxed(&domain_table[0]->taken_apart) == 0)
        (void)arch_timer_now();
    switch (broken) {
    case 0:
        gic->ops->disable(gic, INTID);
        break;
    case 1:
        gic->ops->route(gic, INTID, elsewhere);
        break;
    case 2:
        gic->ops->set_active(gic, INTID, true);
        break;
    case 3:
        gic->ops->enable(gic, INTID + 1); /* which the guest has off */
        break;
    default: /* GONE */
        gic->ops->enable(gic, INTID + 1);
        break;
    }
    arch_cpu_wait(); /* an event, behind which hostsim looks */
    arch_cpu_halt();
}

static void program_waits(struct platform *platform)
{
    gic_init(platform);
    gic_enable(platform, INTID);
    for (unsigned i = 0; i < (broken == GONE ? 1u : 2000u); i++)
        guest_spin(1000);
}

static void enter_waits(uint64_t device_tree)
{
    program_run("waits", program_waits, device_tree);
}

/* Begins to look when nothing was done to it: the same run without the CPU that breaks the rule is in order. */
static void break_nothing(void)
{
    pause_a_while();
    arch_cpu_halt();
}

START_TEST(rules)
{
    static const struct system_domain domains[] = {
        {.name = "guest", .program = "waits", .devices = "master0", .memory = 0x1000},
    };
    static const char *const messages[] = {
        "INTID 128 is off, though guest, which has it, has it on",
        "INTID 128 of guest goes to the CPUs 0x2, not to CPU 0, where its vCPU is",
        "INTID 128 of guest is active, and nobody has it in flight",
        "INTID 129 is on, though guest, which has it, has it off",
        "INTID 129 is on, though guest, which had it, is off",
    };
    broken = (unsigned)_i / 2;
    for (unsigned whole = 0; whole < 2; whole++) {
        struct system_run run = {.tree = trees[_i % 2],
                                 .cpus = 2,
                                 .stay = broken == GONE,
                                 .secondary = secondary,
                                 .options.time_limit_us = 100000};
        device = whole == 0 ? break_rule : break_nothing;
        sim_register_guest("waits", enter_waits);
        system_boot(&run, domains, 1);
        if (whole == 0) {
            expect_end(&run, SIM_END_FAILED);
            ck_assert_msg(strstr(sim_message(run.machine), messages[broken]) != NULL, "%s", sim_message(run.machine));
        } else {
            ck_assert_int_ne(run.end, SIM_END_FAILED);
        }
        system_destroy(&run);
    }
}
END_TEST

static void add(Suite *suite, const char *name, const TTest *test, int count)
{
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 240);
    tcase_add_loop_test(tcase, test, 0, count);
    suite_add_tcase(suite, tcase);
}

int main(void)
{
    Suite *suite = suite_create("device-lives");
    add(suite, "restarts", restarts, 4);
    add(suite, "restarts_under_dma", restarts_under_dma, 4);
    add(suite, "dma_of_an_earlier_life", dma_of_an_earlier_life, 2);
    add(suite, "dma_elsewhere", dma_elsewhere, 2 * AIMS);
    add(suite, "crash", crash, 4);
    add(suite, "rules", rules, 10);
    return suite_execute(suite);
}
