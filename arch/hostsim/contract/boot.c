// SPDX-License-Identifier: Apache-2.0
/* Power-on: what the firmware and the boot loader leave behind, then core. Apart from the other files, so that a
 * program which only uses the models does not need all of core. */
#include <string.h>

#include "boot/boot.h"
#include "boot/hv_main.h"
#include "console/console.h"
#include "console/panic.h"
#include "drivers/gic.h"
#include "hostsim/machine/machine.h"
#include "plan/ledger.h"
#include "trace/trace.h"

static void power_on(void *context)
{
    struct sim_machine *machine = context;
    uint64_t space = min_u64(machine->boot_dtb_size, MIB(2));
    const void *dtb = sim_map(machine, machine->boot_dtb, space, ARCH_MAP_READ, true);
    uint64_t entry_ticks = sim_ticks(machine, machine->now);
    sim_spend(sim_this_cpu(), SIM_COST_START, 1);
    hv_main(dtb, space, pa(machine->boot_dtb), entry_ticks);
}

/* Devices that guests reach themselves are in the ledger as well; modules, which they only get copies of, do not count.
 */
static bool gives(const struct claim *claim, unsigned vmid)
{
    bool reachable = claim->kind == CLAIM_FRAME || (claim->kind == CLAIM_RAM && claim->mode == CLAIM_EXCLUSIVE);
    return reachable && owner_is_domain(claim->owner) && hv_boot.plan.domains[claim->owner - 1].vmid == vmid;
}

static bool owned(unsigned vmid, uint64_t base, uint64_t size)
{
    const struct ledger *ledger = &hv_boot.plan.ledger;
    for (const struct claim *claim = ledger->list; claim != ledger_end(ledger); claim++)
        if (gives(claim, vmid) && claim->base <= base && base + size <= claim->base + claim->size)
            return true;
    return false;
}

/* @return false where it is not RAM of the guest */
static bool find_guest_address(const struct plan_domain *plan, uint64_t address, uint64_t *guest_address)
{
    for (unsigned i = 0; i < plan->extent_count; i++) {
        uint64_t offset = address - plan->extents[i].target.raw;
        if (offset >= plan->extents[i].size)
            continue;
        *guest_address = plan->extents[i].base.raw + offset;
        return true;
    }
    return false;
}

/* A domain's modules, and where the hypervisor keeps what it knows of the domain, are not its guest's. */
static void owner(uint64_t address, struct sim_owner *owner)
{
    const struct ledger *ledger = &hv_boot.plan.ledger;
    *owner = (struct sim_owner){.name = "nobody"};
    for (const struct claim *claim = ledger->list; claim != ledger_end(ledger); claim++) {
        if (claim->kind > CLAIM_FRAME || address < claim->base || address - claim->base >= claim->size)
            continue;
        owner->name = "the hypervisor";
        if (!owner_is_domain(claim->owner))
            return;
        const struct plan_domain *plan = &hv_boot.plan.domains[claim->owner - 1];
        if (claim->kind == CLAIM_FRAME || find_guest_address(plan, address, &owner->guest_address))
            *owner = (struct sim_owner){plan->vmid, plan->name, owner->guest_address};
    }
}

/* The interrupt of that index, counted through all domains. */
static const struct plan_interrupt *find_interrupt(unsigned index, const struct plan_domain **plan)
{
    for (unsigned i = 0; i < hv_boot.plan.domain_count; i++) {
        *plan = &hv_boot.plan.domains[i];
        unsigned count = (*plan)->valid ? (*plan)->interrupt_count : 0;
        if (index < count)
            return &(*plan)->interrupts[index];
        index -= count;
    }
    return NULL;
}

static bool assigned(unsigned index, struct sim_assigned *assigned)
{
    const struct plan_domain *plan;
    const struct plan_interrupt *interrupt = hv_boot.started != 0 ? find_interrupt(index, &plan) : NULL;
    struct domain *domain = interrupt != NULL ? domain_table[plan->domid - 1] : NULL;
    if (domain == NULL)
        return false;
    const struct vgic_irq *irq = &domain->vgic.spis[interrupt->intid - VGIC_PRIVATE];
    uint32_t state = load_acquire(&domain->state);
    *assigned = (struct sim_assigned){.intid = interrupt->intid,
                                      .vmid = plan->vmid,
                                      .domain = plan->name,
                                      .lock = &domain->vgic.lock,
                                      .runs = state == DOMAIN_RUNNING,
                                      .gone = state_ended(state) && load_relaxed(&domain->taken_apart) != 0,
                                      .linked = irq->physical_intid != 0 && !irq->unlinked,
                                      .enabled = irq->enabled,
                                      .in_flight = irq->physical,
                                      .listed = irq->in_lr,
                                      .cpu = -1};
    if (irq->targets != 0)
        assigned->cpu = domain->vcpus[__builtin_ctz(irq->targets)]->cpu;
    return true;
}

static uint64_t console_due(void)
{
    return console.tick.when;
}

enum sim_end sim_run_secondary(struct sim_machine *machine, void (*secondary)(unsigned cpu))
{
    memset(&hv_boot, 0, sizeof(hv_boot));
    memset(&host_gic, 0, sizeof(host_gic));
    memset(&trace_timeline, 0, sizeof(trace_timeline));
    machine->panic = hv_panic;
    machine->owned = owned;
    machine->owner = owner;
    machine->assigned = assigned;
    machine->console_due = console_due;
    return sim_run_with(machine, power_on, machine, secondary);
}

enum sim_end sim_run(struct sim_machine *machine)
{
    return sim_run_secondary(machine, hv_secondary_main);
}
