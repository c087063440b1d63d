#include "arch/smc.h"

#include "fault.h"

#define SMCCC_NOT_SUPPORTED UINT64_MAX

uint64_t smc_call(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);

/** The first call happens at boot, when no guest's registers are live that the fault of a missing EL3 would destroy. */
uint64_t arch_smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
    return fault_smc_is_undefined() ? SMCCC_NOT_SUPPORTED : smc_call(function, a1, a2, a3);
}
