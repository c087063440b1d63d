/* SPDX-License-Identifier: Apache-2.0 */
/* arm64 Image header, then the entry of arch/hostsim/kvm/kvm_abi.h. */
#include "hostsim/kvm/kvm_abi.h"

    .section .head, "ax"
    .globl image_start
image_start:
    .quad   0                           /* code0, code1: never executed */
    .quad   0                           /* text_offset */
    .quad   image_end - . + 16          /* BSS and stack included */
    .quad   0xa                         /* little endian, 4 KiB pages, anywhere in memory */
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0

    .if . - image_start - KVM_ABI_ENTRY
    .error "the entry is not where the accelerator enters"
    .endif
entry:
    leaq    stack_top(%rip), %rsp
    leaq    image_start(%rip), %rbx

    /* R_X86_64_RELATIVE is the only kind a static position independent link leaves: offset, type, addend. */
    leaq    rela_start(%rip), %rcx
    leaq    rela_end(%rip), %rdx
1:  cmpq    %rdx, %rcx
    jae     2f
    movq    (%rcx), %rax
    movq    16(%rcx), %rsi
    addq    %rbx, %rsi
    movq    %rsi, (%rbx, %rax)
    addq    $24, %rcx
    jmp     1b

2:  leaq    bss_start(%rip), %rcx
    leaq    bss_end(%rip), %rdx
3:  cmpq    %rdx, %rcx
    jae     4f
    movq    $0, (%rcx)
    addq    $8, %rcx
    jmp     3b

4:  xorl    %esi, %esi                  /* no stop-watch; rdi is the device tree still */
    xorl    %ebp, %ebp
    call    native_start
5:  hlt
    jmp     5b

    .section .note.GNU-stack, "", @progbits
