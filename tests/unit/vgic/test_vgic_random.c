// SPDX-License-Identifier: Apache-2.0
/* The vGIC of either version against the model, by random sequences. */
#include "support/shrink.h"
#include "support/suite.h"
#include "unit/vgic/vgic_steps.h"

#define STEPS 600

static struct choices *choices;

static uint32_t rnd(uint32_t below)
{
    return (uint32_t)choose(choices, below);
}

static bool next_step(void)
{
    return choose_step(choices);
}

static void run(struct choices *drawn, enum gic_version version)
{
    choices = drawn;
    seed_now = choices_seed(drawn);
    verbose = choices_shown(drawn);
    run_steps(version, STEPS);
}

static void run_v2(struct choices *drawn)
{
    run(drawn, GIC_V2);
}

static void run_v3(struct choices *drawn)
{
    run(drawn, GIC_V3);
}

static uint64_t seeds(void)
{
    const char *count = getenv("BULKHEAD_SEEDS");

    return count != NULL ? strtoull(count, NULL, 0) : 1500;
}

START_TEST(agrees_with_the_model)
{
    shrink_run(run_v2, 1, seeds());
}
END_TEST

START_TEST(v3_agrees_with_the_model)
{
    shrink_run(run_v3, 1, seeds());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vgic-random");
    TCase *tests = tcase_create("random");
    tcase_set_timeout(tests, 0);
    tcase_add_test(tests, agrees_with_the_model);
    tcase_add_test(tests, v3_agrees_with_the_model);
    suite_add_tcase(suite, tests);
    return suite_execute(suite);
}
