/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI 1.1 for guests (DEN0022): each domain is a machine of its own, its vCPUs are the machine's CPUs. What is on and
 * off is vcpu/vcpu_power.h's. */
#ifndef BULKHEAD_TRAP_PSCI_H
#define BULKHEAD_TRAP_PSCI_H

#include "arch/smc.h"
#include "lib/types.h"

struct vcpu;

/** @return whether @p function is in PSCI's range; then psci_call() answers it. */
static inline bool psci_owns(uint32_t function)
{
    return (function & ~(SMCCC_WIDE | PSCI_NUMBER)) == PSCI_BASE || function == 1 || function == 2;
}

/** @return x0 for the guest. Arguments are x1..x3 of @p vcpu, pc is behind the call. */
uint64_t psci_call(struct vcpu *vcpu, uint32_t function);

#endif
