// SPDX-License-Identifier: Apache-2.0
/* The state of one interrupt, and what follows from it. */
#include "vgic/vgic_irq.h"

#include "drivers/gic.h"

#define NO_VCPU UINT32_MAX

bool vgic_sgis_have_sources(void)
{
    return !gic_is_v3();
}

void vgic_wake(struct vgic *vgic, uint32_t touched)
{
    for (; touched != 0; touched &= touched - 1)
        vgic->wake(vgic->vcpus[__builtin_ctz(touched)]);
}

bool vgic_irq_pending_outside(const struct vgic_irq *irq, uint32_t intid)
{
    if (intid < VGIC_SGIS)
        return irq->sgi_sources != 0;
    return irq->latch || (irq->line && !irq->edge && !(irq->physical && irq->lr_pending));
}

bool vgic_irq_pending(const struct vgic_irq *irq, uint32_t intid)
{
    return irq->lr_latched || (irq->line && !irq->edge) || vgic_irq_pending_outside(irq, intid);
}

bool vgic_irq_targets(const struct vgic_irq *irq, uint32_t intid, unsigned vcpu)
{
    return intid < VGIC_PRIVATE || (irq->targets != 0 && (unsigned)__builtin_ctz(irq->targets) == vcpu);
}

/** A list register that has the interrupt already: what it can take in addition. */
static bool ready_in_lr(const struct vgic_irq *irq, uint32_t intid)
{
    if (intid < VGIC_SGIS)
        return (irq->sgi_sources >> irq->lr_source & 1) != 0;
    if (!irq->latch)
        return false;
    /* Pending: the two merge. Active: only an edge can be pending and active at once; a level is looked at again when
     * it ends, and a list register with HW bit must not hold both states (IHI 0048B 5.3.9). */
    return irq->lr_pending || (irq->edge && !irq->physical);
}

bool vgic_irq_ready(const struct vgic *vgic, const struct vgic_irq *irq, uint32_t intid)
{
    /* Active, but in no list register: needs one, enabled or not, so that the guest's deactivation finds it. */
    if (irq->active && !irq->in_lr)
        return true;
    if (!vgic_irq_forwarded(vgic, irq))
        return false;
    if (irq->in_lr && !vgic_irq_targets(irq, intid, irq->lr_vcpu))
        return false;
    return irq->in_lr ? ready_in_lr(irq, intid) : vgic_irq_pending_outside(irq, intid);
}

/** The vCPU whose list registers an SPI is in, or goes to. */
static uint32_t spi_owner(const struct vgic_irq *irq)
{
    if (irq->in_lr)
        return irq->lr_vcpu;
    return irq->targets != 0 ? (uint32_t)__builtin_ctz(irq->targets) : NO_VCPU;
}

static void mark(struct vgic_vcpu *vcpu, uint32_t intid, bool ready)
{
    uint32_t word = intid / 32;
    uint32_t bits = vcpu->candidates[word] & ~(1u << intid % 32);

    if (ready)
        bits |= 1u << intid % 32;
    vcpu->candidates[word] = bits;
    uint32_t words = vcpu->candidate_words & ~(1u << word);
    if (bits != 0)
        words |= 1u << word;
    store_relaxed(&vcpu->candidate_words, words);
}

void vgic_no_candidate(struct vgic_vcpu *vcpu, uint32_t intid)
{
    mark(vcpu, intid, false);
}

static void touch(struct vgic_locked *locked, struct vgic_vcpu *vcpu)
{
    store_relaxed(&vcpu->dirty, 1);
    locked->touched |= 1u << vcpu->index;
}

void vgic_update(struct vgic_locked *locked, struct vgic_ref ref)
{
    struct vgic *vgic = locked->vgic;
    bool ready = vgic_irq_ready(vgic, ref.irq, ref.intid);

    if (ref.intid < VGIC_PRIVATE) {
        mark(ref.vcpu, ref.intid, ready);
        if (ready || ref.irq->in_lr)
            touch(locked, ref.vcpu);
        return;
    }
    uint32_t owner = spi_owner(ref.irq);
    for (uint32_t i = 0; i < vgic->vcpu_count; i++)
        mark(vgic->vcpus[i], ref.intid, ready && i == owner);
    if (owner < vgic->vcpu_count && (ready || ref.irq->in_lr))
        touch(locked, vgic->vcpus[owner]);
}

void vgic_recheck_private(struct vgic_locked *locked, struct vgic_vcpu *vcpu)
{
    vcpu->recheck = 1;
    touch(locked, vcpu);
}

static bool host_pending(const struct vgic_irq *irq)
{
    return host_gic.ops->is_pending(&host_gic, irq->physical_intid);
}

bool vgic_line_asserted(struct vgic_ref ref)
{
    return (ref.irq->physical || vgic_is_linked(ref)) && !ref.irq->unlinked && host_pending(ref.irq);
}

__attribute__((noinline)) void vgic_deactivate_unused(struct vgic_irq *irq)
{
    if (!irq->physical || irq->line || irq->active || irq->in_lr)
        return;
    irq->physical = false;
    host_gic.ops->set_active(&host_gic, irq->physical_intid, false);
}

void vgic_resample(struct vgic_irq *irq)
{
    if (!irq->physical || !irq->line || host_pending(irq))
        return;
    irq->line = false;
    vgic_deactivate_unused(irq);
}

void vgic_set_spi(struct vgic *vgic, uint32_t intid, bool level)
{
    if (intid < VGIC_PRIVATE || intid - VGIC_PRIVATE >= vgic->spi_count)
        return;
    struct vgic_locked locked = vgic_lock(vgic);
    struct vgic_irq *irq = &vgic->spis[intid - VGIC_PRIVATE];

    if (irq->line != level) {
        irq->line = level;
        if (irq->edge && level)
            irq->latch = true;
        vgic_update(&locked, (struct vgic_ref){.irq = irq, .intid = intid});
    }
    vgic_unlock(&locked, NULL);
}
