#include "hostsim/machine.h"

/* Nanoseconds, one for each instruction that the aarch64 backend spends on the call and core around it, give or take.
 */
const uint32_t sim_costs_qemu_virt[SIM_COST_COUNT] = {
    [SIM_COST_CALL] = 4,        [SIM_COST_LOCK] = 8,        [SIM_COST_TIMER] = 4,
    [SIM_COST_MMIO] = 6,        [SIM_COST_WINDOW] = 30,     [SIM_COST_MAP] = 60,
    [SIM_COST_ZERO_LINE] = 3,   [SIM_COST_COPY_LINE] = 10,  [SIM_COST_CLEAN_LINE] = 3,
    [SIM_COST_TLB] = 20,        [SIM_COST_ICACHE] = 6,      [SIM_COST_SMC] = 10,
    [SIM_COST_CPU_ON] = 2000,   [SIM_COST_WAKE] = 10,       [SIM_COST_EVENT_STREAM] = 100000,
    [SIM_COST_VCPU_LOAD] = 120, [SIM_COST_VCPU_ENTER] = 75, [SIM_COST_VCPU_EXIT] = 75,
    [SIM_COST_GUEST] = 10,
};
