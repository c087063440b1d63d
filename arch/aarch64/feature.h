/* SPDX-License-Identifier: Apache-2.0 */
/* What the CPU has, and the registers of EL2 that follow from it. */
#ifndef BULKHEAD_AARCH64_FEATURE_H
#define BULKHEAD_AARCH64_FEATURE_H

#include "lib/types.h"

/** HCR_EL2 while a guest runs, but for what a vCPU adds. Read by vectors.S. */
extern uint64_t vcpu_hcr;

/** Sets vcpu_hcr. Boot CPU. */
void feature_init(void);

/** Sets all registers of this CPU that decide what a guest may do and that are the same for all guests. */
void feature_init_cpu(void);

/** Whether this CPU has the registers of that name in arch/vcpu_registers.h. CPUs of one machine may differ. */
bool feature_ras(void);
bool feature_sme(void);

#endif
