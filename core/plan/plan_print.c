// SPDX-License-Identifier: Apache-2.0
/* The canonical text of a plan. Numbers and names only, no decision that is not in struct system_plan. Ranges are
 * written as base and size. A change of this text changes the digest of every system. */
#include "dt/dt.h"
#include "plan/plan.h"

#define FNV_OFFSET 0xcbf29ce484222325ULL
#define FNV_PRIME 0x100000001b3ULL

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

static void print_domain(struct text_sink *sink, const struct plan_domain *domain)
{
    format_to(sink, "domain %u %s%s\n", domain->domid, domain->config->name, domain->valid ? "" : " left out");
    if (!domain->valid)
        return;
    for (unsigned i = 0; i < domain->extent_count; i++) {
        const struct plan_extent *extent = &domain->extents[i];
        format_to(sink, "  ram 0x%lx at 0x%lx +0x%lx\n", extent->base.raw, extent->target.raw, extent->size);
    }
    print_image(sink, "kernel", &domain->kernel);
    print_image(sink, "ramdisk", &domain->ramdisk);
    format_to(sink, "  dtb 0x%lx +0x%lx\n  entry 0x%lx\n  spis %u\n", domain->dtb.raw, domain->dtb_size,
              domain->entry.raw, domain->spi_count);
    for (unsigned i = 0; i < domain->vcpu_count; i++)
        format_to(sink, "  vcpu %u on cpu %u\n", i, domain->vcpu_cpu[i]);
    format_to(sink, "  control 0x%lx +0x%lx\n  stage2 0x%lx %u pages %u bits\n", domain->control.base,
              region_size(domain->control), domain->stage2_base.raw, domain->stage2_pages, domain->ipa_bits);
}

/** A range in the whole blocks that are kept free of guests for it. */
static void print_blocks(struct text_sink *sink, const char *name, struct region range)
{
    uint64_t base = align_down(range.base, PLAN_BLOCK_ALIGNMENT);

    if (range.end > range.base)
        format_to(sink, "%s 0x%lx +0x%lx\n", name, base, align_up(range.end, PLAN_BLOCK_ALIGNMENT) - base);
}

/** Device frames: the hypervisor's own, and the one that each guest sees as its GICC. */
static void print_frames(struct text_sink *sink, const struct machine *machine)
{
    const struct machine_uart *uart = &machine->uart;
    const struct dt_range *gicv = &machine->gic.virtual_interface;

    if (uart->type != UART_NONE)
        format_to(sink, "uart 0x%lx +0x%lx intid %u\n", uart->frame.base, uart->frame.size, uart->intid);
    for (unsigned i = 0; i < machine->gic.redistributor_count; i++)
        format_to(sink, "gicr 0x%lx +0x%lx\n", machine->gic.redistributors[i].base,
                  machine->gic.redistributors[i].size);
    if (machine->gic.version == GIC_V2)
        format_to(sink, "gicv 0x%lx +0x%lx at 0x%x\n", gicv->base, gicv->size, GUEST_GICC_BASE);
}

static void print_machine(struct text_sink *sink, const struct machine *machine)
{
    print_blocks(sink, "hypervisor", machine->image);
    print_blocks(sink, "devicetree", machine->dtb);
    for (unsigned i = 0; i < machine->reservation_count; i++) {
        const struct machine_reservation *reservation = &machine->reservations[i];
        format_to(sink, "reserved 0x%lx +0x%lx %s\n", reservation->range.base, region_size(reservation->range),
                  reservation->name);
    }
    print_frames(sink, machine);
    for (unsigned i = 0; i < machine->cpu_count; i++)
        format_to(sink, "cpu %u 0x%lx%s\n", i, machine->cpus[i].mpidr, machine->cpus[i].online ? "" : " offline");
}

HV_RARE void plan_print(struct text_sink *sink, const struct system_plan *plan)
{
    print_machine(sink, plan->machine);
    for (unsigned i = 0; i < plan->domain_count; i++)
        print_domain(sink, &plan->domains[i]);
    for (unsigned i = 0; i < plan->free.count; i++)
        format_to(sink, "free 0x%lx +0x%lx\n", plan->free.list[i].base, region_size(plan->free.list[i]));
}

struct digest_sink {
    struct text_sink sink;
    uint64_t hash;
};

static void digest_put(struct text_sink *sink, const char *text, size_t length)
{
    struct digest_sink *digest = CONTAINER_OF(sink, struct digest_sink, sink);
    uint64_t hash = digest->hash;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)text[i]) * FNV_PRIME;
    digest->hash = hash;
}

uint64_t plan_digest(const struct system_plan *plan)
{
    struct digest_sink digest = {.sink = {.put = digest_put}, .hash = FNV_OFFSET};

    plan_print(&digest.sink, plan);
    return digest.hash;
}
