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

/** As after the host's own reset. */
static void quiet(uint32_t physical_intid)
{
    struct gic *gic = &host_gic;

    gic->ops->disable(gic, physical_intid);
    gic->ops->set_active(gic, physical_intid, false);
    gic->ops->clear_pending(gic, physical_intid);
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
        quiet(physical_intid);
        ref.irq->physical_intid = (uint16_t)physical_intid;
        ref.irq->edge = edge;
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

HV_RARE void vgic_unlink_spi(struct vgic *vgic, uint32_t intid)
{
    struct vgic_locked locked = vgic_lock(vgic);

    if (is_spi(vgic, intid) && vgic_is_linked(spi(vgic, intid))) {
        struct vgic_ref ref = spi(vgic, intid);
        quiet(ref.irq->physical_intid);
        ref.irq->physical_intid = 0;
        ref.irq->physical = false;
        ref.irq->line = false;
        ref.irq->latch = false;
        ref.irq->lr_latched = false;
        vgic_update(&locked, ref);
    }
    vgic_unlock(&locked, NULL);
}

bool vgic_inject_spi(struct vgic *vgic, uint32_t intid, const struct vgic_vcpu *self)
{
    struct vgic_locked locked = vgic_lock(vgic);
    bool linked = is_spi(vgic, intid) && vgic_is_linked(spi(vgic, intid));

    if (linked) {
        struct vgic_ref ref = spi(vgic, intid);
        ref.irq->physical = true;
        if (ref.irq->edge)
            ref.irq->latch = true;
        else
            ref.irq->line = true;
        vgic_update(&locked, ref);
    }
    vgic_unlock(&locked, self);
    return linked;
}
