// SPDX-License-Identifier: Apache-2.0
/* Timer interrupts through the GIC. Arguments: ticks=N (10), period-us=N (10000), again=N (0): times that the handler
 * arms the timer for a moment already past, so that its line is high when the interrupt is ended; physical=N (0): the
 * virtual timer; 1: the physical one, 2: both for the same moment. */
#include "programs.h"

/** One of the two. */
struct clock {
    uint64_t deadline, late; /* in its own counter's ticks */
    uint64_t again, fired;
    bool used;
};

struct timer {
    const struct platform *platform;
    struct clock virtual, physical;
    uint64_t latest;
};

static void arm(struct timer *timer, const struct clock *clock, uint64_t deadline)
{
    if (clock == &timer->physical)
        physical_timer_arm(deadline);
    else
        timer_arm(deadline);
}

static void on_timer(void *context, uint32_t intid, uint64_t entered)
{
    struct timer *timer = context;
    bool physical = intid == INTERRUPT_PHYSICAL_TIMER;
    struct clock *clock = physical ? &timer->physical : &timer->virtual;

    if ((!physical && intid != INTERRUPT_VIRTUAL_TIMER) || !clock->used)
        program_fail(timer->platform, "another interrupt than the timer's", intid);
    if (physical) {
        entered = READ_SYSREG(CNTPCT_EL0);
        physical_timer_stop();
    } else {
        timer_stop();
    }
    if ((int64_t)(entered - clock->deadline) < 0)
        program_fail(timer->platform, "the timer fired early, by ticks", clock->deadline - entered);
    clock->late = entered - clock->deadline;
    timer->latest = clock->late > timer->latest ? clock->late : timer->latest;
    if (clock->again > 0) {
        clock->again--;
        arm(timer, clock, physical ? entered : counter());
        return;
    }
    clock->fired++;
}

static void start(struct timer *timer, struct clock *clock, uint64_t now, uint64_t period)
{
    clock->again = argument(timer->platform, "again", 0);
    clock->deadline = now + period;
    if (clock->used)
        arm(timer, clock, clock->deadline);
    else
        clock->fired++;
}

void program_timer(struct platform *platform)
{
    uint64_t kind = argument(platform, "physical", 0), ticks = argument(platform, "ticks", 10),
             frequency = counter_frequency();
    uint64_t period = frequency / 1000000 * argument(platform, "period-us", 10000);
    struct timer timer = {.platform = platform, .virtual.used = kind != 1, .physical.used = kind != 0};
    const struct clock *shown = kind == 1 ? &timer.physical : &timer.virtual;

    on_interrupt(platform, on_timer, &timer);
    gic_init(platform);
    gic_enable(platform, INTERRUPT_VIRTUAL_TIMER);
    gic_enable(platform, INTERRUPT_PHYSICAL_TIMER);
    for (uint64_t i = 0; i < ticks; i++) {
        start(&timer, &timer.physical, READ_SYSREG(CNTPCT_EL0), period);
        start(&timer, &timer.virtual, counter(), period);
        while (timer.virtual.fired == i || timer.physical.fired == i)
            await_interrupt();
        print(platform, "timer: tick %lu, %lu ticks late\n", i + 1, shown->late);
    }
    print(platform, "timer: done, %lu ticks, worst %lu of %lu Hz\n", shown->fired, timer.latest, frequency);
}
