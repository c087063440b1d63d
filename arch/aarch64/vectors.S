/* SPDX-License-Identifier: Apache-2.0 */
/* Exception vectors of EL2, and the way into a guest and back.
 *
 * While a guest runs, SP_EL2 points to the frame that arch_vcpu_run() left, which holds the vCPU and where to put the exit:
 * an exception from below therefore finds both without a per-CPU variable. */
#include "layout.h"

    .arch armv8-a

#define FRAME_BYTES 112
#define FRAME_VCPU 96
#define FRAME_EXIT 104

    .macro vector
    .balign 128
    .endm

    .macro fatal kind
    vector
    msr sp_el0, x0 /* a guest's, but nothing below goes on after this */
    mov x0, #\kind
    b fault_entry
    .endm

    .macro guest_exit target
    vector
    stp x0, x1, [sp, #-16]!
    ldr x0, [sp, #(16 + FRAME_VCPU)]
    b \target
    .endm

    .text
    .balign 2048
    .globl vectors
vectors:
    /* from EL2 with SP_EL0, which is never used */
    fatal 0
    fatal 1
    fatal 2
    fatal 3
    /* from EL2 */
    fatal 4
    fatal 5
    fatal 6
    fatal 7
    /* from a guest, AArch64 */
    guest_exit exit_sync
    guest_exit exit_irq
    guest_exit exit_irq
    guest_exit exit_serror
    /* from a guest's AArch32 EL0 */
    guest_exit exit_sync
    guest_exit exit_irq
    guest_exit exit_irq
    guest_exit exit_serror
    .balign 128

    /* Saves the guest, with its x0 and x1 on the stack and the vCPU in x0; then x1 = the exit. */
    .macro save_guest
    stp x2, x3, [x0, #16]
    stp x4, x5, [x0, #32]
    stp x6, x7, [x0, #48]
    ldp x2, x3, [sp], #16
    stp x8, x9, [x0, #64]
    stp x10, x11, [x0, #80]
    stp x12, x13, [x0, #96]
    stp x14, x15, [x0, #112]
    stp x16, x17, [x0, #128]
    stp x18, x19, [x0, #144]
    stp x20, x21, [x0, #160]
    stp x22, x23, [x0, #176]
    stp x24, x25, [x0, #192]
    stp x26, x27, [x0, #208]
    stp x28, x29, [x0, #224]
    mrs x4, elr_el2
    mrs x5, spsr_el2
    stp x2, x3, [x0, #VCPU_OFFSET_X]
    stp x30, x4, [x0, #VCPU_OFFSET_X30]
    str x5, [x0, #VCPU_OFFSET_PSTATE]
    ldr x1, [sp, #FRAME_EXIT]
    .endm

    .macro return_to_caller
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp x29, x30, [sp], #FRAME_BYTES
    ret
    .endm

exit_sync:
    save_guest
    mrs x2, esr_el2
    mrs x3, far_el2
    mrs x4, hpfar_el2
    str wzr, [x1, #EXIT_OFFSET_REASON]
    stp x2, x3, [x1, #EXIT_OFFSET_ESR]
    str x4, [x1, #EXIT_OFFSET_HPFAR]
    return_to_caller

exit_irq:
    save_guest
    mov w2, #EXIT_REASON_IRQ
    str w2, [x1, #EXIT_OFFSET_REASON]
    return_to_caller

exit_serror:
    save_guest
    mrs x3, esr_el2
    mov w2, #EXIT_REASON_SERROR
    str w2, [x1, #EXIT_OFFSET_REASON]
    str x3, [x1, #EXIT_OFFSET_ESR]
    return_to_caller

/* void arch_vcpu_run(struct arch_vcpu *vcpu, struct arch_exit *exit) */
    .globl arch_vcpu_run
    .type arch_vcpu_run, %function
arch_vcpu_run:
    stp x29, x30, [sp, #-FRAME_BYTES]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    stp x0, x1, [sp, #FRAME_VCPU]
    adrp x2, vcpu_hcr
    ldr x2, [x2, :lo12:vcpu_hcr]
    ldrb w3, [x0, #VCPU_OFFSET_TRAP_WFI]
    ldr x4, [x0, #VCPU_OFFSET_VIRTUAL_LINES]
    orr x2, x2, x4
    orr x2, x2, x3, lsl #13 /* HCR_EL2.TWI */
    msr hcr_el2, x2
    ldp x3, x4, [x0, #VCPU_OFFSET_PC]
    tbnz x4, #3, 1f /* PSTATE.M of EL2 and EL3 */
    msr elr_el2, x3
    msr spsr_el2, x4
    ldp x2, x3, [x0, #16]
    ldp x4, x5, [x0, #32]
    ldp x6, x7, [x0, #48]
    ldp x8, x9, [x0, #64]
    ldp x10, x11, [x0, #80]
    ldp x12, x13, [x0, #96]
    ldp x14, x15, [x0, #112]
    ldp x16, x17, [x0, #128]
    ldp x18, x19, [x0, #144]
    ldp x20, x21, [x0, #160]
    ldp x22, x23, [x0, #176]
    ldp x24, x25, [x0, #192]
    ldp x26, x27, [x0, #208]
    ldp x28, x29, [x0, #224]
    ldr x30, [x0, #VCPU_OFFSET_X30]
    ldp x0, x1, [x0, #VCPU_OFFSET_X]
    eret
    dsb nsh /* nothing beyond is to be speculated into */
    isb
1:  mov x0, x4
    bl vcpu_bad_pstate
    .size arch_vcpu_run, . - arch_vcpu_run

/* x0: kind, its old value in SP_EL0. Changes to the emergency stack, since the fault may be that this one has overflown. */
fault_entry:
    msr tpidrro_el0, x1
    mrs x1, sctlr_el2
    tbz x1, #0, mmu_off_spin
    mov x1, sp
    msr tpidr_el0, x1
    .if CPU_AREA_BYTES != 9 << 12
    .error "the area of a CPU is found by a shift here, for want of registers"
    .endif
    mrs x1, tpidr_el2
    add x1, x1, x1, lsl #3
    lsl x1, x1, #12
    mov sp, x1
    adrp x1, cpu_areas + CPU_AREA_EMERGENCY_TOP
    add sp, sp, x1
    sub sp, sp, #FAULT_FRAME_BYTES
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x19, [sp, #144]
    stp x20, x21, [sp, #160]
    stp x22, x23, [sp, #176]
    stp x24, x25, [sp, #192]
    stp x26, x27, [sp, #208]
    stp x28, x29, [sp, #224]
    mrs x2, tpidr_el0
    stp x30, x2, [sp, #240]
    mov x1, x0
    mrs x2, sp_el0
    mrs x3, tpidrro_el0
    stp x2, x3, [sp]
    mrs x2, elr_el2
    mrs x3, spsr_el2
    stp x2, x3, [sp, #FAULT_OFFSET_ELR]
    mrs x2, esr_el2
    mrs x3, far_el2
    stp x2, x3, [sp, #FAULT_OFFSET_ESR]
    mov x0, sp
    bl fault_handle
    /* Only where the fault was expected: go on as the frame now says. */
    ldp x2, x3, [sp, #FAULT_OFFSET_ELR]
    msr elr_el2, x2
    msr spsr_el2, x3
    ldp x30, x2, [sp, #240]
    msr sp_el0, x2
    ldp x2, x3, [sp, #16]
    ldp x4, x5, [sp, #32]
    ldp x6, x7, [sp, #48]
    ldp x8, x9, [sp, #64]
    ldp x10, x11, [sp, #80]
    ldp x12, x13, [sp, #96]
    ldp x14, x15, [sp, #112]
    ldp x16, x17, [sp, #128]
    ldp x0, x1, [sp], #FAULT_FRAME_BYTES
    msr tpidrro_el0, x1
    mrs x1, sp_el0
    mov sp, x1
    mrs x1, tpidrro_el0
    eret
    dsb nsh
    isb

/* Before there are tables there is no console: the syndrome stays in registers, for a debugger. */
mmu_off_spin:
    mrs x0, esr_el2
    mrs x1, elr_el2
    mrs x2, far_el2
1:  wfe
    b 1b

    .section .note.GNU-stack, "", %progbits
