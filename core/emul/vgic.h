/* The guest's interrupt controller: a GICv2 distributor in software, its CPU interface in hardware (GICV), list registers filled
 * from a pending set that may be larger than there are registers. IHI 0048B.
 *
 * Locks: vgic.lock of the domain, taken last of all. */
#ifndef BULKHEAD_EMUL_VGIC_H
#define BULKHEAD_EMUL_VGIC_H

#include "arch/cpu.h"
#include "drivers/gic.h"
#include "emul/mmio.h"
#include "lib/types.h"

struct domain;
struct vcpu;

#define VGIC_PRIVATE 32 /* SGIs 0..15 and PPIs 16..31 of each vCPU */
#define VGIC_MAX_SPIS HV_MAX_SPIS
#define VGIC_NO_PHYSICAL 0

/** One interrupt of one domain (or of one vCPU, if private). */
struct vgic_irq {
    uint16_t physical_intid; /* VGIC_NO_PHYSICAL, or linked by the list register's HW bit */
    uint8_t priority;
    uint8_t targets;         /* bit per vCPU; SPIs */
    uint8_t sgi_sources;     /* SGI: bit per vCPU whose SGI is pending */
    bool enabled : 1;
    bool edge : 1;           /* ICFGR */
    bool latch : 1;          /* pending because of an edge or of ISPENDR */
    bool line : 1;           /* input level of a level-triggered interrupt */
    bool active : 1;
    bool group1 : 1;
    uint8_t lr;              /* list register + 1, 0: in none */
    uint8_t lr_vcpu;         /* vCPU whose list register that is */
};

struct vgic {
    struct arch_spinlock lock;
    bool enabled;            /* GICD_CTLR */
    uint32_t spi_count;
    struct vgic_irq spis[VGIC_MAX_SPIS];
};

struct vgic_vcpu {
    struct vgic_irq private[VGIC_PRIVATE];
    struct gic_vcpu_state hw;
    uint16_t lr_intid[GIC_MAX_LRS];
    bool dirty;              /* something changed since list registers were last filled */
};

/** Reset state. SPIs: disabled, level, priority 0, target vCPU 0. */
void vgic_init(struct vgic *vgic, uint32_t spi_count);
void vgic_vcpu_init(struct vgic_vcpu *vgic_vcpu);
/** The distributor's MMIO handler; device is the struct domain. */
enum mmio_result vgic_distributor_access(struct vcpu *vcpu, void *device, struct mmio_access *access);

/** Sets the input line of an SPI (edge: a rising level latches). Any CPU. Kicks the target vCPU's CPU if needed. */
void vgic_set_spi(struct domain *domain, uint32_t intid, bool level);
/** Makes a PPI of @p vcpu pending, linked to the physical interrupt that is active on this CPU (the virtual timer). */
void vgic_inject_hardware_ppi(struct vcpu *vcpu, uint32_t intid, uint32_t physical_intid);

/** Before entry: fills list registers if anything changed. After exit: takes back what the guest acknowledged and ended. */
void vgic_flush(struct vcpu *vcpu);
void vgic_sync(struct vcpu *vcpu);
/** @return whether an enabled interrupt waits for @p vcpu: ends its WFI. */
bool vgic_has_pending(struct vcpu *vcpu);
/** @return whether @p intid of @p vcpu is pending or active; the physical interrupt behind it must then stay active. */
bool vgic_ppi_in_flight(const struct vcpu *vcpu, uint32_t intid);
/** Virtual interface of a vCPU that is loaded or put. */
void vgic_load(struct vcpu *vcpu);
void vgic_put(struct vcpu *vcpu);

#endif
