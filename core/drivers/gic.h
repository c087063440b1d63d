/* SPDX-License-Identifier: Apache-2.0 */
/* The host's interrupt controller, and its virtual interface, behind one interface for GICv2 and GICv3. EOImode 1:
 * priority drop and deactivation are separate (IHI 0048B 4.4.5, IHI 0069 4.7), so that a guest's EOI can end a physical
 * interrupt. */
#ifndef BULKHEAD_DRIVERS_GIC_H
#define BULKHEAD_DRIVERS_GIC_H

#include "arch/mmio.h"
#include "config/machine.h"
#include "lib/build.h"
#include "lib/status.h"

#define GIC_SPURIOUS 1023
#define GIC_MAX_LRS 16
#define GIC_SGI_KICK 0 /* "look at your work": sent between CPUs */
#define GIC_PRIORITY_PRIVATE 0xa0
#define GIC_PRIORITY_DEVICE 0xc0      /* of guests' devices, the least urgent */
#define GIC_PRIORITY_MAINTENANCE 0xb0 /* what guests can drive comes after the kick and the timers */

enum gic_lr_state {
    GIC_LR_INVALID = 0,
    GIC_LR_PENDING = 1,
    GIC_LR_ACTIVE = 2,
    GIC_LR_PENDING_ACTIVE = 3,
};

/** A list register, the same for all versions. */
struct gic_lr {
    uint32_t virtual_intid;
    uint32_t physical_intid; /* with hardware: deactivated together with the virtual one */
    bool hardware;
    bool eoi_maintenance; /* without hardware: raise a maintenance interrupt at EOI */
    uint8_t source;       /* GICv2 SGI: requesting vCPU */
    uint8_t priority;     /* 0..255; GICv2 keeps 5 bits */
    bool group1;
    enum gic_lr_state state;
};

/** Maintenance causes to enable; bits of GICH_HCR / ICH_HCR_EL2. */
#define GIC_HCR_EN (1u << 0)
#define GIC_HCR_VGRP0EIE (1u << 4) /* the guest enabled group 0 in its CPU interface */
#define GIC_HCR_VGRP0DIE (1u << 5) /* ... disabled it */
#define GIC_HCR_VGRP1EIE (1u << 6)
#define GIC_HCR_VGRP1DIE (1u << 7)
/** The guest's CPU interface signals group 0, group 1; bits of GICH_VMCR / ICH_VMCR_EL2. */
#define GIC_VMCR_GROUPS 3u

struct gic;

/** What is in hardware while a vCPU is loaded. All zero is the reset state of a virtual CPU interface.
 *
 * Always holds: a hardware list register that is not in the loaded state's @c used is invalid and owes no maintenance
 * interrupt; lr[] is what was last written to or read from the hardware. */
struct gic_vcpu_state {
    uint32_t hcr; /* maintenance causes; EN need not be set */
    uint32_t vmcr;
    uint32_t apr[8];          /* GICv2: the first; GICv3: group 0 in four, then group 1 */
    uint64_t lr[GIC_MAX_LRS]; /* encoded */
    uint32_t used;            /* bit per LR that is not invalid in lr[] */
};

struct gic_ops {
    /** Finds what the controller has for the CPU of that affinity. Boot CPU, before the CPU's init_cpu().
     * @return false if there is nothing: the CPU must not be used */
    bool (*find_cpu)(struct gic *gic, unsigned cpu, uint64_t mpidr);
    void (*init_distributor)(struct gic *gic); /* once, boot CPU: all SPIs off, group, priority, level */
    void (*init_cpu)(struct gic *gic); /* each CPU: banked part, CPU interface on, EOImode 1, virtual interface off */
    void (*enable)(struct gic *gic, uint32_t intid);
    void (*disable)(struct gic *gic, uint32_t intid);
    /** @param trigger_flags as dt_interrupt. SPIs only; banked ones ignore it. */
    void (*configure)(struct gic *gic, uint32_t intid, uint32_t trigger_flags, unsigned cpu, uint8_t priority);
    /** Of an SPI that is disabled. The caller keeps two out of one register: 16 SPIs (ICFGR). */
    void (*set_edge)(struct gic *gic, uint32_t intid, bool edge);
    /** Leads an SPI to a CPU, enabled or not. Any CPU; the caller keeps two of one interrupt apart. */
    void (*route)(struct gic *gic, uint32_t intid, unsigned cpu);
    /** @return INTID now active for this CPU, or GIC_SPURIOUS. */
    uint32_t (*acknowledge)(struct gic *gic, uint32_t *token);
    void (*priority_drop)(struct gic *gic, uint32_t token);
    void (*deactivate)(struct gic *gic, uint32_t token);
    /** Active state of a banked or shared interrupt of this CPU. */
    void (*set_active)(struct gic *gic, uint32_t intid, bool active);
    /** @return whether the interrupt is pending; of a level-sensitive one, active or not: whether its line is asserted.
     */
    bool (*is_pending)(struct gic *gic, uint32_t intid);
    /** @return whether an interrupt, this CPU's or a shared one, is active. */
    bool (*is_active)(struct gic *gic, uint32_t intid);
    /** Forgets an edge of a shared interrupt that was not acknowledged; an asserted line stays. */
    void (*clear_pending)(struct gic *gic, uint32_t intid);
    void (*send_kick)(struct gic *gic, unsigned cpu);

    /** Turns the virtual interface on with @p state; none may be loaded on this CPU. */
    void (*vcpu_load)(struct gic *gic, const struct gic_vcpu_state *state);
    /** Saves what the guest can change (VMCR, active priorities; list registers were read by vgic_sync()) and turns it
     * off. */
    void (*vcpu_put)(struct gic *gic, struct gic_vcpu_state *state);
    /** Encoding of one list register; pure. */
    uint64_t (*lr_encode)(const struct gic_lr *lr);
    struct gic_lr (*lr_decode)(uint64_t value);
    /** Hardware list register of the loaded vCPU. */
    void (*lr_write)(struct gic *gic, unsigned index, uint64_t value);
    uint64_t (*lr_read)(struct gic *gic, unsigned index);
    void (*hcr_write)(struct gic *gic, uint32_t hcr);
    uint32_t (*vmcr_read)(struct gic *gic);
};

/** GICv3: a CPU's part of the controller. */
struct gic_redistributor {
    struct arch_mmio mmio; /* of the range that it lies in; not mapped: it has none */
    uint32_t offset;       /* of RD_base in that range; SGI_base follows */
    uint64_t affinity;     /* of the CPU */
};

struct gic {
    const struct gic_ops *ops;
    enum gic_version version;
    struct arch_mmio distributor;
    struct arch_mmio cpu_interface;
    struct arch_mmio hyp_interface;
    uint32_t intid_count;   /* 32..1020 */
    unsigned lr_count;      /* 1..16 */
    uint8_t lr_state_shift; /* of the two state bits (enum gic_lr_state) in an encoded list register */
    uint32_t maintenance_intid;
    bool stale_after_hw_end; /* a list register's HW bit deactivates an interrupt, but a line still high is not noticed
                              */
    pa_t virtual_interface;  /* GICv2: frame that becomes the guest's GICC */
    uint8_t cpu_target[HV_MAX_CPUS]; /* GICv2: each CPU's bit in GICD_ITARGETSR, learnt by init_cpu() */
    const struct machine_gic *description;
    struct arch_mmio redistributors[MACHINE_MAX_REDISTRIBUTOR_REGIONS]; /* GICv3 */
    struct gic_redistributor cpus[HV_MAX_CPUS];                         /* GICv3, by find_cpu() */
    unsigned apr_count; /* GICv3: ICH_AP0Rn_EL2, and as many ICH_AP1Rn_EL2: 1, 2 or 4 */
};

/** The controller of this machine. Written by boot, through gic_open() and the driver; read everywhere. */
extern struct gic host_gic;

/** @return whether this machine has a GICv3: what only the other one needs is left out of a build that has one of them
 */
static inline bool gic_is_v3(void)
{
    return BUILD_GICV3 && (!BUILD_GICV2 || host_gic.version == GIC_V3);
}

/** Maps the controller and chooses the driver. @return HV_E_UNSUPPORTED for a version without driver, HV_E_NOMEM. */
HV_CHECK hv_status gic_open(struct gic *gic, const struct machine_gic *description);
HV_CHECK hv_status gicv2_open(struct gic *gic, const struct machine_gic *description);
HV_CHECK hv_status gicv3_open(struct gic *gic, const struct machine_gic *description);

#endif
