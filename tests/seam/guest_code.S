/* SPDX-License-Identifier: Apache-2.0 */
/* What the guests of the seam test run: position independent, MMU off, at EL1. */
    .arch armv8-a
    .section .rodata, "a"

    .macro guest name
    .balign 64
    .globl guest_\name
guest_\name:
    .endm
    .macro endguest name
    .globl guest_\name\()_end
guest_\name\()_end:
    .endm

/* Each instruction below traps, in this order; x19 = an address without memory, in x20 = a value. */
    guest traps
    hvc #0x123
    smc #0
    wfi
    mrs x1, id_aa64pfr0_el1
    msr actlr_el1, x1
    mrs x2, pmcr_el0
    msr mdscr_el1, x2
    msr oslar_el1, x3
    dc isw, x4
    mrs x5, dbgbvr0_el1
    str w20, [x19, #8]
    ldrh w21, [x19, #2]
    mrs x6, s3_0_c12_c12_0 /* ICC_IAR1_EL1; GICv2 system: trap or undefined */
    hvc #0x124
    blr x19
    endguest traps

/* Fills its registers from x0, then counts: each round checks that all is as it was left. x1 = round, x2 = errors. */
    guest state
    mov x3, #(3 << 20)
    msr cpacr_el1, x3
    isb
    msr tpidr_el0, x0
    msr tpidr_el1, x0
    msr contextidr_el1, x0
    msr vbar_el1, x0
    msr mair_el1, x0
    add x3, x0, #1
    msr sp_el0, x3
    add x3, x0, #2
    mov sp, x3
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    add x3, x0, #\n
    fmov d\n, x3
    mvn x3, x3
    mov v\n\().d[1], x3
    .endr
    mov x3, #0x400000 /* round towards plus infinity */
    msr fpcr, x3
    mov x29, x0
    mov x30, x0
    mov x18, x0
    mov x1, #0
    mov x2, #0
1:  add x1, x1, #1
    hvc #1
    .irp reg, tpidr_el0, tpidr_el1
    mrs x3, \reg
    cmp x3, x0
    cinc x2, x2, ne
    .endr
    mrs x3, contextidr_el1
    cmp w3, w0
    cinc x2, x2, ne
    mrs x3, mair_el1
    cmp x3, x0
    cinc x2, x2, ne
    mrs x3, sp_el0
    sub x3, x3, #1
    cmp x3, x0
    cinc x2, x2, ne
    mov x3, sp
    sub x3, x3, #2
    cmp x3, x0
    cinc x2, x2, ne
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    add x3, x0, #\n
    fmov x4, d\n
    cmp x4, x3
    cinc x2, x2, ne
    mov x4, v\n\().d[1]
    mvn x4, x4
    cmp x4, x3
    cinc x2, x2, ne
    .endr
    mrs x3, fpcr
    cmp x3, #0x400000
    cinc x2, x2, ne
    .irp n, 18, 29, 30
    cmp x\n, x0
    cinc x2, x2, ne
    .endr
    b 1b
    endguest state

/* Reports the word at x19 in x0, again and again. */
    guest read
1:  ldr w0, [x19]
    hvc #2
    b 1b
    endguest read

/* Never comes out by itself; counts in x0. */
    guest spin
1:  add x0, x0, #1
    b 1b
    endguest spin

    .section .note.GNU-stack, "", %progbits
