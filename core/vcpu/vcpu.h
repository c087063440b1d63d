/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual CPU: what it is, and what wakes it. sched/ runs it. */
#ifndef BULKHEAD_VCPU_VCPU_H
#define BULKHEAD_VCPU_VCPU_H

#include "arch/vcpu.h"
#include "lib/types.h"
#include "vcpu/vcpu_power.h"
#include "vcpu/vcpu_timers.h"
#include "vgic/vgic.h"

struct domain;

enum vcpu_state {
    VCPU_OFF,     /* not started, or turned off; vcpu_power_on() makes it READY */
    VCPU_READY,   /* can run */
    VCPU_WAITING, /* in WFI: runs again when an interrupt is pending */
};

struct vcpu_statistics {
    uint64_t exits, hypercalls, mmio, aborts, wfi, interrupts, sysregs;
};

struct vcpu {
    struct arch_vcpu arch;
    struct domain *domain;
    uint8_t index;  /* vCPU number: the guest's Aff0 */
    uint8_t cpu;    /* physical CPU it runs on, as the plan says */
    uint32_t state; /* enum vcpu_state; while it is not OFF written by its own CPU, others wake it by vcpu_wake() */
    uint32_t wake;  /* set by other CPUs (release), cleared by the own one */
    struct vcpu_request on_request; /* it was turned on; not yet taken up */
    struct vgic_vcpu vgic;
    uint8_t timer_intids[VCPU_TIMERS]; /* PPIs of the guest */
    uint8_t timers_in_flight;          /* bit per timer: its physical interrupt is active on behalf of this vCPU */
    struct vcpu *next;                 /* of the same domain on the same CPU */
    struct vcpu_statistics statistics;
};

/** vgic::wake. */
void vcpu_wake_for_interrupt(struct vgic_vcpu *vgic_vcpu);
/** vgic::route. */
void vcpu_route_interrupt(const struct vgic_vcpu *vgic_vcpu, uint32_t physical_intid);
/** Makes @p vcpu runnable if it waits, and its CPU look at it, unless that CPU will anyway before others' time is over.
 * Any CPU, after what makes the vCPU runnable was stored. */
void vcpu_wake(struct vcpu *vcpu);
/** @return whether its CPU still holds the state of @p vcpu in its registers. Any CPU. */
bool vcpu_is_loaded(const struct vcpu *vcpu);

#endif
