/* SPDX-License-Identifier: Apache-2.0 */
/* The system registers that belong to a vCPU, once: the numbers of arch_vcpu::sysregs, what is switched on silicon,
 * what hostsim models. docs/registers.md has all other registers of EL1 and EL0 with the reason why they are not here;
 * tests/lint/registers.py compares the two. Macros only: assembly counts them.
 *
 * X(NAME, ACCESS, op0, op1, CRn, CRm, op2): ACCESS is how EL2 names it, the encoding is the guest's. */
#ifndef BULKHEAD_ARCH_VCPU_REGISTERS_H
#define BULKHEAD_ARCH_VCPU_REGISTERS_H

/* What an exception changes or needs: core reads and writes these while the vCPU is loaded, too. */
#define VCPU_REGISTERS_EXCEPTIONS(X)                                                                                   \
    X(SCTLR_EL1, sctlr_el1, 3, 0, 1, 0, 0)                                                                             \
    X(VBAR_EL1, vbar_el1, 3, 0, 12, 0, 0)                                                                              \
    X(ESR_EL1, esr_el1, 3, 0, 5, 2, 0)                                                                                 \
    X(FAR_EL1, far_el1, 3, 0, 6, 0, 0)                                                                                 \
    X(ELR_EL1, elr_el1, 3, 0, 4, 0, 1)                                                                                 \
    X(SPSR_EL1, spsr_el1, 3, 0, 4, 0, 0)

/* Of every CPU. A timer's control comes after the value that it compares with. */
#define VCPU_REGISTERS_BASE(X)                                                                                         \
    VCPU_REGISTERS_EXCEPTIONS(X)                                                                                       \
    X(CPACR_EL1, cpacr_el1, 3, 0, 1, 0, 2)                                                                             \
    X(TTBR0_EL1, ttbr0_el1, 3, 0, 2, 0, 0)                                                                             \
    X(TTBR1_EL1, ttbr1_el1, 3, 0, 2, 0, 1)                                                                             \
    X(MAIR_EL1, mair_el1, 3, 0, 10, 2, 0)                                                                              \
    X(AMAIR_EL1, amair_el1, 3, 0, 10, 3, 0)                                                                            \
    X(AFSR0_EL1, afsr0_el1, 3, 0, 5, 1, 0)                                                                             \
    X(AFSR1_EL1, afsr1_el1, 3, 0, 5, 1, 1)                                                                             \
    X(PAR_EL1, par_el1, 3, 0, 7, 4, 0)                                                                                 \
    X(SP_EL0, sp_el0, 3, 0, 4, 1, 0)                                                                                   \
    X(SP_EL1, sp_el1, 3, 4, 4, 1, 0)                                                                                   \
    X(TPIDR_EL0, tpidr_el0, 3, 3, 13, 0, 2)                                                                            \
    X(TPIDRRO_EL0, tpidrro_el0, 3, 3, 13, 0, 3)                                                                        \
    X(TPIDR_EL1, tpidr_el1, 3, 0, 13, 0, 4)                                                                            \
    X(CONTEXTIDR_EL1, contextidr_el1, 3, 0, 13, 0, 1)                                                                  \
    X(CNTKCTL_EL1, cntkctl_el1, 3, 0, 14, 1, 0)                                                                        \
    X(CSSELR_EL1, csselr_el1, 3, 2, 0, 0, 0)                                                                           \
    X(CNTV_CVAL_EL0, cntv_cval_el0, 3, 3, 14, 3, 2)                                                                    \
    X(CNTV_CTL_EL0, cntv_ctl_el0, 3, 3, 14, 3, 1)                                                                      \
    X(CNTP_CVAL_EL0, cntp_cval_el0, 3, 3, 14, 2, 2)                                                                    \
    X(CNTP_CTL_EL0, cntp_ctl_el0, 3, 3, 14, 2, 1)

/* Comes last on load and goes first on put: see arch/aarch64/vcpu.c. */
#define VCPU_REGISTERS_WALKS(X) X(TCR_EL1, tcr_el1, 3, 0, 2, 0, 2)

/* With ID_AA64PFR0_EL1.RAS. Where SErrors are EL2's, EL1 reaches VDISR_EL2 by the name of DISR_EL1. */
#define VCPU_REGISTERS_RAS(X) X(DISR_EL1, s3_4_c12_c1_1, 3, 0, 12, 1, 1)

/* With ID_AA64PFR1_EL1.SME, where there are no fine-grained traps (ID_AA64MMFR0_EL1.FGT) to refuse them. */
#define VCPU_REGISTERS_SME(X)                                                                                          \
    X(TPIDR2_EL0, s3_3_c13_c0_5, 3, 3, 13, 0, 5)                                                                       \
    X(SMPRI_EL1, s3_0_c1_c2_4, 3, 0, 1, 2, 4)

/* Of the debug registers accesses trap: memory has what the guest wrote, and the hardware what of it takes effect. */
#define VCPU_REGISTERS_CONTROL(X) X(MDSCR_EL1, mdscr_el1, 2, 0, 0, 2, 2)

#define VCPU_DEBUG_REGISTERS(X, n)                                                                                     \
    X(DBGBVR##n##_EL1, dbgbvr##n##_el1, 2, 0, 0, n, 4)                                                                 \
    X(DBGBCR##n##_EL1, dbgbcr##n##_el1, 2, 0, 0, n, 5)                                                                 \
    X(DBGWVR##n##_EL1, dbgwvr##n##_el1, 2, 0, 0, n, 6)                                                                 \
    X(DBGWCR##n##_EL1, dbgwcr##n##_el1, 2, 0, 0, n, 7)

/* As many as ID_AA64DFR0_EL1 says. */
#define VCPU_REGISTERS_DEBUG(X)                                                                                        \
    VCPU_DEBUG_REGISTERS(X, 0)                                                                                         \
    VCPU_DEBUG_REGISTERS(X, 1)                                                                                         \
    VCPU_DEBUG_REGISTERS(X, 2)                                                                                         \
    VCPU_DEBUG_REGISTERS(X, 3)                                                                                         \
    VCPU_DEBUG_REGISTERS(X, 4)                                                                                         \
    VCPU_DEBUG_REGISTERS(X, 5)                                                                                         \
    VCPU_DEBUG_REGISTERS(X, 6)                                                                                         \
    VCPU_DEBUG_REGISTERS(X, 7)                                                                                         \
    VCPU_DEBUG_REGISTERS(X, 8)                                                                                         \
    VCPU_DEBUG_REGISTERS(X, 9)                                                                                         \
    VCPU_DEBUG_REGISTERS(X, 10)                                                                                        \
    VCPU_DEBUG_REGISTERS(X, 11)                                                                                        \
    VCPU_DEBUG_REGISTERS(X, 12)                                                                                        \
    VCPU_DEBUG_REGISTERS(X, 13)                                                                                        \
    VCPU_DEBUG_REGISTERS(X, 14)                                                                                        \
    VCPU_DEBUG_REGISTERS(X, 15)

#define VCPU_REGISTERS(X)                                                                                              \
    VCPU_REGISTERS_BASE(X)                                                                                             \
    VCPU_REGISTERS_WALKS(X)                                                                                            \
    VCPU_REGISTERS_RAS(X)                                                                                              \
    VCPU_REGISTERS_SME(X)                                                                                              \
    VCPU_REGISTERS_CONTROL(X)                                                                                          \
    VCPU_REGISTERS_DEBUG(X)

#endif
