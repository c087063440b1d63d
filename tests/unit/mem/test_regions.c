// SPDX-License-Identifier: Apache-2.0
/* Region sets: by example, at the ends of the address space, and against a bitmap that cannot be wrong. */
#include "mem/regions.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support/shrink.h"
#include "support/suite.h"
#include "unit/mem/random.h"

#define TOP (UINT64_MAX - 0xfff)

static struct region_set set;

static void setup(void)
{
    set.count = 0;
}

static void assert_regions(unsigned count, const struct region *expected)
{
    ck_assert_uint_eq(set.count, count);
    for (unsigned i = 0; i < count; i++) {
        ck_assert_uint_eq(set.list[i].base, expected[i].base);
        ck_assert_uint_eq(set.list[i].end, expected[i].end);
    }
}

#define ASSERT_REGIONS(...)                                                                                            \
    do {                                                                                                               \
        const struct region expected[] = {__VA_ARGS__};                                                                \
        assert_regions(ARRAY_SIZE(expected), expected);                                                                \
    } while (0)

START_TEST(adjacent_and_overlapping_ranges_merge)
{
    ck_assert_int_eq(regions_add(&set, 0x3000, 0x1000), HV_OK);
    ck_assert_int_eq(regions_add(&set, 0x1000, 0x1000), HV_OK);
    ASSERT_REGIONS({0x1000, 0x2000}, {0x3000, 0x4000});
    ck_assert_int_eq(regions_add(&set, 0x4000, 0x1000), HV_OK);
    ASSERT_REGIONS({0x1000, 0x2000}, {0x3000, 0x5000});
    ck_assert_int_eq(regions_add(&set, 0x1800, 0x1801), HV_OK);
    ASSERT_REGIONS({0x1000, 0x5000});
    ck_assert_int_eq(regions_add(&set, 0x2000, 0x10), HV_OK);
    ASSERT_REGIONS({0x1000, 0x5000});
}
END_TEST

START_TEST(removing_cuts_and_splits)
{
    ck_assert_int_eq(regions_add(&set, 0x1000, 0x4000), HV_OK);
    ck_assert_int_eq(regions_add(&set, 0x8000, 0x1000), HV_OK);
    ck_assert_int_eq(regions_remove(&set, 0x2000, 0x1000), HV_OK);
    ASSERT_REGIONS({0x1000, 0x2000}, {0x3000, 0x5000}, {0x8000, 0x9000});
    ck_assert_int_eq(regions_remove(&set, 0x1800, 0x7000), HV_OK);
    ASSERT_REGIONS({0x1000, 0x1800}, {0x8800, 0x9000});
    ck_assert_int_eq(regions_remove(&set, 0x1800, 0x7000), HV_OK);
    ck_assert_int_eq(regions_remove(&set, 0x1400, 0), HV_OK);
    ASSERT_REGIONS({0x1000, 0x1800}, {0x8800, 0x9000});
    ck_assert_int_eq(regions_remove(&set, 0, 0x10000), HV_OK);
    ck_assert_uint_eq(set.count, 0);
}
END_TEST

START_TEST(nothing_wraps)
{
    ck_assert_int_eq(regions_add(&set, 0x1000, 0), HV_E_RANGE);
    ck_assert_int_eq(regions_add(&set, TOP, 0x1000), HV_E_RANGE); /* its end would be 2^64 */
    ck_assert_int_eq(regions_add(&set, 0x1000, UINT64_MAX), HV_E_RANGE);
    ck_assert_uint_eq(set.count, 0);
    ck_assert_int_eq(regions_add(&set, TOP, 0xfff), HV_OK);
    ck_assert_int_eq(regions_remove(&set, TOP, 0x1000), HV_E_RANGE);
    ASSERT_REGIONS({TOP, UINT64_MAX});
    ck_assert(regions_contain(&set, TOP, 0xfff));
    ck_assert(!regions_contain(&set, TOP, 0x1000));
    ck_assert(!regions_contain(&set, TOP, UINT64_MAX));
    ck_assert(!regions_contain(&set, TOP, 0));
    ck_assert_ptr_nonnull(regions_overlap(&set, TOP - 1, UINT64_MAX));
    ck_assert_ptr_null(regions_overlap(&set, 0, TOP));
    ck_assert_ptr_null(regions_overlap(&set, TOP, 0));
}
END_TEST

START_TEST(overlap_is_exact_to_the_byte)
{
    ck_assert_int_eq(regions_add(&set, 0x1000, 0x1000), HV_OK);
    ck_assert_ptr_null(regions_overlap(&set, 0x800, 0x800));
    ck_assert_ptr_nonnull(regions_overlap(&set, 0x800, 0x801));
    ck_assert_ptr_nonnull(regions_overlap(&set, 0x1fff, 1));
    ck_assert_ptr_null(regions_overlap(&set, 0x2000, 1));
}
END_TEST

START_TEST(take_near_the_top_does_not_wrap)
{
    uint64_t base = 1;

    ck_assert_int_eq(regions_add(&set, UINT64_MAX - 0x2fff, 0x2fff), HV_OK);
    /* align_up() of the base wraps to 0 here. */
    ck_assert_int_eq(regions_take(&set, 0x10, 1ULL << 63, false, &base), HV_E_NOMEM);
    ck_assert_int_eq(regions_take(&set, 0x10, 1ULL << 63, true, &base), HV_E_NOMEM);
    ck_assert_uint_eq(base, 1);
    ck_assert_int_eq(regions_take(&set, 0x1000, 0x1000, true, &base), HV_OK);
    ck_assert_uint_eq(base, UINT64_MAX - 0x1fff);
}
END_TEST

START_TEST(take_chooses_the_lowest_or_the_highest)
{
    uint64_t base;

    ck_assert_int_eq(regions_add(&set, 0x1100, 0x1000), HV_OK);
    ck_assert_int_eq(regions_add(&set, 0x4100, 0x3000), HV_OK);
    ck_assert_int_eq(regions_add(&set, 0x9000, 0x800), HV_OK);
    ck_assert_int_eq(regions_take(&set, 0x1000, 0x1000, false, &base), HV_OK);
    ck_assert_uint_eq(base, 0x5000);
    ASSERT_REGIONS({0x1100, 0x2100}, {0x4100, 0x5000}, {0x6000, 0x7100}, {0x9000, 0x9800});
    ck_assert_int_eq(regions_take(&set, 0x1000, 0x100, true, &base), HV_OK);
    ck_assert_uint_eq(base, 0x6100);
    ck_assert_int_eq(regions_take(&set, 0x1001, 1, false, &base), HV_E_NOMEM);
    ck_assert_int_eq(regions_take(&set, 0, 1, false, &base), HV_E_NOMEM);
    ASSERT_REGIONS({0x1100, 0x2100}, {0x4100, 0x5000}, {0x6000, 0x6100}, {0x9000, 0x9800});
    ck_assert_uint_eq(regions_total(&set), 0x1000 + 0xf00 + 0x100 + 0x800);
}
END_TEST

START_TEST(a_full_set_stays_as_it_is)
{
    struct region_set before;
    uint64_t base;

    for (uint64_t i = 0; i < HV_MAX_REGIONS; i++)
        ck_assert_int_eq(regions_add(&set, i * 0x1000, 0x800), HV_OK);
    memcpy(&before, &set, sizeof(set));
    ck_assert_int_eq(regions_add(&set, HV_MAX_REGIONS * 0x1000, 0x800), HV_E_FULL);
    ck_assert_int_eq(regions_remove(&set, 0x100, 0x100), HV_E_FULL);
    ck_assert_int_eq(regions_take(&set, 0x80, 0x400, true, &base), HV_E_FULL);
    ck_assert_mem_eq(&before, &set, sizeof(set));
    ck_assert_int_eq(regions_add(&set, 0x800, 0x800), HV_OK); /* closes a gap: one range fewer */
    ck_assert_int_eq(regions_remove(&set, 0x100, 0x100), HV_OK);
}
END_TEST

/* The model: a bit for each of UNITS units of 16 bytes from an origin. */
#define UNITS 640
#define UNIT 16

struct model {
    uint64_t origin;
    bool in[UNITS];
};

static unsigned model_runs(const struct model *model)
{
    unsigned runs = 0;

    for (unsigned i = 0; i < UNITS; i++)
        runs += model->in[i] && (i == 0 || !model->in[i - 1]);
    return runs;
}

static void assert_like(const struct model *model)
{
    unsigned index = 0;
    uint64_t total = 0;

    for (unsigned i = 0; i < UNITS; i++) {
        uint64_t address = model->origin + (uint64_t)i * UNIT;
        total += model->in[i] ? UNIT : 0;
        if (model->in[i] && (i == 0 || !model->in[i - 1])) {
            REQUIRE(index < set.count);
            REQUIRE(set.list[index].base == address);
        }
        if (model->in[i] && (i + 1 == UNITS || !model->in[i + 1]))
            REQUIRE(set.list[index++].end == address + UNIT);
    }
    REQUIRE(index == set.count);
    REQUIRE(regions_total(&set) == total);
}

static bool all_in(const struct model *model, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        if (!model->in[i])
            return false;
    }
    return count != 0;
}

static bool any_in(const struct model *model, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        if (model->in[i])
            return true;
    }
    return false;
}

/** Where a take must find its place. @return UNITS if nowhere. Places are counted in whole units: so are all ranges
 * here. */
static unsigned model_place(const struct model *model, unsigned count, uint64_t alignment, bool from_top)
{
    for (unsigned step = 0; step + count <= UNITS; step++) {
        unsigned i = from_top ? UNITS - count - step : step;
        if (is_aligned(model->origin + (uint64_t)i * UNIT, alignment) && all_in(model, i, count))
            return i;
    }
    return UNITS;
}

static void change(struct model *model, unsigned first, unsigned count, bool in, hv_status status)
{
    struct model changed = *model;

    for (unsigned i = first; i < first + count; i++)
        changed.in[i] = in;
    REQUIRE(status == (model_runs(&changed) > HV_MAX_REGIONS ? HV_E_FULL : HV_OK));
    if (status == HV_OK)
        *model = changed;
}

static void take(struct model *model, struct choices *choices)
{
    unsigned count = 1 + (unsigned)choose(choices, 12);
    uint64_t alignment = UNIT << choose(choices, 5);
    bool from_top = choose_chance(choices, 50);
    unsigned place = model_place(model, count, alignment, from_top);
    uint64_t base;

    choices_say(choices, "take %u units aligned to %#llx from the %s", count, (unsigned long long)alignment,
                from_top ? "top" : "bottom");
    hv_status status = regions_take(&set, (uint64_t)count * UNIT, alignment, from_top, &base);

    if (place == UNITS) {
        REQUIRE(status == HV_E_NOMEM);
        return;
    }
    change(model, place, count, false, status);
    if (status == HV_OK)
        REQUIRE(base == model->origin + (uint64_t)place * UNIT);
}

static void ask(const struct model *model, unsigned first, unsigned count)
{
    uint64_t base = model->origin + (uint64_t)first * UNIT;
    uint64_t size = (uint64_t)count * UNIT;
    const struct region *found = regions_find(&set, base + 3);

    REQUIRE(regions_contain(&set, base, size) == all_in(model, first, count));
    REQUIRE((regions_overlap(&set, base, size) != NULL) == any_in(model, first, count));
    REQUIRE((found != NULL) == model->in[first]);
    if (found != NULL)
        REQUIRE(found->base <= base && base + UNIT <= found->end);
}

static void random_step(struct model *model, struct choices *choices)
{
    static const char *const names[] = {"add", "remove", "take", "ask about"};
    unsigned kind = (unsigned)choose(choices, ARRAY_SIZE(names));
    unsigned first = (unsigned)choose(choices, UNITS);
    unsigned longest = choose_chance(choices, 4) ? UNITS - first : (unsigned)min_u64(UNITS - first, 6);
    unsigned count = 1 + (unsigned)choose(choices, longest);
    uint64_t base = model->origin + (uint64_t)first * UNIT;

    if (kind == 2) {
        take(model, choices);
        return;
    }
    choices_say(choices, "%s %u units from %u", names[kind], count, first);
    if (kind == 0)
        change(model, first, count, true, regions_add(&set, base, (uint64_t)count * UNIT));
    else if (kind == 1)
        change(model, first, count, false, regions_remove(&set, base, (uint64_t)count * UNIT));
    else
        ask(model, first, count);
}

static void random_operations(struct choices *choices)
{
    static const uint64_t origins[] = {0, 0x40000000, (UINT64_MAX - UNITS * UNIT) & ~(uint64_t)(UNIT - 1)};
    struct model model = {.origin = origins[choose(choices, ARRAY_SIZE(origins))]};

    set.count = 0;
    choices_say(choices, "units of %u bytes from %#llx", UNIT, (unsigned long long)model.origin);
    for (unsigned step = 0; step < 6000 && choose_step(choices); step++) {
        random_step(&model, choices);
        assert_like(&model);
    }
}

START_TEST(random_operations_agree_with_a_bitmap)
{
    shrink_run(random_operations, 1, 9);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, adjacent_and_overlapping_ranges_merge);
    tcase_add_test(tests, removing_cuts_and_splits);
    tcase_add_test(tests, nothing_wraps);
    tcase_add_test(tests, overlap_is_exact_to_the_byte);
    tcase_add_test(tests, take_near_the_top_does_not_wrap);
    tcase_add_test(tests, take_chooses_the_lowest_or_the_highest);
    tcase_add_test(tests, a_full_set_stays_as_it_is);
    tcase_add_test(tests, random_operations_agree_with_a_bitmap);
}

int main(void)
{
    return suite_run("regions", add_tests, setup);
}
