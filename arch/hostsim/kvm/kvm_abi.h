/* SPDX-License-Identifier: Apache-2.0 */
/* How a payload that runs natively in a KVM vCPU of an x86-64 host meets the hypervisor. Shared by the payloads
 * (tests/guest/support/x86_64, C and assembler) and the accelerator. On arm64 hosts nothing of this is needed: the A64
 * payload runs as it is.
 *
 * Image    As every kernel module: the 64-byte arm64 Image header first, so that core loads it unchanged. The bytes at
 *          offset 0 (code0, code1) are no code but 0, by which a payload is told from an arm64 kernel. The payload is
 *          position independent and relocates itself.
 * Entry    At image base + KVM_ABI_ENTRY in 64-bit mode at CPL 0, interrupts off and never delivered; direction flag
 *          clear; SSE is not used. rdi = what x0 holds at the start of an arm64 kernel: IPA of the device tree. All
 *          other registers are undefined; the payload sets rsp to a stack in its own BSS before it uses one.
 * Memory   Virtual = guest physical = IPA, by page tables of the accelerator outside of every IPA of the guest, for at
 *          least the first KVM_ABI_MAPPED bytes, writable and executable. RAM is the memory slots; a load or store
 *          anywhere else is MMIO of 1, 2, 4 or 8 bytes.
 * Calls    `out %eax, %dx` with a KVM_ABI_PORT_*: dx = port, 4 bytes wide. Only the registers named below are read or
 *          written, all others keep their values.
 *            HVC, SMC    eax = immediate, x0..x3 = rdi, rsi, r8, r9, before and after (dx is taken by the port).
 *            MRS, MSR    rdi = register, packed as KVM_ABI_SYSREG(), rsi = value.
 *            EXCEPTION   asks whether the guest took an exception since it last asked: after, rax = 1 or 0; if 1, rdi
 *                        = ESR_EL1 and rsi = FAR_EL1 of the latest.
 * WFI      `hlt`: goes on at an event that would end a WFI, at once where none can come.
 * Wrongs   An instruction that took an exception (external abort, undefined) is skipped, and a load or MRS gives 0. */
#ifndef BULKHEAD_HOSTSIM_KVM_ABI_H
#define BULKHEAD_HOSTSIM_KVM_ABI_H

#define KVM_ABI_ENTRY 64
#define KVM_ABI_MAPPED 0x8000000000 /* 512 GiB */

#define KVM_ABI_PORT_HVC 0x510
#define KVM_ABI_PORT_SMC 0x511
#define KVM_ABI_PORT_MRS 0x512
#define KVM_ABI_PORT_MSR 0x513
#define KVM_ABI_PORT_EXCEPTION 0x514

/* As in an MRS or MSR instruction; the packing that core's exits use. */
#define KVM_ABI_SYSREG(op0, op1, crn, crm, op2) ((op0) << 16 | (op1) << 12 | (crn) << 8 | (crm) << 4 | (op2))

#endif
