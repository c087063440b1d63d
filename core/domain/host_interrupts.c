// SPDX-License-Identifier: Apache-2.0
#include "domain/host_interrupts.h"

#include "console/panic.h"
#include "domain/domain.h"
#include "irq/irq.h"
#include "vcpu/cpu.h"

#define LEVEL_HIGH 4u /* of configure() */
#define EDGE_RISING 1u

static uint8_t domid_of[HV_MAX_INTIDS]; /* whose it is; written while the machine boots */

/** It stays active until the guest ends its own, so it does not come again before. One that is nobody's was ended. */
static enum irq_result forward(unsigned cpu, uint32_t intid, unsigned count)
{
    struct domain *domain = domain_table[domid_of[intid] - 1u];
    const struct vcpu *loaded = cpu_table[cpu].loaded;
    const struct vgic_vcpu *self = loaded != NULL && loaded->domain == domain ? &loaded->vgic : NULL;

    (void)count;
    vgic_inject_spi(&domain->vgic, intid, self);
    return IRQ_PASSED_ON;
}

void domain_own_interrupt(struct domain *domain, uint32_t intid, bool edge)
{
    static const struct irq_sink sink = {.handle = forward};
    struct gic *gic = &host_gic;

    domid_of[intid] = (uint8_t)domain->domid;
    if (irq_connect(intid, &sink) != HV_OK)
        hv_panic("%s: no room for the interrupts of devices", domain->name);
    gic->ops->configure(gic, intid, edge ? EDGE_RISING : LEVEL_HIGH, domain->plan->vcpu_cpu[0], GIC_PRIORITY_DEVICE);
}

HV_RARE void domain_lead_interrupts(void)
{
    for (uint32_t intid = 0; BUILD_DEVICES && intid < HV_MAX_INTIDS; intid++)
        if (domid_of[intid] != 0 && domain_table[domid_of[intid] - 1u] != NULL)
            vgic_lead_spi(&domain_table[domid_of[intid] - 1u]->vgic, intid);
}
