// SPDX-License-Identifier: Apache-2.0
/* Comparing words, and finding the one that was meant. */
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

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, equal);
    tcase_add_test(tests, after);
    tcase_add_loop_test(tests, distance, 0, (int)ARRAY_SIZE(distances));
    tcase_add_test(tests, distance_is_bounded);
    tcase_add_test(tests, nearest);
}

int main(void)
{
    return suite_run("text", add_tests, NULL);
}
