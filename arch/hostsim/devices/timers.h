/* SPDX-License-Identifier: Apache-2.0 */
/* The generic timer's interrupts: CNTHP of each CPU, CNTV and CNTP of the vCPU that is loaded, by the numbers that
 * the device tree gives them. */
#ifndef BULKHEAD_HOSTSIM_TIMERS_H
#define BULKHEAD_HOSTSIM_TIMERS_H

#include "hostsim/machine/machine.h"

/** Sets both lines as they are now and schedules their next change. After any write to a timer's registers. */
void sim_timers_update(struct sim_cpu *cpu);
/** EL2 has set a deadline: faults of its timer strike now. */
void sim_timer_faults(struct sim_cpu *cpu);
/** @return CNTVCT_EL0 as the loaded vCPU reads it. */
uint64_t sim_virtual_counter(const struct sim_cpu *cpu);
/** @return CNTV_CTL_EL0 with ISTATUS as it is now. */
uint64_t sim_virtual_timer_control(const struct sim_cpu *cpu);
/** The same for CNTP_CTL_EL0. */
uint64_t sim_physical_timer_control(const struct sim_cpu *cpu);

#endif
