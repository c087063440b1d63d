// SPDX-License-Identifier: Apache-2.0
/* Names of nodes. What else the writer does is read back by domain/test_guest_dt.c. */
#include <stdio.h>
#include <string.h>

#include "dt/dt_writer.h"
#include "support/suite.h"

/* As printf() writes them. */
START_TEST(addresses_are_hexadecimal_without_zeros_before)
{
    static const uint64_t addresses[] = {0,          1,           0xf,         0x10,       0xab,      0x100,
                                         0x22000000, 0x200000000, 0xfffffffff, 1ULL << 60, UINT64_MAX};
    char name[DT_NODE_NAME_MAX], expected[DT_NODE_NAME_MAX];

    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
        snprintf(expected, sizeof(expected), "memory@%llx", (unsigned long long)addresses[i]);
        dt_node_name(name, "memory", addresses[i]);
        ck_assert_str_eq(name, expected);
    }
}
END_TEST

START_TEST(the_longest_name_fits)
{
    struct {
        char name[DT_NODE_NAME_MAX];
        char behind;
    } buffer = {.behind = 'x'};

    dt_node_name(buffer.name, "abcdefghijklmnopqrstuvwxyz01234", UINT64_MAX);
    ck_assert_str_eq(buffer.name, "abcdefghijklmnopqrstuvwxyz01234@ffffffffffffffff");
    ck_assert_uint_eq(strlen(buffer.name) + 1, sizeof(buffer.name));
    ck_assert_int_eq(buffer.behind, 'x');
}
END_TEST

START_TEST(a_longer_one_is_cut)
{
    char name[DT_NODE_NAME_MAX];

    dt_node_name(name, "abcdefghijklmnopqrstuvwxyz0123456", UINT64_MAX);
    ck_assert_str_eq(name, "abcdefghijklmnopqrstuvwxyz01234@ffffffffffffffff");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, addresses_are_hexadecimal_without_zeros_before);
    tcase_add_test(tests, the_longest_name_fits);
    tcase_add_test(tests, a_longer_one_is_cut);
}

int main(void)
{
    return suite_run("writer", add_tests, NULL);
}
