// SPDX-License-Identifier: Apache-2.0
/* Which device answers at a physical address. */
#include "hostsim/machine/machine.h"

void sim_device_add(struct sim_machine *machine, const struct sim_device *device)
{
    if (machine->device_count == SIM_MAX_DEVICES)
        sim_fail("more than %d device frames", SIM_MAX_DEVICES);
    for (unsigned i = 0; i < machine->device_count; i++)
        if (device->base < machine->devices[i].base + machine->devices[i].size &&
            machine->devices[i].base < device->base + device->size)
            machine->frames_overlap = true; /* the first one answers */
    machine->devices[machine->device_count++] = *device;
}

static bool answers(const struct sim_device *device, uint64_t address)
{
    return address - device->base < device->size;
}

const struct sim_device *sim_device_find(struct sim_machine *machine, uint64_t address)
{
    /* Most accesses are to the device of the one before. */
    const struct sim_device *last = &machine->devices[machine->last_device];
    if (machine->last_device < machine->device_count && answers(last, address))
        return last;
    for (unsigned i = 0; i < machine->device_count; i++)
        if (answers(&machine->devices[i], address)) {
            machine->last_device = machine->frames_overlap ? SIM_MAX_DEVICES : i;
            return &machine->devices[i];
        }
    return NULL;
}

bool sim_device_read(struct sim_cpu *cpu, uint64_t address, unsigned size, uint64_t *value)
{
    const struct sim_device *device = sim_device_find(cpu->machine, address);
    *value = 0;
    return device != NULL && is_aligned(address, size) &&
           device->read(device->context, cpu, address - device->base, size, value);
}

bool sim_device_write(struct sim_cpu *cpu, uint64_t address, unsigned size, uint64_t value)
{
    const struct sim_device *device = sim_device_find(cpu->machine, address);
    return device != NULL && is_aligned(address, size) &&
           device->write(device->context, cpu, address - device->base, size, value);
}
