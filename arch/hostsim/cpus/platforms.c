// SPDX-License-Identifier: Apache-2.0
/* How long things take on the machines that are known. */
#include <string.h>

#include "hostsim/machine/machine.h"

static const struct sim_platform platforms[] = {
    /* Round figures for tests: all that takes time is a contract call, which stands for the code around it, too. A run
     * is the same on every host and with every compiler. */
    {
        .name = "calls",
        .description = "contract calls take time, computing takes none",
        .costs = {[SIM_COST_CALL] = 4,        [SIM_COST_LOCK] = 8,
                  [SIM_COST_TIMER] = 4,       [SIM_COST_MMIO] = 6,
                  [SIM_COST_WINDOW] = 30,     [SIM_COST_MAP] = 60,
                  [SIM_COST_ZERO_LINE] = 3,   [SIM_COST_COPY_LINE] = 10,
                  [SIM_COST_CLEAN_LINE] = 3,  [SIM_COST_TLB] = 20,
                  [SIM_COST_ICACHE] = 6,      [SIM_COST_SMC] = 10,
                  [SIM_COST_CPU_ON] = 2000,   [SIM_COST_START] = 0,
                  [SIM_COST_WAKE] = 10,       [SIM_COST_EVENT_STREAM] = 100000,
                  [SIM_COST_VCPU_LOAD] = 120, [SIM_COST_VCPU_ENTER] = 75,
                  [SIM_COST_VCPU_EXIT] = 75,  [SIM_COST_GUEST] = 10,
                  [SIM_COST_GIC] = 4},
    },
    /* Instructions of the aarch64 backend, and of the vectors, for a call; a basic block of core is five instructions.
     * bench/predict.py compares with QEMU. */
    {
        .name = "qemu-virt",
        .description = "QEMU -icount shift=0: a nanosecond is an instruction",
        .costs = {[SIM_COST_CALL] = 4,        [SIM_COST_LOCK] = 8,
                  [SIM_COST_TIMER] = 4,       [SIM_COST_MMIO] = 2,
                  [SIM_COST_WINDOW] = 30,     [SIM_COST_MAP] = 60,
                  [SIM_COST_ZERO_LINE] = 3,   [SIM_COST_COPY_LINE] = 10,
                  [SIM_COST_CLEAN_LINE] = 3,  [SIM_COST_TLB] = 20,
                  [SIM_COST_ICACHE] = 6,      [SIM_COST_SMC] = 10,
                  [SIM_COST_CPU_ON] = 2000,   [SIM_COST_START] = 15000,
                  [SIM_COST_WAKE] = 10,       [SIM_COST_EVENT_STREAM] = 100000,
                  [SIM_COST_VCPU_LOAD] = 120, [SIM_COST_VCPU_ENTER] = 75,
                  [SIM_COST_VCPU_EXIT] = 75,  [SIM_COST_GUEST] = 1,
                  [SIM_COST_GIC] = 4},
        .block = 5000,
        .tree_call = 250000,
        .tree_byte = 4000,
        .inflated_byte = 6000,
    },
    /* Four Cortex-A53 at 1.2 GHz with DDR4-2400: estimated, not measured, from the cores' manual and the usual figures
     * of such boards. An instruction takes a cycle and a half (two wide, in order, code that runs once misses its
     * caches); a device register behind the interconnect about 120 ns; memory is copied at 1.6 and zeroed at 3.2 GB/s,
     * each line cleaned; a call of the firmware goes through EL3 and back; CPU_ON powers a core up. */
    {
        .name = "zynqmp",
        .description = "ZynqMP, Cortex-A53 at 1.2 GHz: estimated, not measured",
        .costs = {[SIM_COST_CALL] = 5,        [SIM_COST_LOCK] = 20,
                  [SIM_COST_TIMER] = 20,      [SIM_COST_MMIO] = 120,
                  [SIM_COST_WINDOW] = 150,    [SIM_COST_MAP] = 200,
                  [SIM_COST_ZERO_LINE] = 20,  [SIM_COST_COPY_LINE] = 40,
                  [SIM_COST_CLEAN_LINE] = 15, [SIM_COST_TLB] = 200,
                  [SIM_COST_ICACHE] = 100,    [SIM_COST_SMC] = 400,
                  [SIM_COST_CPU_ON] = 50000,  [SIM_COST_START] = 30000,
                  [SIM_COST_WAKE] = 100,      [SIM_COST_EVENT_STREAM] = 100000,
                  [SIM_COST_VCPU_LOAD] = 200, [SIM_COST_VCPU_ENTER] = 120,
                  [SIM_COST_VCPU_EXIT] = 120, [SIM_COST_GUEST] = 2,
                  [SIM_COST_GIC] = 15},
        .block = 6250,
        .tree_call = 310000,
        .tree_byte = 5000,
        .inflated_byte = 7500,
    },
};

const struct sim_platform *sim_platform_find(const char *name)
{
    for (unsigned i = 0; i < ARRAY_SIZE(platforms); i++)
        if (name == NULL || strcmp(platforms[i].name, name) == 0)
            return &platforms[i];
    return NULL;
}

const char *sim_platform_name(unsigned index, const char **description)
{
    if (index >= ARRAY_SIZE(platforms))
        return NULL;
    *description = platforms[index].description;
    return platforms[index].name;
}
