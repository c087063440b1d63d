/* SPDX-License-Identifier: Apache-2.0 */
/* FP and SIMD state of a vCPU. The only FP instructions of the hypervisor but for zlib's. */
#include "layout.h"

    .arch armv8-a
    .text

    .macro fp_registers operation
    \operation q0, q1, [x0, #(16 * 0)]
    \operation q2, q3, [x0, #(16 * 2)]
    \operation q4, q5, [x0, #(16 * 4)]
    \operation q6, q7, [x0, #(16 * 6)]
    \operation q8, q9, [x0, #(16 * 8)]
    \operation q10, q11, [x0, #(16 * 10)]
    \operation q12, q13, [x0, #(16 * 12)]
    \operation q14, q15, [x0, #(16 * 14)]
    \operation q16, q17, [x0, #(16 * 16)]
    \operation q18, q19, [x0, #(16 * 18)]
    \operation q20, q21, [x0, #(16 * 20)]
    \operation q22, q23, [x0, #(16 * 22)]
    \operation q24, q25, [x0, #(16 * 24)]
    \operation q26, q27, [x0, #(16 * 26)]
    \operation q28, q29, [x0, #(16 * 28)]
    \operation q30, q31, [x0, #(16 * 30)]
    .endm

/* void fp_save(struct arch_vcpu *vcpu) */
    .globl fp_save
    .type fp_save, %function
fp_save:
    add x0, x0, #VCPU_OFFSET_FP
    fp_registers stp
    mrs x1, fpcr
    mrs x2, fpsr
    str x1, [x0, #512]
    str x2, [x0, #520]
    ret
    .size fp_save, . - fp_save

/* void fp_load(const struct arch_vcpu *vcpu) */
    .globl fp_load
    .type fp_load, %function
fp_load:
    add x0, x0, #VCPU_OFFSET_FP
    fp_registers ldp
    ldr x1, [x0, #512]
    ldr x2, [x0, #520]
    msr fpcr, x1
    msr fpsr, x2
    ret
    .size fp_load, . - fp_load

    .section .note.GNU-stack, "", %progbits
