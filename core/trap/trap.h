/* SPDX-License-Identifier: Apache-2.0 */
/* Why a guest came out, and what is done about it. */
#ifndef BULKHEAD_TRAP_TRAP_H
#define BULKHEAD_TRAP_TRAP_H

#include "arch/vcpu.h"
#include "bus/mmio.h"
#include "vcpu/vcpu.h"

/** Handles a synchronous exit or an SError of @p vcpu, loaded on this CPU. Bounded work; never panics on what a guest
 * did. */
void trap_handle(struct vcpu *vcpu, const struct arch_exit *exit);

/** Makes the guest take an exception at its next entry, as the architecture says (Arm ARM D1.10,
 * AArch64.TakeException). */
void trap_inject_undefined(struct vcpu *vcpu);
void trap_inject_external_abort(struct vcpu *vcpu, uint64_t fault_address, bool instruction);
/** The same for a data abort, with what its syndrome says of it: ESR_ABORT_WRITE, ESR_ABORT_CACHE_MAINTENANCE. */
void trap_inject_data_abort(struct vcpu *vcpu, uint64_t fault_address, uint64_t syndrome);

/** Moves pc past an emulated instruction of @p length bytes, with the state that goes with it (A32 IT blocks, BTYPE).
 */
void trap_skip_instruction(struct vcpu *vcpu, unsigned length);

/** General registers by number as an instruction names them: 31 reads as zero and ignores writes. */
uint64_t trap_register_read(const struct vcpu *vcpu, unsigned number);
void trap_register_write(struct vcpu *vcpu, unsigned number, uint64_t value);

/** @return whether @p address is in one of the domain's RAM banks, touched or not. */
bool trap_is_guest_ram(const struct domain *domain, ipa_t address);

/** PSCI 1.1 and SMCCC 1.1 for guests, by HVC and SMC. Reads x0..x3 and writes x0 of @p vcpu. DEN0022, DEN0028. */
void smccc_call(struct vcpu *vcpu);

/** Xen's calls, by HVC #XEN_CALL: console_io writes to the domain's console, all others are -ENOSYS. Reads x0..x4, x16
 * and writes x0..x2 of @p vcpu, which is loaded on this CPU; pc goes back to the HVC where there is more to write. */
#define XEN_CALL 0xea1
void xen_call(struct vcpu *vcpu);

/** A trapped MRS, MSR or SYS instruction: what is not on the allow-list is UNDEFINED. Moves pc. */
void sysreg_access(struct vcpu *vcpu, uint64_t esr);

#endif
