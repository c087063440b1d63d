// SPDX-License-Identifier: Apache-2.0
/* Virtual time: a list of events, and the counter that the machine's frequency makes of nanoseconds. */
#include "hostsim/machine/machine.h"
#include "hostsim/oracle/oracle.h"

#define NS_PER_SECOND 1000000000ULL

uint64_t sim_ticks(const struct sim_machine *machine, uint64_t nanoseconds)
{
    return (uint64_t)((unsigned __int128)nanoseconds * machine->frequency / NS_PER_SECOND);
}

uint64_t sim_nanoseconds(const struct sim_machine *machine, uint64_t ticks)
{
    unsigned __int128 time = ((unsigned __int128)ticks * NS_PER_SECOND + machine->frequency - 1) / machine->frequency;
    return time > SIM_NEVER ? SIM_NEVER : (uint64_t)time;
}

uint64_t sim_counter(const struct sim_machine *machine)
{
    return sim_ticks(machine, machine->now) + (uint64_t)machine->counter_jump;
}

uint64_t sim_counter_time(const struct sim_machine *machine, uint64_t ticks)
{
    uint64_t ahead = (uint64_t)machine->counter_jump;
    if (machine->counter_jump > 0)
        return sim_nanoseconds(machine, ticks > ahead ? ticks - ahead : 0);
    return ticks - ahead < ticks ? SIM_NEVER : sim_nanoseconds(machine, ticks - ahead);
}

void sim_event_cancel(struct sim_machine *machine, struct sim_event *event)
{
    if (!event->queued)
        return;
    struct sim_event **link = &machine->events;
    while (*link != event)
        link = &(*link)->next;
    *link = event->next;
    event->queued = false;
}

void sim_event_schedule(struct sim_machine *machine, struct sim_event *event, uint64_t time)
{
    sim_event_cancel(machine, event);
    if (time == SIM_NEVER)
        return;
    event->time = time;
    event->order = machine->event_order++;
    struct sim_event **link = &machine->events;
    while (*link != NULL && (*link)->time <= time)
        link = &(*link)->next;
    event->next = *link;
    event->queued = true;
    *link = event;
    machine->horizon = min_u64(machine->horizon, time);
}

void sim_events_run(struct sim_machine *machine, uint64_t time)
{
    while (machine->events != NULL && machine->events->time <= time) {
        struct sim_event *event = machine->events;
        machine->events = event->next;
        event->queued = false;
        machine->now = max_u64(machine->now, event->time);
        sim_note(machine, event->time);
        event->happen(machine, event);
        sim_oracle_event(machine);
    }
}

uint64_t sim_random(struct sim_machine *machine)
{
    /* splitmix64 */
    uint64_t z = machine->random += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

void sim_note(struct sim_machine *machine, uint64_t what)
{
    machine->fingerprint = (machine->fingerprint ^ what) * 0x100000001b3;
}
