// SPDX-License-Identifier: Apache-2.0
/* core/arch/timer.h: the system counter, the EL2 physical timer, RNDR. */
#include "arch/timer.h"

#include "hostsim/devices/timers.h"
#include "hostsim/machine/machine.h"

/* The counter of a process without a machine: every look at it takes one tick. */
static uint64_t desk_counter;
#define DESK_FREQUENCY 62500000

uint64_t arch_timer_now(void)
{
    struct sim_cpu *cpu = sim_this_cpu();
    if (cpu->machine == NULL)
        return desk_counter++;
    sim_spend(cpu, SIM_COST_TIMER, 1);
    return sim_counter(cpu->machine);
}

uint64_t arch_timer_frequency(void)
{
    struct sim_machine *machine = sim_this_machine();
    return machine != NULL ? machine->frequency : DESK_FREQUENCY;
}

void arch_timer_set_frequency(uint64_t hz)
{
    struct sim_machine *machine = sim_this_machine();
    if (hz == 0)
        sim_fail("arch_timer_set_frequency(0)");
    if (machine != NULL && hz != machine->frequency)
        sim_fail("arch_timer_set_frequency(%llu): the counter runs at %llu Hz", (unsigned long long)hz,
                 (unsigned long long)machine->frequency);
}

void arch_timer_set_deadline(uint64_t deadline)
{
    struct sim_cpu *cpu = sim_this_cpu();
    if (cpu->machine == NULL)
        return;
    sim_spend(cpu, SIM_COST_TIMER, 1);
    cpu->hyp_deadline = deadline;
    if (deadline != ARCH_TIMER_NEVER)
        sim_timer_faults(cpu);
    sim_timers_update(cpu);
}

bool arch_random(uint64_t *words, size_t count)
{
    struct sim_machine *machine = sim_this_machine();
    if (machine == NULL || !machine->options.random)
        return false;
    for (size_t i = 0; i < count; i++)
        words[i] = sim_random(machine);
    return true;
}
