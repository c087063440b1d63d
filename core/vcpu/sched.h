/* What one physical CPU does: builds its domains and runs their vCPUs, round robin with a time slice. A build is a job like
 * another, done in bounded steps, so a domain that is ready runs while the next one is still being built. */
#ifndef BULKHEAD_VCPU_SCHED_H
#define BULKHEAD_VCPU_SCHED_H

#include "lib/types.h"
#include "vcpu/vcpu.h"

#define SCHED_SLICE_US 10000      /* round robin between vCPUs */
#define SCHED_BUILD_SLICE_US 100  /* of a vCPU while its CPU still has domains to build */

/** The per-CPU root. */
struct cpu {
    unsigned id;
    uint32_t online;       /* set (release) when it checked in */
    struct vcpu *loaded;   /* whose state the hardware holds; stays loaded while idle */
    struct vcpu *queue;    /* all vCPUs planned for this CPU; grows as domains are built */
    struct domain *builds; /* domains still to be built here, in start order */
    uint64_t slice_end;
    uint32_t kicked;
};

/** The scheduling loop; never returns on silicon. @return when sched_stop_requested() (hostsim, power-off). */
void sched_run(struct cpu *cpu);
/** Makes another CPU look at its queue. */
void sched_kick(unsigned cpu);

#endif
