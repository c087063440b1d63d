/* SPDX-License-Identifier: Apache-2.0 */
/* Where things lie: the hypervisor's virtual address space, and offsets that assembly shares with C. Included by both.
 */
#ifndef BULKHEAD_AARCH64_LAYOUT_H
#define BULKHEAD_AARCH64_LAYOUT_H

#include "arch/vcpu_registers.h"

#ifdef __ASSEMBLER__
#define U64(value) value
#else
#define U64(value) value##ULL
#endif

/* Virtual addresses of EL2: 48 bits, 4 KiB granule, root at level 0. Each CPU has a root of its own.
 *
 *   0xff80_0000_0000  image: one level 3 table, so it lies anywhere on a 4 KiB boundary      shared by all CPUs
 *   0xff80_0020_0000  arch_map() and arch_mmio_map(), handed out upwards                     shared by all CPUs
 *   0xff00_0000_0000  windows on guest RAM, slots 4 MiB apart                                of one CPU only */
#define IMAGE_VA U64(0xff8000000000)
#define MAP_VA U64(0xff8000200000)
#define MAP_VA_SIZE U64(0x3fe00000) /* to the end of what the level 2 table of the image translates */
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

/* What a CPU has for itself, struct cpu_area in mmu.c: its stacks and its tables. The areas are the end of the image,
 * so those of CPUs that are not there are no part of it. Below each stack lies a table that is not written any more
 * once the CPU runs: it is not mapped, and guards the stack. */
#define CPU_AREA_BYTES (9 * PAGE_BYTES)
#define CPU_AREA_GUARD1 (1 * PAGE_BYTES) /* table of the windows, level 1 */
#define CPU_AREA_GUARD2 (3 * PAGE_BYTES) /* root */
#define CPU_AREA_EMERGENCY_TOP CPU_AREA_GUARD2
#define CPU_AREA_ROOT CPU_AREA_GUARD2
#define CPU_AREA_STACK_TOP (7 * PAGE_BYTES)
#define CPU_AREA_CLEARED (4 * PAGE_BYTES) /* by head.S: what an MMU that is just turned on may walk */

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
#define VCPU_OFFSET_FP 272
#define VCPU_OFFSET_FPCR (VCPU_OFFSET_FP + 512)
#define VCPU_OFFSET_SYSREGS (VCPU_OFFSET_FPCR + 16)
#define VCPU_ONE_SYSREG(...) +8
#define VCPU_OFFSET_VIRTUAL_LINES (VCPU_OFFSET_SYSREGS VCPU_REGISTERS(VCPU_ONE_SYSREG) + 32)
#define VCPU_OFFSET_TRAP_WFI (VCPU_OFFSET_VIRTUAL_LINES + 8)
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
