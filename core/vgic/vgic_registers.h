/* SPDX-License-Identifier: Apache-2.0 */
/* Registers of the vGIC as tables: the form, and what GICv3 has in common with GICv2. */
#ifndef BULKHEAD_VGIC_VGIC_REGISTERS_H
#define BULKHEAD_VGIC_VGIC_REGISTERS_H

#include "vgic/vgic_irq.h"

#define VGIC_BYTE (1u << 1)
#define VGIC_WORD (1u << 4)
#define VGIC_DOUBLE (1u << 8)

/** A register, or an array of registers. */
struct vgic_register {
    uint16_t offset;
    uint16_t length; /* bytes */
    uint8_t bits;    /* of each interrupt's field, which get and set are for; 0: one register, for read and write */
    uint16_t widths; /* bit n: accesses of n bytes are allowed */
    uint8_t (*get)(struct vgic_locked *locked, struct vgic_ref ref);
    void (*set)(struct vgic_locked *locked, struct vgic_ref ref, uint8_t value);
    /** @param offset  of the access in the register. NULL: reads as zero */
    uint64_t (*read)(struct vgic_vcpu *vcpu, uint32_t offset);
    /** NULL: ignores writes */
    void (*write)(struct vgic_locked *locked, struct vgic_vcpu *vcpu, const struct mmio_access *access);
};

/** @return the GICv2 distributor's register that answers an access, NULL where it reads as zero and ignores writes. */
const struct vgic_register *vgic_find_register(uint32_t offset, uint8_t size);
/** The fields of an access to an array, lowest interrupt in the lowest bits. */
uint64_t vgic_access_fields(const struct vgic_register *reg, struct vgic_locked *locked, struct vgic_vcpu *vcpu,
                            const struct mmio_access *access);
uint64_t vgic_read_implementer(struct vgic_vcpu *vcpu, uint32_t offset);
/** GICD_CTLR's group enables. */
void vgic_write_control(struct vgic_locked *locked, struct vgic_vcpu *vcpu, const struct mmio_access *access);

#endif
