/* SPDX-License-Identifier: Apache-2.0 */
/* The contract, device registers. Accesses are of the width named, in program order, never split or merged. */
#ifndef BULKHEAD_ARCH_MMIO_H
#define BULKHEAD_ARCH_MMIO_H

#include "lib/types.h"

/** A mapped register frame of a host device. Opaque to core. */
struct arch_mmio {
    uintptr_t base; /* handle of the backend; 0: not mapped */
};

/**
 * Maps a device's registers as Device-nGnRE for as long as the hypervisor runs. Boot CPU only.
 * @return false where address space is exhausted, or where no registers can be: beyond arch_pa_bits(), or not at a
 * multiple of 4
 */
HV_DOOR bool arch_mmio_map(struct arch_mmio *mmio, pa_t base, uint64_t size);

/** The UART that this build was told to use where the device tree cannot be read. */
struct arch_early_uart {
    pa_t base;    /* of its frame, one page; pa(0): none */
    bool cadence; /* Cadence's; else a PL011 */
};
struct arch_early_uart arch_early_uart(void);

uint32_t arch_mmio_read32(const struct arch_mmio *mmio, uint32_t offset);
void arch_mmio_write32(const struct arch_mmio *mmio, uint32_t offset, uint32_t value);
void arch_mmio_write8(const struct arch_mmio *mmio, uint32_t offset, uint8_t value);

#endif
