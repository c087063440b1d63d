// SPDX-License-Identifier: Apache-2.0
/* Interrupts that nobody asked for (faults.h). */
#include "hostsim/gic/gicv2_model.h"

#define STRAY_PPI 22 /* nothing of a guest's or the hypervisor's */

/* Makes an interrupt that nobody enabled the first to be taken: once, by an edge, or as long as it stays enabled. */
static void stray(struct gicv2_interrupt *interrupt, bool storm)
{
    interrupt->enabled = true;
    interrupt->edge = !storm;
    interrupt->latch = !storm;
    interrupt->line = storm;
    interrupt->targets = 0xff;
}

/* The first interrupt of the device of a guest that has any. */
static void come_though_disabled(struct gicv2 *gic)
{
    const struct sim_machine *machine = gic->machine;
    struct sim_assigned assigned;
    if (machine->assigned == NULL || !machine->assigned(0, &assigned))
        return;
    struct gicv2_interrupt *interrupt = gicv2_interrupt(gic, NULL, assigned.intid);
    interrupt->despite = true;
}

bool gicv2_fault_acknowledge(struct gicv2 *gic, const struct sim_cpu *cpu)
{
    struct sim_machine *machine = gic->machine;
    if (machine->faults.asked == 0)
        return false;
    struct gicv2_interrupt *last = &gic->shared[gic->intids - GIC_PRIVATE - 1];
    if (sim_fault_due(machine, SIM_FAULT_SPURIOUS_SPI))
        stray(last, false);
    if (sim_fault_due(machine, SIM_FAULT_SPI_STORM))
        stray(last, true);
    if (sim_fault_due(machine, SIM_FAULT_PPI_STORM))
        stray(&gic->private[cpu->index][STRAY_PPI], true);
    if (sim_fault_due(machine, SIM_FAULT_DEVICE_DISABLED))
        come_though_disabled(gic);
    gicv2_changed(gic);
    return sim_fault_due(machine, SIM_FAULT_SPURIOUS_NONE);
}
