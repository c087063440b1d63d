// SPDX-License-Identifier: Apache-2.0
/* A quiet guest beside a hostile neighbour, on a Cortex-A53: whatever the neighbour does or makes the hypervisor do,
 * the quiet one has its CPU for at least 45 % of the time, and waits for 1.2 time slices at most. */
#include <check.h>
#include <stdio.h>

#include "scenario/support/interrupted.h"
#include "support/suite.h"

#define CPU_ON 0xc4000003u
#define DEN_PSCI_VERSION 0x84000000u
#define GICD_ICPENDR 0x280
#define DEVICE 40
#define RAM 0x40000000ULL
#define BLOCK 0x200000ULL
#define SLICE_NS 10000000ULL
#define STEP_NS 20000
#define MEASURED_NS 600000000ULL
#define SHARE_MIN 45
#define GAP_MAX_NS (SLICE_NS * 12 / 10)

static struct {
    uint64_t worked_ns, gap_ns; /* of the meter */
    uint32_t over;
    unsigned starts; /* of the neighbour */
} seen;

static bool is_over(void)
{
    return __atomic_load_n(&seen.over, __ATOMIC_ACQUIRE) != 0;
}

/* ---- The quiet guest: computes, looks at its clock, and never leaves of itself. */

static uint64_t clock_ns(void)
{
    return guest_mrs(GUEST_CNTVCT_EL0) * 1000 / (guest_mrs(GUEST_CNTFRQ_EL0) / 1000000);
}

static void meter(uint64_t device_tree)
{
    (void)device_tree;
    guest_spin(30000000); /* until the neighbour is there as well */
    uint64_t begin = clock_ns(), last = begin;
    while (last - begin < MEASURED_NS) {
        guest_spin(STEP_NS);
        uint64_t now = clock_ns();
        seen.worked_ns += STEP_NS;
        if (now - last > seen.gap_ns)
            seen.gap_ns = now - last;
        last = now;
    }
    __atomic_store_n(&seen.over, 1, __ATOMIC_RELEASE);
}

/* ---- Its neighbours */

static void reset_or_end(void)
{
    if (is_over())
        return;
    guest_hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
    guest_fail("SYSTEM_RESET came back");
}

static void reset_at_once(uint64_t device_tree)
{
    (void)device_tree;
    seen.starts++;
    reset_or_end();
}

static void touch(unsigned blocks)
{
    for (unsigned block = 1; block <= blocks && !is_over(); block++)
        guest_write8(RAM + block * BLOCK, 1);
}

static void touch_and_reset(uint64_t device_tree)
{
    (void)device_tree;
    seen.starts++;
    touch(24);
    reset_or_end();
}

static void touch_64_and_reset(uint64_t device_tree)
{
    (void)device_tree;
    seen.starts++;
    touch(64);
    reset_or_end();
}

/* The first restarts are free: lives long enough to have them all again and again. */
static void touch_for_ever(uint64_t device_tree)
{
    (void)device_tree;
    seen.starts++;
    while (!is_over()) {
        touch(24);
        guest_spin(100000);
        if (clock_ns() > 100000000)
            reset_or_end();
    }
}

static void call_for_ever(uint64_t device_tree)
{
    (void)device_tree;
    while (!is_over())
        guest_hvc(DEN_PSCI_VERSION, 0, 0, 0);
}

static void print_for_ever(uint64_t device_tree)
{
    (void)device_tree;
    for (unsigned i = 0; !is_over(); i++)
        guest_write32(UART, i % 64 == 63 ? '\n' : 'x');
}

static void open_gic(void)
{
    guest_write32(GICD + GICD_CTLR, 3);
    open_interface();
    set_bit(GICD_ISENABLER, 27);
    set_bit(GICD_ISENABLER, 1);
}

static void alarm_for_ever(uint64_t device_tree)
{
    (void)device_tree;
    open_gic();
    while (!is_over()) {
        guest_msr(GUEST_CNTV_CVAL_EL0, guest_mrs(GUEST_CNTVCT_EL0) + 100);
        guest_msr(GUEST_CNTV_CTL_EL0, 1);
        guest_wfi();
        uint32_t taken = acknowledge();
        guest_msr(GUEST_CNTV_CTL_EL0, 0);
        if ((taken & 0x3ff) != NOTHING)
            end(taken);
    }
}

static void spin_for_ever(uint64_t x0)
{
    (void)x0;
    while (!is_over())
        guest_spin(STEP_NS);
}

static void turn_on(unsigned vcpu, void (*program)(uint64_t x0), uint64_t x0)
{
    if ((int64_t)guest_hvc(CPU_ON, vcpu, guest_code(program), x0).x[0] != 0)
        guest_fail("CPU_ON");
}

static void many_spin(uint64_t device_tree)
{
    (void)device_tree;
    for (unsigned vcpu = 1; vcpu < 4; vcpu++)
        turn_on(vcpu, spin_for_ever, 0);
    spin_for_ever(0);
}

static void sleep_and_take(uint64_t x0)
{
    (void)x0;
    open_gic();
    while (!is_over()) {
        uint32_t taken = acknowledge();
        if ((taken & 0x3ff) != NOTHING)
            end(taken);
        else
            guest_wfi();
    }
}

/* From three CPUs of its own to one that it shares: a shared interrupt becomes pending, and is withdrawn again. */
static void storm(uint64_t vcpu)
{
    uint32_t intid = DEVICE + (uint32_t)vcpu;

    guest_write8(GICD + GICD_ITARGETSR + intid, 1u << 3);
    set_bit(GICD_ISENABLER, intid);
    while (!is_over()) {
        set_bit(GICD_ISPENDR, intid);
        set_bit(GICD_ICPENDR, intid);
    }
    set_bit(GICD_ISPENDR, intid); /* ends the one that sleeps */
}

static void storm_from_outside(uint64_t device_tree)
{
    (void)device_tree;
    guest_write32(GICD + GICD_CTLR, 3);
    turn_on(3, sleep_and_take, 3);
    for (unsigned vcpu = 1; vcpu < 3; vcpu++)
        turn_on(vcpu, storm, vcpu);
    storm(0);
}

static void storm_self(uint64_t device_tree)
{
    (void)device_tree;
    open_gic();
    while (!is_over()) {
        send_self(1);
        uint32_t taken = acknowledge();
        if ((taken & 0x3ff) != NOTHING)
            end(taken);
    }
}

static const struct {
    const char *name;
    void (*program)(uint64_t device_tree);
    unsigned starts; /* of it, at least: waiting for its turn is no answer either */
    unsigned cpus, vcpus;
    uint64_t memory; /* KiB; 0: 64 MiB */
    uint64_t kernel_size, ramdisk_size;
    bool packed, eager;
} neighbours[] = {
    {.name = "resets", .program = reset_at_once, .starts = 9},
    {.name = "unpacks",
     .program = reset_at_once,
     .starts = 7,
     .kernel_size = 4000000,
     .ramdisk_size = 1000000,
     .packed = true},
    {.name = "copies", .program = reset_at_once, .starts = 9, .ramdisk_size = 8000000},
    {.name = "unpacks-17M", .program = reset_at_once, .starts = 2, .kernel_size = 17 << 20, .packed = true},
    {.name = "copies-17M", .program = touch_64_and_reset, .starts = 4, .ramdisk_size = 17 << 20, .memory = 192 << 10},
    {.name = "zeroes", .program = reset_at_once, .starts = 8, .eager = true},
    {.name = "touches", .program = touch_and_reset, .starts = 9},
    {.name = "lives", .program = touch_for_ever, .starts = 5},
    {.name = "calls", .program = call_for_ever},
    {.name = "prints", .program = print_for_ever},
    {.name = "alarms", .program = alarm_for_ever},
    {.name = "spins", .program = many_spin, .vcpus = 4},
    {.name = "storms", .program = storm_from_outside, .cpus = 4, .vcpus = 4},
    {.name = "sends", .program = storm_self},
};

static struct domain *find_domain(const char *name)
{
    for (unsigned i = 0; i < HV_MAX_DOMAINS; i++)
        if (domain_table[i] != NULL && strcmp(domain_table[i]->name, name) == 0)
            return domain_table[i];
    ck_abort_msg("no %s", name);
}

START_TEST(each_neighbour)
{
    struct system_domain domains[] = {{.name = neighbours[_i].name,
                                       .program = "neighbour",
                                       .vcpus = neighbours[_i].vcpus,
                                       .memory = neighbours[_i].memory,
                                       .kernel_size = neighbours[_i].kernel_size,
                                       .ramdisk_size = neighbours[_i].ramdisk_size,
                                       .packed = neighbours[_i].packed,
                                       .eager = neighbours[_i].eager},
                                      {.name = "quiet", .program = "meter"}};
    struct system_run run = {.cpus = neighbours[_i].cpus != 0 ? neighbours[_i].cpus : 1,
                             .options = {.platform = "zynqmp", .coherent = true, .time_limit_us = 4000000}};

    memset(&seen, 0, sizeof(seen));
    v3 = false;
    sim_register_guest("neighbour", neighbours[_i].program);
    sim_register_guest("meter", meter);
    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    const struct domain *other = find_domain(neighbours[_i].name);
    ck_assert_uint_eq(find_domain("quiet")->vcpus[0]->cpu, other->vcpus[run.cpus - 1]->cpu);
    uint64_t share = seen.worked_ns * 1000 / MEASURED_NS;
    printf("%-11s %3llu.%llu %% of the CPU beside it, waits for %llu us at most, %u starts\n", neighbours[_i].name,
           (unsigned long long)share / 10, (unsigned long long)share % 10, (unsigned long long)seen.gap_ns / 1000,
           seen.starts);
    ck_assert_msg(share >= SHARE_MIN * 10, "%llu per mille", (unsigned long long)share);
    ck_assert_msg(seen.starts >= neighbours[_i].starts, "%u starts", seen.starts);
    ck_assert_msg(seen.gap_ns <= GAP_MAX_NS, "%llu ns", (unsigned long long)seen.gap_ns);
    system_destroy(&run);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, each_neighbour, 0, sizeof(neighbours) / sizeof(neighbours[0]));
}

int main(void)
{
    return suite_run("fairness", add_tests, NULL);
}
