/* The GIC model's inside. */
#ifndef BULKHEAD_HOSTSIM_GIC_MODEL_H
#define BULKHEAD_HOSTSIM_GIC_MODEL_H

#include "hostsim/gic.h"

#define GIC_PRIVATE 32
#define GIC_INTIDS 1020
#define GIC_NONE_PENDING 1023
#define GIC_WRONG_GROUP 1022
#define GIC_PRIORITY_MASK 0xf8u /* 32 levels, as GIC-400 implements */
#define GIC_PREEMPTION_LEVELS 32
#define GIC_PPI_MAINTENANCE 25
#define GIC_MAX_LIST_REGISTERS 64

struct gic_interrupt {
    bool enabled, edge, group1;
    bool latch; /* pending by an edge, by ISPENDR; SGIs use sgi_sources */
    bool line;  /* input of a level-triggered one */
    bool active;
    uint8_t priority;
    uint8_t targets;     /* SPIs */
    uint8_t sgi_sources; /* SGIs: bit per requesting CPU */
};

/** One CPU's interface. What it has acknowledged and not yet ended is a stack: each preempted the one below. */
struct gic_cpu_interface {
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
struct gic_virtual {
    uint32_t hcr; /* without EOICount */
    uint32_t eoi_count;
    uint32_t control; /* GICV_CTLR */
    uint32_t priority_mask, binary_point, aliased_binary_point;
    uint32_t apr;
    uint32_t lr[GIC_MAX_LIST_REGISTERS];
};

struct sim_gic {
    struct sim_machine *machine;
    bool security;
    bool aliased; /* each 4 KiB page of GICC and GICV takes 64 KiB, in which it repeats (as on ZynqMP) */
    unsigned intids;
    uint32_t control;
    struct gic_interrupt private[SIM_MAX_CPUS][GIC_PRIVATE];
    struct gic_interrupt shared[GIC_INTIDS - GIC_PRIVATE];
    struct gic_cpu_interface interfaces[SIM_MAX_CPUS];
    struct gic_virtual virtuals[SIM_MAX_CPUS];
    uint64_t version; /* changes whenever anything above does */
};

/** @return the interrupt as @p cpu sees it; NULL past the end. */
struct gic_interrupt *gic_interrupt(struct sim_gic *gic, const struct sim_cpu *cpu, unsigned intid);
/** Call after any change: wakes CPUs that now have an interrupt. */
void gic_changed(struct sim_gic *gic);
bool gic_is_pending(const struct gic_interrupt *interrupt);
/** Takes the aliases off an offset into GICC or GICV. */
uint64_t gic_unalias(const struct sim_gic *gic, uint64_t offset);
void gic_deactivate(struct sim_gic *gic, const struct sim_cpu *cpu, unsigned intid);

/* Register frames; the signatures of struct sim_device. */
bool gic_distributor_read(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value);
bool gic_distributor_write(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value);
bool gic_interface_read(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value);
bool gic_interface_write(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value);
bool gic_hyp_read(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value);
bool gic_hyp_write(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value);
bool gic_virtual_read(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value);
bool gic_virtual_write(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value);

/** Power-on values of one CPU's virtual interface. */
void gic_virtual_reset(struct gic_virtual *interface);

#endif
