// SPDX-License-Identifier: Apache-2.0
/* The formatter against the C library's, and what is special about it. */
#include "lib/format.h"

#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "support/suite.h"

/* The same arguments to both; the format is checked by the compiler. */
#define SAME(...)                                                                                                      \
    do {                                                                                                               \
        char ours[128], theirs[128];                                                                                   \
        size_t length = format_string(ours, sizeof(ours), __VA_ARGS__);                                                \
        int expected = snprintf(theirs, sizeof(theirs), __VA_ARGS__);                                                  \
        ck_assert_str_eq(ours, theirs);                                                                                \
        ck_assert_uint_eq(length, (size_t)expected);                                                                   \
    } while (0)

START_TEST(numbers)
{
    SAME("%d %i %u", -7, 42, 42u);
    SAME("%d %d", INT_MIN, INT_MAX);
    SAME("%ld %lld", LONG_MIN, LLONG_MAX);
    SAME("%lu %llu %zu", ULONG_MAX, ULLONG_MAX, SIZE_MAX);
    SAME("%x %X %lx %llX", 0xbeefu, 0xbeefu, 0x123456789abcUL, ULLONG_MAX);
    SAME("%u %x %d", 0u, 0u, 0);
}
END_TEST

START_TEST(widths)
{
    SAME("[%5d] [%-5d] [%05d]", 42, 42, 42);
    SAME("[%5d] [%-5d] [%05d]", -42, -42, -42);
    SAME("[%2d] [%16lx] [%016lx]", 12345, 0xfaceUL, 0xfaceUL);
    SAME("[%*d] [%-*d] [%*d]", 6, 1, 6, 2, -6, 3);
    SAME("[%40u]", 1u); /* more padding than one run holds */
    SAME("[%8s] [%-8s] [%2s]", "abc", "abc", "abc");
    SAME("[%3c] [%-3c]", 'x', 'y');
}
END_TEST

START_TEST(strings)
{
    const char text[3] = {'a', 'b', 'c'}; /* not terminated: the precision ends it */

    SAME("%s %.2s %.9s %.0s|", "abc", "abc", "abc", "abc");
    SAME("%.*s %.*s", 2, "xyz", -1, "xyz");
    SAME("[%6.2s] [%-6.2s]", "abc", "abc");
    SAME("%.3s", text);
    SAME("100%% %c", 'z');
}
END_TEST

START_TEST(columns)
{
    char text[64];

    format_string(text, sizeof(text), "[%-5.5s][%5.5s][%-5.5s][%-5.5s]", "abcdef", "abcdef", "abcde", "ab");
    ck_assert_str_eq(text, "[abcd~][abcd~][abcde][ab   ]");
    format_string(text, sizeof(text), "[%1.5s][%1.5s]", "abcdef", "ab");
    ck_assert_str_eq(text, "[abcd~][ab]");
    format_string(text, sizeof(text), "[%-5.5s]",
                  "abc\xc3\xa9"
                  "f"); /* a character is not cut in two */
    ck_assert_str_eq(text, "[abc ~]");
    ck_assert_uint_eq(format_string(text, sizeof(text), "[%1.5s]", "abcdef"), 7);
}
END_TEST

START_TEST(pointers)
{
    char text[32];

    format_string(text, sizeof(text), "%p", (void *)(uintptr_t)0x40200000);
    ck_assert_str_eq(text, "0x40200000");
    format_string(text, sizeof(text), "%12p", (void *)NULL);
    ck_assert_str_eq(text, "         0x0");
}
END_TEST

START_TEST(null_and_unknown)
{
    const char *volatile null = NULL;              /* volatile: the compiler knows what it is otherwise */
    const char *odd[] = {"%y", "%5q|", "%l", "%"}; /* kept from the compiler, which would refuse them */
    char text[32];

    format_string(text, sizeof(text), "%s %.3s", null, null);
    ck_assert_str_eq(text, "(null) (nu");
    for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
        va_list none;

        memset(&none, 0, sizeof(none));
        format_string_v(text, sizeof(text), odd[i], none);
        ck_assert_str_eq(text, odd[i]);
    }
}
END_TEST

START_TEST(cut_to_the_buffer)
{
    char text[8] = "1234567";

    ck_assert_uint_eq(format_string(text, 4, "%s", "abcdef"), 6);
    ck_assert_str_eq(text, "abc");
    ck_assert_str_eq(text + 4, "567");
    ck_assert_uint_eq(format_string(text, 1, "%d", 12345), 5);
    ck_assert_str_eq(text, "");
    ck_assert_uint_eq(format_string(NULL, 0, "%d", 12345), 5);
    ck_assert_uint_eq(format_string(text, 7, "%s", "abcdef"), 6);
    ck_assert_str_eq(text, "abcdef");
}
END_TEST

struct counting_sink {
    struct text_sink sink;
    size_t runs, characters;
};

static void count(struct text_sink *sink, const char *text, size_t length)
{
    struct counting_sink *self = CONTAINER_OF(sink, struct counting_sink, sink);

    ck_assert_ptr_nonnull(text);
    ck_assert_uint_gt(length, 0);
    self->runs++;
    self->characters += length;
}

START_TEST(runs_are_never_empty)
{
    struct counting_sink counter = {.sink = {count}};

    ck_assert_uint_eq(format_to(&counter.sink, "%s%s%.0s%c%d", "", "a", "b", 'c', 5), 3);
    ck_assert_uint_eq(counter.characters, 3);
    ck_assert_uint_eq(counter.runs, 3);
    ck_assert_uint_eq(format_to(&counter.sink, "%s", ""), 0);
    ck_assert_uint_eq(counter.runs, 3);
}
END_TEST

START_TEST(huge_widths_are_cut)
{
    struct counting_sink counter = {.sink = {count}};
    volatile int huge = INT_MIN;

    format_to(&counter.sink, "%999999999d", 1);
    format_to(&counter.sink, "%*d", huge, 1);
    ck_assert_uint_le(counter.characters, 2 * 4096);
}
END_TEST

START_TEST(what_others_wrote_is_filtered)
{
    char text[64];

    ck_assert_uint_eq(format_string(text, sizeof(text), "<%s|%c>\n", "a\x9b\n\xe2\x80\xae", '\x1b'), 29);
    ck_assert_str_eq(text, "<a\\x9b\\x0a\\xe2\\x80\\xae|\\x1b>\n");
    format_string(text, sizeof(text), "[%8s] [%-8s] [%.2s]", "\x9b", "\x9b", "\xe2\x82\xac");
    ck_assert_str_eq(text, "[    \\x9b] [\\x9b    ] [\\xe2\\x82]");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, numbers);
    tcase_add_test(tests, widths);
    tcase_add_test(tests, strings);
    tcase_add_test(tests, columns);
    tcase_add_test(tests, pointers);
    tcase_add_test(tests, null_and_unknown);
    tcase_add_test(tests, cut_to_the_buffer);
    tcase_add_test(tests, runs_are_never_empty);
    tcase_add_test(tests, what_others_wrote_is_filtered);
    tcase_add_test(tests, huge_widths_are_cut);
}

int main(void)
{
    return suite_run("format", add_tests, NULL);
}
