/* SPDX-License-Identifier: Apache-2.0 */
/* Running one vCPU on this CPU: into the guest, out again, what came out is dealt with. */
#ifndef BULKHEAD_VCPU_RUN_H
#define BULKHEAD_VCPU_RUN_H

#include "vcpu/sched.h"

/** Makes the hardware hold @p vcpu's state, putting the one it held; one that PSCI CPU_ON started is reset first.
 * @param trap_wfi  others want this CPU too
 * @return false, and none is loaded, if its domain stopped running meanwhile */
bool run_load(struct cpu *cpu, struct vcpu *vcpu, bool trap_wfi);
/** Takes the loaded vCPU's state out of the hardware; none loaded is fine. */
void run_unload(struct cpu *cpu);
/** Enters the loaded @p vcpu again and again, until it waits or stops, its domain ends, or cpu->reschedule is set. */
void run_until_reschedule(struct cpu *cpu, struct vcpu *vcpu);
/** Takes and handles all physical interrupts that wait for this CPU, at most RUN_MAX_INTERRUPTS of them. One that comes
 * RUN_STORM times among them, though its cause was taken away each time, is turned off. */
void run_interrupts(struct cpu *cpu);

#define RUN_MAX_INTERRUPTS 32
#define RUN_STORM 16
#define RUN_MAX_REPORTS 16 /* of interrupts that had to be turned off */

#endif
