// SPDX-License-Identifier: Apache-2.0
/* Seeds: from the CPU, from the host's seed, or none; never shared, never faked. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "domain/entropy.h"
#include "support/suite.h"

static const uint8_t host_seed[32] = "an unguessable seed of the host.";
static struct machine machine;
static struct guest_seeds seeds;

static void setup(void)
{
    memset(&machine, 0, sizeof(machine));
    memset(&seeds, 0xee, sizeof(seeds));
}

static void give_host_seed(void)
{
    machine.rng_seed = host_seed;
    machine.rng_seed_length = sizeof(host_seed);
}

START_TEST(none_without_a_source)
{
    entropy_seeds(&seeds, &machine, 1, 0);
    ck_assert_uint_eq(seeds.rng_length, 0);
    ck_assert_uint_eq(seeds.kaslr_length, 0);
    machine.rng_seed = host_seed; /* present, but empty */
    entropy_seeds(&seeds, &machine, 1, 0);
    ck_assert_uint_eq(seeds.rng_length, 0);
}
END_TEST

/* Domains 1, 2 and 257, starts 0, 1 and 256: all different, and the two seeds of one start have nothing in common. */
START_TEST(derived_seeds_are_all_different)
{
    static const uint16_t domids[] = {1, 2, 257};
    static const uint32_t starts[] = {0, 1, 256, 1u << 24};
    struct guest_seeds all[12];
    unsigned count = 0;

    give_host_seed();
    for (unsigned d = 0; d < 3; d++)
        for (unsigned s = 0; s < 4; s++)
            entropy_seeds(&all[count++], &machine, domids[d], starts[s]);
    for (unsigned i = 0; i < count; i++) {
        ck_assert_uint_eq(all[i].rng_length, 32);
        ck_assert_uint_eq(all[i].kaslr_length, 8);
        for (unsigned k = 0; k + 8 <= 32; k++)
            ck_assert_mem_ne(all[i].rng + k, all[i].kaslr, 8);
        for (unsigned j = 0; j < i; j++) {
            ck_assert_mem_ne(all[i].rng, all[j].rng, 32);
            ck_assert_mem_ne(all[i].kaslr, all[j].kaslr, 8);
        }
    }
}
END_TEST

/* The same machine started again with the same seed gives the same: a run can be replayed. */
START_TEST(derived_seeds_repeat)
{
    struct guest_seeds again;

    give_host_seed();
    entropy_seeds(&seeds, &machine, 3, 5);
    entropy_seeds(&again, &machine, 3, 5);
    ck_assert_mem_eq(seeds.rng, again.rng, 32);
    ck_assert_mem_eq(seeds.kaslr, again.kaslr, 8);
}
END_TEST

/* Every bit of the host's seed counts, and none of it is handed on. */
START_TEST(derived_seeds_depend_on_all_of_the_hosts)
{
    uint8_t other[sizeof(host_seed)];
    struct guest_seeds from_other;

    give_host_seed();
    entropy_seeds(&seeds, &machine, 1, 0);
    memcpy(other, host_seed, sizeof(other));
    other[_i] ^= 1;
    machine.rng_seed = other;
    entropy_seeds(&from_other, &machine, 1, 0);
    ck_assert_mem_ne(seeds.rng, from_other.rng, 32);
    ck_assert_mem_ne(seeds.kaslr, from_other.kaslr, 8);
    for (unsigned i = 0; i + 8 <= sizeof(host_seed); i++)
        ck_assert_mem_ne(seeds.rng, host_seed + i, 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("entropy");
    TCase *test_case = tcase_create("seeds");

    suite_add_tcase(suite, test_case);
    tcase_add_checked_fixture(test_case, setup, NULL);
    tcase_add_test(test_case, none_without_a_source);
    tcase_add_test(test_case, derived_seeds_are_all_different);
    tcase_add_test(test_case, derived_seeds_repeat);
    tcase_add_loop_test(test_case, derived_seeds_depend_on_all_of_the_hosts, 0, (int)sizeof(host_seed));
    return suite_execute(suite);
}
