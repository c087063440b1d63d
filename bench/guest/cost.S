/* SPDX-License-Identifier: Apache-2.0 */
/* What an exit costs: each operation stands between two marks, ROUNDS times; the first rounds warm nothing under QEMU, but
 * show what a first touch costs. Interrupt latencies are read from the counter and reported digit by digit.
 *
 * The GIC's addresses are the guest map's; -D GICD=... -D GICC=... builds it for the bare machine. */
#include "image.inc"
#ifndef GICD
#define GICD 0x03001000
#define GICC 0x03002000
#endif
    .equ    ROUNDS, 8
    .equ    NOTHING, 0              /* what is measured */
    .equ    HVC_VERSION, 1
    .equ    GICD_READ, 2
    .equ    SELF_SGI, 3
    .equ    TIMER_RUNNING, 4
    .equ    TIMER_WFI, 5
    .equ    TIMER_TICKS, 31250      /* 500 us at 62.5 MHz */

    .text
    .globl  _start
_start:
    IMAGE_HEADER 0x10000

    /* Reports x0 with 8 digits, most significant first, as number \what. Clobbers x9..x12. */
    .macro REPORT what
    mov     x12, #28
1:  lsr     x9, x0, x12
    and     x9, x9, #15
    adr     x10, digits
    add     x10, x10, x9, lsl #3
    blr     x10
    subs    x12, x12, #4
    b.ge    1b
    MARK    MARK_NUMBER + \what
    .endm

start:
    MARK    MARK_FIRST
    adr     x0, stack_top
    mov     sp, x0
    adr     x0, vectors
    msr     vbar_el1, x0
    ldr     x20, =GICD
    ldr     x21, =GICC
    mov     w0, #1
    str     w0, [x20]               /* GICD_CTLR */
    mov     w0, #-1
    str     w0, [x20, #0x100]       /* GICD_ISENABLER0: all SGIs and PPIs */
    mov     w0, #0xf0
    str     w0, [x21, #4]           /* GICC_PMR */
    mov     w0, #1
    str     w0, [x21]               /* GICC_CTLR */
    isb

    mov     x19, #ROUNDS
2:  MARK    MARK_BEGIN + NOTHING
    MARK    MARK_END + NOTHING
    subs    x19, x19, #1
    b.ne    2b

    mov     x19, #ROUNDS
2:  movz    w0, #0x0000
    movk    w0, #0x8400, lsl #16    /* PSCI_VERSION */
    MARK    MARK_BEGIN + HVC_VERSION
    hvc     #0
    MARK    MARK_END + HVC_VERSION
    subs    x19, x19, #1
    b.ne    2b

    mov     x19, #ROUNDS
2:  MARK    MARK_BEGIN + GICD_READ
    ldr     w0, [x20, #4]           /* GICD_TYPER */
    MARK    MARK_END + GICD_READ
    subs    x19, x19, #1
    b.ne    2b

    /* From here on the handler ends what it takes and counts in x22. */
    msr     daifclr, #2
    mov     x19, #ROUNDS
2:  mov     x24, x22
    movz    w0, #0x0200, lsl #16    /* SGIR: to itself, SGI 3 */
    movk    w0, #3
    MARK    MARK_BEGIN + SELF_SGI
    str     w0, [x20, #0xf00]
3:  cmp     x22, x24
    b.eq    3b
    MARK    MARK_END + SELF_SGI
    subs    x19, x19, #1
    b.ne    2b

    mov     x19, #ROUNDS
2:  bl      arm_timer
3:  cmp     x22, x24
    b.eq    3b
    REPORT  TIMER_RUNNING
    subs    x19, x19, #1
    b.ne    2b

    mov     x19, #ROUNDS
2:  msr     daifset, #2
    bl      arm_timer
3:  wfi
    msr     daifclr, #2
    isb
    msr     daifset, #2
    cmp     x22, x24
    b.eq    3b
    REPORT  TIMER_WFI
    subs    x19, x19, #1
    b.ne    2b
    POWER_OFF

    /* Sets the virtual timer; the handler leaves in x0 how many ticks late it ran, and increments x22. */
arm_timer:
    mov     x24, x22
    mrs     x0, cntvct_el0
    ldr     x1, =TIMER_TICKS
    add     x25, x0, x1
    msr     cntv_cval_el0, x25
    mov     x0, #1
    msr     cntv_ctl_el0, x0
    isb
    ret

    .align  11
vectors:
    .rept   5
    b       .
    .align  7
    .endr
irq:                                /* current EL, SP_ELx */
    mrs     x0, cntvct_el0
    sub     x0, x0, x25
    ldr     w1, [x21, #0xc]         /* GICC_IAR */
    and     w2, w1, #0x3ff
    cmp     w2, #27
    b.ne    4f
    msr     cntv_ctl_el0, xzr
4:  str     w1, [x21, #0x10]        /* GICC_EOIR */
    add     x22, x22, #1
    eret
    .align  7
    .rept   10
    b       .
    .align  7
    .endr

digits:
    .irp    digit, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    MARK    MARK_DIGIT + \digit
    ret
    .endr
    .ltorg
    .align  4
    .space  256
stack_top:
