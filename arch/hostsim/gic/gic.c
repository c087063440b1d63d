// SPDX-License-Identifier: Apache-2.0
/* What the rest of the machine asks of its interrupt controller, handed to the version that it has. */
#include "hostsim/gic/gic.h"

static struct sim_gic *gic_of(const struct sim_cpu *cpu)
{
    return cpu->machine != NULL ? cpu->machine->gic : NULL;
}

void sim_gic_destroy(struct sim_gic *gic)
{
    if (gic != NULL)
        gic->operations->destroy(gic);
}

unsigned sim_gic_version(const struct sim_machine *machine)
{
    return machine != NULL && machine->gic != NULL ? machine->gic->version : 0;
}

void sim_gic_set_private(struct sim_cpu *cpu, unsigned intid, bool level)
{
    struct sim_gic *gic = gic_of(cpu);
    if (gic != NULL)
        gic->operations->set_private(gic, cpu, intid, level);
}

void sim_gic_set_maintenance(struct sim_cpu *cpu, unsigned intid, bool level)
{
    if (level && !cpu->maintenance && sim_fault_due(cpu->machine, SIM_FAULT_MAINTENANCE_STORM))
        cpu->maintenance_stuck = true;
    cpu->maintenance = level;
    sim_gic_set_private(cpu, intid, level || cpu->maintenance_stuck);
}

void sim_gic_set_shared(struct sim_machine *machine, unsigned intid, bool level)
{
    if (machine->gic != NULL)
        machine->gic->operations->set_shared(machine->gic, intid, level);
}

bool sim_gic_shared(const struct sim_machine *machine, unsigned intid, struct sim_shared_interrupt *interrupt)
{
    return machine->gic != NULL && machine->gic->operations->shared(machine->gic, intid, interrupt);
}

bool sim_gic_signals(struct sim_cpu *cpu)
{
    struct sim_gic *gic = gic_of(cpu);
    return gic != NULL && gic->operations->signals(gic, cpu);
}

bool sim_gic_signals_virtual(struct sim_cpu *cpu)
{
    struct sim_gic *gic = gic_of(cpu);
    return gic != NULL && gic->operations->signals_virtual(gic, cpu);
}

bool sim_gic_list_register(const struct sim_cpu *cpu, unsigned index, struct sim_list_register *lr)
{
    struct sim_gic *gic = cpu->machine->gic;
    return gic != NULL && gic->operations->list_register(gic, cpu, index, lr);
}

void sim_gic_check_entry(struct sim_cpu *cpu)
{
    struct sim_gic *gic = gic_of(cpu);
    if (gic != NULL)
        gic->operations->check_entry(gic, cpu);
}

enum sim_gic_access sim_gic_guest_register(struct sim_cpu *cpu, uint32_t encoding, bool read, uint64_t *value)
{
    struct sim_gic *gic = gic_of(cpu);
    if (gic == NULL || gic->operations->guest_register == NULL)
        return SIM_GIC_OTHER;
    return gic->operations->guest_register(gic, cpu, encoding, read, value);
}
