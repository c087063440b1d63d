// SPDX-License-Identifier: Apache-2.0
#include "mem/stage2.h"

#include <string.h>

/* Stage-2 descriptors of the 4 KiB granule with 48-bit addresses, Arm ARM DDI 0487 D8.3, attributes D8.5. */
#define DESC_VALID (1ULL << 0)
#define DESC_TABLE (1ULL << 1) /* levels 0..2: next table; level 3: page; clear: block */
#define DESC_TYPE (DESC_VALID | DESC_TABLE)
#define DESC_MEMATTR_DEVICE_NGNRE (0x1ULL << 2)
#define DESC_MEMATTR_NORMAL_WB (0xfULL << 2) /* inner and outer write-back */
#define DESC_MEMATTR_MASK (0xfULL << 2)
#define DESC_S2AP_READ (1ULL << 6)
#define DESC_S2AP_WRITE (1ULL << 7)
#define DESC_SH_INNER (3ULL << 8)
#define DESC_AF (1ULL << 10)
/* XN[1:0] = 0b10 denies execution at EL1 and EL0 with and without FEAT_XNX; bit 53 stays 0. */
#define DESC_XN (1ULL << 54)
#define DESC_ADDRESS_MASK 0x0000fffffffff000ULL

#define PA_BITS_MAX 48
#define LEVEL_LAST 3
#define ENTRIES 512

/** Where a walk for an address ended: at a leaf or at nothing. */
struct step {
    uint64_t *entry;
    uint64_t value;
    unsigned level;
};

static unsigned level_shift(unsigned level)
{
    return 39 - 9 * level;
}

static uint64_t level_size(unsigned level)
{
    return 1ULL << level_shift(level);
}

static unsigned start_level(unsigned ipa_bits)
{
    return ipa_bits <= STAGE2_LEVEL1_IPA_BITS ? 1 : 0;
}

unsigned stage2_root_pages(unsigned ipa_bits)
{
    unsigned top = level_shift(start_level(ipa_bits)) + 9;

    return ipa_bits > top ? 1u << (ipa_bits - top) : 1;
}

static uint64_t *page_entries(const struct stage2 *stage2, uint32_t page)
{
    return (uint64_t *)(void *)(stage2->pool + (size_t)page * PAGE_SIZE);
}

static uint32_t page_of(const struct stage2 *stage2, uint64_t descriptor)
{
    return (uint32_t)(((descriptor & DESC_ADDRESS_MASK) - stage2->pool_base.raw) / PAGE_SIZE);
}

static uint64_t entry_read(const uint64_t *entry)
{
    return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

/* Release: a walker that follows the new entry sees the table that it points to filled in. */
static void entry_write(uint64_t *entry, uint64_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

static bool is_table(uint64_t descriptor, unsigned level)
{
    return level < LEVEL_LAST && (descriptor & DESC_TYPE) == DESC_TYPE;
}

static bool is_valid(uint64_t descriptor)
{
    return (descriptor & DESC_VALID) != 0;
}

static uint64_t table_descriptor(const struct stage2 *stage2, uint32_t page)
{
    return (stage2->pool_base.raw + (uint64_t)page * PAGE_SIZE) | DESC_TYPE;
}

static uint64_t leaf_attributes(enum stage2_kind kind)
{
    switch (kind) {
    case STAGE2_RAM:
        return DESC_MEMATTR_NORMAL_WB | DESC_SH_INNER | DESC_AF | DESC_S2AP_READ | DESC_S2AP_WRITE;
    case STAGE2_RAM_NOEXEC:
        return DESC_MEMATTR_NORMAL_WB | DESC_SH_INNER | DESC_AF | DESC_S2AP_READ | DESC_S2AP_WRITE | DESC_XN;
    case STAGE2_RAM_RO:
        return DESC_MEMATTR_NORMAL_WB | DESC_SH_INNER | DESC_AF | DESC_S2AP_READ | DESC_XN;
    case STAGE2_DEVICE:
        break;
    }
    return DESC_MEMATTR_DEVICE_NGNRE | DESC_AF | DESC_S2AP_READ | DESC_S2AP_WRITE | DESC_XN;
}

static enum stage2_kind leaf_kind(uint64_t descriptor)
{
    if ((descriptor & DESC_MEMATTR_MASK) != DESC_MEMATTR_NORMAL_WB)
        return STAGE2_DEVICE;
    if ((descriptor & DESC_S2AP_WRITE) == 0)
        return STAGE2_RAM_RO;
    return (descriptor & DESC_XN) != 0 ? STAGE2_RAM_NOEXEC : STAGE2_RAM;
}

static uint64_t leaf_descriptor(uint64_t target, unsigned level, uint64_t attributes)
{
    return target | attributes | (level == LEVEL_LAST ? DESC_TYPE : DESC_VALID);
}

static uint64_t leaf_target(uint64_t descriptor, unsigned level)
{
    return align_down(descriptor & DESC_ADDRESS_MASK, level_size(level));
}

/** Whether the pool can hand out @p count more pages; looks at no more of the free list than that. */
static bool pages_available(const struct stage2 *stage2, uint32_t count)
{
    uint32_t available = stage2->pool_pages - stage2->pool_used;

    for (uint32_t next = stage2->free_list; next != 0 && available < count; available++)
        next = (uint32_t)(page_entries(stage2, next - 1)[0] >> 1);
    return available >= count;
}

/** A zeroed table page. The caller has made sure that there is one. */
static uint32_t page_take(struct stage2 *stage2)
{
    uint32_t page;

    if (stage2->free_list != 0) {
        page = stage2->free_list - 1;
        stage2->free_list = (uint32_t)(page_entries(stage2, page)[0] >> 1);
    } else {
        page = stage2->pool_used++;
    }
    memset(page_entries(stage2, page), 0, PAGE_SIZE);
    return page;
}

/* A list of pages is linked through their first entries. The link leaves bit 0 clear: until the TLBs are invalidated a
 * walker may still read the page as a table, and must find nothing valid in it. */
static void page_push(struct stage2 *stage2, uint32_t page, uint32_t *list)
{
    entry_write(&page_entries(stage2, page)[0], (uint64_t)*list << 1);
    *list = page + 1;
}

static void pages_free(struct stage2 *stage2, uint32_t list)
{
    while (list != 0) {
        uint32_t page = list - 1;
        list = (uint32_t)(page_entries(stage2, page)[0] >> 1);
        page_push(stage2, page, &stage2->free_list);
    }
}

/** The entry for @p address in the root, which may be several tables in a row: its index has more than 9 bits then. */
static uint64_t *root_entry(const struct stage2 *stage2, uint64_t address)
{
    return &page_entries(stage2, 0)[address >> level_shift(stage2->arch.start_level)];
}

static uint64_t *next_entry(const struct stage2 *stage2, uint64_t descriptor, unsigned level, uint64_t address)
{
    return &page_entries(stage2, page_of(stage2, descriptor))[(address >> level_shift(level)) % ENTRIES];
}

/** Walks towards @p address down to @p level at most; ends earlier at a leaf or a hole. */
static struct step walk(const struct stage2 *stage2, uint64_t address, unsigned level)
{
    struct step step = {.entry = root_entry(stage2, address), .level = stage2->arch.start_level};

    step.value = entry_read(step.entry);
    while (step.level < level && is_table(step.value, step.level)) {
        step.level++;
        step.entry = next_entry(stage2, step.value, step.level, address);
        step.value = entry_read(step.entry);
    }
    return step;
}

/** First address behind what the entry of @p step covers. */
static uint64_t step_end(struct step step, uint64_t address)
{
    return align_down(address, level_size(step.level)) + level_size(step.level);
}

static bool range_valid(const struct stage2 *stage2, uint64_t base, uint64_t size)
{
    uint64_t limit = 1ULL << stage2->arch.ipa_bits;

    return is_aligned(base | size, PAGE_SIZE) && size != 0 && base < limit && size <= limit - base;
}

hv_status stage2_init(struct stage2 *stage2, void *pool, pa_t pool_base, uint32_t pool_pages, unsigned ipa_bits,
                      uint16_t vmid)
{
    if (ipa_bits < 32 || ipa_bits > PA_BITS_MAX || vmid == 0 || vmid > 255)
        return HV_E_INVALID;
    unsigned root_pages = stage2_root_pages(ipa_bits);
    if (!is_aligned(pool_base.raw, root_pages * PAGE_SIZE))
        return HV_E_INVALID;
    if (pool_pages < root_pages)
        return HV_E_NOMEM;
    *stage2 = (struct stage2){
        .arch = {.root = pool_base,
                 .vmid = vmid,
                 .ipa_bits = (uint8_t)ipa_bits,
                 .start_level = (uint8_t)start_level(ipa_bits)},
        .pool = pool,
        .pool_base = pool_base,
        .pool_pages = pool_pages,
        .pool_used = root_pages,
    };
    memset(pool, 0, root_pages * PAGE_SIZE);
    arch_stage2_publish();
    return HV_OK;
}

/** The level of the largest leaf that may stand at the start of this mapping. */
static unsigned leaf_level(uint64_t base, uint64_t target, uint64_t size)
{
    for (unsigned level = 1; level < LEVEL_LAST; level++) {
        if (is_aligned(base | target, level_size(level)) && size >= level_size(level))
            return level;
    }
    return LEVEL_LAST;
}

/** Maps one leaf; checks everything before it changes anything. */
static hv_status map_leaf(struct stage2 *stage2, uint64_t base, uint64_t descriptor, unsigned level)
{
    struct step step = walk(stage2, base, level);

    /* A table at the leaf's own level counts as mapped: tables that become empty are freed, so it holds something. */
    if (is_valid(step.value))
        return HV_E_OVERLAP;
    if (!pages_available(stage2, level - step.level))
        return HV_E_NOMEM;
    while (step.level < level) {
        uint64_t table = table_descriptor(stage2, page_take(stage2));
        entry_write(step.entry, table);
        step.level++;
        step.entry = next_entry(stage2, table, step.level, base);
    }
    entry_write(step.entry, descriptor);
    return HV_OK;
}

static bool anything_mapped(const struct stage2 *stage2, uint64_t base, uint64_t end)
{
    while (base < end) {
        struct step step = walk(stage2, base, LEVEL_LAST);
        if (is_valid(step.value))
            return true;
        base = step_end(step, base);
    }
    return false;
}

/** Clears the leaves of [base, end), none of which reaches out of it. @return whether there was any. */
static bool clear_leaves(struct stage2 *stage2, uint64_t base, uint64_t end)
{
    bool cleared = false;

    while (base < end) {
        struct step step = walk(stage2, base, LEVEL_LAST);
        if (is_valid(step.value)) {
            entry_write(step.entry, 0);
            cleared = true;
        }
        base = step_end(step, base);
    }
    return cleared;
}

static bool table_empty(const struct stage2 *stage2, uint32_t page)
{
    const uint64_t *entries = page_entries(stage2, page);

    for (unsigned i = 0; i < ENTRIES; i++) {
        if (is_valid(entry_read(&entries[i])))
            return false;
    }
    return true;
}

/** Unhooks the tables of @p level that touch [base, end) and hold nothing. @return @p list with them in front. */
static uint32_t unhook_empty(struct stage2 *stage2, uint64_t base, uint64_t end, unsigned level, uint32_t list)
{
    while (base < end) {
        struct step step = walk(stage2, base, level - 1);
        if (is_table(step.value, step.level) && table_empty(stage2, page_of(stage2, step.value))) {
            entry_write(step.entry, 0);
            page_push(stage2, page_of(stage2, step.value), &list);
        }
        base = step_end(step, base);
    }
    return list;
}

/** Clears [base, end), invalidates, and only then lets the tables that it emptied be used again. */
static void clear_range(struct stage2 *stage2, uint64_t base, uint64_t end)
{
    uint32_t empty = 0;

    if (!clear_leaves(stage2, base, end))
        return;
    for (unsigned level = LEVEL_LAST; level > stage2->arch.start_level; level--)
        empty = unhook_empty(stage2, base, end, level, empty);
    arch_stage2_invalidate(&stage2->arch, ipa(base), end - base);
    pages_free(stage2, empty);
}

static hv_status map_range(struct stage2 *stage2, uint64_t base, uint64_t target, uint64_t size, uint64_t attributes)
{
    unsigned level = leaf_level(base, target, size);

    if (level_size(level) < size && anything_mapped(stage2, base, base + size))
        return HV_E_OVERLAP;
    for (uint64_t done = 0; done < size; done += level_size(level)) {
        level = leaf_level(base + done, target + done, size - done);
        hv_status status = map_leaf(stage2, base + done, leaf_descriptor(target + done, level, attributes), level);
        if (status != HV_OK) {
            clear_range(stage2, base, base + done);
            return status;
        }
    }
    arch_stage2_publish();
    return HV_OK;
}

hv_status stage2_map(struct stage2 *stage2, ipa_t base, pa_t target, uint64_t size, enum stage2_kind kind)
{
    uint64_t limit = 1ULL << PA_BITS_MAX;

    if (!range_valid(stage2, base.raw, size) || !is_aligned(target.raw, PAGE_SIZE) || target.raw >= limit ||
        size > limit - target.raw)
        return HV_E_RANGE;
    arch_spin_lock(&stage2->lock);
    hv_status status = map_range(stage2, base.raw, target.raw, size, leaf_attributes(kind));
    arch_spin_unlock(&stage2->lock);
    return status;
}

/** Turns the block at @p step into a table of the next level's leaves, break before make. */
static void split_block(struct stage2 *stage2, struct step step, uint64_t address)
{
    uint32_t page = page_take(stage2);
    uint64_t *entries = page_entries(stage2, page);
    uint64_t attributes = step.value & ~(DESC_ADDRESS_MASK | DESC_TYPE);
    uint64_t target = leaf_target(step.value, step.level);

    for (unsigned i = 0; i < ENTRIES; i++)
        entries[i] = leaf_descriptor(target + i * level_size(step.level + 1), step.level + 1, attributes);
    /* A vCPU that touches the block just now faults, waits for our lock in its handler, and finds it mapped again. The
     * whole block is invalidated: any address in it may have brought it into a TLB. */
    entry_write(step.entry, 0);
    arch_stage2_invalidate(&stage2->arch, ipa(align_down(address, level_size(step.level))), level_size(step.level));
    entry_write(step.entry, table_descriptor(stage2, page));
}

/** Makes sure that no leaf reaches across @p address. */
static hv_status split_at(struct stage2 *stage2, uint64_t address)
{
    struct step step = walk(stage2, address, LEVEL_LAST);

    while (is_valid(step.value) && !is_aligned(address, level_size(step.level))) {
        if (!pages_available(stage2, 1))
            return HV_E_NOMEM;
        split_block(stage2, step, address);
        step = walk(stage2, address, LEVEL_LAST);
    }
    return HV_OK;
}

static hv_status unmap_range(struct stage2 *stage2, uint64_t base, uint64_t end)
{
    HV_TRY(split_at(stage2, base));
    if (end < 1ULL << stage2->arch.ipa_bits)
        HV_TRY(split_at(stage2, end));
    clear_range(stage2, base, end);
    return HV_OK;
}

hv_status stage2_unmap(struct stage2 *stage2, ipa_t base, uint64_t size)
{
    if (!range_valid(stage2, base.raw, size))
        return HV_E_RANGE;
    arch_spin_lock(&stage2->lock);
    hv_status status = unmap_range(stage2, base.raw, base.raw + size);
    arch_stage2_publish();
    arch_spin_unlock(&stage2->lock);
    return status;
}

HV_RARE void stage2_clear(struct stage2 *stage2)
{
    uint32_t root_pages = stage2_root_pages(stage2->arch.ipa_bits);
    uint64_t *entries = page_entries(stage2, 0);

    arch_spin_lock(&stage2->lock);
    for (unsigned i = 0; i < root_pages * ENTRIES; i++)
        entry_write(&entries[i], 0);
    arch_stage2_invalidate(&stage2->arch, ipa(0), 1ULL << stage2->arch.ipa_bits);
    stage2->pool_used = root_pages;
    stage2->free_list = 0;
    arch_spin_unlock(&stage2->lock);
}

static struct stage2_mapping step_mapping(struct step step, uint64_t address)
{
    return (struct stage2_mapping){
        .pa = pa(leaf_target(step.value, step.level) + address % level_size(step.level)),
        .size = level_size(step.level),
        .kind = leaf_kind(step.value),
    };
}

hv_status stage2_lookup(struct stage2 *stage2, ipa_t address, struct stage2_mapping *mapping)
{
    if (address.raw >> stage2->arch.ipa_bits != 0)
        return HV_E_RANGE;
    arch_spin_lock(&stage2->lock);
    struct step step = walk(stage2, address.raw, LEVEL_LAST);
    arch_spin_unlock(&stage2->lock);
    if (!is_valid(step.value))
        return HV_E_MISSING;
    *mapping = step_mapping(step, address.raw);
    return HV_OK;
}

/** The next run of one kind that is contiguous in both address spaces. */
struct run {
    uint64_t base;
    uint64_t target;
    uint64_t size;
    enum stage2_kind kind;
};

/** Finds the first run at or above @p address. @return false where there is none. */
static bool next_run(const struct stage2 *stage2, uint64_t address, struct run *run)
{
    uint64_t limit = 1ULL << stage2->arch.ipa_bits;

    run->size = 0;
    while (address < limit) {
        struct step step = walk(stage2, address, LEVEL_LAST);
        struct stage2_mapping mapping = step_mapping(step, address);
        uint64_t end = step_end(step, address);
        if (run->size != 0 &&
            (!is_valid(step.value) || mapping.pa.raw != run->target + run->size || mapping.kind != run->kind))
            break;
        if (is_valid(step.value) && run->size == 0)
            *run = (struct run){address, mapping.pa.raw, 0, mapping.kind};
        if (is_valid(step.value))
            run->size += end - address;
        address = end;
    }
    return run->size != 0;
}

void stage2_walk(struct stage2 *stage2,
                 void (*visit)(void *context, ipa_t base, pa_t target, uint64_t size, enum stage2_kind kind),
                 void *context)
{
    struct run run = {0};
    bool found;

    do {
        arch_spin_lock(&stage2->lock);
        found = next_run(stage2, run.base + run.size, &run);
        arch_spin_unlock(&stage2->lock);
        if (found)
            visit(context, ipa(run.base), pa(run.target), run.size, run.kind);
    } while (found);
}
