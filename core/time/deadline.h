/* SPDX-License-Identifier: Apache-2.0 */
/* What is to happen at a time: a list of deadlines for each CPU, the earliest of which its EL2 timer is set to. All
 * times are those of the system counter; arch_timer_ticks() turns microseconds into them. */
#ifndef BULKHEAD_TIME_DEADLINE_H
#define BULKHEAD_TIME_DEADLINE_H

#include "arch/timer.h"
#include "lib/types.h"

#define DEADLINE_NEVER ARCH_TIMER_NEVER

/** Lives as long as the hypervisor. */
struct deadline {
    uint64_t when; /* DEADLINE_NEVER: it is not set. Any CPU */
    unsigned cpu;
    /** Called on its CPU, no vCPU in its guest and no lock held, once it is reached; it is not set then. NULL: that the
     * CPU decides anew what it runs is all there is to do. */
    void (*reached)(struct deadline *deadline);
    struct deadline *next;
};

/** Forgets all deadlines. @param look_again  makes a CPU, which may be the calling one, set its timer anew */
void deadline_init(void (*look_again)(unsigned cpu));
/** One more, not set, for @p cpu. Boot CPU, before the CPUs go to work. */
void deadline_add(struct deadline *deadline, unsigned cpu, void (*reached)(struct deadline *deadline));
/** Sets it to @p when, in place of what was set; DEADLINE_NEVER takes it back. Any CPU. */
void deadline_set(struct deadline *deadline, uint64_t when);
/** Sets it to @p when unless it is set to an earlier time. Any CPU. */
void deadline_bring_forward(struct deadline *deadline, uint64_t when);
/** Serves those of @p cpu, the calling one, that are reached. */
void deadline_serve(unsigned cpu);
/** @return no later than the next deadline of @p cpu; DEADLINE_NEVER: there is none. Earlier where one was put off. */
uint64_t deadline_next(unsigned cpu);

/** The EL2 timer of @p cpu, the calling one, does not work: it must not sleep without end. */
void deadline_timer_lost(unsigned cpu);
/** @return whether that was said of @p cpu. */
bool deadline_timer_is_lost(unsigned cpu);

#endif
