// SPDX-License-Identifier: Apache-2.0
/* EL1 state of guests. It stays in the hardware from arch_vcpu_load() to arch_vcpu_put(), however often the guest comes
 * out. */
#include "arch/vcpu.h"

#include <string.h>

#include "arch/cpu.h"
#include "console/panic.h"
#include "feature.h"
#include "layout.h"
#include "sysreg.h"
#include "tlb.h"

_Static_assert(offsetof(struct arch_vcpu, regs.x[30]) == VCPU_OFFSET_X30, "vectors.S");
_Static_assert(offsetof(struct arch_vcpu, regs.pc) == VCPU_OFFSET_PC, "vectors.S");
_Static_assert(offsetof(struct arch_vcpu, regs.pstate) == VCPU_OFFSET_PSTATE, "vectors.S");
_Static_assert(offsetof(struct arch_vcpu, fp) == VCPU_OFFSET_FP, "fp.S");
_Static_assert(offsetof(struct arch_vcpu, fp.fpcr) == VCPU_OFFSET_FPCR, "fp.S");
_Static_assert(offsetof(struct arch_vcpu, fp.fpsr) == VCPU_OFFSET_FPCR + 8, "fp.S");
_Static_assert(offsetof(struct arch_vcpu, sysregs) == VCPU_OFFSET_SYSREGS, "layout.h");
_Static_assert(offsetof(struct arch_vcpu, virtual_lines) == VCPU_OFFSET_VIRTUAL_LINES, "vectors.S");
_Static_assert(offsetof(struct arch_vcpu, trap_wfi) == VCPU_OFFSET_TRAP_WFI, "vectors.S");
_Static_assert(offsetof(struct arch_exit, reason) == EXIT_OFFSET_REASON, "vectors.S");
_Static_assert(offsetof(struct arch_exit, esr) == EXIT_OFFSET_ESR, "vectors.S");
_Static_assert(offsetof(struct arch_exit, hpfar) == EXIT_OFFSET_HPFAR, "vectors.S");
_Static_assert(ARCH_EXIT_SYNC == EXIT_REASON_SYNC && ARCH_EXIT_IRQ == EXIT_REASON_IRQ &&
                   ARCH_EXIT_SERROR == EXIT_REASON_SERROR,
               "vectors.S");
_Static_assert(HCR_TWI == 1 << 13, "vectors.S shifts trap_wfi there");

#define SCTLR_RESET 0x00c50078
#define PSTATE_EL1H 0x5
#define PSTATE_DAIF 0x3c0

void fp_load(const struct arch_vcpu *vcpu);
void fp_save(struct arch_vcpu *vcpu);
void serror_window(void);
void debug_load(const uint64_t *registers, uint64_t breakpoints, uint64_t watchpoints);
HV_NORETURN void vcpu_bad_pstate(uint64_t pstate);

void arch_vcpu_init(struct arch_vcpu *vcpu, uint64_t entry, uint64_t x0)
{
    memset(&vcpu->regs, 0, sizeof(vcpu->regs));
    memset(vcpu->sysregs, 0, sizeof(vcpu->sysregs));
    memset(&vcpu->fp, 0, sizeof(vcpu->fp));
    vcpu->regs.pc = entry;
    vcpu->regs.x[0] = x0;
    vcpu->regs.pstate = PSTATE_EL1H | PSTATE_DAIF;
    vcpu->sysregs[VCPU_SCTLR_EL1] = SCTLR_RESET;
    vcpu->vpidr = sysreg_read(midr_el1);
    vcpu->virtual_lines = 0;
}

/** VTCR_EL2: Arm ARM D19.2.158. */
static uint64_t stage2_control(const struct arch_stage2 *stage2)
{
    uint64_t range = min_u64(sysreg_read(id_aa64mmfr0_el1) & 0xf, 5);

    return VTCR_RES1 | VTCR_WRITE_BACK | VTCR_INNER_SHAREABLE | range << VTCR_PS_SHIFT |
           (uint64_t)(2 - stage2->start_level) << VTCR_SL0_SHIFT | (64 - (uint64_t)stage2->ipa_bits);
}

/** Until all registers are one guest's, no walk may use them: speculative AT and prefetches would fill the TLB with
 * mixtures of two guests (Cortex-A57 1319537, Cortex-A72 1319367, Cortex-A53 and A55 likewise). */
static void stop_walks(void)
{
    sysreg_write(tcr_el1, TCR_EPD0 | TCR_EPD1);
    barrier_isb();
}

/* A register's name is part of the instruction. */
#define LOAD(name, access, ...) sysreg_write(access, vcpu->sysregs[VCPU_##name]);
#define PUT(name, access, ...) vcpu->sysregs[VCPU_##name] = sysreg_read(access);

static void load_sme(const struct arch_vcpu *vcpu)
{
    VCPU_REGISTERS_SME(LOAD)
}

static void put_sme(struct arch_vcpu *vcpu)
{
    VCPU_REGISTERS_SME(PUT)
}

/* Debug events are the guest's: EL2 takes none, and where MDSCR_EL1.MDE is clear there are no break- and watchpoints.
 * So MDSCR_EL1 alone goes with each vCPU, and the others with those that use them. */
static void load_debug(const struct arch_vcpu *vcpu)
{
    uint64_t control = vcpu->sysregs[VCPU_MDSCR_EL1];

    if ((control & MDSCR_MDE) != 0) {
        uint64_t dfr0 = sysreg_read(id_aa64dfr0_el1);
        debug_load(&vcpu->sysregs[VCPU_DBGBVR0_EL1], id_field(dfr0, 12) + 1, id_field(dfr0, 20) + 1);
    }
    sysreg_write(mdscr_el1, control);
}

void arch_vcpu_load(struct arch_vcpu *vcpu)
{
    stop_walks();
    sysreg_write(vtcr_el2, stage2_control(vcpu->stage2));
    sysreg_write(vttbr_el2, vcpu->stage2->root.raw | (uint64_t)vcpu->stage2->vmid << VTTBR_VMID_SHIFT);
    sysreg_write(vpidr_el2, vcpu->vpidr);
    sysreg_write(vmpidr_el2, vcpu->vmpidr);
    sysreg_write(cntvoff_el2, vcpu->counter_offset);
    VCPU_REGISTERS_BASE(LOAD)
    if (feature_ras()) {
        VCPU_REGISTERS_RAS(LOAD)
    }
    if (feature_sme())
        load_sme(vcpu);
    load_debug(vcpu);
    fp_load(vcpu);
    barrier_isb();
    if (vcpu->shares_vmid)
        tlb_invalidate_stage1();
    sysreg_write(tcr_el1, vcpu->sysregs[VCPU_TCR_EL1]);
    vcpu->loaded = true;
}

/** EL2 masks SErrors. One that waits is taken here (fault.c notices where), with or without RAS. */
static bool take_serror(void)
{
    barrier_dsb(sy); /* what was written has arrived, or failed */
    if ((sysreg_read(isr_el1) & ISR_A) == 0)
        return false;
    serror_window();
    return true;
}

bool arch_vcpu_put(struct arch_vcpu *vcpu)
{
    vcpu->sysregs[VCPU_TCR_EL1] = sysreg_read(tcr_el1);
    stop_walks();
    VCPU_REGISTERS_BASE(PUT)
    if (feature_ras()) {
        VCPU_REGISTERS_RAS(PUT)
    }
    if (feature_sme())
        put_sme(vcpu);
    sysreg_write(cntv_ctl_el0, 0); /* its interrupts are this guest's */
    sysreg_write(cntp_ctl_el0, 0);
    fp_save(vcpu);
    vcpu->loaded = false;
    return !take_serror();
}

uint64_t arch_vcpu_sysreg_read(const struct arch_vcpu *vcpu, enum vcpu_sysreg sysreg)
{
    if (!vcpu->loaded)
        return vcpu->sysregs[sysreg];
    switch (sysreg) {
#define X(name, access, ...)                                                                                           \
    case VCPU_##name:                                                                                                  \
        return sysreg_read(access);
        VCPU_REGISTERS_EXCEPTIONS(X)
#undef X
    default:
        return vcpu->sysregs[sysreg];
    }
}

void arch_vcpu_sysreg_write(struct arch_vcpu *vcpu, enum vcpu_sysreg sysreg, uint64_t value)
{
    vcpu->sysregs[sysreg] = value;
    if (!vcpu->loaded)
        return;
    switch (sysreg) {
#define X(name, access, ...)                                                                                           \
    case VCPU_##name:                                                                                                  \
        sysreg_write(access, value);                                                                                   \
        break;
        VCPU_REGISTERS_EXCEPTIONS(X)
#undef X
    default:
        load_debug(vcpu);
        break;
    }
}

bool arch_vcpu_translate(const struct arch_vcpu *vcpu, uint64_t address, ipa_t *ipa)
{
    uint64_t kept = sysreg_read(par_el1);

    (void)vcpu;
    __asm__ volatile("at s1e1r, %0" ::"r"(address) : "memory");
    barrier_isb();
    uint64_t result = sysreg_read(par_el1);
    sysreg_write(par_el1, kept);
    *ipa = (ipa_t){(result & PAR_ADDRESS) | (address & (PAGE_SIZE - 1))};
    return (result & PAR_FAULT) == 0;
}

/** A defect of core: nothing that a guest does can set PSTATE.M to EL2 or EL3. */
void vcpu_bad_pstate(uint64_t pstate)
{
    hv_panic("vCPU to be entered with PSTATE 0x%llx", (unsigned long long)pstate);
}
