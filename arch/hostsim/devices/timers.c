// SPDX-License-Identifier: Apache-2.0
#include "hostsim/devices/timers.h"

#include "hostsim/gic/gic.h"

#define CTL_ENABLE 1u
#define CTL_IMASK 2u
#define CTL_ISTATUS 4u

static uint64_t counter(const struct sim_cpu *cpu)
{
    return sim_counter(cpu->machine);
}

uint64_t sim_virtual_counter(const struct sim_cpu *cpu)
{
    return counter(cpu) - (cpu->loaded != NULL ? cpu->loaded->counter_offset : 0);
}

/* CVAL is compared unsigned (Arm ARM D11.2.4): the condition is met when counter - CVAL is not negative. */
static uint64_t control_of(uint64_t control, bool condition)
{
    control &= CTL_ENABLE | CTL_IMASK;
    return (control & CTL_ENABLE) != 0 && condition ? control | CTL_ISTATUS : control;
}

uint64_t sim_virtual_timer_control(const struct sim_cpu *cpu)
{
    return control_of(cpu->sysregs[VCPU_CNTV_CTL_EL0], sim_virtual_counter(cpu) >= cpu->sysregs[VCPU_CNTV_CVAL_EL0]);
}

uint64_t sim_physical_timer_control(const struct sim_cpu *cpu)
{
    return control_of(cpu->sysregs[VCPU_CNTP_CTL_EL0], counter(cpu) >= cpu->sysregs[VCPU_CNTP_CVAL_EL0]);
}

static void happen(struct sim_machine *machine, struct sim_event *event)
{
    (void)machine;
    sim_timers_update(event->context);
}

static void expect(struct sim_cpu *cpu, struct sim_event *event, bool armed, uint64_t ticks)
{
    event->happen = happen;
    event->context = cpu;
    if (armed)
        sim_event_schedule(cpu->machine, event, sim_counter_time(cpu->machine, ticks));
    else
        sim_event_cancel(cpu->machine, event);
}

static void update_hypervisor(struct sim_cpu *cpu)
{
    uint64_t early = 0, deadline = cpu->hyp_deadline;
    if (sim_fault_asked(cpu->machine, SIM_FAULT_TIMER_EARLY, &early) && deadline != SIM_NEVER)
        deadline -= min_u64(deadline, sim_ticks(cpu->machine, early * 1000));
    bool armed = deadline != SIM_NEVER && !cpu->hyp_timer_dead, due = armed && counter(cpu) >= deadline;
    expect(cpu, &cpu->hyp_timer, armed && !due, deadline);
    sim_gic_set_private(cpu, cpu->machine->hypervisor_ppi, due || cpu->hyp_timer_stuck);
}

/* One of the loaded vCPU's, whose value is @p offset behind the machine's counter. */
static void update_guest(struct sim_cpu *cpu, struct sim_event *event, unsigned ppi, uint64_t control, uint64_t value,
                         uint64_t offset)
{
    bool armed = cpu->loaded != NULL && (control & (CTL_ENABLE | CTL_IMASK)) == CTL_ENABLE;
    bool due = armed && (control & CTL_ISTATUS) != 0;
    uint64_t deadline = 0;
    if (armed && !due && __builtin_add_overflow(value, offset, &deadline))
        armed = false; /* not in this universe */
    expect(cpu, event, armed && !due, deadline);
    sim_gic_set_private(cpu, ppi, due);
}

void sim_timer_faults(struct sim_cpu *cpu)
{
    cpu->hyp_timer_dead = cpu->hyp_timer_dead || sim_fault_since(cpu->machine, SIM_FAULT_TIMER_NEVER);
    cpu->hyp_timer_stuck = cpu->hyp_timer_stuck || sim_fault_due(cpu->machine, SIM_FAULT_TIMER_STORM);
}

void sim_timers_update(struct sim_cpu *cpu)
{
    update_hypervisor(cpu);
    update_guest(cpu, &cpu->virtual_timer, cpu->machine->virtual_ppi, sim_virtual_timer_control(cpu),
                 cpu->sysregs[VCPU_CNTV_CVAL_EL0], cpu->loaded != NULL ? cpu->loaded->counter_offset : 0);
    update_guest(cpu, &cpu->physical_timer, cpu->machine->physical_ppi, sim_physical_timer_control(cpu),
                 cpu->sysregs[VCPU_CNTP_CVAL_EL0], 0);
}
