/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's interrupt controller, of the host's version: distributor and redistributors in software, the CPU
 * interface in hardware (GICV, or system registers), list registers filled from a pending set that may be larger than
 * there are registers. GICv2: IHI 0048B. GICv3: IHI 0069, with affinity routing for good and one security state.
 *
 * Where the truth lies: what a list register holds (vgic_irq::in_lr, lr_pending, active) is as of the vCPU's last
 * vgic_sync(), or as it shall be after its next vgic_flush(); everything else of vgic_irq is what the list register
 * does not hold yet. Both functions run on the vCPU's own CPU, between runs of the guest; all others only change
 * vgic_irq and mark the vCPU dirty.
 *
 * Locks: vgic.lock of the domain, taken last of all. */
#ifndef BULKHEAD_VGIC_VGIC_H
#define BULKHEAD_VGIC_VGIC_H

#include "arch/cpu.h"
#include "bus/mmio.h"
#include "drivers/gic.h"
#include "lib/types.h"

#define VGIC_SGIS 16
#define VGIC_PRIVATE 32 /* SGIs 0..15 and PPIs 16..31 of each vCPU */
#define VGIC_MAX_SPIS HV_MAX_SPIS
#define VGIC_WORDS 32 /* bitmap words for all INTIDs */

#define VGIC_GROUP 1u         /* bit of vgic_irq::group: the group that it is signalled in */
#define VGIC_GROUP_WRITTEN 2u /* as IGROUPR reads; it counts unless vgic::one_group */

/** One interrupt of one domain (or of one vCPU, if private). Eight bytes: a domain may have a thousand. */
struct vgic_irq {
    uint16_t
        physical_intid;  /* what the list register's HW bit links to; 0: nothing. Of an SPI: from vgic_link_spi() on */
    uint8_t priority;    /* bits 7:3: GICV has 32 levels */
    uint8_t targets;     /* bit per vCPU; SPIs */
    uint8_t sgi_sources; /* SGI: bit per vCPU whose SGI is pending outside the list register; GICv3: bit 0 for all */
    /* What the timer's short way looks at lies in one byte. */
    bool in_lr : 1;
    bool active : 1; /* in the list register if in_lr; else set by ISACTIVER and waiting for one */
    bool latch : 1;  /* pending outside the list register because of an edge or of ISPENDR */
    bool edge : 1;   /* ICFGR */
    bool enabled : 1;
    bool line : 1;           /* input level; with physical: taken on the host, not yet acknowledged by the guest */
    bool physical : 1;       /* physical_intid is active on the host on behalf of this interrupt */
    bool lr_pending : 1;     /* the list register holds it pending */
    bool lr_latched : 1;     /* and it does so because of latch or sgi_sources, not (only) of line */
    bool active_written : 1; /* active was written since the last vgic_flush(): that counts, not what the guest did */
    uint8_t group : 2;       /* VGIC_GROUP, VGIC_GROUP_WRITTEN */
    uint8_t lr_vcpu : 3;     /* vCPU whose list register has it, if in_lr */
    uint8_t lr_source : 3;   /* SGI: the source in the list register */
    bool unlinked : 1;       /* its life ends: what happens to it reaches physical_intid no more, but for its end */
    bool stale : 1;          /* one of an earlier life was acknowledged on the host, and is still on its way here */
};

struct vgic_vcpu;

/** Of one domain. */
struct vgic {
    struct arch_spinlock lock;
    /** A vCPU has an interrupt, or has to look at its list registers again: brings it out of its guest, or out of its
     * sleep. Any CPU, without the lock. */
    void (*wake)(struct vgic_vcpu *vcpu);
    /** Leads a physical SPI to the CPU of the vCPU that its virtual one goes to. Any CPU, with the lock held. */
    void (*route)(const struct vgic_vcpu *vcpu, uint32_t physical_intid);
    bool has_links;     /* of the host's SPIs some are linked, since the last reset */
    bool sets_triggers; /* what the guest writes to ICFGR of a linked SPI that is off is written to the host's */
    uint32_t vcpu_count;
    struct vgic_vcpu *vcpus[HV_MAX_VCPUS];
    uint8_t groups;     /* GICD_CTLR: bit 0 forwards group 0, bit 1 group 1 */
    bool one_group;     /* all is in group 1, whatever IGROUPR holds: see use_groups() */
    uint32_t spi_count; /* entries of spis[] in use; the others are never looked at */
    struct vgic_irq spis[VGIC_MAX_SPIS];
    uint32_t routes[VGIC_MAX_SPIS]; /* GICv3: GICD_IROUTER, Aff2 to Aff0, of which targets follows */
};

/** Of one vCPU. */
struct vgic_vcpu {
    struct vgic_irq private[VGIC_PRIVATE];
    struct gic_vcpu_state hw;
    uint32_t dirty;   /* list registers may differ from what they should hold: vgic_flush() has work */
    uint32_t recheck; /* all private interrupts are to be looked at again: the distributor was turned on or off, or
                       * another vCPU wrote this one's redistributor */
    uint32_t all_lrs; /* bit per list register that the host has */
    bool shared;      /* other vCPUs can write private[]: GICv3 */
    uint32_t candidate_words;        /* bit per word of candidates[] that is not zero */
    uint32_t candidates[VGIC_WORDS]; /* bit per INTID that wants (more of) a list register of this vCPU */
    bool groups_unwatched; /* the maintenance interrupt of GIC_HCR_VGRP0EIE and its like comes without cause */
    uint32_t lr_physical;  /* bit per list register that holds a physical interrupt pending */
    uint32_t lr_direct;    /* ... in use and as vgic_inject_hardware_ppi() filled it */
    uint16_t lr_intid[GIC_MAX_LRS];
    /* A reset ends here. */
    struct vgic *vgic;
    uint64_t affinity; /* as the guest's MPIDR_EL1 has it, Aff3 to Aff0 */
    uint8_t index;     /* in vgic::vcpus; GICv2's number of the CPU interface */
};

/** One vCPU more, before any is reset; @p vgic was zeroed, and has its wake(). */
void vgic_add_vcpu(struct vgic *vgic, struct vgic_vcpu *vcpu, uint64_t affinity);
/** Reset state. SPIs: disabled, level, priority 0, target vCPU 0. Writes only the first @p spi_count entries (a
 * multiple of 32, or VGIC_MAX_SPIS). */
void vgic_reset(struct vgic *vgic, uint32_t spi_count);
/** The end of its domain: no interrupt is forwarded, no line reaches an SPI, and of the host's SPIs, which are
 * unlinked, none is active for it, until vgic_reset(). No vCPU is loaded. */
void vgic_retire(struct vgic *vgic);
/** Not while the vCPU is loaded: what its list registers hold would be delivered to whoever comes next. */
void vgic_reset_vcpu(struct vgic_vcpu *vcpu);
/** PSCI CPU_ON: the CPU interface is as at reset; interrupts of the vCPU stay what they were. Not while it is loaded.
 */
void vgic_reset_interface(struct vgic_vcpu *vcpu);
/** MMIO handlers; device is the struct vgic. They never abort: what is reserved reads as zero, ignores writes. */
enum mmio_result vgic_distributor_access(void *device, struct mmio_access *access); /* GICv2 */
enum mmio_result vgic_v3_distributor_access(void *device, struct mmio_access *access);
/** All redistributors, VGIC_REDISTRIBUTOR_SIZE for each vCPU. */
enum mmio_result vgic_redistributor_access(void *device, struct mmio_access *access);
#define VGIC_REDISTRIBUTOR_SIZE 0x20000
/** GICv3: what @p vcpu wrote to ICC_SGI1R_EL1 (@p group1), or to ICC_SGI0R_EL1 or ICC_ASGI1R_EL1, which reach only what
 * the target has in group 0. */
void vgic_write_sgi(struct vgic_vcpu *vcpu, uint64_t value, bool group1);

/** Sets the input line of an SPI (edge: a rising level latches). Any CPU. Wakes the target vCPU if needed. */
void vgic_set_spi(struct vgic *vgic, uint32_t intid, bool level);
/**
 * Makes a level-sensitive PPI of @p vcpu pending, linked to the physical interrupt that is active on this CPU (the
 * virtual timer). Only on the CPU of @p vcpu, after vgic_sync(). The host interrupt stays active, so that it cannot
 * fire again, until
 * - the guest ends its own, which ends the physical one in hardware (list register with HW bit) or in vgic_sync(), or
 * - the line drops before the guest acknowledged: noticed in vgic_sync(), or when the guest enables or clears the
 * interrupt. A guest that disables the interrupt while it is pending leaves it linked: it is delivered, or withdrawn,
 * when enabled again.
 */
void vgic_inject_hardware_ppi(struct vgic_vcpu *vcpu, uint32_t intid, uint32_t physical_intid);

/**
 * Gives the guest the host's SPI @p physical_intid as its own @p intid, from now on until vgic_unlink_spi(). The host's
 * is off, its pending and active states are forgotten. It is on while the guest has its own on, goes to the CPU of the
 * vCPU that the guest routes it to, and stays active from when it is taken until the guest ends its own. An edge that
 * comes after it was taken, and before the guest acknowledges, is one interrupt more.
 * @param edge  what the host's tree says of it: what the guest writes to ICFGR does not count
 */
void vgic_link_spi(struct vgic *vgic, uint32_t intid, uint32_t physical_intid, bool edge);
/** Leads the host's interrupt behind @p intid to its CPU again, where one is linked: what was done before that CPU's
 * interface was known led nowhere. Any CPU. */
void vgic_lead_spi(struct vgic *vgic, uint32_t intid);
/** The host's interrupt is off from now on, whatever the guest does. It is not active either, unless a list register
 * has it, of a vCPU that may be running: then until that one or vgic_retire() ends it. Nothing where none is linked. */
void vgic_unlink_spi(struct vgic *vgic, uint32_t intid);
/**
 * The physical interrupt behind @p intid, of the same number, was acknowledged on this CPU: it stays active until the
 * guest ends its own.
 * @param self  the vCPU that is out of its guest on this CPU, or NULL
 * @return false where it is nobody's any more: it was ended
 */
bool vgic_inject_spi(struct vgic *vgic, uint32_t intid, const struct vgic_vcpu *self);

/** Before entry: fills list registers if anything changed. After exit: takes back what the guest acknowledged and
 * ended. */
void vgic_flush(struct vgic_vcpu *vcpu);
void vgic_sync(struct vgic_vcpu *vcpu);
/** @p vcpu, loaded, goes off: shared interrupts that are pending in its list registers can go elsewhere. Its own CPU,
 * after vgic_sync(). */
void vgic_leave(struct vgic_vcpu *vcpu);
/** The maintenance interrupt of the loaded vCPU stays asserted after vgic_sync(): turns it off until vgic_flush(). */
void vgic_silence(struct vgic_vcpu *vcpu);
/** @return whether an enabled interrupt waits for @p vcpu: ends its WFI. The guest's priority mask is not considered: a
 * WFI may end early, which the architecture allows. */
bool vgic_has_pending(struct vgic_vcpu *vcpu);
/** @return whether @p intid of @p vcpu is pending or active with a physical interrupt behind it, which must then stay
 * active. */
bool vgic_ppi_in_flight(const struct vgic_vcpu *vcpu, uint32_t intid);
/** Virtual interface of a vCPU that is loaded or put; put after vgic_sync(). */
void vgic_load(struct vgic_vcpu *vcpu);
void vgic_put(struct vgic_vcpu *vcpu);

#endif
