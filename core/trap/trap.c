// SPDX-License-Identifier: Apache-2.0
#include "trap/trap.h"

#include "domain/domain.h"
#include "lib/build.h"
#include "trap/esr.h"

#define VECTORS_SIZE 0x800

uint64_t trap_register_read(const struct vcpu *vcpu, unsigned number)
{
    return number < ARRAY_SIZE(vcpu->arch.regs.x) ? vcpu->arch.regs.x[number] : 0;
}

void trap_register_write(struct vcpu *vcpu, unsigned number, uint64_t value)
{
    if (number < ARRAY_SIZE(vcpu->arch.regs.x))
        vcpu->arch.regs.x[number] = value;
}

static void undefined(struct vcpu *vcpu, const struct arch_exit *exit)
{
    domain_message(vcpu->domain, "vCPU %u: undefined instruction at 0x%llx (ESR 0x%llx)", vcpu->index,
                   (unsigned long long)vcpu->arch.regs.pc, (unsigned long long)exit->esr);
    trap_inject_undefined(vcpu);
}

/* WFE, WFIT and WFET just end. Whoever finds the vCPU waiting looks for an interrupt again, so none is missed here. */
static void wait(struct vcpu *vcpu, const struct arch_exit *exit)
{
    trap_skip_instruction(vcpu, esr_instruction_length(exit->esr));
    if (!esr_is_wfi(exit->esr))
        return;
    vcpu->statistics.wfi++;
    if (!vgic_has_pending(&vcpu->vgic))
        store_release(&vcpu->state, VCPU_WAITING);
}

/* pc is behind an HVC already. Immediate 0 is the SMC Calling Convention's (DEN0028 2.9), most others belong to nobody.
 */
static void hypervisor_call(struct vcpu *vcpu, const struct arch_exit *exit)
{
    vcpu->statistics.hypercalls++;
    if (esr_immediate(exit->esr) == 0) {
        smccc_call(vcpu);
        return;
    }
    if (BUILD_XEN_CONSOLE && esr_immediate(exit->esr) == XEN_CALL) {
        xen_call(vcpu);
        return;
    }
    vcpu->arch.regs.pc -= 4;
    undefined(vcpu, exit);
}

/* HCR_EL2.TSC traps an SMC before it is executed: pc still points at it. */
static void secure_monitor_call(struct vcpu *vcpu, const struct arch_exit *exit)
{
    if (esr_immediate(exit->esr) != 0) {
        undefined(vcpu, exit);
        return;
    }
    vcpu->statistics.hypercalls++;
    trap_skip_instruction(vcpu, 4);
    smccc_call(vcpu);
}

static void system_register(struct vcpu *vcpu, const struct arch_exit *exit)
{
    vcpu->statistics.sysregs++;
    sysreg_access(vcpu, exit->esr);
}

bool trap_is_guest_ram(const struct domain *domain, ipa_t address)
{
    const struct region *ram = domain->plan->guest_ram;

    return (address.raw >= ram[0].base && address.raw < ram[0].end) ||
           (address.raw >= ram[1].base && address.raw < ram[1].end);
}

static void touch(struct vcpu *vcpu, ipa_t address)
{
    vcpu->statistics.aborts++;
    if (domain_touch(vcpu->domain, address) != HV_OK)
        domain_stop(vcpu->domain, DOMAIN_FAILED, "its memory could not be mapped");
}

/* A guest whose vectors cannot be fetched would take this abort again and again, for ever. */
static bool vectors_are_missing(const struct vcpu *vcpu)
{
    return (vcpu->arch.regs.pc & ~(uint64_t)(VECTORS_SIZE - 1)) == arch_vcpu_sysreg_read(&vcpu->arch, VCPU_VBAR_EL1);
}

static const char *reason_for(uint64_t esr)
{
    if ((esr & (ESR_ABORT_STATUS & ~ESR_FAULT_LEVEL)) == ESR_FAULT_EXTERNAL_WALK)
        return "memory error in a table";
    if (!esr_is_translation_fault(esr))
        return "no permission";
    if (esr_is_table_walk(esr))
        return "its translation tables are not in its memory";
    if (esr_class(esr) == ESR_EC_DATA_ABORT && !esr_is_access(esr))
        return "not a plain load or store (pair, writeback, exclusive or vector), which a device needs";
    return "nothing there that it owns";
}

static void refuse(struct vcpu *vcpu, const struct arch_exit *exit, ipa_t address)
{
    bool fetch = esr_class(exit->esr) == ESR_EC_INSTRUCTION_ABORT;
    const char *what = fetch ? "instruction fetch" : esr_access_is_write(exit->esr) ? "write" : "read";

    vcpu->statistics.aborts++;
    domain_message(vcpu->domain, "vCPU %u: %s at 0x%llx, pc 0x%llx: %s: external abort", vcpu->index, what,
                   (unsigned long long)address.raw, (unsigned long long)vcpu->arch.regs.pc, reason_for(exit->esr));
    if (!fetch)
        trap_inject_data_abort(vcpu, exit->far, exit->esr);
    else if (vectors_are_missing(vcpu))
        domain_stop(vcpu->domain, DOMAIN_FAILED, "its exception vectors are not in its memory");
    else
        trap_inject_external_abort(vcpu, exit->far, true);
}

/* An abort that no device has answered: at a first touch of its RAM the guest tries again, everything else is refused.
 */
static void memory_abort(struct vcpu *vcpu, const struct arch_exit *exit)
{
    ipa_t address = esr_fault_address(exit->esr, exit->far, exit->hpfar);

    if (!esr_is_translation_fault(exit->esr))
        refuse(vcpu, exit, ipa(0)); /* the syndrome does not tell where */
    else if (trap_is_guest_ram(vcpu->domain, address))
        touch(vcpu, address);
    else if (esr_class(exit->esr) == ESR_EC_DATA_ABORT && esr_is_cache_maintenance(exit->esr) &&
             !esr_is_table_walk(exit->esr))
        trap_skip_instruction(vcpu, esr_instruction_length(exit->esr)); /* there is no cache in front of a device */
    else
        refuse(vcpu, exit, address);
}

static uint64_t size_mask(unsigned size)
{
    return UINT64_MAX >> (64 - size * 8);
}

/* What a load of this width puts into its register. Unsigned loads and 32-bit registers clear what they do not write.
 */
static uint64_t extend(uint64_t esr, uint64_t value)
{
    uint64_t mask = size_mask(esr_access_size(esr));

    value &= mask;
    if (esr_access_is_signed(esr) && (value & (mask ^ mask >> 1)) != 0)
        value |= ~mask;
    return esr_access_is_64(esr) ? value : (uint32_t)value;
}

static bool emulate(struct vcpu *vcpu, uint64_t esr, ipa_t address)
{
    struct mmio_access access = {.address = address,
                                 .size = (uint8_t)esr_access_size(esr),
                                 .vcpu = vcpu->index,
                                 .write = esr_access_is_write(esr)};

    if (access.write)
        access.value = trap_register_read(vcpu, esr_access_register(esr)) & size_mask(access.size);
    if (mmio_bus_access(&vcpu->domain->bus, &access) != MMIO_HANDLED)
        return false;
    if (!access.write)
        trap_register_write(vcpu, esr_access_register(esr), extend(esr, access.value));
    vcpu->statistics.mmio++;
    return true;
}

/* Mostly an access to an emulated device: looked for first, since there is none where there is RAM. */
static void data_abort(struct vcpu *vcpu, const struct arch_exit *exit)
{
    if (esr_is_access(exit->esr) && emulate(vcpu, exit->esr, esr_fault_address(exit->esr, exit->far, exit->hpfar)))
        trap_skip_instruction(vcpu, esr_instruction_length(exit->esr));
    else
        memory_abort(vcpu, exit);
}

typedef void handler(struct vcpu *vcpu, const struct arch_exit *exit);

/* By exception class. What is not here is an instruction that this machine does not have, as far as the guest is
 * concerned. */
static handler *const handlers[ESR_EC_COUNT] = {
    [ESR_EC_WFX] = wait,
    [ESR_EC_HVC64] = hypervisor_call,
    [ESR_EC_SMC64] = secure_monitor_call,
    [ESR_EC_SYSREG] = system_register,
    [ESR_EC_INSTRUCTION_ABORT] = memory_abort,
    [ESR_EC_DATA_ABORT] = data_abort,
};

void trap_handle(struct vcpu *vcpu, const struct arch_exit *exit)
{
    if (exit->reason != ARCH_EXIT_SYNC) {
        domain_stop(vcpu->domain, DOMAIN_FAILED, DOMAIN_SERROR);
        return;
    }
    handler *handle = handlers[esr_class(exit->esr)];
    if (handle != NULL)
        handle(vcpu, exit);
    else
        undefined(vcpu, exit);
}
