// SPDX-License-Identifier: Apache-2.0
/* Virtual timer interrupts through the GIC. Arguments: ticks=N (10), period-us=N (10000), again=N (0): times that the
 * handler arms the timer for a moment already past, so that its line is high when the interrupt is ended. */
#include "programs.h"

struct timer {
    const struct platform *platform;
    uint64_t fired, again, deadline, late, latest;
};

static void on_timer(void *context, uint32_t intid, uint64_t entered)
{
    struct timer *timer = context;

    if (intid != INTERRUPT_VIRTUAL_TIMER)
        program_fail(timer->platform, "another interrupt than the timer's", intid);
    timer_stop();
    if ((int64_t)(entered - timer->deadline) < 0)
        program_fail(timer->platform, "the timer fired early, by ticks", timer->deadline - entered);
    timer->late = entered - timer->deadline;
    timer->latest = timer->late > timer->latest ? timer->late : timer->latest;
    if (timer->again > 0) {
        timer->again--;
        timer_arm(counter());
        return;
    }
    timer->fired++;
}

void program_timer(struct platform *platform)
{
    struct timer timer = {.platform = platform};
    uint64_t frequency = counter_frequency(), ticks = argument(platform, "ticks", 10);
    uint64_t period = frequency / 1000000 * argument(platform, "period-us", 10000);

    on_interrupt(platform, on_timer, &timer);
    gic_init(platform);
    gic_enable(platform, INTERRUPT_VIRTUAL_TIMER);
    for (uint64_t i = 0; i < ticks; i++) {
        timer.again = argument(platform, "again", 0);
        timer.deadline = counter() + period;
        timer_arm(timer.deadline);
        while (timer.fired == i)
            await_interrupt();
        print(platform, "timer: tick %lu, %lu ticks late\n", i + 1, timer.late);
    }
    print(platform, "timer: done, %lu ticks, worst %lu of %lu Hz\n", timer.fired, timer.latest, frequency);
}
