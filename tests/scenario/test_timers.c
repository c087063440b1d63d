// SPDX-License-Identifier: Apache-2.0
/* Both timers of guests, where others share the CPU: in flight, awaited, set to what never comes, after a restart. */
#include <check.h>
#include <stdio.h>

#include "hostsim/guest.h"
#include "program.h"
#include "scenario/support/system.h"
#include "support/suite.h"

#define MILLISECOND (counter_frequency() / 1000)

struct taken {
    struct platform *platform;
    unsigned virtual, physical;
};

static void take(void *context, uint32_t intid, uint64_t entered)
{
    struct taken *taken = context;

    (void)entered;
    if (intid == INTERRUPT_PHYSICAL_TIMER) {
        physical_timer_stop();
        taken->physical++;
    } else if (intid == INTERRUPT_VIRTUAL_TIMER) {
        timer_stop();
        taken->virtual ++;
    } else {
        program_fail(taken->platform, "not a timer's interrupt", intid);
    }
}

static void begin(struct taken *taken, struct platform *platform)
{
    *taken = (struct taken){.platform = platform};
    on_interrupt(platform, take, taken);
    gic_init(platform);
    gic_enable(platform, INTERRUPT_VIRTUAL_TIMER);
    gic_enable(platform, INTERRUPT_PHYSICAL_TIMER);
}

static uint64_t physical_counter(void)
{
    return READ_SYSREG(CNTPCT_EL0);
}

/* Both fire while interrupts are masked, and stay in flight while neighbours run. */
static void program_masked(struct platform *platform)
{
    struct taken taken;

    begin(&taken, platform);
    for (unsigned round = 1; round <= 5; round++) {
        physical_timer_arm(physical_counter() + MILLISECOND);
        timer_arm(counter() + 2 * MILLISECOND);
        for (unsigned i = 0; i < 45; i++)
            guest_spin(1000000);
        if (taken.virtual + taken.physical != 2 * (round - 1))
            program_fail(platform, "an interrupt was taken while masked, in round", round);
        interrupts_on();
        guest_spin(1000);
        interrupts_off();
        if (taken.virtual != round || taken.physical != round)
            program_fail(platform, "a timer's interrupt was lost in round", round);
    }
    print(platform, "masked: done\n");
}

/* The other timer is set to the end of time, which must neither come nor keep the vCPU awake. */
static void program_never(struct platform *platform)
{
    struct taken taken;
    unsigned waits = 0;

    begin(&taken, platform);
    timer_arm(UINT64_MAX);
    physical_timer_arm(physical_counter() + 20 * MILLISECOND);
    for (; taken.physical == 0; waits++)
        await_interrupt();
    physical_timer_arm(UINT64_MAX);
    timer_arm(counter() + 20 * MILLISECOND);
    for (; taken.virtual == 0; waits++)
        await_interrupt();
    if (taken.virtual != 1 || taken.physical != 1)
        program_fail(platform, "the end of time came", 0);
    if (waits > 8)
        program_fail(platform, "waits that ended without cause", waits);
    print(platform, "never: done\n");
}

static void arm_and_leave(struct platform *platform, void *context)
{
    (void)platform, (void)context;
    timer_arm(counter() + MILLISECOND);
    physical_timer_arm(physical_counter() + MILLISECOND);
}

/* A vCPU that goes off with its timers on: nobody has to be awake for them (a rule of hostsim's). */
static void program_left(struct platform *platform)
{
    struct taken taken;

    begin(&taken, platform);
    if (vcpu_start(platform, 1, arm_and_leave, NULL) != 0)
        program_fail(platform, "a vCPU that does not start", 1);
    timer_arm(counter() + 20 * MILLISECOND);
    while (taken.virtual == 0)
        await_interrupt();
    print(platform, "left: done\n");
}

/* Restarts with both timers on and in flight: the next life finds them off. */
static void program_again(struct platform *platform)
{
    struct taken taken;
    bool first = physical_counter() < 100 * MILLISECOND;

    if (READ_SYSREG(CNTP_CTL_EL0) != 0 || READ_SYSREG(CNTP_CVAL_EL0) != 0 || READ_SYSREG(CNTV_CTL_EL0) != 0)
        program_fail(platform, "a life begins with a timer of another one", READ_SYSREG(CNTP_CTL_EL0));
    begin(&taken, platform);
    if (first) {
        physical_timer_arm(physical_counter() + MILLISECOND);
        timer_arm(counter() + MILLISECOND);
        while (physical_counter() < 100 * MILLISECOND)
            guest_spin(100000);
        psci(platform, PSCI_SYSTEM_RESET);
    }
    guest_spin(1000000);
    interrupts_on();
    guest_spin(1000000);
    interrupts_off();
    if (taken.virtual + taken.physical != 0)
        program_fail(platform, "an interrupt of the life before", taken.physical);
    physical_timer_arm(physical_counter() + MILLISECOND);
    while (taken.physical == 0)
        await_interrupt();
    print(platform, "again: done\n");
}

#define ENTER(name)                                                                                                    \
    static void enter_##name(uint64_t device_tree)                                                                     \
    {                                                                                                                  \
        program_run(#name, program_##name, device_tree);                                                               \
    }
ENTER(masked)
ENTER(never)
ENTER(again)
ENTER(left)

static const struct {
    const char *name;
    void (*enter)(uint64_t device_tree);
    unsigned vcpus;
} programs[] = {
    {"masked", enter_masked, 1}, {"never", enter_never, 1}, {"again", enter_again, 1}, {"left", enter_left, 2}};

static void run(unsigned program, unsigned count, unsigned cpus, unsigned gic)
{
    const struct system_domain domains[] = {
        {.name = "first", .program = programs[program].name, .vcpus = programs[program].vcpus},
        {.name = "second", .program = programs[program].name, .vcpus = programs[program].vcpus},
        {.name = "clock", .program = "timer", .bootargs = "ticks=40 period-us=1000 physical=2"},
    };
    struct system_run run = {.cpus = cpus, .tree = gic == 3 ? "ok/machine-gicv3.dtb" : NULL};
    char done[64];

    sim_register_guest(programs[program].name, programs[program].enter);
    system_boot(&run, domains, count);
    expect_end(&run, SIM_END_POWER_OFF);
    snprintf(done, sizeof(done), "first: %s: done", programs[program].name);
    expect_lines(&run, done, 1);
    if (count == 3)
        expect_lines(&run, "clock: timer: tick *", 40);
    system_destroy(&run);
}

/* Alone on a CPU, WFI waits in the hardware; beside others it comes out. */
START_TEST(timers_of_domains)
{
    for (unsigned gic = 2; gic <= 3; gic++) {
        run((unsigned)_i, 3, 1, gic);
        run((unsigned)_i, 3, 2, gic);
        run((unsigned)_i, 1, 1, gic);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("timers");
    TCase *tcase = tcase_create("timers");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, timers_of_domains, 0, (int)(sizeof(programs) / sizeof(programs[0])));
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_execute(suite());
}
