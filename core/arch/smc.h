/* SPDX-License-Identifier: Apache-2.0 */
/* The contract, firmware: the secure monitor call of the SMC Calling Convention (DEN0028). */
#ifndef BULKHEAD_ARCH_SMC_H
#define BULKHEAD_ARCH_SMC_H

#include "lib/types.h"

/** Calls EL3. @return x0. Where there is no EL3 to call, SMCCC's NOT_SUPPORTED (-1). */
uint64_t arch_smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);

#endif
