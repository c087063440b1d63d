/* SPDX-License-Identifier: Apache-2.0 */
/* TLB maintenance: the only place with TLBI instructions in C, so that errata which want them repeated are handled
 * here. */
#ifndef BULKHEAD_AARCH64_TLB_H
#define BULKHEAD_AARCH64_TLB_H

#include "lib/types.h"

/** Drops this CPU's translations of EL2. */
void tlb_invalidate_own(void);

/** Drops all CPUs' translations of EL2. */
void tlb_invalidate_all_cpus(void);

/** What this CPU holds of EL1&0 stage-1 translations of the VMID in VTTBR_EL2. */
void tlb_invalidate_stage1(void);

/** Drops this CPU's EL2 translations of @p pages pages from @p va. */
void tlb_invalidate_own_range(uint64_t va, uint64_t pages);

#endif
