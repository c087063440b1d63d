/* SPDX-License-Identifier: Apache-2.0 */
/* Whose interrupt controller guests in KVM have: core's, or KVM's own where the host's kernel cannot do without it. */
#ifndef BULKHEAD_HOSTSIM_KVM_GIC_H
#define BULKHEAD_HOSTSIM_KVM_GIC_H

#include "hostsim/kvm/kvm_backend.h"

/** What a KVM can do about interrupts. */
struct kvm_gic_abilities {
    bool none; /* run guests without a controller of its own: KVM_CAP_ARM_USER_IRQ */
    bool own;  /* make a GICv2 for them: KVM_DEV_TYPE_ARM_VGIC_V2 */
};

/** @param version   of the machine's GIC, and so of its domains'
 *  @param[out] own  whether KVM's own is used
 *  @return NULL, or why neither does */
const char *kvm_gic_choose(enum sim_kvm_gic wanted, unsigned version, const struct kvm_gic_abilities *abilities,
                           bool *own);

/** Where a guest finds its GICv2. */
struct kvm_gic_frames {
    uint64_t distributor, cpu_interface;
};
/** Reads them from the device tree that the guest was given: @p dtb of at least fdt_totalsize() bytes.
 *  @return whether it has a GICv2 */
bool kvm_gic_find(const void *dtb, struct kvm_gic_frames *frames);

#if defined(__aarch64__)
/* The rest is about domains with KVM's own GICv2. Core does not see what the guest does with it; the lines of its
 * interrupts are read from the list registers that core fills. For that the machine stands in for the guest once,
 * before its first instruction, and enables all SPIs in core's distributor; it never acknowledges one. */

/** The GIC of @p guest's domain, where its device tree says; after KVM_ARM_VCPU_INIT. */
void kvm_gic_create(struct sim_cpu *cpu, struct sim_guest *guest);
/** The next write to core's distributor. @return false: none is left */
bool kvm_gic_enable_next(struct sim_guest *guest, struct guest_operation *operation);
/** Hands the lines over to KVM; before each KVM_RUN. */
void kvm_gic_set_lines(struct sim_cpu *cpu, struct kvm_domain *domain);
#endif

#endif
