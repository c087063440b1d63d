// SPDX-License-Identifier: Apache-2.0
/* Comparing words, finding the one that was meant, and what may be shown. */
#include "lib/text.h"

#include <check.h>
#include <string.h>

#include "support/suite.h"

START_TEST(equal)
{
    ck_assert(text_equal("", ""));
    ck_assert(text_equal("memory", "memory"));
    ck_assert(!text_equal("memory", "memor"));
    ck_assert(!text_equal("memor", "memory"));
    ck_assert(!text_equal("memory", "nemory"));
}
END_TEST

START_TEST(after)
{
    ck_assert_str_eq(text_after("xen,domain", "xen,"), "domain");
    ck_assert_str_eq(text_after("xen,", "xen,"), "");
    ck_assert_ptr_null(text_after("xe", "xen,"));
    ck_assert_ptr_null(text_after("linux,x", "xen,"));
}
END_TEST

static const struct {
    const char *a, *b;
    uint32_t distance;
} distances[] = {
    {"", "", 0},
    {"", "abc", 3},
    {"abc", "", 3},
    {"memory", "memory", 0},
    {"memroy", "memory", 1}, /* neighbours swapped */
    {"memor", "memory", 1},
    {"mmemory", "memory", 1},
    {"nemory", "memory", 1},
    {"vpl01l", "vpl011", 1},
    {"ca", "abc", 3}, /* a swapped pair is not edited again */
    {"kitten", "sitting", 3},
    {"cpus", "xen,path", 7},
};

START_TEST(distance)
{
    const char *a = distances[_i].a;
    const char *b = distances[_i].b;

    ck_assert_uint_eq(text_distance(a, strlen(a), b), distances[_i].distance);
    ck_assert_uint_eq(text_distance(b, strlen(b), a), distances[_i].distance);
}
END_TEST

START_TEST(distance_is_bounded)
{
    char word[200];

    memset(word, 'a', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    ck_assert_uint_eq(text_distance(word, TEXT_WORD_MAX, ""), TEXT_WORD_MAX);
    ck_assert_uint_eq(text_distance(word, TEXT_WORD_MAX + 1, "a"), UINT32_MAX);
    ck_assert_uint_eq(text_distance("a", 1, word), UINT32_MAX);
}
END_TEST

static const char *nearest_to(const char *word)
{
    static const char *const names[] = {"memory", "cpus", "vpl011", "xen,static-mem", "direct-map", "sve"};
    struct text_nearest nearest = text_nearest_start(word, strlen(word));

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        text_nearest_offer(&nearest, names[i]);
    return nearest.best;
}

START_TEST(nearest)
{
    ck_assert_str_eq(nearest_to("memroy"), "memory");
    ck_assert_str_eq(nearest_to("vpl01"), "vpl011");
    ck_assert_str_eq(nearest_to("cpu"), "cpus");
    ck_assert_str_eq(nearest_to("svee"), "sve");
    ck_assert_str_eq(nearest_to("xen,static_memo"), "xen,static-mem");
    ck_assert_ptr_null(nearest_to("colour"));
    ck_assert_ptr_null(nearest_to("xx")); /* a third of two characters is none */
    ck_assert_ptr_null(nearest_to(""));
}
END_TEST

/* ---- What is shown */

static char shown_text[256];

static const char *show(const char *text)
{
    size_t left = strlen(text), used = 0;

    while (left > 0) {
        struct text_shown shown = text_show(text, left);
        if (shown.taken == 0 || shown.taken > left)
            ck_abort_msg("%u of %zu bytes", shown.taken, left);
        memcpy(&shown_text[used], shown.text, shown.length);
        used += shown.length;
        text += shown.taken;
        left -= shown.taken;
    }
    shown_text[used] = '\0';
    return shown_text;
}

START_TEST(printable_is_shown_as_it_is)
{
    static const char *const texts[] = {"plain ~",          "caf\xc3\xa9",  "\xe2\x82\xac",
                                        "\xf0\x9f\x9a\xa2", "\xef\xbf\xbd", "\\x9b"};

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        ck_assert_str_eq(show(texts[i]), texts[i]);
}
END_TEST

static const struct {
    const char *text, *shown;
} escaped[] = {
    {"a\x1b[2Jb", "a\\x1b[2Jb"},
    {"\n\r\t\x7f", "\\x0a\\x0d\\x09\\x7f"},
    {"\x9b"
     "2J",
     "\\x9b2J"},
    {"\xff\x9b"
     "2J",
     "\\xff\\x9b2J"},                             /* C1 behind another high byte */
    {"\xc3\xa9\x9bm", "\xc3\xa9\\x9bm"},          /* and behind a whole character */
    {"\xc2\x9bm", "\\xc2\\x9bm"},                 /* C1 in UTF-8 */
    {"\xe2\x80\xae", "\\xe2\\x80\\xae"},          /* right-to-left override */
    {"\xe2\x81\xa6", "\\xe2\\x81\\xa6"},          /* isolate */
    {"\xd8\x9c", "\\xd8\\x9c"},                   /* Arabic letter mark */
    {"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},          /* line separator */
    {"\xe2\x80\x8b", "\\xe2\\x80\\x8b"},          /* zero width space */
    {"\xf3\xa0\x81\x81", "\\xf3\\xa0\\x81\\x81"}, /* a tag */
    {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* a surrogate */
    {"\xef\xbf\xbf", "\\xef\\xbf\\xbf"},          /* a noncharacter */
    {"\xc0\x9b", "\\xc0\\x9b"},                   /* overlong */
    {"\xe0\x82\x9b", "\\xe0\\x82\\x9b"},
    {"\xf0\x80\x80\x8a", "\\xf0\\x80\\x80\\x8a"},
    {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* beyond U+10FFFF */
    {"\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"},
    {"\xe2\x82", "\\xe2\\x82"}, /* cut short */
    {"\xe2\x82x", "\\xe2\\x82x"},
};

START_TEST(the_rest_is_escaped)
{
    ck_assert_str_eq(show(escaped[_i].text), escaped[_i].shown);
}
END_TEST

/* Whatever comes in: what is shown is shown as it is the next time, so it holds nothing that must not be. */
START_TEST(shown_once_is_shown_for_ever)
{
    char text[8], once[sizeof(shown_text)];
    uint32_t random = 1;

    for (unsigned i = 0; i < 20000; i++) {
        for (size_t j = 0; j < sizeof(text) - 1; j++) {
            random = random * 1664525 + 1013904223;
            text[j] = (char)(random >> 24 | 1);
        }
        text[sizeof(text) - 1] = '\0';
        memcpy(once, show(text), sizeof(once));
        if (strcmp(show(once), once) != 0)
            ck_abort_msg("\"%s\" is shown as \"%s\"", once, show(once));
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, equal);
    tcase_add_test(tests, after);
    tcase_add_loop_test(tests, distance, 0, (int)ARRAY_SIZE(distances));
    tcase_add_test(tests, distance_is_bounded);
    tcase_add_test(tests, nearest);
    tcase_add_test(tests, printable_is_shown_as_it_is);
    tcase_add_loop_test(tests, the_rest_is_escaped, 0, (int)ARRAY_SIZE(escaped));
    tcase_add_test(tests, shown_once_is_shown_for_ever);
}

int main(void)
{
    return suite_run("text", add_tests, NULL);
}
