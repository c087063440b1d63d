// SPDX-License-Identifier: Apache-2.0
/* System registers that trap, by allow-list. */
#include "domain/domain.h"
#include "drivers/gic.h"
#include "trap/esr.h"
#include "trap/id_registers.h"
#include "trap/trap.h"

/** One entry of the list: the registers whose encoding, less what mask leaves out, is that of the entry. */
struct sysreg_rule {
    uint32_t encoding;
    uint32_t mask;
    uint64_t (*read)(struct vcpu *vcpu, uint32_t encoding);              /* NULL: write-only */
    void (*write)(struct vcpu *vcpu, uint32_t encoding, uint64_t value); /* NULL: read-only */
};

#define EXACTLY 0xfffff
#define DEBUG_ROWS 0xfff0c /* any CRm, op2 4 to 7 */

/** A guest's GIC is of the host's version. */
static bool has_gicv3(void)
{
    return gic_is_v3();
}

static uint64_t read_id(struct vcpu *vcpu, uint32_t encoding)
{
    return id_register_read(encoding, vcpu->domain->plan->ipa_bits, has_gicv3());
}

static uint64_t read_zero(struct vcpu *vcpu, uint32_t encoding)
{
    (void)vcpu;
    (void)encoding;
    return 0;
}

static void ignore(struct vcpu *vcpu, uint32_t encoding, uint64_t value)
{
    (void)vcpu;
    (void)encoding;
    (void)value;
}

/* Software step, kernel debug and monitor debug events, which the CPU itself then acts on; a debugger's channel is not
 * there. */
#define MDSCR_WRITABLE (1u << 0 | 1u << 12 | 1u << 13 | 1u << 15)

/* Of a control register what concerns EL0 and EL1: no other levels and states (HMC, SSC), no match of VMIDs or of what
 * is EL2's (BT<3>). */
#define DBGBCR_WRITABLE 0x7f01e7u
#define DBGWCR_WRITABLE 0x1f1f1fffu
#define DBG_ADDRESS (~3ULL)

static uint64_t read_mdscr(struct vcpu *vcpu, uint32_t encoding)
{
    (void)encoding;
    return arch_vcpu_sysreg_read(&vcpu->arch, VCPU_MDSCR_EL1);
}

static void write_mdscr(struct vcpu *vcpu, uint32_t encoding, uint64_t value)
{
    (void)encoding;
    arch_vcpu_sysreg_write(&vcpu->arch, VCPU_MDSCR_EL1, value & MDSCR_WRITABLE);
}

/* Of what register number @p encoding is, in the rows of arch/vcpu_registers.h. */
static enum vcpu_sysreg debug_register(uint32_t encoding)
{
    return (enum vcpu_sysreg)(VCPU_DBGBVR0_EL1 + (encoding >> 4 & 0xf) * 4 + (encoding & 3));
}

static uint64_t read_debug(struct vcpu *vcpu, uint32_t encoding)
{
    return arch_vcpu_sysreg_read(&vcpu->arch, debug_register(encoding));
}

/* Beyond the last there is none, and nothing is kept. */
static void write_debug(struct vcpu *vcpu, uint32_t encoding, uint64_t value)
{
    bool control = (encoding & 1) != 0, watchpoint = (encoding & 2) != 0;
    uint64_t last = arch_id_register(SYSREG(3, 0, 0, 5, 0)) >> (watchpoint ? 20 : 12) & 0xf;
    uint64_t writable = !control ? DBG_ADDRESS : watchpoint ? DBGWCR_WRITABLE : DBGBCR_WRITABLE;

    if ((encoding >> 4 & 0xf) <= last)
        arch_vcpu_sysreg_write(&vcpu->arch, debug_register(encoding), value & writable);
}

/* OSLSR_EL1: the OS lock exists (OSLM 0b10) and is open. */
static uint64_t read_oslsr(struct vcpu *vcpu, uint32_t encoding)
{
    (void)vcpu;
    (void)encoding;
    return 1u << 3;
}

/* Cache maintenance by set and way works on the caches of one CPU, not on addresses, and other guests share them: it
 * cannot be passed on (Arm ARM D7.5.9 says it is for power-down code only). It does nothing; a guest's memory stays
 * coherent as long as the guest cleans and invalidates by address. Told once for each walk over a cache, at its last
 * (or first) step. */
static void set_way(struct vcpu *vcpu, uint32_t encoding, uint64_t value)
{
    (void)encoding;
    if ((uint32_t)value == 0)
        domain_message(vcpu->domain, "vCPU %u: cache maintenance by set/way at pc 0x%llx does nothing", vcpu->index,
                       (unsigned long long)vcpu->arch.regs.pc);
}

/* System registers for good, no bypass (IHI 0069 12.2). */
static uint64_t read_sre(struct vcpu *vcpu, uint32_t encoding)
{
    (void)vcpu;
    (void)encoding;
    return 7;
}

#define ICC_SGI1R SYSREG(3, 0, 12, 11, 5)

static void write_sgi(struct vcpu *vcpu, uint32_t encoding, uint64_t value)
{
    vgic_write_sgi(&vcpu->vgic, value, encoding == ICC_SGI1R);
}

/* Of GICv3; the first comes most often. The others of the CPU interface do not trap. */
static const struct sysreg_rule gicv3_rules[] = {
    {ICC_SGI1R, EXACTLY, NULL, write_sgi},
    {SYSREG(3, 0, 12, 11, 6), EXACTLY, NULL, write_sgi},  /* ICC_ASGI1R_EL1 */
    {SYSREG(3, 0, 12, 11, 7), EXACTLY, NULL, write_sgi},  /* ICC_SGI0R_EL1 */
    {SYSREG(3, 0, 12, 12, 5), EXACTLY, read_sre, ignore}, /* ICC_SRE_EL1 */
};

static const struct sysreg_rule rules[] = {
    {SYSREG(3, 0, 0, 0, 6), EXACTLY, read_zero, NULL},            /* REVIDR_EL1 */
    {SYSREG(3, 1, 0, 0, 7), EXACTLY, read_zero, NULL},            /* AIDR_EL1 */
    {SYSREG(3, 0, 1, 0, 1), EXACTLY, read_zero, ignore},          /* ACTLR_EL1 */
    {SYSREG(2, 0, 0, 2, 2), EXACTLY, read_mdscr, write_mdscr},    /* MDSCR_EL1 */
    {SYSREG(2, 0, 1, 0, 4), EXACTLY, NULL, ignore},               /* OSLAR_EL1 */
    {SYSREG(2, 0, 1, 1, 4), EXACTLY, read_oslsr, NULL},           /* OSLSR_EL1 */
    {SYSREG(2, 0, 1, 3, 4), EXACTLY, read_zero, ignore},          /* OSDLR_EL1 */
    {SYSREG(2, 0, 1, 4, 4), EXACTLY, read_zero, ignore},          /* DBGPRCR_EL1 */
    {SYSREG(2, 0, 0, 0, 4), DEBUG_ROWS, read_debug, write_debug}, /* DBGBVRn, DBGBCRn, DBGWVRn, DBGWCRn_EL1 */
    {SYSREG(2, 0, 7, 8, 6), EXACTLY, read_zero, ignore},          /* DBGCLAIMSET_EL1 */
    {SYSREG(2, 0, 7, 9, 6), EXACTLY, read_zero, ignore},          /* DBGCLAIMCLR_EL1 */
    {SYSREG(2, 0, 7, 14, 6), EXACTLY, read_zero, NULL},           /* DBGAUTHSTATUS_EL1 */
    {SYSREG(2, 0, 1, 0, 0), EXACTLY, read_zero, NULL},            /* MDRAR_EL1 */
    {SYSREG(2, 0, 0, 2, 0), EXACTLY, read_zero, ignore},          /* MDCCINT_EL1 */
    {SYSREG(2, 3, 0, 1, 0), EXACTLY, read_zero, NULL},            /* MDCCSR_EL0 */
    {SYSREG(2, 3, 0, 4, 0), EXACTLY, read_zero, ignore},          /* DBGDTR_EL0 */
    {SYSREG(2, 3, 0, 5, 0), EXACTLY, read_zero, ignore},          /* DBGDTRRX_EL0, DBGDTRTX_EL0 */
    {SYSREG(2, 0, 0, 0, 2), EXACTLY, read_zero, ignore},          /* OSDTRRX_EL1 */
    {SYSREG(2, 0, 0, 3, 2), EXACTLY, read_zero, ignore},          /* OSDTRTX_EL1 */
    {SYSREG(2, 0, 0, 6, 2), EXACTLY, read_zero, ignore},          /* OSECCR_EL1 */
    {SYSREG(1, 0, 7, 6, 2), EXACTLY, NULL, set_way},              /* DC ISW */
    {SYSREG(1, 0, 7, 10, 2), EXACTLY, NULL, set_way},             /* DC CSW */
    {SYSREG(1, 0, 7, 14, 2), EXACTLY, NULL, set_way},             /* DC CISW */
};

static const struct sysreg_rule id_rule = {0, 0, read_id, NULL};

static const struct sysreg_rule *search(const struct sysreg_rule *list, size_t count, uint32_t encoding)
{
    for (size_t i = 0; i < count; i++)
        if ((encoding & list[i].mask) == list[i].encoding)
            return &list[i];
    return NULL;
}

static const struct sysreg_rule *find_rule(uint32_t encoding)
{
    const struct sysreg_rule *rule = NULL;

    if (has_gicv3())
        rule = search(gicv3_rules, ARRAY_SIZE(gicv3_rules), encoding);
    if (rule == NULL && id_register_owns(encoding))
        rule = &id_rule;
    return rule != NULL ? rule : search(rules, ARRAY_SIZE(rules), encoding);
}

static void refuse(struct vcpu *vcpu, const struct esr_sysreg *access)
{
    uint32_t encoding = access->encoding;

    domain_message(vcpu->domain, "vCPU %u: %s S%u_%u_C%u_C%u_%u at pc 0x%llx: undefined", vcpu->index,
                   access->write ? "MSR" : "MRS", encoding >> 16, encoding >> 12 & 0xf, encoding >> 8 & 0xf,
                   encoding >> 4 & 0xf, encoding & 0xf, (unsigned long long)vcpu->arch.regs.pc);
    trap_inject_undefined(vcpu);
}

void sysreg_access(struct vcpu *vcpu, uint64_t esr)
{
    struct esr_sysreg access = esr_decode_sysreg(esr);
    const struct sysreg_rule *rule = find_rule(access.encoding);

    if (rule != NULL && access.write && rule->write != NULL)
        rule->write(vcpu, access.encoding, trap_register_read(vcpu, access.reg));
    else if (rule != NULL && !access.write && rule->read != NULL)
        trap_register_write(vcpu, access.reg, rule->read(vcpu, access.encoding));
    else {
        refuse(vcpu, &access);
        return;
    }
    trap_skip_instruction(vcpu, 4);
}
