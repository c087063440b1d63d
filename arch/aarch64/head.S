/* SPDX-License-Identifier: Apache-2.0 */
/* From the boot loader to C, on the boot CPU and on those that PSCI starts.
 *
 * The MMU is off until turn_mmu_on(): data accesses are then Device-nGnRnE (aligned, uncached), so there is no C before it.
 * Entry as Linux' Documentation/arm64/booting.rst demands: x0 = physical address of the device tree, MMU and data cache off,
 * image cleaned to the point of coherency. More liberal in one thing: any multiple of 4 will do as a load address. */
#include "layout.h"
#include "macros.inc"

    .arch armv8-a

#define SCTLR_EL2_RES1 0x30c50830 /* the same bits at EL3 */
#define SCTLR_EL1_RES1 0x30d00980
#define SCTLR_M (1 << 0)
#define SCTLR_C (1 << 2)
#define SCTLR_SA (1 << 3)
#define SCTLR_I (1 << 12)
#define SCTLR_WXN (1 << 19)
#define SCTLR_ON (SCTLR_M | SCTLR_C | SCTLR_SA | SCTLR_I | SCTLR_WXN)

#define HCR_BOOT ((1 << 31) | (1 << 5) | (1 << 4) | (1 << 3)) /* RW, AMO, IMO, FMO; not E2H, not TGE */

/* T0SZ 16, tables write-back and inner shareable, 4 KiB granule; PS or IPS is filled in by turn_mmu_on. */
#define TCR_COMMON (16 | (1 << 8) | (1 << 10) | (3 << 12))
#define TCR_EL2_VALUE (TCR_COMMON | (1 << 31) | (1 << 23)) /* bits 31 and 23 are RES1, also at EL3 */
#define TCR_EL1_VALUE (TCR_COMMON | (1 << 23))             /* EPD1: no TTBR1 */

#define LEAF (PTE_PAGE | PTE_NORMAL | PTE_AP1 | PTE_INNER_SHAREABLE | PTE_ACCESSED)

    /* Data cache operation by address over [start, end). Destroys start. */
    .macro cache_range operation, start, end, line, scratch
    sub \scratch, \line, #1
    bic \start, \start, \scratch
9:  dc \operation, \start
    add \start, \start, \line
    cmp \start, \end
    b.lo 9b
    dsb sy
    .endm

    .section .head.text, "ax"

/* ---- arm64 Image header -------------------------------------------------------------------------------------------- */
    .globl _start
_start:
    b primary_entry
    .long 0
    .quad 0          /* text_offset */
    .globl header_image_size
header_image_size:
    .quad image_size /* BSS, stacks and tables included, of as many CPUs as there may be */
    .quad 0xa        /* little endian, 4 KiB pages, anywhere in memory */
    .quad 0, 0, 0
    .ascii "ARM\x64"
    .long 0

/* ---- boot CPU ------------------------------------------------------------------------------------------------------ */
/* x19: counter at entry, x20: device tree, x21: physical address of the image, x22: exception level */
function primary_entry
    msr daifset, #0xf
    msr spsel, #1
    mov x20, x0
    mrs x22, CurrentEL
    lsr x22, x22, #2
    adr x21, _start
    tst x21, #(PAGE_BYTES - 1)
    b.ne move_image
    mrs x19, cntpct_el0
    cmp x22, #2
    b.ne 1f
    bl prepare_el2
1:  bl build_tables
    adrp x0, cpu_areas + CPU_AREA_ROOT
    ldr x1, =primary_on
    cmp x22, #2
    b.eq turn_mmu_on
    b.hi turn_mmu_on_el3
    b turn_mmu_on_el1
endfunction primary_entry

/* EL2 into a known state before its MMU is on. A fault up to there ends in a spin with the syndrome in x0..x2, see vectors.S. */
function prepare_el2
    ldr x0, =HCR_BOOT
    msr hcr_el2, x0
    ldr x0, =SCTLR_EL2_RES1
    msr sctlr_el2, x0
    adr x0, vectors
    msr vbar_el2, x0
    isb
    ret
endfunction prepare_el2

/* ---- CPUs started by arch_cpu_start() ------------------------------------------------------------------------------ */
/* x0: logical number */
function secondary_entry
    msr daifset, #0xf
    msr spsel, #1
    mov x20, x0
    bl prepare_el2
    adrp x0, cpu_areas + CPU_AREA_ROOT
    mov x2, #CPU_AREA_BYTES
    madd x0, x20, x2, x0
    ldr x1, =secondary_on
    b turn_mmu_on
endfunction secondary_entry

/* Tables map pages, so the image must begin on a page. Where it does not (a uImage executed in place lies 64 bytes behind its
 * header) it moves itself up to the next page boundary that leaves this code alone while it copies: by less than 8 KiB.
 * The memory above the image, up to image_size from its new place, is its own by the header in any case. */
function move_image
    add x2, x21, #(move_end - _start)
    add x2, x2, #(PAGE_BYTES - 1)
    bic x2, x2, #(PAGE_BYTES - 1) /* new place */
    ldr w3, =file_size
    add x4, x21, x3 /* end of the source */
    add x5, x2, x3  /* end of the destination */
    cache_line_size x6, x7
    /* What a careless loader left dirty goes to memory first; nothing may be evicted on top of the copy. */
    mov x8, x21
    cache_range civac, x8, x5, x6, x9
    mov x10, x5
1:  ldr w11, [x4, #-4]! /* downwards: the ranges overlap */
    str w11, [x5, #-4]!
    cmp x5, x2
    b.hi 1b
    dsb sy
    mov x8, x2
    cache_range ivac, x8, x10, x6, x9
    ic iallu
    dsb nsh
    isb
    mov x0, x20
    br x2
endfunction move_image
move_end:

    .org _start + 0x200 /* vector of a synchronous exception from this level with SP_ELx: see turn_mmu_on */
    br x1

    /* Fills [first, last) of the image's level 3 table. x0: table, x21: image. Destroys x1..x4. */
    .macro map_image first, last, attributes
    adrp x1, \first
    adrp x2, \last
    ldr x3, =\attributes
    sub x4, x1, x21
    add x4, x0, x4, lsr #(L3_SHIFT - 3)
9:  orr x5, x1, x3
    str x5, [x4], #8
    add x1, x1, #PAGE_BYTES
    cmp x1, x2
    b.lo 9b
    .endm

    /* table[index of address in register] = next table. */
    .macro link_table table, address, shift, next, scratch
    ubfx \scratch, \address, #\shift, #9
    add \scratch, \table, \scratch, lsl #3
    orr x9, \next, #PTE_TABLE
    str x9, [\scratch]
    .endm

/* Tables of the boot CPU: the image with its final permissions, without the areas of other CPUs, and an empty table for the
 * windows. */
function build_tables
    adrp x10, boot_tables
    adrp x11, cpu_areas + CPU_AREA_CLEARED
    cache_line_size x6, x7
    mov x8, x10
    cache_range ivac, x8, x11, x6, x9
    mov x8, x10
1:  stp xzr, xzr, [x8], #64
    stp xzr, xzr, [x8, #-48]
    stp xzr, xzr, [x8, #-32]
    stp xzr, xzr, [x8, #-16]
    cmp x8, x11
    b.lo 1b

    adrp x0, image_l3
    map_image image_start, text_end, (LEAF | PTE_READ_ONLY)
    map_image text_end, rodata_end, (LEAF | PTE_READ_ONLY | PTE_XN)
    map_image rodata_end, (cpu_areas + CPU_AREA_BYTES), (LEAF | PTE_XN)

    /* Below each stack one page stays without translation. */
    adrp x1, cpu_areas
    sub x1, x1, x21
    add x1, x0, x1, lsr #(L3_SHIFT - 3)
    str xzr, [x1, #(CPU_AREA_GUARD1 / PAGE_BYTES * 8)]
    str xzr, [x1, #(CPU_AREA_GUARD2 / PAGE_BYTES * 8)]

    ldr x1, =IMAGE_VA
    adrp x2, cpu_areas + CPU_AREA_ROOT
    adrp x3, shared_l1
    adrp x4, shared_l2
    link_table x2, x1, L0_SHIFT, x3, x8
    link_table x3, x1, L1_SHIFT, x4, x8
    link_table x4, x1, L2_SHIFT, x0, x8

    ldr x1, =WINDOW_VA
    adrp x3, cpu_areas + CPU_AREA_GUARD1
    adrp x4, cpu_areas
    link_table x2, x1, L0_SHIFT, x3, x8
    link_table x3, x1, L1_SHIFT, x4, x8

    /* Lines that were fetched while memory changed behind them must not be hit once the caches are on. */
    dsb sy
    mov x8, x10
    cache_range ivac, x8, x11, x6, x9
    ret
endfunction build_tables

/* ---- the switch ---------------------------------------------------------------------------------------------------- */
/* Nothing is mapped to itself. The first fetch with the MMU on has no translation, and that exception is the way to the link
 * address: the vectors are for that moment the beginning of the image, where the one for it says where to go on. */
    /* x0: root table, x1: virtual address to go on at */
    .macro mmu_on level, tcr, ps_shift, sctlr, tlbi
    mov x2, #MAIR_VALUE
    msr mair_\level, x2
    ldr x2, =IMAGE_VA
    msr vbar_\level, x2
    ldr x2, =\tcr
    mrs x3, id_aa64mmfr0_el1
    and x3, x3, #0xf
    cmp x3, #5 /* 48 bits; more need another table format */
    mov x4, #5
    csel x3, x3, x4, lo
    orr x2, x2, x3, lsl #\ps_shift
    msr tcr_\level, x2
    msr ttbr0_\level, x0
    ldr x2, =\sctlr
    ic iallu
    tlbi \tlbi
    dsb nsh
    isb
    msr sctlr_\level, x2
    isb
    b . /* is not reached */
    .endm

function turn_mmu_on
    mmu_on el2, TCR_EL2_VALUE, 16, (SCTLR_EL2_RES1 | SCTLR_ON), alle2
endfunction turn_mmu_on

/* Only to say that this is the wrong level to enter at. */
function turn_mmu_on_el1
    mrs x2, id_aa64mmfr1_el1
    tst x2, #(0xf << 20)
    b.eq 1f
    .inst 0xd500409f /* msr pan, #0: pages of our tables count as EL0's too */
1:  mmu_on el1, TCR_EL1_VALUE, 32, (SCTLR_EL1_RES1 | SCTLR_ON), vmalle1
endfunction turn_mmu_on_el1

function turn_mmu_on_el3
    mmu_on el3, TCR_EL2_VALUE, 16, (SCTLR_EL2_RES1 | SCTLR_ON), alle3
endfunction turn_mmu_on_el3
    .ltorg

/* ---- MMU on, at the link address ----------------------------------------------------------------------------------- */
    .text

function primary_on
    adrp x0, cpu_areas + CPU_AREA_STACK_TOP
    mov sp, x0
    cmp x22, #2
    b.ne 1f
    msr tpidr_el2, xzr
    adrp x0, vectors
    add x0, x0, :lo12:vectors
    msr vbar_el2, x0
    isb
1:  adrp x0, bss_start
    add x0, x0, :lo12:bss_start
    adrp x2, bss_end
    add x2, x2, :lo12:bss_end
    sub x2, x2, x0
    mov w1, #0
    bl memset

    /* The stack protector's guard: from the CPU's own source where it has one, else from the counter, spread out. */
    mrs x1, id_aa64isar0_el1
    lsr x1, x1, #60
    cbz x1, 2f
    mrs x0, s3_3_c2_c4_0 /* RNDR */
    b.ne 3f
2:  ldr x1, =0x9e3779b97f4a7c15
    mrs x0, cntpct_el0
    eor x0, x0, x20, ror #17
    mul x0, x0, x1
    eor x0, x0, x0, lsr #29
    mul x0, x0, x1
3:  and x0, x0, #~0xff /* a zero byte stops overruns by string functions */
    adrp x1, __stack_chk_guard
    str x0, [x1, :lo12:__stack_chk_guard]

    mov x0, x20
    mov x1, x21
    mov x2, x19
    mov x3, x22
    mov x29, xzr
    bl boot_main
    bl arch_cpu_halt
endfunction primary_on

function secondary_on
    adrp x0, cpu_areas + CPU_AREA_STACK_TOP
    mov x2, #CPU_AREA_BYTES
    madd x0, x20, x2, x0
    mov sp, x0
    msr tpidr_el2, x20
    adrp x0, vectors
    add x0, x0, :lo12:vectors
    msr vbar_el2, x0
    isb
    mov x0, x20
    mov x29, xzr
    bl boot_secondary
    bl arch_cpu_halt
endfunction secondary_on

    .section .bss
    .balign 8
    .globl __stack_chk_guard
    .type __stack_chk_guard, %object
    .size __stack_chk_guard, 8
__stack_chk_guard:
    .space 8

/* ---- tables, not part of the file; the boot CPU's area follows ----------------------------------------------------- */
    .section .noinit_tables, "aw", %nobits
    .balign PAGE_BYTES
    .macro table name
    .globl \name
\name:
    .space PAGE_BYTES
    .endm

boot_tables: /* cleared above */
    table shared_l1
    table shared_l2
    table image_l3

    .section .note.GNU-stack, "", %progbits
