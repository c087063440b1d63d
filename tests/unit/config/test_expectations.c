// SPDX-License-Identifier: Apache-2.0
/* Every tree of tests/dts says in its first lines what is to be said about it (tests/dts/README.md); machine_read() and
 * config_read() must say that, and nothing else. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "config/machine.h"
#include "config/system_config.h"
#include "support/blob.h"
#include "support/reports.h"
#include "support/suite.h"

#define MAX_EXPECTATIONS 32

static const char marker[] = "// expect: ";
static const char plan_error_marker[] = "// expect plan: error: ";

struct expectations {
    char lines[MAX_EXPECTATIONS][1200];
    unsigned count;
    unsigned errors;
    unsigned warnings;
    bool plan_error; /* what is wrong is found later, by the plan */
};

static glob_t sources;

static void read_expectations(const char *path, struct expectations *expected)
{
    FILE *file = fopen(path, "r");
    char line[1200];

    ck_assert_msg(file != NULL, "cannot read %s", path);
    memset(expected, 0, sizeof(*expected));
    while (fgets(line, sizeof(line), file) != NULL && strncmp(line, "//", 2) == 0) {
        const char *text = line + strlen(marker);

        line[strcspn(line, "\n")] = '\0';
        expected->plan_error |= strncmp(line, plan_error_marker, strlen(plan_error_marker)) == 0;
        if (strncmp(line, marker, strlen(marker)) != 0)
            continue;
        ck_assert_uint_lt(expected->count, MAX_EXPECTATIONS);
        strcpy(expected->lines[expected->count++], text);
        expected->errors += strncmp(text, "error: ", 7) == 0;
        expected->warnings += strncmp(text, "warning: ", 9) == 0;
    }
    fclose(file);
}

/** "x/tests/dts/bad/y.dts" -> "bad/y.dtb" */
static void blob_name(const char *source, char *name, size_t size)
{
    const char *folder = strstr(source, "/dts/") + strlen("/dts/");

    snprintf(name, size, "%.*sdtb", (int)(strlen(folder) - 3), folder);
}

static void read_all(const char *source, struct reports *reports)
{
    static struct machine machine;
    static struct system_config config;
    struct dt tree;
    struct blob blob;
    char name[128];

    blob_name(source, name, sizeof(name));
    blob = blob_read(name);
    reports_start(reports);
    memset(&machine, 0, sizeof(machine));
    memset(&config, 0xa5, sizeof(config));
    ck_assert_int_eq(dt_open(&tree, blob.data, blob.size, &reports->diag), HV_OK);
    hv_status machine_status = machine_read(&machine, &tree, (struct region){0x1000, 0x2000},
                                            (struct region){0x3000, 0x4000}, UINT64_MAX, &reports->diag);
    unsigned errors = reports->diag.errors;
    hv_status config_status = config_read(&config, &tree, &reports->diag);

    /* a failure is never silent, and an error makes somebody invalid */
    if (machine_status != HV_OK)
        ck_assert_uint_gt(errors, 0);
    errors = reports->diag.errors - errors;
    for (unsigned i = 0; config_status == HV_OK && i < config.domain_count; i++) {
        const struct domain_config *domain = &config.domains[i];

        ck_assert(domain->valid || errors > 0);
        /* the domain beside the mistake is not touched by it */
        ck_assert_msg(domain->valid || strcmp(domain->name, "good") != 0, "%s: the good domain is left out", source);
    }
    blob_free(&blob);
}

START_TEST(says_what_the_tree_expects)
{
    const char *source = sources.gl_pathv[_i];
    static struct reports reports;
    static struct expectations expected;

    read_expectations(source, &expected);
    read_all(source, &reports);
    for (unsigned i = 0; i < expected.count; i++)
        ck_assert_msg(reports_have(&reports, expected.lines[i]), "%s expects:\n%s\nbut there is:\n%s", source,
                      expected.lines[i], reports.text);
    ck_assert_msg(reports.diag.errors == expected.errors && reports.diag.warnings == expected.warnings,
                  "%s expects %u errors and %u warnings, but there is:\n%s", source, expected.errors, expected.warnings,
                  reports.text);
    ck_assert_msg((strstr(source, "/bad/") != NULL) == (expected.errors > 0 || expected.plan_error),
                  "%s: trees with an error belong into bad/, others into ok/", source);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, says_what_the_tree_expects, 0, (int)sources.gl_pathc);
}

int main(void)
{
    int failed;

    if (glob(TESTS_DIR "/dts/*/*.dts", 0, NULL, &sources) != 0 || sources.gl_pathc == 0) {
        fprintf(stderr, "there are no trees in " TESTS_DIR "/dts\n");
        return 1;
    }
    failed = suite_run("expectations", add_tests, NULL);
    globfree(&sources);
    return failed;
}
