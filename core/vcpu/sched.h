/* SPDX-License-Identifier: Apache-2.0 */
/* What one physical CPU does: builds its domains and runs their vCPUs. Domains take turns, however many vCPUs they have
 * here and whatever they are busy with: what a domain makes the hypervisor do counts as its own time. */
#ifndef BULKHEAD_VCPU_SCHED_H
#define BULKHEAD_VCPU_SCHED_H

#include "arch/cpu.h"
#include "lib/types.h"
#include "vcpu/vcpu.h"

#define SCHED_SLICE_US 10000    /* a turn of a domain whose CPU others want, too */
#define SCHED_BOOT_SLICE_US 100 /* the same, while domains wait there to be built for the first time */
#define SCHED_BOOT_BUILD_US 400 /* building goes on for so long between two such turns */

struct domain;

/** What a domain has on one CPU: those of its vCPUs that run there, and its build where vCPU 0 does. */
struct sched_share {
    struct domain *domain;    /* NULL: nothing */
    struct sched_share *next; /* of the same CPU, in the order of the plan */
    struct vcpu *vcpus;       /* by vcpu::next */
    struct vcpu *last;        /* that ran */
    uint64_t overrun;         /* ticks beyond the end of its turn: its next one is shorter */
};

/** The per-CPU root. */
struct cpu {
    unsigned id;
    uint32_t online;             /* set (release) when it checked in */
    struct vcpu *loaded;         /* whose state the hardware holds; stays loaded while idle */
    struct sched_share *shares;  /* all that the plan put here; complete before it goes to work */
    struct sched_share *unbuilt; /* the next one to be built for the first time, or one before it */
    struct sched_share *turn;    /* whose turn it is, or was */
    uint64_t turn_end;           /* 0: not begun, or nobody else wants this CPU */
    uint32_t settled;            /* it will decide anew when the turn ends: no other vCPU needs to be told of */
    uint64_t console_due;        /* when console_tick() wants to be called (CPU 0) */
    bool timer_lost;             /* its EL2 timer does not work: it must not sleep without end */
    bool reschedule;             /* what it decided may be out of date: the slice is over, there is other work */
};

/** @return whether its CPU still holds the state of @p vcpu in its registers. Any CPU. */
bool sched_holds(const struct vcpu *vcpu);
/** Puts @p vcpu into its domain's share of its CPU, where it stays. Boot CPU, before the CPUs go to work. */
void sched_add_vcpu(struct vcpu *vcpu);
/** Makes the CPU of @p vcpu look at it, unless that CPU will anyway before others' time is over. Any CPU, after what
 * makes the vCPU runnable was stored. */
void sched_wake(const struct vcpu *vcpu);
/** The scheduling loop of one CPU: for ever. */
HV_NORETURN void sched_run(struct cpu *cpu);
/** Has console_tick() called on CPU 0 when the counter reaches @p when, if not before. Any CPU. */
void sched_console_due(uint64_t when);
/** Makes @p cpu decide anew what it runs. Any CPU. */
void sched_look_again(unsigned cpu);
/** Brings @p cpu, which is another one, out of its guest or its sleep. */
void sched_kick(unsigned cpu);

#endif
