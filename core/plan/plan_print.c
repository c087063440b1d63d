// SPDX-License-Identifier: Apache-2.0
/* The canonical text of a plan: what was decided of each domain, then the ledger. Ranges are written as base and size.
 * A line has 70 columns at most, with addresses of 36 bits: the console's are 80. */
#include "plan/claims.h"

static const char *format_name(enum image_format format)
{
    return format == IMAGE_ARM64_GZIP ? "gzip" : "raw";
}

static void print_image(struct text_sink *sink, const char *name, const struct plan_image *image)
{
    if (!image->present)
        return;
    format_to(sink, "  %s 0x%lx +0x%lx from 0x%lx +0x%lx %s\n", name, image->load.raw, image->memory_size,
              image->source.raw, image->source_size, format_name(image->format));
}

/** What was decided of a domain beside what it owns. */
static void print_domain(struct text_sink *sink, const struct plan_domain *domain)
{
    format_to(sink, "domain %u %1.40s%s\n", domain->domid, domain->name, domain->valid ? "" : " left out");
    if (!domain->valid)
        return;
    for (unsigned i = 0; i < domain->extent_count; i++) {
        const struct plan_extent *extent = &domain->extents[i];
        format_to(sink, "  ram 0x%lx at 0x%lx +0x%lx\n", extent->base.raw, extent->target.raw, extent->size);
    }
    print_image(sink, "kernel", &domain->kernel);
    print_image(sink, "ramdisk", &domain->ramdisk);
    format_to(sink, "  dtb 0x%lx +0x%lx\n  entry 0x%lx\n", domain->dtb.raw, domain->dtb_size, domain->entry.raw);
    if (domain->spi_count == PLAN_SPIS_AS_HOST)
        format_to(sink, "  spis as host\n");
    else
        format_to(sink, "  spis %u\n", domain->spi_count);
    for (unsigned i = 0; i < domain->frame_count; i++) {
        const struct plan_frame *frame = &domain->frames[i];
        format_to(sink, "  frame 0x%lx at 0x%lx +0x%lx\n", frame->base.raw, frame->target.raw, frame->size);
    }
    for (unsigned i = 0; i < domain->interrupt_count; i++)
        format_to(sink, "  spi %u %s\n", domain->interrupts[i].intid, domain->interrupts[i].edge ? "edge" : "level");
    for (unsigned i = 0; i < domain->vcpu_count; i++)
        format_to(sink, "  vcpu %u on cpu %u\n", i, domain->vcpu_cpu[i]);
    format_to(sink, "  stage2 0x%lx %u pages %u bits vmid %u\n", domain->stage2_base.raw, domain->stage2_pages,
              domain->ipa_bits, domain->vmid);
}

static const char *mode_name(unsigned mode)
{
    static const char *const names[] = {
        [CLAIM_EXCLUSIVE] = "", [CLAIM_SHARED] = " shared", [CLAIM_READ_ONLY] = " read-only"};

    return names[mode];
}

/** Ranges of addresses as base and size, numbers one by one or as first and count. */
static void print_claim(struct text_sink *sink, const struct system_plan *plan, const struct claim *claim)
{
    /* Of the hypervisor and its device tree the blocks: their exact ends, which the boot loader moves, are not decided.
     */
    struct region range = claim->owner == OWNER_HYPERVISOR ? claim_extent(claim) : claim_range(claim);
    bool number = claim->kind == CLAIM_INTID || claim->kind == CLAIM_CPU || claim->kind == CLAIM_GUEST_INTID;

    if (number && region_size(range) == 1)
        format_to(sink, "%s %lu", ledger_kind_name((enum claim_kind)claim->kind), range.base);
    else if (number)
        format_to(sink, "%s %lu-%lu", ledger_kind_name((enum claim_kind)claim->kind), range.base, range.end - 1);
    else
        format_to(sink, "%s 0x%lx +0x%lx", ledger_kind_name((enum claim_kind)claim->kind), range.base,
                  region_size(range));
    format_to(sink, " %1.16s: %1.16s%s\n", claim_owner_name(plan, claim), claim->what,
              claim->kind == CLAIM_CPU ? "" : mode_name(claim->mode)); /* vCPUs take turns */
}

/** The free ranges from @p next on that begin below @p limit. @return the first that does not */
static unsigned print_free(struct text_sink *sink, const struct region_set *free, unsigned next, uint64_t limit)
{
    for (; next < free->count && free->list[next].base < limit; next++)
        format_to(sink, "ram 0x%lx +0x%lx free\n", free->list[next].base, region_size(free->list[next]));
    return next;
}

/** RAM in the order of addresses, what is free with what has an owner; then all else. */
static void print_ledger(struct text_sink *sink, const struct system_plan *plan)
{
    const struct ledger *ledger = &plan->ledger;
    const struct claim *claim = ledger->list;
    unsigned next = 0;

    for (; claim != ledger_end(ledger) && claim->kind == CLAIM_RAM; claim++) {
        next = print_free(sink, &plan->free, next, claim->base);
        print_claim(sink, plan, claim);
    }
    print_free(sink, &plan->free, next, UINT64_MAX);
    for (; claim != ledger_end(ledger); claim++)
        print_claim(sink, plan, claim);
}

HV_RARE void plan_print(struct text_sink *sink, const struct system_plan *plan)
{
    const struct machine *machine = plan->machine;

    for (unsigned i = 0; i < machine->cpu_count; i++)
        format_to(sink, "cpu %u is 0x%lx%s\n", i, machine->cpus[i].mpidr, machine->cpus[i].online ? "" : ", offline");
    for (unsigned i = 0; i < plan->domain_count; i++)
        print_domain(sink, &plan->domains[i]);
    print_ledger(sink, plan);
}
