// SPDX-License-Identifier: Apache-2.0
/* What the plan decides on account of a domain's parts. */
#include "plan/plan.h"
#include "support/parts.h"
#include "support/suite.h"

/* A guest's distributor counts its SPIs by 32. */
START_TEST(spis_follow_the_map)
{
    static const struct {
        uint32_t intid, spis;
    } cases[] = {{32, 32}, {63, 32}, {64, 64}, {77, 64}, {991, 960}};
    const struct domain_config with = {.parts = part_bits("vpl011")}, without = {.parts = part_bits(NULL)};
    struct guest_map map = guest_map_xen;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        map.uart_intid = cases[i].intid;
        ck_assert_uint_eq(plan_part_spis(&with, &map), cases[i].spis);
        ck_assert_uint_eq(plan_part_spis(&without, &map), 0);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, spis_follow_the_map);
}

int main(void)
{
    return suite_run("parts", add_tests, NULL);
}
