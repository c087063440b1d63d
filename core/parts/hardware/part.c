// SPDX-License-Identifier: Apache-2.0
/* The hardware domain while it runs: the ledger says what it has. */
#include "domain/domain.h"
#include "domain/host_interrupts.h"
#include "parts/hardware/hardware.h"

/** The next claim of @p kind that is @p domain's from @p claim on; NULL: no more. */
static const struct claim *next(const struct domain *domain, enum claim_kind kind, const struct claim *claim)
{
    const struct ledger *ledger = &domain_host()->plan->ledger;

    for (claim = claim == NULL ? ledger->list : claim + 1; claim != ledger_end(ledger); claim++)
        if (claim->kind == kind && claim->owner == owner_domain(domain->plan->index))
            return claim;
    return NULL;
}

#define FOR_EACH_CLAIM(claim, domain, kind)                                                                            \
    for (const struct claim *claim = next(domain, kind, NULL); claim != NULL; claim = next(domain, kind, claim))

static void for_each_interrupt(struct domain *domain, void (*visit)(struct domain *domain, uint32_t intid))
{
    FOR_EACH_CLAIM(claim, domain, CLAIM_INTID)
    {
        for (uint64_t i = 0; i < claim->size && claim->base + i < host_gic.intid_count; i++)
            visit(domain, (uint32_t)(claim->base + i));
    }
}

HV_RARE static void own(struct domain *domain, uint32_t intid)
{
    domain_own_interrupt(domain, intid, false);
}

static void create(struct domain *domain, void *state)
{
    (void)state;
    domain->vgic.sets_triggers = true; /* the host's tree is the guest's: it knows them */
    for_each_interrupt(domain, own);
}

HV_RARE static void link_one(struct domain *domain, uint32_t intid)
{
    vgic_link_spi(&domain->vgic, intid, intid, false);
}

HV_RARE static void reset(struct domain *domain, void *state)
{
    (void)state;
    for_each_interrupt(domain, link_one);
}

HV_RARE static hv_status map(struct domain *domain, void *state)
{
    (void)state;
    FOR_EACH_CLAIM(claim, domain, CLAIM_FRAME)
    {
        if (claim->mode == CLAIM_EXCLUSIVE) /* not the GICV, which it shares */
            HV_TRY(stage2_map(&domain->stage2, ipa(claim->base), pa(claim->base), claim->size, STAGE2_DEVICE));
    }
    return HV_OK;
}

HV_RARE static void unlink_one(struct domain *domain, uint32_t intid)
{
    vgic_unlink_spi(&domain->vgic, intid);
}

HV_RARE static void quiesce(struct domain *domain, void *state)
{
    (void)state;
    for_each_interrupt(domain, unlink_one);
}

const struct part hardware_part = {
    .name = "hardware",
    .hardware = true,
    .inspect = hardware_inspect,
    .claim = hardware_claim,
    .create = create,
    .reset = reset,
    .map = map,
    .root = hardware_root,
    .aliases = hardware_aliases,
    .quiesce = quiesce,
};
