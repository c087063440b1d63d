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

extern char image_start[];
extern pa_t mmu_image; /* where the image lies: set by mmu_init(), and not changed again */

/** @return the physical address of something in the image. */
static inline pa_t mmu_image_pa(const void *address)
{
    return pa_add(mmu_image, (uint64_t)((const char *)address - image_start));
}

#endif
