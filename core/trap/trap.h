/* Why a guest came out, and what is done about it. */
#ifndef BULKHEAD_TRAP_TRAP_H
#define BULKHEAD_TRAP_TRAP_H

#include "arch/vcpu.h"
#include "emul/mmio.h"
#include "vcpu/vcpu.h"

/** Handles a synchronous exit or an SError of @p vcpu, loaded on this CPU. Bounded work; never panics on what a guest did. */
void trap_handle(struct vcpu *vcpu, const struct arch_exit *exit);

/** Makes the guest take an exception at its next entry, as the architecture says (Arm ARM D1.10, AArch64.TakeException). */
void trap_inject_undefined(struct vcpu *vcpu);
void trap_inject_external_abort(struct vcpu *vcpu, uint64_t fault_address, bool instruction);

/** PSCI 1.1 and SMCCC 1.1 for guests, by HVC and SMC. Reads x0..x3 and writes x0..x3 of @p vcpu. DEN0022, DEN0028. */
void smccc_call(struct vcpu *vcpu);

#endif
