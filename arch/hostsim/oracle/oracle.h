/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold whatever core does, looked at when a vCPU is loaded, entered, left and put, and after each event.
 * Rules that concern one access (whose page it is, whose lines) are where the access is: mmu.c, cache.c. */
#ifndef BULKHEAD_HOSTSIM_ORACLE_H
#define BULKHEAD_HOSTSIM_ORACLE_H

#include "hostsim/machine/machine.h"

struct sim_oracle *sim_oracle_create(void);
void sim_oracle_destroy(struct sim_oracle *oracle);

/** Before @p vcpu's state goes into the hardware: it is what was saved, and no list register is another's. */
void sim_oracle_load(const struct sim_cpu *cpu, const struct arch_vcpu *vcpu);
/** After it was saved. */
void sim_oracle_put(const struct sim_cpu *cpu, const struct arch_vcpu *vcpu);
/** Core changed the state by a function of the contract. */
void sim_oracle_changed(const struct sim_cpu *cpu, const struct arch_vcpu *vcpu);
/** Around the guest: what list registers are linked to is active, and has one owner. */
void sim_oracle_run(const struct sim_cpu *cpu);
/** After an event: a loaded vCPU is whole and on one CPU, a VMID means one stage-2 map, what guests have in list
 * registers is still theirs, and nobody sleeps through an interrupt. */
void sim_oracle_event(struct sim_machine *machine);

/* assigned.c: the host's interrupts that guests have. */
/** @p cpu acknowledged @p intid. */
void sim_oracle_acknowledged(struct sim_cpu *cpu, unsigned intid);
/** @p cpu has handled what it acknowledged: it enters a guest, or sleeps. */
void sim_oracle_handled(struct sim_cpu *cpu);
/** Each is on while its guest has it on and its domain runs, goes where that sends it, and is active while it is in
 * flight. */
void sim_oracle_assigned(struct sim_machine *machine);
/** The domain with that VMID begins a life: nothing is left of the one before. */
void sim_oracle_life(const struct sim_machine *machine, unsigned vmid);

/* turns.c: a vCPU that wants to run does. */
struct sim_turns *sim_turns_create(void);
void sim_turns_destroy(struct sim_turns *turns);
/** A vCPU was put into its reset state. */
void sim_turn_reset(struct sim_machine *machine, const struct arch_vcpu *vcpu);
/** It enters its guest; it came out of it, with @p exit. */
void sim_turn_begins(struct sim_cpu *cpu, const struct arch_vcpu *vcpu);
void sim_turn_ends(const struct sim_cpu *cpu, const struct arch_vcpu *vcpu, const struct arch_exit *exit);
/** Its state went into the hardware; was saved. */
void sim_turn_load(const struct sim_cpu *cpu, const struct arch_vcpu *vcpu);
void sim_turn_put(const struct sim_cpu *cpu, const struct arch_vcpu *vcpu);
void sim_turns_check(const struct sim_machine *machine);

#endif
