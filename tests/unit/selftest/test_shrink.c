// SPDX-License-Identifier: Apache-2.0
/* The search for the shortest failing sequence, with properties whose shortest one is known. */
#include "support/shrink.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/suite.h"

#define STEPS 200

enum operation { PUSH, POP, CLEAR, OPERATIONS };

/* A stack that breaks when it is popped while a number above 1000 lies on top of another one. */
static void stack(struct choices *choices)
{
    uint64_t numbers[STEPS];
    size_t count = 0;

    for (unsigned i = 0; i < STEPS && choose_step(choices); i++) {
        switch (choose(choices, OPERATIONS)) {
        case PUSH:
            numbers[count++] = choose(choices, 1500);
            break;
        case POP:
            if (count >= 2 && numbers[count - 1] > 1000)
                _exit(1);
            count -= count > 0;
            break;
        default:
            count = choose_chance(choices, 10) ? 0 : count;
        }
    }
}

START_TEST(the_shortest_sequence_is_found)
{
    const uint64_t expected[] = {PUSH, 0, PUSH, 1001, POP};
    struct shrunk shrunk;

    ck_assert(shrink_search(stack, 1 + (uint64_t)_i * 100, 100, &shrunk));
    ck_assert_uint_eq(shrunk.steps, 3);
    ck_assert_uint_eq(shrunk.choices, 5);
    for (size_t i = 0; i < 5; i++)
        ck_assert_uint_eq(shrunk.numbers[i], expected[i]);
    ck_assert_uint_gt(shrunk.steps_at_first, 3);
    ck_assert_uint_lt(shrunk.attempts, 1000);
}
END_TEST

static void crash(struct choices *choices)
{
    while (choose_step(choices))
        if (choose(choices, 50) == 49)
            raise(SIGKILL);
}

START_TEST(any_failure_counts)
{
    struct shrunk shrunk;

    ck_assert(shrink_search(crash, 7, 1, &shrunk));
    ck_assert_uint_eq(shrunk.steps, 1);
    ck_assert_uint_eq(shrunk.numbers[0], 49);
}
END_TEST

static unsigned long long setup_choice;

/* What is chosen before the first step stays, and is made as small as may be. */
static void with_setup(struct choices *choices)
{
    setup_choice = choose(choices, 8);
    for (unsigned i = 0; i < 20 && choose_step(choices); i++)
        if (choose(choices, 100) >= 90 && setup_choice >= 3)
            abort();
}

START_TEST(choices_before_the_first_step_stay)
{
    struct shrunk shrunk;

    ck_assert(shrink_search(with_setup, 1, 50, &shrunk));
    ck_assert_uint_eq(shrunk.steps, 1);
    ck_assert_uint_eq(shrunk.choices, 2);
    ck_assert_uint_eq(shrunk.numbers[0], 3);
    ck_assert_uint_eq(shrunk.numbers[1], 90);
}
END_TEST

static void never(struct choices *choices)
{
    for (unsigned i = 0; i < 50 && choose_step(choices); i++)
        if (choose(choices, 10) >= 10)
            abort();
}

START_TEST(what_holds_is_not_said_to_fail)
{
    struct shrunk shrunk;

    ck_assert(!shrink_search(never, 1, 200, &shrunk));
    shrink_run(never, 1, 200);
}
END_TEST

/* The seed is told, and one seed alone gives the same choices. */
static void seed_13(struct choices *choices)
{
    if (choices_seed(choices) == 13)
        abort();
}

START_TEST(the_seed_is_told)
{
    struct shrunk shrunk;

    ck_assert(shrink_search(seed_13, 1, 100, &shrunk));
    ck_assert_uint_eq(shrunk.seed, 13);
    ck_assert_uint_eq(shrunk.steps, 0);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, the_shortest_sequence_is_found, 0, 3);
    tcase_add_test(tests, any_failure_counts);
    tcase_add_test(tests, choices_before_the_first_step_stay);
    tcase_add_test(tests, what_holds_is_not_said_to_fail);
    tcase_add_test(tests, the_seed_is_told);
}

int main(void)
{
    return suite_run("shrink", add_tests, NULL);
}
