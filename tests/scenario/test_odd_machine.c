// SPDX-License-Identifier: Apache-2.0
/* A machine on which nothing has its usual value, with as many domains as there can be (tests/dts/ok/odd-machine.dts):
 * all that is printed is compared. Whose line comes first is the CPUs' affair, so lines are compared in sorted order;
 * the digest, which each change of the plan's text changes, and times are left out. After a change
 * that is meant: ODD_MACHINE=tests/scenario/expect/odd-machine.txt build/host/tests/scenario-odd_machine */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/support/system.h"
#include "support/suite.h"

#define EXPECTED TESTS_DIR "/scenario/expect/odd-machine.txt"
#define MAX_LINES 512
#define DOMAINS 32

/** Lines of a text, sorted. */
struct lines {
    char *text;
    char *list[MAX_LINES];
    unsigned count;
};

static int by_text(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/** How late a tick is, and who is there to have the keyboard next; and the file's licence. */
static bool depends_on_time(const char *line)
{
    return *line == '#' || strstr(line, " ticks late") != NULL || strstr(line, "keyboard") != NULL;
}

/** Takes @p text over, and cuts it up. */
static void cut(struct lines *lines, char *text)
{
    lines->text = text;
    lines->count = 0;
    for (char *line = strtok(text, "\r\n"); line != NULL; line = strtok(NULL, "\r\n")) {
        ck_assert_uint_lt(lines->count, MAX_LINES);
        if (!depends_on_time(line))
            lines->list[lines->count++] = line;
    }
    qsort(lines->list, lines->count, sizeof(lines->list[0]), by_text);
}

/** Hides the number behind each @p before; there is one at least. */
static void hide(char *text, const char *before)
{
    char *at = strstr(text, before);

    ck_assert_ptr_nonnull(at);
    for (; at != NULL; at = strstr(at, before)) {
        at += strlen(before);
        size_t length = strspn(at, "0123456789abcdef");
        memset(at, '*', 1);
        memmove(at + 1, at + length, strlen(at + length) + 1);
    }
}

/** What was printed until all domains were off. */
static char *boot(void)
{
    struct system_run run = {.options.time_limit_us = 5000000};
    size_t size;

    run.dtb = load_dtb("ok/odd-machine.dtb", &size);
    run.machine = sim_create(run.dtb, size, &run.options);
    ck_assert_msg(run.machine != NULL, "%s", sim_create_error());
    ck_assert(sim_set_boot_dtb(run.machine, run.dtb, size));
    ck_assert(sim_load_modules(run.machine, run.dtb, "hello"));
    run.end = sim_run(run.machine);
    run.output = sim_output(run.machine);
    expect_end(&run, SIM_END_POWER_OFF);
    size_t length = (size_t)(find_line(&run, "bulkhead: all domains are off") - run.output);
    char *text = calloc(1, length + 1);
    memcpy(text, run.output, length);
    system_destroy(&run);
    hide(text, "digest 0x");
    hide(text, "worst ");
    return text;
}

static char *read_expected(void)
{
    FILE *file = fopen(EXPECTED, "r");
    char *text = calloc(1, 1 << 17);

    ck_assert_msg(file != NULL, "%s is missing", EXPECTED);
    ck_assert_uint_lt(fread(text, 1, (1 << 17) - 1, file), (1 << 17) - 1);
    fclose(file);
    return text;
}

static void write_lines(const char *path, const struct lines *lines)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fprintf(file, "# SPDX-License-Identifier: Apache-2.0\n");
    for (unsigned i = 0; i < lines->count; i++)
        fprintf(file, "%s\n", lines->list[i]);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(all_that_is_printed)
{
    static struct lines found, expected;

    cut(&found, boot());
    if (getenv("ODD_MACHINE") != NULL)
        write_lines(getenv("ODD_MACHINE"), &found);
    cut(&expected, read_expected());
    for (unsigned i = 0; i < found.count || i < expected.count; i++) {
        const char *is = i < found.count ? found.list[i] : "nothing";
        const char *should = i < expected.count ? expected.list[i] : "nothing";
        ck_assert_msg(strcmp(is, should) == 0, "line %u is\n%s\nand should be\n%s", i, is, should);
    }
    ck_assert_uint_gt(found.count, DOMAINS);
    free(found.text);
    free(expected.text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("odd_machine");
    TCase *tcase = tcase_create("odd_machine");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, all_that_is_printed);
    suite_add_tcase(suite, tcase);
    return suite_execute(suite);
}
