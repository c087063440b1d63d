// SPDX-License-Identifier: Apache-2.0
/* Interrupts that nobody asked for (faults.h). */
#include "hostsim/gic/gicv3_model.h"

#define STRAY_PPI 22 /* nothing of a guest's or the hypervisor's */

/* Makes an interrupt that nobody enabled the first to be taken: once, by an edge, or as long as it stays enabled. */
static void stray(struct gicv3_interrupt *interrupt, const struct sim_cpu *cpu, bool storm)
{
    interrupt->enabled = interrupt->group1 = true;
    interrupt->edge = interrupt->latch = !storm;
    interrupt->line = storm;
    interrupt->route = gicv3_affinity(cpu);
}

/* The first interrupt of the device of a guest that has any. */
static void come_though_disabled(struct gicv3 *gic)
{
    const struct sim_machine *machine = gic->machine;
    struct sim_assigned assigned;
    if (machine->assigned == NULL || !machine->assigned(0, &assigned))
        return;
    struct gicv3_interrupt *interrupt = gicv3_interrupt(gic, NULL, assigned.intid);
    interrupt->despite = true;
}

bool gicv3_fault_acknowledge(struct gicv3 *gic, const struct sim_cpu *cpu)
{
    struct sim_machine *machine = gic->machine;
    if (machine->faults.asked == 0)
        return false;
    struct gicv3_interrupt *last = gicv3_interrupt(gic, NULL, gic->intids - 1);
    if (sim_fault_due(machine, SIM_FAULT_SPURIOUS_SPI))
        stray(last, cpu, false);
    if (sim_fault_due(machine, SIM_FAULT_SPI_STORM))
        stray(last, cpu, true);
    if (sim_fault_due(machine, SIM_FAULT_PPI_STORM))
        stray(gicv3_interrupt(gic, cpu, STRAY_PPI), cpu, true);
    if (sim_fault_due(machine, SIM_FAULT_DEVICE_DISABLED))
        come_though_disabled(gic);
    gicv3_changed(gic);
    return sim_fault_due(machine, SIM_FAULT_SPURIOUS_NONE);
}
