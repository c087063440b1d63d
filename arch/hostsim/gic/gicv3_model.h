/* SPDX-License-Identifier: Apache-2.0 */
/* A GICv3 with the system-register interface and without LPIs (IHI 0069): one record an interrupt, one pass over them
 * to find the best. Affinity routing only: whoever leaves it off is told so. */
#ifndef BULKHEAD_HOSTSIM_GICV3_MODEL_H
#define BULKHEAD_HOSTSIM_GICV3_MODEL_H

#include "arch/gic.h"
#include "hostsim/gic/gic.h"

#define GIC_PRIVATE 32
#define GIC_SGIS 16
#define GIC_INTIDS 1020
#define GIC_NONE_PENDING 1023
#define GIC_PRIORITY_MASK 0xf8u /* 32 levels, each a preemption level */
#define GIC_PREEMPTION_LEVELS 32
#define GIC_LEAST_BINARY_POINT 2 /* of group 0; group 1's is one more */
#define GIC_PPI_MAINTENANCE 25
#define GIC_MAX_LIST_REGISTERS 16
#define GIC_FRAME 0x10000
#define GIC_IIDR 0x0200043b       /* GIC-600 */
#define GIC_SETTLE_NANOSECONDS 60 /* what RWP or ChildrenAsleep tracks takes so long, unless asked otherwise */

#define GICD_ENABLE_GROUP0 (1u << 0)
#define GICD_ENABLE_GROUP1 (1u << 1) /* EnableGrp1A in the Non-secure view */
#define GICD_ARE (1u << 4)
#define GICD_DISABLE_SECURITY (1u << 6)
#define GIC_RWP_DISTRIBUTOR (1u << 31)
#define GIC_RWP_REDISTRIBUTOR (1u << 3)

struct gicv3_interrupt {
    bool enabled, edge, group1;
    bool latch; /* pending by an edge, an SGI or ISPENDR */
    bool line;
    bool late;    /* its line dropped, but it is still on its way to the CPU */
    bool despite; /* a fault: comes once more, enabled or not */
    bool active;
    uint8_t priority;
    uint64_t forwarded_until; /* disabled, but until then it may still arrive */
    uint64_t route;           /* of an SPI: affinity as GICD_IROUTER holds it */
};

struct gicv3_redistributor {
    struct gicv3_interrupt private[GIC_PRIVATE];
    bool sleep;             /* GICR_WAKER.ProcessorSleep */
    uint64_t sleep_settles; /* ChildrenAsleep says the same from this time on */
    uint64_t writes_settle; /* RWP until then */
    bool last, present;     /* GICR_TYPER.Last; false: no region has room for it */
};

/** One CPU's interface (ICC). What it has acknowledged and not yet ended is a stack: each preempted the one below. */
struct gicv3_interface {
    uint32_t sre_el2, sre_el1;
    bool common_binary_point, eoi_mode, mask_hint;
    bool enable_group1;
    uint8_t priority_mask, binary_point1;
    struct {
        uint16_t intid;
        uint8_t group_priority;
    } running[GIC_PREEMPTION_LEVELS];
    unsigned depth;
    uint64_t best_version;
    unsigned best; /* INTID, valid for best_version */
};

/** One CPU's virtual interface: ICH on one side, what a guest takes for ICC on the other. */
struct gicv3_virtual {
    uint32_t hcr; /* without EOIcount */
    uint32_t eoi_count;
    bool enable[2]; /* by group */
    bool common_binary_point, eoi_mode;
    uint8_t priority_mask, binary_point[2];
    uint32_t active[2][4]; /* ICH_AP0Rn_EL2, ICH_AP1Rn_EL2: a bit for each preemption level */
    uint64_t lr[GIC_MAX_LIST_REGISTERS];
};

/** A run of redistributor frames. */
struct gicv3_region {
    struct gicv3 *gic;
    uint64_t stride;
    unsigned first, count; /* CPUs */
};

struct gicv3 {
    struct sim_gic base;
    struct sim_machine *machine;
    bool security;
    unsigned intids;
    unsigned preemption_bits, priority_bits; /* of the virtual interfaces */
    uint64_t write_ns, wake_ns;              /* how long what RWP and what ChildrenAsleep tracks takes */
    uint32_t control;
    uint64_t routing_until; /* affinity routing was turned on, but may be off until then */
    uint64_t groups_until;  /* group 1 was disabled, but may still arrive until then */
    uint64_t writes_settle; /* GICD_CTLR.RWP until then */
    struct gicv3_interrupt shared[GIC_INTIDS - GIC_PRIVATE];
    struct gicv3_redistributor redistributors[SIM_MAX_CPUS];
    struct gicv3_interface interfaces[SIM_MAX_CPUS];
    struct gicv3_virtual virtuals[SIM_MAX_CPUS];
    struct gicv3_region regions[GICV3_MAX_REGIONS];
    uint64_t version; /* changes whenever anything above does */
    uint64_t settles; /* from this time on all writes are everywhere */
};

/* gicv3.c */
/** @return a private interrupt of @p cpu or a shared one; NULL past the end, and for a private one of no CPU. */
struct gicv3_interrupt *gicv3_interrupt(struct gicv3 *gic, const struct sim_cpu *cpu, unsigned intid);
bool gicv3_is_pending(const struct gicv3_interrupt *interrupt);
/** @return whether it is disabled everywhere: nothing of it is on its way. */
bool gicv3_is_quiet(const struct gicv3 *gic, const struct gicv3_interrupt *interrupt);
/** Call after any change: wakes CPUs that now have an interrupt. */
void gicv3_changed(struct gicv3 *gic);
/** A write that RWP tracks begins. @return when it is everywhere; also kept in @p settles */
uint64_t gicv3_write_begins(struct gicv3 *gic, uint64_t *settles);
/** The same for a change that ChildrenAsleep will follow. */
void gicv3_wake_begins(struct gicv3 *gic, uint64_t *settles);
/** Call before an access to what affinity routing gives its meaning. @param frame  "GICD" or "GICR" */
void gicv3_check_routing(const struct gicv3 *gic, const char *frame, const char *name);
/** @return MPIDR's affinity fields. */
uint64_t gicv3_affinity(const struct sim_cpu *cpu);
/** @return the pending interrupt of highest priority that @p cpu would be sent; GIC_NONE_PENDING: none. */
unsigned gicv3_best(struct gicv3 *gic, const struct sim_cpu *cpu);
void gicv3_deactivate(struct gicv3 *gic, const struct sim_cpu *cpu, unsigned intid);

/* gicv3_fields.c: the registers with a field for each interrupt, which GICD and GICR's SGI frame have at the same
 * offsets. @p cpu: whose private interrupts; NULL: the shared ones. @return false where @p offset is in no such
 * register or the size is not taken */
bool gicv3_field_read(struct gicv3 *gic, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value);
bool gicv3_field_write(struct gicv3 *gic, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value);

/* Register frames; the signatures of struct sim_device. The context of a redistributor region is its record. */
bool gicv3_distributor_read(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value);
bool gicv3_distributor_write(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value);
bool gicv3_redistributor_read(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value);
bool gicv3_redistributor_write(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value);
/** @return whether @p cpu's interface may be written: its redistributor is awake and says so. */
bool gicv3_is_awake(const struct gicv3 *gic, const struct sim_cpu *cpu);

/** A system register, or a row of them. A function that is NULL: there is no such access. */
struct gicv3_register {
    enum arch_gic_register first;
    unsigned count;
    const char *name;
    uint64_t (*read)(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index);
    void (*write)(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index, uint64_t value);
};

/* gicv3_interface.c: ICC */
#define GIC_SRE (1u << 0)
#define GIC_SRE_ENABLE (1u << 3)
extern const struct gicv3_register gicv3_interface_registers[];
extern const unsigned gicv3_interface_register_count;
bool gicv3_signals(struct sim_gic *any, struct sim_cpu *cpu);
void gicv3_interface_reset(struct gicv3 *gic, struct gicv3_interface *interface);

/* gicv3_faults.c: before an acknowledge. @return whether it is to find nothing */
bool gicv3_fault_acknowledge(struct gicv3 *gic, const struct sim_cpu *cpu);

/* gicv3_virtual.c: ICH */
extern const struct gicv3_register gicv3_hyp_registers[];
extern const unsigned gicv3_hyp_register_count;
void gicv3_check_entry(struct sim_gic *any, struct sim_cpu *cpu);
bool gicv3_list_register(struct sim_gic *any, const struct sim_cpu *cpu, unsigned index, struct sim_list_register *lr);
void gicv3_virtual_reset(const struct gicv3 *gic, struct gicv3_virtual *interface);
/** The bits of a priority that virtual interfaces keep; the least binary point of group 0. */
uint8_t gicv3_virtual_priorities(const struct gicv3 *gic);
unsigned gicv3_least_binary_point(const struct gicv3 *gic);
/** Call after any change of the virtual interface: drives the maintenance interrupt. */
void gicv3_virtual_changed(struct gicv3 *gic, struct sim_cpu *cpu);
unsigned gicv3_list_registers(const struct gicv3 *gic);

/* List registers (IHI 0069 12.4.9) */
#define LR_PENDING (1ULL << 62)
#define LR_ACTIVE (1ULL << 63)
#define LR_STATE (LR_PENDING | LR_ACTIVE)
#define LR_HW (1ULL << 61)
#define LR_GROUP1 (1ULL << 60)
#define LR_EOI (1ULL << 41) /* only where HW is 0 */
#define HCR_EN (1u << 0)

static inline uint32_t lr_intid(uint64_t lr)
{
    return (uint32_t)lr;
}

static inline unsigned lr_physical(uint64_t lr)
{
    return lr >> 32 & 0x1fff;
}

static inline unsigned lr_priority(uint64_t lr)
{
    return lr >> 48 & 0xff;
}

/* gicv3_guest.c: ICV, the registers of the virtual interface by which a guest knows it */
bool gicv3_signals_virtual(struct sim_gic *any, struct sim_cpu *cpu);
enum sim_gic_access gicv3_guest_register(struct sim_gic *any, struct sim_cpu *cpu, uint32_t encoding, bool read,
                                         uint64_t *value);

#endif
