/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's own translation tables. */
#ifndef BULKHEAD_AARCH64_MMU_H
#define BULKHEAD_AARCH64_MMU_H

#include "lib/types.h"

/** Takes over the tables that head.S built. Boot CPU, first of all. @param image physical address of the image */
void mmu_init(pa_t image);

/** Prepares the tables that @p cpu will turn its MMU on with, and maps its stacks. Boot CPU, before it starts @p cpu.
 */
void mmu_prepare_cpu(unsigned cpu);

/** @return the physical address of something in the image. */
pa_t mmu_image_pa(const void *address);

/**
 * Maps whole pages for good. Boot CPU.
 * @param attributes  descriptor bits of a page, without address
 * @return the address of @p base's byte, 0 where address space or tables are exhausted
 */
uintptr_t mmu_map(pa_t base, uint64_t size, uint64_t attributes);

#endif
