// SPDX-License-Identifier: Apache-2.0
/* GICv2: state of interrupts, and which one a CPU interface takes (IHI 0048B 3). */
#include <stdlib.h>

#include "hostsim/gic/gicv2_model.h"
#include "hostsim/oracle/oracle.h"

#define GICC_ENABLE_GROUP0 (1u << 0)
#define GICC_ENABLE_GROUP1 (1u << 1)
#define GICC_ACK_CONTROL (1u << 2)
#define GICC_COMMON_BINARY_POINT (1u << 4)
#define GICC_EOI_MODE_S (1u << 9)
#define GICC_EOI_MODE_NS (1u << 10)

#define ALIASED_SIZE 0x20000

#define GICC_CTLR 0x000
#define GICC_PMR 0x004
#define GICC_BPR 0x008
#define GICC_IAR 0x00c
#define GICC_EOIR 0x010
#define GICC_RPR 0x014
#define GICC_HPPIR 0x018
#define GICC_ABPR 0x01c
#define GICC_AIAR 0x020
#define GICC_AEOIR 0x024
#define GICC_AHPPIR 0x028
#define GICC_APR 0x0d0 /* to 0x0dc */
#define GICC_NSAPR 0x0e0
#define GICC_IIDR 0x0fc
#define GICC_DIR 0x1000

/* What the frame holds (4.4); the Non-secure view lacks the aliases. FIQs and the bypass of the interface are not
 * modelled. */
static const struct gicv2_register layout[] = {
    {GICC_CTLR, 1, GICV2_READ_WRITE, 0x617},
    {GICC_PMR, 1, GICV2_READ_WRITE, 0xff},
    {GICC_BPR, 1, GICV2_READ_WRITE, 0x7},
    {GICC_IAR, 1, GICV2_READ, 0},
    {GICC_EOIR, 1, GICV2_WRITE, 0x1fff},
    {GICC_RPR, 1, GICV2_READ, 0},
    {GICC_HPPIR, 1, GICV2_READ, 0},
    {GICC_APR, 4, GICV2_READ_WRITE, 0}, /* there are none that software could make up */
    {GICC_IIDR, 1, GICV2_READ, 0},
    {GICC_DIR, 1, GICV2_WRITE, 0x1fff},
    {GICC_NSAPR, 4, GICV2_READ_WRITE, 0},
    {GICC_ABPR, 1, GICV2_READ_WRITE, 0x7},
    {GICC_AIAR, 1, GICV2_READ, 0},
    {GICC_AEOIR, 1, GICV2_WRITE, 0x1fff},
    {GICC_AHPPIR, 1, GICV2_READ, 0},
};
#define SECURE_REGISTERS 5 /* the last of them */

void gicv2_check_access(const char *frame, const struct gicv2_register *registers, unsigned count, uint64_t offset,
                        enum gicv2_access access, uint64_t value)
{
    const struct gicv2_register *found = NULL;
    for (unsigned i = 0; i < count; i++)
        if (offset >= registers[i].offset && offset - registers[i].offset < 4u * registers[i].words)
            found = &registers[i];
    const char *what = access == GICV2_READ ? "read" : "write";
    if (found == NULL)
        sim_fail("%s: %s of a reserved register, offset %#llx", frame, what, (unsigned long long)offset);
    if ((found->access & access) == 0)
        sim_fail("%s: %s of a register that is not for it, offset %#llx", frame, what, (unsigned long long)offset);
    if (access == GICV2_WRITE && (value & ~(uint64_t)found->bits) != 0)
        sim_fail("%s: reserved bits written at offset %#llx: %#llx", frame, (unsigned long long)offset,
                 (unsigned long long)value);
}

static void check_access(const struct gicv2 *gic, uint64_t offset, enum gicv2_access access, uint64_t value)
{
    unsigned count = ARRAY_SIZE(layout) - (gic->security ? SECURE_REGISTERS : 0);
    gicv2_check_access("GICC", layout, count, offset, access, value);
}

struct gicv2_interrupt *gicv2_interrupt(struct gicv2 *gic, const struct sim_cpu *cpu, unsigned intid)
{
    if (intid < GIC_PRIVATE)
        return &gic->private[cpu->index][intid];
    return intid < gic->intids ? &gic->shared[intid - GIC_PRIVATE] : NULL;
}

bool gicv2_is_pending(const struct gicv2_interrupt *interrupt)
{
    return interrupt->latch || interrupt->sgi_sources != 0 || (interrupt->line && !interrupt->edge);
}

void gicv2_changed(struct gicv2 *gic)
{
    gic->version++;
    for (unsigned i = 0; i < gic->machine->cpu_count; i++) {
        struct sim_cpu *cpu = &gic->machine->cpus[i];
        if ((cpu->state == SIM_CPU_IDLE || cpu->state == SIM_CPU_WAIT) &&
            (sim_gic_signals(cpu) || (cpu->guest != NULL && sim_gic_signals_virtual(cpu))))
            sim_cpu_wake(cpu);
    }
}

/* A GIC of one CPU has no target registers: everything is for that one (IHI 0048B 4.3.12). */
static bool targets(const struct gicv2 *gic, const struct sim_cpu *cpu, unsigned intid,
                    const struct gicv2_interrupt *interrupt)
{
    return intid < GIC_PRIVATE || gic->machine->cpu_count == 1 || (interrupt->targets >> cpu->index & 1) != 0;
}

static bool may_forward(const struct gicv2 *gic, const struct gicv2_interrupt *interrupt)
{
    uint32_t group_enable = interrupt->group1 ? 2 : 1;
    if (interrupt->despite && !interrupt->active)
        return true;
    return interrupt->enabled && !interrupt->active && (interrupt->late || gicv2_is_pending(interrupt)) &&
           (gic->control & group_enable) != 0;
}

/* The pending interrupt of highest priority that the distributor forwards to @p cpu; of equals the lowest number. */
static unsigned best_pending(struct gicv2 *gic, struct sim_cpu *cpu)
{
    struct gicv2_cpu_interface *interface = &gic->interfaces[cpu->index];
    if (interface->best_version == gic->version)
        return interface->best;
    unsigned best = GIC_NONE_PENDING, best_priority = 0x100;
    for (unsigned intid = 0; intid < gic->intids; intid++) {
        const struct gicv2_interrupt *interrupt = gicv2_interrupt(gic, cpu, intid);
        if (interrupt->priority < best_priority && may_forward(gic, interrupt) && targets(gic, cpu, intid, interrupt)) {
            best = intid;
            best_priority = interrupt->priority;
        }
    }
    interface->best_version = gic->version;
    interface->best = best;
    return best;
}

static uint8_t group_priority(const struct gicv2_cpu_interface *interface, const struct gicv2_interrupt *interrupt)
{
    bool own = interrupt->group1 && (interface->control & GICC_COMMON_BINARY_POINT) == 0;
    unsigned shift = own ? interface->aliased_binary_point : interface->binary_point + 1;
    return (uint8_t)(interrupt->priority & (0xff00u >> (8 - shift)));
}

static unsigned running_priority(const struct gicv2_cpu_interface *interface)
{
    return interface->depth > 0 ? interface->running[interface->depth - 1].group_priority : 0x100;
}

static bool signals(struct sim_gic *any, struct sim_cpu *cpu)
{
    struct gicv2 *gic = CONTAINER_OF(any, struct gicv2, base);
    const struct gicv2_cpu_interface *interface = &gic->interfaces[cpu->index];
    unsigned intid = best_pending(gic, cpu);
    if (intid == GIC_NONE_PENDING)
        return false;
    const struct gicv2_interrupt *interrupt = gicv2_interrupt(gic, cpu, intid);
    uint32_t enable = interrupt->group1 ? GICC_ENABLE_GROUP1 : GICC_ENABLE_GROUP0;
    return (interface->control & enable) != 0 && interrupt->priority < interface->priority_mask &&
           group_priority(interface, interrupt) < running_priority(interface);
}

/* What IAR and HPPIR make of @p intid by its group (4.4.4, 4.4.7). @param want_group1  which alias is read: AIAR (or
 * IAR in the Non-secure view) takes Group 1 only */
static unsigned by_group(struct gicv2 *gic, struct sim_cpu *cpu, unsigned intid, bool want_group1)
{
    if (intid == GIC_NONE_PENDING)
        return GIC_NONE_PENDING;
    bool group1 = gicv2_interrupt(gic, cpu, intid)->group1;
    if (group1 && !want_group1 && (gic->interfaces[cpu->index].control & GICC_ACK_CONTROL) == 0)
        return GIC_WRONG_GROUP;
    return !group1 && want_group1 ? GIC_NONE_PENDING : intid;
}

static uint32_t acknowledge(struct gicv2 *gic, struct sim_cpu *cpu, bool want_group1)
{
    struct gicv2_cpu_interface *interface = &gic->interfaces[cpu->index];
    if (gicv2_fault_acknowledge(gic, cpu) || !sim_gic_signals(cpu))
        return GIC_NONE_PENDING;
    unsigned intid = by_group(gic, cpu, best_pending(gic, cpu), want_group1);
    if (intid >= GIC_INTIDS)
        return intid;
    struct gicv2_interrupt *interrupt = gicv2_interrupt(gic, cpu, intid);
    unsigned source = 0;
    if (interrupt->sgi_sources != 0) {
        source = (unsigned)__builtin_ctz(interrupt->sgi_sources);
        interrupt->sgi_sources &= (uint8_t)(interrupt->sgi_sources - 1);
    }
    interrupt->latch = interrupt->late = interrupt->despite = false;
    interrupt->active = true;
    interface->running[interface->depth].intid = (uint16_t)intid;
    interface->running[interface->depth].source = (uint8_t)source;
    interface->running[interface->depth].group_priority = group_priority(interface, interrupt);
    interface->depth++;
    sim_oracle_acknowledged(cpu, intid);
    sim_trace(cpu, "acknowledges INTID %u", intid);
    gicv2_changed(gic);
    return source << 10 | intid;
}

void gicv2_deactivate(struct gicv2 *gic, const struct sim_cpu *cpu, unsigned intid)
{
    struct gicv2_interrupt *interrupt = gicv2_interrupt(gic, cpu, intid);
    if (interrupt == NULL)
        return;
    interrupt->active = false;
    gicv2_changed(gic);
}

static bool eoi_mode(const struct gicv2 *gic, const struct gicv2_cpu_interface *interface)
{
    return (interface->control & (gic->security ? GICC_EOI_MODE_NS : GICC_EOI_MODE_S)) != 0;
}

/* GICC_DIR, by whichever CPU: its own interface must be in the mode for it, and have dropped the priority before. */
static void write_deactivate(struct gicv2 *gic, const struct sim_cpu *cpu, uint32_t value)
{
    const struct gicv2_cpu_interface *interface = &gic->interfaces[cpu->index];
    if (!eoi_mode(gic, interface))
        sim_fail("GICC_DIR written with EOImode 0 (IHI 0048B 4.4.15: unpredictable)");
    for (unsigned i = 0; i < interface->depth; i++)
        if (interface->running[i].intid == (value & 0x3ff))
            sim_fail("GICC_DIR = %#x: its priority was not dropped yet", value);
    if (gicv2_interrupt(gic, cpu, value & 0x3ff) == NULL)
        sim_fail("GICC_DIR = %#x: the GIC has no such interrupt", value);
    gicv2_deactivate(gic, cpu, value & 0x3ff);
}

static void end_of_interrupt(struct gicv2 *gic, struct sim_cpu *cpu, uint32_t value)
{
    struct gicv2_cpu_interface *interface = &gic->interfaces[cpu->index];
    unsigned intid = value & 0x3ff, source = value >> 10 & 7;
    if (intid >= GIC_INTIDS)
        return;
    if (interface->depth == 0 || interface->running[interface->depth - 1].intid != intid ||
        interface->running[interface->depth - 1].source != source)
        sim_fail("GICC_EOIR = %#x: not the interrupt acknowledged last (IHI 0048B 4.4.5: unpredictable)", value);
    interface->depth--;
    gic->version++;
    if (!eoi_mode(gic, interface))
        gicv2_deactivate(gic, cpu, intid);
    gicv2_changed(gic);
}

/* In the Non-secure view of a GIC with Security Extensions software sees the lower half of the priorities, shifted up.
 */
static uint32_t seen_priority(const struct gicv2 *gic, uint32_t priority)
{
    if (!gic->security)
        return priority;
    return priority >= 0x80 ? (priority << 1 & 0xff) : 0;
}

static uint32_t read_control(const struct gicv2 *gic, const struct gicv2_cpu_interface *interface)
{
    if (!gic->security)
        return interface->control;
    return (interface->control & GICC_ENABLE_GROUP1 ? 1u : 0) | (eoi_mode(gic, interface) ? 1u << 9 : 0);
}

static void write_control(const struct gicv2 *gic, struct gicv2_cpu_interface *interface, uint32_t value)
{
    bool mode = eoi_mode(gic, interface);
    if (gic->security)
        interface->control = (value & 1 ? GICC_ENABLE_GROUP1 : 0) | (value >> 9 & 1 ? GICC_EOI_MODE_NS : 0);
    else
        interface->control = value;
    if (mode != eoi_mode(gic, interface) && interface->depth > 0)
        sim_fail("GICC_CTLR = %#x: EOImode changed between an acknowledgement and its end", value);
}

/* With the source of an SGI, as IAR would give it. */
static uint32_t highest_pending(struct gicv2 *gic, struct sim_cpu *cpu, bool want_group1)
{
    unsigned intid = by_group(gic, cpu, best_pending(gic, cpu), want_group1);
    unsigned sources = intid < GIC_INTIDS ? gicv2_interrupt(gic, cpu, intid)->sgi_sources : 0;
    return sources != 0 ? (uint32_t)__builtin_ctz(sources) << 10 | intid : intid;
}

/* GICC_APR: a bit for each preemption level in use. */
static uint32_t active_priorities(const struct gicv2_cpu_interface *interface)
{
    uint32_t bits = 0;
    for (unsigned i = 0; i < interface->depth; i++)
        bits |= 1u << (interface->running[i].group_priority >> 3);
    return bits;
}

bool gicv2_interface_read(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value)
{
    struct gicv2 *gic = context;
    offset = gicv2_unalias(gic, offset);
    const struct gicv2_cpu_interface *interface = &gic->interfaces[cpu->index];
    if (size != 4)
        return false;
    check_access(gic, offset, GICV2_READ, 0);
    switch (offset) {
    case GICC_CTLR:
        *value = read_control(gic, interface);
        break;
    case GICC_PMR:
        *value = seen_priority(gic, interface->priority_mask);
        break;
    case GICC_BPR:
        *value = gic->security ? interface->aliased_binary_point : interface->binary_point;
        break;
    case GICC_ABPR:
        *value = interface->aliased_binary_point;
        break;
    case GICC_IAR:
        *value = acknowledge(gic, cpu, gic->security);
        break;
    case GICC_AIAR:
        *value = acknowledge(gic, cpu, true);
        break;
    case GICC_RPR:
        *value = interface->depth > 0 ? seen_priority(gic, running_priority(interface)) : 0xff;
        break;
    case GICC_HPPIR:
        *value = highest_pending(gic, cpu, gic->security);
        break;
    case GICC_AHPPIR:
        *value = highest_pending(gic, cpu, true);
        break;
    case GICC_APR:
        *value = active_priorities(interface);
        break;
    case GICC_IIDR:
        *value = 0x0202143b; /* GIC-400 */
        break;
    default:
        *value = 0;
    }
    return true;
}

static uint32_t clamp(uint32_t value, uint32_t least)
{
    return (value & 7) < least ? least : value & 7;
}

bool gicv2_interface_write(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value64)
{
    struct gicv2 *gic = context;
    offset = gicv2_unalias(gic, offset);
    struct gicv2_cpu_interface *interface = &gic->interfaces[cpu->index];
    uint32_t value = (uint32_t)value64;
    if (size != 4)
        return false;
    check_access(gic, offset, GICV2_WRITE, value);
    switch (offset) {
    case GICC_CTLR:
        write_control(gic, interface, value);
        break;
    case GICC_PMR:
        interface->priority_mask = (gic->security ? 0x80 | value >> 1 : value) & GIC_PRIORITY_MASK;
        break;
    case GICC_BPR:
        if (gic->security)
            interface->aliased_binary_point = clamp(value, 3);
        else
            interface->binary_point = clamp(value, 2);
        break;
    case GICC_ABPR:
        interface->aliased_binary_point = clamp(value, 3);
        break;
    case GICC_EOIR:
    case GICC_AEOIR:
        end_of_interrupt(gic, cpu, value);
        break;
    case GICC_DIR:
        write_deactivate(gic, cpu, value);
        break;
    case GICC_APR:
    case GICC_NSAPR:
        interface->depth = 0;
        break;
    default:
        break;
    }
    gicv2_changed(gic);
    return true;
}

static void set_line(struct gicv2 *gic, struct gicv2_interrupt *interrupt, bool level)
{
    if (interrupt->line == level)
        return;
    interrupt->line = level;
    interrupt->late = !level && !interrupt->edge && interrupt->enabled && !interrupt->active &&
                      sim_fault_since(gic->machine, SIM_FAULT_LEVEL_LATE);
    if (level && interrupt->edge)
        interrupt->latch = true;
    gicv2_changed(gic);
}

static void set_private(struct sim_gic *any, struct sim_cpu *cpu, unsigned intid, bool level)
{
    struct gicv2 *gic = CONTAINER_OF(any, struct gicv2, base);
    set_line(gic, &gic->private[cpu->index][intid], level);
}

static void set_shared(struct sim_gic *any, unsigned intid, bool level)
{
    struct gicv2 *gic = CONTAINER_OF(any, struct gicv2, base);
    if (intid >= GIC_PRIVATE && intid < gic->intids)
        set_line(gic, &gic->shared[intid - GIC_PRIVATE], level);
}

uint64_t gicv2_unalias(const struct gicv2 *gic, uint64_t offset)
{
    return gic->aliased ? (offset & 0xfff) | (offset >> 16 & 1) << 12 : offset;
}

static void add_frame(struct gicv2 *gic, const char *name, uint64_t base, uint64_t size,
                      bool (*read)(void *, struct sim_cpu *, uint64_t, unsigned, uint64_t *),
                      bool (*write)(void *, struct sim_cpu *, uint64_t, unsigned, uint64_t))
{
    struct sim_device device = {base, size, read, write, gic, name};
    sim_device_add(gic->machine, &device);
}

static bool shared(struct sim_gic *any, unsigned intid, struct sim_shared_interrupt *interrupt)
{
    struct gicv2 *gic = CONTAINER_OF(any, struct gicv2, base);
    const struct gicv2_interrupt *of = intid >= GIC_PRIVATE ? gicv2_interrupt(gic, NULL, intid) : NULL;
    if (of == NULL)
        return false;
    *interrupt = (struct sim_shared_interrupt){of->enabled, gicv2_is_pending(of), of->active, 0};
    for (unsigned i = 0; i < gic->machine->cpu_count; i++)
        if (targets(gic, &gic->machine->cpus[i], intid, of))
            interrupt->targets |= 1u << i;
    return true;
}

static void destroy(struct sim_gic *any)
{
    free(CONTAINER_OF(any, struct gicv2, base));
}

static const struct sim_gic_operations operations = {
    .destroy = destroy,
    .set_private = set_private,
    .set_shared = set_shared,
    .shared = shared,
    .signals = signals,
    .signals_virtual = gicv2_signals_virtual,
    .check_entry = gicv2_check_entry,
    .list_register = gicv2_list_register,
};

struct sim_gic *gicv2_create(struct sim_machine *machine, const struct gicv2_frames *frames)
{
    struct gicv2 *gic = calloc(1, sizeof(*gic));
    if (gic == NULL)
        abort();
    gic->base = (struct sim_gic){.operations = &operations, .version = 2};
    gic->machine = machine;
    gic->security = machine->options.gic_security;
    gic->aliased = frames->cpu_interface_size >= ALIASED_SIZE;
    uint64_t pages = gic->aliased ? ALIASED_SIZE : 0x2000;
    gic->intids = (unsigned)min_u64(GIC_PRIVATE + align_up(machine->options.spi_count, 32), GIC_INTIDS);
    gic->version = 1;
    for (unsigned cpu = 0; cpu < SIM_MAX_CPUS; cpu++) {
        gic->interfaces[cpu].binary_point = 2;
        gic->interfaces[cpu].aliased_binary_point = 3;
        gicv2_virtual_reset(&gic->virtuals[cpu]);
        for (unsigned i = 0; i < GIC_PRIVATE; i++)
            gic->private[cpu][i].edge = i < 16;
        /* Secure firmware gives everything to the Non-secure world */
        for (unsigned i = 0; gic->security && i < GIC_PRIVATE; i++)
            gic->private[cpu][i].group1 = true;
    }
    for (unsigned i = 0; gic->security && i < ARRAY_SIZE(gic->shared); i++)
        gic->shared[i].group1 = true;
    add_frame(gic, "GICD", frames->distributor, 0x1000, gicv2_distributor_read, gicv2_distributor_write);
    add_frame(gic, "GICC", frames->cpu_interface, pages, gicv2_interface_read, gicv2_interface_write);
    if (frames->hyp_interface != 0)
        add_frame(gic, "GICH", frames->hyp_interface, 0x200, gicv2_hyp_read, gicv2_hyp_write);
    if (frames->virtual_interface != 0)
        add_frame(gic, "GICV", frames->virtual_interface, pages, gicv2_virtual_read, gicv2_virtual_write);
    return &gic->base;
}
