// SPDX-License-Identifier: Apache-2.0
/* The order SIM_SCHEDULE_PCT, on protocols with a planted bug each: it finds them within a bounded number of seeds
 * where the order of virtual time never does, and never where the protocol is right. And what it promises besides: the
 * same run for a seed, time that does not go back, no CPU left behind for long. */
#include "hostsim/cpus/atomic_accesses.h"

#include "unit/hostsim/mini.h"

#define RELAXED __ATOMIC_RELAXED
#define SEEDS 300
#define STEPS 45 /* what these programs take, about */

/* One protocol between two CPUs: what each does, and whether it came out wrong. */
struct protocol {
    void (*boot)(void);   /* CPU 0, once CPU 1 runs */
    void (*second)(void); /* CPU 1 */
    unsigned head_start;  /* contract calls that CPU 1 makes before: by time, CPU 0 is long past the gap then */
    bool (*went_wrong)(enum sim_end end);
};

static const struct protocol *now;
static uint32_t arrived, done, state, flag, value, seen, winners;
static struct arch_mmio gicd, gicc;

static void interface_on(void)
{
    arch_mmio_write32(&gicd, 0x100, 1);
    arch_mmio_write32(&gicc, 0x04, 0xff);
    arch_mmio_write32(&gicc, 0x00, 1);
}

static void kick(unsigned cpu)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    arch_mmio_write32(&gicd, 0xf00, 1u << (16 + cpu));
}

static void finished(void)
{
    __atomic_fetch_add(&done, 1, __ATOMIC_SEQ_CST);
    arch_cpu_signal();
}

static void second_main(unsigned cpu)
{
    (void)cpu;
    interface_on();
    store_release(&arrived, 1);
    arch_cpu_signal();
    for (unsigned i = 0; i < now->head_start; i++)
        (void)arch_timer_now();
    now->second();
    finished();
}

static void boot_main(void *context)
{
    (void)context;
    ck_assert(arch_mmio_map(&gicd, pa(GICD), 0x1000));
    ck_assert(arch_mmio_map(&gicc, pa(GICC), 0x2000));
    arch_mmio_write32(&gicd, 0, 1);
    interface_on();
    ck_assert_int_eq(arch_cpu_start(1, 1), HV_OK);
    while (load_acquire(&arrived) == 0)
        arch_cpu_wait();
    now->boot();
    finished();
    while (load_acquire(&done) < 2)
        arch_cpu_wait();
}

struct outcome {
    enum sim_end end;
    uint64_t fingerprint, time, steps;
    bool wrong;
};

static struct outcome run_once(const struct protocol *protocol, enum sim_schedule schedule, uint64_t seed)
{
    const struct sim_options options = {
        .seed = seed, .schedule = schedule, .clean_ram = true, .pct_steps = STEPS, .time_limit_us = 1000000};
    static void *tree;
    static size_t tree_size;
    if (tree == NULL)
        tree = read_file("ok/two-domains.dtb", &tree_size);
    struct sim_machine *machine = sim_create(tree, tree_size, &options);

    ck_assert_ptr_nonnull(machine);
    now = protocol;
    arrived = done = state = flag = value = winners = 0;
    seen = UINT32_MAX;
    struct outcome outcome = {.end = sim_run_with(machine, boot_main, NULL, second_main)};
    ck_assert_msg(outcome.end != SIM_END_FAILED, "%s", sim_message(machine));
    outcome.wrong = protocol->went_wrong(outcome.end);
    outcome.fingerprint = sim_fingerprint(machine);
    outcome.time = sim_time_ns(machine);
    outcome.steps = sim_steps(machine);
    sim_destroy(machine);
    return outcome;
}

static unsigned count_wrong(const struct protocol *protocol, enum sim_schedule schedule, uint64_t seeds)
{
    unsigned wrong = 0;

    for (uint64_t seed = 1; seed <= seeds; seed++)
        wrong += run_once(protocol, schedule, seed).wrong;
    return wrong;
}

/** The bug is there for who comes at the right moment: PCT does in one seed of so many, the order of time never. */
static void expect_found(const char *what, const struct protocol *broken, const struct protocol *right)
{
    unsigned found = count_wrong(broken, SIM_SCHEDULE_PCT, SEEDS);

    printf("%s: PCT finds it with %u of %u seeds\n", what, found, SEEDS);
    fflush(stdout); /* Check ends the process in its own way */
    ck_assert_uint_ge(found, 1);
    ck_assert_uint_eq(count_wrong(right, SIM_SCHEDULE_PCT, SEEDS), 0);
    for (uint64_t seed = 1; seed <= 10; seed++)
        ck_assert(!run_once(broken, SIM_SCHEDULE_BY_TIME, seed).wrong);
}

/* ---- a wake-up that is lost between the look and the sleep ---- */

static void post_work(void)
{
    __atomic_store_n(&value, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&state, __ATOMIC_SEQ_CST) != 0)
        kick(0);
}

static void sleep_if_no_work(void)
{
    if (__atomic_load_n(&value, __ATOMIC_SEQ_CST) != 0)
        return;
    __atomic_store_n(&state, 1, __ATOMIC_SEQ_CST); /* too late: who posted meanwhile saw nobody asleep */
    arch_cpu_idle();
}

static void say_it_then_look(void)
{
    __atomic_store_n(&state, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&value, __ATOMIC_SEQ_CST) == 0)
        arch_cpu_idle();
}

static bool sleeps_for_ever(enum sim_end end)
{
    ck_assert(end == SIM_END_RETURNED || end == SIM_END_IDLE || end == SIM_END_LIMIT);
    return end != SIM_END_RETURNED;
}

START_TEST(finds_a_lost_wake_up)
{
    const struct protocol broken = {sleep_if_no_work, post_work, 20, sleeps_for_ever};
    const struct protocol right = {say_it_then_look, post_work, 20, sleeps_for_ever};

    expect_found("lost wake-up", &broken, &right);
}
END_TEST

/* ---- what a missing acquire lets the CPU do: read the value before the flag that says it is there ---- */

static void publish(void)
{
    __atomic_store_n(&value, 42, RELAXED);
    store_release(&flag, 1);
}

static void read_value_first(void)
{
    uint32_t early = __atomic_load_n(&value, RELAXED);

    if (__atomic_load_n(&flag, RELAXED) != 0)
        seen = early;
}

static void read_flag_first(void)
{
    if (load_acquire(&flag) != 0)
        seen = __atomic_load_n(&value, RELAXED);
}

static bool saw_nothing(enum sim_end end)
{
    ck_assert_int_eq(end, SIM_END_RETURNED);
    return seen == 0;
}

START_TEST(finds_a_missing_acquire)
{
    const struct protocol broken = {read_value_first, publish, 20, saw_nothing};
    const struct protocol right = {read_flag_first, publish, 20, saw_nothing};

    expect_found("missing acquire", &broken, &right);
}
END_TEST

/* ---- a claim that two can win ---- */

static void look_then_claim(void)
{
    if (__atomic_load_n(&state, __ATOMIC_SEQ_CST) != 0)
        return;
    __atomic_store_n(&state, 1, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&winners, 1, __ATOMIC_SEQ_CST);
}

static void claim(void)
{
    uint32_t free = 0;

    if (__atomic_compare_exchange_n(&state, &free, 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        __atomic_fetch_add(&winners, 1, __ATOMIC_SEQ_CST);
}

static bool not_one_winner(enum sim_end end)
{
    ck_assert_int_eq(end, SIM_END_RETURNED);
    return winners != 1;
}

START_TEST(finds_a_double_winner)
{
    const struct protocol broken = {look_then_claim, look_then_claim, 20, not_one_winner};
    const struct protocol right = {claim, claim, 20, not_one_winner};

    expect_found("double winner", &broken, &right);
}
END_TEST

/* ---- what holds in every order ---- */

START_TEST(a_seed_gives_the_same_run)
{
    const struct protocol protocol = {claim, claim, 20, not_one_winner};
    unsigned different = 0;

    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct outcome first = run_once(&protocol, SIM_SCHEDULE_PCT, seed);
        struct outcome second = run_once(&protocol, SIM_SCHEDULE_PCT, seed);
        ck_assert_uint_eq(first.fingerprint, second.fingerprint);
        ck_assert_uint_eq(first.time, second.time);
        ck_assert_uint_eq(first.steps, second.steps);
        different += run_once(&protocol, SIM_SCHEDULE_PCT, seed + 1).fingerprint != first.fingerprint;
    }
    ck_assert_uint_gt(different, 5);
}
END_TEST

static uint64_t latest; /* counter as any CPU last read it */

static uint64_t read_counter(void)
{
    uint64_t ticks = arch_timer_now();

    if (ticks < latest) /* ck_assert() takes its time where it holds, too */
        ck_abort_msg("the counter went back from %llu to %llu", (unsigned long long)latest, (unsigned long long)ticks);
    return latest = ticks;
}

static void spin_until_told(void)
{
    while (__atomic_load_n(&flag, RELAXED) == 0) /* without arch_cpu_wait(): as unfriendly as can be */
        read_counter();
}

static void work_then_tell(void)
{
    for (unsigned i = 0; i < 3000; i++)
        read_counter();
    __atomic_store_n(&flag, 1, RELAXED);
}

/* Two CPUs that never wait share the time; whoever is starved of its turn gets it after 500 us. */
START_TEST(nobody_starves_and_time_does_not_go_back)
{
    const struct protocol protocol = {spin_until_told, work_then_tell, 0, saw_nothing};
    uint64_t alone = run_once(&protocol, SIM_SCHEDULE_BY_TIME, 0).time;

    for (uint64_t seed = 1; seed <= 50; seed++) {
        latest = 0;
        struct outcome outcome = run_once(&protocol, SIM_SCHEDULE_PCT, seed);
        ck_assert_int_eq(outcome.end, SIM_END_RETURNED);
        ck_assert_uint_lt(outcome.time, 3 * alone + 2 * 500000);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, finds_a_lost_wake_up);
    tcase_add_test(tests, finds_a_missing_acquire);
    tcase_add_test(tests, finds_a_double_winner);
    tcase_add_test(tests, a_seed_gives_the_same_run);
    tcase_add_test(tests, nobody_starves_and_time_does_not_go_back);
}

int main(void)
{
    return suite_run("hostsim-pct", add_tests, NULL);
}
