// SPDX-License-Identifier: Apache-2.0
/* Devices of the host in a domain, while it runs: their pages are mapped, and their interrupts go to its vGIC. */
#include "domain/domain.h"
#include "domain/host_interrupts.h"
#include "parts/passthrough/passthrough.h"

static void create(struct domain *domain, void *state)
{
    const struct plan_domain *plan = domain->plan;

    (void)state;
    for (unsigned i = 0; i < plan->interrupt_count; i++)
        domain_own_interrupt(domain, plan->interrupts[i].intid, plan->interrupts[i].edge != 0);
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
