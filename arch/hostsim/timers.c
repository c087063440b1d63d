#include "hostsim/timers.h"

#include "hostsim/gic.h"

#define CTL_ENABLE 1u
#define CTL_IMASK 2u
#define CTL_ISTATUS 4u
#define PPI_HYPERVISOR 26
#define PPI_VIRTUAL 27

static uint64_t counter(const struct sim_cpu *cpu)
{
    return sim_ticks(cpu->machine, cpu->machine->now);
}

uint64_t sim_virtual_counter(const struct sim_cpu *cpu)
{
    return counter(cpu) - (cpu->loaded != NULL ? cpu->loaded->counter_offset : 0);
}

/* CVAL is compared unsigned (Arm ARM D11.2.4): the condition is met when counter - CVAL is not negative. */
static bool virtual_condition(const struct sim_cpu *cpu)
{
    return sim_virtual_counter(cpu) >= cpu->sysregs[VCPU_CNTV_CVAL_EL0];
}

uint64_t sim_virtual_timer_control(const struct sim_cpu *cpu)
{
    uint64_t control = cpu->sysregs[VCPU_CNTV_CTL_EL0] & (CTL_ENABLE | CTL_IMASK);
    return (control & CTL_ENABLE) != 0 && virtual_condition(cpu) ? control | CTL_ISTATUS : control;
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
        sim_event_schedule(cpu->machine, event, sim_nanoseconds(cpu->machine, ticks));
    else
        sim_event_cancel(cpu->machine, event);
}

static void update_hypervisor(struct sim_cpu *cpu)
{
    bool armed = cpu->hyp_deadline != SIM_NEVER, due = armed && counter(cpu) >= cpu->hyp_deadline;
    expect(cpu, &cpu->hyp_timer, armed && !due, cpu->hyp_deadline);
    sim_gic_set_private(cpu, PPI_HYPERVISOR, due);
}

static void update_virtual(struct sim_cpu *cpu)
{
    bool armed = cpu->loaded != NULL && (cpu->sysregs[VCPU_CNTV_CTL_EL0] & (CTL_ENABLE | CTL_IMASK)) == CTL_ENABLE;
    bool due = armed && virtual_condition(cpu);
    uint64_t deadline = 0;
    if (armed && !due &&
        __builtin_add_overflow(cpu->sysregs[VCPU_CNTV_CVAL_EL0], cpu->loaded->counter_offset, &deadline))
        armed = false; /* not in this universe */
    expect(cpu, &cpu->virtual_timer, armed && !due, deadline);
    sim_gic_set_private(cpu, PPI_VIRTUAL, due);
}

void sim_timers_update(struct sim_cpu *cpu)
{
    update_hypervisor(cpu);
    update_virtual(cpu);
}
