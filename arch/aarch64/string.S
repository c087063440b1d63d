/* SPDX-License-Identifier: Apache-2.0 */
/* memcpy, memmove, memset: general registers only, any alignment, for memory that is mapped as normal. The other functions of
 * <string.h> that the image needs come from picolibc, whose default variant has plain loops. */
#include "macros.inc"

    .arch armv8-a
    .text

/* void *memmove(void *destination, const void *source, size_t size) */
hot_function memmove
    sub x3, x0, x1
    cmp x3, x2
    b.hs memcpy /* the destination does not begin inside the source */
    add x4, x0, x2
    add x5, x1, x2
1:  cmp x2, #16
    b.lo 2f
    ldp x6, x7, [x5, #-16]!
    stp x6, x7, [x4, #-16]!
    sub x2, x2, #16
    b 1b
2:  cbz x2, 4f
3:  ldrb w6, [x5, #-1]!
    strb w6, [x4, #-1]!
    subs x2, x2, #1
    b.ne 3b
4:  ret
endfunction memmove

/* void *memcpy(void *destination, const void *source, size_t size) */
hot_function memcpy
    mov x3, x0
    cmp x2, #16
    b.lo 3f
    subs x2, x2, #64
    b.lo 2f
1:  ldp x4, x5, [x1], #64
    ldp x6, x7, [x1, #-48]
    ldp x8, x9, [x1, #-32]
    ldp x10, x11, [x1, #-16]
    stp x4, x5, [x3], #64
    stp x6, x7, [x3, #-48]
    stp x8, x9, [x3, #-32]
    stp x10, x11, [x3, #-16]
    subs x2, x2, #64
    b.hs 1b
    /* Fewer than 64 are left; the flags of x2 + 64 say which sizes. */
2:  tbz x2, #5, 21f
    ldp x4, x5, [x1], #32
    ldp x6, x7, [x1, #-16]
    stp x4, x5, [x3], #32
    stp x6, x7, [x3, #-16]
21: tbz x2, #4, 3f
    ldp x4, x5, [x1], #16
    stp x4, x5, [x3], #16
3:  tbz x2, #3, 31f
    ldr x4, [x1], #8
    str x4, [x3], #8
31: tbz x2, #2, 32f
    ldr w4, [x1], #4
    str w4, [x3], #4
32: tbz x2, #1, 33f
    ldrh w4, [x1], #2
    strh w4, [x3], #2
33: tbz x2, #0, 34f
    ldrb w4, [x1]
    strb w4, [x3]
34: ret
endfunction memcpy

/* void *memset(void *destination, int value, size_t size) */
hot_function memset
    mov x3, x0
    and x1, x1, #0xff
    cbz x1, 1f
    mov x4, #0x0101010101010101
    mul x1, x1, x4
    b 3f
    /* Large runs of zeros: DC ZVA where its block is 64 bytes. */
1:  cmp x2, #512
    b.lo 3f
    mrs x4, dczid_el0
    and x4, x4, #0x1f
    cmp x4, #4
    b.ne 3f
    neg x4, x3
    and x4, x4, #63 /* bytes up to the first block, at most 63: stored as 64, which overlap */
    stp xzr, xzr, [x3]
    stp xzr, xzr, [x3, #16]
    stp xzr, xzr, [x3, #32]
    stp xzr, xzr, [x3, #48]
    add x3, x3, x4
    sub x2, x2, x4
    subs x2, x2, #256
2:  dc zva, x3
    add x3, x3, #64
    dc zva, x3
    add x3, x3, #64
    dc zva, x3
    add x3, x3, #64
    dc zva, x3
    add x3, x3, #64
    subs x2, x2, #256
    b.hs 2b
    add x2, x2, #256
3:  subs x2, x2, #64
    b.lo 5f
4:  stp x1, x1, [x3], #64
    stp x1, x1, [x3, #-48]
    stp x1, x1, [x3, #-32]
    stp x1, x1, [x3, #-16]
    subs x2, x2, #64
    b.hs 4b
5:  tbz x2, #5, 51f
    stp x1, x1, [x3], #32
    stp x1, x1, [x3, #-16]
51: tbz x2, #4, 52f
    stp x1, x1, [x3], #16
52: tbz x2, #3, 53f
    str x1, [x3], #8
53: tbz x2, #2, 54f
    str w1, [x3], #4
54: tbz x2, #1, 55f
    strh w1, [x3], #2
55: tbz x2, #0, 56f
    strb w1, [x3]
56: ret
endfunction memset

    .section .note.GNU-stack, "", %progbits
