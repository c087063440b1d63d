/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's interrupt controller, of whichever version: its inputs, and what it signals. */
#ifndef BULKHEAD_HOSTSIM_GIC_H
#define BULKHEAD_HOSTSIM_GIC_H

#include "hostsim/machine/machine.h"

/** What becomes of a guest's access to a system register. */
enum sim_gic_access {
    SIM_GIC_OTHER, /* it is not one of the GIC's */
    SIM_GIC_DONE,
    SIM_GIC_TRAPS, /* to EL2, EC 0x18 */
    SIM_GIC_TRAPS_TO_EL1,
    SIM_GIC_UNDEFINED,
};

/** A list register, whichever version's. */
struct sim_list_register {
    bool used, linked; /* pending or active; to a physical interrupt */
    unsigned intid, physical;
    bool physically_active;
};

/** A shared interrupt, as the distributor has it. */
struct sim_shared_interrupt {
    bool enabled, pending, active;
    uint32_t targets; /* bit per CPU, by index */
};

/** What a version does about the functions below. */
struct sim_gic_operations {
    void (*destroy)(struct sim_gic *gic);
    void (*set_private)(struct sim_gic *gic, struct sim_cpu *cpu, unsigned intid, bool level);
    void (*set_shared)(struct sim_gic *gic, unsigned intid, bool level);
    bool (*signals)(struct sim_gic *gic, struct sim_cpu *cpu);
    bool (*signals_virtual)(struct sim_gic *gic, struct sim_cpu *cpu);
    void (*check_entry)(struct sim_gic *gic, struct sim_cpu *cpu);
    bool (*list_register)(struct sim_gic *gic, const struct sim_cpu *cpu, unsigned index, struct sim_list_register *lr);
    bool (*shared)(struct sim_gic *gic, unsigned intid, struct sim_shared_interrupt *interrupt);
    /* System registers, of version 3 alone. @p number is an enum arch_gic_register, @p encoding as guest.h's. */
    uint64_t (*register_read)(struct sim_gic *gic, struct sim_cpu *cpu, unsigned number);
    void (*register_write)(struct sim_gic *gic, struct sim_cpu *cpu, unsigned number, uint64_t value);
    enum sim_gic_access (*guest_register)(struct sim_gic *gic, struct sim_cpu *cpu, uint32_t encoding, bool read,
                                          uint64_t *value);
};

/** Begins the structure of every version. */
struct sim_gic {
    const struct sim_gic_operations *operations;
    unsigned version;
};

void sim_gic_destroy(struct sim_gic *gic);

/** @return the version of the machine's GIC, 2 or 3; 0 where it has none. */
unsigned sim_gic_version(const struct sim_machine *machine);

/** Input lines. Edge-triggered inputs latch when the level rises. */
void sim_gic_set_private(struct sim_cpu *cpu, unsigned intid, bool level);
/** The line of PPI @p intid, by which the virtual interface calls for the hypervisor. */
void sim_gic_set_maintenance(struct sim_cpu *cpu, unsigned intid, bool level);
void sim_gic_set_shared(struct sim_machine *machine, unsigned intid, bool level);

/** @return false: the GIC has no such shared interrupt. */
bool sim_gic_shared(const struct sim_machine *machine, unsigned intid, struct sim_shared_interrupt *interrupt);

/** @return whether the CPU interface signals an interrupt to @p cpu. A machine without GIC never does. */
bool sim_gic_signals(struct sim_cpu *cpu);
/** @return whether the virtual CPU interface signals one to the guest. */
bool sim_gic_signals_virtual(struct sim_cpu *cpu);
/** Fails the run if the list registers are in a state that the manual forbids. Before a guest is entered. */
void sim_gic_check_entry(struct sim_cpu *cpu);
/** @return false past the last list register of @p cpu. */
bool sim_gic_list_register(const struct sim_cpu *cpu, unsigned index, struct sim_list_register *lr);

/** A guest's access to a system register. @param value  what it writes, or where what it reads goes */
enum sim_gic_access sim_gic_guest_register(struct sim_cpu *cpu, uint32_t encoding, bool read, uint64_t *value);

/* gicv2.c */
#define GICV2_MAX_CPUS 8

struct gicv2_frames {
    uint64_t distributor, cpu_interface, hyp_interface, virtual_interface; /* bases; 0: has none */
    uint64_t cpu_interface_size, virtual_interface_size;
};

struct sim_gic *gicv2_create(struct sim_machine *machine, const struct gicv2_frames *frames);

/* gicv3.c */
#define GICV3_MAX_REGIONS 8

struct gicv3_frames {
    uint64_t distributor;
    struct {
        uint64_t base, size;
    } redistributors[GICV3_MAX_REGIONS];
    unsigned redistributor_count;
    uint64_t redistributor_stride; /* 0: two frames */
};

struct sim_gic *gicv3_create(struct sim_machine *machine, const struct gicv3_frames *frames);

#endif
