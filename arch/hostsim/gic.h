/* A GICv2 with Virtualization Extensions (IHI 0048B), plainly: one record an interrupt, one pass over them to find the
 * best. */
#ifndef BULKHEAD_HOSTSIM_GIC_H
#define BULKHEAD_HOSTSIM_GIC_H

#include "hostsim/machine.h"

struct sim_gic_frames {
    uint64_t distributor, cpu_interface, hyp_interface, virtual_interface; /* bases; 0: has none */
    uint64_t cpu_interface_size, virtual_interface_size;
};

struct sim_gic *sim_gic_create(struct sim_machine *machine, const struct sim_gic_frames *frames);
void sim_gic_destroy(struct sim_gic *gic);

/** Input lines. Edge-triggered inputs latch when the level rises. */
void sim_gic_set_private(struct sim_cpu *cpu, unsigned intid, bool level);
void sim_gic_set_shared(struct sim_machine *machine, unsigned intid, bool level);

/** @return whether the CPU interface signals an interrupt to @p cpu. A machine without GIC never does. */
bool sim_gic_signals(struct sim_cpu *cpu);
/** @return whether the virtual CPU interface signals one to the guest. */
bool sim_gic_signals_virtual(struct sim_cpu *cpu);
/** Fails the run if the list registers are in a state that the manual forbids. Before a guest is entered. */
void sim_gic_check_entry(struct sim_cpu *cpu);

#endif
