// SPDX-License-Identifier: Apache-2.0
/* The host's interrupts that guests have: what the interrupt controller makes of them, beside what core says. */
#include "hostsim/gic/gic.h"
#include "hostsim/oracle/oracle.h"

#define END_PATIENCE 1000000 /* ns */

void sim_oracle_acknowledged(struct sim_cpu *cpu, unsigned intid)
{
    if (intid >= 32)
        cpu->handling[intid / 32] |= 1u << intid % 32;
}

void sim_oracle_handled(struct sim_cpu *cpu)
{
    for (unsigned i = 0; i < ARRAY_SIZE(cpu->handling); i++)
        cpu->handling[i] = 0;
}

/* Whether a CPU is on the way from its acknowledge to whoever it is for. */
static bool is_on_its_way(const struct sim_machine *machine, unsigned intid)
{
    bool found = false;
    for (unsigned i = 0; i < machine->cpu_count; i++)
        found = found || (machine->cpus[i].handling[intid / 32] >> intid % 32 & 1) != 0;
    return found;
}

static bool is_changing(const struct sim_machine *machine, const struct sim_assigned *assigned)
{
    bool held = false;
    for (unsigned i = 0; i < machine->cpu_count; i++)
        for (unsigned j = 0; j < machine->cpus[i].held_count; j++)
            held = held || machine->cpus[i].held[j] == assigned->lock;
    return held;
}

static void check_enabled(const struct sim_assigned *assigned, const struct sim_shared_interrupt *host)
{
    bool wanted = assigned->linked && assigned->enabled;
    if (host->enabled && !wanted)
        sim_fail("INTID %u is on, though %s, which has it, has it off", assigned->intid, assigned->domain);
    if (!host->enabled && wanted)
        sim_fail("INTID %u is off, though %s, which has it, has it on", assigned->intid, assigned->domain);
}

/* A CPU that has not come up yet need not be known to the distributor. What a list register has may still go where that
 * one is. */
static void check_target(const struct sim_machine *machine, const struct sim_assigned *assigned,
                         const struct sim_shared_interrupt *host)
{
    for (unsigned i = 0; i < machine->cpu_count && assigned->cpu >= 0 && assigned->linked && !assigned->listed; i++) {
        const struct sim_cpu *cpu = &machine->cpus[i];
        if (cpu->id == (unsigned)assigned->cpu && cpu->has_run_guest && (host->targets >> i & 1) == 0)
            sim_fail("INTID %u of %s goes to the CPUs %#x, not to CPU %d, where its vCPU is", assigned->intid,
                     assigned->domain, host->targets, assigned->cpu);
    }
}

static void check_active(const struct sim_machine *machine, const struct sim_assigned *assigned,
                         const struct sim_shared_interrupt *host)
{
    if (host->active && !assigned->in_flight && !is_on_its_way(machine, assigned->intid))
        sim_fail("INTID %u of %s is active, and nobody has it in flight: it never comes again", assigned->intid,
                 assigned->domain);
    /* What a list register has the guest may have ended since, which core sees when it comes out. */
    if (!host->active && assigned->in_flight && !assigned->listed)
        sim_fail("INTID %u of %s is in flight, but not active: it may come twice, and its end would end another",
                 assigned->intid, assigned->domain);
}

static void check_gone(const struct sim_machine *machine, const struct sim_assigned *assigned,
                       const struct sim_shared_interrupt *host)
{
    if (host->enabled)
        sim_fail("INTID %u is on, though %s, which had it, is off", assigned->intid, assigned->domain);
    if (host->active && !is_on_its_way(machine, assigned->intid))
        sim_fail("INTID %u is active, though %s, which had it, is off", assigned->intid, assigned->domain);
}

/* Between its state and its interrupts an end takes its time, but not a millisecond. */
static void check_ends(struct sim_machine *machine, const struct sim_assigned *assigned,
                       const struct sim_shared_interrupt *host)
{
    uint64_t *since = &machine->lingers[assigned->intid];
    bool prompt = machine->options.schedule != SIM_SCHEDULE_PCT && machine->faults.asked == 0;
    if (assigned->runs || !host->enabled) {
        *since = 0;
        return;
    }
    if (*since == 0)
        *since = machine->now;
    if (prompt && machine->now - *since > END_PATIENCE)
        sim_fail("INTID %u is on %llu us after %s, which has it, stopped running", assigned->intid,
                 (unsigned long long)((machine->now - *since) / 1000), assigned->domain);
}

static void check(struct sim_machine *machine, const struct sim_assigned *assigned)
{
    struct sim_shared_interrupt host;
    if (is_changing(machine, assigned) || !sim_gic_shared(machine, assigned->intid, &host))
        return;
    check_ends(machine, assigned, &host);
    if (assigned->gone)
        check_gone(machine, assigned, &host);
    if (!assigned->runs || sim_fault_asked(machine, SIM_FAULT_DEVICE_DISABLED, NULL))
        return;
    check_enabled(assigned, &host);
    check_target(machine, assigned, &host);
    check_active(machine, assigned, &host);
}

/* Where KVM has a controller of its own, core does not know what guests do to it. */
void sim_oracle_assigned(struct sim_machine *machine)
{
    struct sim_assigned assigned;
    for (unsigned i = 0; machine->assigned != NULL && machine->kvm == NULL && machine->assigned(i, &assigned); i++)
        check(machine, &assigned);
}

void sim_oracle_life(const struct sim_machine *machine, unsigned vmid)
{
    struct sim_assigned assigned;
    struct sim_shared_interrupt host;
    if (sim_fault_asked(machine, SIM_FAULT_DEVICE_DISABLED, NULL))
        return;
    for (unsigned i = 0; machine->assigned != NULL && machine->assigned(i, &assigned); i++) {
        if (assigned.vmid != vmid || !sim_gic_shared(machine, assigned.intid, &host))
            continue;
        if (host.enabled)
            sim_fail("%s begins with INTID %u on", assigned.domain, assigned.intid);
        if (host.active && !is_on_its_way(machine, assigned.intid))
            sim_fail("%s begins with INTID %u active", assigned.domain, assigned.intid);
        if (assigned.in_flight)
            sim_fail("%s begins with INTID %u of its earlier life in flight", assigned.domain, assigned.intid);
    }
}
