// SPDX-License-Identifier: Apache-2.0
#include "time/deadline.h"

#include <string.h>

#include "arch/cpu.h"

static struct {
    void (*look_again)(unsigned cpu);
    uint64_t earliest[HV_MAX_CPUS]; /* of the CPU's list, or earlier */
    struct deadline *list[HV_MAX_CPUS];
    bool timer_lost[HV_MAX_CPUS];
} deadlines;

HV_ONCE void deadline_init(void (*look_again)(unsigned cpu))
{
    memset(&deadlines, 0, sizeof(deadlines));
    deadlines.look_again = look_again;
    for (unsigned cpu = 0; cpu < HV_MAX_CPUS; cpu++)
        deadlines.earliest[cpu] = DEADLINE_NEVER;
}

HV_ONCE void deadline_add(struct deadline *deadline, unsigned cpu, void (*reached)(struct deadline *deadline))
{
    *deadline = (struct deadline){DEADLINE_NEVER, cpu, reached, deadlines.list[cpu]};
    deadlines.list[cpu] = deadline;
}

/** @return whether @p when is earlier than what was there */
static bool lower(uint64_t *word, uint64_t when)
{
    uint64_t before = __atomic_load_n(word, __ATOMIC_SEQ_CST);

    do {
        if (when >= before)
            return false;
    } while (!__atomic_compare_exchange_n(word, &before, when, true, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    return true;
}

/* In one order with deadline_serve(): a CPU that is serving finds either the new time in the deadline, or this one
 * behind its own. */
static void expect(const struct deadline *deadline, uint64_t when)
{
    if (lower(&deadlines.earliest[deadline->cpu], when))
        deadlines.look_again(deadline->cpu);
}

void deadline_set(struct deadline *deadline, uint64_t when)
{
    __atomic_store_n(&deadline->when, when, __ATOMIC_SEQ_CST);
    expect(deadline, when);
}

/* Of two CPUs that ask at once, the earlier time stays. */
void deadline_bring_forward(struct deadline *deadline, uint64_t when)
{
    if (lower(&deadline->when, when))
        expect(deadline, when);
}

/** @return when it is to be looked at next. It is taken back before it is served, so that what is asked for meanwhile
 * is not lost. */
static uint64_t serve(struct deadline *deadline, uint64_t now)
{
    uint64_t when = __atomic_load_n(&deadline->when, __ATOMIC_SEQ_CST);

    if (when > now)
        return when;
    if (__atomic_compare_exchange_n(&deadline->when, &when, DEADLINE_NEVER, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST) &&
        deadline->reached != NULL)
        deadline->reached(deadline);
    return __atomic_load_n(&deadline->when, __ATOMIC_SEQ_CST);
}

HV_RARE static void serve_all(unsigned cpu, uint64_t now)
{
    uint64_t *earliest = &deadlines.earliest[cpu];

    __atomic_store_n(earliest, DEADLINE_NEVER, __ATOMIC_SEQ_CST);
    for (struct deadline *deadline = deadlines.list[cpu]; deadline != NULL; deadline = deadline->next)
        (void)lower(earliest, serve(deadline, now));
}

void deadline_serve(unsigned cpu)
{
    uint64_t next = deadline_next(cpu);
    uint64_t now;

    if (next == DEADLINE_NEVER)
        return;
    now = arch_timer_now();
    if (now >= next)
        serve_all(cpu, now);
}

uint64_t deadline_next(unsigned cpu)
{
    return load_relaxed64(&deadlines.earliest[cpu]);
}

HV_RARE void deadline_timer_lost(unsigned cpu)
{
    deadlines.timer_lost[cpu] = true;
}

bool deadline_timer_is_lost(unsigned cpu)
{
    return deadlines.timer_lost[cpu];
}
