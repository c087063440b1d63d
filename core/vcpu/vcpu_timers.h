/* SPDX-License-Identifier: Apache-2.0 */
/* The timers of guests: their registers are the hardware's, their interrupts are the host's, passed on. While a vCPU is
 * loaded the hardware counts for it; while it is not, its registers tell when it wants to run again. */
#ifndef BULKHEAD_VCPU_VCPU_TIMERS_H
#define BULKHEAD_VCPU_VCPU_TIMERS_H

#include "irq/irq.h"
#include "lib/types.h"

struct vcpu;

enum vcpu_timer {
    VCPU_TIMER_VIRTUAL,
    VCPU_TIMER_PHYSICAL,
    VCPU_TIMERS,
};

/** Tells the host's INTIDs of both (PPIs), and leads them here. @return that of irq_connect() */
HV_CHECK hv_status vcpu_timers_init(uint32_t virtual_intid, uint32_t physical_intid);
/** The interrupts that are in flight leave this CPU with @p vcpu, which was put just now. */
void vcpu_timers_save(struct vcpu *vcpu);
/** They come back with it, before it is loaded. */
void vcpu_timers_restore(struct vcpu *vcpu);
/** As at the power-on of its domain. Not while it is loaded. */
void vcpu_timers_reset(struct vcpu *vcpu);
/** @return when @p vcpu, which is not loaded, wants to run again on their account; ARCH_TIMER_NEVER */
uint64_t vcpu_timers_deadline(const struct vcpu *vcpu);

#endif
