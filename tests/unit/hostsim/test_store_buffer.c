// SPDX-License-Identifier: Apache-2.0
/* Store buffers, by the litmus tests of their trade: what may be seen late is seen late with some seed, what a barrier
 * or the order of stores forbids with none. */
#include "hostsim/cpus/atomic_accesses.h"

#include "unit/hostsim/mini.h"

#define RELAXED __ATOMIC_RELAXED
#define SEEDS 100

static uint32_t words[2], seen[2], arrived, done;
static struct arch_spinlock lock;
static void (*between)(unsigned self);
static void (*play)(unsigned self);

static void second_main(unsigned cpu)
{
    (void)cpu;
    __atomic_fetch_add(&arrived, 1, __ATOMIC_SEQ_CST);
    arch_cpu_signal();
    play(1);
    __atomic_fetch_add(&done, 1, __ATOMIC_SEQ_CST);
    arch_cpu_signal();
}

static void boot_main(void *context)
{
    (void)context;
    ck_assert_int_eq(arch_cpu_start(1, 1), HV_OK);
    while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) == 0)
        arch_cpu_wait();
    play(0);
    while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) == 0)
        arch_cpu_wait();
}

/** @return with how many seeds seen[0] and seen[1] were @p first and @p second */
static unsigned count(void (*program)(unsigned self), uint32_t first, uint32_t second)
{
    unsigned found = 0;

    play = program;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        const struct sim_options options = {.seed = seed, .schedule = SIM_SCHEDULE_PCT, .pct_steps = 30};
        struct sim_machine *machine = make_machine(&options);
        memset(words, 0, sizeof(words));
        memset(seen, 0, sizeof(seen));
        arrived = done = 0;
        lock = (struct arch_spinlock){0};
        ck_assert_int_eq(sim_run_with(machine, boot_main, NULL, second_main), SIM_END_RETURNED);
        found += seen[0] == first && seen[1] == second;
        sim_destroy(machine);
    }
    return found;
}

/* ---- Each stores to its own word and loads the other's: SB */

static void store_and_load(unsigned self)
{
    __atomic_store_n(&words[self], 1, RELAXED);
    between(self);
    seen[self] = __atomic_load_n(&words[1 - self], RELAXED);
}

static void nothing(unsigned self)
{
    (void)self;
}

static void a_fence(unsigned self)
{
    (void)self;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void a_fence_of_one(unsigned self)
{
    if (self == 0)
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void an_exchange(unsigned self)
{
    static uint32_t other;

    (void)self;
    (void)__atomic_exchange_n(&other, 1, __ATOMIC_ACQ_REL);
}

static void a_lock(unsigned self)
{
    (void)self;
    arch_spin_lock(&lock);
    arch_spin_unlock(&lock);
}

static void a_signal(unsigned self)
{
    (void)self;
    arch_cpu_signal();
}

static void a_publication(unsigned self)
{
    (void)self;
    arch_stage2_publish();
}

START_TEST(without_a_barrier_both_miss_the_other)
{
    between = nothing;
    ck_assert_uint_gt(count(store_and_load, 0, 0), 0);
    between = a_fence_of_one;
    ck_assert_uint_gt(count(store_and_load, 0, 0), 0);
}
END_TEST

START_TEST(with_one_they_never_do)
{
    static void (*const barriers[])(unsigned self) = {a_fence, an_exchange, a_lock, a_signal, a_publication};

    between = barriers[_i];
    ck_assert_uint_eq(count(store_and_load, 0, 0), 0);
}
END_TEST

static void in_one_order(unsigned self)
{
    __atomic_store_n(&words[self], 1, __ATOMIC_SEQ_CST);
    seen[self] = __atomic_load_n(&words[1 - self], __ATOMIC_SEQ_CST);
}

static void acquired(unsigned self)
{
    __atomic_store_n(&words[self], 1, __ATOMIC_SEQ_CST);
    seen[self] = __atomic_load_n(&words[1 - self], __ATOMIC_ACQUIRE);
}

/* A store of the one order is a barrier for loads of that order alone. */
START_TEST(one_order_is_of_those_that_are_in_it)
{
    ck_assert_uint_eq(count(in_one_order, 0, 0), 0);
    ck_assert_uint_gt(count(acquired, 0, 0), 0);
}
END_TEST

/* ---- Stores are seen in their order (MP), one's own at once, and never taken back */

static void message(unsigned self)
{
    if (self == 0) {
        __atomic_store_n(&words[0], 1, RELAXED);
        __atomic_store_n(&words[1], 1, RELAXED);
        return;
    }
    for (unsigned i = 0; i < 20 && seen[0] == 0; i++)
        seen[0] = __atomic_load_n(&words[1], RELAXED);
    seen[1] = __atomic_load_n(&words[0], RELAXED);
}

START_TEST(stores_are_seen_in_their_order)
{
    ck_assert_uint_gt(count(message, 1, 1), 0);
    ck_assert_uint_eq(count(message, 1, 0), 0);
}
END_TEST

static void own(unsigned self)
{
    uint32_t last = 0;

    for (uint32_t i = 1; i <= 40 && self == 0; i++) {
        __atomic_store_n(&words[0], i, RELAXED);
        if (__atomic_load_n(&words[0], RELAXED) != i)
            seen[0] = i;
    }
    for (unsigned i = 0; i < 40 && self == 1; i++) {
        uint32_t now = __atomic_load_n(&words[0], RELAXED);
        if (now < last)
            seen[1] = now;
        last = now;
    }
}

START_TEST(a_word_has_one_history)
{
    ck_assert_uint_eq(count(own, 0, 0), SEEDS);
}
END_TEST

/* Each adds: what one of them read was not old. */
static void add(unsigned self)
{
    for (unsigned i = 0; i < 5; i++)
        __atomic_fetch_add(&words[0], 1, RELAXED);
    seen[self] = self == 0 || __atomic_load_n(&words[0], RELAXED) >= 5;
}

START_TEST(an_exchange_reads_the_newest)
{
    ck_assert_uint_eq(count(add, 1, 1), SEEDS);
    ck_assert_uint_eq(words[0], 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostsim store buffers");
    TCase *tcase = tcase_create("store buffers");

    tcase_add_test(tcase, without_a_barrier_both_miss_the_other);
    tcase_add_loop_test(tcase, with_one_they_never_do, 0, 5);
    tcase_add_test(tcase, one_order_is_of_those_that_are_in_it);
    tcase_add_test(tcase, stores_are_seen_in_their_order);
    tcase_add_test(tcase, a_word_has_one_history);
    tcase_add_test(tcase, an_exchange_reads_the_newest);
    suite_add_tcase(suite, tcase);
    return suite_execute(suite);
}
