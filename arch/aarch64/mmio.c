// SPDX-License-Identifier: Apache-2.0
/* Accesses in assembly: one load or store with a plain base register, which is what a hypervisor below could emulate
 * too. */
#include "arch/mmio.h"

uint32_t arch_mmio_read32(const struct arch_mmio *mmio, uint32_t offset)
{
    uint32_t value;

    __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(mmio->base + offset) : "memory");
    return value;
}

void arch_mmio_write32(const struct arch_mmio *mmio, uint32_t offset, uint32_t value)
{
    __asm__ volatile("str %w0, [%1]" ::"rZ"(value), "r"(mmio->base + offset) : "memory");
}

void arch_mmio_write8(const struct arch_mmio *mmio, uint32_t offset, uint8_t value)
{
    __asm__ volatile("strb %w0, [%1]" ::"rZ"((uint32_t)value), "r"(mmio->base + offset) : "memory");
}
