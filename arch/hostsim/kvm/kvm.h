/* SPDX-License-Identifier: Apache-2.0 */
/* Guests as native code in vCPUs of the host's KVM, in the place of coroutines: one VM a domain, one KVM vCPU a vCPU.
 * What KVM cannot do alone becomes an operation (struct guest_operation), as a guest program posts it, and goes the
 * same way: done by the machine, or trapped to core. */
#ifndef BULKHEAD_HOSTSIM_KVM_H
#define BULKHEAD_HOSTSIM_KVM_H

#include "hostsim/guest/guest_runtime.h"

/** Opens the host's KVM for @p machine. @return NULL, or why it cannot be used: valid until the next call */
const char *sim_kvm_open(struct sim_machine *machine);
void sim_kvm_close(struct sim_machine *machine);

/** Makes @p guest's vCPU where it has none, with its first state from the guest's x, pc and pstate. */
void sim_kvm_prepare(struct sim_cpu *cpu, struct sim_guest *guest);
/**
 * Completes what was done for the guest and runs it: until it wants something, which is then posted as its operation,
 * or for a while. @return whether it came out for good: then @p exit says why
 */
bool sim_kvm_enter(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit);
/** The vCPU was put into its reset state. */
void sim_kvm_stop(struct sim_guest *guest);
void sim_kvm_free(struct sim_guest *guest);

/** Core has invalidated these translations: KVM must not use them any longer. */
void sim_kvm_invalidate(struct sim_machine *machine, uint16_t vmid, uint64_t base, uint64_t size);

/** System registers that KVM holds for @p guest. @return false: hostsim keeps this one itself */
bool sim_kvm_sysreg_read(const struct sim_guest *guest, enum vcpu_sysreg sysreg, uint64_t *value);
void sim_kvm_sysreg_write(const struct sim_guest *guest, enum vcpu_sysreg sysreg, uint64_t value);

#endif
