/* SPDX-License-Identifier: Apache-2.0 */
/* What one physical CPU does: builds its domains and runs their vCPUs. Domains take turns, however many vCPUs they have
 * here and whatever they are busy with: what a domain makes the hypervisor do counts as its own time. */
#ifndef BULKHEAD_SCHED_SCHED_H
#define BULKHEAD_SCHED_SCHED_H

#include "vcpu/cpu.h"
#include "vcpu/vcpu.h"

#define SCHED_SLICE_US 10000    /* a turn of a domain whose CPU others want, too */
#define SCHED_BOOT_SLICE_US 100 /* the same, while domains wait there to be built for the first time */
#define SCHED_BOOT_BUILD_US 400 /* building goes on for so long between two such turns */

/** Puts @p vcpu into its domain's share of its CPU, where it stays. Boot CPU, before the CPUs go to work. */
void sched_add_vcpu(struct vcpu *vcpu);
/** The scheduling loop of one CPU: for ever. */
HV_NORETURN void sched_run(struct cpu *cpu);

#endif
