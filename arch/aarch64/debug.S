/* SPDX-License-Identifier: Apache-2.0 */
/* Breakpoints and watchpoints of a vCPU: only loaded, since a guest's accesses to them trap. */
    .arch armv8-a
    .text

    .macro pair number, kind, offset
    ldp x3, x4, [x0, #(32 * \number + \offset)]
    msr dbg\kind\()vr\number\()_el1, x3
    msr dbg\kind\()cr\number\()_el1, x4
    .endm

    /* The first \count of 16 pairs, three instructions each, the last one first. */
    .macro pairs kind, offset, count
    adr x3, 9f
    mov x4, #12
    msub x3, \count, x4, x3
    br x3
    .irp number, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0
    pair \number, \kind, \offset
    .endr
9:
    .endm

/* void debug_load(const uint64_t *registers, uint64_t breakpoints, uint64_t watchpoints): in memory a breakpoint's value and
 * control, then a watchpoint's, for each of 16 numbers. */
    .globl debug_load
    .type debug_load, %function
debug_load:
    pairs b, 0, x1
    pairs w, 16, x2
    ret
    .size debug_load, . - debug_load

    .section .note.GNU-stack, "", %progbits
