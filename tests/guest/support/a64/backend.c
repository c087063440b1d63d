// SPDX-License-Identifier: Apache-2.0
/* Exceptions, calls and interrupts of an A64 payload. */
#include "native.h"

/* Bits 32 and above are no part of it: newer CPUs have ISS2 there, Linux 6.1's KVM ones when it injects an abort. */
#define EC(esr) ((unsigned)((esr) >> 26) & 0x3f)
#define EC_INSTRUCTION_ABORT 0x21
#define EXCEPTION_SYNC 4 /* kinds of the vectors for "current EL, SP_ELx" */
#define EXCEPTION_IRQ 5
#define ESR_EL1 3, 0, 5, 2, 0
#define FAR_EL1 3, 0, 6, 0, 0

/* As start.S stores it. */
struct exception_frame {
    uint64_t x[31];
    uint64_t pc;
    uint64_t pstate;
    uint64_t entered; /* CNTVCT_EL0 at the vector */
};

void guest_exception(struct exception_frame *frame, unsigned kind);

static struct platform *own_platform(void)
{
    struct platform *own = native_platforms[READ_SYSREG(MPIDR_EL1) % MAX_VCPUS];

    return own != NULL ? own : &platform;
}

void guest_exception(struct exception_frame *frame, unsigned kind)
{
    uint64_t esr, far;

    if (kind == EXCEPTION_IRQ) {
        interrupt_take(own_platform(), frame->entered);
        return;
    }
    esr = READ_SYSREG(ESR_EL1);
    far = READ_SYSREG(FAR_EL1);
    if (kind != EXCEPTION_SYNC || !native_exception(esr, far)) {
        print(&platform, "%s: FAILED: exception %u, esr %lx, far %lx, pc %lx\n", platform.name, kind, esr, far,
              frame->pc - platform.image_start);
        power_off(&platform);
    }
    frame->pc = EC(esr) == EC_INSTRUCTION_ABORT ? frame->x[30] : frame->pc + 4;
}

void native_poll_exception(void)
{
}

uint64_t try_read(uint64_t address, unsigned width)
{
    uint64_t value = 0;

    if (width == 1)
        __asm__ volatile("ldrb %w0, [%1]" : "+r"(value) : "r"(address) : "memory");
    else if (width == 2)
        __asm__ volatile("ldrh %w0, [%1]" : "+r"(value) : "r"(address) : "memory");
    else if (width == 4)
        __asm__ volatile("ldr %w0, [%1]" : "+r"(value) : "r"(address) : "memory");
    else
        __asm__ volatile("ldr %0, [%1]" : "+r"(value) : "r"(address) : "memory");
    return value;
}

void try_write(uint64_t address, unsigned width, uint64_t value)
{
    if (width == 1)
        write8(address, (uint8_t)value);
    else if (width == 2)
        write16(address, (uint16_t)value);
    else if (width == 4)
        write32(address, (uint32_t)value);
    else
        write64(address, value);
}

bool try_without_syndrome(uint64_t address, unsigned kind)
{
    if (kind == 0)
        __asm__ volatile("ldp x9, x10, [%0]" ::"r"(address) : "x9", "x10", "memory");
    else if (kind == 1)
        __asm__ volatile("stp xzr, xzr, [%0]" ::"r"(address) : "memory");
    else if (kind == 2)
        __asm__ volatile("mov x11, %0; ldr x9, [x11], #8" ::"r"(address) : "x9", "x11", "memory");
    else if (kind == 3)
        __asm__ volatile("mov x11, %0; str xzr, [x11, #-8]!" ::"r"(address + 8) : "x11", "memory");
    else if (kind == 4)
        __asm__ volatile("ldxr w9, [%0]" ::"r"(address) : "x9", "memory");
    else if (kind == 5)
        __asm__ volatile("dc zva, %0" ::"r"(address & ~63ul) : "memory");
    return kind <= 5;
}

void try_fetch(uint64_t address)
{
    __asm__ volatile("blr %0" ::"r"(address) : "x30", "memory");
}

#define CALL(name, instruction)                                                                                        \
    struct call_result name(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)                                        \
    {                                                                                                                  \
        register uint64_t x0 __asm__("x0") = a0;                                                                       \
        register uint64_t x1 __asm__("x1") = a1;                                                                       \
        register uint64_t x2 __asm__("x2") = a2;                                                                       \
        register uint64_t x3 __asm__("x3") = a3;                                                                       \
                                                                                                                       \
        __asm__ volatile(instruction : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");                              \
        return (struct call_result){{x0, x1, x2, x3}};                                                                 \
    }
CALL(hvc, "hvc #0")
CALL(smc, "smc #0")

int64_t call_xen(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2)
{
    register uint64_t x0 __asm__("x0") = a0;
    register uint64_t x1 __asm__("x1") = a1;
    register uint64_t x2 __asm__("x2") = a2;
    register uint64_t x16 __asm__("x16") = number;

    __asm__ volatile("hvc #0xea1" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x16)::"memory");
    return (int64_t)x0;
}

void calls_with_immediate(void)
{
    __asm__ volatile("mov x0, #0; hvc #1; hvc #0xffff; smc #1; smc #0xffff" ::
                         : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "memory");
}

void compute(void)
{
    __asm__ volatile("" ::: "memory");
}

void interrupts_on(void)
{
    __asm__ volatile("msr daifclr, #2" ::: "memory");
}

void interrupts_off(void)
{
    __asm__ volatile("msr daifset, #2" ::: "memory");
}

void await_interrupt(void)
{
    __asm__ volatile("dsb sy; wfi; msr daifclr, #2; isb; msr daifset, #2" ::: "memory");
}

void backend_halt(void)
{
    while (true)
        __asm__ volatile("wfi");
}
