// SPDX-License-Identifier: Apache-2.0
/* GICv3: the registers that hold a field for each interrupt (IHI 0069 12.9, 12.11). */
#include "hostsim/gic/gicv3_model.h"

/* A field of one or more bits for each interrupt, in consecutive words. */
struct field {
    uint16_t offset, bytes; /* of GICD's; GICR's SGI frame has the first 32 interrupts of it */
    uint8_t bits;           /* per interrupt */
    const char *name;
    uint32_t (*get)(const struct gicv3 *gic, const struct gicv3_interrupt *interrupt);
    void (*set)(struct gicv3 *gic, struct gicv3_interrupt *interrupt, unsigned intid, uint32_t value);
};

static uint32_t get_group(const struct gicv3 *gic, const struct gicv3_interrupt *interrupt)
{
    return !gic->security && interrupt->group1;
}

static void set_group(struct gicv3 *gic, struct gicv3_interrupt *interrupt, unsigned intid, uint32_t value)
{
    (void)intid;
    if (!gic->security)
        interrupt->group1 = value != 0;
}

static uint32_t get_enabled(const struct gicv3 *gic, const struct gicv3_interrupt *interrupt)
{
    (void)gic;
    return interrupt->enabled;
}

static void set_enabled(struct gicv3 *gic, struct gicv3_interrupt *interrupt, unsigned intid, uint32_t value)
{
    (void)gic;
    (void)intid;
    if (value != 0)
        interrupt->enabled = true;
}

static void clear_enabled(struct gicv3 *gic, struct gicv3_interrupt *interrupt, unsigned intid, uint32_t value)
{
    (void)intid;
    if (value == 0 || !interrupt->enabled)
        return;
    interrupt->enabled = false;
    interrupt->forwarded_until = gic->machine->now + gic->write_ns;
}

static uint32_t get_pending(const struct gicv3 *gic, const struct gicv3_interrupt *interrupt)
{
    (void)gic;
    return gicv3_is_pending(interrupt);
}

static void set_pending(struct gicv3 *gic, struct gicv3_interrupt *interrupt, unsigned intid, uint32_t value)
{
    (void)gic;
    (void)intid;
    if (value != 0)
        interrupt->latch = true;
}

static void clear_pending(struct gicv3 *gic, struct gicv3_interrupt *interrupt, unsigned intid, uint32_t value)
{
    (void)gic;
    (void)intid;
    if (value != 0)
        interrupt->latch = false;
}

static uint32_t get_active(const struct gicv3 *gic, const struct gicv3_interrupt *interrupt)
{
    (void)gic;
    return interrupt->active;
}

static void set_active(struct gicv3 *gic, struct gicv3_interrupt *interrupt, unsigned intid, uint32_t value)
{
    (void)gic;
    (void)intid;
    if (value != 0)
        interrupt->active = true;
}

static void clear_active(struct gicv3 *gic, struct gicv3_interrupt *interrupt, unsigned intid, uint32_t value)
{
    (void)gic;
    (void)intid;
    if (value != 0)
        interrupt->active = false;
}

/* The Non-secure view is of the lower half of the priorities, shifted up (4.8.6). */
static uint32_t get_priority(const struct gicv3 *gic, const struct gicv3_interrupt *interrupt)
{
    return gic->security ? interrupt->priority << 1 & 0xff : interrupt->priority;
}

static void set_priority(struct gicv3 *gic, struct gicv3_interrupt *interrupt, unsigned intid, uint32_t value)
{
    (void)intid;
    interrupt->priority = (uint8_t)((gic->security ? 0x80 | value >> 1 : value) & GIC_PRIORITY_MASK);
}

static uint32_t get_configuration(const struct gicv3 *gic, const struct gicv3_interrupt *interrupt)
{
    (void)gic;
    return interrupt->edge ? 2 : 0;
}

static void set_configuration(struct gicv3 *gic, struct gicv3_interrupt *interrupt, unsigned intid, uint32_t value)
{
    bool edge = (value & 2) != 0;
    if (intid < GIC_PRIVATE || interrupt->edge == edge) /* SGIs are edges, PPIs here levels, and stay so */
        return;
    if (!gicv3_is_quiet(gic, interrupt))
        sim_fail("GICD_ICFGR: trigger of INTID %u changed while it is enabled, or its disabling is not yet everywhere "
                 "(IHI 0069 12.9.9: unpredictable)",
                 intid);
    interrupt->edge = edge;
}

static uint32_t get_zero(const struct gicv3 *gic, const struct gicv3_interrupt *interrupt)
{
    (void)gic;
    (void)interrupt;
    return 0;
}

/* IGRPMODR and NSACR are Secure registers, and reserved where there is one Security state. */
static void set_nothing(struct gicv3 *gic, struct gicv3_interrupt *interrupt, unsigned intid, uint32_t value)
{
    (void)gic;
    (void)interrupt;
    (void)intid;
    (void)value;
}

static const struct field fields[] = {
    {0x080, 0x80, 1, "IGROUPR", get_group, set_group},
    {0x100, 0x80, 1, "ISENABLER", get_enabled, set_enabled},
    {0x180, 0x80, 1, "ICENABLER", get_enabled, clear_enabled},
    {0x200, 0x80, 1, "ISPENDR", get_pending, set_pending},
    {0x280, 0x80, 1, "ICPENDR", get_pending, clear_pending},
    {0x300, 0x80, 1, "ISACTIVER", get_active, set_active},
    {0x380, 0x80, 1, "ICACTIVER", get_active, clear_active},
    {0x400, 0x400, 8, "IPRIORITYR", get_priority, set_priority},
    {0xc00, 0x100, 2, "ICFGR", get_configuration, set_configuration},
    {0xd00, 0x80, 1, "IGRPMODR", get_zero, set_nothing},
    {0xe00, 0x100, 2, "NSACR", get_zero, set_nothing},
};

static const struct field *find_field(const struct sim_cpu *cpu, uint64_t offset, unsigned size)
{
    for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
        unsigned bytes = cpu != NULL ? fields[i].bits * GIC_PRIVATE / 8 : fields[i].bytes;
        if (offset >= fields[i].offset && offset - fields[i].offset < bytes)
            return size == 4 || (size == 1 && fields[i].bits == 8) ? &fields[i] : NULL;
    }
    return NULL;
}

/* The interrupt whose field is the @p index'th of a register frame; NULL: the field is reserved, or of a group that
 * this Security state does not see. */
static struct gicv3_interrupt *visible(struct gicv3 *gic, const struct sim_cpu *cpu, unsigned index)
{
    struct gicv3_interrupt *interrupt = gicv3_interrupt(gic, cpu, index);
    return interrupt != NULL && (!gic->security || interrupt->group1) ? interrupt : NULL;
}

static const char *frame_of(const struct sim_cpu *cpu)
{
    return cpu != NULL ? "GICR" : "GICD";
}

bool gicv3_field_read(struct gicv3 *gic, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value)
{
    const struct field *field = find_field(cpu, offset, size);
    if (field == NULL)
        return false;
    gicv3_check_routing(gic, frame_of(cpu), field->name);
    unsigned first = (unsigned)((offset - field->offset) * 8 / field->bits);
    for (unsigned i = 0; i < size * 8 / field->bits; i++) {
        const struct gicv3_interrupt *interrupt = visible(gic, cpu, first + i);
        if (interrupt != NULL)
            *value |= (uint64_t)field->get(gic, interrupt) << i * field->bits;
    }
    return true;
}

bool gicv3_field_write(struct gicv3 *gic, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value)
{
    const struct field *field = find_field(cpu, offset, size);
    if (field == NULL)
        return false;
    gicv3_check_routing(gic, frame_of(cpu), field->name);
    unsigned first = (unsigned)((offset - field->offset) * 8 / field->bits);
    uint32_t mask = (1u << field->bits) - 1;
    if (cpu == NULL && first < GIC_PRIVATE && value != 0)
        sim_fail("GICD_%s + %#x: with affinity routing SGIs and PPIs are the redistributor's (IHI 0069 12.9: reserved)",
                 field->name, (unsigned)(offset - field->offset));
    for (unsigned i = 0; i < size * 8 / field->bits; i++) {
        struct gicv3_interrupt *interrupt = visible(gic, cpu, first + i);
        if (interrupt != NULL)
            field->set(gic, interrupt, first + i, (uint32_t)(value >> i * field->bits) & mask);
    }
    if (field->set == clear_enabled)
        gicv3_write_begins(gic, cpu != NULL ? &gic->redistributors[cpu->index].writes_settle : &gic->writes_settle);
    gicv3_changed(gic);
    return true;
}
