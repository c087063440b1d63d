// SPDX-License-Identifier: Apache-2.0
#include "hostsim/memory/mmu.h"

#include <stdlib.h>

#define ENTRY_VALID (1ULL << 0)
#define ENTRY_TABLE (1ULL << 1)
#define ENTRY_ADDRESS 0x0000fffffffff000ULL
#define LEAF_ACCESS_FLAG (1ULL << 10)
#define LEAF_EXECUTE_NEVER (1ULL << 54)
#define TABLE_RES0 (31ULL << 59 | 7ULL << 48)
/* Besides those of addresses: bit 53 is FEAT_XNX's, DBM (51) FEAT_HAFDBS's. Contiguous (52) is not modelled. */
#define LEAF_RES0 (15ULL << 50 | 3ULL << 48 | 1ULL << 11)
/* What must not change while TLBs may hold it: address, type and shareability (Arm ARM D8.14.1). Permissions may. */
#define LEAF_BROKEN_FIRST (ENTRY_ADDRESS | 3ULL << 8 | 15ULL << 2)
#define START_0_PA_BITS 44 /* smaller PA ranges have no start level 0 (VTCR_EL2.SL0) */

/* ---- Reading the tables (Arm ARM D8.2, stage 2, 4 KiB granule) */

/** What a walk found: a leaf, or a fault. */
struct walk {
    uint64_t entry; /* the leaf; 0: a fault */
    uint8_t level;
    uint8_t status;
    uint64_t tables[3]; /* by level: the entries that led there; 0: none */
};

static unsigned level_shift(unsigned level)
{
    return 12 + 9 * (3 - level);
}

static uint64_t read_entry(struct sim_machine *machine, uint64_t address)
{
    /* Walks are write-back cacheable by VTCR_EL2: they see what the hypervisor's caches hold. */
    const uint8_t *entry = sim_cached_read(machine, address, 8);
    if (entry == NULL)
        sim_fail("stage-2 walk: table entry at %#llx is not in RAM that the hypervisor has mapped",
                 (unsigned long long)address);
    return __atomic_load_n((const uint64_t *)(const void *)entry, __ATOMIC_ACQUIRE);
}

static void check_root(const struct arch_stage2 *stage2, unsigned pa_bits)
{
    unsigned shift = level_shift(stage2->start_level);
    if (stage2->vmid == 0 || stage2->vmid > 255 || stage2->start_level > 2)
        sim_fail("stage 2: VMID %u, start level %u", stage2->vmid, stage2->start_level);
    if (stage2->ipa_bits <= shift || stage2->ipa_bits > shift + 9 + 4 || stage2->ipa_bits > pa_bits ||
        (stage2->start_level == 0 && pa_bits < START_0_PA_BITS))
        sim_fail("stage 2: start level %u cannot translate %u bits, with %u bits of physical address (Arm ARM D8.2.7)",
                 stage2->start_level, stage2->ipa_bits, pa_bits);
    unsigned index_bits = stage2->ipa_bits - shift;
    if (!is_aligned(stage2->root.raw, (8ULL << index_bits) > PAGE_SIZE ? 8ULL << index_bits : PAGE_SIZE))
        sim_fail("stage 2: root %#llx not aligned to its size", (unsigned long long)stage2->root.raw);
}

static struct walk ends(struct walk walk, uint64_t leaf, uint8_t fault, unsigned level)
{
    walk.entry = leaf;
    walk.level = (uint8_t)level;
    walk.status = leaf != 0 ? 0 : (uint8_t)(fault | level);
    return walk;
}

static struct walk walk(struct sim_machine *machine, const struct arch_stage2 *stage2, uint64_t address)
{
    struct walk found = {0};
    check_root(stage2, machine->options.pa_bits);
    if (address >> stage2->ipa_bits != 0)
        return ends(found, 0, SIM_FSC_TRANSLATION, 0);
    uint64_t table = stage2->root.raw;
    for (unsigned level = stage2->start_level;; level++) {
        uint64_t index = address >> level_shift(level);
        if (level != stage2->start_level)
            index &= 511;
        uint64_t entry = read_entry(machine, table + index * 8);
        bool leaf = level == 3 ? (entry & ENTRY_TABLE) != 0 : (entry & ENTRY_TABLE) == 0;
        if ((entry & ENTRY_VALID) == 0 || (leaf && level == 0) || (!leaf && level == 3))
            return ends(found, 0, SIM_FSC_TRANSLATION, level);
        if (((entry & ENTRY_ADDRESS) >> machine->options.pa_bits) != 0)
            return ends(found, 0, SIM_FSC_ADDRESS_SIZE, level);
        if (leaf)
            return ends(found, entry, 0, level);
        if ((entry & TABLE_RES0) != 0)
            sim_fail("stage 2: IPA %#llx: level %u table entry %#llx has RES0 bits set", (unsigned long long)address,
                     level, (unsigned long long)entry);
        found.tables[level] = entry;
        table = entry & ENTRY_ADDRESS;
    }
}

bool sim_stage2_maps(struct sim_machine *machine, const struct arch_stage2 *stage2, uint64_t address, uint64_t target)
{
    struct walk found = walk(machine, stage2, address);
    uint64_t within = (1ULL << level_shift(found.level)) - 1;
    return found.entry != 0 && align_down((found.entry & ENTRY_ADDRESS & ~within) | (address & within), PAGE_SIZE) ==
                                   align_down(target, PAGE_SIZE);
}

/* ---- The TLB: one for all CPUs, one entry for each 4 KiB page that was ever used. Larger translations are held as
 * pages too, as a real TLB may: an invalidation that covers less than the block leaves the rest behind. So are the
 * table entries on the way, until something that they lead to is invalidated. */

struct tlb_entry {
    uint64_t key;  /* VMID, kind and page; 0: free, 1: was one */
    uint64_t leaf; /* or a table entry */
    uint8_t level;
};

#define TLB_CHECKED 64

struct sim_tlb {
    struct tlb_entry *entries;
    uint64_t capacity, used;
    uint64_t checked[TLB_CHECKED]; /* leaves of blocks that hold no page of the hypervisor */
};

#define TLB_GONE 1
#define TLB_INITIAL 1024

#define TLB_TABLE_SHIFT 44 /* in a key: level + 1 of a table entry, 0 of a leaf */

static uint64_t tlb_key(uint16_t vmid, uint64_t address)
{
    return (uint64_t)vmid << 48 | address >> 12 << 2 | 2;
}

static uint64_t tlb_table_key(uint16_t vmid, uint64_t address, unsigned level)
{
    return tlb_key(vmid, align_down(address, 1ULL << level_shift(level))) | (uint64_t)(level + 1) << TLB_TABLE_SHIFT;
}

static uint64_t key_page(uint64_t key)
{
    return (key & ((1ULL << TLB_TABLE_SHIFT) - 1)) >> 2;
}

/** How many pages the entry stands for. */
static uint64_t entry_pages(const struct tlb_entry *entry)
{
    return (entry->key >> TLB_TABLE_SHIFT & 15) != 0 ? 1ULL << (level_shift(entry->level) - 12) : 1;
}

static struct tlb_entry *tlb_slot(const struct sim_tlb *tlb, uint64_t key)
{
    struct tlb_entry *gone = NULL;
    for (uint64_t i = key * 0x9e3779b97f4a7c15 >> 20;; i++) {
        struct tlb_entry *entry = &tlb->entries[i & (tlb->capacity - 1)];
        if (entry->key == key)
            return entry;
        if (entry->key == TLB_GONE && gone == NULL)
            gone = entry;
        if (entry->key == 0)
            return gone != NULL ? gone : entry;
    }
}

static void tlb_allocate(struct sim_tlb *tlb, uint64_t capacity)
{
    tlb->entries = calloc(capacity, sizeof(*tlb->entries));
    if (tlb->entries == NULL)
        abort();
    tlb->capacity = capacity;
    tlb->used = 0;
}

static void tlb_insert(struct sim_tlb *tlb, struct tlb_entry new)
{
    if (tlb->used * 2 >= tlb->capacity) {
        struct sim_tlb old = *tlb;
        tlb_allocate(tlb, old.capacity * 2);
        for (uint64_t i = 0; i < old.capacity; i++) {
            if (old.entries[i].key <= TLB_GONE)
                continue;
            *tlb_slot(tlb, old.entries[i].key) = old.entries[i];
            tlb->used++;
        }
        free(old.entries);
    }
    struct tlb_entry *entry = tlb_slot(tlb, new.key);
    tlb->used += entry->key == 0;
    *entry = new;
}

struct sim_tlb *sim_tlb_create(void)
{
    struct sim_tlb *tlb = calloc(1, sizeof(*tlb));
    if (tlb == NULL)
        abort();
    tlb_allocate(tlb, TLB_INITIAL);
    return tlb;
}

void sim_tlb_destroy(struct sim_tlb *tlb)
{
    free(tlb->entries);
    free(tlb);
}

/* The host page that an entry of the TLB translates its page to. */
static uint64_t page_target(uint64_t key, uint64_t leaf, unsigned level)
{
    uint64_t within = (1ULL << level_shift(level)) - 1;
    return (leaf & ENTRY_ADDRESS & ~within) | (key_page(key) << 12 & within);
}

static void check_owner(unsigned vmid, uint64_t target, unsigned owner)
{
    if (owner != 0 && owner != vmid)
        sim_fail("VMID %u reaches %#llx, a page of VMID %u", vmid, (unsigned long long)target, owner);
}

/* What was not decided before the start is nobody's. */
static void check_ledger(const struct sim_machine *machine, unsigned vmid, uint64_t base, uint64_t size)
{
    if (machine->owned != NULL && !machine->owned(vmid, base, size))
        sim_fail("VMID %u reaches %#llx, which the ledger does not give it", vmid, (unsigned long long)base);
}

/* No page of RAM may be reached by two domains, nor one that the hypervisor itself lives in. */
static void claim_page(struct sim_machine *machine, uint64_t key, struct walk found)
{
    uint64_t target = page_target(key, found.entry, found.level);
    struct sim_page *page = sim_page(machine, target);
    uint8_t vmid = (uint8_t)(key >> 48);
    check_ledger(machine, vmid, target, PAGE_SIZE);
    if (page == NULL)
        return;
    if (page->hypervisor)
        sim_fail("VMID %u reaches %#llx, a page of the hypervisor", vmid, (unsigned long long)target);
    check_owner(vmid, target, page->vmid);
    const struct sim_page *block = sim_page(machine, align_down(target, BLOCK_SIZE));
    check_owner(vmid, target, block != NULL ? block->block_vmid : 0);
    page->vmid = vmid;
}

static uint64_t *checked_leaf(const struct sim_machine *machine, uint64_t base)
{
    return &machine->tlb->checked[(base >> 12 ^ base >> 21) % TLB_CHECKED];
}

/* A guest may reach all that its leaf covers, not only what it has touched. Once for each leaf that is used. */
static void check_neighbours(struct sim_machine *machine, uint16_t vmid, struct walk found)
{
    uint64_t size = 1ULL << level_shift(found.level), base = found.entry & ENTRY_ADDRESS & ~(size - 1);
    uint64_t *checked = checked_leaf(machine, base), mark = found.entry ^ (uint64_t)vmid << 56;
    if (found.level == 3 || *checked == mark)
        return;
    *checked = mark;
    check_ledger(machine, vmid, base, size);
    for (uint64_t at = base; at < base + size; at += PAGE_SIZE) {
        struct sim_page *page = sim_page(machine, at);
        if (page == NULL)
            return; /* a device */
        if (page->hypervisor)
            sim_fail("VMID %u reaches %#llx, a page of the hypervisor", vmid, (unsigned long long)at);
        check_owner(vmid, at, page->vmid);
        if (!is_aligned(at, BLOCK_SIZE))
            continue;
        check_owner(vmid, at, page->block_vmid);
        page->block_vmid = (uint8_t)vmid;
    }
}

/* No entry of the TLB stands for sure for all of a larger leaf any more. */
static void release_neighbours(struct sim_machine *machine, uint64_t leaf, unsigned level)
{
    uint64_t size = 1ULL << level_shift(level), base = leaf & ENTRY_ADDRESS & ~(size - 1);
    *checked_leaf(machine, base) = 0;
    for (uint64_t at = base; at < base + size; at += BLOCK_SIZE) {
        struct sim_page *page = sim_page(machine, at);
        if (page != NULL)
            page->block_vmid = 0;
    }
}

static void release_page(struct sim_machine *machine, const struct tlb_entry *entry)
{
    struct sim_page *page = sim_page(machine, page_target(entry->key, entry->leaf, entry->level));
    if (page == NULL)
        return;
    if (entry->level < 3)
        release_neighbours(machine, entry->leaf, entry->level);
    page->vmid = 0;
    page->reachable_round = machine->icache_round + 1;
}

/* An old translation and a new one that are both valid may be in one TLB, or in two, until this invalidation is done.
 */
static void check_broken(struct sim_machine *machine, const struct arch_stage2 *stage2, const struct tlb_entry *entry)
{
    uint64_t address = key_page(entry->key) << 12;
    struct walk now = walk(machine, stage2, address);
    if (now.entry == 0 || (now.level == entry->level && ((now.entry ^ entry->leaf) & LEAF_BROKEN_FIRST) == 0))
        return;
    sim_fail(
        "VMID %u, IPA %#llx: %#llx (level %u) was made of %#llx (level %u) before that was invalidated (break before "
        "make, Arm ARM D8.14.1)",
        stage2->vmid, (unsigned long long)address, (unsigned long long)now.entry, now.level,
        (unsigned long long)entry->leaf, entry->level);
}

void sim_tlb_invalidate(struct sim_machine *machine, const struct arch_stage2 *stage2, uint64_t base, uint64_t size)
{
    struct sim_tlb *tlb = machine->tlb;
    uint16_t vmid = stage2->vmid;
    sim_stage1_invalidate_vmid(machine, vmid); /* VMALLE1IS: what combines both stages cannot be told by IPA */
    uint64_t first = base >> 12, last = size == 0 ? first : (base + size - 1) >> 12;
    for (uint64_t i = 0; i < tlb->capacity; i++) {
        struct tlb_entry *entry = &tlb->entries[i];
        uint64_t page = key_page(entry->key), pages = entry_pages(entry);
        if (entry->key <= TLB_GONE || entry->key >> 48 != vmid || page + pages <= first || page > last)
            continue;
        if (pages == 1) {
            check_broken(machine, stage2, entry);
            release_page(machine, entry);
        }
        entry->key = TLB_GONE;
    }
}

/* While another CPU is between changing a table and invalidating it holds the lock of those tables; a stale entry is
 * then what hardware may well use. At any other time somebody forgot. */
static bool change_in_progress(const struct sim_cpu *self)
{
    for (unsigned i = 0; i < self->machine->cpu_count; i++)
        if (&self->machine->cpus[i] != self && self->machine->cpus[i].held_count > 0)
            return true;
    return false;
}

/* The table entries that a CPU may have kept of earlier walks must be those of this one. */
static void check_tables(struct sim_cpu *cpu, const struct arch_stage2 *stage2, uint64_t address,
                         const struct walk *now)
{
    struct sim_tlb *tlb = cpu->machine->tlb;
    for (unsigned level = stage2->start_level; level < ARRAY_SIZE(now->tables); level++) {
        uint64_t key = tlb_table_key(stage2->vmid, address, level);
        const struct tlb_entry *cached = tlb_slot(tlb, key);
        if (cached->key != key) {
            if (now->tables[level] != 0)
                tlb_insert(tlb, (struct tlb_entry){key, now->tables[level], (uint8_t)level});
        } else if (cached->leaf != now->tables[level] && !change_in_progress(cpu)) {
            sim_fail(
                "stale TLB entry: VMID %u, IPA %#llx: level %u table entry was %#llx; changed without invalidation",
                stage2->vmid, (unsigned long long)address, level, (unsigned long long)cached->leaf);
        }
    }
}

static struct walk look_up(struct sim_cpu *cpu, const struct arch_stage2 *stage2, uint64_t address)
{
    struct sim_tlb *tlb = cpu->machine->tlb;
    uint64_t key = tlb_key(stage2->vmid, address);
    struct walk now = walk(cpu->machine, stage2, address);
    check_tables(cpu, stage2, address, &now);
    const struct tlb_entry *cached = tlb_slot(tlb, key);
    if (cached->key != key) {
        if ((now.entry & LEAF_ACCESS_FLAG) != 0) { /* without, no TLB holds it (Arm ARM D8.4.6) */
            check_neighbours(cpu->machine, stage2->vmid, now);
            claim_page(cpu->machine, key, now);
            tlb_insert(tlb, (struct tlb_entry){key, now.entry, now.level});
        }
        return now;
    }
    if (cached->leaf == now.entry && cached->level == now.level)
        return now;
    if (!change_in_progress(cpu))
        sim_fail("stale TLB entry: VMID %u, IPA %#llx was %#llx (level %u), is %#llx (level %u); changed without "
                 "invalidation%s",
                 stage2->vmid, (unsigned long long)address, (unsigned long long)cached->leaf, cached->level,
                 (unsigned long long)now.entry, now.level,
                 now.entry != 0 ? " (break before make, Arm ARM D8.14.1)" : "");
    return (struct walk){.entry = cached->leaf, .level = cached->level};
}

/* ---- Leaf attributes */

static bool permitted(uint64_t leaf, enum sim_access access)
{
    bool readable = (leaf >> 6 & 1) != 0, writable = (leaf >> 7 & 1) != 0;
    if (access == SIM_ACCESS_WRITE)
        return writable;
    return readable && (access != SIM_ACCESS_FETCH || (leaf & LEAF_EXECUTE_NEVER) == 0);
}

/* MemAttr[3:0] (Arm ARM D8.5.5, without FEAT_S2FWB): 00xx Device, else outer and inner cacheability: 01 none, 10
 * write-through, 11 write-back. */
static bool is_device(uint64_t leaf)
{
    return (leaf >> 4 & 3) == 0;
}

static bool is_cacheable(uint64_t leaf)
{
    return (leaf >> 4 & 3) >= 2 && (leaf >> 2 & 3) >= 2;
}

static void check_leaf(struct sim_machine *machine, uint64_t leaf, unsigned level, uint64_t address)
{
    uint64_t size = 1ULL << level_shift(level), target = leaf & ENTRY_ADDRESS;
    if (!is_aligned(target, size))
        sim_fail("stage 2: IPA %#llx: level %u entry %#llx has RES0 address bits set", (unsigned long long)address,
                 level, (unsigned long long)leaf);
    if (!is_device(leaf) && (leaf >> 2 & 3) == 0)
        sim_fail("stage 2: IPA %#llx: reserved memory attributes in %#llx", (unsigned long long)address,
                 (unsigned long long)leaf);
    if ((leaf & LEAF_RES0) != 0 || (leaf >> 8 & 3) == 1)
        sim_fail("stage 2: IPA %#llx: reserved bits in %#llx", (unsigned long long)address, (unsigned long long)leaf);
    if (is_cacheable(leaf) && (leaf >> 8 & 3) == 0)
        sim_fail("stage 2: IPA %#llx: %#llx is not shareable: CPUs would not see each other's writes",
                 (unsigned long long)address, (unsigned long long)leaf);
    bool ram = sim_bank_find(machine, target, size) != NULL;
    if (ram == is_device(leaf))
        sim_fail("stage 2: IPA %#llx maps %#llx as %s memory, but it is %s", (unsigned long long)address,
                 (unsigned long long)target, is_device(leaf) ? "Device" : "Normal", ram ? "RAM" : "not RAM");
}

struct sim_translation sim_translate(struct sim_cpu *cpu, uint64_t address, enum sim_access access)
{
    const struct arch_stage2 *stage2 = cpu->loaded->stage2;
    struct walk found = look_up(cpu, stage2, address);
    if (found.entry == 0)
        return (struct sim_translation){.fault = true, .status = found.status};
    check_leaf(cpu->machine, found.entry, found.level, address);
    if ((found.entry & LEAF_ACCESS_FLAG) == 0)
        return (struct sim_translation){.fault = true, .status = (uint8_t)(SIM_FSC_ACCESS_FLAG | found.level)};
    if (!permitted(found.entry, access))
        return (struct sim_translation){.fault = true, .status = (uint8_t)(SIM_FSC_PERMISSION | found.level)};
    uint64_t size = 1ULL << level_shift(found.level);
    return (struct sim_translation){.pa = (found.entry & ENTRY_ADDRESS) | (address & (size - 1)),
                                    .size = size,
                                    .device = is_device(found.entry),
                                    .cacheable = is_cacheable(found.entry)};
}
