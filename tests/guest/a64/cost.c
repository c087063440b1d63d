// SPDX-License-Identifier: Apache-2.0
/* What an exit costs. Under `-icount shift=0,sleep=off` a nanosecond of virtual time is one instruction; the counter
 * runs at 62.5 MHz, so figures of many rounds are exact and single ones are multiples of 16. Arguments: rounds=N
 * (1000). */
#include "native.h"
#include "programs.h"

#define GICD_TYPER 0x004
#define SGI 3
#define SAMPLES 101
#define TIMER_DISTANCE 20000 /* counter ticks */

static volatile unsigned interrupts;
static volatile uint64_t entered;
static uint64_t nanoseconds_per_tick;

static void count_interrupt(void *context, uint32_t intid, uint64_t when)
{
    (void)context;
    if (intid == INTERRUPT_VIRTUAL_TIMER)
        timer_stop();
    entered = when;
    interrupts++;
}

static __attribute__((noinline)) void round_empty(void)
{
    __asm__ volatile("");
}

static __attribute__((noinline)) void round_hvc(void)
{
    hvc(PSCI_VERSION, 0, 0, 0);
}

static __attribute__((noinline)) void round_smc(void)
{
    smc(PSCI_VERSION, 0, 0, 0);
}

static __attribute__((noinline)) void round_mmio(void)
{
    read32(platform.distributor + GICD_TYPER);
}

static __attribute__((noinline)) void round_sgi(void)
{
    unsigned before = interrupts;

    gic_send_self(&platform, SGI);
    while (interrupts == before)
        continue;
}

static void measure(const char *name, void (*round)(void))
{
    uint64_t rounds = argument(&platform, "rounds", 1000), start, ticks;

    round();
    start = counter();
    for (uint64_t i = 0; i < rounds; i++)
        round();
    ticks = counter() - start;
    print(&platform, "cost: %s %lu\n", name, ticks * nanoseconds_per_tick / rounds);
}

static void sort(uint64_t *values, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        for (unsigned j = i; j > 0 && values[j - 1] > values[j]; j--) {
            uint64_t swap = values[j];

            values[j] = values[j - 1];
            values[j - 1] = swap;
        }
    }
}

/** From the deadline of the virtual timer to the guest's vector. */
static void measure_timer(const char *name, bool wait)
{
    static uint64_t samples[SAMPLES];
    uint64_t sum = 0;

    for (unsigned i = 0; i < SAMPLES; i++) {
        unsigned before = interrupts;
        /* A different phase each time, so that the mean is finer than one tick of the counter. */
        uint64_t deadline = counter() + TIMER_DISTANCE + i;

        interrupts_off();
        timer_arm(deadline);
        if (wait)
            __asm__ volatile("dsb sy; wfi" ::: "memory");
        interrupts_on();
        while (interrupts == before)
            continue;
        samples[i] = (entered - deadline) * nanoseconds_per_tick;
        sum += samples[i];
    }
    sort(samples, SAMPLES);
    print(&platform, "cost: %s %lu (min %lu, median %lu, max %lu)\n", name, sum / SAMPLES, samples[0],
          samples[SAMPLES / 2], samples[SAMPLES - 1]);
}

void program_cost(struct platform *of)
{
    nanoseconds_per_tick = 1000000000 / counter_frequency();
    on_interrupt(of, count_interrupt, NULL);
    gic_init(of);
    gic_enable(of, SGI);
    gic_enable(of, INTERRUPT_VIRTUAL_TIMER);
    interrupts_on();

    measure("empty", round_empty);
    if (platform.smc || argument(&platform, "both-conduits", 0) != 0)
        measure("smc-psci-version", round_smc);
    if (!platform.smc)
        measure("hvc-psci-version", round_hvc);
    measure("gicd-typer-read", round_mmio);
    measure("self-sgi", round_sgi);
    measure_timer("timer-running", false);
    measure_timer("timer-wfi", true);
    print(&platform, "cost: done\n");
}
