// SPDX-License-Identifier: Apache-2.0
/* Devices of the host in a domain, while it runs: their pages are mapped, and their interrupts go to its vGIC. */
#include "console/panic.h"
#include "domain/domain.h"
#include "irq/irq.h"
#include "parts/passthrough/passthrough.h"
#include "vcpu/cpu.h"

#define LEVEL_HIGH 4u /* of configure() */
#define EDGE_RISING 1u

static uint8_t domid_of[HV_MAX_INTIDS]; /* whose it is; written while the machine boots */

/** It stays active until the guest ends its own, so it does not come again before. */
static enum irq_result forward(unsigned cpu, uint32_t intid, unsigned count)
{
    struct domain *domain = domain_table[domid_of[intid] - 1u];
    const struct vcpu *loaded = cpu_table[cpu].loaded;

    (void)count;
    return vgic_inject_spi(&domain->vgic, intid, loaded != NULL && loaded->domain == domain ? &loaded->vgic : NULL)
               ? IRQ_PASSED_ON
               : IRQ_ENDED;
}

static void create(struct domain *domain, void *state)
{
    static const struct irq_sink sink = {.handle = forward};
    const struct plan_domain *plan = domain->plan;
    struct gic *gic = &host_gic;

    (void)state;
    for (unsigned i = 0; i < plan->interrupt_count; i++) {
        const struct plan_interrupt *interrupt = &plan->interrupts[i];
        domid_of[interrupt->intid] = (uint8_t)domain->domid;
        if (irq_connect(interrupt->intid, &sink) != HV_OK)
            hv_panic("%s: no room for the interrupts of devices", domain->name);
        gic->ops->configure(gic, interrupt->intid, interrupt->edge ? EDGE_RISING : LEVEL_HIGH, plan->vcpu_cpu[0],
                            GIC_PRIORITY_DEVICE);
    }
}

static void reset(struct domain *domain, void *state)
{
    const struct plan_domain *plan = domain->plan;

    (void)state;
    for (unsigned i = 0; i < plan->interrupt_count; i++)
        vgic_link_spi(&domain->vgic, plan->interrupts[i].intid, plan->interrupts[i].intid, plan->interrupts[i].edge);
}

HV_RARE static hv_status map(struct domain *domain, void *state)
{
    const struct plan_domain *plan = domain->plan;

    (void)state;
    for (unsigned i = 0; i < plan->frame_count; i++)
        HV_TRY(stage2_map(&domain->stage2, plan->frames[i].base, plan->frames[i].target, plan->frames[i].size,
                          STAGE2_DEVICE));
    return HV_OK;
}

HV_RARE static void quiesce(struct domain *domain, void *state)
{
    const struct plan_domain *plan = domain->plan;

    (void)state;
    for (unsigned i = 0; i < plan->interrupt_count; i++)
        vgic_unlink_spi(&domain->vgic, plan->interrupts[i].intid);
}

const struct part passthrough_part = {
    .name = "passthrough",
    .module = "multiboot,device-tree",
    .inspect = passthrough_inspect,
    .claim = passthrough_claim,
    .create = create,
    .reset = reset,
    .map = map,
    .describe = passthrough_describe,
    .aliases = passthrough_aliases,
    .quiesce = quiesce,
};
