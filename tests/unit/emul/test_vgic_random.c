/* The vGIC against the model, by random sequences. */
#include "support/suite.h"
#include "unit/emul/vgic_model.h"

#define STEPS 600

static uint64_t random_state;

static uint32_t rnd(uint32_t below)
{
    random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(random_state >> 33) % below;
}

static void run(uint64_t seed)
{
    seed_now = seed;
    if (getenv("VGIC_TRACE") != NULL)
        fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
    random_state = seed * 0x9e3779b97f4a7c15ULL + 1;
    run_steps(STEPS);
}

START_TEST(agrees_with_the_model)
{
    /* VGIC_SEED=n replays one sequence, step by step. */
    const char *replay = getenv("VGIC_SEED");
    const char *count = getenv("VGIC_SEEDS");
    uint64_t seeds = count != NULL ? strtoull(count, NULL, 0) : 1500;

    if (replay != NULL) {
        verbose = true;
        run(strtoull(replay, NULL, 0));
        return;
    }
    for (uint64_t seed = 0; seed < seeds; seed++)
        run(seed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vgic-random");
    TCase *tests = tcase_create("random");
    tcase_set_timeout(tests, 0);
    tcase_add_test(tests, agrees_with_the_model);
    suite_add_tcase(suite, tests);
    return suite_execute(suite);
}
