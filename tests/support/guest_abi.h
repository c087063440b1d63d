/* SPDX-License-Identifier: Apache-2.0 */
/* The memory map of Xen's guests (xen/include/public/arch-arm.h), which guests may rely on: said once more, so that a
 * change of plan/guest_map.c is noticed. */
#ifndef BULKHEAD_TESTS_SUPPORT_GUEST_ABI_H
#define BULKHEAD_TESTS_SUPPORT_GUEST_ABI_H

#define GUEST_GICD_BASE 0x03001000
#define GUEST_GICC_BASE 0x03002000
#define GUEST_GICC_SIZE 0x2000
#define GUEST_VPL011_BASE 0x22000000
#define GUEST_VPL011_INTID 32
#define GUEST_RAM0_BASE 0x40000000ULL
#define GUEST_RAM0_SIZE (3ULL << 30)
#define GUEST_RAM1_BASE 0x0200000000ULL
#define GUEST_RAM1_SIZE (1016ULL << 30)
#define GUEST_TIMER_VIRTUAL_INTID 27
#define GUEST_TIMER_PHYSICAL_INTID 30

#endif
