// SPDX-License-Identifier: Apache-2.0
/* A bus master with a ring of descriptors, as an Ethernet controller has one. What it reads and writes is memory
 * itself, at the host's physical addresses: nothing translates for it, and caches are not looked into.
 *
 *   CONTROL  bit 0: runs; bit 1: reset, by writing 1
 *   STATUS   bit 0: busy; bit 1: stopped by an address where nothing answers
 *   RING     64 bits: address of the descriptors; SIZE: how many they are
 *   HEAD     the one it takes next; TAIL, which software writes: behind the last one that it may take
 *   EVENTS   bit 0: a descriptor that asked for it is done, bit 1: stopped; written: bits of 1 are cleared
 *   MASK     of EVENTS, what drives the first interrupt, a level
 *   DONE     how many descriptors were done
 *
 * A descriptor is 32 bytes: source and destination (64 bits each), length in bytes (32 bits), flags (32 bits; 0: sets
 * EVENTS, 1: pulses the second interrupt, an edge, 2: does not copy, but writes the low byte of the source), and what
 * it writes back when it is done (32 bits: 1, or 2 with an error). */
#include <string.h>

#include "hostsim/devices/given.h"
#include "hostsim/oracle/dma.h"

#define BM_ID 0x00
#define BM_CONTROL 0x04
#define BM_STATUS 0x08
#define BM_RING_LOW 0x10
#define BM_RING_HIGH 0x14
#define BM_SIZE 0x18
#define BM_TAIL 0x1c
#define BM_HEAD 0x20
#define BM_EVENTS 0x24
#define BM_MASK 0x28
#define BM_DONE 0x2c

#define ID 0x424d0001u
#define RUNS (1u << 0)
#define RESET (1u << 1)
#define BUSY (1u << 0)
#define STOPPED (1u << 1)
#define EVENT_DONE (1u << 0)
#define EVENT_STOPPED (1u << 1)
#define FLAG_EVENT (1u << 0)
#define FLAG_PULSE (1u << 1)
#define FLAG_FILL (1u << 2)
#define WRITTEN_DONE 1u
#define WRITTEN_ERROR 2u

#define BURST 64     /* bytes, of one transaction on the bus */
#define BURST_NS 100 /* to read it and to write it */
#define FETCH_NS 200 /* a descriptor */

struct descriptor {
    uint64_t source, destination;
    uint32_t length, flags, written, reserved;
};

struct bus_master {
    struct sim_given device;
    uint64_t ring;
    uint32_t control, status, size, head, tail, events, mask, done;
    struct descriptor taken;
    uint32_t moved; /* of its bytes */
    bool has_taken;
    struct sim_event step;
};

static void update_line(struct bus_master *master)
{
    sim_given_set_line(&master->device, 0, (master->events & master->mask) != 0);
}

static bool load(const struct bus_master *master, uint64_t address, void *data, uint32_t size)
{
    return sim_dma(&master->device, address, data, size, false);
}

static bool store(const struct bus_master *master, uint64_t address, const void *data, uint32_t size)
{
    uint8_t copy[BURST];
    memcpy(copy, data, size);
    return sim_dma(&master->device, address, copy, size, true);
}

static void go_on(struct bus_master *master, uint64_t nanoseconds)
{
    master->status |= BUSY;
    sim_event_schedule(master->device.machine, &master->step, master->device.machine->now + nanoseconds);
}

static void stop(struct bus_master *master)
{
    master->status = (master->status & ~BUSY) | STOPPED;
    master->events |= EVENT_STOPPED;
    master->has_taken = false;
    update_line(master);
}

static uint64_t place_of(const struct bus_master *master, uint32_t index)
{
    return master->ring + index * sizeof(struct descriptor);
}

static void take(struct bus_master *master)
{
    if ((master->control & RUNS) == 0 || master->head == master->tail || master->size == 0) {
        master->status &= ~BUSY;
        return;
    }
    if (!load(master, place_of(master, master->head), &master->taken, sizeof(master->taken))) {
        stop(master);
        return;
    }
    master->has_taken = true;
    master->moved = 0;
    go_on(master, FETCH_NS);
}

static void finish(struct bus_master *master)
{
    const uint32_t flags = master->taken.flags;
    master->taken.written = WRITTEN_DONE;
    if (!store(master, place_of(master, master->head), &master->taken, sizeof(master->taken))) {
        stop(master);
        return;
    }
    master->has_taken = false;
    master->head = (master->head + 1) % master->size;
    master->done++;
    if ((flags & FLAG_EVENT) != 0)
        master->events |= EVENT_DONE;
    update_line(master);
    if ((flags & FLAG_PULSE) != 0) {
        sim_given_set_line(&master->device, 1, true);
        sim_given_set_line(&master->device, 1, false);
    }
    go_on(master, FETCH_NS);
}

/* Bursts do not cross into another page. */
static uint32_t next_burst(const struct bus_master *master)
{
    const struct descriptor *taken = &master->taken;
    uint64_t left = min_u64(BURST, taken->length - master->moved);
    left = min_u64(left, PAGE_SIZE - (taken->destination + master->moved) % PAGE_SIZE);
    return (uint32_t)((taken->flags & FLAG_FILL) != 0
                          ? left
                          : min_u64(left, PAGE_SIZE - (taken->source + master->moved) % PAGE_SIZE));
}

static void move(struct bus_master *master)
{
    const struct descriptor *taken = &master->taken;
    uint8_t bytes[BURST];
    uint32_t size = next_burst(master);
    memset(bytes, (uint8_t)taken->source, sizeof(bytes));
    bool answered = (taken->flags & FLAG_FILL) != 0 || load(master, taken->source + master->moved, bytes, size);
    if (!answered || !store(master, taken->destination + master->moved, bytes, size)) {
        master->taken.written = WRITTEN_ERROR;
        (void)store(master, place_of(master, master->head), &master->taken, sizeof(master->taken));
        stop(master);
        return;
    }
    master->moved += size;
    go_on(master, BURST_NS);
}

static void happen(struct sim_machine *machine, struct sim_event *event)
{
    struct bus_master *master = event->context;
    (void)machine;
    if (!master->has_taken)
        take(master);
    else if (master->moved < master->taken.length)
        move(master);
    else
        finish(master);
}

static void reset(struct bus_master *master)
{
    sim_event_cancel(master->device.machine, &master->step);
    master->ring = 0;
    master->control = master->status = master->size = master->head = master->tail = 0;
    master->events = master->mask = master->done = 0;
    master->has_taken = false;
}

static uint32_t *plain_register(struct bus_master *master, uint64_t offset)
{
    switch (offset) {
    case BM_STATUS:
        return &master->status;
    case BM_CONTROL:
        return &master->control;
    case BM_SIZE:
        return &master->size;
    case BM_TAIL:
        return &master->tail;
    case BM_HEAD:
        return &master->head;
    case BM_EVENTS:
        return &master->events;
    case BM_MASK:
        return &master->mask;
    case BM_DONE:
        return &master->done;
    default:
        return NULL;
    }
}

static bool read(struct sim_given *device, uint64_t offset, uint32_t *value)
{
    struct bus_master *master = (struct bus_master *)device;
    const uint32_t *plain = plain_register(master, offset);
    if (offset == BM_ID)
        *value = ID;
    else if (offset == BM_RING_LOW)
        *value = (uint32_t)master->ring;
    else if (offset == BM_RING_HIGH)
        *value = (uint32_t)(master->ring >> 32);
    else
        *value = plain != NULL ? *plain : 0;
    return true;
}

/* What it has taken it brings to its end, also when it is told not to run. */
static void start(struct bus_master *master)
{
    if (master->size != 0)
        master->tail %= master->size;
    if ((master->status & (BUSY | STOPPED)) == 0)
        go_on(master, FETCH_NS);
}

static bool write(struct sim_given *device, uint64_t offset, uint32_t value)
{
    struct bus_master *master = (struct bus_master *)device;
    switch (offset) {
    case BM_CONTROL:
        if ((value & RESET) != 0)
            reset(master);
        master->control = value & RUNS;
        start(master);
        break;
    case BM_RING_LOW:
        master->ring = (master->ring & ~0xffffffffULL) | value;
        break;
    case BM_RING_HIGH:
        master->ring = (master->ring & 0xffffffffULL) | (uint64_t)value << 32;
        break;
    case BM_SIZE:
        master->size = value & 0xffff;
        break;
    case BM_TAIL:
        master->tail = value;
        start(master);
        break;
    case BM_EVENTS:
        master->events &= ~value;
        break;
    case BM_MASK:
        master->mask = value;
        break;
    default:
        break;
    }
    update_line(master);
    return true;
}

void sim_bus_master_create(struct sim_machine *machine, const struct sim_place *place)
{
    struct bus_master *master = sim_given_create(machine, place, sizeof(*master), read, write);
    master->step.happen = happen;
    master->step.context = master;
}
