// SPDX-License-Identifier: Apache-2.0
/* core/arch/cpu.h: CPUs and locks. What a lock protects and what was written before a CPU was started is ordered. What
 * was written before arch_cpu_signal() or a kick is not: arch_cpu_wait() and arch_cpu_idle() may return at any time, so
 * who comes out of them has to look, and an acquiring look is what orders. */
#include <stdlib.h>

#include "arch/smc.h"
#include "hostsim/contract/lock_order.h"
#include "hostsim/contract/ordering.h"
#include "hostsim/devices/uart.h"
#include "hostsim/gic/gic.h"
#include "hostsim/machine/machine.h"
#include "hostsim/oracle/oracle.h"

#define LATE_NS 200000 /* of a deadline, when a CPU goes to sleep: what interrupts meanwhile may take */

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
    sim_ordered_after(&cpu->start);
    cpu->machine->secondary_main(cpu->id);
    cpu->state = SIM_CPU_HALTED; /* core returned: nothing left to do here */
    sim_cpu_block(cpu, SIM_CPU_HALTED);
    abort();
}

/* A reset that nobody asked for: the CPU forgets all but who it is. What it held stays held. */
static void cpu_arrives_again(struct sim_machine *machine, struct sim_event *event)
{
    struct sim_cpu *cpu = event->context;
    if (cpu->state == SIM_CPU_HALTED)
        return;
    if (cpu == machine->turn) { /* events happen on the stack of whoever has the turn */
        sim_event_schedule(machine, event, machine->now + 1);
        return;
    }
    sim_trace(cpu, "CPU %u starts again", cpu->id);
    sim_event_cancel(machine, &cpu->wake);
    sim_event_cancel(machine, &cpu->hyp_timer);
    sim_event_cancel(machine, &cpu->virtual_timer);
    sim_event_cancel(machine, &cpu->physical_timer);
    coroutine_release(&cpu->coroutine);
    cpu->hyp_deadline = SIM_NEVER;
    cpu->loaded = NULL;
    cpu->guest = NULL;
    cpu->waits_for = NULL;
    cpu->held_count = 0;
    coroutine_start(&cpu->coroutine, secondary_entry, cpu);
    cpu->state = SIM_CPU_READY;
    cpu->time = machine->now;
    machine->horizon = 0;
}

static void cpu_arrives(struct sim_machine *machine, struct sim_event *event)
{
    struct sim_cpu *cpu = event->context;
    coroutine_start(&cpu->coroutine, secondary_entry, cpu);
    cpu->state = SIM_CPU_READY;
    cpu->time = machine->now;
    machine->horizon = 0;
    uint64_t again;
    if (cpu->index != 1 || !sim_fault_asked(machine, SIM_FAULT_CPU_STARTS_TWICE, &again))
        return;
    event->happen = cpu_arrives_again;
    sim_event_schedule(machine, event, machine->now + again * 1000);
}

static struct sim_cpu *find_cpu(struct sim_machine *machine, uint64_t mpidr)
{
    for (unsigned i = 0; i < machine->cpu_count; i++)
        if (machine->cpus[i].mpidr == mpidr)
            return &machine->cpus[i];
    return NULL;
}

static uint64_t fault_answer(const struct sim_machine *machine, const struct sim_cpu *target)
{
    uint64_t n = 0;
    if (sim_fault_asked(machine, SIM_FAULT_PSCI_MISSING, NULL))
        return (uint64_t)-1;
    if (sim_fault_is(machine, SIM_FAULT_CPU_REFUSED, target->index))
        return (uint64_t)-6; /* INTERNAL_FAILURE */
    return sim_fault_asked(machine, SIM_FAULT_CPU_ON_ERROR, &n) ? 0 - n : 0;
}

static uint64_t arrival(const struct sim_machine *machine)
{
    uint64_t late = 0;
    (void)sim_fault_asked(machine, SIM_FAULT_CPU_LATE, &late);
    return machine->platform->costs[SIM_COST_CPU_ON] + late * 1000;
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
    uint64_t answer = sim_firmware_answer(machine, fault_answer(machine, target));
    if ((int32_t)answer != 0)
        return smc_psci_status(answer);
    target->starting = true;
    sim_ordered_before(&target->start);
    target->id = cpu;
    if (sim_fault_is(machine, SIM_FAULT_CPU_NEVER_STARTS, target->index))
        return HV_OK;
    target->start.happen = cpu_arrives;
    target->start.context = target;
    sim_event_schedule(machine, &target->start, self->time + arrival(machine));
    return smc_psci_status(answer);
}

/* A timer that fired before ends each sleep at once, and the CPU is busy with nothing: who set it did not look whom it
 * is for. Not where something else holds CPUs up, or lets counters jump. */
static void check_deadline(const struct sim_cpu *cpu)
{
    const struct sim_machine *machine = cpu->machine;
    if (cpu->hyp_deadline == SIM_NEVER || machine->faults.asked != 0 || machine->options.schedule == SIM_SCHEDULE_PCT)
        return;
    uint64_t due = sim_counter_time(machine, cpu->hyp_deadline);
    if (cpu->time > due && cpu->time - due > LATE_NS)
        sim_fail("arch_cpu_idle() with a deadline that passed %llu us ago",
                 (unsigned long long)(cpu->time - due) / 1000);
}

void arch_cpu_idle(void)
{
    struct sim_cpu *cpu = sim_this_cpu();
    if (cpu->machine == NULL)
        return;
    if (cpu->held_count > 0)
        sim_fail("arch_cpu_idle() with a lock held");
    check_deadline(cpu);
    sim_uart_check_no_wait(cpu);
    sim_spend(cpu, SIM_COST_CALL, 1);
    if (sim_gic_signals(cpu) || cpu->serror)
        return; /* a pending SError ends WFI, masked or not (Arm ARM D1.6.2) */
    sim_trace(cpu, "idle");
    sim_oracle_handled(cpu);
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
    self->unfenced = false; /* DSB */
    sim_store_buffer_drain(self);
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
    for (unsigned i = 0; cpu->machine != NULL && i < cpu->held_count; i++)
        if (!sim_lock_pair(&cpu->machine->lock_order, cpu->held[i], lock))
            sim_fail("arch_spin_lock() of a lock inside which one was taken that this CPU holds");
    sim_spend(cpu, SIM_COST_LOCK, 1);
    sim_store_buffer_drain(cpu);
    uint32_t ticket = lock->next++;
    while (lock->owner != ticket) {
        if (cpu->machine == NULL || !cpu->machine->running)
            sim_fail("arch_spin_lock() of a lock that nobody will release");
        cpu->waits_for = lock;
        cpu->ticket = ticket;
        sim_cpu_block(cpu, SIM_CPU_LOCK);
    }
    cpu->waits_for = NULL;
    sim_ordered_after(lock);
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
    sim_ordered_before(lock);
    sim_store_buffer_drain(cpu);
    lock->owner++;
    cpu->unfenced = true; /* a store-release is no barrier for what follows */
    for (unsigned i = 0; cpu->machine != NULL && i < cpu->machine->cpu_count; i++) {
        struct sim_cpu *other = &cpu->machine->cpus[i];
        if (other->state == SIM_CPU_LOCK && other->waits_for == lock && other->ticket == lock->owner)
            sim_cpu_wake(other);
    }
    sim_spend(cpu, SIM_COST_LOCK, 1);
}
