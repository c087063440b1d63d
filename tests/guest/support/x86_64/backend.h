/* SPDX-License-Identifier: Apache-2.0 */
/* x86-64: a KVM vCPU, by arch/hostsim/kvm/kvm_abi.h. No interrupts. */
#ifndef BULKHEAD_GUEST_BACKEND_H
#define BULKHEAD_GUEST_BACKEND_H

#include "hostsim/kvm/kvm_abi.h"

#define BACKEND_INTERRUPTS 0
#define BACKEND_ADDRESS_BITS 39 /* of IPAs that can be reached */
#define BACKEND_STRIDE 64       /* bytes between the places that a search through all memory looks at */

#define READ_SYSREG(...) sysreg_read(KVM_ABI_SYSREG_(__VA_ARGS__))
#define WRITE_SYSREG(value, ...) sysreg_write(KVM_ABI_SYSREG_(__VA_ARGS__), value)
#define SYSTEM_INSTRUCTION(value, ...) sysreg_write(KVM_ABI_SYSREG_(1, __VA_ARGS__), value)
#define KVM_ABI_SYSREG_(...) KVM_ABI_SYSREG(__VA_ARGS__)

/* By assembler: the one form that KVM's instruction emulator surely knows. */
#define ACCESS(width, letter, constraint)                                                                              \
    static inline uint##width##_t read##width(uint64_t address)                                                        \
    {                                                                                                                  \
        uint##width##_t value;                                                                                         \
        __asm__ volatile("mov" letter " (%1), %0" : "=" constraint(value) : "r"(address) : "memory");                  \
        return value;                                                                                                  \
    }                                                                                                                  \
    static inline void write##width(uint64_t address, uint##width##_t value)                                           \
    {                                                                                                                  \
        __asm__ volatile("mov" letter " %0, (%1)" ::constraint(value), "r"(address) : "memory");                       \
    }
ACCESS(8, "b", "q")
ACCESS(16, "w", "r")
ACCESS(32, "l", "r")
ACCESS(64, "q", "r")
#undef ACCESS

static inline uint64_t sysreg_read(uint64_t encoding)
{
    uint64_t value = 0;

    __asm__ volatile("outl %%eax, %%dx" : "+S"(value) : "a"(0), "d"(KVM_ABI_PORT_MRS), "D"(encoding) : "memory");
    return value;
}

static inline void sysreg_write(uint64_t encoding, uint64_t value)
{
    __asm__ volatile("outl %%eax, %%dx" ::"a"(0), "d"(KVM_ABI_PORT_MSR), "D"(encoding), "S"(value) : "memory");
}

static inline void barrier(void)
{
}

#endif
