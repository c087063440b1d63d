/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual CPU: what it is, and what wakes it. run.h runs it. */
#ifndef BULKHEAD_VCPU_VCPU_H
#define BULKHEAD_VCPU_VCPU_H

#include "arch/vcpu.h"
#include "lib/types.h"
#include "trap/psci.h"
#include "vgic/vgic.h"

struct domain;

enum vcpu_state {
    VCPU_OFF,     /* PSCI: not started, or CPU_OFF; CPU_ON by another vCPU makes it READY */
    VCPU_READY,   /* can run */
    VCPU_WAITING, /* in WFI: runs again when an interrupt is pending */
};

/** The timers that a guest has; their registers are the hardware's. */
enum vcpu_timer {
    VCPU_TIMER_VIRTUAL,
    VCPU_TIMER_PHYSICAL,
    VCPU_TIMERS,
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
    struct psci_request on_request; /* CPU_ON, not yet taken up */
    struct vgic_vcpu vgic;
    uint8_t timers_in_flight; /* bit per timer: its physical interrupt is active on behalf of this vCPU */
    struct vcpu *next;        /* of the same domain on the same CPU */
    struct vcpu_statistics statistics;
};

/** vgic::wake. */
void vcpu_wake_for_interrupt(struct vgic_vcpu *vgic_vcpu);
/** Makes @p vcpu runnable if it waits, and its CPU look at it. Any CPU. */
void vcpu_wake(struct vcpu *vcpu);

#endif
