// SPDX-License-Identifier: Apache-2.0
#include "arch/timer.h"

#include "sysreg.h"

#define TIMER_ENABLE 1
#define FREQUENCY_FALLBACK                                                                                             \
    1000000 /* firmware that leaves CNTFRQ_EL0 zero: any value is better than a division by it                         \
             */

static uint64_t frequency_override;

uint64_t arch_timer_now(void)
{
    barrier_isb(); /* or the counter is read ahead of what it is to time */
    return sysreg_read(cntpct_el0);
}

uint64_t arch_timer_frequency(void)
{
    uint64_t frequency = frequency_override != 0 ? frequency_override : sysreg_read(cntfrq_el0);

    return frequency != 0 ? frequency : FREQUENCY_FALLBACK;
}

void arch_timer_set_frequency(uint64_t hz)
{
    frequency_override = hz;
}

void arch_timer_set_deadline(uint64_t deadline)
{
    if (deadline == ARCH_TIMER_NEVER) {
        sysreg_write(cnthp_ctl_el2, 0);
    } else {
        sysreg_write(cnthp_cval_el2, deadline);
        sysreg_write(cnthp_ctl_el2, TIMER_ENABLE);
    }
    barrier_isb();
}

#define RNDR_TRIES 16

static bool rndr(uint64_t *value)
{
    for (unsigned i = 0; i < RNDR_TRIES; i++) {
        uint32_t failed;

        __asm__ volatile("mrs %0, s3_3_c2_c4_0\n" /* RNDR: Z is set where it has nothing to give */
                         "cset %w1, eq"
                         : "=r"(*value), "=r"(failed)
                         :
                         : "cc");
        if (failed == 0)
            return true;
    }
    return false;
}

bool arch_random(uint64_t *words, size_t count)
{
    if (sysreg_read(id_aa64isar0_el1) >> 60 == 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        uint64_t value;

        if (!rndr(&value))
            return false;
        words[i] = value;
    }
    return true;
}
