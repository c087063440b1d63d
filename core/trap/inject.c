// SPDX-License-Identifier: Apache-2.0
/* Exceptions that a guest takes to its own EL1: AArch64.TakeException of the Arm ARM, for the state that exists at EL1.
 */
#include "trap/inject.h"

#include "trap/esr.h"
#include "trap/trap.h"

#define PSTATE_MODE_EL1H 0x5ULL
#define PSTATE_SP 1ULL
#define PSTATE_EL_MASK 0xcULL
#define PSTATE_AARCH32 (1ULL << 4)
#define PSTATE_DAIF (0xfULL << 6)
#define PSTATE_SSBS (1ULL << 12)
#define PSTATE_PAN (1ULL << 22)
#define PSTATE_DIT (1ULL << 24)
#define PSTATE_SS (1ULL << 21)
#define PSTATE_TCO (1ULL << 25)
#define PSTATE_NZCV (0xfULL << 28)
#define PSTATE_BTYPE (3ULL << 10)
#define PSTATE_THUMB (1ULL << 5)

#define SCTLR_SPAN (1ULL << 23)
#define SCTLR_DSSBS (1ULL << 44)

#define VECTOR_CURRENT_SP0 0x000
#define VECTOR_CURRENT_SPX 0x200
#define VECTOR_LOWER_64 0x400
#define VECTOR_LOWER_32 0x600

static bool from_el0(uint64_t pstate)
{
    return (pstate & PSTATE_AARCH32) != 0 || (pstate & PSTATE_EL_MASK) == 0;
}

static unsigned vector_offset(uint64_t pstate)
{
    if ((pstate & PSTATE_AARCH32) != 0)
        return VECTOR_LOWER_32;
    if ((pstate & PSTATE_EL_MASK) == 0)
        return VECTOR_LOWER_64;
    return (pstate & PSTATE_SP) != 0 ? VECTOR_CURRENT_SPX : VECTOR_CURRENT_SP0;
}

static unsigned id_field(uint64_t id_register, unsigned shift)
{
    return (unsigned)(id_register >> shift) & 0xf;
}

uint64_t inject_entry_pstate(uint64_t old, uint64_t sctlr, uint64_t pfr1, uint64_t mmfr1)
{
    uint64_t pstate = PSTATE_MODE_EL1H | PSTATE_DAIF | (old & (PSTATE_NZCV | PSTATE_PAN | PSTATE_DIT));

    if ((sctlr & SCTLR_SPAN) == 0 && id_field(mmfr1, 20) != 0)
        pstate |= PSTATE_PAN;
    if ((sctlr & SCTLR_DSSBS) != 0 && id_field(pfr1, 4) != 0)
        pstate |= PSTATE_SSBS;
    if (id_field(pfr1, 8) >= 2) /* memory tagging beyond the instructions */
        pstate |= PSTATE_TCO;
    return pstate;
}

static uint64_t entry_pstate(const struct vcpu *vcpu, uint64_t old)
{
    return inject_entry_pstate(old, arch_vcpu_sysreg_read(&vcpu->arch, VCPU_SCTLR_EL1),
                               arch_id_register(SYSREG(3, 0, 0, 4, 1)), arch_id_register(SYSREG(3, 0, 0, 7, 1)));
}

static void take_exception(struct vcpu *vcpu, uint64_t syndrome)
{
    struct arch_vcpu *arch = &vcpu->arch;
    uint64_t pstate = arch->regs.pstate;

    arch_vcpu_sysreg_write(arch, VCPU_ESR_EL1, syndrome);
    arch_vcpu_sysreg_write(arch, VCPU_ELR_EL1, arch->regs.pc);
    arch_vcpu_sysreg_write(arch, VCPU_SPSR_EL1, pstate);
    arch->regs.pstate = entry_pstate(vcpu, pstate);
    arch->regs.pc = arch_vcpu_sysreg_read(arch, VCPU_VBAR_EL1) + vector_offset(pstate);
}

static uint64_t syndrome_of(unsigned class, uint64_t iss)
{
    return (uint64_t) class << ESR_EC_SHIFT | ESR_IL | iss;
}

void trap_inject_undefined(struct vcpu *vcpu)
{
    take_exception(vcpu, syndrome_of(ESR_EC_UNKNOWN, 0));
}

static void external_abort(struct vcpu *vcpu, unsigned class, uint64_t fault_address, uint64_t iss)
{
    unsigned same_level = from_el0(vcpu->arch.regs.pstate) ? 0 : 1; /* the classes for "same level" are one higher */

    arch_vcpu_sysreg_write(&vcpu->arch, VCPU_FAR_EL1, fault_address);
    take_exception(vcpu, syndrome_of(class + same_level, ESR_FAULT_EXTERNAL | iss));
}

void trap_inject_external_abort(struct vcpu *vcpu, uint64_t fault_address, bool instruction)
{
    external_abort(vcpu, instruction ? ESR_EC_INSTRUCTION_ABORT : ESR_EC_DATA_ABORT, fault_address, 0);
}

void trap_inject_data_abort(struct vcpu *vcpu, uint64_t fault_address, uint64_t syndrome)
{
    external_abort(vcpu, ESR_EC_DATA_ABORT, fault_address, syndrome & (ESR_ABORT_WRITE | ESR_ABORT_CACHE_MAINTENANCE));
}

/* ITSTATE is split over bits 15:10 and 26:25: the condition's upper part stays, the mask moves up, an empty mask ends
 * it. */
static uint64_t advance_it(uint64_t pstate)
{
    const uint64_t it_bits = 0x3fULL << 10 | 3ULL << 25;
    uint64_t it = (pstate >> 8 & 0xfc) | (pstate >> 25 & 3);

    it = (it & 7) == 0 ? 0 : (it & 0xe0) | (it << 1 & 0x1f);
    return (pstate & ~it_bits) | (it & 0xfc) << 8 | (it & 3) << 25;
}

void trap_skip_instruction(struct vcpu *vcpu, unsigned length)
{
    struct vcpu_regs *regs = &vcpu->arch.regs;

    regs->pc += length;
    regs->pstate &= ~PSTATE_SS; /* it was the one instruction of a software step (Arm ARM D2.11) */
    if ((regs->pstate & PSTATE_AARCH32) == 0)
        regs->pstate &= ~PSTATE_BTYPE;
    else if ((regs->pstate & PSTATE_THUMB) != 0)
        regs->pstate = advance_it(regs->pstate);
}
