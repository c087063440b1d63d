// SPDX-License-Identifier: Apache-2.0
/* SPIs of the host that are a guest's: each is the same SPI twice, one in hardware and one here, and they are on, led
 * to a CPU, taken and ended together. */
#include "drivers/gic.h"
#include "vgic/vgic_irq.h"

static struct vgic_ref spi(struct vgic *vgic, uint32_t intid)
{
    return (struct vgic_ref){.irq = &vgic->spis[intid - VGIC_PRIVATE], .intid = intid};
}

static bool is_spi(const struct vgic *vgic, uint32_t intid)
{
    return intid >= VGIC_PRIVATE && intid - VGIC_PRIVATE < vgic->spi_count;
}

static void turn_off(uint32_t physical_intid)
{
    host_gic.ops->disable(&host_gic, physical_intid);
    host_gic.ops->clear_pending(&host_gic, physical_intid);
}

/** Nothing is pending any more. */
static void forget(struct vgic_irq *irq)
{
    irq->line = false;
    irq->latch = false;
    irq->lr_latched = false;
}

/* While a list register has it, the guest's end may be the host's, unseen: it must not fire anywhere else before that
 * was taken back, or the next one would be taken for the one that ended. lr_release() comes here again. */
void vgic_follow_target(struct vgic *vgic, struct vgic_ref ref)
{
    if (vgic_is_linked(ref) && ref.irq->targets != 0 && !ref.irq->in_lr)
        vgic->route(vgic->vcpus[__builtin_ctz(ref.irq->targets)], ref.irq->physical_intid);
}

HV_RARE bool vgic_link_config(const struct vgic *vgic, struct vgic_ref ref, bool edge)
{
    if (!vgic->sets_triggers || ref.irq->enabled)
        return false;
    host_gic.ops->set_edge(&host_gic, ref.irq->physical_intid, edge);
    return true;
}

HV_RARE void vgic_link_spi(struct vgic *vgic, uint32_t intid, uint32_t physical_intid, bool edge)
{
    struct vgic_locked locked = vgic_lock(vgic);

    if (is_spi(vgic, intid)) {
        struct vgic_ref ref = spi(vgic, intid);
        turn_off(physical_intid);
        ref.irq->physical_intid = (uint16_t)physical_intid;
        ref.irq->stale = host_gic.ops->is_active(&host_gic, physical_intid);
        ref.irq->edge = edge;
        vgic->has_links = true;
        vgic_follow_target(vgic, ref);
    }
    vgic_unlock(&locked, NULL);
}

HV_RARE void vgic_lead_spi(struct vgic *vgic, uint32_t intid)
{
    struct vgic_locked locked = vgic_lock(vgic);

    if (is_spi(vgic, intid))
        vgic_follow_target(vgic, spi(vgic, intid));
    vgic_unlock(&locked, NULL);
}

/* What a list register is linked to must stay active while a vCPU may run with it: its end would end nothing, or
 * another one (IHI 0048B 4.4.15: unpredictable). */
HV_RARE void vgic_unlink_spi(struct vgic *vgic, uint32_t intid)
{
    struct vgic_locked locked = vgic_lock(vgic);

    if (is_spi(vgic, intid) && vgic_is_linked(spi(vgic, intid))) {
        struct vgic_ref ref = spi(vgic, intid);
        turn_off(ref.irq->physical_intid);
        ref.irq->unlinked = true;
        forget(ref.irq);
        vgic_update(&locked, ref);
        if (!ref.irq->in_lr)
            vgic_end_physical(ref.irq);
    }
    vgic_unlock(&locked, NULL);
}

void vgic_end_physical(struct vgic_irq *irq)
{
    if (irq->physical)
        host_gic.ops->set_active(&host_gic, irq->physical_intid, false);
    irq->physical = false;
}

static void take(struct vgic_locked *locked, struct vgic_ref ref)
{
    ref.irq->physical = true;
    if (ref.irq->edge)
        ref.irq->latch = true;
    else
        ref.irq->line = true;
    vgic_update(locked, ref);
}

/** It was acknowledged before its life ended. That it is active no more is what tells vgic_link_spi() that it has come.
 */
HV_RARE static void drop(struct vgic *vgic, uint32_t intid)
{
    uint32_t physical_intid = intid;

    if (is_spi(vgic, intid)) {
        struct vgic_irq *irq = spi(vgic, intid).irq;
        irq->stale = false;
        physical_intid = irq->physical_intid != 0 ? irq->physical_intid : intid;
    }
    host_gic.ops->set_active(&host_gic, physical_intid, false);
}

bool vgic_inject_spi(struct vgic *vgic, uint32_t intid, const struct vgic_vcpu *self)
{
    struct vgic_locked locked = vgic_lock(vgic);
    bool wanted = is_spi(vgic, intid) && vgic_is_linked(spi(vgic, intid)) && !spi(vgic, intid).irq->stale;

    if (wanted)
        take(&locked, spi(vgic, intid));
    else
        drop(vgic, intid);
    vgic_unlock(&locked, self);
    return wanted;
}
