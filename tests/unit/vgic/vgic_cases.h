/* SPDX-License-Identifier: Apache-2.0 */
/* What the case-by-case tests of the vGIC start from. */
#ifndef BULKHEAD_TESTS_VGIC_CASES_H
#define BULKHEAD_TESTS_VGIC_CASES_H

#include "unit/vgic/vgic_system.h"

#define SPI 40
#define OTHER 41

/** A domain with one vCPU and two enabled SPIs, SPI the more urgent. */
static inline void setup(void)
{
    setup_system(1, 32, 4);
    enable(SPI, 0x40);
    enable(OTHER, 0x80);
    write_bit(0, ISENABLER, TIMER);
}

/** The same with @p count vCPUs. */
static inline void setup_many(unsigned count, unsigned lrs)
{
    setup_system(count, 32, lrs);
    enable(SPI, 0x40);
    enable(OTHER, 0x80);
    for (unsigned v = 0; v < count; v++)
        write_bit(v, ISENABLER, TIMER);
}

static inline void expect_nothing(unsigned v)
{
    ck_assert_uint_eq(acknowledge(v), GIC_SPURIOUS);
}

static inline void take(unsigned v, uint32_t intid)
{
    ck_assert_uint_eq(acknowledge(v), intid);
}

static inline void take_and_end(unsigned v, uint32_t intid)
{
    take(v, intid);
    end(v, intid & 0x3ff);
}

#endif
