/* SPDX-License-Identifier: Apache-2.0 */
/* What one physical CPU does: builds its domains and runs their vCPUs, round robin with a time slice. A build is a job
 * like another, done in bounded steps, so a domain that is ready runs while the next one is still being built. */
#ifndef BULKHEAD_VCPU_SCHED_H
#define BULKHEAD_VCPU_SCHED_H

#include "arch/cpu.h"
#include "lib/types.h"
#include "vcpu/vcpu.h"

#define SCHED_SLICE_US 10000     /* round robin between vCPUs */
#define SCHED_BUILD_SLICE_US 100 /* of a vCPU while its CPU still has domains to build */

/** The per-CPU root. */
struct cpu {
    unsigned id;
    uint32_t online;           /* set (release) when it checked in */
    struct vcpu *loaded;       /* whose state the hardware holds; stays loaded while idle */
    struct vcpu *last;         /* whose turn it was */
    uint64_t slice_end;        /* of its turn; 0: not begun, or it has its CPU to itself */
    struct vcpu *queue;        /* all vCPUs planned for this CPU; complete before it goes to work */
    struct arch_spinlock lock; /* of builds */
    struct domain *builds;     /* domains still to be built here, in start order */
    uint64_t console_due;      /* when console_tick() wants to be called (CPU 0) */
    bool timer_lost;           /* its EL2 timer does not work: it must not sleep without end */
    bool reschedule;           /* what it decided may be out of date: the slice is over, there is other work */
};

/** Puts @p vcpu on its CPU's queue, where it stays. Boot CPU, before the CPUs go to work. */
void sched_add_vcpu(struct vcpu *vcpu);
/** Lets @p domain be built (again) by the CPU of its vCPU 0, after those that wait there already. Any CPU. */
void sched_add_build(struct domain *domain);
/** The scheduling loop of one CPU: for ever. */
HV_NORETURN void sched_run(struct cpu *cpu);
/** Has console_tick() called on CPU 0 when the counter reaches @p when, if not before. Any CPU. */
void sched_console_due(uint64_t when);
/** Makes @p cpu decide anew what it runs. Any CPU. */
void sched_look_again(unsigned cpu);
/** Brings @p cpu, which is another one, out of its guest or its sleep. */
void sched_kick(unsigned cpu);

#endif
