// SPDX-License-Identifier: Apache-2.0
/* The ledger: by example, and against lists that are compared pair by pair. */
#include "plan/ledger.h"

#include <check.h>
#include <string.h>

#include "lib/types.h"
#include "support/shrink.h"
#include "support/suite.h"
#include "unit/mem/random.h"

static struct ledger ledger;

static void setup(void)
{
    ledger.count = 0;
}

static struct claim make(owner_t owner, enum claim_kind kind, enum claim_mode mode, uint64_t base, uint64_t end)
{
    return claim_of(owner, kind, mode, (struct region){base, end}, "thing");
}

static hv_status claim(owner_t owner, enum claim_kind kind, enum claim_mode mode, uint64_t base, uint64_t end)
{
    const struct claim wanted = make(owner, kind, mode, base, end);

    return ledger_claim(&ledger, &wanted, NULL);
}

static hv_status claim_ram(owner_t owner, uint64_t base, uint64_t end)
{
    return claim(owner, CLAIM_RAM, CLAIM_EXCLUSIVE, base, end);
}

START_TEST(a_conflict_names_who_has_it)
{
    struct claim wanted = make(owner_domain(1), CLAIM_RAM, CLAIM_EXCLUSIVE, 0x1fff, 0x4000);
    const struct claim *other;

    ck_assert_int_eq(claim_ram(owner_domain(0), 0x3000, 0x5000), HV_OK);
    ck_assert_int_eq(claim_ram(OWNER_HYPERVISOR, 0x1000, 0x2000), HV_OK);
    ck_assert_int_eq(ledger_claim(&ledger, &wanted, &other), HV_E_OVERLAP);
    ck_assert_uint_eq(other->owner, OWNER_HYPERVISOR); /* the lower one of two */
    wanted = make(owner_domain(1), CLAIM_RAM, CLAIM_EXCLUSIVE, 0x2000, 0x4000);
    ck_assert_int_eq(ledger_claim(&ledger, &wanted, &other), HV_E_OVERLAP);
    ck_assert_uint_eq(other->owner, owner_domain(0));
    wanted = make(owner_domain(1), CLAIM_RAM, CLAIM_EXCLUSIVE, 0x2000, 0x3000);
    ck_assert_int_eq(ledger_claim(&ledger, &wanted, &other), HV_OK);
    ck_assert_ptr_null(other);
    ck_assert_uint_eq(ledger.count, 3);
}
END_TEST

START_TEST(the_owner_itself_claims_nothing_twice)
{
    ck_assert_int_eq(claim_ram(owner_domain(0), 0x1000, 0x2000), HV_OK);
    ck_assert_int_eq(claim_ram(owner_domain(0), 0x1000, 0x2000), HV_E_OVERLAP);
}
END_TEST

START_TEST(what_is_shared_begins_at_one_place)
{
    ck_assert_int_eq(claim(owner_domain(0), CLAIM_RAM, CLAIM_READ_ONLY, 0x1000, 0x2000), HV_OK);
    ck_assert_int_eq(claim(owner_domain(1), CLAIM_RAM, CLAIM_READ_ONLY, 0x1000, 0x3000), HV_OK);
    ck_assert_int_eq(claim(owner_domain(2), CLAIM_RAM, CLAIM_READ_ONLY, 0x1800, 0x1900), HV_E_OVERLAP);
    ck_assert_int_eq(claim(owner_domain(2), CLAIM_RAM, CLAIM_SHARED, 0x1000, 0x2000), HV_E_OVERLAP);
    ck_assert_int_eq(claim_ram(owner_domain(2), 0x1000, 0x2000), HV_E_OVERLAP);
    ck_assert_int_eq(claim(owner_domain(2), CLAIM_RAM, CLAIM_SHARED, 0x3000, 0x4000), HV_OK);
    ck_assert_int_eq(claim(owner_domain(0), CLAIM_RAM, CLAIM_SHARED, 0x3000, 0x4000), HV_OK);
}
END_TEST

START_TEST(numbers_of_a_domain_are_its_own)
{
    ck_assert_int_eq(claim(owner_domain(0), CLAIM_GUEST_INTID, CLAIM_EXCLUSIVE, 32, 33), HV_OK);
    ck_assert_int_eq(claim(owner_domain(1), CLAIM_GUEST_INTID, CLAIM_EXCLUSIVE, 32, 33), HV_OK);
    ck_assert_int_eq(claim(owner_domain(1), CLAIM_GUEST_ADDRESS, CLAIM_EXCLUSIVE, 32, 33), HV_OK);
    ck_assert_int_eq(claim(owner_domain(1), CLAIM_INTID, CLAIM_EXCLUSIVE, 32, 33), HV_OK);
    ck_assert_int_eq(claim(owner_domain(0), CLAIM_INTID, CLAIM_EXCLUSIVE, 32, 33), HV_E_OVERLAP);
    ck_assert_int_eq(claim(owner_domain(0), CLAIM_GUEST_INTID, CLAIM_EXCLUSIVE, 30, 40), HV_E_OVERLAP);
}
END_TEST

START_TEST(nothing_is_claimed_by_an_empty_range)
{
    ck_assert_int_eq(claim_ram(owner_domain(0), 0x1000, 0x1000), HV_OK);
    ck_assert_int_eq(claim_ram(owner_domain(0), 0x1000, 0x800), HV_OK);
    ck_assert_uint_eq(ledger.count, 0);
}
END_TEST

START_TEST(the_rest_of_a_range)
{
    const struct claim wanted = make(OWNER_FIRMWARE, CLAIM_RAM, CLAIM_EXCLUSIVE, 0x1000, 0x9000);
    static const struct region expected[] = {{0x1000, 0x2000}, {0x2000, 0x3000}, {0x3000, 0x5000},
                                             {0x5000, 0x6000}, {0x6000, 0x8000}, {0x8000, 0xa000}};

    ck_assert_int_eq(claim_ram(owner_domain(0), 0x2000, 0x3000), HV_OK);
    ck_assert_int_eq(claim_ram(owner_domain(0), 0x5000, 0x6000), HV_OK);
    ck_assert_int_eq(claim_ram(owner_domain(0), 0x8000, 0xa000), HV_OK);
    ck_assert_int_eq(ledger_claim_rest(&ledger, &wanted), HV_OK);
    ck_assert_uint_eq(ledger.count, ARRAY_SIZE(expected));
    for (unsigned i = 0; i < ARRAY_SIZE(expected); i++) {
        ck_assert_uint_eq(ledger.list[i].base, expected[i].base);
        ck_assert_uint_eq(claim_range(&ledger.list[i]).end, expected[i].end);
        ck_assert_uint_eq(ledger.list[i].owner, i % 2 == 0 && i < 5 ? OWNER_FIRMWARE : owner_domain(0));
    }
}
END_TEST

START_TEST(a_full_ledger_stays_as_it_is)
{
    const struct claim wanted = make(OWNER_FIRMWARE, CLAIM_RAM, CLAIM_EXCLUSIVE, 0, 0x100000);
    const struct claim *other = &wanted;
    struct claim last;

    for (uint64_t i = 0; i < LEDGER_MAX; i++)
        ck_assert_int_eq(claim_ram(owner_domain(0), i * 32, i * 32 + 16), HV_OK);
    last = ledger.list[LEDGER_MAX - 1];
    struct claim one_more = make(owner_domain(1), CLAIM_RAM, CLAIM_EXCLUSIVE, 16, 32);
    ck_assert_int_eq(ledger_claim(&ledger, &one_more, &other), HV_E_FULL);
    ck_assert_ptr_null(other);
    ck_assert_int_eq(ledger_claim_rest(&ledger, &wanted), HV_E_FULL);
    ck_assert_uint_eq(ledger.count, LEDGER_MAX);
    ck_assert_mem_eq(&last, &ledger.list[LEDGER_MAX - 1], sizeof(last));
    ledger_drop(&ledger, owner_domain(0));
    ck_assert_uint_eq(ledger.count, 0);
}
END_TEST

#define MODEL_MAX 400
#define UNITS 48

struct model {
    unsigned count;
    struct claim list[MODEL_MAX];
};

static bool one_space(const struct claim *a, const struct claim *b)
{
    bool own = a->kind == CLAIM_GUEST_ADDRESS || a->kind == CLAIM_GUEST_INTID;

    return a->kind == b->kind && (!own || a->owner == b->owner);
}

static bool in_the_way(const struct claim *a, const struct claim *b)
{
    if (!one_space(a, b) || claim_range(a).end <= b->base || claim_range(b).end <= a->base)
        return false;
    return a->mode == CLAIM_EXCLUSIVE || a->mode != b->mode || (a->base != b->base && a->kind != CLAIM_CPU);
}

/** The lowest base of what is in the way; UINT64_MAX: nothing is. */
static uint64_t lowest_in_the_way(const struct model *model, const struct claim *wanted)
{
    uint64_t lowest = UINT64_MAX;

    for (unsigned i = 0; i < model->count; i++)
        if (in_the_way(&model->list[i], wanted))
            lowest = min_u64(lowest, model->list[i].base);
    return lowest;
}

static struct claim draw(struct choices *choices)
{
    uint64_t base = choose(choices, UNITS);
    static const owner_t owners[] = {OWNER_HYPERVISOR, 1, 2, 3, OWNER_FIRMWARE};

    return make(owners[choose(choices, ARRAY_SIZE(owners))], (enum claim_kind)choose(choices, CLAIM_GUEST_INTID + 1),
                (enum claim_mode)choose(choices, CLAIM_READ_ONLY + 1), base, base + choose(choices, 6));
}

static void drop(struct model *model, owner_t owner)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < model->count; i++)
        if (model->list[i].owner != owner)
            model->list[kept++] = model->list[i];
    model->count = kept;
    ledger_drop(&ledger, owner);
}

static void enter(struct model *model, const struct claim *wanted)
{
    uint64_t lowest = lowest_in_the_way(model, wanted);
    const struct claim *other = wanted;
    hv_status status = ledger_claim(&ledger, wanted, &other);

    if (wanted->size == 0) {
        REQUIRE(status == HV_OK);
        return;
    }
    REQUIRE(status == (lowest != UINT64_MAX ? HV_E_OVERLAP : HV_OK));
    REQUIRE((other != NULL) == (lowest != UINT64_MAX) && (other == NULL || other->base == lowest));
    if (status == HV_OK && model->count < MODEL_MAX)
        model->list[model->count++] = *wanted;
}

static bool owned(const struct claim *list, unsigned count, const struct claim *unit)
{
    for (unsigned i = 0; i < count; i++)
        if (one_space(&list[i], unit) && list[i].base < claim_range(unit).end && unit->base < claim_range(&list[i]).end)
            return true;
    return false;
}

/** What was free of it is its now, all of it; nothing else has changed. */
static void enter_rest(struct model *model, const struct claim *wanted)
{
    REQUIRE(ledger_claim_rest(&ledger, wanted) == HV_OK);
    for (uint64_t at = wanted->base; at < claim_range(wanted).end; at++) {
        struct claim unit = *wanted;
        unit.base = at;
        unit.size = 1;
        REQUIRE(owned(ledger.list, ledger.count, &unit));
    }
    for (unsigned i = 0; i < ledger.count; i++) {
        const struct claim *entered = &ledger.list[i];
        bool old = false;
        for (unsigned j = 0; j < model->count; j++)
            old |= memcmp(entered, &model->list[j], sizeof(*entered)) == 0;
        if (old)
            continue;
        REQUIRE(entered->owner == wanted->owner && entered->kind == wanted->kind && entered->mode == wanted->mode);
        REQUIRE(!owned(model->list, model->count, entered));
        REQUIRE(entered->base >= wanted->base && claim_range(entered).end <= claim_range(wanted).end);
    }
    memcpy(model->list, ledger.list, ledger.count * sizeof(ledger.list[0]));
    model->count = ledger.count;
}

static void assert_sorted(const struct model *model)
{
    REQUIRE(ledger.count == model->count);
    for (unsigned i = 1; i < ledger.count; i++) {
        const struct claim *a = &ledger.list[i - 1];
        const struct claim *b = &ledger.list[i];
        REQUIRE(a->kind <= b->kind);
        if (one_space(a, b))
            REQUIRE(a->base <= b->base);
    }
}

static void random_claims(struct choices *choices)
{
    struct model model = {.count = 0};

    setup();
    for (unsigned step = 0; step < 400 && choose_step(choices); step++) {
        struct claim wanted = draw(choices);
        unsigned what = (unsigned)choose(choices, 20);
        if (what == 0 || model.count > MODEL_MAX / 2)
            drop(&model, wanted.owner);
        else if (what == 1)
            enter_rest(&model, &wanted);
        else
            enter(&model, &wanted);
        assert_sorted(&model);
    }
}

START_TEST(random_claims_agree_with_a_list)
{
    shrink_run(random_claims, 1, 40);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_conflict_names_who_has_it);
    tcase_add_test(tests, the_owner_itself_claims_nothing_twice);
    tcase_add_test(tests, what_is_shared_begins_at_one_place);
    tcase_add_test(tests, numbers_of_a_domain_are_its_own);
    tcase_add_test(tests, nothing_is_claimed_by_an_empty_range);
    tcase_add_test(tests, the_rest_of_a_range);
    tcase_add_test(tests, a_full_ledger_stays_as_it_is);
    tcase_add_test(tests, random_claims_agree_with_a_list);
}

int main(void)
{
    return suite_run("ledger", add_tests, setup);
}
