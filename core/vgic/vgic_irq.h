/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the vGIC share: the lock with what it collects, and the rules by which an interrupt finds a list
 * register. */
#ifndef BULKHEAD_VGIC_VGIC_IRQ_H
#define BULKHEAD_VGIC_VGIC_IRQ_H

#include "vgic/vgic.h"

/* What the compiler takes to be too much for so many callers, and an exit is shorter with. */
#define VGIC_IN_PLACE static inline __attribute__((always_inline))

/** Proof that the domain's vgic.lock is held; collects the vCPUs that have to look at their list registers again. */
struct vgic_locked {
    struct vgic *vgic;
    uint32_t touched; /* bit per vCPU; VGIC_REMOTE */
};

/** In vgic_locked::touched: the private interrupts that are accessed are another vCPU's. The host's interrupts behind
 * them are out of reach: they are left to its own CPU (vgic_vcpu::recheck). Cleared before vgic_unlock(). */
#define VGIC_REMOTE (1u << 31)

VGIC_IN_PLACE struct vgic_locked vgic_lock(struct vgic *vgic)
{
    arch_spin_lock(&vgic->lock);
    return (struct vgic_locked){.vgic = vgic};
}

/** Whether SGIs are pending by source, and always enabled: GICv2. */
bool vgic_sgis_have_sources(void);

/** Wakes the vCPUs of @p touched. */
void vgic_wake(struct vgic *vgic, uint32_t touched);

/** Unlocks, then wakes the vCPUs that were touched. @param self  the one that is out of its guest on this CPU anyway,
 * or NULL */
VGIC_IN_PLACE void vgic_unlock(struct vgic_locked *locked, const struct vgic_vcpu *self)
{
    uint32_t touched = locked->touched & ~(self != NULL ? 1u << self->index : 0);

    arch_spin_unlock(&locked->vgic->lock);
    if (touched != 0)
        vgic_wake(locked->vgic, touched);
}

/** One interrupt as @p vcpu sees it. */
struct vgic_ref {
    struct vgic_irq *irq; /* NULL: not implemented */
    uint32_t intid;
    struct vgic_vcpu *vcpu; /* whose it is, if private */
};

VGIC_IN_PLACE struct vgic_ref vgic_find(struct vgic_vcpu *vcpu, uint32_t intid)
{
    struct vgic *vgic = vcpu->vgic;
    struct vgic_irq *irq = NULL;

    if (intid < VGIC_PRIVATE)
        irq = &vcpu->private[intid];
    else if (intid - VGIC_PRIVATE < vgic->spi_count)
        irq = &vgic->spis[intid - VGIC_PRIVATE];
    return (struct vgic_ref){.irq = irq, .intid = intid, .vcpu = vcpu};
}

/** The same for one that is implemented: an SGI, or what was found before it came into a list register. */
VGIC_IN_PLACE struct vgic_ref vgic_find_known(struct vgic_vcpu *vcpu, uint32_t intid)
{
    struct vgic_ref ref = vgic_find(vcpu, intid);

    if (ref.irq == NULL)
        __builtin_unreachable();
    return ref;
}

/** The pending state that a guest reads. */
bool vgic_irq_pending(const struct vgic_irq *irq, uint32_t intid);
/** Neither pending nor active nor in a list register: nothing follows from what the distributor forwards. */
static inline bool vgic_irq_at_rest(const struct vgic_irq *irq)
{
    return !irq->latch && !irq->line && !irq->active && !irq->in_lr;
}
/** Pending with a cause that no list register holds. */
bool vgic_irq_pending_outside(const struct vgic_irq *irq, uint32_t intid);
/** Whether the guest allows it to be signalled. */
VGIC_IN_PLACE bool vgic_irq_forwarded(const struct vgic *vgic, const struct vgic_irq *irq)
{
    return irq->enabled && (vgic->groups >> (irq->group & VGIC_GROUP) & 1) != 0;
}
/** Whether it is signalled to @p vcpu: an SPI, to the first of its targets (1 of N, IHI 0048B 1.4.3); a private one
 * always. */
bool vgic_irq_targets(const struct vgic_irq *irq, uint32_t intid, unsigned vcpu);
/** Whether the next vgic_flush() of its vCPU can put (more of) it into a list register. */
bool vgic_irq_ready(const struct vgic *vgic, const struct vgic_irq *irq, uint32_t intid);

/** After any change of @p ref.irq: notes for which vCPU it is a candidate, and whose list registers are out of date. */
void vgic_update(struct vgic_locked *locked, struct vgic_ref ref);
/** @p intid, for which vgic_update() found no other vCPU, wants nothing (more) of @p vgic_vcpu. Under the lock. */
void vgic_no_candidate(struct vgic_vcpu *vcpu, uint32_t intid);
/** As vgic_update() of every private interrupt of @p vcpu, done by its own CPU. */
void vgic_recheck_private(struct vgic_locked *locked, struct vgic_vcpu *vcpu);
/** Whether it is an SPI with a host's interrupt behind it. */
VGIC_IN_PLACE bool vgic_is_linked(struct vgic_ref ref)
{
    return BUILD_DEVICES && ref.intid >= VGIC_PRIVATE && ref.irq->physical_intid != 0 && !ref.irq->unlinked;
}
/** The trigger of @p ref, which is linked, was written. @return whether that counts */
bool vgic_link_config(const struct vgic *vgic, struct vgic_ref ref, bool edge);
/** The targets of @p ref were written: a host's interrupt behind it goes there, from when no list register has it. */
void vgic_follow_target(struct vgic *vgic, struct vgic_ref ref);

/** The host's interrupt behind one that nothing is left of is no longer active for it. */
void vgic_end_physical(struct vgic_irq *irq);

/** Whether the host's interrupt behind a linked one is pending: of a level-sensitive one, its line asserted. Of an SPI
 * also while it is off. false where there is none. */
bool vgic_line_asserted(struct vgic_ref ref);
/** Ends the host interrupt behind one that is neither pending nor active any more, so that it can fire again. */
void vgic_deactivate_unused(struct vgic_irq *irq);
/** Withdraws a linked interrupt that was not acknowledged yet and whose line has dropped. Its list register, if it has
 * one, is looked after by vgic_sync(). */
void vgic_resample(struct vgic_irq *irq);

#endif
