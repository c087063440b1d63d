// SPDX-License-Identifier: Apache-2.0
/* Which device answers at a physical address. */
#include "hostsim/machine/machine.h"

void sim_device_add(struct sim_machine *machine, const struct sim_device *device)
{
    if (machine->device_count == SIM_MAX_DEVICES)
        sim_fail("more than %d device frames", SIM_MAX_DEVICES);
    machine->devices[machine->device_count++] = *device;
}

const struct sim_device *sim_device_find(const struct sim_machine *machine, uint64_t address)
{
    for (unsigned i = 0; i < machine->device_count; i++)
        if (address >= machine->devices[i].base && address - machine->devices[i].base < machine->devices[i].size)
            return &machine->devices[i];
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
