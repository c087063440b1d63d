/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that a guest reaches itself, at the host's addresses by stage 2, and whose interrupts are the host's. Core
 * has no business with them. A model embeds struct sim_given as its first member. */
#ifndef BULKHEAD_HOSTSIM_GIVEN_H
#define BULKHEAD_HOSTSIM_GIVEN_H

#include "hostsim/machine/machine.h"

#define SIM_GIVEN_INTERRUPTS 2

struct sim_given {
    struct sim_given *next;
    struct sim_machine *machine;
    char name[32]; /* of its node, for messages */
    uint64_t base;
    unsigned intids[SIM_GIVEN_INTERRUPTS]; /* 0: none */
    bool stuck[SIM_GIVEN_INTERRUPTS];      /* a fault keeps the line high */
    bool (*read)(struct sim_given *device, uint64_t offset, uint32_t *value);
    bool (*write)(struct sim_given *device, uint64_t offset, uint32_t value);
};

/** Where a device of the tree is. */
struct sim_place {
    const char *name;
    uint64_t base, size;
    unsigned intids[SIM_GIVEN_INTERRUPTS];
};

/** Allocates a model of @p model_size bytes, all zero but for its struct sim_given, and puts it on the bus: registers
 * of 32 bits, which no other width reaches. */
void *sim_given_create(struct sim_machine *machine, const struct sim_place *place, size_t model_size,
                       bool (*read)(struct sim_given *device, uint64_t offset, uint32_t *value),
                       bool (*write)(struct sim_given *device, uint64_t offset, uint32_t value));
void sim_given_destroy_all(struct sim_machine *machine);
/** Drives line @p index of the device. */
void sim_given_set_line(struct sim_given *device, unsigned index, bool level);

/** A PL031 (DDI 0224): seconds, and an alarm, by a level. Its clock is on, as on QEMU. */
void sim_pl031_create(struct sim_machine *machine, const struct sim_place *place);
/** A device with a ring of descriptors that moves data by DMA: bus_master.c says how it is programmed. Its first
 * interrupt is a level, its second one an edge. */
void sim_bus_master_create(struct sim_machine *machine, const struct sim_place *place);

#endif
