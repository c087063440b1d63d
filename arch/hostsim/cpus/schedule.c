// SPDX-License-Identifier: Apache-2.0
/* Whose turn it is. Every simulated CPU has a clock of its own; the one that is furthest behind runs, so contract calls
 * happen in the order of virtual time. With a seed, another CPU sometimes runs ahead: any order that a slow or a
 * stalled CPU could bring about. A CPU that was passed over goes on at the time that the others have reached, so time
 * as core reads it never goes back. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostsim/contract/ordering.h"
#include "hostsim/machine/machine.h"

#define SWITCH_ODDS 16 /* with a seed: one in so many switch points goes to a CPU drawn at random */

HV_NORETURN static void finish(struct sim_machine *machine, enum sim_end end)
{
    machine->end = end;
    struct sim_cpu *self = machine->turn;
    struct coroutine *from = &self->coroutine;
    sim_ordered_before(machine);
    coroutine_switch(from, &machine->desk);
    abort();
}

void sim_finish(struct sim_machine *machine, enum sim_end end, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(machine->message, sizeof(machine->message), format, arguments);
    va_end(arguments);
    if (!machine->running) {
        fprintf(stderr, "hostsim: %s: %s\n", sim_end_name(end), machine->message);
        abort();
    }
    finish(machine, end);
}

void sim_fail(const char *format, ...)
{
    static char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    struct sim_machine *machine = sim_this_machine();
    if (machine == NULL || !machine->running) {
        fprintf(stderr, "hostsim: %s\n", text);
        abort();
    }
    sim_finish(machine, SIM_END_FAILED, "CPU %u at %llu ns, seed %llu: %s", machine->turn->id,
               (unsigned long long)machine->now, (unsigned long long)machine->options.seed, text);
}

void sim_trace(const struct sim_cpu *cpu, const char *format, ...)
{
    if (cpu->machine == NULL || !cpu->machine->options.trace)
        return;
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%10llu ns CPU %u: ", (unsigned long long)cpu->machine->now, cpu->id);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

static bool random_order(const struct sim_machine *machine)
{
    return machine->options.schedule == SIM_SCHEDULE_RANDOM;
}

/* The ready CPU that is furthest behind; with a seed now and then another. */
static struct sim_cpu *choose(struct sim_machine *machine)
{
    if (machine->pct.on)
        return sim_pct_choose(machine);
    struct sim_cpu *best = NULL, *any = NULL;
    unsigned ready = 0;
    for (unsigned i = 0; i < machine->cpu_count; i++) {
        struct sim_cpu *cpu = &machine->cpus[i];
        if (cpu->state != SIM_CPU_READY)
            continue;
        ready++;
        if (best == NULL || cpu->time < best->time)
            best = cpu;
        if (random_order(machine) && sim_random(machine) % ready == 0)
            any = cpu;
    }
    return ready > 1 && any != NULL && sim_random(machine) % SWITCH_ODDS == 0 ? any : best;
}

static uint64_t horizon(const struct sim_machine *machine, const struct sim_cpu *self)
{
    uint64_t time = machine->options.time_limit_us * 1000;
    if (machine->events != NULL)
        time = min_u64(time, machine->events->time);
    for (unsigned i = 0; i < machine->cpu_count; i++) {
        const struct sim_cpu *cpu = &machine->cpus[i];
        if (cpu != self && cpu->state == SIM_CPU_READY)
            time = machine->options.schedule != SIM_SCHEDULE_BY_TIME ? 0 : min_u64(time, cpu->time);
    }
    return time;
}

HV_NORETURN static void nothing_left(struct sim_machine *machine)
{
    unsigned alive = 0;
    for (unsigned i = 0; i < machine->cpu_count; i++) {
        const struct sim_cpu *cpu = &machine->cpus[i];
        if (cpu->state == SIM_CPU_LOCK)
            sim_finish(machine, SIM_END_DEADLOCK, "CPU %u waits for a lock that nobody will release", cpu->id);
        if (cpu->state == SIM_CPU_IDLE || cpu->state == SIM_CPU_WAIT)
            alive++;
    }
    if (alive > 0)
        finish(machine, SIM_END_IDLE);
    finish(machine, machine->main_returned ? SIM_END_RETURNED : SIM_END_HALTED);
}

static void check_time(struct sim_machine *machine, uint64_t time)
{
    uint64_t limit = machine->options.time_limit_us;
    if (time < limit * 1000)
        return;
    machine->now = limit * 1000;
    sim_finish(machine, SIM_END_LIMIT, "virtual time reached %llu us", (unsigned long long)limit);
}

/* Gives the turn to whoever has it next: an event, another CPU, or @p self again. */
static void reschedule(struct sim_machine *machine, struct sim_cpu *self)
{
    struct sim_cpu *next;
    for (;;) {
        next = choose(machine);
        if (next == NULL && machine->events == NULL)
            nothing_left(machine);
        if (machine->events == NULL || (next != NULL && next->time < machine->events->time))
            break;
        check_time(machine, machine->events->time);
        sim_events_run(machine, machine->events->time);
    }
    check_time(machine, max_u64(machine->now, next->time));
    machine->horizon = horizon(machine, next);
    next->time = max_u64(next->time, machine->now);
    machine->now = next->time;
    if (next == self)
        return;
    sim_note(machine, next->index);
    machine->turn = next;
    sim_ordered_before(machine); /* for whoever looks at it when the run is over, not for other CPUs */
    coroutine_switch(&self->coroutine, &next->coroutine);
}

void sim_pass(struct sim_cpu *cpu, uint64_t nanoseconds)
{
    struct sim_machine *machine = cpu->machine;
    if (machine == NULL)
        return;
    machine->computed += sim_computed(machine->platform);
    cpu->time += nanoseconds + machine->computed / 1000;
    machine->computed %= 1000;
    if (!machine->running) {
        sim_events_run(machine, cpu->time);
        cpu->time = machine->now = max_u64(machine->now, cpu->time);
        return;
    }
    if (++machine->steps > machine->options.step_limit)
        sim_finish(machine, SIM_END_LIMIT, "%llu steps", (unsigned long long)machine->options.step_limit);
    sim_pct_step(machine, cpu);
    if (cpu->time >= machine->horizon)
        reschedule(machine, cpu);
    machine->now = max_u64(machine->now, cpu->time);
}

void sim_spend(struct sim_cpu *cpu, enum sim_cost cost, uint64_t count)
{
    if (cpu->machine != NULL)
        sim_pass(cpu, cpu->machine->platform->costs[cost] * count);
}

void sim_cpu_block(struct sim_cpu *cpu, enum sim_cpu_state state)
{
    struct sim_machine *machine = cpu->machine;
    cpu->state = state;
    sim_store_buffer_drain(cpu);
    if (machine->running) {
        reschedule(machine, cpu);
        return;
    }
    /* On the desk: only events can end the wait. */
    while (cpu->state != SIM_CPU_READY && machine->events != NULL)
        sim_events_run(machine, machine->events->time);
    cpu->state = SIM_CPU_READY;
    cpu->time = max_u64(cpu->time, machine->now);
}

void sim_cpu_wake(struct sim_cpu *cpu)
{
    if (cpu->state == SIM_CPU_READY || cpu->state == SIM_CPU_OFF || cpu->state == SIM_CPU_HALTED)
        return;
    if (cpu->state != SIM_CPU_LOCK)
        sim_pct_woken(cpu->machine, cpu);
    cpu->state = SIM_CPU_READY;
    cpu->time = max_u64(cpu->time, cpu->machine->now);
    cpu->machine->horizon = 0; /* whoever runs looks anew at its next call */
}
