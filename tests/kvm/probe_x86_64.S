/* SPDX-License-Identifier: Apache-2.0 */
/* What a payload may do to the accelerator that no program of tests/guest does, in as few instructions as it takes.
 * One source, a file for each PROBE_..., in terms of hostsim/kvm/kvm_abi.h. Prints by the domain's UART, "probe: done" last. */
#include "hostsim/kvm/kvm_abi.h"

#define UART 0x22000000
#define UART_FR 0x18
#define UART_FR_TXFF 0x20
#define NOWHERE 0x10000000
#define UNTOUCHED 0x43000000 /* RAM, mapped when it is first used */
#define SYSTEM_OFF 0x84000008
#define SYSTEM_RESET 0x84000009
#define CNTPCT_EL0 KVM_ABI_SYSREG(3, 3, 14, 0, 1)
#define CNTFRQ_EL0 KVM_ABI_SYSREG(3, 3, 14, 0, 0)

    .globl image_start
image_start:
    .quad 0, 0, image_end - image_start + 0x2000, 0xa, 0, 0, 0
    .ascii "ARM\x64"
    .long 0
    lea image_end + 0x1000(%rip), %rsp
    lea begins(%rip), %rsi
    call print

#ifdef PROBE_MEMORY
    /* Reads and writes of memory that is not mapped yet, each the first access of its block; then directly. */
    mov $UNTOUCHED, %ebx
    cmpq $0, (%rbx)
    jne wrong
    mov %rbx, 0x200000(%rbx)
    cmp %rbx, 0x200000(%rbx)
    jne wrong
    lock incl 0x400004(%rbx)
    cmpl $1, 0x400004(%rbx)
    jne wrong
    movb $0xcb, 0x600ffe(%rbx) /* a return: code may lie there too */
    movb $0xc3, 0x600fff(%rbx)
    lea 0x600fff(%rbx), %rax
    call *%rax
    lea 0x800001(%rbx), %rdi /* a string operation through pages */
    mov $0x1800, %ecx
    mov $0x5a, %eax
    rep stosb
    cmpb $0x5a, 0x801800(%rbx)
    jne wrong
    call took_exception
    jnz wrong
#endif
#ifdef PROBE_ABORTS
    mov $NOWHERE, %ebx
    mov $0x55, %eax
    mov (%rbx), %eax
    test %eax, %eax /* a load that aborts gives zero */
    jnz wrong
    call took_exception
    jz wrong
    cmp %rbx, %rsi /* FAR_EL1 */
    jne wrong
    call took_exception
    jnz wrong
    movb $1, 3(%rbx)
    call took_exception
    jz wrong
    mov %eax, 2(%rbx) /* not aligned */
    call took_exception
    jz wrong
    call *%rbx /* comes back */
    call took_exception
    jz wrong
    mov $1, %eax /* an immediate that belongs to nobody */
    mov $KVM_ABI_PORT_HVC, %edx
    out %eax, %dx
    call took_exception
    jz wrong
    mov $0x80, %edx /* a port that belongs to nobody */
    out %al, %dx
    in %dx, %eax
#endif
#ifdef PROBE_SPIN
1:  jmp 1b
#endif
#ifdef PROBE_SHUTDOWN
    ud2
#endif
#ifdef PROBE_RESET
    /* Starts again until 30 ms are over; memory must be as new each time. */
    mov $UNTOUCHED, %ebx
    cmpq $0, (%rbx)
    jne wrong
    mov %rbx, (%rbx)
    mov $CNTFRQ_EL0, %edi
    call mrs
    imul $30, %rsi, %rbp
    mov $CNTPCT_EL0, %edi
    call mrs
    imul $1000, %rsi, %rsi
    cmp %rbp, %rsi
    ja done
    mov $SYSTEM_RESET, %edi
    jmp firmware
#endif

done:
    lea ends(%rip), %rsi
    call print
    mov $SYSTEM_OFF, %edi
firmware:
    xor %eax, %eax
    mov $KVM_ABI_PORT_HVC, %edx
    out %eax, %dx
wrong:
    lea fails(%rip), %rsi
    call print
2:  hlt
    jmp 2b

/* rsi: text */
print:
    mov $UART, %edx
3:  movzbl (%rsi), %eax
    test %al, %al
    jz 5f
4:  mov UART_FR(%rdx), %ecx
    test $UART_FR_TXFF, %ecx
    jnz 4b
    mov %eax, (%rdx)
    inc %rsi
    jmp 3b
5:  ret

/* Zero flag clear: one was taken; rsi = FAR_EL1 */
took_exception:
    mov $KVM_ABI_PORT_EXCEPTION, %edx
    out %eax, %dx
    test %eax, %eax
    ret

/* edi: register; rsi = value */
mrs:
    mov $KVM_ABI_PORT_MRS, %edx
    out %eax, %dx
    ret

begins: .asciz "probe: begins\r\n"
ends:   .asciz "probe: done\r\n"
fails:  .asciz "probe: FAILED\r\n"
    .balign 4096
image_end:
    .section .note.GNU-stack, "", @progbits
