/* SPDX-License-Identifier: Apache-2.0 */
/* Linux's /init for the benchmark: marks that user space has begun and powers the machine off (reboot(2)). */
#include "image.inc"
    .text
    .globl  _start
_start:
    MARK    MARK_INIT
    movz    x0, #0xdead             /* LINUX_REBOOT_MAGIC1 0xfee1dead */
    movk    x0, #0xfee1, lsl #16
    movz    x1, #0x1969             /* LINUX_REBOOT_MAGIC2 672274793 */
    movk    x1, #0x2812, lsl #16
    movz    x2, #0xfedc             /* LINUX_REBOOT_CMD_POWER_OFF 0x4321fedc */
    movk    x2, #0x4321, lsl #16
    mov     x3, #0
    mov     x8, #142
    svc     #0
    b       .
