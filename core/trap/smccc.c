// SPDX-License-Identifier: Apache-2.0
/* The SMC Calling Convention for guests (DEN0028), by HVC and SMC alike: Arm architecture calls here, PSCI in psci.c.
 */
#include "arch/smc.h"
#include "trap/psci.h"
#include "trap/trap.h"

#define VERSION 0x80000000
#define ARCH_FEATURES 0x80000001
#define WORKAROUND_1 0x80008000 /* branch predictor, CVE-2017-5715 */
#define WORKAROUND_2 0x80007fff /* speculative store bypass, CVE-2018-3639 */
#define WORKAROUND_3 0x80003fff /* branch history, CVE-2022-23960 */

#define VERSION_1_1 0x10001
#define SUCCESS 0
#define NOT_SUPPORTED (-1)
#define NOT_REQUIRED (-2)

#define PSCI_VERSION 0x84000000
#define PSCI_FEATURES 0x8400000a
#define PSCI_VERSION_1_0 0x10000

/* Asks the firmware in the order that DEN0028 appendix B gives, so that one too old to know the question is never asked
 * it. Not kept: the answer may differ between the CPUs of one machine, and a guest asks once for each. */
static int64_t firmware_feature(uint32_t function)
{
    if ((int32_t)arch_smc(PSCI_VERSION, 0, 0, 0) < PSCI_VERSION_1_0 ||
        (int32_t)arch_smc(PSCI_FEATURES, VERSION, 0, 0) < 0 || (int32_t)arch_smc(VERSION, 0, 0, 0) < VERSION_1_1)
        return NOT_SUPPORTED;
    return (int32_t)arch_smc(ARCH_FEATURES, function, 0, 0);
}

static int64_t arch_features(uint32_t function)
{
    switch (function) {
    case VERSION:
    case ARCH_FEATURES:
        return SUCCESS;
    case WORKAROUND_1:
    case WORKAROUND_3:
        return firmware_feature(function);
    case WORKAROUND_2: {
        /* A switch of the firmware's that would act on the CPU, not on the guest: left on, and so not the guest's
         * concern. */
        int64_t answer = firmware_feature(function);
        return answer == SUCCESS ? NOT_REQUIRED : answer;
    }
    default:
        return NOT_SUPPORTED;
    }
}

static int64_t architecture_call(const struct vcpu *vcpu, uint32_t function)
{
    switch (function) {
    case VERSION:
        return VERSION_1_1;
    case ARCH_FEATURES:
        return arch_features((uint32_t)vcpu->arch.regs.x[1]);
    case WORKAROUND_1:
    case WORKAROUND_3:
        return (int32_t)arch_smc(function, 0, 0, 0);
    default:
        return NOT_SUPPORTED;
    }
}

void smccc_call(struct vcpu *vcpu)
{
    uint32_t function = (uint32_t)vcpu->arch.regs.x[0];
    uint64_t answer = psci_owns(function) ? psci_call(vcpu, function) : (uint64_t)architecture_call(vcpu, function);

    vcpu->arch.regs.x[0] = answer;
}
