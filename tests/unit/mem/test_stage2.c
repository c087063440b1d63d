// SPDX-License-Identifier: Apache-2.0
/* Stage-2 tables: written by core, read here by a walker of its own (Arm ARM D8.2, D8.3), and watched through a TLB
 * that keeps every translation until it is told to drop it. */
#include "mem/stage2.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support/shrink.h"
#include "support/suite.h"
#include "unit/mem/random.h"

#define POOL_BASE 0x8000010000ULL /* above 32 bits, aligned to 16 pages */
#define POOL_PAGES 64

static _Alignas(4096) uint8_t pool[POOL_PAGES * PAGE_SIZE];
static struct stage2 stage2;

/* ---- The machine that core believes in. */

struct translation {
    bool valid;
    uint64_t pa;
    uint64_t leaf_size;
    uint64_t attributes; /* of the descriptor, without address and type */
};

struct cached {
    uint64_t page;
    struct translation translation;
};

static struct {
    struct cached tlb[4096];
    unsigned tlb_count;
    unsigned locked;
    unsigned publishes, invalidations;
    struct region invalidated; /* the last one */
    uint32_t in_use;           /* pages, when that was invalidated */
} machine;

void arch_spin_lock(struct arch_spinlock *lock)
{
    REQUIRE(lock == &stage2.lock && machine.locked == 0);
    machine.locked = 1;
}

void arch_spin_unlock(struct arch_spinlock *lock)
{
    REQUIRE(lock == &stage2.lock && machine.locked == 1);
    machine.locked = 0;
}

void arch_stage2_publish(void)
{
    machine.publishes++;
}

static uint64_t read_entry(uint64_t table, uint64_t index)
{
    uint64_t value;

    REQUIRE(table >= POOL_BASE && table + index * 8 < POOL_BASE + sizeof(pool));
    memcpy(&value, pool + (table - POOL_BASE) + index * 8, 8);
    return value;
}

static uint32_t pages_in_use(void)
{
    uint32_t listed = 0;

    for (uint32_t next = stage2.free_list; next != 0; listed++)
        next = (uint32_t)(read_entry(POOL_BASE + (uint64_t)(next - 1) * PAGE_SIZE, 0) >> 1);
    return stage2.pool_used - listed;
}

/** One level of the walk. The root is indexed by all bits that are left, concatenated tables being one array. */
static struct translation walk_level(uint64_t table, int level, uint64_t address, bool root)
{
    unsigned shift = 12 + 9 * (3 - (unsigned)level);
    uint64_t index = root ? address >> shift : address >> shift & 511;
    uint64_t entry = read_entry(table, index);
    uint64_t output = entry & 0xfffffffff000;

    if ((entry & 1) == 0 || (level == 3 && (entry & 2) == 0))
        return (struct translation){.valid = false};
    if (level < 3 && (entry & 2) != 0)
        return walk_level(output, level + 1, address, false);
    REQUIRE(level > 0); /* no blocks of 512 GiB with this granule */
    REQUIRE(output % (1ULL << shift) == 0);
    return (struct translation){true, output + address % (1ULL << shift), 1ULL << shift, entry & ~0xfffffffff003ULL};
}

static struct translation walk(uint64_t address)
{
    return walk_level(stage2.arch.root.raw, stage2.arch.start_level, address, true);
}

/** An access of the guest: hits, or walks and keeps what it finds. */
static struct translation guest_access(uint64_t address)
{
    for (unsigned i = 0; i < machine.tlb_count; i++) {
        if (machine.tlb[i].page == address / PAGE_SIZE)
            return machine.tlb[i].translation;
    }
    struct translation translation = walk(align_down(address, PAGE_SIZE));
    if (translation.valid && machine.tlb_count < ARRAY_SIZE(machine.tlb))
        machine.tlb[machine.tlb_count++] = (struct cached){address / PAGE_SIZE, translation};
    return translation;
}

void arch_stage2_invalidate(const struct arch_stage2 *arch, ipa_t base, uint64_t size)
{
    unsigned kept = 0;

    REQUIRE(arch == &stage2.arch && machine.locked == 1 && size != 0);
    machine.invalidations++;
    machine.invalidated = (struct region){base.raw, base.raw + size};
    machine.in_use = pages_in_use();
    for (unsigned i = 0; i < machine.tlb_count; i++) {
        uint64_t address = machine.tlb[i].page * PAGE_SIZE;
        bool inside = address >= base.raw && address - base.raw < size;
        /* Break before make: what is being invalidated must not be reachable any more, or it would come back at once.
         */
        REQUIRE(!inside || !walk(address).valid);
        if (!inside)
            machine.tlb[kept++] = machine.tlb[i];
    }
    machine.tlb_count = kept;
}

/** No TLB entry says anything but what the tables say now. */
static void assert_tlb_true(void)
{
    for (unsigned i = 0; i < machine.tlb_count; i++) {
        struct translation now = walk(machine.tlb[i].page * PAGE_SIZE);
        REQUIRE(now.valid && now.pa == machine.tlb[i].translation.pa);
        REQUIRE(now.attributes == machine.tlb[i].translation.attributes);
    }
}

static void start(unsigned ipa_bits, uint32_t pages)
{
    memset(&machine, 0, sizeof(machine));
    memset(pool, 0xff, sizeof(pool)); /* valid descriptors everywhere, if anything is used without being zeroed */
    ck_assert_int_eq(stage2_init(&stage2, pool, pa(POOL_BASE), pages, ipa_bits, 7), HV_OK);
}

static void setup(void)
{
    start(40, POOL_PAGES);
}

static hv_status map(uint64_t base, uint64_t target, uint64_t size)
{
    return stage2_map(&stage2, ipa(base), pa(target), size, STAGE2_RAM);
}

/** Nobody wrote behind the pages that the pool has. */
static void assert_pool_kept(void)
{
    for (size_t i = (size_t)stage2.pool_pages * PAGE_SIZE; i < sizeof(pool); i++)
        REQUIRE(pool[i] == 0xff);
}

/* ---- Examples */

START_TEST(root_is_as_the_architecture_wants_it)
{
    const struct {
        unsigned bits, pages, level;
    } roots[] = {{32, 1, 1}, {36, 1, 1}, {39, 1, 1}, {40, 2, 1}, {42, 8, 1}, {43, 16, 1}, {44, 1, 0}, {48, 1, 0}};

    for (unsigned i = 0; i < ARRAY_SIZE(roots); i++) {
        ck_assert_uint_eq(stage2_root_pages(roots[i].bits), roots[i].pages);
        start(roots[i].bits, POOL_PAGES);
        ck_assert_uint_eq(stage2.arch.start_level, roots[i].level);
        ck_assert_uint_eq(stage2.arch.ipa_bits, roots[i].bits);
        ck_assert_uint_eq(stage2.arch.root.raw, POOL_BASE);
        uint64_t top = (1ULL << roots[i].bits) - PAGE_SIZE;
        ck_assert_int_eq(map(top, 0x1234000, PAGE_SIZE), HV_OK);
        ck_assert_uint_eq(walk(top).pa, 0x1234000);
        ck_assert_int_eq(map(0, 0x5678000, PAGE_SIZE), HV_OK);
        ck_assert_uint_eq(walk(0xfff).pa, 0x5678fff);
        ck_assert_int_eq(map(top + PAGE_SIZE, 0, PAGE_SIZE), HV_E_RANGE);
        ck_assert_int_eq(map(top, 0, 2 * PAGE_SIZE), HV_E_RANGE);
    }
}
END_TEST

START_TEST(init_refuses_what_it_cannot_do)
{
    ck_assert_int_eq(stage2_init(&stage2, pool, pa(POOL_BASE), 8, 31, 1), HV_E_INVALID);
    ck_assert_int_eq(stage2_init(&stage2, pool, pa(POOL_BASE), 8, 49, 1), HV_E_INVALID);
    ck_assert_int_eq(stage2_init(&stage2, pool, pa(POOL_BASE), 8, 40, 0), HV_E_INVALID);
    ck_assert_int_eq(stage2_init(&stage2, pool, pa(POOL_BASE), 8, 40, 256), HV_E_INVALID);
    ck_assert_int_eq(stage2_init(&stage2, pool, pa(POOL_BASE + 0x1000), 8, 40, 1), HV_E_INVALID);
    ck_assert_int_eq(stage2_init(&stage2, pool, pa(POOL_BASE), 1, 40, 1), HV_E_NOMEM);
}
END_TEST

/* Arm ARM D8.5: MemAttr 5:2, S2AP 7:6, SH 9:8, AF 10, XN 54:53. */
START_TEST(attributes_are_those_of_the_kind)
{
    const struct {
        enum stage2_kind kind;
        uint64_t attributes;
    } kinds[] = {
        {STAGE2_RAM, 0xfu << 2 | 3u << 6 | 3u << 8 | 1u << 10},
        {STAGE2_RAM_NOEXEC, 0xfu << 2 | 3u << 6 | 3u << 8 | 1u << 10 | 2ULL << 53},
        {STAGE2_RAM_RO, 0xfu << 2 | 1u << 6 | 3u << 8 | 1u << 10 | 2ULL << 53},
        {STAGE2_DEVICE, 1u << 2 | 3u << 6 | 1u << 10 | 2ULL << 53},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct stage2_mapping mapping;
        uint64_t base = MIB(2) * i;
        ck_assert_int_eq(stage2_map(&stage2, ipa(base), pa(GIB(4) + base), i < 2 ? MIB(2) : KIB(4), kinds[i].kind),
                         HV_OK);
        ck_assert_uint_eq(walk(base).attributes, kinds[i].attributes);
        ck_assert_int_eq(stage2_lookup(&stage2, ipa(base + 0x123), &mapping), HV_OK);
        ck_assert_int_eq(mapping.kind, kinds[i].kind);
        ck_assert_uint_eq(mapping.pa.raw, GIB(4) + base + 0x123);
        ck_assert_uint_eq(mapping.size, i < 2 ? MIB(2) : KIB(4));
    }
}
END_TEST

START_TEST(the_largest_blocks_are_used)
{
    /* 4 KiB short of 1 GiB, then a whole one, then a little more. */
    ck_assert_int_eq(map(GIB(1) - KIB(4), GIB(5) - KIB(4), GIB(1) + MIB(2) + KIB(12)), HV_OK);
    ck_assert_uint_eq(walk(GIB(1) - 1).leaf_size, KIB(4));
    ck_assert_uint_eq(walk(GIB(1)).leaf_size, GIB(1));
    ck_assert_uint_eq(walk(GIB(2)).leaf_size, MIB(2));
    ck_assert_uint_eq(walk(GIB(2) + MIB(2)).leaf_size, KIB(4));
    ck_assert_uint_eq(walk(GIB(2) + MIB(2) + KIB(4)).pa, GIB(6) + MIB(2) + KIB(4));
    ck_assert(!walk(GIB(2) + MIB(2) + KIB(8)).valid);
    /* Aligned on one side only: no block. */
    ck_assert_int_eq(map(GIB(8), GIB(9) + KIB(4), MIB(2)), HV_OK);
    ck_assert_uint_eq(walk(GIB(8)).leaf_size, KIB(4));
    ck_assert_int_eq(map(GIB(10), GIB(11) + MIB(2), GIB(1)), HV_OK);
    ck_assert_uint_eq(walk(GIB(10)).leaf_size, MIB(2));
}
END_TEST

START_TEST(bad_ranges_are_refused)
{
    ck_assert_int_eq(map(0x800, 0, PAGE_SIZE), HV_E_RANGE);
    ck_assert_int_eq(map(0, 0x800, PAGE_SIZE), HV_E_RANGE);
    ck_assert_int_eq(map(0, 0, 0x800), HV_E_RANGE);
    ck_assert_int_eq(map(0, 0, 0), HV_E_RANGE);
    ck_assert_int_eq(map(GIB(4), 0, UINT64_MAX - PAGE_SIZE + 1), HV_E_RANGE);
    ck_assert_int_eq(map(UINT64_MAX - PAGE_SIZE + 1, 0, 2 * PAGE_SIZE), HV_E_RANGE);
    ck_assert_int_eq(map(0, 1ULL << 48, PAGE_SIZE), HV_E_RANGE);
    ck_assert_int_eq(map(0, (1ULL << 48) - PAGE_SIZE, 2 * PAGE_SIZE), HV_E_RANGE);
    ck_assert_int_eq(stage2_unmap(&stage2, ipa(1ULL << 40), PAGE_SIZE), HV_E_RANGE);
    ck_assert_int_eq(stage2_unmap(&stage2, ipa(0x10), PAGE_SIZE), HV_E_RANGE);
    ck_assert_int_eq(stage2_unmap(&stage2, ipa(GIB(4)), UINT64_MAX - PAGE_SIZE + 1), HV_E_RANGE);
    struct stage2_mapping mapping;
    ck_assert_int_eq(stage2_lookup(&stage2, ipa(1ULL << 40), &mapping), HV_E_RANGE);
    ck_assert_int_eq(stage2_lookup(&stage2, ipa(UINT64_MAX), &mapping), HV_E_RANGE);
    ck_assert_int_eq(stage2_lookup(&stage2, ipa(0), &mapping), HV_E_MISSING);
    ck_assert_uint_eq(pages_in_use(), 2);
}
END_TEST

/* A second mapping of an address, to wherever, would be a change without a break. */
START_TEST(what_is_mapped_is_not_mapped_again)
{
    ck_assert_int_eq(map(GIB(1), GIB(2), MIB(4)), HV_OK);
    ck_assert_int_eq(map(GIB(1), GIB(2), MIB(2)), HV_E_OVERLAP);
    ck_assert_int_eq(map(GIB(1), GIB(3), MIB(2)), HV_E_OVERLAP);
    ck_assert_int_eq(map(GIB(1) + MIB(1), GIB(3), KIB(4)), HV_E_OVERLAP);
    ck_assert_int_eq(map(GIB(1), GIB(3), GIB(1)), HV_E_OVERLAP); /* a table stands where the block would */
    ck_assert_int_eq(map(GIB(1) - MIB(2), GIB(3), MIB(2) + KIB(4)), HV_E_OVERLAP);
    ck_assert(!walk(GIB(1) - MIB(2)).valid); /* nothing was changed, not even where there was room */
    ck_assert_uint_eq(walk(GIB(1)).pa, GIB(2));
    ck_assert_uint_eq(machine.invalidations, 0);
    ck_assert_int_eq(stage2_unmap(&stage2, ipa(GIB(1)), MIB(2)), HV_OK);
    ck_assert_int_eq(map(GIB(1), GIB(3), MIB(2)), HV_OK);
    ck_assert_uint_eq(walk(GIB(1)).pa, GIB(3));
    ck_assert_uint_eq(walk(GIB(1) + MIB(2)).pa, GIB(2) + MIB(2));
}
END_TEST

START_TEST(a_split_touches_its_block_alone)
{
    ck_assert_int_eq(map(GIB(1), GIB(2), MIB(6)), HV_OK);
    guest_access(GIB(1)); /* neighbours, one on each side */
    guest_access(GIB(1) + MIB(4));
    guest_access(GIB(1) + MIB(2) + KIB(4)); /* in the block, and staying mapped */
    guest_access(GIB(1) + MIB(2) + KIB(8));
    ck_assert_int_eq(stage2_unmap(&stage2, ipa(GIB(1) + MIB(2) + KIB(8)), KIB(4)), HV_OK);
    ck_assert_uint_eq(machine.invalidations, 2); /* the block when it is split, the page when it goes */
    ck_assert_uint_eq(machine.invalidated.base, GIB(1) + MIB(2) + KIB(8));
    ck_assert_uint_eq(region_size(machine.invalidated), KIB(4));
    ck_assert_uint_eq(machine.tlb_count, 2); /* the neighbours' */
    ck_assert_uint_eq(machine.tlb[0].page, GIB(1) / PAGE_SIZE);
    ck_assert_uint_eq(machine.tlb[1].page, (GIB(1) + MIB(4)) / PAGE_SIZE);
    for (uint64_t offset = 0; offset < MIB(6); offset += KIB(4)) {
        struct translation translation = guest_access(GIB(1) + offset);
        REQUIRE(translation.valid == (offset != MIB(2) + KIB(8)));
        REQUIRE(!translation.valid || translation.pa == GIB(2) + offset);
    }
    ck_assert_uint_eq(walk(GIB(1)).leaf_size, MIB(2));
    ck_assert_uint_eq(walk(GIB(1) + MIB(4)).leaf_size, MIB(2));
}
END_TEST

START_TEST(a_gibibyte_is_split_down_to_a_page)
{
    ck_assert_int_eq(stage2_map(&stage2, ipa(GIB(1)), pa(GIB(4)), GIB(1), STAGE2_RAM_NOEXEC), HV_OK);
    uint64_t attributes = walk(GIB(1)).attributes;
    ck_assert_int_eq(stage2_unmap(&stage2, ipa(GIB(1) + MIB(512) + KIB(4)), KIB(4)), HV_OK);
    ck_assert_uint_eq(walk(GIB(1)).leaf_size, MIB(2));
    ck_assert_uint_eq(walk(GIB(1) + MIB(512)).leaf_size, KIB(4));
    for (uint64_t offset = 0; offset < GIB(1); offset += KIB(4)) {
        struct translation translation = walk(GIB(1) + offset);
        REQUIRE(translation.valid == (offset != MIB(512) + KIB(4)));
        REQUIRE(!translation.valid || (translation.pa == GIB(4) + offset && translation.attributes == attributes));
    }
    ck_assert_int_eq(stage2_unmap(&stage2, ipa(0), 1ULL << 40), HV_OK);
    ck_assert_uint_eq(pages_in_use(), 2);
}
END_TEST

START_TEST(unmapping_nothing_costs_nothing)
{
    ck_assert_int_eq(stage2_unmap(&stage2, ipa(0), 1ULL << 40), HV_OK);
    ck_assert_uint_eq(machine.invalidations, 0);
}
END_TEST

/* Until then a walker may still be in them. */
START_TEST(tables_come_back_after_the_invalidation)
{
    ck_assert_int_eq(map(GIB(1), GIB(2), KIB(4)), HV_OK);
    ck_assert_uint_eq(pages_in_use(), 4);
    ck_assert_int_eq(stage2_unmap(&stage2, ipa(GIB(1)), KIB(4)), HV_OK);
    ck_assert_uint_eq(machine.in_use, 4);
    ck_assert_uint_eq(pages_in_use(), 2);
}
END_TEST

/* Each pool size in turn: whatever fails leaves things as they were, and everything comes back in the end. */
START_TEST(an_exhausted_pool_leaves_nothing_half_done)
{
    unsigned failures = 0;

    for (uint32_t pages = 2; pages < 12; pages++) {
        start(40, pages);
        uint64_t base = GIB(1) - MIB(2) - KIB(8);
        hv_status status = map(base, GIB(4) - MIB(2) - KIB(8), MIB(6) + KIB(16));
        failures += status == HV_E_NOMEM;
        if (status == HV_OK) {
            hv_status split = stage2_unmap(&stage2, ipa(base + MIB(1)), MIB(4));
            ck_assert(split == HV_OK || split == HV_E_NOMEM);
            failures += split == HV_E_NOMEM;
            for (uint64_t offset = 0; offset < MIB(6) + KIB(16); offset += KIB(4)) {
                bool gone = split == HV_OK && offset >= MIB(1) && offset < MIB(5);
                REQUIRE(walk(base + offset).valid == !gone);
            }
            ck_assert_int_eq(stage2_unmap(&stage2, ipa(GIB(1) - MIB(4)), MIB(16)), HV_OK);
        }
        for (uint64_t offset = 0; offset < MIB(6) + KIB(16); offset += KIB(4))
            REQUIRE(!walk(base + offset).valid);
        ck_assert_uint_eq(pages_in_use(), 2);
        assert_pool_kept();
    }
    ck_assert_uint_ge(failures, 5);
}
END_TEST

START_TEST(an_exhausted_pool_still_serves_what_needs_no_page)
{
    start(40, 4);
    ck_assert_int_eq(map(GIB(1), GIB(4), KIB(4)), HV_OK);
    ck_assert_int_eq(map(GIB(1) + KIB(4), GIB(4), KIB(4)), HV_OK);
    ck_assert_int_eq(map(GIB(1) + MIB(2), GIB(4), MIB(2)), HV_OK);
    ck_assert_int_eq(map(GIB(1) + MIB(4), GIB(4), KIB(4)), HV_E_NOMEM);
    ck_assert_int_eq(stage2_unmap(&stage2, ipa(GIB(1)), KIB(8)), HV_OK); /* its page comes back */
    ck_assert_int_eq(map(GIB(1) + MIB(4), GIB(4), KIB(4)), HV_OK);
    assert_pool_kept();
}
END_TEST

START_TEST(pages_needed_are_enough_and_not_many_more)
{
    const struct region ranges[] = {
        {0x03002000, 0x03004000}, {GIB(1), GIB(4)}, {0x200000000, 0x200000000 + GIB(1) + MIB(3)}};
    unsigned needed = stage2_pages_needed(36, ranges, ARRAY_SIZE(ranges), 0);

    ck_assert_uint_eq(needed, 1 + 1 + 2 + 3 + 2 + 1);
    ck_assert_uint_eq(stage2_pages_needed(48, ranges, ARRAY_SIZE(ranges), 4), needed + 1 + 4);
    ck_assert_uint_eq(stage2_pages_needed(40, &(struct region){0, 0}, 1, 0), 2);
    /* Beyond the 256th table of a level. */
    const struct region far[] = {{GIB(257), GIB(258)}, {GIB(512) * 257, GIB(512) * 257 + 1}};
    ck_assert_uint_eq(stage2_pages_needed(40, far, 1, 0), 2 + 1);
    ck_assert_uint_eq(stage2_pages_needed(48, far, 2, 0), 1 + 2 + 2 + 1);
    start(36, needed);
    /* The worst case: everything by 2 MiB blocks, as a lazy domain's RAM is. */
    for (unsigned i = 0; i < ARRAY_SIZE(ranges); i++) {
        for (uint64_t base = ranges[i].base; base < ranges[i].end;) {
            uint64_t size = min_u64(BLOCK_SIZE - base % BLOCK_SIZE, ranges[i].end - base);
            REQUIRE(map(base, base, size) == HV_OK);
            base += size;
        }
    }
}
END_TEST

/* The fault path of a lazy domain: one lock, no invalidation, one barrier. */
START_TEST(a_block_is_mapped_without_ceremony)
{
    ck_assert_int_eq(map(GIB(1), GIB(2), MIB(2)), HV_OK);
    ck_assert_uint_eq(pages_in_use(), 3);
    machine.publishes = 0;
    ck_assert_int_eq(map(GIB(1) + MIB(2), GIB(2) + MIB(2), MIB(2)), HV_OK);
    ck_assert_uint_eq(machine.publishes, 1);
    ck_assert_uint_eq(machine.invalidations, 0);
    ck_assert_uint_eq(pages_in_use(), 3);
}
END_TEST

struct runs {
    unsigned count;
    struct {
        uint64_t base, target, size;
        enum stage2_kind kind;
    } list[8];
};

static void note_run(void *context, ipa_t base, pa_t target, uint64_t size, enum stage2_kind kind)
{
    struct runs *runs = context;

    ck_assert_uint_eq(machine.locked, 0); /* a visitor may look things up */
    ck_assert_uint_lt(runs->count, ARRAY_SIZE(runs->list));
    runs->list[runs->count].base = base.raw;
    runs->list[runs->count].target = target.raw;
    runs->list[runs->count].size = size;
    runs->list[runs->count++].kind = kind;
}

START_TEST(walk_visits_maximal_runs)
{
    struct runs runs = {0};

    stage2_walk(&stage2, note_run, &runs);
    ck_assert_uint_eq(runs.count, 0);
    ck_assert_int_eq(map(MIB(2), MIB(10), MIB(4) + KIB(8)), HV_OK);
    ck_assert_int_eq(map(MIB(6) + KIB(8), MIB(14) + KIB(8), MIB(2)), HV_OK); /* goes on in both spaces */
    ck_assert_int_eq(map(MIB(8) + KIB(8), MIB(32), KIB(4)), HV_OK);          /* elsewhere */
    ck_assert_int_eq(stage2_map(&stage2, ipa(MIB(8) + KIB(12)), pa(MIB(32) + KIB(4)), KIB(4), STAGE2_RAM_RO), HV_OK);
    ck_assert_int_eq(map((1ULL << 40) - GIB(1), 0, GIB(1)), HV_OK);
    stage2_walk(&stage2, note_run, &runs);
    ck_assert_uint_eq(runs.count, 4);
    ck_assert(runs.list[0].base == MIB(2) && runs.list[0].target == MIB(10) && runs.list[0].size == MIB(6) + KIB(8));
    ck_assert(runs.list[1].base == MIB(8) + KIB(8) && runs.list[1].size == KIB(4) && runs.list[1].kind == STAGE2_RAM);
    ck_assert(runs.list[2].base == MIB(8) + KIB(12) && runs.list[2].kind == STAGE2_RAM_RO);
    ck_assert(runs.list[3].base == (1ULL << 40) - GIB(1) && runs.list[3].size == GIB(1));
}
END_TEST

/* ---- Random operations against an array */

#include "unit/mem/stage2_model.h"

static void random_step(struct choices *choices)
{
    struct spot *spot = &spots[choose(choices, ARRAY_SIZE(spots))];
    unsigned first = (unsigned)choose(choices, SPOT_PAGES);

    if (choose_chance(choices, 50))
        first -= first % 512;
    unsigned count =
        choose_chance(choices, 50) ? 512 * (1 + (unsigned)choose(choices, 3)) : 1 + (unsigned)choose(choices, 700);
    count = (unsigned)min_u64(count, SPOT_PAGES - first);
    bool map = choose_chance(choices, 50), unmap = !map && choose_chance(choices, 85);
    choices_say(choices, "%s pages %u to %u of %#llx",
                map     ? "map"
                : unmap ? "unmap"
                        : "look at",
                first, first + count, (unsigned long long)spot->base);
    if (map)
        model_map(spot, first, count, choices);
    else if (unmap)
        model_unmap(spot, first, count);
    model_lookup(spot, (unsigned)choose(choices, SPOT_PAGES));
    for (unsigned i = 0; i < 8; i++)
        guest_access(spot->base + choose(choices, SPOT_PAGES) * PAGE_SIZE);
    assert_like();
}

static void random_operations(struct choices *choices)
{
    static const struct {
        unsigned ipa_bits, pages;
    } shapes[] = {{40, POOL_PAGES}, {48, POOL_PAGES}, {42, 14}}; /* the last one is short of pages all the time */
    unsigned shape = (unsigned)(choices_seed(choices) % ARRAY_SIZE(shapes));

    start(shapes[shape].ipa_bits, shapes[shape].pages);
    uint32_t idle = pages_in_use();
    start_spots(shapes[shape].ipa_bits);
    choices_say(choices, "%u bits, %u pages", shapes[shape].ipa_bits, shapes[shape].pages);
    for (unsigned step = 0; step < 400 && choose_step(choices); step++)
        random_step(choices);
    for (unsigned i = 0; i < ARRAY_SIZE(spots); i++)
        model_unmap(&spots[i], 0, SPOT_PAGES);
    assert_like();
    REQUIRE(machine.tlb_count == 0);
    REQUIRE(pages_in_use() == idle);
}

START_TEST(random_operations_agree_with_an_array)
{
    shrink_run(random_operations, 1, 3);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, root_is_as_the_architecture_wants_it);
    tcase_add_test(tests, init_refuses_what_it_cannot_do);
    tcase_add_test(tests, attributes_are_those_of_the_kind);
    tcase_add_test(tests, the_largest_blocks_are_used);
    tcase_add_test(tests, bad_ranges_are_refused);
    tcase_add_test(tests, what_is_mapped_is_not_mapped_again);
    tcase_add_test(tests, a_split_touches_its_block_alone);
    tcase_add_test(tests, a_gibibyte_is_split_down_to_a_page);
    tcase_add_test(tests, unmapping_nothing_costs_nothing);
    tcase_add_test(tests, tables_come_back_after_the_invalidation);
    tcase_add_test(tests, an_exhausted_pool_leaves_nothing_half_done);
    tcase_add_test(tests, an_exhausted_pool_still_serves_what_needs_no_page);
    tcase_add_test(tests, pages_needed_are_enough_and_not_many_more);
    tcase_add_test(tests, a_block_is_mapped_without_ceremony);
    tcase_add_test(tests, walk_visits_maximal_runs);
    tcase_add_test(tests, random_operations_agree_with_an_array);
}

int main(void)
{
    return suite_run("stage2", add_tests, setup);
}
