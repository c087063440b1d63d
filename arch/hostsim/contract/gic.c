// SPDX-License-Identifier: Apache-2.0
/* core/arch/gic.h: the system registers of a GICv3. */
#include "arch/gic.h"

#include "hostsim/gic/gic.h"

bool arch_gic_has_registers(void)
{
    return sim_gic_version(sim_this_machine()) == 3;
}

/* The GIC of the CPU that executes this, after the access has taken its time. */
static struct sim_gic *accessed(struct sim_cpu *cpu, enum arch_gic_register number)
{
    if (sim_gic_version(cpu->machine) != 3 || (unsigned)number >= ARCH_GIC_REGISTER_COUNT)
        sim_fail("GIC system register number %d on a machine that has none", (int)number);
    sim_spend(cpu, SIM_COST_GIC, 1);
    return cpu->machine->gic;
}

uint64_t arch_gic_read(enum arch_gic_register number)
{
    struct sim_cpu *cpu = sim_this_cpu();
    struct sim_gic *gic = accessed(cpu, number);
    return gic->operations->register_read(gic, cpu, number);
}

void arch_gic_write(enum arch_gic_register number, uint64_t value)
{
    struct sim_cpu *cpu = sim_this_cpu();
    struct sim_gic *gic = accessed(cpu, number);
    gic->operations->register_write(gic, cpu, number, value);
}
