// SPDX-License-Identifier: Apache-2.0
/* Every way in which a vCPU becomes runnable, as a matrix: 1 to 4 vCPUs on 1 to 4 CPUs, alone or beside a neighbour
 * that never waits, guests that make no exit of themselves and guests that make many, GICv2 and GICv3. Who is woken
 * must run within the time slices of the others on its CPU, whichever CPU woke it and whatever that CPU does next. */
#include <check.h>
#include <stdio.h>

#include "scenario/support/interrupted.h"
#include "support/suite.h"

#define CPU_ON 0xc4000003u
#define MAX_VCPUS 4
#define SLICE_NS 10000000ULL
#define TIMER 27
#define DEVICE 40
enum { SGI_GO = 1, SGI_BACK, SGI_END };

/** What one domain's vCPUs tell each other; each word has one writer. */
struct vcpu_word {
    struct team *team;
    unsigned index;
    uint32_t up, done;
};

struct team {
    unsigned count;
    uint32_t order; /* by vCPU 0: what the others do next */
    struct vcpu_word words[MAX_VCPUS];
};

static unsigned vcpu_count, cpu_count, lives;
static bool beside, chatty;
static uint32_t finished;

static uint32_t load(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static void pass_time(void)
{
    guest_spin(20000);
    if (chatty)
        (void)guest_read32(UART + 0x18);
}

static uint64_t counter_after(uint64_t nanoseconds)
{
    return guest_mrs(GUEST_CNTVCT_EL0) + nanoseconds * guest_mrs(GUEST_CNTFRQ_EL0) / 1000000000;
}

/** Without an exit, unless it is chatty: only a slice that ends gives the other vCPUs of this CPU their turn. */
static void await(const uint32_t *word, uint32_t value, const char *what)
{
    /* All who share the CPU, twice, and what a build beside takes. */
    uint64_t limit = counter_after((MAX_VCPUS + 1) * 2 * SLICE_NS + SLICE_NS);

    while (load(word) != value) {
        pass_time();
        if (guest_mrs(GUEST_CNTVCT_EL0) > limit)
            guest_fail("%u vCPUs on %u CPUs: %s", vcpu_count, cpu_count, what);
    }
}

static void send(unsigned target, uint32_t intid)
{
    if (v3)
        guest_msr(GUEST_ICC_SGI1R_EL1, (uint64_t)intid << 24 | 1u << target);
    else
        guest_write32(GICD + GICD_SGIR, 1u << (16 + target) | intid);
}

static void set_private(unsigned index, uint32_t base, uint32_t bits)
{
    guest_write32((v3 ? GICR_SGI + index * 0x20000ULL : GICD) + base, bits);
}

static void listen(unsigned index)
{
    set_private(index, GICD_ISENABLER, 1u << TIMER | 1u << SGI_GO | 1u << SGI_BACK | 1u << SGI_END);
    if (v3)
        for (unsigned i = 0; i < 32; i += 4)
            set_private(index, GICD_IPRIORITYR + i, 0x80808080);
    open_interface();
}

/** Sleeps until @p wanted is there, and takes it. A host interrupt may end WFI, but not again and again. */
static void sleep_until(uint32_t wanted)
{
    for (unsigned waits = 0; waits < 4; waits++) {
        uint32_t taken = acknowledge();
        if ((taken & 0x3ff) == wanted) {
            end(taken);
            return;
        }
        if (taken != NOTHING)
            guest_fail("INTID %u instead of %u", taken, wanted);
        guest_wfi();
    }
    guest_fail("WFI ends again and again without an interrupt");
}

static void alarm_after(uint64_t nanoseconds)
{
    guest_msr(GUEST_CNTV_CVAL_EL0, counter_after(nanoseconds));
    guest_msr(GUEST_CNTV_CTL_EL0, 1);
}

static void sleep_for(uint64_t nanoseconds)
{
    alarm_after(nanoseconds);
    while ((guest_mrs(GUEST_CNTV_CTL_EL0) & 4) == 0)
        guest_wfi();
    uint32_t taken = acknowledge();
    while ((taken & 0x3ff) != TIMER) {
        guest_spin(1000);
        taken = acknowledge();
    }
    guest_msr(GUEST_CNTV_CTL_EL0, 0);
    end(taken);
}

static void further(uint64_t x0)
{
    struct vcpu_word *self = (struct vcpu_word *)x0;

    listen(self->index);
    guest_msr(GUEST_CNTV_CVAL_EL0, UINT64_MAX - 1); /* a time that does not come */
    guest_msr(GUEST_CNTV_CTL_EL0, 1);
    store(&self->up, 1);
    sleep_until(SGI_GO); /* by an interrupt */
    store(&self->done, 1);
    sleep_for(3000000); /* by its timer, while others have the CPU */
    store(&self->done, 2);
    sleep_until(SGI_GO);
    send(0, SGI_BACK); /* vCPU 0 sleeps, and this one never waits */
    while (load(&self->team->order) != self->index)
        pass_time();
    if (self->index == self->team->count - 1 && lives == 1) {
        guest_hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
        guest_fail("SYSTEM_RESET came back");
    }
    store(&self->done, 3);
}

static void start(struct team *team, unsigned index)
{
    struct vcpu_word *word = &team->words[index];
    int64_t answer = (int64_t)guest_hvc(CPU_ON, index, guest_code(further), (uint64_t)(uintptr_t)word).x[0];

    if (answer != 0)
        guest_fail("CPU_ON answers %lld", (long long)answer);
    await(&word->up, 1, "CPU_ON has no effect");
}

static void wake_each(struct team *team)
{
    for (unsigned i = 1; i < team->count; i++) {
        send(i, SGI_GO);
        await(&team->words[i].done, 1, "an interrupt does not wake");
    }
    for (unsigned i = 1; i < team->count; i++)
        await(&team->words[i].done, 2, "a timer does not wake");
    for (unsigned i = 1; i < team->count; i++) {
        send(i, SGI_GO);
        sleep_until(SGI_BACK);
        store(&team->order, i);
        if (i != team->count - 1 || lives != 1)
            await(&team->words[i].done, 3, "it does not go off");
    }
}

static void first(uint64_t device_tree)
{
    struct team *team = guest_allocate(sizeof(*team));

    (void)device_tree;
    lives++;
    team->count = vcpu_count;
    for (unsigned i = 0; i < vcpu_count; i++) {
        team->words[i].team = team;
        team->words[i].index = i;
    }
    guest_write32(GICD + GICD_CTLR, 3);
    listen(0);
    sleep_for(2000000);
    for (unsigned i = 1; i < vcpu_count; i++)
        start(team, i);
    wake_each(team);
    if (lives == 1 && vcpu_count == 1)
        guest_hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
    for (unsigned i = 0; lives == 1; i++) {
        pass_time();
        if (i > 20000)
            guest_fail("the last vCPU does not reset the domain");
    }
    store(&finished, 1);
}

/** Has CPUs for itself until the others are done. */
static void neighbour(uint64_t device_tree)
{
    (void)device_tree;
    while (load(&finished) == 0)
        pass_time();
}

static void boot_one(unsigned gic)
{
    const struct system_domain domains[] = {{.name = "team", .program = "first", .vcpus = vcpu_count},
                                            {.name = "other", .program = "neighbour", .vcpus = 1}};
    struct system_run run = {
        .cpus = cpu_count, .tree = gic == 3 ? "ok/machine-gicv3.dtb" : NULL, .options.time_limit_us = 4000000};

    v3 = gic == 3;
    lives = 0;
    finished = 0;
    sim_register_guest("first", first);
    sim_register_guest("neighbour", neighbour);
    system_boot(&run, domains, beside ? 2 : 1);
    expect_end(&run, SIM_END_POWER_OFF);
    ck_assert_uint_eq(lives, 2);
    system_destroy(&run);
}

/* One test a number of vCPUs and CPUs: 16 of them. */
START_TEST(each_wake)
{
    vcpu_count = 1 + (unsigned)_i % 4;
    cpu_count = 1 + (unsigned)_i / 4;
    for (unsigned i = 0; i < 8; i++) {
        beside = (i & 1) != 0;
        chatty = (i & 2) != 0;
        boot_one((i & 4) != 0 ? 3 : 2);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, each_wake, 0, 16);
}

int main(void)
{
    return suite_run("wakes", add_tests, NULL);
}
