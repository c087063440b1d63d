// SPDX-License-Identifier: Apache-2.0
#include "hostsim/devices/given.h"

#include <stdio.h>
#include <stdlib.h>

#include "hostsim/gic/gic.h"

static bool is_register(const struct sim_given *device, uint64_t offset, unsigned size)
{
    return size == 4 && is_aligned(offset, 4) && !sim_fault_since(device->machine, SIM_FAULT_DEVICE_SILENT);
}

static void check_user(const struct sim_given *device, const struct sim_cpu *cpu)
{
    if (device->machine->running && cpu->guest == NULL)
        sim_fail("%s: EL2 accesses a device that is not its own", device->name);
}

static bool read(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value)
{
    struct sim_given *device = context;
    uint32_t word = 0;
    check_user(device, cpu);
    bool answered = is_register(device, offset, size) && device->read(device, offset, &word);
    *value = word;
    return answered;
}

static bool write(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value)
{
    struct sim_given *device = context;
    check_user(device, cpu);
    return is_register(device, offset, size) && device->write(device, offset, (uint32_t)value);
}

void *sim_given_create(struct sim_machine *machine, const struct sim_place *place, size_t model_size,
                       bool (*model_read)(struct sim_given *device, uint64_t offset, uint32_t *value),
                       bool (*model_write)(struct sim_given *device, uint64_t offset, uint32_t value))
{
    struct sim_given *device = calloc(1, model_size);
    if (device == NULL)
        abort();
    *device = (struct sim_given){.next = machine->given,
                                 .machine = machine,
                                 .base = place->base,
                                 .intids = {place->intids[0], place->intids[1]},
                                 .read = model_read,
                                 .write = model_write};
    snprintf(device->name, sizeof(device->name), "%s", place->name);
    machine->given = device;
    sim_device_add(machine, &(struct sim_device){place->base, place->size, read, write, device, device->name});
    return device;
}

void sim_given_destroy_all(struct sim_machine *machine)
{
    while (machine->given != NULL) {
        struct sim_given *device = machine->given;
        machine->given = device->next;
        free(device);
    }
}

void sim_given_set_line(struct sim_given *device, unsigned index, bool level)
{
    if (level && !device->stuck[index])
        device->stuck[index] = sim_fault_since(device->machine, SIM_FAULT_DEVICE_STUCK);
    if (device->intids[index] != 0)
        sim_gic_set_shared(device->machine, device->intids[index], level || device->stuck[index]);
}
