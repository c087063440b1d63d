// SPDX-License-Identifier: Apache-2.0
/* Calls and exceptions of a payload in a KVM vCPU. */
#include "native.h"

static struct call_result call(uint32_t port, uint32_t immediate, const uint64_t *x)
{
    struct call_result result;
    register uint64_t x2 __asm__("r8") = x[2];
    register uint64_t x3 __asm__("r9") = x[3];

    result.x[0] = x[0];
    result.x[1] = x[1];
    __asm__ volatile("outl %%eax, %%dx"
                     : "+D"(result.x[0]), "+S"(result.x[1]), "+r"(x2), "+r"(x3)
                     : "a"(immediate), "d"(port)
                     : "memory");
    result.x[2] = x2;
    result.x[3] = x3;
    return result;
}

struct call_result hvc(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
    return call(KVM_ABI_PORT_HVC, 0, (const uint64_t[]){x0, x1, x2, x3});
}

struct call_result smc(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
    return call(KVM_ABI_PORT_SMC, 0, (const uint64_t[]){x0, x1, x2, x3});
}

void calls_with_immediate(void)
{
    static const uint64_t zeros[4];

    call(KVM_ABI_PORT_HVC, 1, zeros);
    call(KVM_ABI_PORT_HVC, 0xffff, zeros);
    call(KVM_ABI_PORT_SMC, 1, zeros);
    call(KVM_ABI_PORT_SMC, 0xffff, zeros);
}

/* The machine skips what took an exception, and says so when asked. */
void native_poll_exception(void)
{
    uint64_t taken = 0, esr = 0, far = 0;

    __asm__ volatile("outl %%eax, %%dx" : "+a"(taken), "+D"(esr), "+S"(far) : "d"(KVM_ABI_PORT_EXCEPTION) : "memory");
    if (taken != 0)
        native_exception(esr, far);
}

uint64_t try_read(uint64_t address, unsigned width)
{
    if (width == 1)
        return read8(address);
    if (width == 2)
        return read16(address);
    return width == 4 ? read32(address) : read64(address);
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

/* Every access that KVM hands out is described in full. */
bool try_without_syndrome(uint64_t address, unsigned kind)
{
    (void)address;
    (void)kind;
    return false;
}

void try_fetch(uint64_t address)
{
    __asm__ volatile("call *%0" ::"r"(address) : "memory");
}

void compute(void)
{
    __asm__ volatile("" ::: "memory");
}

void backend_halt(void)
{
    while (true)
        __asm__ volatile("hlt");
}

/* Of programs that a machine without interrupts can run all the same. */
void interrupts_on(void)
{
}

void interrupts_off(void)
{
}

void await_interrupt(void)
{
    __asm__ volatile("hlt" ::: "memory");
}
