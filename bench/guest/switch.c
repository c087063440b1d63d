// SPDX-License-Identifier: Apache-2.0
/* One of two domains that share a CPU. Both compute for some turns; then this one, where it is built with BENCH_SLEEPS,
 * waits for its timer again and again, while the other one goes on computing. */
#include "bench.h"

#define TURNS 16
#define NAPS 16
#define NAP_TICKS 2000          /* shorter than a turn of the other one */
#define AWAY (2 * TICKS_PER_MS) /* as long is nobody away but for a turn of the other one */
#define BUSY 4000

static volatile bool woken;

void take_interrupt(void)
{
    uint32_t acknowledged = gic_acknowledge();

    timer_stop();
    gic_end(acknowledged);
    woken = true;
}

void further_main(void)
{
    while (true)
        continue;
}

static void compute_until_switched(void)
{
    uint64_t before, now = counter();

    do {
        before = now;
        for (unsigned i = 0; i < BUSY; i++)
            __asm__ volatile("" ::: "memory");
        now = counter();
    } while (now - before < AWAY);
}

static _Noreturn void compute_for_ever(void)
{
    while (true)
        compute_until_switched();
}

static void nap(void)
{
    woken = false;
    timer_arm(NAP_TICKS);
    MARK(MARK_STAY + OP_YIELD);
    while (!woken)
        await_interrupt();
}

void bench_main(void)
{
    gic_init();
    interrupts_off();
    compute_until_switched(); /* until both run */
    for (unsigned turn = 0; turn < TURNS; turn++) {
        MARK(MARK_STAY + OP_SLICE);
        compute_until_switched();
    }
    if (!BENCH_SLEEPS)
        compute_for_ever();
    for (unsigned i = 0; i < NAPS; i++)
        nap();
    MARK(MARK_DONE);
    compute_for_ever();
}
