/* SPDX-License-Identifier: Apache-2.0 */
/* The one part of taking an exception that depends on the CPU's features. Pure. */
#ifndef BULKHEAD_TRAP_INJECT_H
#define BULKHEAD_TRAP_INJECT_H

#include "lib/types.h"

/**
 * PSTATE at EL1 after an exception taken there from @p old (in SPSR format), Arm ARM AArch64.TakeException.
 * @param sctlr        the guest's SCTLR_EL1
 * @param pfr1, mmfr1  ID_AA64PFR1_EL1 and ID_AA64MMFR1_EL1 of the host: features that the CPU has decide, not those
 * that the guest is told of
 */
uint64_t inject_entry_pstate(uint64_t old, uint64_t sctlr, uint64_t pfr1, uint64_t mmfr1);

#endif
