// SPDX-License-Identifier: Apache-2.0
#include "trap/psci.h"

#include "arch/smc.h"
#include "domain/domain.h"
#include "trap/trap.h"
#include "vcpu/vcpu.h"

#define MIGRATION_NOT_REQUIRED 2
#define POWER_STATE_BITS 0x0301ffffu /* original format: level 25:24, type 16, id 15:0 */

struct arguments {
    uint64_t a[3];
};

static int64_t version(struct vcpu *vcpu, const struct arguments *arguments)
{
    (void)vcpu;
    (void)arguments;
    return PSCI_VERSION_1_1;
}

/* Any power state is answered by standby: the caller of a power-down state must be ready for that (DEN0022 5.4.5). */
static int64_t cpu_suspend(struct vcpu *vcpu, const struct arguments *arguments)
{
    if ((arguments->a[0] & ~(uint64_t)POWER_STATE_BITS) != 0)
        return PSCI_INVALID_PARAMETERS;
    vcpu->statistics.wfi++;
    if (!vgic_has_pending(&vcpu->vgic))
        store_release(&vcpu->state, VCPU_WAITING);
    return PSCI_SUCCESS;
}

/* The stores and loads of all CPUs have one order: of two vCPUs that go off at once, the later one sees both off. */
static bool all_off(const struct domain *domain)
{
    for (unsigned i = 0; i < domain->vcpu_count; i++)
        if (!vcpu_power_is_off(domain->vcpus[i]))
            return false;
    return true;
}

static int64_t cpu_off(struct vcpu *vcpu, const struct arguments *arguments)
{
    (void)arguments;
    vgic_leave(&vcpu->vgic);
    vcpu_power_off(vcpu);
    if (all_off(vcpu->domain))
        domain_stop(vcpu->domain, DOMAIN_OFF, "all its vCPUs were turned off");
    return PSCI_SUCCESS;
}

static struct vcpu *find_vcpu(const struct domain *domain, uint64_t affinity)
{
    for (unsigned i = 0; i < domain->vcpu_count; i++)
        if ((domain->vcpus[i]->arch.vmpidr & ARCH_MPIDR_AFFINITY) == affinity)
            return domain->vcpus[i];
    return NULL;
}

static bool valid_entry(const struct domain *domain, uint64_t entry)
{
    return is_aligned(entry, 4) && trap_is_guest_ram(domain, ipa(entry));
}

static int64_t cpu_on(struct vcpu *vcpu, const struct arguments *arguments)
{
    struct vcpu *target = find_vcpu(vcpu->domain, arguments->a[0]);

    if (target == NULL)
        return PSCI_INVALID_PARAMETERS;
    if (!valid_entry(vcpu->domain, arguments->a[1]))
        return PSCI_INVALID_ADDRESS;
    return vcpu_power_on(target, arguments->a[1], arguments->a[2]);
}

/* A group of CPUs is on if one of them is, else about to be if one of them is, else off. */
static int64_t affinity_info(struct vcpu *vcpu, const struct arguments *arguments)
{
    static const uint64_t group_masks[] = {ARCH_MPIDR_AFFINITY, 0xff00ffff00, 0xff00ff0000, 0xff00000000};
    const struct domain *domain = vcpu->domain;
    int64_t answer = PSCI_INVALID_PARAMETERS;

    if (arguments->a[1] >= ARRAY_SIZE(group_masks) || (arguments->a[0] & ~ARCH_MPIDR_AFFINITY) != 0)
        return PSCI_INVALID_PARAMETERS;
    uint64_t mask = group_masks[arguments->a[1]];
    for (unsigned i = 0; i < domain->vcpu_count; i++) {
        if (((domain->vcpus[i]->arch.vmpidr ^ arguments->a[0]) & mask) != 0)
            continue;
        int64_t state = vcpu_power_info(domain->vcpus[i]);
        if (state == VCPU_POWER_ON)
            return VCPU_POWER_ON;
        if (answer != VCPU_POWER_ON_PENDING)
            answer = state;
    }
    return answer;
}

static int64_t migrate_info_type(struct vcpu *vcpu, const struct arguments *arguments)
{
    (void)vcpu;
    (void)arguments;
    return MIGRATION_NOT_REQUIRED;
}

static int64_t system_off(struct vcpu *vcpu, const struct arguments *arguments)
{
    (void)arguments;
    domain_stop(vcpu->domain, DOMAIN_OFF, "powered off");
    return PSCI_SUCCESS;
}

static int64_t system_reset(struct vcpu *vcpu, const struct arguments *arguments)
{
    (void)arguments;
    /* A domain cannot fill the console by its restarts: as long as the last one's output waits for the UART, it asks
     * again, in its own time. */
    if (!console_settled(&vcpu->domain->console)) {
        vcpu->arch.regs.pc -= 4;
        return (int64_t)vcpu->arch.regs.x[0];
    }
    domain_restart(vcpu->domain);
    return PSCI_SUCCESS;
}

/* Type 0 is the one architectural reset there is; types with bit 31 set are a vendor's (DEN0022 5.11). */
static int64_t system_reset2(struct vcpu *vcpu, const struct arguments *arguments)
{
    return (uint32_t)arguments->a[0] == 0 ? system_reset(vcpu, arguments) : PSCI_INVALID_PARAMETERS;
}

static int64_t features(struct vcpu *vcpu, const struct arguments *arguments);

struct psci_function {
    int64_t (*call)(struct vcpu *vcpu, const struct arguments *arguments);
    bool wide; /* has an SMC64 form as well */
};

/* By the low bits of the function number. What is not here is optional and PSCI_NOT_SUPPORTED. */
static const struct psci_function functions[PSCI_NUMBER + 1] = {
    [0x00] = {version, false},      [0x01] = {cpu_suspend, true},   [0x02] = {cpu_off, false},
    [0x03] = {cpu_on, true},        [0x04] = {affinity_info, true}, [0x06] = {migrate_info_type, false},
    [0x08] = {system_off, false},   [0x09] = {system_reset, false}, [0x0a] = {features, false},
    [0x12] = {system_reset2, true},
};

static const struct psci_function *find_function(uint32_t function)
{
    const struct psci_function *found = &functions[function & PSCI_NUMBER];

    return found->call != NULL && (found->wide || (function & SMCCC_WIDE) == 0) ? found : NULL;
}

/* 0 for CPU_SUSPEND says: power_state in its original format, no OS-initiated mode (DEN0022 5.16). */
static int64_t features(struct vcpu *vcpu, const struct arguments *arguments)
{
    uint32_t function = (uint32_t)arguments->a[0];

    (void)vcpu;
    if (function == SMCCC_VERSION)
        return PSCI_SUCCESS;
    return psci_owns(function) && function > PSCI_NUMBER && find_function(function) != NULL ? PSCI_SUCCESS
                                                                                            : PSCI_NOT_SUPPORTED;
}

/* PSCI 0.1 had no fixed numbers: these two are what a guest's device tree gives. */
static uint32_t modern_number(uint32_t function)
{
    switch (function) {
    case 1:
        return PSCI_CPU_OFF;
    case 2:
        return PSCI_CPU_ON;
    default:
        return function;
    }
}

uint64_t psci_call(struct vcpu *vcpu, uint32_t function)
{
    const uint64_t *x = vcpu->arch.regs.x;
    uint32_t number = modern_number(function);
    const struct psci_function *found = find_function(number);
    uint64_t mask = (number & SMCCC_WIDE) != 0 ? UINT64_MAX : UINT32_MAX;

    if (found == NULL)
        return (uint64_t)PSCI_NOT_SUPPORTED;
    return (uint64_t)found->call(vcpu, &(struct arguments){{x[1] & mask, x[2] & mask, x[3] & mask}});
}
