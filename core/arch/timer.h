/* SPDX-License-Identifier: Apache-2.0 */
/* The contract, time: the system counter and this CPU's EL2 physical timer (CNTHP, PPI 26). */
#ifndef BULKHEAD_ARCH_TIMER_H
#define BULKHEAD_ARCH_TIMER_H

#include "lib/types.h"

#define ARCH_TIMER_NEVER UINT64_MAX

/** @return the system counter, CNTPCT_EL0. Same on all CPUs, never goes back. */
uint64_t arch_timer_now(void);

/** @return the counter's frequency in Hz, never 0 (CNTFRQ_EL0, or what arch_timer_set_frequency() said). */
uint64_t arch_timer_frequency(void);

/** @return the ticks of the counter that @p microseconds take. */
static inline uint64_t arch_timer_ticks(uint64_t microseconds)
{
    return microseconds * arch_timer_frequency() / 1000000;
}

/** Overrides CNTFRQ_EL0 where firmware left it wrong and the device tree's clock-frequency says better. @param hz not 0
 */
void arch_timer_set_frequency(uint64_t hz);

/** Raises this CPU's EL2 timer interrupt when the counter reaches @p deadline; ARCH_TIMER_NEVER turns it off. */
void arch_timer_set_deadline(uint64_t deadline);

/**
 * Fills @p words with true random numbers of the CPU (RNDR, Armv8.5).
 * @return false, and writes nothing, where the CPU has none or it gave up
 */
bool arch_random(uint64_t *words, size_t count);

#endif
