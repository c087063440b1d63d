/* SPDX-License-Identifier: Apache-2.0 */
/* A GICv2 with Virtualization Extensions (IHI 0048B), plainly: one record an interrupt, one pass over them to find the
 * best. */
#ifndef BULKHEAD_HOSTSIM_GICV2_MODEL_H
#define BULKHEAD_HOSTSIM_GICV2_MODEL_H

#include "hostsim/gic/gic.h"

#define GIC_PRIVATE 32
#define GIC_INTIDS 1020
#define GIC_NONE_PENDING 1023
#define GIC_WRONG_GROUP 1022
#define GIC_PRIORITY_MASK 0xf8u /* 32 levels, as GIC-400 implements */
#define GIC_PREEMPTION_LEVELS 32
#define GIC_PPI_MAINTENANCE 25
#define GIC_MAX_LIST_REGISTERS 64

struct gicv2_interrupt {
    bool enabled, edge, group1;
    bool latch;   /* pending by an edge, by ISPENDR; SGIs use sgi_sources */
    bool line;    /* input of a level-triggered one */
    bool late;    /* its line dropped, but it is still on its way to the CPU */
    bool despite; /* a fault: comes once more, enabled or not */
    bool active;
    uint8_t priority;
    uint8_t targets;     /* SPIs */
    uint8_t sgi_sources; /* SGIs: bit per requesting CPU */
};

/** One CPU's interface. What it has acknowledged and not yet ended is a stack: each preempted the one below. */
struct gicv2_cpu_interface {
    uint32_t control, priority_mask, binary_point, aliased_binary_point;
    struct {
        uint16_t intid;
        uint8_t source;
        uint8_t group_priority;
    } running[GIC_PREEMPTION_LEVELS];
    unsigned depth;
    uint64_t best_version;
    unsigned best; /* INTID, valid for best_version */
};

/** One CPU's virtual interface: GICH on one side, GICV on the other. */
struct gicv2_virtual {
    uint32_t hcr; /* without EOICount */
    uint32_t eoi_count;
    uint32_t control; /* GICV_CTLR */
    uint32_t priority_mask, binary_point, aliased_binary_point;
    uint32_t apr;
    uint32_t lr[GIC_MAX_LIST_REGISTERS];
};

struct gicv2 {
    struct sim_gic base;
    struct sim_machine *machine;
    bool security;
    bool aliased; /* each 4 KiB page of GICC and GICV takes 64 KiB, in which it repeats (as on ZynqMP) */
    unsigned intids;
    uint32_t control;
    struct gicv2_interrupt private[SIM_MAX_CPUS][GIC_PRIVATE];
    struct gicv2_interrupt shared[GIC_INTIDS - GIC_PRIVATE];
    struct gicv2_cpu_interface interfaces[SIM_MAX_CPUS];
    struct gicv2_virtual virtuals[SIM_MAX_CPUS];
    uint64_t version; /* changes whenever anything above does */
};

/** @return the interrupt as @p cpu sees it; NULL past the end. */
struct gicv2_interrupt *gicv2_interrupt(struct gicv2 *gic, const struct sim_cpu *cpu, unsigned intid);
/** Call after any change: wakes CPUs that now have an interrupt. */
void gicv2_changed(struct gicv2 *gic);
bool gicv2_is_pending(const struct gicv2_interrupt *interrupt);
/** Takes the aliases off an offset into GICC or GICV. */
uint64_t gicv2_unalias(const struct gicv2 *gic, uint64_t offset);
void gicv2_deactivate(struct gicv2 *gic, const struct sim_cpu *cpu, unsigned intid);

/** A register, or some in a row, of a frame that belongs to the hypervisor. */
struct gicv2_register {
    uint16_t offset, words;
    enum gicv2_access { GICV2_READ = 1, GICV2_WRITE = 2, GICV2_READ_WRITE = 3 } access;
    uint32_t bits; /* of which others may be written as 0 only */
};
/** Fails the run for an access that the manual leaves without meaning. @param value  what is written */
void gicv2_check_access(const char *frame, const struct gicv2_register *registers, unsigned count, uint64_t offset,
                        enum gicv2_access access, uint64_t value);

/* Register frames; the signatures of struct sim_device. */
bool gicv2_distributor_read(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value);
bool gicv2_distributor_write(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value);
bool gicv2_interface_read(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value);
bool gicv2_interface_write(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value);
bool gicv2_hyp_read(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value);
bool gicv2_hyp_write(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value);
bool gicv2_virtual_read(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value);
bool gicv2_virtual_write(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value);

/* struct sim_gic_operations */
bool gicv2_signals_virtual(struct sim_gic *any, struct sim_cpu *cpu);
void gicv2_check_entry(struct sim_gic *any, struct sim_cpu *cpu);
bool gicv2_list_register(struct sim_gic *any, const struct sim_cpu *cpu, unsigned index, struct sim_list_register *lr);

/* gicv2_faults.c: before an acknowledge. @return whether it is to find nothing */
bool gicv2_fault_acknowledge(struct gicv2 *gic, const struct sim_cpu *cpu);

/** Power-on values of one CPU's virtual interface. */
void gicv2_virtual_reset(struct gicv2_virtual *interface);

#endif
