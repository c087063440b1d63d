// SPDX-License-Identifier: Apache-2.0
/* GICv3: the virtual CPU interface as a guest uses it: its ICC registers, which are the manual's ICV (IHI 0069 12.3).
 * The contract's backends run guests with HCR_EL2.IMO and FMO set. */
#include "hostsim/gic/gicv3_model.h"
#include "hostsim/guest.h"

#define HCR_TC (1u << 10)
#define HCR_TALL0 (1u << 11)
#define HCR_TALL1 (1u << 12)
#define HCR_TDIR (1u << 14)

#define CTLR_COMMON_BINARY_POINT (1u << 0)
#define CTLR_EOI_MODE (1u << 1)
#define CTLR_FIXED (1u << 15) /* 16 INTID bits, Aff3 */
#define CTLR_PRIORITY_BITS 8

#define FIRST_LPI 8192
#define IDLE_PRIORITY 0xff
#define NO_PRIORITY 0x100u

enum trap_class {
    COMMON,
    GROUP0,
    GROUP1,
    DEACTIVATE,
};

/* @p group tells the registers that both groups have apart. A function that is NULL: the access is undefined. */
struct guest_register {
    uint32_t encoding;
    enum trap_class trap;
    unsigned group;
    uint64_t (*read)(struct gicv3 *gic, struct sim_cpu *cpu, unsigned group);
    void (*write)(struct gicv3 *gic, struct sim_cpu *cpu, unsigned group, uint64_t value);
};

static struct gicv3_virtual *interface_of(struct gicv3 *gic, const struct sim_cpu *cpu)
{
    return &gic->virtuals[cpu->index];
}

static unsigned lr_group(uint64_t lr)
{
    return (lr & LR_GROUP1) != 0;
}

/* ---- Which list register the guest would take */

static int best_lr(const struct gicv3 *gic, const struct gicv3_virtual *interface)
{
    int best = -1;
    for (unsigned i = 0; i < gicv3_list_registers(gic); i++) {
        uint64_t lr = interface->lr[i];
        if ((lr & LR_STATE) != LR_PENDING || !interface->enable[lr_group(lr)])
            continue;
        if (best < 0 || lr_priority(lr) < lr_priority(interface->lr[best]))
            best = (int)i;
    }
    return (interface->hcr & HCR_EN) != 0 ? best : -1;
}

/* 4.8.3: a binary point is counted from one bit higher for group 1. */
static unsigned group_priority(const struct gicv3_virtual *interface, unsigned group, unsigned priority)
{
    bool own = group == 1 && !interface->common_binary_point;
    unsigned shift = own ? interface->binary_point[1] : interface->binary_point[0] + 1u;
    return priority & ~0u << shift;
}

static unsigned preemption_level(const struct gicv3 *gic, unsigned priority)
{
    return priority >> (8 - gic->preemption_bits);
}

static unsigned running_priority(const struct gicv3 *gic, const struct gicv3_virtual *interface)
{
    for (unsigned i = 0; i < ARRAY_SIZE(interface->active[0]); i++) {
        uint32_t active = interface->active[0][i] | interface->active[1][i];
        if (active != 0)
            return (32 * i + (unsigned)__builtin_ctz(active)) << (8 - gic->preemption_bits);
    }
    return NO_PRIORITY;
}

static int deliverable(const struct gicv3 *gic, const struct gicv3_virtual *interface)
{
    int best = best_lr(gic, interface);
    if (best < 0)
        return -1;
    unsigned priority = lr_priority(interface->lr[best]);
    bool preempts =
        group_priority(interface, lr_group(interface->lr[best]), priority) < running_priority(gic, interface);
    return priority < interface->priority_mask && preempts ? best : -1;
}

/* Group 0 would be an FIQ, which guest programs keep masked. */
bool gicv3_signals_virtual(struct sim_gic *any, struct sim_cpu *cpu)
{
    struct gicv3 *gic = CONTAINER_OF(any, struct gicv3, base);
    const struct gicv3_virtual *interface = interface_of(gic, cpu);
    int best = deliverable(gic, interface);
    return best >= 0 && lr_group(interface->lr[best]) == 1;
}

/* ---- Acknowledge and end */

static uint64_t read_iar(struct gicv3 *gic, struct sim_cpu *cpu, unsigned group)
{
    struct gicv3_virtual *interface = interface_of(gic, cpu);
    int best = deliverable(gic, interface);
    if (best < 0 || lr_group(interface->lr[best]) != group)
        return GIC_NONE_PENDING;
    uint64_t *lr = &interface->lr[best];
    uint32_t intid = lr_intid(*lr);
    unsigned level = preemption_level(gic, group_priority(interface, group, lr_priority(*lr)));
    interface->active[group][level / 32] |= 1u << level % 32;
    *lr &= ~LR_PENDING;
    if (intid < FIRST_LPI) /* LPIs have no active state */
        *lr |= LR_ACTIVE;
    gicv3_virtual_changed(gic, cpu);
    return intid;
}

static uint64_t read_highest_pending(struct gicv3 *gic, struct sim_cpu *cpu, unsigned group)
{
    const struct gicv3_virtual *interface = interface_of(gic, cpu);
    int best = best_lr(gic, interface);
    return best >= 0 && lr_group(interface->lr[best]) == group ? lr_intid(interface->lr[best]) : GIC_NONE_PENDING;
}

static uint64_t *find_active(const struct gicv3 *gic, struct gicv3_virtual *interface, uint64_t intid)
{
    for (unsigned i = 0; i < gicv3_list_registers(gic); i++)
        if ((interface->lr[i] & LR_ACTIVE) != 0 && lr_intid(interface->lr[i]) == intid)
            return &interface->lr[i];
    return NULL;
}

static void deactivate(struct gicv3 *gic, struct sim_cpu *cpu, uint64_t *lr)
{
    *lr &= ~LR_ACTIVE;
    if ((*lr & LR_HW) != 0)
        gicv3_deactivate(gic, cpu, lr_physical(*lr));
}

/* ICH_HCR_EL2.EOIcount: a deactivation for which no list register was found (12.4.5). */
static void count_unlisted(struct gicv3_virtual *interface, uint64_t intid)
{
    if (intid < FIRST_LPI)
        interface->eoi_count = (interface->eoi_count + 1) & 0x1f;
}

static bool is_special(uint64_t intid)
{
    return intid >= GIC_INTIDS && intid <= GIC_NONE_PENDING;
}

/* Drops the highest active priority, whichever group it is of; deactivates if group and priority are the list
 * register's. */
static void write_eoir(struct gicv3 *gic, struct sim_cpu *cpu, unsigned group, uint64_t value)
{
    struct gicv3_virtual *interface = interface_of(gic, cpu);
    uint64_t intid = value & 0xffffff;
    unsigned dropped = running_priority(gic, interface);
    if (is_special(intid) || dropped == NO_PRIORITY)
        return;
    unsigned level = preemption_level(gic, dropped);
    interface->active[0][level / 32] &= ~(1u << level % 32);
    interface->active[1][level / 32] &= ~(1u << level % 32);
    uint64_t *lr = find_active(gic, interface, intid);
    if (lr == NULL && !interface->eoi_mode)
        count_unlisted(interface, intid);
    else if (lr != NULL && !interface->eoi_mode && lr_group(*lr) == group &&
             group_priority(interface, group, lr_priority(*lr)) == dropped)
        deactivate(gic, cpu, lr);
    gicv3_virtual_changed(gic, cpu);
}

static void write_dir(struct gicv3 *gic, struct sim_cpu *cpu, unsigned group, uint64_t value)
{
    struct gicv3_virtual *interface = interface_of(gic, cpu);
    uint64_t intid = value & 0xffffff;
    (void)group;
    if (is_special(intid) || !interface->eoi_mode)
        return;
    uint64_t *lr = find_active(gic, interface, intid);
    if (lr == NULL)
        count_unlisted(interface, intid);
    else
        deactivate(gic, cpu, lr);
    gicv3_virtual_changed(gic, cpu);
}

/* ---- What ICH_VMCR_EL2 holds, and active priorities */

static uint64_t read_control(struct gicv3 *gic, struct sim_cpu *cpu, unsigned group)
{
    const struct gicv3_virtual *interface = interface_of(gic, cpu);
    (void)group;
    return CTLR_FIXED | (gic->priority_bits - 1) << CTLR_PRIORITY_BITS |
           (interface->common_binary_point ? CTLR_COMMON_BINARY_POINT : 0) | (interface->eoi_mode ? CTLR_EOI_MODE : 0);
}

static void write_control(struct gicv3 *gic, struct sim_cpu *cpu, unsigned group, uint64_t value)
{
    struct gicv3_virtual *interface = interface_of(gic, cpu);
    (void)group;
    interface->common_binary_point = (value & CTLR_COMMON_BINARY_POINT) != 0;
    interface->eoi_mode = (value & CTLR_EOI_MODE) != 0;
    gicv3_virtual_changed(gic, cpu);
}

static uint64_t read_mask(struct gicv3 *gic, struct sim_cpu *cpu, unsigned group)
{
    (void)group;
    return interface_of(gic, cpu)->priority_mask;
}

static void write_mask(struct gicv3 *gic, struct sim_cpu *cpu, unsigned group, uint64_t value)
{
    (void)group;
    interface_of(gic, cpu)->priority_mask = (uint8_t)(value & gicv3_virtual_priorities(gic));
    gicv3_virtual_changed(gic, cpu);
}

static uint64_t read_binary_point(struct gicv3 *gic, struct sim_cpu *cpu, unsigned group)
{
    const struct gicv3_virtual *interface = interface_of(gic, cpu);
    if (group == 1 && interface->common_binary_point)
        return min_u64(interface->binary_point[0] + 1u, 7);
    return interface->binary_point[group];
}

static void write_binary_point(struct gicv3 *gic, struct sim_cpu *cpu, unsigned group, uint64_t value)
{
    struct gicv3_virtual *interface = interface_of(gic, cpu);
    if (group == 1 && interface->common_binary_point)
        return;
    interface->binary_point[group] = (uint8_t)max_u64(value & 7, gicv3_least_binary_point(gic) + group);
    gicv3_virtual_changed(gic, cpu);
}

static uint64_t read_enable(struct gicv3 *gic, struct sim_cpu *cpu, unsigned group)
{
    return interface_of(gic, cpu)->enable[group];
}

static void write_enable(struct gicv3 *gic, struct sim_cpu *cpu, unsigned group, uint64_t value)
{
    interface_of(gic, cpu)->enable[group] = (value & 1) != 0;
    gicv3_virtual_changed(gic, cpu);
}

static uint64_t read_running(struct gicv3 *gic, struct sim_cpu *cpu, unsigned group)
{
    unsigned priority = running_priority(gic, interface_of(gic, cpu));
    (void)group;
    return priority == NO_PRIORITY ? IDLE_PRIORITY : priority;
}

static uint64_t read_active(struct gicv3 *gic, struct sim_cpu *cpu, unsigned group)
{
    return interface_of(gic, cpu)->active[group][0];
}

static void write_active(struct gicv3 *gic, struct sim_cpu *cpu, unsigned group, uint64_t value)
{
    interface_of(gic, cpu)->active[group][0] = (uint32_t)value;
    gicv3_virtual_changed(gic, cpu);
}

static const struct guest_register registers[] = {
    {GUEST_ICC_PMR_EL1, COMMON, 0, read_mask, write_mask},
    {GUEST_ICC_IAR0_EL1, GROUP0, 0, read_iar, NULL},
    {GUEST_ICC_EOIR0_EL1, GROUP0, 0, NULL, write_eoir},
    {GUEST_ICC_HPPIR0_EL1, GROUP0, 0, read_highest_pending, NULL},
    {GUEST_ICC_BPR0_EL1, GROUP0, 0, read_binary_point, write_binary_point},
    {GUEST_ICC_AP0R0_EL1, GROUP0, 0, read_active, write_active},
    {GUEST_ICC_AP1R0_EL1, GROUP1, 1, read_active, write_active},
    {GUEST_ICC_DIR_EL1, DEACTIVATE, 0, NULL, write_dir},
    {GUEST_ICC_RPR_EL1, COMMON, 0, read_running, NULL},
    {GUEST_ICC_IAR1_EL1, GROUP1, 1, read_iar, NULL},
    {GUEST_ICC_EOIR1_EL1, GROUP1, 1, NULL, write_eoir},
    {GUEST_ICC_HPPIR1_EL1, GROUP1, 1, read_highest_pending, NULL},
    {GUEST_ICC_BPR1_EL1, GROUP1, 1, read_binary_point, write_binary_point},
    {GUEST_ICC_CTLR_EL1, COMMON, 0, read_control, write_control},
    {GUEST_ICC_IGRPEN0_EL1, GROUP0, 0, read_enable, write_enable},
    {GUEST_ICC_IGRPEN1_EL1, GROUP1, 1, read_enable, write_enable},
};

/* ---- Traps */

/* ICC_* are S3_0_C12_C8_0 to S3_0_C12_C12_7, and PMR. */
static bool is_interface_register(uint32_t encoding)
{
    return encoding == GUEST_ICC_PMR_EL1 ||
           (encoding >= GUEST_SYSREG(3, 0, 12, 8, 0) && encoding <= GUEST_SYSREG(3, 0, 12, 12, 7));
}

static bool traps(uint32_t hcr, enum trap_class class)
{
    static const uint32_t bits[] = {
        [COMMON] = HCR_TC, [GROUP0] = HCR_TALL0, [GROUP1] = HCR_TALL1, [DEACTIVATE] = HCR_TC | HCR_TDIR};
    return (hcr & bits[class]) != 0;
}

static enum sim_gic_access access_sre(const struct gicv3_interface *physical, bool read, uint64_t *value)
{
    if ((physical->sre_el2 & GIC_SRE_ENABLE) == 0)
        return SIM_GIC_TRAPS;
    if (read)
        *value = physical->sre_el1 | (physical->sre_el2 & 6);
    return SIM_GIC_DONE; /* SRE, once set, stays; the others are EL2's */
}

static bool is_sgi_register(uint32_t encoding)
{
    return encoding == GUEST_ICC_SGI1R_EL1 || encoding == GUEST_ICC_ASGI1R_EL1 || encoding == GUEST_ICC_SGI0R_EL1;
}

enum sim_gic_access gicv3_guest_register(struct sim_gic *any, struct sim_cpu *cpu, uint32_t encoding, bool read,
                                         uint64_t *value)
{
    struct gicv3 *gic = CONTAINER_OF(any, struct gicv3, base);
    const struct gicv3_interface *physical = &gic->interfaces[cpu->index];
    if (!is_interface_register(encoding))
        return SIM_GIC_OTHER;
    if (encoding == GUEST_ICC_SRE_EL1)
        return access_sre(physical, read, value);
    if ((physical->sre_el1 & GIC_SRE) == 0)
        return SIM_GIC_TRAPS_TO_EL1;
    if (is_sgi_register(encoding))
        return read ? SIM_GIC_UNDEFINED : SIM_GIC_TRAPS; /* by HCR_EL2.IMO and FMO */
    for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
        const struct guest_register *row = &registers[i];
        if (row->encoding != encoding)
            continue;
        if (read ? row->read == NULL : row->write == NULL)
            return SIM_GIC_UNDEFINED;
        if (traps(gic->virtuals[cpu->index].hcr, row->trap))
            return SIM_GIC_TRAPS;
        if (read)
            *value = row->read(gic, cpu, row->group);
        else
            row->write(gic, cpu, row->group, *value);
        return SIM_GIC_DONE;
    }
    return SIM_GIC_UNDEFINED; /* active priorities beyond 5 bits, and what is not allocated */
}
