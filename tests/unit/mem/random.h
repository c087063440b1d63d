/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for property tests: the same seed, the same test, everywhere. TEST_SEED in the environment tries another. */
#ifndef BULKHEAD_TESTS_UNIT_MEM_RANDOM_H
#define BULKHEAD_TESTS_UNIT_MEM_RANDOM_H

#include <check.h>
#include <stdint.h>
#include <stdlib.h>

/** ck_assert() for the inside of long loops: each of Check's own writes to a file, whether it fails or not. */
#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            ck_abort_msg("'%s' does not hold", #condition);                                                            \
    } while (0)

struct random {
    uint64_t state;
};

static inline struct random random_start(uint64_t seed)
{
    const char *text = getenv("TEST_SEED");

    return (struct random){(text != NULL ? strtoull(text, NULL, 0) : 0) * 0x9e3779b97f4a7c15u + seed};
}

/** splitmix64. */
static inline uint64_t random_next(struct random *random)
{
    uint64_t value = random->state += 0x9e3779b97f4a7c15u;

    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

/** 0 .. limit - 1. */
static inline uint64_t random_below(struct random *random, uint64_t limit)
{
    return random_next(random) % limit;
}

static inline int random_chance(struct random *random, unsigned percent)
{
    return random_below(random, 100) < percent;
}

#endif
