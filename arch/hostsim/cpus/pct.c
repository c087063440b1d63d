// SPDX-License-Identifier: Apache-2.0
/* The order SIM_SCHEDULE_PCT: a priority-based random scheduler after Burckhardt, Kothari, Musuvathi and Nagarakatte,
 * "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs" (ASPLOS 2010). Each CPU draws a priority, and
 * the ready CPU with the greatest has every turn. At depth - 1 steps, drawn from the expected number of steps k, the
 * CPU that runs falls below all others. A bug that needs d things in one order is met by one run with a probability of
 * at least 1 / (n * k^(d-1)), n CPUs: far better than switching at random, which seldom keeps a CPU away for long.
 *
 * That scheduler is not fair, and core has loops that await another CPU. Two rules make it so; neither takes a turn
 * that the priorities of a program without such loops would give:
 *
 * - A CPU that enters arch_cpu_wait() falls below all others, whether it sleeps there or not. One that slept, there or
 * in arch_cpu_idle(), draws anew when it wakes: else whoever once awaited another would come last for ever.
 * - A CPU that could run is passed over for pct_patience_us of virtual time at most. Then it rises above all others: of
 *   several, the one that has waited longest. So it waits for no longer than the patience and one contract call of each
 *   other CPU. Deadlines of core are met as late as that: the default, 500 us, is less than the millisecond after which
 *   arch_cpu_wait() returns by itself, and a two-thousandth of the second in which a CPU must check in. */
#include "hostsim/machine/machine.h"

#define DEFAULT_DEPTH 3
#define DEFAULT_STEPS 10000
#define DEFAULT_PATIENCE_US 500

static int64_t draw(struct sim_machine *machine)
{
    return (int64_t)(sim_random(machine) >> 32);
}

/* In the other orders an atomic access takes no turn and no time: existing seeds keep their meaning. */
void sim_pct_atomic_access(void)
{
    struct sim_machine *machine = sim_this_machine();
    if (machine != NULL && machine->running && machine->pct.on)
        sim_pass(machine->turn, 1);
}

void sim_pct_begin(struct sim_machine *machine)
{
    const struct sim_options *options = &machine->options;
    struct sim_pct *pct = &machine->pct;
    if (options->schedule != SIM_SCHEDULE_PCT)
        return;
    uint64_t steps = options->pct_steps != 0 ? options->pct_steps : DEFAULT_STEPS;
    unsigned depth = options->pct_depth != 0 ? options->pct_depth : DEFAULT_DEPTH;
    pct->on = true;
    pct->patience = 1000 * (options->pct_patience_us != 0 ? options->pct_patience_us : DEFAULT_PATIENCE_US);
    pct->change_count = depth - 1 < SIM_PCT_MAX_DEPTH ? depth - 1 : SIM_PCT_MAX_DEPTH - 1;
    pct->highest = UINT32_MAX;
    for (unsigned i = 0; i < machine->cpu_count; i++)
        pct->priority[i] = draw(machine);
    for (unsigned i = 0; i < pct->change_count; i++)
        pct->changes[i] = 1 + sim_random(machine) % steps;
}

static void lower(struct sim_machine *machine, const struct sim_cpu *cpu)
{
    machine->pct.priority[cpu->index] = --machine->pct.lowest;
    machine->horizon = 0; /* whoever runs looks anew */
}

void sim_pct_step(struct sim_machine *machine, const struct sim_cpu *cpu)
{
    for (unsigned i = 0; i < machine->pct.change_count; i++)
        if (machine->pct.changes[i] == machine->steps)
            lower(machine, cpu);
}

void sim_pct_woken(struct sim_machine *machine, const struct sim_cpu *cpu)
{
    if (machine->pct.on)
        machine->pct.priority[cpu->index] = draw(machine);
}

void sim_pct_yield(struct sim_machine *machine, const struct sim_cpu *cpu)
{
    if (machine->pct.on)
        lower(machine, cpu);
}

struct sim_cpu *sim_pct_choose(struct sim_machine *machine)
{
    struct sim_pct *pct = &machine->pct;
    struct sim_cpu *first = NULL, *longest = NULL;
    for (unsigned i = 0; i < machine->cpu_count; i++) {
        struct sim_cpu *cpu = &machine->cpus[i];
        if (cpu->state != SIM_CPU_READY)
            continue;
        if (first == NULL || pct->priority[i] > pct->priority[first->index])
            first = cpu;
        if (longest == NULL || cpu->time < longest->time)
            longest = cpu;
    }
    if (longest == NULL || longest->time + pct->patience >= machine->now)
        return first;
    pct->priority[longest->index] = ++pct->highest;
    return longest;
}
