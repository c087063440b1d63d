/* SPDX-License-Identifier: Apache-2.0 */
/* Running one vCPU on this CPU: into the guest, out again, what came out is dealt with. */
#ifndef BULKHEAD_SCHED_RUN_H
#define BULKHEAD_SCHED_RUN_H

#include "vcpu/cpu.h"
#include "vcpu/vcpu.h"

/** Makes the hardware hold @p vcpu's state, putting the one it held; one that was turned on is reset first.
 * @param trap_wfi  others want this CPU too
 * @return false, and none is loaded, if its domain stopped running meanwhile */
bool run_load(struct cpu *cpu, struct vcpu *vcpu, bool trap_wfi);
/** Takes the loaded vCPU's state out of the hardware; none loaded is fine. */
void run_unload(struct cpu *cpu);
/** Enters the loaded @p vcpu again and again, until it waits or stops, its domain ends, or cpu->reschedule is set. */
void run_until_reschedule(struct cpu *cpu, struct vcpu *vcpu);

#endif
