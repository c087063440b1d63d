/* SPDX-License-Identifier: Apache-2.0 */
/* Stage-2 translation tables, VMSAv8-64, 4 KiB granule (Arm ARM D8). Pure data: tables are memory handed in by the
 * caller; making them visible and dropping stale translations goes through the contract.
 *
 * Always holds: an entry is valid only for what was mapped and not unmapped since; no mapping is replaced by another
 * without an unmap and an invalidation between (break before make, D8.14.1). */
#ifndef BULKHEAD_MEM_STAGE2_H
#define BULKHEAD_MEM_STAGE2_H

#include "arch/cpu.h"
#include "arch/mem.h"
#include "lib/status.h"
#include "lib/types.h"
#include "mem/regions.h"

/* Larger input addresses begin at level 0. 39 bits of one level-1 table, 4 more of up to 16 concatenated ones (D8.2.2).
 */
#define STAGE2_LEVEL1_IPA_BITS 43

enum stage2_kind {
    STAGE2_RAM,        /* normal write-back, inner shareable, read, write, execute */
    STAGE2_RAM_NOEXEC, /* the same, never executed */
    STAGE2_RAM_RO,     /* normal, read only, never executed */
    STAGE2_DEVICE,     /* Device-nGnRE, read, write, never executed */
};

/** The tables of one domain, with the pool that all its table pages come from. */
struct stage2 {
    struct arch_stage2 arch; /* what the hardware is told */
    struct arch_spinlock lock;
    uint8_t *pool;  /* mapped table pages, the root first; pool_pages * PAGE_SIZE bytes */
    pa_t pool_base; /* physical address of pool[0]; aligned to the root's size */
    uint32_t pool_pages;
    uint32_t pool_used; /* pages handed out; freed ones come back through free_list */
    uint32_t free_list; /* index + 1 of the first free page, 0: none */
};

/** What an IPA translates to. */
struct stage2_mapping {
    pa_t pa;       /* of the IPA asked for */
    uint64_t size; /* bytes the leaf entry covers: 4 KiB, 2 MiB, 1 GiB */
    enum stage2_kind kind;
};

/** Pages that the root needs for @p ipa_bits (concatenated tables included), and their alignment in bytes is that
 * number * 4 KiB. */
unsigned stage2_root_pages(unsigned ipa_bits);
/**
 * Upper bound of table pages (root included) for mapping the given IPA ranges, however they are later cut into blocks
 * at their ends: one level-2 table per GiB touched, one level-3 table per unaligned end and per @p page_mapped_blocks.
 * @param ranges  in ascending order; empty ones anywhere
 */
unsigned stage2_pages_needed(unsigned ipa_bits, const struct region *ranges, unsigned count,
                             unsigned page_mapped_blocks);

/**
 * Starts with nothing mapped.
 * @param pool     zeroed here as needed; aligned to stage2_root_pages() * PAGE_SIZE
 * @param ipa_bits 32..48, not more than the host's PA size
 * @param vmid     1..255, unique among live domains
 */
HV_CHECK hv_status stage2_init(struct stage2 *stage2, void *pool, pa_t pool_base, uint32_t pool_pages,
                               unsigned ipa_bits, uint16_t vmid);
/**
 * Maps [base, base + size) to [target, ...), with the largest blocks that alignment allows, and publishes it.
 * @return HV_E_RANGE (unaligned to 4 KiB, wraps, beyond ipa_bits or 48-bit PA), HV_E_OVERLAP (part is mapped already;
 * nothing was changed), HV_E_NOMEM (pool exhausted; nothing of the range stays mapped)
 */
HV_CHECK hv_status stage2_map(struct stage2 *stage2, ipa_t base, pa_t target, uint64_t size, enum stage2_kind kind);
/**
 * Unmaps what is mapped in the range, splitting blocks at its ends, and invalidates; tables that this empties go back
 * to the pool. Holes are no error. While a block is split its other pages fault for a moment (break before make): who
 * handles a stage-2 fault looks the address up first, and lets the guest try again if it is mapped.
 * @return HV_E_RANGE, or HV_E_NOMEM where the pool has no page for a split (nothing was unmapped)
 */
HV_CHECK hv_status stage2_unmap(struct stage2 *stage2, ipa_t base, uint64_t size);
/** Unmaps everything and invalidates, in a time that does not depend on how much there was. No vCPU of the domain may
 * be loaded: its tables go back to the pool as they are. */
void stage2_clear(struct stage2 *stage2);
/** @return HV_E_MISSING where nothing is mapped, HV_E_RANGE beyond ipa_bits. */
HV_CHECK hv_status stage2_lookup(struct stage2 *stage2, ipa_t address, struct stage2_mapping *mapping);
/**
 * Calls @p visit for each maximal run that is contiguous in both address spaces and of one kind, in IPA order. For
 * oracles, memory maps on the console, tests. The lock is not held during a visit: what changes meanwhile is seen or
 * not.
 */
void stage2_walk(struct stage2 *stage2,
                 void (*visit)(void *context, ipa_t base, pa_t target, uint64_t size, enum stage2_kind kind),
                 void *context);

#endif
