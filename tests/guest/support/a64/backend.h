/* SPDX-License-Identifier: Apache-2.0 */
/* A64: a domain on QEMU or a board, at EL1 with its MMU off. */
#ifndef BULKHEAD_GUEST_BACKEND_H
#define BULKHEAD_GUEST_BACKEND_H

#define BACKEND_INTERRUPTS 1
#define BACKEND_ADDRESS_BITS 40 /* of IPAs that can be reached */
#define BACKEND_STRIDE 8        /* bytes between the places that a search through all memory looks at */

#define READ_SYSREG(...) READ_SYSREG_(__VA_ARGS__)
#define READ_SYSREG_(op0, op1, crn, crm, op2)                                                                          \
    ({                                                                                                                 \
        uint64_t sysreg_value;                                                                                         \
        __asm__ volatile("mrs %0, s" #op0 "_" #op1 "_c" #crn "_c" #crm "_" #op2 : "=r"(sysreg_value)::"memory");       \
        sysreg_value;                                                                                                  \
    })
#define WRITE_SYSREG(value, ...) WRITE_SYSREG_(value, __VA_ARGS__)
#define WRITE_SYSREG_(value, op0, op1, crn, crm, op2)                                                                  \
    __asm__ volatile("msr s" #op0 "_" #op1 "_c" #crn "_c" #crm "_" #op2 ", %0" ::"r"((uint64_t)(value)) : "memory")
#define SYSTEM_INSTRUCTION(value, op1, crn, crm, op2)                                                                  \
    __asm__ volatile("sys #" #op1 ", c" #crn ", c" #crm ", #" #op2 ", %0" ::"r"((uint64_t)(value)) : "memory")

/* By assembler: an access with writeback, as a compiler may choose in a loop, leaves no syndrome. */
#define ACCESS(width, letter, suffix)                                                                                  \
    static inline uint##width##_t read##width(uint64_t address)                                                        \
    {                                                                                                                  \
        uint64_t value;                                                                                                \
        __asm__ volatile("ldr" suffix " %" letter "0, [%1]" : "=r"(value) : "r"(address) : "memory");                  \
        return (uint##width##_t)value;                                                                                 \
    }                                                                                                                  \
    static inline void write##width(uint64_t address, uint##width##_t value)                                           \
    {                                                                                                                  \
        __asm__ volatile("str" suffix " %" letter "0, [%1]" ::"r"((uint64_t)value), "r"(address) : "memory");          \
    }
ACCESS(8, "w", "b")
ACCESS(16, "w", "h")
ACCESS(32, "w", "")
ACCESS(64, "x", "")
#undef ACCESS

static inline void barrier(void)
{
    __asm__ volatile("isb" ::: "memory");
}

#endif
