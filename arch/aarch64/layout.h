/* SPDX-License-Identifier: Apache-2.0 */
/* Where things lie: the hypervisor's virtual address space, and offsets that assembly shares with C. Included by both.
 */
#ifndef BULKHEAD_AARCH64_LAYOUT_H
#define BULKHEAD_AARCH64_LAYOUT_H

#ifdef __ASSEMBLER__
#define U64(value) value
#else
#define U64(value) value##ULL
#endif

/* Virtual addresses of EL2: 48 bits, 4 KiB granule, root at level 0. Each CPU has a root of its own.
 *
 *   0xff80_0000_0000  image: one level 3 table, so it lies anywhere on a 4 KiB boundary      shared by all CPUs
 *   0xff80_4000_0000  arch_map() and arch_mmio_map(), handed out upwards                     shared by all CPUs
 *   0xff00_0000_0000  windows on guest RAM, slots 4 MiB apart                                of one CPU only
 *   physical address  one page of identity mapping, while a CPU turns its MMU on             of one CPU only */
#define IMAGE_VA U64(0xff8000000000)
#define MAP_VA U64(0xff8040000000)
#define MAP_VA_SIZE U64(0x40000000)
#define WINDOW_VA U64(0xff0000000000)
#define WINDOW_STRIDE 0x400000

#define IMAGE_MAX_SIZE 0x200000 /* what one level 3 table maps */
#define L0_INDEX_SHARED 511
#define L0_INDEX_WINDOWS 510
#define L0_SHIFT 39
#define L1_SHIFT 30
#define L2_SHIFT 21
#define L3_SHIFT 12

#define PAGE_BYTES 4096
#define MAX_CPUS 16 /* HV_MAX_CPUS; mmu.c asserts it */

/* A CPU's stack grows down to a page that is not mapped. */
#define STACK_GUARD_BYTES PAGE_BYTES
#define STACK_BYTES 16384
#define STACK_STRIDE (STACK_GUARD_BYTES + STACK_BYTES)
#define EMERGENCY_STACK_SHIFT 12 /* 4 KiB a CPU: where exceptions of EL2 itself are reported from */

/* A CPU's own tables, struct cpu_tables in mmu.c: root, windows' level 1, level 2, level 3 for each of two slots. */
#define CPU_TABLES_BYTES (5 * PAGE_BYTES)

/* Descriptors of stage 1 (Arm ARM D8.3). AP[1] is RES1 where a translation regime has one privilege level. */
#define PTE_TABLE U64(0x3)
#define PTE_PAGE U64(0x3)
#define PTE_BLOCK U64(0x1)
#define PTE_DEVICE (U64(0) << 2) /* index into MAIR */
#define PTE_NORMAL (U64(1) << 2)
#define PTE_AP1 (U64(1) << 6)
#define PTE_READ_ONLY (U64(1) << 7)
#define PTE_INNER_SHAREABLE (U64(3) << 8)
#define PTE_ACCESSED (U64(1) << 10)
#define PTE_XN (U64(1) << 54)

/* Attribute 0: Device-nGnRE. 1: normal, write-back, read and write allocate. */
#define MAIR_VALUE 0xff04

/* Offsets in struct arch_vcpu and struct arch_exit; vcpu.c asserts them. */
#define VCPU_OFFSET_X 0
#define VCPU_OFFSET_X30 240
#define VCPU_OFFSET_PC 248
#define VCPU_OFFSET_PSTATE 256
#define VCPU_OFFSET_FP 480
#define VCPU_OFFSET_FPCR (VCPU_OFFSET_FP + 512)
#define VCPU_OFFSET_VIRTUAL_LINES 1040
#define VCPU_OFFSET_TRAP_WFI 1048
#define EXIT_OFFSET_REASON 0
#define EXIT_OFFSET_ESR 8
#define EXIT_OFFSET_HPFAR 24
#define EXIT_REASON_SYNC 0
#define EXIT_REASON_IRQ 1
#define EXIT_REASON_SERROR 2

/* struct fault_frame in fault.c. */
#define FAULT_OFFSET_SP 248
#define FAULT_OFFSET_ELR 256
#define FAULT_OFFSET_SPSR 264
#define FAULT_OFFSET_ESR 272
#define FAULT_OFFSET_FAR 280
#define FAULT_FRAME_BYTES 288

#endif
