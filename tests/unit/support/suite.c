#include "support/suite.h"

int suite_run(const char *name, void (*add)(TCase *tests), void (*setup)(void))
{
    Suite *suite = suite_create(name);
    TCase *tests = tcase_create(name);
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 50);
    if (setup != NULL)
        tcase_add_checked_fixture(tests, setup, NULL);
    add(tests);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
