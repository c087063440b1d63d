// SPDX-License-Identifier: Apache-2.0
#include "scenario/support/expect.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LINE 256
#define MAX_FILE 4096

/* '*': any text, '?': any one character. */
static bool text_matches(const char *text, const char *pattern)
{
    if (*pattern == '\0')
        return *text == '\0';
    if (*pattern == '*')
        return text_matches(text, pattern + 1) || (*text != '\0' && text_matches(text + 1, pattern));
    return *text != '\0' && (*pattern == '?' || *pattern == *text) && text_matches(text + 1, pattern + 1);
}

/* Copies the line at @p at without its end. @return where the next one begins. */
static const char *take_line(const char *at, char *line)
{
    size_t length = strcspn(at, "\n");
    const char *next = at + length + (at[length] == '\n');
    if (length > 0 && at[length - 1] == '\r')
        length--;
    if (length >= MAX_LINE)
        length = MAX_LINE - 1;
    memcpy(line, at, length);
    line[length] = '\0';
    return next;
}

/* The next line of @p domain, without its name; @return NULL: there is none. */
static const char *next_of(const char *at, const char *domain, char *line)
{
    size_t name = strlen(domain);
    while (*at != '\0') {
        at = take_line(at, line);
        if (strncmp(line, domain, name) == 0 && strncmp(line + name, ": ", 2) == 0) {
            memmove(line, line + name + 2, strlen(line + name + 2) + 1);
            return at;
        }
    }
    return NULL;
}

/* Takes the lines that match as far as they do; nothing after a pattern can match what it could not. */
bool program_output_matches(const char *output, const char *domain, const char *expected, char *why, size_t size)
{
    char pattern[MAX_LINE], line[MAX_LINE];
    const char *at = output;
    while (*expected != '\0') {
        expected = take_line(expected, pattern);
        bool many = pattern[0] == '+', optional = pattern[0] == '?', found = false;
        const char *text = pattern + (many || optional), *next;
        while ((next = next_of(at, domain, line)) != NULL && text_matches(line, text) && (many || !found)) {
            found = true;
            at = next;
        }
        if (!found && !optional) {
            snprintf(why, size, "%.40s: expected: %.200s, found: %.200s", domain, text,
                     next != NULL ? line : "no more");
            return false;
        }
    }
    if (next_of(at, domain, line) == NULL)
        return true;
    snprintf(why, size, "%.40s: expected no more, found: %.200s", domain, line);
    return false;
}

void expect_program(const char *output, const char *domain, const char *program)
{
    char path[512], expected[MAX_FILE], why[512];
    snprintf(path, sizeof(path), "%s/guest/expect/%s.txt", TESTS_DIR, program);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s", path);
    expected[fread(expected, 1, sizeof(expected) - 1, file)] = '\0';
    fclose(file);
    if (program_output_matches(output, domain, expected, why, sizeof(why)))
        return;
    fprintf(stderr, "%s\n", output);
    ck_abort_msg("%s", why);
}
