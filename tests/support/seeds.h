/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that run many times, each time with another seed. A failure of any kind, a crash included, ends with the
 * command that runs the one seed alone:
 *
 *   BULKHEAD_SEED=N   only that seed        BULKHEAD_SEEDS=N   so many instead of the usual few;
 *                                                      of more than those, it prints what they took */
#ifndef BULKHEAD_TESTS_SUPPORT_SEEDS_H
#define BULKHEAD_TESTS_SUPPORT_SEEDS_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>

/** The main() of such a program, instead of suite_execute(). @return what main() returns */
int seeds_execute(Suite *suite);

/** Adds a test case of its own, so that it can be run alone: @p name is its CK_RUN_CASE. */
void seeds_add(Suite *suite, const char *name, const TTest *test);

/** Calls @p run for the seeds 1, 2, .. @p usual, or as the environment says. Inside of a test of the case @p name. */
void seeds_run(const char *name, uint64_t usual, void (*run)(uint64_t seed));

/** @return how many seeds seeds_run() would take. */
uint64_t seeds_count(uint64_t usual);
/** @return whether the environment names one seed. */
bool seeds_single(void);

#endif
