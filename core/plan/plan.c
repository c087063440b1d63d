// SPDX-License-Identifier: Apache-2.0
#include "plan/plan.h"

#include "config/part.h"
#include "dt/dt.h"
#include "lib/build.h"
#include "plan/allot.h"
#include "plan/claims.h"
#include "plan/kernel.h"
#include "plan/layout.h"
#include "plan/modules.h"
#include "plan/ramdisk.h"

/** A distributor counts SPIs by 32. */
static uint32_t count_spis(const struct domain_config *config, const struct guest_map *map)
{
    uint64_t needed = max_u64(config->nr_spis, plan_part_spis(config, map));

    if (config->nr_spis == CONFIG_SPIS_AS_HOST)
        return PLAN_SPIS_AS_HOST;
    return (uint32_t)min_u64(align_up(needed, 32), HV_MAX_SPIS);
}

static void start_domains(struct system_plan *plan)
{
    for (unsigned i = 0; i < plan->domain_count; i++) {
        const struct domain_config *config = &plan->config->domains[i];
        plan->domains[i] = (struct plan_domain){
            .config = config,
            .valid = config->valid && config->kernel.present,
            .name = config->name,
            .index = (uint8_t)i,
            .domid = (uint16_t)(i + 1),
            .vmid = (uint16_t)(i + 1),
            .map = &guest_map_xen,
            .eager_memory = config->eager_memory,
            .direct = config->direct_map || config->hardware,
            .dtb_size = GUEST_DT_MAX_SIZE,
            .vcpu_count = (uint32_t)min_u64(config->cpus, HV_MAX_VCPUS),
            .spi_count = count_spis(config, &guest_map_xen),
        };
    }
}

/** Where a domain whose RAM has the host's addresses finds its devices: where the host has them. Its GIC, and in the
 * place of the UART that the hypervisor keeps, its own. */
static hv_status use_host_map(const struct machine *machine, struct plan_domain *domain, struct diag *diag)
{
    const struct machine_gic *gic = &machine->gic;
    struct guest_map *map = &domain->own_map;
    uint64_t room = (uint64_t)domain->vcpu_count * GUEST_GICR_STRIDE;

    *map = *domain->map;
    domain->map = map;
    map->gicd.base = gic->distributor.base;
    map->gicc.base = gic->cpu_interface.base;
    map->gicd_v3.base = gic->distributor.base;
    map->gicr = (struct guest_range){gic->redistributors[0].base, gic->redistributors[0].size};
    if (gic->version == GIC_V3 && room > gic->redistributors[0].size) {
        dt_report(diag, DIAG_ERROR, domain->config->node, "cpus", NULL, NULL,
                  "more vCPUs than the host's interrupt controller has redistributors, in whose place the guest's are",
                  "a domain without direct-map may have more");
        return HV_E_RANGE;
    }
    if (machine->uart.type == UART_NONE || machine->uart.intid < GUEST_SPI_BASE)
        return HV_OK;
    map->uart.base = machine->uart.frame.base;
    map->uart_intid = machine->uart.intid;
    return HV_OK;
}

/** All that can be decided without host RAM. */
static hv_status shape_domain(struct system_plan *plan, struct plan_domain *domain, struct plan_reader *reader,
                              struct diag *diag)
{
    bool placed = !BUILD_DEVICES || !domain->direct || domain->config->static_mem.data != NULL;

    if (domain->direct)
        HV_TRY(use_host_map(plan->machine, domain, diag));
    domain->spi_count = count_spis(domain->config, domain->map);
    if (placed)
        HV_TRY(layout_ram(plan, domain, diag));
    HV_TRY(kernel_inspect(plan, domain, reader, &domain->text_offset, diag));
    ramdisk_inspect(plan, domain, reader);
    FOR_EACH_PART_OF(i, domain->config)
        if (part_table[i]->inspect != NULL)
            HV_TRY(part_table[i]->inspect(&(struct inspection){plan, domain, reader, diag}));
    return placed ? layout_images(plan, domain, diag) : HV_OK;
}

/**
 * A module that nobody knows the size of claims all RAM up to the next thing. In a domain that will not be built,
 * nobody will ever read it: the others may have that RAM.
 */
static void drop_open_ended(struct system_plan *plan, unsigned index)
{
    for (unsigned kind = 0; kind < PLAN_MODULE_KINDS; kind++)
        modules_shrink(&plan->modules[index][kind], 0, NULL);
}

/** The devices that a domain asked for which will not be built: the room for them is the next one's. */
static void drop_devices(struct system_plan *plan, struct plan_domain *domain)
{
    plan->frame_count -= domain->frame_count;
    plan->interrupt_count -= domain->interrupt_count;
    domain->frame_count = domain->interrupt_count = 0;
}

static void shape_domains(struct system_plan *plan, struct plan_reader *reader, struct diag *diag)
{
    plan->frame_count = plan->interrupt_count = 0;
    for (unsigned i = 0; i < plan->domain_count; i++) {
        struct plan_domain *domain = &plan->domains[i];
        if (domain->valid)
            domain->valid = shape_domain(plan, domain, reader, diag) == HV_OK;
        if (domain->valid)
            continue;
        drop_devices(plan, domain);
        drop_open_ended(plan, i);
    }
    modules_warn(plan, diag);
}

/** Those that say which RAM they want come first; then first come, first served. */
static void allot_domains(struct system_plan *plan, struct diag *diag)
{
    plan->valid_count = 0;
    for (unsigned i = 0; i < plan->domain_count; i++) {
        struct plan_domain *domain = &plan->domains[i];
        if (domain->valid && domain->config->static_mem.data != NULL)
            domain->valid = allot_static(plan, domain, diag) == HV_OK;
    }
    for (unsigned i = 0; BUILD_DEVICES && i < plan->domain_count; i++) {
        struct plan_domain *domain = &plan->domains[i];
        if (domain->valid && domain->direct && domain->config->static_mem.data == NULL)
            domain->valid = allot_direct(plan, domain, diag) == HV_OK;
    }
    for (unsigned i = 0; i < plan->domain_count; i++) {
        struct plan_domain *domain = &plan->domains[i];
        if (domain->valid)
            domain->valid = allot_domain(plan, domain, diag) == HV_OK;
        if (domain->valid)
            plan->valid_count++;
    }
}

/** How many vCPUs each physical CPU has; which of them the domain in hand has already. */
struct load {
    uint16_t vcpus[HV_MAX_CPUS];
    uint16_t taken;
};

/** The CPU with the fewest vCPUs, the first of equals, if possible none that the domain has already. */
static uint8_t pick_cpu(const struct machine *machine, struct load *load)
{
    unsigned best = 0;
    unsigned best_cost = UINT32_MAX;

    for (unsigned cpu = 0; cpu < machine->cpu_count; cpu++) {
        unsigned cost = load->vcpus[cpu] + ((load->taken & 1u << cpu) != 0 ? 0x10000u : 0);
        if (machine->cpus[cpu].online && cost < best_cost) {
            best = cpu;
            best_cost = cost;
        }
    }
    load->vcpus[best]++;
    load->taken |= (uint16_t)(1u << best);
    return (uint8_t)best;
}

/** The vCPUs 0 are spread first: they run from the start, and their CPUs build the domains, side by side. */
static void place_vcpus(struct system_plan *plan)
{
    struct load load = {.taken = 0};

    for (unsigned i = 0; i < plan->domain_count; i++) {
        load.taken = 0;
        if (plan->domains[i].valid)
            plan->domains[i].vcpu_cpu[0] = pick_cpu(plan->machine, &load);
    }
    for (unsigned i = 0; i < plan->domain_count; i++) {
        struct plan_domain *domain = &plan->domains[i];
        load.taken = (uint16_t)(1u << domain->vcpu_cpu[0]);
        for (unsigned vcpu = 1; domain->valid && vcpu < domain->vcpu_count; vcpu++)
            domain->vcpu_cpu[vcpu] = pick_cpu(plan->machine, &load);
    }
}

/** What a domain that will not be built had been given so far is not part of the plan. */
static void clear_invalid(struct system_plan *plan)
{
    for (unsigned i = 0; i < plan->domain_count; i++) {
        struct plan_domain *domain = &plan->domains[i];
        if (!domain->valid)
            *domain = (struct plan_domain){
                .config = domain->config, .name = domain->name, .index = domain->index, .domid = domain->domid};
    }
}

static void claim_domain(struct system_plan *plan, struct plan_domain *domain, struct diag *diag)
{
    if (!domain->valid || claims_of_domain(plan, domain, diag) == HV_OK)
        return;
    allot_give_back(plan, domain);
    domain->valid = false;
    plan->valid_count--;
}

/** What the domains have been given is written down; last, what is left of the machine. One that has no room there
 * gives it back. */
static void claim_domains(struct system_plan *plan, struct diag *diag)
{
    for (unsigned hardware = 0; hardware < 2; hardware++)
        for (unsigned i = 0; i < plan->domain_count; i++)
            if (plan->domains[i].config->hardware == (hardware != 0))
                claim_domain(plan, &plan->domains[i], diag);
}

hv_status plan_make(struct system_plan *plan, const struct machine *machine, const struct system_config *config,
                    struct plan_reader *reader, struct diag *diag)
{
    plan->machine = machine;
    plan->config = config;
    plan->domain_count = config->domain_count;
    start_domains(plan);
    modules_resolve(plan, diag);
    shape_domains(plan, reader, diag);
    claims_begin(plan);
    allot_free(plan, diag);
    allot_domains(plan, diag);
    place_vcpus(plan);
    claim_domains(plan, diag);
    clear_invalid(plan);
    plan->digest = plan_digest(plan);
    return plan->valid_count != 0 ? HV_OK : HV_E_MISSING;
}
