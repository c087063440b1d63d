/* SPDX-License-Identifier: Apache-2.0 */
/* The contract, GICv3: the system registers of the CPU interface and of its hypervisor side (IHI 0069 12.2, 12.4).
 * GICv2's are in memory and go through arch/mmio.h. */
#ifndef BULKHEAD_ARCH_GIC_H
#define BULKHEAD_ARCH_GIC_H

#include "lib/types.h"

/** Registers that core asks for. A row of consecutive numbers is a row of registers: ARCH_ICH_LR0_EL2 + 3 is
 * ICH_LR3_EL2. */
enum arch_gic_register {
    ARCH_ICC_SRE_EL2,
    ARCH_ICC_SRE_EL1,
    ARCH_ICC_CTLR_EL1,
    ARCH_ICC_PMR_EL1,
    ARCH_ICC_BPR1_EL1,
    ARCH_ICC_IGRPEN1_EL1,
    ARCH_ICC_IAR1_EL1,  /* read only; reading acknowledges */
    ARCH_ICC_EOIR1_EL1, /* write only */
    ARCH_ICC_DIR_EL1,   /* write only */
    ARCH_ICC_SGI1R_EL1, /* write only; everything written before is visible to the CPUs that take the SGI */
    ARCH_ICC_AP1R0_EL1, /* a row of four: active priorities of group 1; as many as ICC_CTLR_EL1.PRIbits says */
    ARCH_ICH_HCR_EL2 = ARCH_ICC_AP1R0_EL1 + 4,
    ARCH_ICH_VTR_EL2,   /* read only */
    ARCH_ICH_MISR_EL2,  /* read only */
    ARCH_ICH_ELRSR_EL2, /* read only */
    ARCH_ICH_VMCR_EL2,
    ARCH_ICH_AP0R0_EL2,
    ARCH_ICH_AP1R0_EL2 = ARCH_ICH_AP0R0_EL2 + 4,
    ARCH_ICH_LR0_EL2 = ARCH_ICH_AP1R0_EL2 + 4,
    ARCH_GIC_REGISTER_COUNT = ARCH_ICH_LR0_EL2 + 16
};

/** @return whether this CPU has the GIC system registers (ID_AA64PFR0_EL1.GIC). All but ICC_SRE_EL2 want its SRE set,
 * which does not stick where firmware keeps them to itself. */
bool arch_gic_has_registers(void);

/** One register of the CPU that executes this. A write takes effect before any later instruction (ISB), but those to
 * ICH_*, which do before the next entry to a guest. A register that the implementation lacks (ICH_VTR_EL2 tells: list
 * registers, active priorities) must not be asked for. */
uint64_t arch_gic_read(enum arch_gic_register number);
void arch_gic_write(enum arch_gic_register number, uint64_t value);

#endif
