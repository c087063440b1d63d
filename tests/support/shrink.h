/* SPDX-License-Identifier: Apache-2.0 */
/* Properties that are tried with random sequences of operations. Where one fails, the shortest sequence that still
 * fails is looked for and printed.
 *
 * A property is a function that draws all its choices from here. It runs in a process of its own, so that it may fail
 * in any way: a check, a sanitizer, a crash, a loop without end. Then its choices are changed and it is tried again:
 * whole steps are left out, in chunks and one by one, and numbers made smaller, as long as it fails.
 *
 *   BULKHEAD_SEED=N   only that seed, with its steps printed; not shortened */
#ifndef BULKHEAD_TESTS_SUPPORT_SHRINK_H
#define BULKHEAD_TESTS_SUPPORT_SHRINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Where a property's choices come from: a seed, or a list that is played again. */
struct choices;

/** @return a number below @p limit, which is not 0. */
uint64_t choose(struct choices *choices, uint64_t limit);
/** @return true in @p percent of a hundred cases; a shortened sequence has rather false. */
bool choose_chance(struct choices *choices, unsigned percent);
/** To be called before each step, which may be left out. @return false where the sequence ends. What is chosen before
 * the first step is kept. */
bool choose_step(struct choices *choices);
/** Describes the step that is taken. Printed only of the sequence that is shown in the end. */
void choices_say(struct choices *choices, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** @return whether choices_say() prints. */
bool choices_shown(const struct choices *choices);
/** @return the seed with which the sequence began. */
uint64_t choices_seed(const struct choices *choices);

/** Tries @p property with the seeds @p first, @p first + 1, .. Fails the running test of Check where one fails. */
void shrink_run(void (*property)(struct choices *choices), uint64_t first, uint64_t count);

/** What was found. */
struct shrunk {
    uint64_t seed;
    size_t steps, choices;   /* of the shortest sequence; choices before the first step included */
    size_t steps_at_first;   /* of the one that the seed gave */
    unsigned attempts;       /* how often the property was run to find it */
    const uint64_t *numbers; /* the choices; valid until the next search */
};
/** The same without the verdict. @return whether one failed */
bool shrink_search(void (*property)(struct choices *choices), uint64_t first, uint64_t count, struct shrunk *shrunk);

#endif
