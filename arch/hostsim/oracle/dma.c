// SPDX-License-Identifier: Apache-2.0
#include "hostsim/oracle/dma.h"

#include <stdio.h>
#include <string.h>

#include "hostsim/guest/guest_runtime.h"
#include "hostsim/memory/mmu.h"

/* The stage 2 of a domain: of any of its vCPUs. NULL: none ever ran. */
static const struct arch_stage2 *stage2_of(const struct sim_machine *machine, unsigned vmid)
{
    for (const struct sim_guest *guest = machine->guests; guest != NULL; guest = guest->next)
        if (guest->vcpu->stage2 != NULL && guest->vcpu->stage2->vmid == vmid)
            return guest->vcpu->stage2;
    return NULL;
}

/* Whether the guest has the page: zeroed, and in its stage 2. */
static bool is_mapped(struct sim_machine *machine, const struct sim_owner *owner, uint64_t address)
{
    const struct arch_stage2 *stage2 = stage2_of(machine, owner->vmid);
    return stage2 != NULL && sim_stage2_maps(machine, stage2, owner->guest_address, address);
}

static void stray(struct sim_machine *machine, const struct sim_stray *stray)
{
    char whose[96];
    if (stray->vmid != 0 && stray->vmid == stray->device_vmid)
        snprintf(whose, sizeof(whose), "which its own domain does not have now");
    else
        snprintf(whose, sizeof(whose), "memory of %s", stray->owner);
    if (!machine->options.dma_strays)
        sim_fail("%s, a device of VMID %u, %s %#llx by DMA, %s", stray->device, stray->device_vmid,
                 stray->write ? "writes" : "reads", (unsigned long long)stray->address, whose);
    sim_trace(sim_this_cpu(), "%s strays to %#llx, %s", stray->device, (unsigned long long)stray->address, whose);
    if (machine->stray_count < SIM_MAX_STRAYS)
        machine->strays[machine->stray_count] = *stray;
    machine->stray_count++;
}

static void check(const struct sim_given *device, uint64_t address, bool write)
{
    struct sim_machine *machine = device->machine;
    struct sim_owner mine, theirs;
    if (machine->owner == NULL)
        return;
    machine->owner(device->base, &mine);
    machine->owner(address, &theirs);
    bool own = mine.vmid != 0 && mine.vmid == theirs.vmid;
    if (own && is_mapped(machine, &theirs, address))
        return;
    struct sim_stray found = {.address = address, .device_vmid = mine.vmid, .vmid = theirs.vmid, .write = write};
    snprintf(found.device, sizeof(found.device), "%s", device->name);
    snprintf(found.owner, sizeof(found.owner), "%s", theirs.name);
    stray(machine, &found);
}

bool sim_dma(const struct sim_given *device, uint64_t address, void *data, uint64_t size, bool write)
{
    struct sim_machine *machine = device->machine;
    bool ram = sim_bank_find(machine, address, size) != NULL;
    if (ram || sim_device_find(machine, address) != NULL)
        check(device, address, write);
    if (!ram)
        return false;
    if (write)
        sim_memory_write(machine, address, data, size);
    else
        memcpy(data, sim_memory_read(machine, address, size), size);
    return true;
}

unsigned sim_stray(const struct sim_machine *machine, unsigned index, struct sim_stray *found)
{
    if (found != NULL && index < min_u64(machine->stray_count, SIM_MAX_STRAYS))
        *found = machine->strays[index];
    return machine->stray_count;
}
