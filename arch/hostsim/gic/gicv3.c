// SPDX-License-Identifier: Apache-2.0
/* GICv3: state of interrupts, which CPU gets which, and the frames (IHI 0069 4). */
#include <stdlib.h>

#include "hostsim/gic/gicv3_model.h"

#define AFFINITY_MASK 0xff00ffffffULL
#define PPI_SECURE_TIMER 29

struct gicv3_interrupt *gicv3_interrupt(struct gicv3 *gic, const struct sim_cpu *cpu, unsigned intid)
{
    if (intid < GIC_PRIVATE)
        return cpu != NULL ? &gic->redistributors[cpu->index].private[intid] : NULL;
    return intid < gic->intids ? &gic->shared[intid - GIC_PRIVATE] : NULL;
}

bool gicv3_is_pending(const struct gicv3_interrupt *interrupt)
{
    return interrupt->latch || (interrupt->line && !interrupt->edge);
}

static bool is_enabled(const struct gicv3 *gic, const struct gicv3_interrupt *interrupt)
{
    return interrupt->enabled || gic->machine->now < interrupt->forwarded_until;
}

bool gicv3_is_quiet(const struct gicv3 *gic, const struct gicv3_interrupt *interrupt)
{
    return !is_enabled(gic, interrupt);
}

void gicv3_changed(struct gicv3 *gic)
{
    gic->version++;
    for (unsigned i = 0; i < gic->machine->cpu_count; i++) {
        struct sim_cpu *cpu = &gic->machine->cpus[i];
        if ((cpu->state == SIM_CPU_IDLE || cpu->state == SIM_CPU_WAIT) &&
            (sim_gic_signals(cpu) || (cpu->guest != NULL && sim_gic_signals_virtual(cpu))))
            sim_cpu_wake(cpu);
    }
}

static void begin(struct gicv3 *gic, uint64_t *settles, uint64_t nanoseconds)
{
    *settles = gic->machine->now + nanoseconds;
    gic->settles = max_u64(gic->settles, *settles);
}

uint64_t gicv3_write_begins(struct gicv3 *gic, uint64_t *settles)
{
    begin(gic, settles, gic->write_ns);
    return *settles;
}

void gicv3_wake_begins(struct gicv3 *gic, uint64_t *settles)
{
    begin(gic, settles, gic->wake_ns);
}

/* With it off, these registers are another GIC's (4.2, 2.3.1). */
void gicv3_check_routing(const struct gicv3 *gic, const char *frame, const char *name)
{
    if ((gic->control & GICD_ARE) == 0)
        sim_fail("%s_%s with affinity routing off (GICD_CTLR.ARE 0): the model has no legacy operation", frame, name);
    if (gic->machine->now < gic->routing_until)
        sim_fail("%s_%s before GICD_CTLR.RWP said that affinity routing is on (IHI 0069 12.9.4)", frame, name);
}

uint64_t gicv3_affinity(const struct sim_cpu *cpu)
{
    return cpu->mpidr & AFFINITY_MASK;
}

/* Group 0 is for the FIQ that the contract does not have. */
static bool may_forward(const struct gicv3 *gic, const struct gicv3_interrupt *interrupt)
{
    if (interrupt->despite && !interrupt->active)
        return true;
    return interrupt->group1 && is_enabled(gic, interrupt) && !interrupt->active &&
           (interrupt->late || gicv3_is_pending(interrupt));
}

static unsigned find_best(struct gicv3 *gic, const struct sim_cpu *cpu)
{
    unsigned best = GIC_NONE_PENDING, best_priority = 0x100;
    if ((gic->control & GICD_ENABLE_GROUP1) == 0 && gic->machine->now >= gic->groups_until)
        return best;
    for (unsigned intid = 0; intid < gic->intids; intid++) {
        const struct gicv3_interrupt *interrupt = gicv3_interrupt(gic, cpu, intid);
        if (interrupt->priority < best_priority && may_forward(gic, interrupt) &&
            (intid < GIC_PRIVATE || interrupt->route == gicv3_affinity(cpu))) {
            best = intid;
            best_priority = interrupt->priority;
        }
    }
    return best;
}

unsigned gicv3_best(struct gicv3 *gic, const struct sim_cpu *cpu)
{
    struct gicv3_interface *interface = &gic->interfaces[cpu->index];
    if (gic->machine->now < gic->settles)
        return find_best(gic, cpu);
    if (interface->best_version != gic->version) {
        interface->best = find_best(gic, cpu);
        interface->best_version = gic->version;
    }
    return interface->best;
}

void gicv3_deactivate(struct gicv3 *gic, const struct sim_cpu *cpu, unsigned intid)
{
    struct gicv3_interrupt *interrupt = gicv3_interrupt(gic, cpu, intid);
    if (interrupt == NULL)
        return;
    interrupt->active = false;
    gicv3_changed(gic);
}

/* ---- System registers of EL2 */

static const struct gicv3_register *find_in(const struct gicv3_register *rows, unsigned count,
                                            enum arch_gic_register number)
{
    for (unsigned i = 0; i < count; i++)
        if (number >= rows[i].first && number - rows[i].first < rows[i].count)
            return &rows[i];
    return NULL;
}

/* The record of a register that EL2 may access now (IHI 0069 12.2.21: with ICC_SRE_EL2.SRE 0 all others are trapped).
 */
static const struct gicv3_register *accessible(const struct gicv3 *gic, const struct sim_cpu *cpu,
                                               enum arch_gic_register number)
{
    const struct gicv3_register *row = find_in(gicv3_interface_registers, gicv3_interface_register_count, number);
    if (row == NULL)
        row = find_in(gicv3_hyp_registers, gicv3_hyp_register_count, number);
    if (row == NULL)
        sim_fail("GIC system register number %d", (int)number);
    if (number != ARCH_ICC_SRE_EL2 && number != ARCH_ICC_SRE_EL1 &&
        (gic->interfaces[cpu->index].sre_el2 & GIC_SRE) == 0)
        sim_fail("%s with ICC_SRE_EL2.SRE 0 (IHI 0069 12.2.21: trapped)", row->name);
    return row;
}

static uint64_t register_read(struct sim_gic *any, struct sim_cpu *cpu, unsigned number)
{
    struct gicv3 *gic = CONTAINER_OF(any, struct gicv3, base);
    const struct gicv3_register *row = accessible(gic, cpu, (enum arch_gic_register)number);
    if (row->read == NULL)
        sim_fail("%s is write only: reading it is undefined", row->name);
    return row->read(gic, cpu, number - row->first);
}

static void register_write(struct sim_gic *any, struct sim_cpu *cpu, unsigned number, uint64_t value)
{
    struct gicv3 *gic = CONTAINER_OF(any, struct gicv3, base);
    const struct gicv3_register *row = accessible(gic, cpu, (enum arch_gic_register)number);
    if (row->write == NULL)
        sim_fail("%s is read only: writing it is undefined", row->name);
    if (number != ARCH_ICC_SRE_EL2 && number != ARCH_ICC_SRE_EL1 && !gicv3_is_awake(gic, cpu))
        sim_fail("%s written while GICR_WAKER says that the CPU interface sleeps (IHI 0069 12.11.42: unpredictable)",
                 row->name);
    row->write(gic, cpu, number - row->first, value);
}

/* ---- Inputs */

static void set_line(struct gicv3 *gic, struct gicv3_interrupt *interrupt, bool level)
{
    if (interrupt->line == level)
        return;
    interrupt->line = level;
    interrupt->late = !level && !interrupt->edge && interrupt->enabled && !interrupt->active &&
                      sim_fault_since(gic->machine, SIM_FAULT_LEVEL_LATE);
    if (level && interrupt->edge)
        interrupt->latch = true;
    gicv3_changed(gic);
}

static void set_private(struct sim_gic *any, struct sim_cpu *cpu, unsigned intid, bool level)
{
    struct gicv3 *gic = CONTAINER_OF(any, struct gicv3, base);
    set_line(gic, &gic->redistributors[cpu->index].private[intid], level);
}

static void set_shared(struct sim_gic *any, unsigned intid, bool level)
{
    struct gicv3 *gic = CONTAINER_OF(any, struct gicv3, base);
    if (intid >= GIC_PRIVATE && intid < gic->intids)
        set_line(gic, &gic->shared[intid - GIC_PRIVATE], level);
}

/* ---- Made and taken apart */

static bool shared(struct sim_gic *any, unsigned intid, struct sim_shared_interrupt *interrupt)
{
    struct gicv3 *gic = CONTAINER_OF(any, struct gicv3, base);
    const struct gicv3_interrupt *of = intid >= GIC_PRIVATE ? gicv3_interrupt(gic, NULL, intid) : NULL;
    if (of == NULL)
        return false;
    *interrupt = (struct sim_shared_interrupt){of->enabled, gicv3_is_pending(of), of->active, 0};
    for (unsigned i = 0; i < gic->machine->cpu_count; i++)
        if (of->route == gicv3_affinity(&gic->machine->cpus[i]))
            interrupt->targets |= 1u << i;
    return true;
}

static void destroy(struct sim_gic *any)
{
    free(CONTAINER_OF(any, struct gicv3, base));
}

static const struct sim_gic_operations operations = {
    .destroy = destroy,
    .set_private = set_private,
    .set_shared = set_shared,
    .shared = shared,
    .signals = gicv3_signals,
    .signals_virtual = gicv3_signals_virtual,
    .check_entry = gicv3_check_entry,
    .list_register = gicv3_list_register,
    .register_read = register_read,
    .register_write = register_write,
    .guest_register = gicv3_guest_register,
};

/* With security, firmware has been there: all interrupts are the Non-secure world's but a few of its own, the
 * redistributor is awake whenever its CPU is, affinity routing is on, and priorities that the Non-secure world can
 * reach are let through. */
static void reset_cpu(struct gicv3 *gic, unsigned cpu)
{
    struct gicv3_redistributor *redistributor = &gic->redistributors[cpu];
    redistributor->sleep = !gic->security;
    for (unsigned i = 0; i < GIC_PRIVATE; i++) {
        bool secure = (i >= 8 && i < GIC_SGIS) || i == PPI_SECURE_TIMER;
        redistributor->private[i].edge = i < GIC_SGIS;
        redistributor->private[i].group1 = gic->security && !secure;
    }
    gicv3_interface_reset(gic, &gic->interfaces[cpu]);
    gicv3_virtual_reset(gic, &gic->virtuals[cpu]);
}

static void add_frame(struct gicv3 *gic, const char *name, uint64_t base, uint64_t size, void *context,
                      bool (*read)(void *, struct sim_cpu *, uint64_t, unsigned, uint64_t *),
                      bool (*write)(void *, struct sim_cpu *, uint64_t, unsigned, uint64_t))
{
    struct sim_device device = {base, size, read, write, context, name};
    sim_device_add(gic->machine, &device);
}

/* CPUs take the frames in their order, region after region. */
static void add_regions(struct gicv3 *gic, const struct gicv3_frames *frames)
{
    unsigned next = 0;
    uint64_t stride = frames->redistributor_stride != 0 ? frames->redistributor_stride : 2 * GIC_FRAME;
    for (unsigned i = 0; i < frames->redistributor_count && i < GICV3_MAX_REGIONS; i++) {
        struct gicv3_region *region = &gic->regions[i];
        uint64_t room = frames->redistributors[i].size / stride;
        unsigned count = (unsigned)min_u64(room, gic->machine->cpu_count - next);
        *region = (struct gicv3_region){.gic = gic, .stride = stride, .first = next, .count = count};
        for (unsigned cpu = next; cpu < next + count; cpu++)
            gic->redistributors[cpu].present = true;
        if (count > 0)
            gic->redistributors[next + count - 1].last = true;
        next += count;
        add_frame(gic, "GICR", frames->redistributors[i].base, frames->redistributors[i].size, region,
                  gicv3_redistributor_read, gicv3_redistributor_write);
    }
}

static unsigned preemption_bits(const struct sim_options *options)
{
    return options->gic_preemption_bits != 0 ? options->gic_preemption_bits : 5 + (unsigned)(options->seed % 3);
}

struct sim_gic *gicv3_create(struct sim_machine *machine, const struct gicv3_frames *frames)
{
    struct gicv3 *gic = calloc(1, sizeof(*gic));
    if (gic == NULL)
        abort();
    gic->base = (struct sim_gic){.operations = &operations, .version = 3};
    gic->machine = machine;
    gic->security = machine->options.gic_security;
    gic->control = gic->security ? GICD_ARE : 0;
    gic->write_ns = machine->options.gic_write_ns != 0 ? machine->options.gic_write_ns : GIC_SETTLE_NANOSECONDS;
    gic->wake_ns = machine->options.gic_wake_ns != 0 ? machine->options.gic_wake_ns : GIC_SETTLE_NANOSECONDS;
    gic->preemption_bits = preemption_bits(&machine->options);
    gic->priority_bits = gic->preemption_bits == 5 ? 5 : 7;
    gic->intids = (unsigned)min_u64(GIC_PRIVATE + align_up(machine->options.spi_count, 32), GIC_INTIDS);
    gic->version = 1;
    for (unsigned cpu = 0; cpu < SIM_MAX_CPUS; cpu++)
        reset_cpu(gic, cpu);
    for (unsigned i = 0; i < ARRAY_SIZE(gic->shared); i++)
        gic->shared[i].group1 = gic->security;
    add_frame(gic, "GICD", frames->distributor, GIC_FRAME, gic, gicv3_distributor_read, gicv3_distributor_write);
    add_regions(gic, frames);
    return &gic->base;
}
