/* SPDX-License-Identifier: Apache-2.0 */
/* The secure monitor call (SMCCC: x0..x17 may change, x18..x30 stay), and the one place where an SError is let in. */
    .arch armv8-a
    .text

/* uint64_t arch_smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
 *
 * Where there is neither EL3 nor anything that stands in for it the instruction is undefined; fault.c knows its label and answers
 * for it. The fault path uses three registers that may hold a guest's values, hence they are kept here. */
    .globl arch_smc
    .type arch_smc, %function
    .globl smc_instruction
arch_smc:
    stp x29, x30, [sp, #-48]!
    mrs x4, sp_el0
    mrs x5, tpidr_el0
    mrs x6, tpidrro_el0
    stp x4, x5, [sp, #16]
    str x6, [sp, #32]
smc_instruction:
    smc #0
    ldp x4, x5, [sp, #16]
    ldr x6, [sp, #32]
    msr sp_el0, x4
    msr tpidr_el0, x5
    msr tpidrro_el0, x6
    ldp x29, x30, [sp], #48
    ret
    .size arch_smc, . - arch_smc

/* void serror_window(void): takes an SError that waits. No register that fault_entry uses holds a guest's value by then. */
    .globl serror_window
    .type serror_window, %function
serror_window:
    msr daifclr, #4
    isb
    .globl serror_window_end
serror_window_end:
    msr daifset, #4
    ret
    .size serror_window, . - serror_window

    .section .note.GNU-stack, "", %progbits
