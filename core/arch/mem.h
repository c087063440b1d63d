/* SPDX-License-Identifier: Apache-2.0 */
/* The contract, memory: what the hypervisor itself can reach, caches, stage-2 activation.
 *
 * The hypervisor maps itself, W^X, and nothing else. All other memory is reached through the functions below; guest RAM
 * only through a window, for as long as it is open. */
#ifndef BULKHEAD_ARCH_MEM_H
#define BULKHEAD_ARCH_MEM_H

#include "lib/status.h"
#include "lib/types.h"

enum arch_map_access {
    ARCH_MAP_READ,       /* normal write-back memory, read only */
    ARCH_MAP_READ_WRITE, /* normal write-back memory, never executable */
};

/** The physical range that holds the hypervisor's image, BSS, stacks and boot page tables. Page aligned. */
void arch_image_range(pa_t *base, uint64_t *size);

/**
 * Takes what only boots out of this address space, text and constants, on all CPUs: who goes there from now on faults.
 * Boot CPU, once, before the first guest runs. What is still read of the boot half is HV_KEPT.
 */
void arch_boot_done(void);

/**
 * Maps RAM for as long as the hypervisor runs. Boot CPU only, before other CPUs use the range; never for guest RAM.
 * @param base  any address; the mapping covers the pages that hold [base, base + size)
 * @return the address of @p base's byte, or NULL where address space or tables are exhausted
 */
void *arch_map(pa_t base, uint64_t size, enum arch_map_access access);

#define ARCH_WINDOW_SIZE BLOCK_SIZE
/** @return how many bytes from @p address on one window can show. */
static inline uint64_t arch_window_left(pa_t address)
{
    return ARCH_WINDOW_SIZE - (address.raw & (ARCH_WINDOW_SIZE - 1));
}

#define ARCH_WINDOW_SLOTS 2 /* per CPU: a source and a destination */

/**
 * Opens this CPU's window @p slot on [base, base + size), which must lie inside one aligned 2 MiB block.
 * What the slot showed before is gone. Other CPUs do not see it.
 * @return the address of @p base's byte; never NULL
 */
void *arch_window_open(unsigned slot, pa_t base, uint64_t size, enum arch_map_access access);

/** Closes the window and removes its translation from this CPU's TLB. */
void arch_window_close(unsigned slot);

/* What a guest is to find while its caches are still off must be in memory, and no line of it may stay behind in a
 * cache: a guest that writes with its caches off and reads with them on would hit the line, and not what it wrote. So
 * the functions below clean and invalidate (Arm ARM B2.7). */

/** Zeroes @p size bytes at @p address, then cleans and invalidates them to the point of coherency. Both multiples
 * of 64. */
void arch_zero_and_clean(void *address, uint64_t size);

/**
 * Copies, and cleans and invalidates the destination to the point of coherency in the same pass. Destination 64-byte
 * aligned; the last line is cleaned whole. No overlap.
 */
void arch_copy_and_clean(void *destination, const void *source, uint64_t size);

/** Cleans the lines that hold [address, address + size) to the point of coherency (DC CVAC; DSB). */
void arch_cache_clean(const void *address, uint64_t size);

/** Cleans and invalidates them (DC CIVAC; DSB): before reading what a guest wrote with its caches off. */
void arch_cache_clean_invalidate(void *address, uint64_t size);

/** Drops all instruction caches of the inner shareable domain (IC IALLUIS; DSB; ISB). Once per image, not per page. */
void arch_icache_invalidate_all(void);

/** Makes stage-2 table writes visible to the walkers (DSB ISHST). After every change that adds a translation. */
void arch_stage2_publish(void);

/** What the hardware is told of one domain's tables (VTTBR_EL2, VTCR_EL2). */
struct arch_stage2 {
    pa_t root;           /* the top-level table (or the first of the concatenated ones) */
    uint16_t vmid;       /* 1..255 */
    uint8_t ipa_bits;    /* 32..48: size of the input address */
    uint8_t start_level; /* 1 or 2 or 0, as the tables were built for */
};

/**
 * Removes the cached translations of [base, base + size) of one VMID on all CPUs: TLBI IPAS2E1IS, DSB, TLBI VMALLE1IS,
 * DSB, ISB (Arm ARM D8.13); one TLBI VMALLS12E1IS where the range is large.
 */
void arch_stage2_invalidate(const struct arch_stage2 *stage2, ipa_t base, uint64_t size);

/** @return the width of physical addresses in bits (ID_AA64MMFR0_EL1.PARange): 32..48. */
unsigned arch_pa_bits(void);

#endif
