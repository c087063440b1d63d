/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a vCPU is on. It is turned on in two steps, because its registers belong to the CPU that it runs on: who
 * turns it on leaves a request, of which there is never more than one, and with that the vCPU is on; its own CPU takes
 * the request up before it enters the guest. All loads and stores of these states have one order. */
#ifndef BULKHEAD_VCPU_VCPU_POWER_H
#define BULKHEAD_VCPU_VCPU_POWER_H

#include "arch/smc.h"
#include "lib/types.h"

struct vcpu;

enum vcpu_request_state {
    VCPU_NO_REQUEST,
    VCPU_REQUEST_CLAIMED, /* one of those who want to turn it on has won, and fills it in */
    VCPU_REQUESTED,       /* entry and context are valid */
};

/** Embedded in struct vcpu. Zero is its reset state. */
struct vcpu_request {
    uint32_t state;   /* enum vcpu_request_state */
    uint64_t entry;   /* IPA of the first instruction */
    uint64_t context; /* x0 there */
};

/** Turns @p vcpu on at @p entry, with x0 = @p context. Any CPU.
 * @return PSCI_SUCCESS; PSCI_ALREADY_ON: it is, or somebody else's request was granted; PSCI_ON_PENDING */
int64_t vcpu_power_on(struct vcpu *vcpu, uint64_t entry, uint64_t context);
/** Turns @p vcpu, which is out of its guest on this CPU, off. */
void vcpu_power_off(struct vcpu *vcpu);
/** @return whether @p vcpu is off and nobody is about to turn it on. */
bool vcpu_power_is_off(const struct vcpu *vcpu);
/** @return as PSCI AFFINITY_INFO says it (DEN0022 5.7): ON, OFF, ON_PENDING. */
int64_t vcpu_power_info(const struct vcpu *vcpu);
#define VCPU_POWER_ON 0
#define VCPU_POWER_OFF 1
#define VCPU_POWER_ON_PENDING 2

/** @return whether @p vcpu was turned on and has to be reset before it runs. */
bool vcpu_power_requested(const struct vcpu *vcpu);
/** Takes the request up: reset state, entry. On the vCPU's own CPU, @p vcpu not loaded. */
void vcpu_power_take_up(struct vcpu *vcpu);
/** As at power-on of its domain: off, no request. None may run it. */
void vcpu_power_reset(struct vcpu *vcpu);

#endif
