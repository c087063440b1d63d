// SPDX-License-Identifier: Apache-2.0
/* Domains with devices of the host: a clock with an alarm, bus masters that do DMA, interrupts by level and by edge.
 * Guests use them as they should, or do not. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "bus_master.h"
#include "hostsim/guest.h"
#include "lib/types.h"
#include "program.h"
#include "scenario/support/expect.h"
#include "scenario/support/system.h"
#include "support/suite.h"

static const char *const trees[] = {"ok/two-domains.dtb", "ok/machine-gicv3.dtb"};

static void boot_and_power_off(struct system_run *run, const struct system_domain *domains, unsigned count)
{
    system_boot(run, domains, count);
    expect_end(run, SIM_END_POWER_OFF);
}

/* ---- Two domains with a device each, and a third one without. The machine has one more device, which is nobody's. */

START_TEST(side_by_side)
{
    const unsigned cpus = 1 + (unsigned)_i % 4, vcpus = 1 + (unsigned)_i / 4 % 4;
    const struct system_domain domains[] = {
        {.name = "clock", .program = "rtc", .vcpus = vcpus, .devices = "rtc", .memory = 0x4000},
        {.name = "mover", .program = "dma", .vcpus = vcpus, .devices = "master0", .memory = 0x4000},
        {.name = "plain", .program = "timer", .bootargs = "ticks=5", .memory = 0x4000},
    };
    for (unsigned kind = 0; kind < 2; kind++) {
        struct system_run run = {.tree = trees[kind], .cpus = cpus, .options.list_registers = _i % 2 == 0 ? 1 : 4};
        boot_and_power_off(&run, domains, 3);
        expect_program(run.output, "clock", "rtc");
        expect_program(run.output, "mover", "dma");
        expect_program(run.output, "plain", "timer");
        system_destroy(&run);
    }
}
END_TEST

/* One domain has them all. */
START_TEST(several_devices)
{
    const struct system_domain domains[] = {
        {.name = "mover", .program = "dma", .devices = "rtc master1", .memory = 0x4000},
        {.name = "other", .program = "dma", .devices = "master0", .memory = 0x4000},
    };
    struct system_run run = {.tree = trees[_i % 2], .cpus = 1 + (unsigned)_i / 2, .options.seed = (unsigned)_i};
    boot_and_power_off(&run, domains, 2);
    expect_program(run.output, "mover", "dma");
    expect_program(run.output, "other", "dma");
    system_destroy(&run);
}
END_TEST

/* ---- Programs that drive the bus master themselves */

#define LEVEL(platform) ((platform)->bus_master_interrupts[0])
#define EDGE(platform) ((platform)->bus_master_interrupts[1])
#define RING_SIZE 16

static uint64_t ring_of(const struct platform *platform)
{
    return (platform->image_end + 0xffff) & ~0xffffULL;
}

/* One range of RAM: dma-ranges say where. */
static uint64_t on_the_bus(const struct platform *platform, uint64_t address)
{
    const struct dma_range *range = &platform->dma_ranges[0];
    return range->size == 0 ? address : range->bus + (address - range->base);
}

static void open_master(const struct platform *platform)
{
    const uint64_t ring = on_the_bus(platform, ring_of(platform));
    write32(platform->bus_master + BM_CONTROL, BM_RESET);
    write32(platform->bus_master + BM_RING_LOW, (uint32_t)ring);
    write32(platform->bus_master + BM_RING_HIGH, (uint32_t)(ring >> 32));
    write32(platform->bus_master + BM_SIZE, RING_SIZE);
    write32(platform->bus_master + BM_MASK, BM_EVENT_DONE);
    write32(platform->bus_master + BM_CONTROL, BM_RUNS);
}

/* The next descriptor: fills @p length bytes at @p destination, as the device sees it. */
static void fill_at(const struct platform *platform, uint64_t destination, uint32_t length, uint32_t flags)
{
    const uint32_t tail = read32(platform->bus_master + BM_TAIL);
    const uint64_t at = ring_of(platform) + tail * BM_DESCRIPTOR;
    write64(at + BM_SOURCE, 0x5a);
    write64(at + BM_DESTINATION, destination);
    write32(at + BM_LENGTH, length);
    write32(at + BM_FLAGS, BM_FLAG_FILL | flags);
    write32(platform->bus_master + BM_TAIL, (tail + 1) % RING_SIZE);
}

static void fill(const struct platform *platform, uint32_t length, uint32_t flags)
{
    fill_at(platform, on_the_bus(platform, ring_of(platform) + 0x1000), length, flags);
}

static void use_interrupts(struct platform *platform, interrupt_handler *handler, void *context)
{
    on_interrupt(platform, handler, context);
    gic_init(platform);
    open_master(platform);
    gic_enable(platform, LEVEL(platform));
    gic_enable(platform, EDGE(platform));
}

/* ---- An interrupt follows the vCPU that the guest leads it to */

#define FOLLOW_ROUNDS 12

static struct {
    unsigned vcpus;
    uint32_t ready, taken[2]; /* vCPUs that wait; interrupts by kind */
    uint32_t by;              /* the vCPU that took the last one */
    uint32_t over;
} followed;

struct follower {
    struct platform *platform;
    unsigned index;
};

static void on_followed(void *context, uint32_t intid, uint64_t entered)
{
    const struct follower *follower = context;
    const struct platform *platform = follower->platform;
    (void)entered;
    if (intid == LEVEL(platform))
        write32(platform->bus_master + BM_EVENTS, BM_EVENT_DONE);
    __atomic_store_n(&followed.by, follower->index, __ATOMIC_RELEASE);
    __atomic_add_fetch(&followed.taken[intid == EDGE(platform)], 1, __ATOMIC_ACQ_REL);
}

static void follow(struct platform *platform, void *context)
{
    struct follower follower = {platform, (unsigned)(uintptr_t)context};
    on_interrupt(platform, on_followed, &follower);
    gic_init(platform);
    __atomic_add_fetch(&followed.ready, 1, __ATOMIC_ACQ_REL);
    interrupts_on();
    while (__atomic_load_n(&followed.over, __ATOMIC_ACQUIRE) == 0)
        guest_spin(20000);
    interrupts_off();
}

static void await_taken(const struct platform *platform, unsigned kind, uint32_t number, unsigned by)
{
    while (__atomic_load_n(&followed.taken[kind], __ATOMIC_ACQUIRE) < number)
        guest_spin(1000);
    if (__atomic_load_n(&followed.by, __ATOMIC_ACQUIRE) != by)
        program_fail(platform, "another vCPU took the interrupt", followed.by);
}

static void program_follow(struct platform *platform)
{
    struct follower follower = {platform, 0};
    use_interrupts(platform, on_followed, &follower);
    for (unsigned i = 1; i < followed.vcpus; i++)
        if (vcpu_start(platform, i, follow, (void *)(uintptr_t)i) != 0)
            program_fail(platform, "CPU_ON", i);
    while (__atomic_load_n(&followed.ready, __ATOMIC_ACQUIRE) + 1 < followed.vcpus)
        guest_spin(10000);
    interrupts_on();
    for (uint32_t round = 1; round <= FOLLOW_ROUNDS; round++) {
        unsigned target = round % followed.vcpus;
        gic_set_target(platform, LEVEL(platform), target);
        gic_set_target(platform, EDGE(platform), target);
        fill(platform, 64, BM_FLAG_EVENT);
        await_taken(platform, 0, round, target);
        fill(platform, 64, BM_FLAG_PULSE);
        await_taken(platform, 1, round, target);
    }
    __atomic_store_n(&followed.over, 1, __ATOMIC_RELEASE);
    interrupts_off();
    print(platform, "follow: done\n");
}

static void enter_follow(uint64_t device_tree)
{
    program_run("follow", program_follow, device_tree);
}

START_TEST(follows)
{
    const unsigned cpus = 1 + (unsigned)_i % 4;
    for (unsigned vcpus = 2; vcpus <= 4; vcpus++) {
        const struct system_domain domains[] = {
            {.name = "guest", .program = "follow", .vcpus = vcpus, .devices = "master0", .memory = 0x1000},
            {.name = "plain", .program = "hello", .memory = 0x1000},
        };
        struct system_run run = {.tree = trees[_i / 4], .cpus = cpus, .options.list_registers = vcpus % 2 == 0 ? 1 : 4};
        memset(&followed, 0, sizeof(followed));
        followed.vcpus = vcpus;
        sim_register_guest("follow", enter_follow);
        boot_and_power_off(&run, domains, 2);
        expect_lines(&run, "guest: follow: done", 1);
        system_destroy(&run);
    }
}
END_TEST

/* ---- The vCPU that an interrupt goes to goes off with it pending; the guest leads it elsewhere, before or after */

static void go_off(struct platform *platform, void *context)
{
    (void)context;
    gic_init(platform);
    fill(platform, 64, BM_FLAG_EVENT | BM_FLAG_PULSE);
    while ((read32(platform->bus_master + BM_EVENTS) & BM_EVENT_DONE) == 0)
        guest_spin(500);
    guest_spin(20000); /* both are pending, and nobody takes them here */
}

static void program_leaves(struct platform *platform)
{
    struct follower follower = {platform, 0};
    use_interrupts(platform, on_followed, &follower);
    gic_set_target(platform, LEVEL(platform), 1);
    gic_set_target(platform, EDGE(platform), 1);
    if (vcpu_start(platform, 1, go_off, NULL) != 0)
        program_fail(platform, "CPU_ON", 1);
    while (psci_with(platform, PSCI_AFFINITY_INFO, 1, 0, 0) != 1)
        guest_spin(5000);
    gic_set_target(platform, LEVEL(platform), 0);
    gic_set_target(platform, EDGE(platform), 0);
    while (followed.taken[0] != 1 || followed.taken[1] != 1)
        await_interrupt();
    print(platform, "leaves: done\n");
}

static void enter_leaves(uint64_t device_tree)
{
    program_run("leaves", program_leaves, device_tree);
}

START_TEST(leaves)
{
    static const struct system_domain domains[] = {
        {.name = "guest", .program = "leaves", .vcpus = 2, .devices = "master0", .memory = 0x1000},
    };
    for (unsigned cpus = 1; cpus <= 2; cpus++) {
        struct system_run run = {.tree = trees[_i % 2],
                                 .cpus = cpus,
                                 .options = {.list_registers = _i < 2 ? 1 : 4, .time_limit_us = 1000000}};
        memset(&followed, 0, sizeof(followed));
        sim_register_guest("leaves", enter_leaves);
        boot_and_power_off(&run, domains, 1);
        expect_lines(&run, "guest: leaves: done", 1);
        system_destroy(&run);
    }
}
END_TEST

/* ---- Storms: the device is never quieted. Neighbours on the same CPU have their share, which hostsim watches
 * (arch/hostsim/oracle/turns.c), and do their work. */

static uint32_t neighbour_done;
static unsigned stormed;

static void program_neighbour(struct platform *platform)
{
    const uint64_t start = counter(), end = counter_frequency() / 12; /* 80 ms: some turns of each */
    while (counter() - start < end)
        guest_spin(100000);
    __atomic_store_n(&neighbour_done, 1, __ATOMIC_RELEASE);
    print(platform, "neighbour: done\n");
}

static void enter_neighbour(uint64_t device_tree)
{
    program_run("neighbour", program_neighbour, device_tree);
}

static void ignore(void *context, uint32_t intid, uint64_t entered)
{
    (void)context, (void)intid, (void)entered;
    stormed++;
}

static void on_storm(void *context, uint32_t intid, uint64_t entered)
{
    const struct platform *platform = context;
    ignore(context, intid, entered);
    if (__atomic_load_n(&neighbour_done, __ATOMIC_ACQUIRE) != 0)
        write32(platform->bus_master + BM_CONTROL, BM_RESET);
}

/* The device goes on for ever: a descriptor of no length after the other. */
static void ask_for_edges(const struct platform *platform)
{
    for (unsigned i = 0; i < RING_SIZE - 1; i++)
        fill(platform, 0, BM_FLAG_PULSE);
}

static void storm(struct platform *platform, bool edges)
{
    use_interrupts(platform, on_storm, platform);
    if (!edges)
        fill(platform, 64, BM_FLAG_EVENT);
    interrupts_on();
    while (__atomic_load_n(&neighbour_done, __ATOMIC_ACQUIRE) == 0) {
        if (edges)
            ask_for_edges(platform);
        guest_spin(2000);
    }
    write32(platform->bus_master + BM_CONTROL, BM_RESET);
    interrupts_off();
}

static void program_storm(struct platform *platform)
{
    storm(platform, argument(platform, "edges", 0) != 0);
}

static void enter_storm(uint64_t device_tree)
{
    program_run("storm", program_storm, device_tree);
}

START_TEST(storms)
{
    const struct system_domain domains[] = {
        {.name = "storm",
         .program = "storm",
         .bootargs = _i / 2 == 0 ? "edges=0" : "edges=1",
         .devices = "master0",
         .memory = 0x1000},
        {.name = "near", .program = "neighbour", .memory = 0x1000},
        {.name = "clock", .program = "timer", .bootargs = "ticks=4 period-us=3000", .memory = 0x1000},
    };
    struct system_run run = {.tree = trees[_i % 2], .cpus = 1};
    neighbour_done = stormed = 0;
    sim_register_guest("storm", enter_storm);
    sim_register_guest("neighbour", enter_neighbour);
    boot_and_power_off(&run, domains, 3);
    expect_lines(&run, "near: neighbour: done", 1);
    expect_program(run.output, "clock", "timer");
    ck_assert_uint_gt(stormed, 1000);
    system_destroy(&run);
}
END_TEST

/* ---- Guests that do it wrong, each in its first life. The second one is as it should be, and finds nothing of it. */

enum wrong {
    NEVER_ENDS,          /* acknowledges, and never ends */
    ENDS_UNHANDLED,      /* ends, and leaves the device as it is: it comes again and again */
    OFF_WHILE_PENDING,   /* turns it off, pending, and on again */
    NOBODY_TAKES,        /* turned on, with interrupts masked: pending for ever */
    TAKES_IT_AWAY,       /* clears the active state by the distributor, ends nothing */
    MAKES_IT_UP,         /* sets pending and active by the distributor */
    TURNS_TRIGGERS,      /* writes ICFGR */
    GROUPS_OFF,          /* turns the distributor off while it is in flight */
    NO_TARGET,           /* leads it to nobody */
    DROPS_PRIORITY_ONLY, /* EOImode 1, and no deactivation */
    WRONGS,
};

#define ISENABLER 0x100
#define ICENABLER 0x180
#define ISPENDR 0x200
#define ICPENDR 0x280
#define ISACTIVER 0x300
#define ICACTIVER 0x380
#define ITARGETSR 0x800
#define ICFGR 0xc00
#define IROUTER 0x6000

static struct {
    enum wrong how;
    unsigned lives;
} wronged;

static void set_word(const struct platform *platform, uint64_t base, uint32_t intid)
{
    write32(platform->distributor + base + intid / 32 * 4, 1u << intid % 32);
}

static bool is_set(const struct platform *platform, uint64_t base, uint32_t intid)
{
    return (read32(platform->distributor + base + intid / 32 * 4) >> intid % 32 & 1) != 0;
}

static void both(const struct platform *platform, uint64_t base)
{
    set_word(platform, base, LEVEL(platform));
    set_word(platform, base, EDGE(platform));
}

static void to_nobody(const struct platform *platform, uint32_t intid)
{
    if (platform->redistributors != 0)
        write64(platform->distributor + IROUTER + 8 * intid, 0x100);
    else
        write8(platform->distributor + ITARGETSR + intid, 0);
}

static void take_two(const struct platform *platform, bool end)
{
    for (unsigned i = 0; i < 2; i++) {
        uint32_t intid = gic_acknowledge(platform);
        if (end && (intid & 0x3ff) < INTERRUPT_NONE)
            gic_end(platform, intid);
    }
}

/* Both interrupts are pending when it begins. */
static void do_wrong(const struct platform *platform)
{
    switch (wronged.how) {
    case NEVER_ENDS:
        take_two(platform, false);
        break;
    case ENDS_UNHANDLED:
        for (unsigned i = 0; i < 20; i++)
            take_two(platform, true);
        break;
    case OFF_WHILE_PENDING:
        both(platform, ICENABLER);
        guest_spin(5000);
        both(platform, ISENABLER);
        guest_spin(5000);
        both(platform, ICENABLER);
        break;
    case NOBODY_TAKES:
        guest_spin(100000);
        break;
    case TAKES_IT_AWAY:
        take_two(platform, false);
        both(platform, ICACTIVER);
        fill(platform, 64, BM_FLAG_EVENT | BM_FLAG_PULSE);
        guest_spin(20000);
        both(platform, ICACTIVER);
        break;
    case MAKES_IT_UP:
        both(platform, ISPENDR);
        both(platform, ISACTIVER);
        take_two(platform, true);
        both(platform, ICPENDR);
        both(platform, ISACTIVER);
        break;
    case TURNS_TRIGGERS:
        write32(platform->distributor + ICFGR + LEVEL(platform) / 16 * 4, 0x55555555);
        write32(platform->distributor + ICFGR + LEVEL(platform) / 16 * 4, 0xaaaaaaaa);
        take_two(platform, true);
        break;
    case GROUPS_OFF:
        take_two(platform, false);
        write32(platform->distributor, 0);
        guest_spin(5000);
        break;
    case NO_TARGET:
        to_nobody(platform, LEVEL(platform));
        to_nobody(platform, EDGE(platform));
        guest_spin(5000);
        take_two(platform, true);
        break;
    case DROPS_PRIORITY_ONLY:
        gic_set_interface(platform, platform->redistributors != 0 ? 2 : 1, true);
        take_two(platform, true);
        break;
    default:
        guest_fail("%d is nothing wrong", (int)wronged.how);
    }
}

static void check_fresh(const struct platform *platform)
{
    for (unsigned i = 0; i < 2; i++) {
        uint32_t intid = platform->bus_master_interrupts[i];
        if (is_set(platform, ISENABLER, intid) || is_set(platform, ISACTIVER, intid))
            program_fail(platform, "begins with an interrupt of its device on, or active", intid);
    }
    gic_init(platform);
    if ((gic_acknowledge(platform) & 0x3ff) < INTERRUPT_NONE)
        program_fail(platform, "an interrupt comes that was not turned on", 0);
}

static void on_right(void *context, uint32_t intid, uint64_t entered)
{
    const struct platform *platform = context;
    (void)entered;
    if (intid == LEVEL(platform))
        write32(platform->bus_master + BM_EVENTS, BM_EVENT_DONE);
    stormed += intid == LEVEL(platform) ? 1 : 100;
}

static void do_right(struct platform *platform)
{
    open_master(platform);
    gic_clear_pending(platform, EDGE(platform));
    stormed = 0;
    use_interrupts(platform, on_right, platform);
    for (unsigned i = 1; i <= 3; i++) {
        fill(platform, 64, BM_FLAG_EVENT | BM_FLAG_PULSE);
        while (stormed < i * 101)
            await_interrupt();
    }
    guest_spin(20000);
    interrupts_on();
    interrupts_off();
    if (stormed != 303)
        program_fail(platform, "interrupts came more than once", stormed);
}

static void program_wrong(struct platform *platform)
{
    check_fresh(platform);
    if (wronged.lives++ > 0) {
        do_right(platform);
        print(platform, "wrong: done\n");
        return;
    }
    use_interrupts(platform, ignore, NULL);
    fill(platform, 64, BM_FLAG_EVENT | BM_FLAG_PULSE);
    while ((read32(platform->bus_master + BM_EVENTS) & BM_EVENT_DONE) == 0)
        guest_spin(500);
    do_wrong(platform);
    psci(platform, PSCI_SYSTEM_RESET);
}

static void enter_wrong(uint64_t device_tree)
{
    program_run("wrong", program_wrong, device_tree);
}

START_TEST(wrong_guests)
{
    const struct system_domain domains[] = {
        {.name = "guest", .program = "wrong", .devices = "master0", .memory = 0x1000},
        {.name = "clock", .program = "timer", .bootargs = "ticks=5 period-us=3000", .memory = 0x1000},
    };
    for (unsigned kind = 0; kind < 8; kind++) {
        struct system_run run = {.tree = trees[kind & 1],
                                 .cpus = 1 + (kind >> 1 & 1),
                                 .options = {.list_registers = (kind & 4) != 0 ? 4 : 1}};
        wronged.how = (enum wrong)_i;
        wronged.lives = 0;
        sim_register_guest("wrong", enter_wrong);
        boot_and_power_off(&run, domains, 2);
        expect_lines(&run, "guest: wrong: done", 1);
        expect_lines(&run, "bulkhead: guest: restarts", 1);
        expect_program(run.output, "clock", "timer");
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

static Suite *suite(void)
{
    Suite *suite = suite_create("devices");
    add(suite, "side_by_side", side_by_side, 16);
    add(suite, "several_devices", several_devices, 4);
    add(suite, "follows", follows, 8);
    add(suite, "leaves", leaves, 4);
    add(suite, "storms", storms, 4);
    add(suite, "wrong_guests", wrong_guests, WRONGS);
    return suite;
}

int main(void)
{
    return suite_execute(suite());
}
