// SPDX-License-Identifier: Apache-2.0
/* What a reset leaves. */
#include <string.h>

#include "drivers/gic.h"
#include "vgic/vgic_irq.h"

_Static_assert(sizeof(struct vgic_irq) == 8, "a domain's control area is sized for it");

/** GICv3: all interrupts are in group 1, and stay there for a guest that knows no other. */
static uint8_t reset_group(void)
{
    return gic_is_v3() ? VGIC_GROUP | VGIC_GROUP_WRITTEN : 0;
}

void vgic_add_vcpu(struct vgic *vgic, struct vgic_vcpu *vcpu, uint64_t affinity)
{
    vcpu->vgic = vgic;
    vcpu->affinity = affinity;
    vcpu->index = (uint8_t)vgic->vcpu_count;
    vgic->vcpus[vgic->vcpu_count++] = vcpu;
}

__attribute__((noinline)) void vgic_reset(struct vgic *vgic, uint32_t spi_count)
{
    vgic->groups = 0;
    vgic->has_links = false;
    vgic->one_group = gic_is_v3();
    vgic->spi_count = spi_count < VGIC_MAX_SPIS ? spi_count : VGIC_MAX_SPIS;
    for (uint32_t i = 0; i < vgic->spi_count; i++) {
        vgic->spis[i] = (struct vgic_irq){.targets = 1, .group = reset_group()};
        vgic->routes[i] = 0;
    }
}

HV_RARE void vgic_retire(struct vgic *vgic)
{
    struct vgic_locked locked = vgic_lock(vgic);

    vgic->groups = 0;
    for (uint32_t i = 0; BUILD_DEVICES && vgic->has_links && i < vgic->spi_count; i++)
        vgic_end_physical(&vgic->spis[i]);
    store_relaxed(&vgic->spi_count, 0);
    vgic_unlock(&locked, NULL);
}

__attribute__((noinline)) void vgic_reset_vcpu(struct vgic_vcpu *vcpu)
{
    bool sole = vgic_sgis_have_sources() || vcpu->vgic->vcpu_count == 1;

    memset(vcpu, 0, offsetof(struct vgic_vcpu, vgic));
    /* Where other vCPUs can write this one's redistributor, a private interrupt is no longer its own CPU's alone. */
    vcpu->shared = !sole;
    vcpu->all_lrs = (1u << host_gic.lr_count) - 1;
    for (unsigned i = 0; i < VGIC_PRIVATE; i++)
        vcpu->private[i] = (struct vgic_irq){.enabled = i < VGIC_SGIS, .edge = i < VGIC_SGIS, .group = reset_group()};
}

void vgic_reset_interface(struct vgic_vcpu *vcpu)
{
    vcpu->hw.vmcr = 0;
    memset(vcpu->hw.apr, 0, sizeof(vcpu->hw.apr));
}
