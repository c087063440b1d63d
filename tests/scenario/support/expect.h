/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest program prints, by tests/guest/expect: see the README there. */
#ifndef BULKHEAD_TESTS_SCENARIO_EXPECT_H
#define BULKHEAD_TESTS_SCENARIO_EXPECT_H

#include <stdbool.h>
#include <stddef.h>

/** @return whether the lines of @p output that begin with "@p domain: " are those that @p expected (a file's text)
 * names, no more and no less. If not, @p why says what is amiss. */
bool program_output_matches(const char *output, const char *domain, const char *expected, char *why, size_t size);
/** Fails the test unless @p domain printed what tests/guest/expect/@p program.txt says. */
void expect_program(const char *output, const char *domain, const char *program);

#endif
