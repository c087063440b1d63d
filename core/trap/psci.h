/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI 1.1 for guests (DEN0022): each domain is a machine of its own, its vCPUs are the machine's CPUs.
 *
 * A vCPU is turned on in two steps, because its registers belong to the CPU that it runs on: the caller of CPU_ON
 * leaves a request, of which there is never more than one, and with that the vCPU is on; its own CPU takes the request
 * up before it enters the guest. */
#ifndef BULKHEAD_TRAP_PSCI_H
#define BULKHEAD_TRAP_PSCI_H

#include "arch/smc.h"
#include "lib/types.h"

struct vcpu;

enum psci_request_state {
    PSCI_NO_REQUEST,
    PSCI_REQUEST_CLAIMED, /* one caller of CPU_ON has won and fills it in */
    PSCI_REQUESTED,       /* release: entry and context are valid */
};

/** Embedded in struct vcpu. Zero is its reset state. */
struct psci_request {
    uint32_t state;   /* enum psci_request_state */
    uint64_t entry;   /* IPA of the first instruction */
    uint64_t context; /* x0 there */
};

/** @return whether @p function is in PSCI's range; then psci_call() answers it. */
static inline bool psci_owns(uint32_t function)
{
    return (function & ~(SMCCC_WIDE | PSCI_NUMBER)) == PSCI_BASE || function == 1 || function == 2;
}

/** @return x0 for the guest. Arguments are x1..x3 of @p vcpu, pc is behind the call. */
uint64_t psci_call(struct vcpu *vcpu, uint32_t function);

/** @return whether @p vcpu was turned on and has to be reset before it runs. */
bool psci_start_requested(const struct vcpu *vcpu);
/** Takes the request up: reset state, entry. On the vCPU's own CPU, @p vcpu not loaded. */
void psci_start(struct vcpu *vcpu);

#endif
