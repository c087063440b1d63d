/* SPDX-License-Identifier: Apache-2.0 */
/* Translation tables of a guest program in SPARE_IPA's block, and what switches its MMU. 32-bit addresses, so that the
 * root is a level-1 table of four entries. */
#ifndef BULKHEAD_TESTS_UNIT_HOSTSIM_PAGING_H
#define BULKHEAD_TESTS_UNIT_HOSTSIM_PAGING_H

#include "unit/hostsim/mini.h"

#define S1_ROOT (SPARE_IPA + 0x10000)
#define S1_LEVEL2 (S1_ROOT + 0x1000) /* 1 to 2 GiB */
#define S1_LEVEL3 (S1_ROOT + 0x2000) /* of PAGES_VA */
#define PAGES_VA 0x40400000ULL       /* page i is what paging_page() says */
#define DATA_IPA (SPARE_IPA + 0x100000)

/* Attributes of stage 1: AttrIndx 0 Device-nGnRE, 1 Normal Non-cacheable, 2 Normal write-back. */
#define S1_DEVICE (0u << 2)
#define S1_NONCACHEABLE (1u << 2)
#define S1_CACHEABLE (2u << 2)
#define S1_USER (1u << 6)
#define S1_READ_ONLY (1u << 7)
#define S1_SHARED (3u << 8)
#define S1_ACCESSED (1u << 10)
#define S1_NOT_GLOBAL (1u << 11)
#define S1_PXN (1ULL << 53)
#define S1_PLAIN (S1_CACHEABLE | S1_SHARED | S1_ACCESSED)
#define S1_MAIR 0xff4404ULL
#define S1_TCR (32ULL | 1u << 8 | 1u << 10 | 3u << 12 | 1u << 23 | 2ULL << 32) /* T0SZ 32, walks write-back, EPD1 */

#define SCTLR_OFF 0x00c50078u
#define SCTLR_ON (SCTLR_OFF | 1u << 0 | 1u << 2 | 1u << 12) /* M, C, I */

static inline void paging_page(unsigned index, uint64_t ipa, uint64_t attributes)
{
    guest_write64(S1_LEVEL3 + 8 * index, ipa == 0 ? 0 : ipa | attributes | 3);
}

/** The kernel's and the spare block as they are, and the table of PAGES_VA. */
static inline void paging_tables(void)
{
    guest_write64(S1_ROOT + 8, S1_LEVEL2 | 3);
    guest_write64(S1_LEVEL2, KERNEL_IPA | S1_PLAIN | 1);
    guest_write64(S1_LEVEL2 + 8, SPARE_IPA | S1_PLAIN | 1);
    guest_write64(S1_LEVEL2 + 16, S1_LEVEL3 | 3);
    guest_msr(GUEST_MAIR_EL1, S1_MAIR);
    guest_msr(GUEST_TCR_EL1, S1_TCR);
    guest_msr(GUEST_TTBR0_EL1, S1_ROOT);
    guest_maintain(GUEST_TLBI_VMALLE1, 0);
}

static inline void paging_on(void)
{
    guest_msr(GUEST_SCTLR_EL1, SCTLR_ON);
}

static inline void paging_off(void)
{
    guest_msr(GUEST_SCTLR_EL1, SCTLR_OFF);
}

/** Runs @p program as a guest that has the spare block mapped, until its next exit. */
static inline struct arch_exit paging_begin(struct mini *mini, const char *program)
{
    mini_begin(mini, program);
    mini_map(mini, SPARE_IPA, SPARE_PA, NORMAL);
    arch_vcpu_load(&mini->vcpu);
    return mini_run(mini);
}

#endif
