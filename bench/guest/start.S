/* SPDX-License-Identifier: Apache-2.0 */
/* The benchmark guests in C: entry of both vCPUs, with a stack each, and interrupts. Runs at EL1 with its MMU off. */
#include "image.inc"

    .section .head, "ax"
    .globl  image_start
image_start:
    IMAGE_HEADER (image_end - image_start)
start:
    MARK    MARK_FIRST
    adrp    x1, stack_top
    add     x1, x1, :lo12:stack_top
    mov     x2, #0
    b       enter

    /* vCPU 1, by CPU_ON; x0: top of its stack. */
    .globl  further_start
    .hidden further_start
further_start:
    MARK    (MARK_END + OP_CPU_ON)
    mov     x1, x0
    mov     x2, #1
enter:
    mov     sp, x1
    str     xzr, [sp, #-16]         /* its memory is there from here on: no window has this first touch */
    adrp    x1, vectors
    add     x1, x1, :lo12:vectors
    msr     vbar_el1, x1
    isb
    cbz     x2, 1f
    bl      further_main
1:  bl      bench_main
    b       .

    .text
    .balign 0x800
vectors:
    .rept   5
    b       .
    .balign 0x80
    .endr
    b       irq                     /* current EL, SP_ELx */
    .balign 0x80
    .rept   10
    b       .
    .balign 0x80
    .endr

irq:
    stp     x0, x1, [sp, #-176]!
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x29, [sp, #144]
    str     x30, [sp, #160]
    bl      take_interrupt
    ldr     x30, [sp, #160]
    ldp     x18, x29, [sp, #144]
    ldp     x16, x17, [sp, #128]
    ldp     x14, x15, [sp, #112]
    ldp     x12, x13, [sp, #96]
    ldp     x10, x11, [sp, #80]
    ldp     x8, x9, [sp, #64]
    ldp     x6, x7, [sp, #48]
    ldp     x4, x5, [sp, #32]
    ldp     x2, x3, [sp, #16]
    ldp     x0, x1, [sp], #176
    eret
