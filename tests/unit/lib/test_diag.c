// SPDX-License-Identifier: Apache-2.0
/* The form of a report, and the counting. */
#include "lib/diag.h"

#include <check.h>

#include "lib/status.h"
#include "support/reports.h"
#include "support/suite.h"

static struct reports reports;

static void setup(void)
{
    reports_start(&reports);
}

START_TEST(all_fields)
{
    diag_emit(&reports.diag, &(struct diag_report){.severity = DIAG_ERROR,
                                                   .path = "/chosen/domU1",
                                                   .property = "memory",
                                                   .found = "<0x0>",
                                                   .expected = "size in KiB, two cells, not 0",
                                                   .message = "domain has no memory",
                                                   .hint = "write one"});
    ck_assert_str_eq(reports.text,
                     "error: /chosen/domU1: memory: domain has no memory (found <0x0>, expected size in KiB, "
                     "two cells, not 0)\n  hint: write one\n");
}
END_TEST

START_TEST(fields_left_out)
{
    diag_emit(&reports.diag, &(struct diag_report){.severity = DIAG_WARNING, .message = "something"});
    diag_emit(&reports.diag, &(struct diag_report){.severity = DIAG_NOTE, .path = "/a", .message = "b", .found = "c"});
    diag_emit(&reports.diag, &(struct diag_report){
                                 .severity = DIAG_NOTE, .property = "p", .message = "b", .expected = "e", .hint = "h"});
    ck_assert_str_eq(reports.text, "warning: something\nnote: /a: b (found c)\nnote: p: b (expected e)\n  hint: h\n");
}
END_TEST

START_TEST(counts)
{
    const enum diag_severity given[] = {DIAG_ERROR, DIAG_WARNING, DIAG_ERROR, DIAG_NOTE, DIAG_ERROR, DIAG_WARNING};

    for (size_t i = 0; i < ARRAY_SIZE(given); i++)
        diag_emit(&reports.diag, &(struct diag_report){.severity = given[i], .message = "m"});
    ck_assert_uint_eq(reports.diag.errors, 3);
    ck_assert_uint_eq(reports.diag.warnings, 2);
    ck_assert_uint_eq(reports_count(&reports, "error: m"), 3);
    ck_assert_uint_eq(reports_count(&reports, "note: m"), 1);
}
END_TEST

START_TEST(every_status_has_a_name)
{
    for (int status = HV_OK; status <= HV_E_DENIED; status++) {
        ck_assert_str_ne(hv_status_name((hv_status)status), "unknown status");
        for (int other = HV_OK; other < status; other++)
            ck_assert_str_ne(hv_status_name((hv_status)status), hv_status_name((hv_status)other));
    }
    ck_assert_str_eq(hv_status_name((hv_status)99), "unknown status");
    ck_assert_str_eq(diag_severity_name((enum diag_severity)99), "unknown");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, all_fields);
    tcase_add_test(tests, fields_left_out);
    tcase_add_test(tests, counts);
    tcase_add_test(tests, every_status_has_a_name);
}

int main(void)
{
    return suite_run("diag", add_tests, setup);
}
