// SPDX-License-Identifier: Apache-2.0
#include "trap/esr.h"

static unsigned field(uint64_t value, unsigned low, unsigned width)
{
    return (unsigned)(value >> low) & ((1u << width) - 1);
}

struct esr_sysreg esr_decode_sysreg(uint64_t esr)
{
    return (struct esr_sysreg){
        .encoding =
            SYSREG(field(esr, 20, 2), field(esr, 14, 3), field(esr, 10, 4), field(esr, 1, 4), field(esr, 17, 3)),
        .reg = (uint8_t)field(esr, 5, 5),
        .write = field(esr, 0, 1) == 0,
    };
}
