// SPDX-License-Identifier: Apache-2.0
#include "support/suite.h"

#include <stdlib.h>

int suite_execute(Suite *suite)
{
    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int suite_run(const char *name, void (*add)(TCase *tests), void (*setup)(void))
{
    Suite *suite = suite_create(name);
    TCase *tests = tcase_create(name);

    tcase_set_timeout(tests, 50);
    if (setup != NULL)
        tcase_add_checked_fixture(tests, setup, NULL);
    add(tests);
    suite_add_tcase(suite, tests);
    return suite_execute(suite);
}
