// SPDX-License-Identifier: Apache-2.0
/* core/arch/smc.h: PSCI 1.1 (DEN0022) and SMCCC 1.1 (DEN0028) as firmware at EL3 answers them. */
#include "arch/smc.h"

#include "hostsim/machine/machine.h"

#define NOT_SUPPORTED UINT64_MAX
/* Numbers of the model's own: core is to be found out where it has a wrong one. */
#define EL3_SMCCC_VERSION 0x80000000u
#define EL3_PSCI_VERSION 0x84000000u
#define EL3_PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define EL3_PSCI_SYSTEM_OFF 0x84000008u
#define EL3_PSCI_SYSTEM_RESET 0x84000009u
#define EL3_PSCI_FEATURES 0x8400000au
#define EL3_PSCI_CPU_ON 0xc4000003u
#define EL3_PSCI_AFFINITY_INFO 0xc4000004u

static bool known(uint32_t function)
{
    static const uint32_t functions[] = {EL3_SMCCC_VERSION,   EL3_PSCI_VERSION,      EL3_PSCI_MIGRATE_INFO_TYPE,
                                         EL3_PSCI_SYSTEM_OFF, EL3_PSCI_SYSTEM_RESET, EL3_PSCI_FEATURES,
                                         EL3_PSCI_CPU_ON,     EL3_PSCI_AFFINITY_INFO};
    for (unsigned i = 0; i < ARRAY_SIZE(functions); i++)
        if (functions[i] == function)
            return true;
    return false;
}

static uint64_t affinity_info(const struct sim_machine *machine, uint64_t mpidr)
{
    for (unsigned i = 0; i < machine->cpu_count; i++) {
        const struct sim_cpu *cpu = &machine->cpus[i];
        if (cpu->mpidr == mpidr)
            return cpu->state != SIM_CPU_OFF ? 0 : cpu->starting ? 2 : 1;
    }
    return (uint64_t)-2; /* INVALID_PARAMETERS */
}

/* @return whether a fault answers in the firmware's place. */
static bool fails(const struct sim_machine *machine, uint32_t function)
{
    return sim_fault_asked(machine, SIM_FAULT_PSCI_MISSING, NULL) ||
           sim_fault_asked(machine, SIM_FAULT_PSCI_0_1, NULL) ||
           (function == EL3_PSCI_SYSTEM_OFF && sim_fault_asked(machine, SIM_FAULT_SYSTEM_OFF_RETURNS, NULL));
}

static uint64_t call(struct sim_cpu *cpu, uint32_t function, uint64_t a1)
{
    switch (function) {
    case EL3_SMCCC_VERSION:
    case EL3_PSCI_VERSION:
        return 0x10001;
    case EL3_PSCI_MIGRATE_INFO_TYPE:
        return 2; /* no trusted OS that needs migration */
    case EL3_PSCI_SYSTEM_OFF:
        sim_finish(cpu->machine, SIM_END_POWER_OFF, "%s", "");
    case EL3_PSCI_SYSTEM_RESET:
        sim_finish(cpu->machine, SIM_END_RESET, "%s", "");
    case EL3_PSCI_FEATURES:
        return known((uint32_t)a1) ? 0 : NOT_SUPPORTED;
    case EL3_PSCI_AFFINITY_INFO:
        return affinity_info(cpu->machine, a1);
    default:
        return NOT_SUPPORTED;
    }
}

#define SMC64 (1u << 30)

/* Of the answer to a 32-bit call only w0 means anything (DEN0028 3.1): the rest of x0 is what EL3 left there. */
static uint64_t answer(const struct sim_machine *machine, uint32_t function, uint64_t value)
{
    if ((function & SMC64) != 0)
        return value;
    return (uint32_t)value | (machine->steps + machine->options.seed + 1) * 0x9e3779b97f4a7c15 << 32;
}

uint64_t arch_smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
    struct sim_cpu *cpu = sim_this_cpu();
    (void)a2, (void)a3;
    if (cpu->machine == NULL)
        return NOT_SUPPORTED;
    sim_spend(cpu, SIM_COST_SMC, 1);
    bool failed = fails(cpu->machine, (uint32_t)function);
    uint64_t value = sim_firmware_answer(cpu->machine, failed ? NOT_SUPPORTED : call(cpu, (uint32_t)function, a1));
    return answer(cpu->machine, (uint32_t)function, value);
}
