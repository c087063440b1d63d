/* SPDX-License-Identifier: Apache-2.0 */
/* What test_stage2.c expects of random operations: an array of pages in each of some places where something can go
 * wrong. Uses that file's tables, walker and TLB. */
#ifndef BULKHEAD_TESTS_STAGE2_MODEL_H
#define BULKHEAD_TESTS_STAGE2_MODEL_H

#define SPOT_PAGES 1536 /* 6 MiB in each of some spots where something can go wrong */

struct model_page {
    bool mapped;
    uint64_t pa;
    enum stage2_kind kind;
};

struct spot {
    uint64_t base;
    struct model_page pages[SPOT_PAGES];
};

static struct spot spots[4];

static void start_spots(unsigned ipa_bits)
{
    const uint64_t bases[] = {0, GIB(1) - MIB(2), GIB(512) - MIB(4), (1ULL << ipa_bits) - SPOT_PAGES * PAGE_SIZE};

    memset(spots, 0, sizeof(spots));
    for (unsigned i = 0; i < ARRAY_SIZE(spots); i++)
        spots[i].base = bases[i];
}

static void assert_like(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(spots); i++) {
        for (unsigned page = 0; page < SPOT_PAGES; page++) {
            const struct model_page *expected = &spots[i].pages[page];
            struct translation found = walk(spots[i].base + page * PAGE_SIZE);
            REQUIRE(found.valid == expected->mapped);
            REQUIRE(!found.valid || found.pa == expected->pa);
        }
    }
    assert_tlb_true();
    assert_pool_kept();
}

static void model_map(struct spot *spot, unsigned first, unsigned count, struct choices *choices)
{
    enum stage2_kind kind = (enum stage2_kind)choose(choices, 4);
    uint64_t base = spot->base + first * PAGE_SIZE;
    /* Half the time with the same offset into a block, so that blocks are possible. */
    uint64_t target = GIB(3) + choose(choices, 512) * (choose_chance(choices, 60) ? BLOCK_SIZE : PAGE_SIZE);
    target += base % BLOCK_SIZE;
    bool free = true;

    for (unsigned i = first; i < first + count; i++)
        free = free && !spot->pages[i].mapped;
    hv_status status = stage2_map(&stage2, ipa(base), pa(target), count * PAGE_SIZE, kind);
    REQUIRE(status == (free ? HV_OK : HV_E_OVERLAP) || (free && status == HV_E_NOMEM));
    for (unsigned i = first; status == HV_OK && i < first + count; i++)
        spot->pages[i] = (struct model_page){true, target + (i - first) * PAGE_SIZE, kind};
}

static void model_unmap(struct spot *spot, unsigned first, unsigned count)
{
    hv_status status = stage2_unmap(&stage2, ipa(spot->base + first * PAGE_SIZE), count * PAGE_SIZE);

    REQUIRE(status == HV_OK || status == HV_E_NOMEM);
    for (unsigned i = first; status == HV_OK && i < first + count; i++)
        spot->pages[i].mapped = false;
}

static void model_lookup(const struct spot *spot, unsigned page)
{
    struct stage2_mapping mapping;
    hv_status status = stage2_lookup(&stage2, ipa(spot->base + page * PAGE_SIZE + 0x10), &mapping);

    REQUIRE(status == (spot->pages[page].mapped ? HV_OK : HV_E_MISSING));
    REQUIRE(status != HV_OK ||
            (mapping.pa.raw == spot->pages[page].pa + 0x10 && mapping.kind == spot->pages[page].kind));
}

#endif
