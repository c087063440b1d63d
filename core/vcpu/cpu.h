/* SPDX-License-Identifier: Apache-2.0 */
/* The physical CPUs: what each of them has to run and has loaded, and how one tells another. sched/ decides. */
#ifndef BULKHEAD_VCPU_CPU_H
#define BULKHEAD_VCPU_CPU_H

#include "arch/cpu.h"
#include "lib/types.h"

struct domain;
struct vcpu;

/** What a domain has on one CPU: those of its vCPUs that run there, and its build where vCPU 0 does. */
struct cpu_share {
    struct domain *domain;  /* NULL: nothing */
    struct cpu_share *next; /* of the same CPU, in the order of the plan */
    struct vcpu *vcpus;     /* by vcpu::next */
    struct vcpu *last;      /* that ran */
    uint64_t overrun;       /* ticks beyond the end of its turn: its next one is shorter */
};

/** The per-CPU root. */
struct cpu {
    unsigned id;
    uint32_t online;           /* set (release) when it checked in */
    struct vcpu *loaded;       /* whose state the hardware holds; stays loaded while idle */
    uint32_t settled;          /* it will decide anew when the turn ends: no other vCPU needs to be told of */
    bool reschedule;           /* what it decided may be out of date: the slice is over, there is other work */
    struct cpu_share *shares;  /* all that the plan put here; complete before it goes to work */
    struct cpu_share *unbuilt; /* the next one to be built for the first time, or one before it */
    struct cpu_share *turn;    /* whose turn it is, or was */
    uint64_t turn_end;         /* 0: not begun, or nobody else wants this CPU */
} __attribute__((aligned(HV_CACHE_LINE)));

extern struct cpu cpu_table[HV_MAX_CPUS];
extern uint32_t cpu_stopping; /* by cpu_stop_others() */

/** No CPU but the boot CPU is there, and it has nothing to do. */
void cpu_init(void);
/** The per-CPU root of the CPU that executes this. */
static inline struct cpu *cpu_this(void)
{
    return &cpu_table[arch_cpu_id()];
}
/** Makes @p cpu decide anew what it runs. Any CPU. */
void cpu_look_again(unsigned cpu);
/** Brings @p cpu, which is another one, out of its guest or its sleep. */
void cpu_kick(unsigned cpu);
/** The other CPUs that are online leave their guests and halt. */
void cpu_stop_others(void);
/** Halts the calling CPU if another one wants that. */
static inline void cpu_stop_if_asked(void)
{
    if (load_acquire(&cpu_stopping) != 0)
        arch_cpu_halt();
}

#endif
