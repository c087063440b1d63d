// SPDX-License-Identifier: Apache-2.0
/* The SMC Calling Convention for guests (DEN0028), by HVC and SMC alike: Arm architecture calls here, PSCI in psci.c.
 */
#include "arch/smc.h"
#include "trap/psci.h"
#include "trap/trap.h"

/* Asks the firmware in the order that DEN0028 appendix B gives, so that one too old to know the question is never asked
 * it. Not kept: the answer may differ between the CPUs of one machine, and a guest asks once for each. */
static int64_t firmware_feature(uint32_t function)
{
    if ((int32_t)arch_smc(PSCI_VERSION, 0, 0, 0) < PSCI_VERSION_1_0 ||
        (int32_t)arch_smc(PSCI_FEATURES, SMCCC_VERSION, 0, 0) < 0 ||
        (int32_t)arch_smc(SMCCC_VERSION, 0, 0, 0) < SMCCC_VERSION_1_1)
        return SMCCC_NOT_SUPPORTED;
    return (int32_t)arch_smc(SMCCC_ARCH_FEATURES, function, 0, 0);
}

static int64_t arch_features(uint32_t function)
{
    switch (function) {
    case SMCCC_VERSION:
    case SMCCC_ARCH_FEATURES:
        return SMCCC_SUCCESS;
    case SMCCC_ARCH_WORKAROUND_1:
    case SMCCC_ARCH_WORKAROUND_3:
        return firmware_feature(function);
    case SMCCC_ARCH_WORKAROUND_2: {
        /* A switch of the firmware's that would act on the CPU, not on the guest: left on, and so not the guest's
         * concern. */
        int64_t answer = firmware_feature(function);
        return answer == SMCCC_SUCCESS ? SMCCC_NOT_REQUIRED : answer;
    }
    default:
        return SMCCC_NOT_SUPPORTED;
    }
}

static int64_t architecture_call(const struct vcpu *vcpu, uint32_t function)
{
    switch (function) {
    case SMCCC_VERSION:
        return SMCCC_VERSION_1_1;
    case SMCCC_ARCH_FEATURES:
        return arch_features((uint32_t)vcpu->arch.regs.x[1]);
    case SMCCC_ARCH_WORKAROUND_1:
    case SMCCC_ARCH_WORKAROUND_3:
        return (int32_t)arch_smc(function, 0, 0, 0);
    default:
        return SMCCC_NOT_SUPPORTED;
    }
}

void smccc_call(struct vcpu *vcpu)
{
    uint32_t function = (uint32_t)vcpu->arch.regs.x[0];
    uint64_t answer = psci_owns(function) ? psci_call(vcpu, function) : (uint64_t)architecture_call(vcpu, function);

    vcpu->arch.regs.x[0] = answer;
}
