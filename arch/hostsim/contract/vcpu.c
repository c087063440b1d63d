// SPDX-License-Identifier: Apache-2.0
/* core/arch/vcpu.h but for arch_vcpu_run(), which is in run_guest.c. */
#include "arch/vcpu.h"

#include <string.h>

#include "hostsim/contract/ordering.h"
#include "hostsim/devices/timers.h"
#include "hostsim/gic/gic.h"
#include "hostsim/guest/guest_runtime.h"
#include "hostsim/kvm/kvm.h"
#include "hostsim/machine/machine.h"
#include "hostsim/memory/mmu.h"
#include "hostsim/oracle/oracle.h"

#define SCTLR_EL1_RESET 0x00c50078  /* what the contract says: MMU and caches off, RES1 bits of later features set */
#define NOT_LIVE 0xdeadbeefdeadbeef /* in arch_vcpu::sysregs and fp while the hardware holds the values */
#define FP_WORDS (sizeof(((struct arch_vcpu *)NULL)->fp) / sizeof(uint64_t))

void arch_vcpu_init(struct arch_vcpu *vcpu, uint64_t entry, uint64_t x0)
{
    if (vcpu->loaded)
        sim_fail("arch_vcpu_init() of a vCPU that is loaded");
    sim_core_writes(vcpu, offsetof(struct arch_vcpu, vmpidr));
    memset(&vcpu->regs, 0, sizeof(vcpu->regs));
    memset(vcpu->sysregs, 0, sizeof(vcpu->sysregs));
    memset(&vcpu->fp, 0, sizeof(vcpu->fp));
    vcpu->sysregs[VCPU_SCTLR_EL1] = SCTLR_EL1_RESET;
    vcpu->regs.pc = entry;
    vcpu->regs.x[0] = x0;
    vcpu->regs.pstate = PSTATE_EL1H_MASKED;
    vcpu->vpidr = arch_id_register(SIM_MIDR_EL1);
    vcpu->virtual_lines = 0;
    sim_guest_reset(vcpu);
    if (sim_this_machine() != NULL)
        sim_turn_reset(sim_this_machine(), vcpu);
    sim_oracle_changed(sim_this_cpu(), vcpu);
}

static void check_not_loaded_anywhere(const struct sim_cpu *cpu, const struct arch_vcpu *vcpu)
{
    if (cpu->loaded != NULL)
        sim_fail("arch_vcpu_load(): another vCPU is loaded on this CPU");
    for (unsigned i = 0; cpu->machine != NULL && i < cpu->machine->cpu_count; i++)
        if (cpu->machine->cpus[i].loaded == vcpu)
            sim_fail("arch_vcpu_load(): this vCPU is loaded on CPU %u", cpu->machine->cpus[i].id);
    if (vcpu->loaded)
        sim_fail("arch_vcpu_load(): the vCPU says that it is loaded");
}

/* @return how many words of what the hardware holds while a vCPU is loaded say so in memory */
static unsigned count_not_live(const struct arch_vcpu *vcpu)
{
    unsigned count = 0;
    uint64_t fp[FP_WORDS];
    memcpy(fp, &vcpu->fp, sizeof(fp));
    for (unsigned i = 0; i < VCPU_SYSREG_COUNT; i++)
        count += vcpu->sysregs[i] == NOT_LIVE;
    for (unsigned i = 0; i < FP_WORDS; i++)
        count += fp[i] == NOT_LIVE;
    return count;
}

static void into_hardware(struct sim_cpu *cpu, struct arch_vcpu *vcpu)
{
    uint64_t fp[FP_WORDS];
    if (count_not_live(vcpu) != 0)
        sim_fail("arch_vcpu_load(): EL1 or FP state that was read while the hardware held it");
    memcpy(cpu->sysregs, vcpu->sysregs, sizeof(cpu->sysregs));
    memcpy(cpu->fp, &vcpu->fp, sizeof(cpu->fp));
    for (unsigned i = 0; i < VCPU_SYSREG_COUNT; i++)
        vcpu->sysregs[i] = NOT_LIVE;
    for (unsigned i = 0; i < FP_WORDS; i++)
        fp[i] = NOT_LIVE;
    memcpy(&vcpu->fp, fp, sizeof(fp));
}

static void out_of_hardware(struct sim_cpu *cpu, struct arch_vcpu *vcpu)
{
    if (count_not_live(vcpu) != VCPU_SYSREG_COUNT + FP_WORDS)
        sim_fail("arch_vcpu_put(): EL1 or FP state was written while the hardware held it: that is lost");
    memcpy(vcpu->sysregs, cpu->sysregs, sizeof(cpu->sysregs));
    memcpy(&vcpu->fp, cpu->fp, sizeof(cpu->fp));
    memset(cpu->sysregs, 0, sizeof(cpu->sysregs));
    memset(cpu->fp, 0, sizeof(cpu->fp));
}

void arch_vcpu_load(struct arch_vcpu *vcpu)
{
    struct sim_cpu *cpu = sim_this_cpu();
    sim_spend(cpu, SIM_COST_VCPU_LOAD, 1);
    check_not_loaded_anywhere(cpu, vcpu);
    sim_core_writes(vcpu, offsetof(struct arch_vcpu, vmpidr));
    sim_oracle_load(cpu, vcpu);
    into_hardware(cpu, vcpu);
    cpu->loaded = vcpu;
    vcpu->loaded = true;
    if (cpu->machine == NULL)
        return;
    if (vcpu->stage2 != NULL)
        sim_stage1_load(cpu, vcpu);
    sim_timers_update(cpu);
}

bool arch_vcpu_put(struct arch_vcpu *vcpu)
{
    struct sim_cpu *cpu = sim_this_cpu();
    sim_spend(cpu, SIM_COST_VCPU_LOAD, 1);
    if (cpu->loaded != vcpu || !vcpu->loaded)
        sim_fail("arch_vcpu_put() of a vCPU that is not loaded on this CPU");
    sim_core_writes(vcpu, offsetof(struct arch_vcpu, vmpidr));
    out_of_hardware(cpu, vcpu);
    cpu->loaded = NULL;
    vcpu->loaded = false;
    sim_oracle_put(cpu, vcpu);
    if (cpu->machine != NULL)
        sim_timers_update(cpu);
    bool sound = !cpu->serror;
    cpu->serror = false;
    return sound;
}

/* What the contract lets core ask for then. */
static const bool while_loaded[VCPU_SYSREG_COUNT] = {
#define X(name, ...) [VCPU_##name] = true,
    VCPU_REGISTERS_EXCEPTIONS(X) VCPU_REGISTERS_CONTROL(X) VCPU_REGISTERS_DEBUG(X)
#undef X
};

static void check_here(const struct sim_cpu *cpu, const struct arch_vcpu *vcpu, enum vcpu_sysreg sysreg)
{
    if (sysreg >= VCPU_SYSREG_COUNT)
        sim_fail("system register number %d", (int)sysreg);
    if (vcpu->loaded && cpu->loaded != vcpu)
        sim_fail("system registers of a vCPU that is loaded on another CPU");
    if (vcpu->loaded && !while_loaded[sysreg])
        sim_fail("system register number %d of a vCPU that is loaded", (int)sysreg);
}

/* The guest whose registers the host's KVM may hold. */
static const struct sim_guest *guest_in_kvm(const struct sim_cpu *cpu, const struct arch_vcpu *vcpu)
{
    if (cpu->machine == NULL || cpu->machine->kvm == NULL)
        return NULL;
    const struct sim_guest *guest = sim_guest_find(cpu->machine, vcpu);
    return guest != NULL && guest->kvm != NULL && guest->started ? guest : NULL;
}

uint64_t arch_vcpu_sysreg_read(const struct arch_vcpu *vcpu, enum vcpu_sysreg sysreg)
{
    struct sim_cpu *cpu = sim_this_cpu();
    uint64_t kept = 0;
    check_here(cpu, vcpu, sysreg);
    const struct sim_guest *guest = guest_in_kvm(cpu, vcpu);
    if (guest != NULL && sim_kvm_sysreg_read(guest, sysreg, vcpu->loaded ? &cpu->sysregs[sysreg] : &kept))
        return vcpu->loaded ? cpu->sysregs[sysreg] : kept;
    if (!vcpu->loaded)
        return vcpu->sysregs[sysreg];
    return cpu->sysregs[sysreg];
}

void arch_vcpu_sysreg_write(struct arch_vcpu *vcpu, enum vcpu_sysreg sysreg, uint64_t value)
{
    struct sim_cpu *cpu = sim_this_cpu();
    check_here(cpu, vcpu, sysreg);
    const struct sim_guest *guest = guest_in_kvm(cpu, vcpu);
    if (guest != NULL)
        sim_kvm_sysreg_write(guest, sysreg, value); /* and below, for the checks at the next entry */
    if (!vcpu->loaded) {
        vcpu->sysregs[sysreg] = value;
        sim_oracle_changed(cpu, vcpu);
        return;
    }
    cpu->sysregs[sysreg] = value;
}

/* A unit test's vCPU, without a machine, has its MMU off. */
bool arch_vcpu_translate(const struct arch_vcpu *vcpu, uint64_t address, ipa_t *ipa)
{
    struct sim_cpu *cpu = sim_this_cpu();
    sim_spend(cpu, SIM_COST_CALL, 1);
    if (cpu->loaded != vcpu)
        sim_fail("arch_vcpu_translate() for a vCPU that is not loaded on this CPU");
    ipa->raw = address;
    return cpu->machine == NULL || sim_stage1_address(cpu, address, &ipa->raw);
}

#define ENCODING(op0, op1, crn, crm, op2) ((op0) << 16 | (op1) << 12 | (crn) << 8 | (crm) << 4 | (op2))

/* A Cortex-A53 r0p4 (DDI 0500J 4.2), its PA range as the machine's options say and the GIC that the machine has. */
uint64_t arch_id_register(uint32_t encoding)
{
    static const struct {
        uint32_t encoding;
        uint64_t value;
    } registers[] = {
        {SIM_MIDR_EL1, 0x410fd034},
        {ENCODING(3, 0, 0, 4, 0), 0x2222},     /* ID_AA64PFR0_EL1 */
        {ENCODING(3, 0, 0, 5, 0), 0x10305106}, /* ID_AA64DFR0_EL1 */
        {ENCODING(3, 0, 0, 6, 0), 0x11120},    /* ID_AA64ISAR0_EL1 */
        {ENCODING(3, 0, 0, 7, 0), 0x1120},     /* ID_AA64MMFR0_EL1, PARange added below */
        {ENCODING(3, 0, 0, 1, 0), 0x131},      /* ID_PFR0_EL1 */
        {ENCODING(3, 0, 0, 1, 1), 0x11011},    /* ID_PFR1_EL1 */
        {ENCODING(3, 0, 0, 1, 2), 0x3010066},  /* ID_DFR0_EL1 */
        {ENCODING(3, 3, 0, 0, 1), 0x84448004}, /* CTR_EL0 */
        {ENCODING(3, 3, 0, 0, 7), 0x4},        /* DCZID_EL0: 64 bytes */
        {ENCODING(3, 1, 0, 0, 1), 0x0a200023}, /* CLIDR_EL1 */
    };
    static const uint8_t pa_ranges[] = {32, 36, 40, 42, 44, 48};
    uint64_t value = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(registers); i++)
        if (registers[i].encoding == encoding)
            value = registers[i].value;
    if (encoding == ENCODING(3, 0, 0, 4, 0) && sim_gic_version(sim_this_machine()) == 3)
        value |= 1u << 24; /* system registers of GICv3 */
    if (encoding == ENCODING(3, 0, 0, 7, 0))
        for (unsigned i = 0; i < ARRAY_SIZE(pa_ranges); i++)
            if (pa_ranges[i] <= arch_pa_bits())
                value = (value & ~0xfULL) | i;
    return value;
}
