/* SPDX-License-Identifier: Apache-2.0 */
/* hostsim: a coroutine in the place of a guest's code (hostsim/guest.h). */
#ifndef BULKHEAD_GUEST_BACKEND_H
#define BULKHEAD_GUEST_BACKEND_H

#include "hostsim/guest.h"

#define BACKEND_INTERRUPTS 1
#define BACKEND_ADDRESS_BITS 40 /* of IPAs that can be reached */
#define BACKEND_STRIDE 0x200000 /* bytes between the places that a search through all memory looks at */

#define READ_SYSREG(...) guest_mrs(GUEST_SYSREG_(__VA_ARGS__))
#define WRITE_SYSREG(value, ...) guest_msr(GUEST_SYSREG_(__VA_ARGS__), value)
#define SYSTEM_INSTRUCTION(value, ...) guest_msr(GUEST_SYSREG_(1, __VA_ARGS__), value)
#define GUEST_SYSREG_(...) GUEST_SYSREG(__VA_ARGS__)

#define ACCESS(width)                                                                                                  \
    static inline uint##width##_t read##width(uint64_t address)                                                        \
    {                                                                                                                  \
        return (uint##width##_t)guest_read(address, (width) / 8);                                                      \
    }                                                                                                                  \
    static inline void write##width(uint64_t address, uint##width##_t value)                                           \
    {                                                                                                                  \
        guest_write(address, (width) / 8, value);                                                                      \
    }
ACCESS(8)
ACCESS(16)
ACCESS(32)
ACCESS(64)
#undef ACCESS

static inline void barrier(void)
{
}

/** A program of hostsim begins: what sim_register_guest() registers calls this. */
void program_run(const char *name, void (*program)(struct platform *platform), uint64_t device_tree);

#endif
