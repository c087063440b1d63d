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
    machine->console_due = console_due;
    return sim_run_with(machine, power_on, machine, secondary);
}

enum sim_end sim_run(struct sim_machine *machine)
{
    return sim_run_secondary(machine, hv_secondary_main);
}
