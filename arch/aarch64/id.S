/* SPDX-License-Identifier: Apache-2.0 */
/* ID registers as this CPU has them. */
    .arch armv8-a
    .text

/* uint64_t arch_id_register(uint32_t encoding): op0 3, op1 0, CRn 0, CRm 0..7; anything else reads as zero. */
    .globl arch_id_register
    .type arch_id_register, %function
arch_id_register:
    lsr w1, w0, #8
    cmp w1, #(3 << 8) /* op0, op1, CRn */
    b.ne 1f
    and w1, w0, #0xf /* op2 */
    ubfx w2, w0, #4, #4 /* CRm */
    orr w3, w1, w2
    cmp w3, #7
    b.hi 1f
    add w1, w1, w2, lsl #3
    adr x2, id_table
    add x2, x2, x1, lsl #3
    br x2
1:  mov x0, xzr
    ret
    .size arch_id_register, . - arch_id_register

    /* One entry is 8 bytes. CRm 0 holds MIDR, MPIDR and REVIDR; its other encodings are not ID registers. */
    .macro entry crm, op2
    mrs x0, s3_0_c0_c\crm\()_\op2
    ret
    .endm

    .macro no_register
    mov x0, xzr
    ret
    .endm

id_table:
    entry 0, 0
    .rept 4
    no_register
    .endr
    entry 0, 5
    entry 0, 6
    no_register
    .irp crm, 1, 2, 3, 4, 5, 6, 7
    entry \crm, 0
    entry \crm, 1
    entry \crm, 2
    entry \crm, 3
    entry \crm, 4
    entry \crm, 5
    entry \crm, 6
    entry \crm, 7
    .endr

    .section .note.GNU-stack, "", %progbits
