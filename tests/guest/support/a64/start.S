/* SPDX-License-Identifier: Apache-2.0 */
/* arm64 Image header (Documentation/arm64/booting.rst of Linux), entry, exception vectors. Runs at EL1 with its MMU off. */

    .section .head, "ax"
    .global image_start
image_start:
    mrs     x20, cntpct_el0             /* the stop-watch: the first instruction of the domain reads the counter */
    b       entry
    .quad   0                           /* text_offset */
    .quad   image_end - . + 16          /* image_size, BSS and stack included */
    .quad   0xa                         /* little endian, 4 KiB pages, anywhere in memory */
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0

entry:
    adr     x21, image_start
    mov     x22, x0                     /* device tree */

    /* R_AARCH64_RELATIVE is the only kind a static position independent link leaves. */
    adrp    x1, rela_start
    add     x1, x1, :lo12:rela_start
    adrp    x2, rela_end
    add     x2, x2, :lo12:rela_end
1:  cmp     x1, x2
    b.hs    2f
    ldp     x3, x4, [x1], #16
    ldr     x5, [x1], #8
    add     x5, x5, x21
    str     x5, [x21, x3]
    b       1b

2:  adrp    x1, bss_start
    add     x1, x1, :lo12:bss_start
    adrp    x2, bss_end
    add     x2, x2, :lo12:bss_end
3:  cmp     x1, x2
    b.hs    4f
    stp     xzr, xzr, [x1], #16
    b       3b

4:  adrp    x1, stack_top
    add     x1, x1, :lo12:stack_top
    mov     sp, x1
    adrp    x1, vectors
    add     x1, x1, :lo12:vectors
    msr     vbar_el1, x1
    isb
    mov     x0, x22
    mov     x1, x20
    bl      native_start
5:  wfi
    b       5b

/* struct exception_frame: x0..x30, pc, pstate, entry counter: 34 * 8 bytes. */
    .macro vector kind
    .balign 0x80
    /* The counter before anything else, for latencies; TPIDR registers are nobody's here. */
    msr     tpidr_el1, x0
    mrs     x0, cntvct_el0
    msr     tpidrro_el0, x0
    mrs     x0, tpidr_el1
    sub     sp, sp, #272
    stp     x0, x1, [sp]
    mov     x1, #\kind
    b       exception_common
    .endm

    .text
    .balign 0x800
    .global vectors
    .hidden vectors
vectors:
    .irp kind, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    vector \kind
    .endr

exception_common:
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x19, [sp, #144]
    stp     x20, x21, [sp, #160]
    stp     x22, x23, [sp, #176]
    stp     x24, x25, [sp, #192]
    stp     x26, x27, [sp, #208]
    stp     x28, x29, [sp, #224]
    mrs     x2, elr_el1
    stp     x30, x2, [sp, #240]
    mrs     x2, spsr_el1
    mrs     x3, tpidrro_el0
    stp     x2, x3, [sp, #256]
    mov     x0, sp
    bl      guest_exception
    ldp     x30, x2, [sp, #240]
    ldr     x3, [sp, #256]
    msr     elr_el1, x2
    msr     spsr_el1, x3
    ldp     x28, x29, [sp, #224]
    ldp     x26, x27, [sp, #208]
    ldp     x24, x25, [sp, #192]
    ldp     x22, x23, [sp, #176]
    ldp     x20, x21, [sp, #160]
    ldp     x18, x19, [sp, #144]
    ldp     x16, x17, [sp, #128]
    ldp     x14, x15, [sp, #112]
    ldp     x12, x13, [sp, #96]
    ldp     x10, x11, [sp, #80]
    ldp     x8, x9, [sp, #64]
    ldp     x6, x7, [sp, #48]
    ldp     x4, x5, [sp, #32]
    ldp     x2, x3, [sp, #16]
    ldp     x0, x1, [sp], #272
    eret
