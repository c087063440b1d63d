// SPDX-License-Identifier: Apache-2.0
#include "plan/guest_map.h"

const struct guest_map guest_map_xen = {
    .ram = {{0x40000000, GIB(3)}, {0x0200000000, GIB(1016)}},
    .gicd = {0x03001000, 0x1000},
    .gicc = {0x03002000, 0x2000},
    .gicd_v3 = {0x03001000, 0x10000},
    .gicr = {0x03020000, 0x01000000},
    .uart = {0x22000000, 0x1000},
    .uart_intid = 32,
    .timer_virtual = 27,
    .timer_physical = 30,
    .timer_secure = 29,
    .gic_phandle = 65000,
};
