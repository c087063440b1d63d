// SPDX-License-Identifier: Apache-2.0
#include "plan/allot.h"

#include <string.h>

#include "config/part.h"
#include "dt/dt.h"
#include "lib/text.h"
#include "mem/stage2.h"
#include "plan/claims.h"
#include "plan/layout.h"
#include "plan/show.h"

/**
 * Takes @p range out of the free set, come what may: where the set has no room for one piece more, the smaller piece is
 * given up. So nothing that has an owner is ever free.
 */
static void take_away(struct system_plan *plan, struct region range, struct diag *diag)
{
    if (range.end <= range.base || regions_remove(&plan->free, range.base, range.end - range.base) == HV_OK)
        return;
    struct region piece = *regions_find(&plan->free, range.base);
    bool lose_low = range.base - piece.base < piece.end - range.end;
    struct region lost = lose_low ? (struct region){piece.base, range.end} : (struct region){range.base, piece.end};
    hv_status status = regions_remove(&plan->free, lost.base, region_size(lost));
    (void)status; /* one end of a piece is removed, or all of it: that needs no room */
    dt_report(diag, DIAG_WARNING, dt_root(plan->machine->tree), NULL, show_range(lost).text, NULL,
              "RAM is in too many pieces; this part is not used", "reserve fewer and larger ranges");
}

void allot_free(struct system_plan *plan, struct diag *diag)
{
    const struct ledger *ledger = &plan->ledger;

    plan->free.count = plan->machine->memory.count;
    for (unsigned i = 0; i < plan->machine->memory.count; i++)
        plan->free.list[i] = plan->machine->memory.list[i];
    for (const struct claim *claim = ledger->list; claim != ledger_end(ledger) && claim->kind == CLAIM_RAM; claim++)
        take_away(plan, claim_extent(claim), diag);
}

static void give_back(struct system_plan *plan, struct region range)
{
    /* It was one piece with its neighbours before; should the set be full all the same, it is lost, not owned twice. */
    hv_status status = range.end > range.base ? regions_add(&plan->free, range.base, region_size(range)) : HV_OK;
    (void)status;
}

void allot_give_back(struct system_plan *plan, struct plan_domain *domain)
{
    for (unsigned i = 0; i < domain->extent_count; i++) {
        struct plan_extent extent = domain->extents[i];
        give_back(plan, (struct region){extent.target.raw, extent.target.raw + extent.size});
    }
    domain->extent_count = 0;
    give_back(plan, domain->control);
    domain->control = (struct region){0, 0};
}

/** Sorted by base, as stage2_pages_needed() wants them. */
struct ranges {
    unsigned count;
    struct region list[3 + PLAN_MAX_FRAMES];
};

static void insert(struct ranges *ranges, struct region range)
{
    unsigned place = ranges->count++;

    for (; place > 0 && ranges->list[place - 1].base > range.base; place--)
        ranges->list[place] = ranges->list[place - 1];
    ranges->list[place] = range;
}

/** @return the blocks of @p frame that are mapped page by page, its ends aside: all, where a block of the guest's is
 * none of the host's */
static uint64_t page_mapped_blocks(const struct plan_frame *frame)
{
    uint64_t base = align_up(frame->base.raw, BLOCK_SIZE), end = align_down(frame->base.raw + frame->size, BLOCK_SIZE);

    if (is_aligned(frame->base.raw ^ frame->target.raw, BLOCK_SIZE) || end <= base)
        return 0;
    return (end - base) / BLOCK_SIZE;
}

static unsigned stage2_pages(const struct plan_domain *domain)
{
    const struct guest_range *gicc = &domain->map->gicc;
    struct ranges ranges = {.count = 0};
    uint64_t blocks = PLAN_SPARSE_BLOCKS + domain->more_tables;

    insert(&ranges, range_of(gicc->base, gicc->size));
    insert(&ranges, domain->guest_ram[0]);
    insert(&ranges, domain->guest_ram[1]);
    for (unsigned i = 0; i < domain->frame_count; i++) {
        insert(&ranges, range_of(domain->frames[i].base.raw, domain->frames[i].size));
        blocks += page_mapped_blocks(&domain->frames[i]);
    }
    return stage2_pages_needed(domain->ipa_bits, ranges.list, ranges.count, (unsigned)blocks);
}

static uint64_t part_bytes(const struct domain_config *config)
{
    uint64_t bytes = 0;

    FOR_EACH_PART_OF(i, config)
        bytes += align_up(part_table[i]->state_bytes, PART_ALIGNMENT);
    return align_up(bytes, PAGE_SIZE);
}

/** The most that the guest's tree can take. */
static uint64_t tree_bytes(const struct system_plan *plan, const struct plan_domain *domain)
{
    const struct machine *machine = plan->machine;
    uint64_t bytes = PLAN_TREE_BYTES, compatible = 0;

    if (domain->config->hardware)
        return domain->dtb_size;

    if (domain->config->bootargs != NULL)
        bytes += strlen(domain->config->bootargs);
    if (domain->fragment.blob != NULL)
        bytes += domain->fragment_bytes;
    for (unsigned i = 0; i < machine->cpu_count; i++)
        compatible = max_u64(compatible, machine->cpus[i].compatible_length);
    bytes += domain->vcpu_count * (PLAN_TREE_VCPU_BYTES + compatible);
    return min_u64(align_up(bytes, PAGE_SIZE), domain->dtb_size);
}

/** [struct domain and its data][each vCPU][each part][the guest's device tree][scratch][tables, aligned as the root
 * needs it]. At the top, out of the guests' way. */
static hv_status allot_control(struct system_plan *plan, struct plan_domain *domain)
{
    bool packed = domain->kernel.format == IMAGE_ARM64_GZIP;
    uint64_t alignment = stage2_root_pages(domain->ipa_bits) * PAGE_SIZE;
    uint64_t parts = PLAN_DOMAIN_BYTES + domain->vcpu_count * PLAN_VCPU_BYTES;
    uint64_t tree = parts + part_bytes(domain->config);
    uint64_t scratch = tree + tree_bytes(plan, domain);
    uint64_t scratch_end = scratch + (packed ? PLAN_SCRATCH_BYTES : 0);
    uint64_t tables = align_up(scratch_end, alignment);
    uint64_t base;

    domain->stage2_pages = stage2_pages(domain);
    uint64_t size = tables + domain->stage2_pages * PAGE_SIZE;
    HV_TRY(regions_take(&plan->free, size, alignment, true, &base));
    domain->control = (struct region){base, base + size};
    domain->tree = (struct region){base + tree, base + scratch};
    domain->scratch = (struct region){base + scratch, base + scratch_end};
    domain->stage2_base = pa(base + tables);
    return HV_OK;
}

/** Bytes of @p range that guests can have: whole blocks. */
static uint64_t usable_size(struct region range)
{
    uint64_t base = align_up(range.base, BLOCK_SIZE);
    uint64_t end = align_down(range.end, BLOCK_SIZE);

    return end > base ? end - base : 0;
}

static uint64_t usable_total(const struct region_set *set)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < set->count; i++)
        total += usable_size(set->list[i]);
    return total;
}

/** Takes @p size in one piece, at a multiple of 1 GiB if it is that large: a domain mapped at once then has larger
 * blocks. */
static hv_status take_one(struct region_set *set, uint64_t size, uint64_t *base)
{
    if (size >= GIB(1) && regions_take(set, size, GIB(1), false, base) == HV_OK)
        return HV_OK;
    return regions_take(set, size, BLOCK_SIZE, false, base);
}

/** Takes the largest piece there is, whole. */
static hv_status take_largest(struct region_set *set, uint64_t *base, uint64_t *size)
{
    struct region largest = {0, 0};

    for (unsigned i = 0; i < set->count; i++) {
        if (usable_size(set->list[i]) > usable_size(largest))
            largest = set->list[i];
    }
    *base = align_up(largest.base, BLOCK_SIZE);
    *size = usable_size(largest);
    return *size == 0 ? HV_E_NOMEM : regions_remove(set, *base, *size);
}

/** Backs one bank of guest RAM: in one piece, else by the fewest pieces. */
static hv_status allot_bank(struct system_plan *plan, struct plan_domain *domain, struct region bank)
{
    for (uint64_t next = bank.base; next < bank.end;) {
        uint64_t size = bank.end - next;
        uint64_t base;
        if (domain->extent_count == PLAN_MAX_EXTENTS)
            return HV_E_NOMEM;
        if (take_one(&plan->free, size, &base) != HV_OK)
            HV_TRY(take_largest(&plan->free, &base, &size));
        domain->extents[domain->extent_count++] = (struct plan_extent){ipa(next), pa(base), size};
        next += size;
    }
    return HV_OK;
}

/** The bank and the place in it that follow @p at, RAM being given out from the first bank's start on. */
static uint64_t next_bank(const struct plan_domain *domain, uint64_t at)
{
    return at == domain->guest_ram[0].end && region_size(domain->guest_ram[1]) != 0 ? domain->guest_ram[1].base : at;
}

/** Enters [base, base + size) of the host as what the guest has from @p at on, over the end of a bank. */
static hv_status add_static(struct plan_domain *domain, uint64_t *at, uint64_t base, uint64_t size)
{
    while (size != 0) {
        uint64_t end =
            domain->guest_ram[*at >= domain->guest_ram[0].base && *at < domain->guest_ram[0].end ? 0 : 1].end;
        uint64_t part = min_u64(size, end - *at);
        if (domain->extent_count == PLAN_MAX_EXTENTS)
            return HV_E_FULL;
        domain->extents[domain->extent_count++] = (struct plan_extent){ipa(*at), pa(base), part};
        *at = next_bank(domain, *at + part);
        base += part;
        size -= part;
    }
    return HV_OK;
}

/** @return a piece of RAM in @p range that another domain has by its address; NULL: none */
static const struct plan_extent *find_static(const struct system_plan *plan, struct region range,
                                             const struct plan_domain **owner)
{
    for (unsigned d = 0; d < plan->domain_count; d++) {
        const struct plan_domain *domain = &plan->domains[d];
        for (unsigned i = 0; i < domain->extent_count; i++) {
            const struct plan_extent *extent = &domain->extents[i];
            *owner = domain;
            if (extent->target.raw < range.end && range.base < extent->target.raw + extent->size)
                return extent;
        }
    }
    return NULL;
}

/** Says what keeps a domain from RAM that its node asks for by address. */
static void report_static(const struct system_plan *plan, const struct plan_domain *domain, struct region range,
                          struct diag *diag)
{
    const struct claim wanted =
        claim_of(owner_domain(domain->index), CLAIM_RAM, CLAIM_EXCLUSIVE, range, HV_KEPT_TEXT("ram"));
    const struct claim *other = ledger_conflict(&plan->ledger, &wanted);
    const struct plan_domain *owner;
    const struct plan_extent *extent = find_static(plan, range, &owner);
    char message[160];

    if (other != NULL)
        format_string(message, sizeof(message), "the domain's RAM overlaps %s of %s at %s", other->what,
                      claim_owner_name(plan, other), show_range(claim_range(other)).text);
    else if (extent != NULL)
        format_string(message, sizeof(message), "the domain's RAM overlaps ram of %s at %s", owner->name,
                      show_range(range_of(extent->target.raw, extent->size)).text);
    else
        format_string(message, sizeof(message), "%s",
                      regions_overlap(&plan->machine->memory, range.base, region_size(range)) == NULL
                          ? "the host has no RAM there"
                          : "not all of it is RAM of the host, and free");
    dt_report(diag, DIAG_ERROR, domain->config->node, "xen,static-mem", show_range(range).text, NULL, message, NULL);
}

hv_status allot_static(struct system_plan *plan, struct plan_domain *domain, struct diag *diag)
{
    uint64_t at = domain->guest_ram[0].base;
    struct dt_range range;

    for (unsigned i = 0; config_static_range(domain->config, i, &range); i++) {
        uint64_t size = align_up(range.size, PAGE_SIZE);
        if (!regions_contain(&plan->free, range.base, size) || regions_remove(&plan->free, range.base, size) != HV_OK) {
            report_static(plan, domain, range_of(range.base, size), diag);
            allot_give_back(plan, domain);
            return HV_E_NOMEM;
        }
        if (add_static(domain, &at, range.base, size) != HV_OK) {
            give_back(plan, range_of(range.base, size));
            allot_give_back(plan, domain);
            dt_report(diag, DIAG_ERROR, domain->config->node, "xen,static-mem", NULL,
                      "at most " TEXT_OF(PLAN_MAX_EXTENTS) " ranges", "the domain's RAM is in too many pieces", NULL);
            return HV_E_FULL;
        }
    }
    return HV_OK;
}

static void report_shortage(const struct system_plan *plan, const struct plan_domain *domain, hv_status status,
                            struct diag *diag);

hv_status allot_direct(struct system_plan *plan, struct plan_domain *domain, struct diag *diag)
{
    uint64_t size = align_up(domain->config->memory, PAGE_SIZE);
    uint64_t base;

    domain->ipa_bits = (uint8_t)plan->machine->pa_bits;
    if (regions_take(&plan->free, size, BLOCK_SIZE, false, &base) != HV_OK) {
        domain->guest_ram[0] = range_of(0, size);
        report_shortage(plan, domain, HV_E_FULL, diag);
        return HV_E_NOMEM;
    }
    domain->guest_ram[0] = range_of(base, size);
    domain->extents[0] = (struct plan_extent){ipa(base), pa(base), size};
    domain->extent_count = 1;
    hv_status status = layout_images(plan, domain, diag);
    if (status != HV_OK)
        allot_give_back(plan, domain);
    return status;
}

static hv_status allot_all(struct system_plan *plan, struct plan_domain *domain)
{
    HV_TRY(allot_control(plan, domain));
    if (domain->extent_count != 0) /* its RAM is said */
        return HV_OK;
    HV_TRY(allot_bank(plan, domain, domain->guest_ram[0]));
    return allot_bank(plan, domain, domain->guest_ram[1]);
}

static void report_shortage(const struct system_plan *plan, const struct plan_domain *domain, hv_status status,
                            struct diag *diag)
{
    uint64_t wanted = region_size(domain->guest_ram[0]) + region_size(domain->guest_ram[1]);
    uint64_t usable = usable_total(&plan->free);
    const char *hint = "give this or an earlier domain less memory";
    char message[96];
    char expected[64];

    if (wanted <= usable && status == HV_E_FULL) {
        format_string(message, sizeof(message), "free RAM is in too many pieces: %u", plan->free.count);
        hint = "reserve fewer and larger ranges";
    } else if (wanted <= usable)
        format_string(message, sizeof(message),
                      "the domain's RAM would be in more than %u pieces, or leave none for its tables",
                      PLAN_MAX_EXTENTS);
    else
        format_string(message, sizeof(message), "not enough RAM: %s missing", show_size(wanted - usable).text);
    format_string(expected, sizeof(expected), "at most %s, what is left in whole 2 MiB blocks", show_size(usable).text);
    dt_report(diag, DIAG_ERROR, domain->config->node, "memory", show_size(wanted).text, expected, message, hint);
}

hv_status allot_domain(struct system_plan *plan, struct plan_domain *domain, struct diag *diag)
{
    hv_status status = allot_all(plan, domain);

    if (status == HV_OK)
        return HV_OK;
    allot_give_back(plan, domain);
    report_shortage(plan, domain, status, diag);
    return HV_E_NOMEM;
}
