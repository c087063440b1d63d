// SPDX-License-Identifier: Apache-2.0
#include "plan/claims.h"

#include "config/part.h"
#include "dt/dt.h"
#include "lib/text.h"
#include "plan/show.h"

/** For what cannot be refused: of a machine's tree that contradicts itself, the first to claim has it. */
static void take(struct system_plan *plan, owner_t owner, enum claim_kind kind, enum claim_mode mode,
                 struct region range, const char *what)
{
    const struct claim claim = claim_of(owner, kind, mode, range, what);
    hv_status status = ledger_claim_rest(&plan->ledger, &claim);

    (void)status; /* the ledger has room for all that a machine can have */
}

static void take_frame(struct system_plan *plan, struct dt_range frame, const char *what)
{
    take(plan, OWNER_HYPERVISOR, CLAIM_FRAME, CLAIM_EXCLUSIVE, range_of(frame.base, frame.size), what);
}

static void take_interrupt(struct system_plan *plan, uint32_t intid, const char *what)
{
    if (intid != 0)
        take(plan, OWNER_HYPERVISOR, CLAIM_INTID, CLAIM_EXCLUSIVE, range_of(intid, 1), what);
}

static void take_devices(struct system_plan *plan)
{
    const struct machine *machine = plan->machine;
    const struct machine_gic *gic = &machine->gic;

    take_frame(plan, gic->distributor, HV_KEPT_TEXT("gicd"));
    for (unsigned i = 0; i < gic->redistributor_count; i++)
        take_frame(plan, gic->redistributors[i], HV_KEPT_TEXT("gicr"));
    if (gic->version == GIC_V2) {
        take_frame(plan, gic->cpu_interface, HV_KEPT_TEXT("gicc"));
        take_frame(plan, gic->hyp_interface, HV_KEPT_TEXT("gich"));
        /* Each guest sees it as its GICC. */
        take(plan, OWNER_HYPERVISOR, CLAIM_FRAME, CLAIM_SHARED,
             range_of(gic->virtual_interface.base, gic->virtual_interface.size), HV_KEPT_TEXT("gicv"));
    }
    take_interrupt(plan, gic->maintenance_intid, HV_KEPT_TEXT("gic maintenance"));
    take_interrupt(plan, machine->timer_virtual_intid, HV_KEPT_TEXT("virtual timer"));
    take_interrupt(plan, machine->timer_physical_intid, HV_KEPT_TEXT("physical timer"));
    take_interrupt(plan, machine->timer_hypervisor_intid, HV_KEPT_TEXT("hypervisor timer"));
    if (machine->uart.type == UART_NONE)
        return;
    take_frame(plan, machine->uart.frame, HV_KEPT_TEXT("uart"));
    take_interrupt(plan, machine->uart.intid, HV_KEPT_TEXT("uart"));
}

HV_KEPT static const char module_names[PLAN_MODULE_KINDS][16] = {
    [MODULE_KERNEL] = "kernel module",
    [MODULE_RAMDISK] = "ramdisk module",
    [MODULE_DEVICE_TREE] = "dtb module",
};

/** Modules of one base are one file for several domains. What a refused one overlaps is not its. */
static void take_modules(struct system_plan *plan, unsigned index)
{
    for (unsigned kind = 0; kind < PLAN_MODULE_KINDS; kind++) {
        const struct plan_module *module = &plan->modules[index][kind];
        struct claim claim =
            claim_of(owner_domain(index), CLAIM_RAM, CLAIM_READ_ONLY, module->range, module_names[kind]);
        if (ledger_claim(&plan->ledger, &claim, NULL) == HV_E_OVERLAP)
            take(plan, owner_domain(index), CLAIM_RAM, CLAIM_READ_ONLY, module->range, module_names[kind]);
    }
}

void claims_begin(struct system_plan *plan)
{
    const struct machine *machine = plan->machine;

    plan->ledger.count = 0;
    take(plan, OWNER_HYPERVISOR, CLAIM_RAM, CLAIM_EXCLUSIVE, machine->image, HV_KEPT_TEXT("image"));
    take(plan, OWNER_HYPERVISOR, CLAIM_RAM, CLAIM_EXCLUSIVE, machine->dtb, HV_KEPT_TEXT("device tree"));
    take_devices(plan);
    for (unsigned valid = 2; valid-- > 0;)
        for (unsigned i = 0; i < plan->domain_count; i++)
            if (plan->domains[i].valid == (valid != 0))
                take_modules(plan, i);
    /* Last: a reservation often lies around what the boot loader put there for us. */
    for (unsigned i = 0; i < machine->reservation_count; i++)
        take(plan, OWNER_FIRMWARE, CLAIM_RAM, CLAIM_EXCLUSIVE, machine->reservations[i].range,
             machine->reservations[i].name);
}

/** Where a claim is: addresses, or the number of an interrupt. */
static struct shown show_claim(const struct claim *claim)
{
    struct shown shown;

    switch ((enum claim_kind)claim->kind) {
    case CLAIM_INTID:
    case CLAIM_GUEST_INTID:
        format_string(shown.text, sizeof(shown.text), "interrupt %lu", (uint64_t)claim->base);
        return shown;
    default:
        return show_range(claim_range(claim));
    }
}

static void report_conflict(const struct claimant *claimant, const struct claim *claim, const struct claim *other)
{
    const struct plan_domain *domain = claimant->domain;
    char message[160];

    if (other == NULL)
        format_string(message, sizeof(message),
                      "there is no room for what it would own: more than %u things have owners", LEDGER_MAX);
    else
        format_string(message, sizeof(message), "its %s at %s overlaps %s of %s at %s", claim->what,
                      show_claim(claim).text, other->what, claim_owner_name(claimant->plan, other),
                      show_claim(other).text);
    dt_report(claimant->diag, DIAG_ERROR, domain->config->node, NULL, NULL, NULL, message, NULL);
}

void claim_for(struct claimant *claimant, enum claim_kind kind, enum claim_mode mode, struct region range,
               const char *what)
{
    const struct claim wanted = claim_of(owner_domain(claimant->domain->index), kind, mode, range, what);
    const struct claim *other;

    if (claimant->status != HV_OK)
        return;
    claimant->status = ledger_claim(&claimant->plan->ledger, &wanted, &other);
    if (claimant->status != HV_OK)
        report_conflict(claimant, &wanted, other);
}

void claim_rest_for(struct claimant *claimant, enum claim_kind kind, struct region range, const char *what)
{
    const struct claim wanted = claim_of(owner_domain(claimant->domain->index), kind, CLAIM_EXCLUSIVE, range, what);

    if (claimant->status != HV_OK)
        return;
    claimant->status = ledger_claim_rest(&claimant->plan->ledger, &wanted);
    if (claimant->status != HV_OK)
        report_conflict(claimant, &wanted, NULL);
}

static void claim_ram(struct claimant *claimant)
{
    const struct plan_domain *domain = claimant->domain;

    claim_for(claimant, CLAIM_RAM, CLAIM_EXCLUSIVE, domain->control, HV_KEPT_TEXT("control"));
    for (unsigned i = 0; i < domain->extent_count; i++)
        claim_for(claimant, CLAIM_RAM, CLAIM_EXCLUSIVE,
                  range_of(domain->extents[i].target.raw, domain->extents[i].size), HV_KEPT_TEXT("ram"));
    for (unsigned i = 0; i < ARRAY_SIZE(domain->guest_ram); i++)
        claim_for(claimant, CLAIM_GUEST_ADDRESS, CLAIM_EXCLUSIVE, domain->guest_ram[i], HV_KEPT_TEXT("ram"));
}

static void claim_devices(struct claimant *claimant)
{
    const struct guest_map *map = claimant->domain->map;

    claim_for(claimant, CLAIM_GUEST_INTID, CLAIM_EXCLUSIVE, range_of(map->timer_virtual, 1),
              HV_KEPT_TEXT("virtual timer"));
    claim_for(claimant, CLAIM_GUEST_INTID, CLAIM_EXCLUSIVE, range_of(map->timer_physical, 1),
              HV_KEPT_TEXT("physical timer"));
    FOR_EACH_PART_OF(i, claimant->domain->config)
        if (part_table[i]->claim != NULL)
            part_table[i]->claim(claimant);
}

/** Neighbours are one claim. */
static void claim_cpus(struct claimant *claimant)
{
    const struct plan_domain *domain = claimant->domain;
    uint32_t used = 0;

    for (unsigned i = 0; i < domain->vcpu_count; i++)
        used |= 1u << domain->vcpu_cpu[i];
    while (used != 0) {
        unsigned first = (unsigned)__builtin_ctz(used);
        unsigned count = (unsigned)__builtin_ctz(~(used >> first));
        claim_for(claimant, CLAIM_CPU, CLAIM_SHARED, range_of(first, count), HV_KEPT_TEXT("vcpu"));
        used &= ~(((1u << count) - 1) << first);
    }
}

hv_status claims_of_domain(struct system_plan *plan, const struct plan_domain *domain, struct diag *diag)
{
    struct claimant claimant = {plan, domain, diag, HV_OK};

    claim_ram(&claimant);
    claim_devices(&claimant);
    claim_cpus(&claimant);
    if (claimant.status == HV_OK)
        return HV_OK;
    ledger_drop(&plan->ledger, owner_domain(domain->index));
    take_modules(plan, domain->index);
    return claimant.status;
}
