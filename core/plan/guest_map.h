/* SPDX-License-Identifier: Apache-2.0 */
/* Where a guest finds what: addresses, interrupts and the phandle of its controller, as data of each domain. */
#ifndef BULKHEAD_PLAN_GUEST_MAP_H
#define BULKHEAD_PLAN_GUEST_MAP_H

#include "lib/types.h"

#define GUEST_GICR_STRIDE 0x20000 /* of each vCPU's redistributor: IHI 0069 12.10 */
#define GUEST_SPI_BASE 32
#define GUEST_IPA_BITS_MIN 36

/** A range of guest physical addresses. */
struct guest_range {
    uint64_t base, size;
};

struct guest_map {
    struct guest_range ram[2];              /* banks; RAM is in the first until that is full */
    struct guest_range gicd, gicc;          /* GICv2 */
    struct guest_range gicd_v3, gicr;       /* GICv3; gicr is room for so many redistributors */
    struct guest_range uart;                /* a vpl011 */
    uint32_t uart_intid;                    /* an SPI */
    uint32_t timer_virtual, timer_physical; /* PPIs */
    uint32_t timer_secure;                  /* only named: no guest has it */
    uint32_t gic_phandle;                   /* what partial device trees call the controller, too */
};

/** The map of Xen's guests (public/arch-arm.h), which every domain has today. */
extern const struct guest_map guest_map_xen;

#endif
