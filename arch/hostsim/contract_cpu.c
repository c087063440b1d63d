/* core/arch/cpu.h: CPUs and locks. */
#include <stdlib.h>

#include "hostsim/gic.h"
#include "hostsim/machine.h"

unsigned arch_cpu_id(void)
{
    return sim_this_cpu()->id;
}

uint64_t arch_cpu_mpidr(void)
{
    return sim_this_cpu()->mpidr;
}

static void secondary_entry(void *argument)
{
    struct sim_cpu *cpu = argument;
    cpu->machine->secondary_main(cpu->id);
    cpu->state = SIM_CPU_HALTED; /* core returned: nothing left to do here */
    sim_cpu_block(cpu, SIM_CPU_HALTED);
    abort();
}

static void cpu_arrives(struct sim_machine *machine, struct sim_event *event)
{
    struct sim_cpu *cpu = event->context;
    coroutine_start(&cpu->coroutine, secondary_entry, cpu);
    cpu->state = SIM_CPU_READY;
    cpu->time = machine->now;
    machine->horizon = 0;
}

static struct sim_cpu *find_cpu(struct sim_machine *machine, uint64_t mpidr)
{
    for (unsigned i = 0; i < machine->cpu_count; i++)
        if (machine->cpus[i].mpidr == mpidr)
            return &machine->cpus[i];
    return NULL;
}

hv_status arch_cpu_start(unsigned cpu, uint64_t mpidr)
{
    struct sim_cpu *self = sim_this_cpu();
    struct sim_machine *machine = self->machine;
    sim_spend(self, SIM_COST_SMC, 1);
    struct sim_cpu *target = machine != NULL ? find_cpu(machine, mpidr) : NULL;
    if (target == NULL)
        return HV_E_INVALID;
    if (machine->secondary_main == NULL)
        sim_fail("arch_cpu_start(): nothing to run on another CPU");
    if (cpu == 0 || cpu >= HV_MAX_CPUS)
        sim_fail("arch_cpu_start: CPU number %u", cpu);
    if (target->starting || target->state != SIM_CPU_OFF)
        return HV_E_BUSY;
    if ((machine->options.cpus_refused >> target->index & 1) != 0)
        return HV_E_DENIED;
    target->starting = true;
    target->id = cpu;
    if ((machine->options.cpus_never_start >> target->index & 1) != 0)
        return HV_OK;
    target->start.happen = cpu_arrives;
    target->start.context = target;
    sim_event_schedule(machine, &target->start, self->time + machine->platform->costs[SIM_COST_CPU_ON]);
    return HV_OK;
}

void arch_cpu_idle(void)
{
    struct sim_cpu *cpu = sim_this_cpu();
    if (cpu->machine == NULL)
        return;
    if (cpu->held_count > 0)
        sim_fail("arch_cpu_idle() with a lock held");
    sim_spend(cpu, SIM_COST_CALL, 1);
    if (sim_gic_signals(cpu))
        return;
    sim_trace(cpu, "idle");
    sim_cpu_block(cpu, SIM_CPU_IDLE);
    sim_spend(cpu, SIM_COST_WAKE, 1);
}

static void end_of_wait(struct sim_machine *machine, struct sim_event *event)
{
    (void)machine;
    sim_cpu_wake(event->context);
}

void arch_cpu_wait(void)
{
    struct sim_cpu *cpu = sim_this_cpu();
    if (cpu->machine == NULL)
        return;
    sim_pct_yield(cpu->machine, cpu);
    sim_spend(cpu, SIM_COST_CALL, 1);
    if (!cpu->event_register && !sim_gic_signals(cpu)) {
        cpu->wake.happen = end_of_wait;
        cpu->wake.context = cpu;
        sim_event_schedule(cpu->machine, &cpu->wake, cpu->time + cpu->machine->platform->costs[SIM_COST_EVENT_STREAM]);
        sim_cpu_block(cpu, SIM_CPU_WAIT);
        sim_event_cancel(cpu->machine, &cpu->wake);
    }
    cpu->event_register = false;
}

void arch_cpu_signal(void)
{
    struct sim_cpu *self = sim_this_cpu();
    struct sim_machine *machine = self->machine;
    sim_spend(self, SIM_COST_CALL, 1);
    for (unsigned i = 0; machine != NULL && i < machine->cpu_count; i++) {
        machine->cpus[i].event_register = true;
        if (machine->cpus[i].state == SIM_CPU_WAIT)
            sim_cpu_wake(&machine->cpus[i]);
    }
}

void arch_cpu_halt(void)
{
    struct sim_cpu *cpu = sim_this_cpu();
    if (cpu->machine == NULL || !cpu->machine->running)
        sim_fail("arch_cpu_halt()");
    for (;;)
        sim_cpu_block(cpu, SIM_CPU_HALTED);
}

static void hold(struct sim_cpu *cpu, const struct arch_spinlock *lock)
{
    if (cpu->held_count == SIM_MAX_HELD_LOCKS)
        sim_fail("more than %d locks held at once", SIM_MAX_HELD_LOCKS);
    cpu->held[cpu->held_count++] = lock;
}

void arch_spin_lock(struct arch_spinlock *lock)
{
    struct sim_cpu *cpu = sim_this_cpu();
    for (unsigned i = 0; i < cpu->held_count; i++)
        if (cpu->held[i] == lock)
            sim_fail("arch_spin_lock() of a lock that this CPU holds");
    sim_spend(cpu, SIM_COST_LOCK, 1);
    uint32_t ticket = lock->next++;
    while (lock->owner != ticket) {
        if (cpu->machine == NULL || !cpu->machine->running)
            sim_fail("arch_spin_lock() of a lock that nobody will release");
        cpu->waits_for = lock;
        cpu->ticket = ticket;
        sim_cpu_block(cpu, SIM_CPU_LOCK);
    }
    cpu->waits_for = NULL;
    hold(cpu, lock);
}

static void release(struct sim_cpu *cpu, const struct arch_spinlock *lock)
{
    for (unsigned i = cpu->held_count; i > 0; i--) {
        if (cpu->held[i - 1] != lock)
            continue;
        cpu->held[i - 1] = cpu->held[--cpu->held_count];
        return;
    }
    sim_fail("arch_spin_unlock() of a lock that this CPU does not hold");
}

void arch_spin_unlock(struct arch_spinlock *lock)
{
    struct sim_cpu *cpu = sim_this_cpu();
    release(cpu, lock);
    lock->owner++;
    for (unsigned i = 0; cpu->machine != NULL && i < cpu->machine->cpu_count; i++) {
        struct sim_cpu *other = &cpu->machine->cpus[i];
        if (other->state == SIM_CPU_LOCK && other->waits_for == lock && other->ticket == lock->owner)
            sim_cpu_wake(other);
    }
    sim_spend(cpu, SIM_COST_LOCK, 1);
}
