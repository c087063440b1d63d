// SPDX-License-Identifier: Apache-2.0
/* The example of docs/parts.md: a register that keeps what is written to it, and says so by an interrupt. */
#include "config/part.h"
#include "domain/domain.h"
#include "plan/claims.h"
#include "scratch.h"

extern const struct part scratch_part;

struct scratch {
    struct vgic *vgic;
    uint32_t value;
};

static bool read(struct dt_property property, uint64_t *value)
{
    *value = property.length == 4 ? dt_cells_value(property.data, 1) : 0;
    return property.length == 4;
}

/* The same in each map. */
static uint32_t intid(const struct guest_map *map)
{
    (void)map;
    return SCRATCH_INTID;
}

static void claim(struct claimant *claimant)
{
    claim_for(claimant, CLAIM_GUEST_ADDRESS, CLAIM_EXCLUSIVE, range_of(SCRATCH_BASE, SCRATCH_SIZE), "scratch");
    claim_for(claimant, CLAIM_GUEST_INTID, CLAIM_EXCLUSIVE, range_of(SCRATCH_INTID, 1), "scratch");
}

/* One word, read and written whole: it needs no lock. */
static enum mmio_result access(void *device, struct mmio_access *access)
{
    struct scratch *scratch = device;

    if (access->size != 4 || (access->offset != SCRATCH_VALUE && access->offset != SCRATCH_CLEAR))
        return MMIO_ABORT;
    if (access->write && access->offset == SCRATCH_VALUE)
        store_relaxed(&scratch->value, (uint32_t)access->value);
    if (access->write)
        vgic_set_spi(scratch->vgic, SCRATCH_INTID, access->offset == SCRATCH_VALUE);
    else
        access->value = load_relaxed(&scratch->value);
    return MMIO_HANDLED;
}

static void create(struct domain *domain, void *state)
{
    ((struct scratch *)state)->vgic = &domain->vgic;
    domain_add_device(domain, ipa(SCRATCH_BASE), SCRATCH_SIZE, state, access);
}

static void reset(struct domain *domain, void *state)
{
    ((struct scratch *)state)->value = (uint32_t)part_value(domain->plan->config, &scratch_part);
}

const struct part scratch_part = {
    .name = "scratch",
    .property = "bulkhead,scratch",
    .expected = "one cell: what the register holds at reset",
    .state_bytes = 64,
    .intid = intid,
    .read = read,
    .claim = claim,
    .create = create,
    .reset = reset,
};
