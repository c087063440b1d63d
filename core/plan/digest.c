// SPDX-License-Identifier: Apache-2.0
/* The digest of a plan: all that was read of the machine and of the configuration, and all that was decided. Not in it
 * are names but the domains', the exact ends of the hypervisor and its device tree, which the boot loader moves, and
 * what only the CPU knows. */
#include "config/part.h"
#include "plan/claims.h"

#define FNV_OFFSET 0xcbf29ce484222325ULL
#define FNV_PRIME 0x100000001b3ULL

/** FNV-1a by words; its upper half is folded into the lower, which a multiplication alone would not reach. */
static void add(uint64_t *hash, uint64_t word)
{
    uint64_t product = (*hash ^ word) * FNV_PRIME;

    *hash = product ^ product >> 32;
}

static void add_bytes(uint64_t *hash, const char *bytes, size_t length)
{
    add(hash, length);
    for (size_t i = 0; i < length; i++)
        add(hash, (uint8_t)bytes[i]);
}

static void add_text(uint64_t *hash, const char *text)
{
    add_bytes(hash, text, text != NULL ? __builtin_strlen(text) : 0);
}

static void add_region(uint64_t *hash, struct region region)
{
    add(hash, region.base);
    add(hash, region.end);
}

static void add_regions(uint64_t *hash, const struct region_set *set)
{
    add(hash, set->count);
    for (unsigned i = 0; i < set->count; i++)
        add_region(hash, set->list[i]);
}

static void add_frame(uint64_t *hash, struct dt_range frame)
{
    add(hash, frame.base);
    add(hash, frame.size);
}

static void add_cpu(uint64_t *hash, const struct machine_cpu *cpu)
{
    add(hash, cpu->mpidr);
    add_bytes(hash, cpu->compatible, cpu->compatible_length);
    add(hash, cpu->clock_frequency);
    add(hash, (cpu->psci ? 1u : 0) | (cpu->online ? 2u : 0));
}

static void add_gic(uint64_t *hash, const struct machine_gic *gic)
{
    add(hash, gic->version);
    add_frame(hash, gic->distributor);
    add(hash, gic->redistributor_count);
    for (unsigned i = 0; i < gic->redistributor_count; i++)
        add_frame(hash, gic->redistributors[i]);
    add(hash, gic->redistributor_stride);
    add_frame(hash, gic->cpu_interface);
    add_frame(hash, gic->hyp_interface);
    add_frame(hash, gic->virtual_interface);
    add(hash, gic->maintenance_intid);
}

static void add_machine(uint64_t *hash, const struct machine *machine)
{
    add_regions(hash, &machine->memory);
    add(hash, machine->reservation_count);
    for (unsigned i = 0; i < machine->reservation_count; i++)
        add_region(hash, machine->reservations[i].range);
    add(hash, machine->cpu_count);
    for (unsigned i = 0; i < machine->cpu_count; i++)
        add_cpu(hash, &machine->cpus[i]);
    add_gic(hash, &machine->gic);
    add(hash, machine->uart.type);
    add_frame(hash, machine->uart.frame);
    add(hash, machine->uart.intid);
    add(hash, machine->uart.flags);
    add(hash, machine->timer_virtual_intid);
    add(hash, machine->timer_physical_intid);
    add(hash, machine->timer_hypervisor_intid);
    add(hash, machine->timer_frequency);
    add(hash, machine->psci);
}

static void add_image(uint64_t *hash, const struct plan_image *image)
{
    add(hash, image->present);
    add(hash, image->source.raw);
    add(hash, image->source_size);
    add(hash, image->load.raw);
    add(hash, image->file_size);
    add(hash, image->memory_size);
    add(hash, image->format);
}

static void add_config(uint64_t *hash, const struct domain_config *config)
{
    add_text(hash, config->name);
    add(hash, config->memory);
    add(hash, config->eager_memory);
    FOR_EACH_PART_OF(i, config) {
        if (part_table[i]->property == NULL) /* each has it, or a module says it */
            continue;
        add_text(hash, part_table[i]->name);
        add(hash, config->part_values[i]);
    }
    add_text(hash, config->bootargs);
}

static void add_memory(uint64_t *hash, const struct plan_domain *domain)
{
    add(hash, domain->extent_count);
    for (unsigned i = 0; i < domain->extent_count; i++) {
        add(hash, domain->extents[i].base.raw);
        add(hash, domain->extents[i].target.raw);
        add(hash, domain->extents[i].size);
    }
    add_region(hash, domain->guest_ram[0]);
    add_region(hash, domain->guest_ram[1]);
    add_region(hash, domain->control);
    add_region(hash, domain->tree);
    add_region(hash, domain->scratch);
    add(hash, domain->stage2_base.raw);
    add(hash, domain->stage2_pages);
    add(hash, domain->ipa_bits);
}

/** The partial tree as it is, which is aligned. It ends with names, at any byte. */
static void add_fragment(uint64_t *hash, const struct dt *fragment)
{
    const uint32_t *words = fragment->blob;
    uint32_t count = fragment->size / (uint32_t)sizeof(*words), left = fragment->size % (uint32_t)sizeof(*words);

    add(hash, fragment->size);
    if (words == NULL)
        return;
    for (uint32_t i = 0; i < count; i++)
        add(hash, words[i]);
    add_bytes(hash, (const char *)(words + count), left);
}

static void add_devices(uint64_t *hash, const struct plan_domain *domain)
{
    add_fragment(hash, &domain->fragment);
    add(hash, domain->frame_count);
    for (unsigned i = 0; i < domain->frame_count; i++) {
        add(hash, domain->frames[i].base.raw);
        add(hash, domain->frames[i].target.raw);
        add(hash, domain->frames[i].size);
    }
    add(hash, domain->interrupt_count);
    for (unsigned i = 0; i < domain->interrupt_count; i++)
        add(hash, (uint64_t)domain->interrupts[i].intid << 1 | domain->interrupts[i].edge);
}

static void add_domain(uint64_t *hash, const struct plan_domain *domain)
{
    add(hash, domain->domid);
    add(hash, domain->valid);
    add_config(hash, domain->config);
    if (!domain->valid)
        return;
    add(hash, domain->vmid);
    add(hash, domain->vcpu_count);
    for (unsigned i = 0; i < domain->vcpu_count; i++)
        add(hash, domain->vcpu_cpu[i]);
    add_memory(hash, domain);
    add_image(hash, &domain->kernel);
    add_image(hash, &domain->ramdisk);
    add(hash, domain->dtb.raw);
    add(hash, domain->dtb_size);
    add(hash, domain->entry.raw);
    add(hash, domain->spi_count);
    add_devices(hash, domain);
}

static void add_claim(uint64_t *hash, const struct claim *claim)
{
    add_region(hash, claim->owner == OWNER_HYPERVISOR ? claim_extent(claim) : claim_range(claim));
    add(hash, (uint64_t)claim->owner | (uint64_t)claim->kind << 8 | (uint64_t)claim->mode << 16);
}

uint64_t plan_digest(const struct system_plan *plan)
{
    uint64_t hash = FNV_OFFSET;

    add_machine(&hash, plan->machine);
    add(&hash, plan->config->all_off);
    for (unsigned i = 0; i < plan->domain_count; i++)
        add_domain(&hash, &plan->domains[i]);
    for (const struct claim *claim = plan->ledger.list; claim != ledger_end(&plan->ledger); claim++)
        add_claim(&hash, claim);
    add_regions(&hash, &plan->free);
    return hash;
}
