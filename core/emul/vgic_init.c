// SPDX-License-Identifier: Apache-2.0
/* What a reset leaves. */
#include <string.h>

#include "boot/hypervisor.h"
#include "emul/vgic_irq.h"

_Static_assert(sizeof(struct vgic_irq) == 8, "a domain's control area is sized for it");

/** GICv3: all interrupts are in group 1, and stay there for a guest that knows no other. */
static uint8_t reset_group(void)
{
    return hypervisor.gic.version == GIC_V3 ? VGIC_GROUP | VGIC_GROUP_WRITTEN : 0;
}

__attribute__((noinline)) void vgic_init(struct vgic *vgic, uint32_t spi_count)
{
    vgic->lock = (struct arch_spinlock){0};
    vgic->groups = 0;
    vgic->one_group = hypervisor.gic.version == GIC_V3;
    vgic->spi_count = spi_count < VGIC_MAX_SPIS ? spi_count : VGIC_MAX_SPIS;
    for (uint32_t i = 0; i < vgic->spi_count; i++) {
        vgic->spis[i] = (struct vgic_irq){.targets = 1, .group = reset_group()};
        vgic->routes[i] = 0;
    }
}

__attribute__((noinline)) void vgic_vcpu_init(struct vcpu *vcpu)
{
    struct vgic_vcpu *vgic_vcpu = &vcpu->vgic;
    bool sole = vgic_sgis_have_sources() || vcpu->domain->vcpu_count == 1;

    memset(vgic_vcpu, 0, sizeof(*vgic_vcpu));
    /* Where other vCPUs can write this one's redistributor, a private interrupt is no longer its own CPU's alone. */
    vgic_vcpu->shared = !sole;
    vgic_vcpu->all_lrs = (1u << hypervisor.gic.lr_count) - 1;
    for (unsigned i = 0; i < VGIC_PRIVATE; i++)
        vgic_vcpu->private[i] =
            (struct vgic_irq){.enabled = i < VGIC_SGIS, .edge = i < VGIC_SGIS, .group = reset_group()};
}

void vgic_reset_interface(struct vcpu *vcpu)
{
    vcpu->vgic.hw.vmcr = 0;
    memset(vcpu->vgic.hw.apr, 0, sizeof(vcpu->vgic.hw.apr));
}
