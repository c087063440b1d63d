/* SPDX-License-Identifier: Apache-2.0 */
/* The main() of a test program. */
#ifndef BULKHEAD_TESTS_SUPPORT_SUITE_H
#define BULKHEAD_TESTS_SUPPORT_SUITE_H

#include <check.h>

/** Runs @p suite, verbose as CK_VERBOSITY says. @return what main() returns */
int suite_execute(Suite *suite);

/**
 * Runs the tests that @p add adds to the case it is given.
 * @param setup  called before each test, in its process; NULL: none
 * @return what main() returns
 */
int suite_run(const char *name, void (*add)(TCase *tests), void (*setup)(void));

#endif
