// SPDX-License-Identifier: Apache-2.0
/* What the plan is asked while guests run. */
#include "config/part.h"
#include "plan/claims.h"

struct region claim_extent(const struct claim *claim)
{
    uint64_t alignment = claim->owner == OWNER_HYPERVISOR ? PLAN_BLOCK_ALIGNMENT : PAGE_SIZE;
    struct region range = claim_range(claim);

    if (claim->kind != CLAIM_RAM)
        return range;
    /* align_up() wraps for the topmost unit of the address space, which no RAM reaches. */
    return (struct region){align_down(range.base, alignment), max_u64(align_up(range.end, alignment), range.end)};
}

const char *claim_owner_name(const struct system_plan *plan, const struct claim *claim)
{
    if (claim->owner == OWNER_HYPERVISOR)
        return "bulkhead";
    return claim->owner == OWNER_FIRMWARE ? "firmware" : plan->domains[claim->owner - 1u].name;
}

const char *ledger_kind_name(enum claim_kind kind)
{
    static const char *const names[] = {
        [CLAIM_RAM] = "ram", [CLAIM_FRAME] = "frame",       [CLAIM_INTID] = "intid",
        [CLAIM_CPU] = "cpu", [CLAIM_GUEST_ADDRESS] = "ipa", [CLAIM_GUEST_INTID] = "virq",
    };

    return names[kind];
}

uint32_t plan_part_spis(const struct domain_config *config, const struct guest_map *map)
{
    uint32_t end = GUEST_SPI_BASE;

    FOR_EACH_PART_OF(i, config)
        if (part_table[i]->intid != NULL)
            end = (uint32_t)max_u64(end, part_table[i]->intid(map) + 1);
    return (uint32_t)align_up(end - GUEST_SPI_BASE, 32);
}
