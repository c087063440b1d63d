/* What an arm64 payload may do to the accelerator that no program of tests/guest does: probe_x86_64.S's counterpart.
 * Registers that the exception handler sets: x20 = ESR_EL1, x21 = FAR_EL1, x22 = exceptions so far. */
#define UART 0x22000000
#define UART_FR 0x18
#define NOWHERE 0x10000000
#define UNTOUCHED 0x43000000 /* RAM, mapped when it is first used */
#define BLOCK 0x200000
#define SYSTEM_OFF 0x84000008
#define LOAD_ABORTED 0x96000010  /* EC 0x25, IL, synchronous external abort */
#define STORE_ABORTED 0x96000050 /* and WnR */

    .macro load register, value
    movz    \register, #(\value & 0xffff)
    movk    \register, #(\value >> 16), lsl #16
    .endm

    .macro expect register, value
    load    x9, \value
    cmp     \register, x9
    b.ne    wrong
    .endm

    .globl image_start
image_start:
    b       entry
    .long   0
    .quad   0, image_end - image_start + 0x2000, 0xa, 0, 0, 0
    .ascii  "ARM\x64"
    .long   0

entry:
    adr     x1, vectors
    msr     vbar_el1, x1
    isb
    mov     x22, #0
    adr     x1, begins
    bl      print

#ifdef PROBE_MEMORY
    /* The first access of a block each: with syndrome, and without, which is executed again. */
    load    x10, UNTOUCHED
    ldr     x11, [x10]
    cbnz    x11, wrong
    add     x10, x10, #BLOCK
    str     x10, [x10]
    ldr     x11, [x10]
    cmp     x11, x10
    b.ne    wrong
    add     x10, x10, #BLOCK
    mov     x11, #1
    ldp     x11, x12, [x10]
    orr     x11, x11, x12
    cbnz    x11, wrong
    add     x10, x10, #BLOCK
    stp     x10, x22, [x10, #8]
    ldr     x11, [x10, #8]
    cmp     x11, x10
    b.ne    wrong
    add     x10, x10, #BLOCK
    mov     x12, x10
    mov     w11, #-1
    str     w11, [x12, #4]! /* once: the address must not move twice, nor the neighbour change */
    sub     x12, x12, #4
    cmp     x12, x10
    b.ne    wrong
    ldr     x11, [x10]
    mov     x12, #0xffffffff00000000
    cmp     x11, x12
    b.ne    wrong
    add     x10, x10, #BLOCK
    dc      zva, x10
    ldr     x11, [x10]
    cbnz    x11, wrong
    cbnz    x22, wrong
#endif
#ifdef PROBE_ABORTS
    load    x10, NOWHERE
    mov     x11, #0x55
    mov     x12, #0x66
    ldr     x11, [x10]
    expect  x20, LOAD_ABORTED
    expect  x21, NOWHERE
    strh    w11, [x10, #6]
    expect  x20, STORE_ABORTED
    expect  x21, (NOWHERE + 6)
    ldp     x11, x12, [x10]
    expect  x20, LOAD_ABORTED
    stp     x11, x12, [x10]
    expect  x20, STORE_ABORTED
    ldr     x11, [x10], #8
    expect  x20, LOAD_ABORTED
    expect  x10, NOWHERE /* nothing of an aborted instruction is done */
    expect  x11, 0x55
    expect  x12, 0x66
    ldxr    w11, [x10]
    expect  x20, LOAD_ABORTED
    expect  x22, 6
#endif

    adr     x1, ends
    bl      print
    load    x0, SYSTEM_OFF
    hvc     #0
wrong:
    adr     x1, fails
    bl      print
1:  wfi
    b       1b

/* x1: text */
print:
    load    x2, UART
2:  ldrb    w3, [x1], #1
    cbz     w3, 4f
3:  ldr     w4, [x2, #UART_FR]
    tbnz    w4, #5, 3b
    str     w3, [x2]
    b       2b
4:  ret

begins: .asciz "probe: begins\r\n"
ends:   .asciz "probe: done\r\n"
fails:  .asciz "probe: FAILED\r\n"

    .balign 0x800
vectors:
    .space  0x200
    mrs     x20, esr_el1
    mrs     x21, far_el1
    add     x22, x22, #1
    mrs     x23, elr_el1
    add     x23, x23, #4
    msr     elr_el1, x23
    eret
    .balign 0x800
    .balign 4096
image_end:
    .section .note.GNU-stack, "", @progbits
