// SPDX-License-Identifier: Apache-2.0
/* The contract, GICv3's system registers. The number is a constant in nearly all calls, and what is left of a switch
 * after inlining is then one instruction. */
#include "arch/gic.h"

#include "sysreg.h"

/* A list, since a register's name is part of the instruction. */
#define READABLE(X)                                                                                                    \
    X(ARCH_ICC_SRE_EL2, icc_sre_el2)                                                                                   \
    X(ARCH_ICC_SRE_EL1, icc_sre_el1)                                                                                   \
    X(ARCH_ICC_CTLR_EL1, icc_ctlr_el1)                                                                                 \
    X(ARCH_ICC_PMR_EL1, icc_pmr_el1)                                                                                   \
    X(ARCH_ICC_BPR1_EL1, icc_bpr1_el1)                                                                                 \
    X(ARCH_ICC_IGRPEN1_EL1, icc_igrpen1_el1)                                                                           \
    X(ARCH_ICC_AP1R0_EL1 + 0, icc_ap1r0_el1)                                                                           \
    X(ARCH_ICC_AP1R0_EL1 + 1, icc_ap1r1_el1)                                                                           \
    X(ARCH_ICC_AP1R0_EL1 + 2, icc_ap1r2_el1)                                                                           \
    X(ARCH_ICC_AP1R0_EL1 + 3, icc_ap1r3_el1)                                                                           \
    X(ARCH_ICH_HCR_EL2, ich_hcr_el2)                                                                                   \
    X(ARCH_ICH_VMCR_EL2, ich_vmcr_el2)                                                                                 \
    X(ARCH_ICH_AP0R0_EL2 + 0, ich_ap0r0_el2)                                                                           \
    X(ARCH_ICH_AP0R0_EL2 + 1, ich_ap0r1_el2)                                                                           \
    X(ARCH_ICH_AP0R0_EL2 + 2, ich_ap0r2_el2)                                                                           \
    X(ARCH_ICH_AP0R0_EL2 + 3, ich_ap0r3_el2)                                                                           \
    X(ARCH_ICH_AP1R0_EL2 + 0, ich_ap1r0_el2)                                                                           \
    X(ARCH_ICH_AP1R0_EL2 + 1, ich_ap1r1_el2)                                                                           \
    X(ARCH_ICH_AP1R0_EL2 + 2, ich_ap1r2_el2)                                                                           \
    X(ARCH_ICH_AP1R0_EL2 + 3, ich_ap1r3_el2)                                                                           \
    X(ARCH_ICH_LR0_EL2 + 0, ich_lr0_el2)                                                                               \
    X(ARCH_ICH_LR0_EL2 + 1, ich_lr1_el2)                                                                               \
    X(ARCH_ICH_LR0_EL2 + 2, ich_lr2_el2)                                                                               \
    X(ARCH_ICH_LR0_EL2 + 3, ich_lr3_el2)                                                                               \
    X(ARCH_ICH_LR0_EL2 + 4, ich_lr4_el2)                                                                               \
    X(ARCH_ICH_LR0_EL2 + 5, ich_lr5_el2)                                                                               \
    X(ARCH_ICH_LR0_EL2 + 6, ich_lr6_el2)                                                                               \
    X(ARCH_ICH_LR0_EL2 + 7, ich_lr7_el2)                                                                               \
    X(ARCH_ICH_LR0_EL2 + 8, ich_lr8_el2)                                                                               \
    X(ARCH_ICH_LR0_EL2 + 9, ich_lr9_el2)                                                                               \
    X(ARCH_ICH_LR0_EL2 + 10, ich_lr10_el2)                                                                             \
    X(ARCH_ICH_LR0_EL2 + 11, ich_lr11_el2)                                                                             \
    X(ARCH_ICH_LR0_EL2 + 12, ich_lr12_el2)                                                                             \
    X(ARCH_ICH_LR0_EL2 + 13, ich_lr13_el2)                                                                             \
    X(ARCH_ICH_LR0_EL2 + 14, ich_lr14_el2)                                                                             \
    X(ARCH_ICH_LR0_EL2 + 15, ich_lr15_el2)

#define READ_ONLY(X)                                                                                                   \
    X(ARCH_ICC_IAR1_EL1, icc_iar1_el1)                                                                                 \
    X(ARCH_ICH_VTR_EL2, ich_vtr_el2)                                                                                   \
    X(ARCH_ICH_MISR_EL2, ich_misr_el2)                                                                                 \
    X(ARCH_ICH_ELRSR_EL2, ich_elrsr_el2)

#define WRITE_ONLY(X)                                                                                                  \
    X(ARCH_ICC_EOIR1_EL1, icc_eoir1_el1)                                                                               \
    X(ARCH_ICC_DIR_EL1, icc_dir_el1)                                                                                   \
    X(ARCH_ICC_SGI1R_EL1, icc_sgi1r_el1)

bool arch_gic_has_registers(void)
{
    return id_field(sysreg_read(id_aa64pfr0_el1), 24) != 0;
}

uint64_t arch_gic_read(enum arch_gic_register number)
{
    uint64_t value = 0;

    switch ((unsigned)number) {
#define X(number, name)                                                                                                \
    case number:                                                                                                       \
        value = sysreg_read(name);                                                                                     \
        break;
        READABLE(X)
        READ_ONLY(X)
#undef X
    default:
        break;
    }
    if (number == ARCH_ICC_IAR1_EL1)
        barrier_dsb(sy); /* the interrupt is active for the distributor before anything that follows */
    return value;
}

void arch_gic_write(enum arch_gic_register number, uint64_t value)
{
    if (number == ARCH_ICC_SGI1R_EL1)
        barrier_dsb(ishst);
    switch ((unsigned)number) {
#define X(number, name)                                                                                                \
    case number:                                                                                                       \
        sysreg_write(name, value);                                                                                     \
        break;
        READABLE(X)
        WRITE_ONLY(X)
#undef X
    default:
        break;
    }
    if (number < ARCH_ICH_HCR_EL2)
        barrier_isb();
}
