// SPDX-License-Identifier: Apache-2.0
/* What the detector sees of simulated CPUs that are threads: a race where core's code would have one, none where the
 * contract orders, and the same run as without threads. This file is instrumented as core is. */
#define _GNU_SOURCE /* dup2() */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/cpu.h"
#include "arch/mem.h"
#include "arch/timer.h"
#include "scenario/support/system.h"
#include "support/suite.h"

void __tsan_on_report(void *report);

static unsigned reports;

void __tsan_on_report(void *report)
{
    (void)report;
    reports++;
}

static uint32_t flag;
static uint64_t value;
static volatile uint64_t seen; /* or nobody would read the value */
static struct arch_spinlock lock;
static void (*on_second)(void);

static void second_main(unsigned cpu)
{
    (void)cpu;
    on_second();
}

static void start_second(void)
{
    ck_assert_int_eq(arch_cpu_start(1, 1), HV_OK);
}

/* Long enough for the other CPU to do all of its part before or after, in virtual time; it orders nothing. */
static void let_pass(void)
{
    for (unsigned i = 0; i < 2000; i++)
        (void)arch_timer_now();
}

struct program {
    void (*boot)(void *context);
    void (*second)(void);
};

static unsigned count_reports(struct program program)
{
    size_t size;
    void *tree = load_dtb("ok/two-domains.dtb", &size);
    const struct sim_options options = {.clean_ram = true, .threads = true};
    struct sim_machine *machine = sim_create(tree, size, &options);

    ck_assert_ptr_nonnull(machine);
    on_second = program.second;
    flag = 0;
    reports = 0;
    enum sim_end end = sim_run_with(machine, program.boot, NULL, second_main);
    ck_assert_msg(end == SIM_END_RETURNED, "%s: %s", sim_end_name(end), sim_message(machine));
    sim_destroy(machine);
    free(tree);
    return reports;
}

static void expect_race(struct program program)
{
    int terminal = dup(2), nothing = open("/dev/null", O_WRONLY); /* the reports are expected */

    dup2(nothing, 2);
    unsigned count = count_reports(program);
    dup2(terminal, 2);
    close(terminal);
    close(nothing);
    ck_assert_uint_ge(count, 1);
}

static void expect_none(struct program program)
{
    ck_assert_uint_eq(count_reports(program), 0);
}

/* ---- publishing a value ---- */

static void publish(void *context)
{
    (void)context;
    start_second();
    value = 42;
    store_release(&flag, 1);
    arch_cpu_signal();
}

static void take_with_acquire(void)
{
    while (load_acquire(&flag) == 0)
        arch_cpu_wait();
    seen = value;
}

static void take_without_acquire(void)
{
    while (load_relaxed(&flag) == 0)
        arch_cpu_wait();
    seen = value;
}

static void publish_without_release(void *context)
{
    (void)context;
    start_second();
    value = 42;
    store_relaxed(&flag, 1);
    arch_cpu_signal();
}

START_TEST(an_acquire_or_a_release_that_is_missing)
{
    expect_none((struct program){publish, take_with_acquire});
    expect_race((struct program){publish, take_without_acquire});
    expect_race((struct program){publish_without_release, take_with_acquire});
}
END_TEST

/* ---- one lock ---- */

static void add_locked(void)
{
    for (unsigned i = 0; i < 20; i++) {
        arch_spin_lock(&lock);
        value++;
        arch_spin_unlock(&lock);
    }
}

static void add_unlocked(void)
{
    for (unsigned i = 0; i < 20; i++) {
        value++;
        (void)arch_timer_now();
    }
}

static void both_add_locked(void *context)
{
    (void)context;
    start_second();
    let_pass();
    add_locked();
}

START_TEST(a_lock_orders_those_who_take_it)
{
    expect_none((struct program){both_add_locked, add_locked});
    expect_race((struct program){both_add_locked, add_unlocked});
}
END_TEST

/* ---- what neither the simulator's turns nor a wake-up order ---- */

static void write_then_start(void *context)
{
    (void)context;
    value = 1;
    start_second();
}

static void start_then_write(void *context)
{
    (void)context;
    start_second();
    value = 2;
}

static void look(void)
{
    let_pass();
    seen = value;
}

static void sleep_then_look(void)
{
    arch_cpu_wait();
    seen = value;
}

static void write_then_signal(void *context)
{
    (void)context;
    start_second();
    value = 3;
    arch_cpu_signal();
}

START_TEST(a_start_orders_and_a_signal_does_not)
{
    expect_none((struct program){write_then_start, look});
    expect_race((struct program){start_then_write, look});
    expect_race((struct program){write_then_signal, sleep_then_look});
}
END_TEST

/* ---- memory that the contract writes for core ---- */

static _Alignas(64) uint8_t buffer[128];

static void start_then_zero(void *context)
{
    (void)context;
    start_second();
    arch_zero_and_clean(buffer, sizeof(buffer));
}

static void read_buffer(void)
{
    let_pass();
    seen = buffer[7];
}

START_TEST(what_the_contract_writes_counts)
{
    expect_race((struct program){start_then_zero, read_buffer});
}
END_TEST

/* ---- the same run ---- */

static uint64_t boot_fingerprint(bool threads, enum sim_schedule schedule, uint64_t seed)
{
    static const struct system_domain domains[] = {
        {.name = "clock", .program = "timer", .bootargs = "ticks=3 period-us=200"},
        {.name = "again", .program = "reset", .bootargs = "until-ms=2"},
    };
    struct system_run run = {.cpus = 3, .options = {.seed = seed, .schedule = schedule, .threads = threads}};

    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    uint64_t fingerprint = sim_fingerprint(run.machine);
    system_destroy(&run);
    return fingerprint;
}

START_TEST(threads_give_the_same_run)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        ck_assert_uint_eq(boot_fingerprint(true, SIM_SCHEDULE_PCT, seed),
                          boot_fingerprint(false, SIM_SCHEDULE_PCT, seed));
        ck_assert_uint_eq(boot_fingerprint(true, SIM_SCHEDULE_RANDOM, seed),
                          boot_fingerprint(false, SIM_SCHEDULE_RANDOM, seed));
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, an_acquire_or_a_release_that_is_missing);
    tcase_add_test(tests, a_lock_orders_those_who_take_it);
    tcase_add_test(tests, a_start_orders_and_a_signal_does_not);
    tcase_add_test(tests, what_the_contract_writes_counts);
    tcase_add_test(tests, threads_give_the_same_run);
}

int main(void)
{
    return suite_run("races", add_tests, NULL);
}
