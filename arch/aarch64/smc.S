/* The secure monitor call. SMCCC: x0..x17 may change, x18..x30 stay. */
    .arch armv8-a
    .text

/* uint64_t smc_call(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
 * fault.c knows the label: where there is neither EL3 nor anything that stands in for it, the instruction is undefined. */
    .globl smc_call
    .type smc_call, %function
    .globl smc_instruction
smc_call:
smc_instruction:
    smc #0
    ret
    .size smc_call, . - smc_call

    .section .note.GNU-stack, "", %progbits
