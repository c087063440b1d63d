/* SPDX-License-Identifier: Apache-2.0 */
/* The contract, firmware: the secure monitor call of the SMC Calling Convention (DEN0028). */
#ifndef BULKHEAD_ARCH_SMC_H
#define BULKHEAD_ARCH_SMC_H

#include "lib/status.h"
#include "lib/types.h"

/* Functions of the calling convention itself (DEN0028 7), */
#define SMCCC_VERSION 0x80000000
#define SMCCC_ARCH_FEATURES 0x80000001
#define SMCCC_ARCH_WORKAROUND_1 0x80008000 /* branch predictor, CVE-2017-5715 */
#define SMCCC_ARCH_WORKAROUND_2 0x80007fff /* speculative store bypass, CVE-2018-3639 */
#define SMCCC_ARCH_WORKAROUND_3 0x80003fff /* branch history, CVE-2022-23960 */
#define SMCCC_WIDE (1u << 30)              /* SMC64: arguments are 64 bits */
#define SMCCC_VERSION_1_1 0x10001
#define SMCCC_SUCCESS 0
#define SMCCC_NOT_SUPPORTED (-1)
#define SMCCC_NOT_REQUIRED (-2)

/* and of PSCI (DEN0022 5), which the firmware answers to the hypervisor, and the hypervisor to its guests. */
#define PSCI_BASE 0x84000000
#define PSCI_NUMBER 0x1f /* which one of them */
#define PSCI_VERSION 0x84000000
#define PSCI_CPU_OFF 0x84000002
#define PSCI_CPU_ON 0xc4000003
#define PSCI_SYSTEM_OFF 0x84000008
#define PSCI_SYSTEM_RESET 0x84000009
#define PSCI_FEATURES 0x8400000a
#define PSCI_VERSION_1_0 0x10000
#define PSCI_VERSION_1_1 0x10001

/* What PSCI answers (DEN0022 5.2.2). */
#define PSCI_SUCCESS 0
#define PSCI_NOT_SUPPORTED (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_ALREADY_ON (-4)
#define PSCI_ON_PENDING (-5)
#define PSCI_INVALID_ADDRESS (-9)

/** @return what @p answer of CPU_ON means to arch_cpu_start()'s caller. It is int32 in the 32-bit convention and int64
 * in the other; some firmware mixes them up, so that only its low half counts. */
static inline hv_status smc_psci_status(uint64_t answer)
{
    switch ((int32_t)answer) {
    case PSCI_SUCCESS:
        return HV_OK;
    case PSCI_NOT_SUPPORTED:
        return HV_E_UNSUPPORTED;
    case PSCI_INVALID_PARAMETERS:
    case PSCI_INVALID_ADDRESS:
        return HV_E_INVALID;
    case PSCI_ALREADY_ON:
    case PSCI_ON_PENDING:
        return HV_E_BUSY;
    default:
        return HV_E_DENIED;
    }
}

/** Calls EL3. @return x0. Where there is no EL3 to call, SMCCC's NOT_SUPPORTED (-1). */
uint64_t arch_smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);

#endif
