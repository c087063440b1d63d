// SPDX-License-Identifier: Apache-2.0
/* Every tree of tests/dts (see its README), from the blob to the plan: all that is expected is said, and nothing else.
 */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/machine.h"
#include "config/system_config.h"
#include "plan/plan.h"
#include "support/blob.h"
#include "support/reports.h"
#include "support/suite.h"

static glob_t sources;
static struct machine machine;
static struct system_config config;
static struct system_plan plan;
static struct reports reports;

/** "x/tests/dts/bad/y.dts" -> "bad/y.dtb" */
static void blob_name(const char *source, char *name, size_t size)
{
    const char *folder = strstr(source, "/dts/") + strlen("/dts/");

    snprintf(name, size, "%.*sdtb", (int)(strlen(folder) - 3), folder);
}

/** Boots as far as the plan; hypervisor and device tree lie where QEMU's -kernel puts them. */
static void make_plan(const struct dt *tree)
{
    struct region nowhere = {0, 1};
    uint64_t ram = 0;

    if (machine_read(&machine, tree, nowhere, nowhere, UINT64_MAX, NULL) == HV_OK)
        ram = machine.memory.list[0].base;
    struct region image = {ram + MIB(2), ram + MIB(2) + KIB(640)};
    struct region blob = {ram + MIB(128), ram + MIB(128) + tree->size};
    memset(&machine, 0, sizeof(machine)); /* as BSS is at boot */
    hv_status status = machine_read(&machine, tree, blob, image, UINT64_MAX, &reports.diag);
    for (unsigned i = 0; i < machine.cpu_count; i++)
        machine.cpus[i].online = true;
    plan.domain_count = 0;
    if (config_read(&config, tree, &reports.diag) != HV_OK || status != HV_OK)
        return;
    status = plan_make(&plan, &machine, &config, NULL, &reports.diag);
    ck_assert_int_eq(status, plan.valid_count != 0 ? HV_OK : HV_E_MISSING);
}

/** Holds what was said against the comment lines at the top of @p source. */
static void check_expectations(const char *source)
{
    char line[1200];
    unsigned errors = 0, warnings = 0;
    FILE *file = fopen(source, "r");

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file) != NULL && strncmp(line, "//", 2) == 0) {
        line[strcspn(line, "\n")] = '\0';
        bool expected = strncmp(line, "// expect: ", 11) == 0 || strncmp(line, "// expect plan: ", 16) == 0;
        if (!expected)
            continue;
        const char *text = strchr(line, ':') + 2;
        ck_assert_msg(reports_have(&reports, text), "%s expects:\n%s\nbut there is:\n%s", source, text, reports.text);
        errors += strncmp(text, "error: ", 7) == 0;
        warnings += strncmp(text, "warning: ", 9) == 0;
    }
    fclose(file);
    ck_assert_msg(reports.diag.errors == errors && reports.diag.warnings == warnings,
                  "%s expects %u errors and %u warnings, but there is:\n%s", source, errors, warnings, reports.text);
}

START_TEST(says_what_the_tree_expects)
{
    const char *source = sources.gl_pathv[_i];
    struct blob blob;
    struct dt tree;
    char name[128];

    blob_name(source, name, sizeof(name));
    blob = blob_read(name);
    blob_open(&blob, &tree);
    reports_start(&reports);
    make_plan(&tree);
    check_expectations(source);
    /* The domain beside the mistake starts all the same, and in ok/ every domain does. */
    for (unsigned i = 0; i < plan.domain_count; i++) {
        bool must = strstr(source, "/ok/") != NULL || strcmp(plan.domains[i].config->name, "good") == 0;
        ck_assert_msg(!must || plan.domains[i].valid, "%s: %s is left out", source, plan.domains[i].config->name);
    }
    blob_free(&blob);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, says_what_the_tree_expects, 0, (int)sources.gl_pathc);
}

int main(void)
{
    int failed;

    if (glob(TESTS_DIR "/dts/*/*.dts", 0, NULL, &sources) != 0 || sources.gl_pathc == 0)
        return EXIT_FAILURE;
    failed = suite_run("plan-expectations", add_tests, NULL);
    globfree(&sources);
    return failed;
}
