// SPDX-License-Identifier: Apache-2.0
/* The GIC's distributor: its register file (IHI 0048B 4.3). */
#include "hostsim/gic/gicv2_model.h"

#define GICD_CTLR 0x000
#define GICD_TYPER 0x004
#define GICD_IIDR 0x008
#define GICD_SGIR 0xf00
#define GICD_ICPIDR2 0xfe8

#define SGIR_BITS 0x03ff000fu /* NSATT is for Secure software */

/* What the frame holds besides fields (4.3). */
static const struct gicv2_register layout[] = {
    {GICD_CTLR, 1, GICV2_READ_WRITE, 0x3},  {GICD_TYPER, 1, GICV2_READ, 0}, {GICD_IIDR, 1, GICV2_READ, 0},
    {GICD_SGIR, 1, GICV2_WRITE, SGIR_BITS}, {0xfd0, 12, GICV2_READ, 0}, /* identification */
};

/* A field of one or more bits for each interrupt, in consecutive words. */
struct field {
    uint16_t offset, bytes;
    uint8_t bits; /* per interrupt */
    bool byte_access;
    uint32_t (*get)(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid);
    void (*set)(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid, uint32_t value);
};

/* In the Non-secure view an interrupt of Group 0 does not exist (4.3, table 4-2 and following). */
static struct gicv2_interrupt *visible(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid)
{
    struct gicv2_interrupt *interrupt = gicv2_interrupt(gic, cpu, intid);
    return interrupt != NULL && (!gic->security || interrupt->group1) ? interrupt : NULL;
}

static uint32_t get_group(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid)
{
    return !gic->security && gicv2_interrupt(gic, cpu, intid)->group1;
}

static void set_group(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid, uint32_t value)
{
    if (!gic->security)
        gicv2_interrupt(gic, cpu, intid)->group1 = value != 0;
}

static uint32_t get_enabled(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid)
{
    const struct gicv2_interrupt *interrupt = visible(gic, cpu, intid);
    return interrupt != NULL && interrupt->enabled;
}

static void set_enabled(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid, uint32_t value)
{
    struct gicv2_interrupt *interrupt = visible(gic, cpu, intid);
    if (interrupt != NULL && value != 0)
        interrupt->enabled = true;
}

static void clear_enabled(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid, uint32_t value)
{
    struct gicv2_interrupt *interrupt = visible(gic, cpu, intid);
    if (interrupt != NULL && value != 0)
        interrupt->enabled = false;
}

static uint32_t get_pending(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid)
{
    const struct gicv2_interrupt *interrupt = visible(gic, cpu, intid);
    return interrupt != NULL && gicv2_is_pending(interrupt);
}

/* SGIs are made pending by SGIR and SPENDSGIR only. */
static void set_pending(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid, uint32_t value)
{
    struct gicv2_interrupt *interrupt = visible(gic, cpu, intid);
    if (interrupt != NULL && value != 0 && intid >= 16)
        interrupt->latch = true;
}

static void clear_pending(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid, uint32_t value)
{
    struct gicv2_interrupt *interrupt = visible(gic, cpu, intid);
    if (interrupt != NULL && value != 0 && intid >= 16)
        interrupt->latch = false;
}

static uint32_t get_active(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid)
{
    const struct gicv2_interrupt *interrupt = visible(gic, cpu, intid);
    return interrupt != NULL && interrupt->active;
}

static void set_active(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid, uint32_t value)
{
    struct gicv2_interrupt *interrupt = visible(gic, cpu, intid);
    if (interrupt != NULL && value != 0)
        interrupt->active = true;
}

static void clear_active(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid, uint32_t value)
{
    struct gicv2_interrupt *interrupt = visible(gic, cpu, intid);
    if (interrupt != NULL && value != 0)
        interrupt->active = false;
}

static uint32_t get_priority(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid)
{
    const struct gicv2_interrupt *interrupt = visible(gic, cpu, intid);
    if (interrupt == NULL)
        return 0;
    return gic->security ? interrupt->priority << 1 & 0xff : interrupt->priority;
}

static void set_priority(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid, uint32_t value)
{
    struct gicv2_interrupt *interrupt = visible(gic, cpu, intid);
    if (interrupt != NULL)
        interrupt->priority = (uint8_t)((gic->security ? 0x80 | value >> 1 : value) & GIC_PRIORITY_MASK);
}

static uint32_t get_targets(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid)
{
    if (gic->machine->cpu_count == 1)
        return 0;
    if (intid < GIC_PRIVATE)
        return 1u << cpu->index;
    const struct gicv2_interrupt *interrupt = visible(gic, cpu, intid);
    return interrupt != NULL ? interrupt->targets : 0;
}

static void set_targets(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid, uint32_t value)
{
    struct gicv2_interrupt *interrupt = visible(gic, cpu, intid);
    if (interrupt != NULL && intid >= GIC_PRIVATE && gic->machine->cpu_count > 1)
        interrupt->targets = (uint8_t)(value & ((1u << gic->machine->cpu_count) - 1));
}

static uint32_t get_configuration(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid)
{
    const struct gicv2_interrupt *interrupt = visible(gic, cpu, intid);
    return interrupt != NULL && interrupt->edge ? 2 : 0;
}

static void set_configuration(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid, uint32_t value)
{
    struct gicv2_interrupt *interrupt = visible(gic, cpu, intid);
    bool edge = (value & 2) != 0;
    if (interrupt == NULL || intid < GIC_PRIVATE || interrupt->edge == edge)
        return;
    if (interrupt->enabled)
        sim_fail("GICD_ICFGR: trigger of INTID %u changed while it is enabled (IHI 0048B 4.3.13: unpredictable)",
                 intid);
    interrupt->edge = edge;
}

static uint32_t get_sgi_sources(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid)
{
    const struct gicv2_interrupt *interrupt = visible(gic, cpu, intid);
    return interrupt != NULL ? interrupt->sgi_sources : 0;
}

static void set_sgi_sources(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid, uint32_t value)
{
    struct gicv2_interrupt *interrupt = visible(gic, cpu, intid);
    if (interrupt != NULL)
        interrupt->sgi_sources |= (uint8_t)(value & ((1u << gic->machine->cpu_count) - 1));
}

static void clear_sgi_sources(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid, uint32_t value)
{
    struct gicv2_interrupt *interrupt = visible(gic, cpu, intid);
    if (interrupt != NULL)
        interrupt->sgi_sources &= (uint8_t)~value;
}

static const struct field fields[] = {
    {0x080, 0x80, 1, false, get_group, set_group},
    {0x100, 0x80, 1, false, get_enabled, set_enabled},
    {0x180, 0x80, 1, false, get_enabled, clear_enabled},
    {0x200, 0x80, 1, false, get_pending, set_pending},
    {0x280, 0x80, 1, false, get_pending, clear_pending},
    {0x300, 0x80, 1, false, get_active, set_active},
    {0x380, 0x80, 1, false, get_active, clear_active},
    {0x400, 0x400, 8, true, get_priority, set_priority},
    {0x800, 0x400, 8, true, get_targets, set_targets},
    {0xc00, 0x100, 2, false, get_configuration, set_configuration},
    {0xf10, 0x10, 8, true, get_sgi_sources, clear_sgi_sources},
    {0xf20, 0x10, 8, true, get_sgi_sources, set_sgi_sources},
};

static const struct field *find_field(uint64_t offset, unsigned size)
{
    for (unsigned i = 0; i < ARRAY_SIZE(fields); i++)
        if (offset >= fields[i].offset && offset - fields[i].offset < fields[i].bytes)
            return size == 4 || (size == 1 && fields[i].byte_access) ? &fields[i] : NULL;
    return NULL;
}

static bool read_single(struct gicv2 *gic, uint64_t offset, uint64_t *value)
{
    gicv2_check_access("GICD", layout, ARRAY_SIZE(layout), offset, GICV2_READ, 0);
    switch (offset) {
    case GICD_CTLR:
        *value = gic->security ? gic->control >> 1 : gic->control;
        return true;
    case GICD_TYPER:
        *value = ((gic->intids + 31) / 32 - 1) | (gic->machine->cpu_count - 1) << 5 | (gic->security ? 1u << 10 : 0);
        return true;
    case GICD_IIDR:
        *value = 0x0200143b; /* GIC-400 */
        return true;
    case GICD_ICPIDR2:
        *value = 0x2b; /* architecture version 2 */
        return true;
    default:
        return true;
    }
}

bool gicv2_distributor_read(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value)
{
    struct gicv2 *gic = context;
    const struct field *field = find_field(offset, size);
    if (field == NULL)
        return size == 4 && read_single(gic, offset, value);
    unsigned first = (unsigned)((offset - field->offset) * 8 / field->bits);
    for (unsigned i = 0; i < size * 8 / field->bits; i++)
        if (gicv2_interrupt(gic, cpu, first + i) != NULL)
            *value |= (uint64_t)field->get(gic, cpu, first + i) << i * field->bits;
    return true;
}

static void send_sgi(struct gicv2 *gic, struct sim_cpu *self, uint32_t value)
{
    unsigned filter = value >> 24 & 3, list = value >> 16 & 0xff, intid = value & 0xf;
    if (filter == 3)
        sim_fail("GICD_SGIR = %#x: reserved target filter (IHI 0048B 4.3.15)", value);
    for (unsigned i = 0; i < gic->machine->cpu_count; i++) {
        bool chosen = filter == 0   ? (list >> i & 1) != 0
                      : filter == 1 ? i != self->index
                                    : filter == 2 && i == self->index;
        struct gicv2_interrupt *interrupt = &gic->private[i][intid];
        if (chosen && (!gic->security || interrupt->group1))
            interrupt->sgi_sources |= (uint8_t)(1u << self->index);
    }
}

/* Of core's write, not of one that a fault repeats. */
static void check_barrier(const struct sim_cpu *self, uint32_t value)
{
    if (self->unfenced)
        sim_fail("GICD_SGIR = %#x: the interrupt may overtake what it tells of: no barrier since the last store that "
                 "other CPUs read",
                 value);
}

static void send_again(struct sim_machine *machine, struct sim_event *event)
{
    struct gicv2 *gic = (struct gicv2 *)(void *)machine->gic;
    send_sgi(gic, event->context, (uint32_t)machine->faults.repeated_kick);
    gicv2_changed(gic);
}

bool gicv2_distributor_write(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value)
{
    struct gicv2 *gic = context;
    const struct field *field = find_field(offset, size);
    if (field == NULL) {
        if (size != 4)
            return false;
        gicv2_check_access("GICD", layout, ARRAY_SIZE(layout), offset, GICV2_WRITE, value);
        if (offset == GICD_SGIR)
            check_barrier(cpu, (uint32_t)value);
        if (offset == GICD_CTLR)
            gic->control = gic->security ? (value & 1) << 1 : value & 3;
        else if (offset == GICD_SGIR && !sim_fault_loses_kick(cpu, (uint32_t)value, send_again))
            send_sgi(gic, cpu, (uint32_t)value);
        gicv2_changed(gic);
        return true;
    }
    unsigned first = (unsigned)((offset - field->offset) * 8 / field->bits);
    uint32_t mask = (1u << field->bits) - 1;
    for (unsigned i = 0; i < size * 8 / field->bits; i++)
        if (gicv2_interrupt(gic, cpu, first + i) != NULL)
            field->set(gic, cpu, first + i, (uint32_t)(value >> i * field->bits) & mask);
    gicv2_changed(gic);
    return true;
}
