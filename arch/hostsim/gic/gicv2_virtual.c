// SPDX-License-Identifier: Apache-2.0
/* The GIC's virtual interface: list registers and their control (GICH), and what a guest takes for its CPU interface
 * (GICV). IHI 0048B 5. */
#include "hostsim/gic/gicv2_model.h"

#define GICH_HCR 0x000
#define GICH_VTR 0x004
#define GICH_VMCR 0x008
#define GICH_MISR 0x010
#define GICH_EISR 0x020
#define GICH_ELRSR 0x030
#define GICH_APR 0x0f0
#define GICH_LR 0x100

#define HCR_EN (1u << 0)
#define HCR_UIE (1u << 1)
#define HCR_LRENPIE (1u << 2)
#define HCR_NPIE (1u << 3)

#define LR_HW (1u << 31)
#define LR_GROUP1 (1u << 30)
#define LR_ACTIVE (1u << 29)
#define LR_PENDING (1u << 28)
#define LR_STATE (LR_ACTIVE | LR_PENDING)
#define LR_EOI (1u << 19) /* only where HW is 0 */
#define LR_BITS_LINKED 0xff8fffffu
#define LR_BITS_SOFTWARE 0xff881fffu

#define GICV_ENABLE_GROUP0 (1u << 0)
#define GICV_ENABLE_GROUP1 (1u << 1)
#define GICV_ACK_CONTROL (1u << 2)
#define GICV_FIQ_ENABLE (1u << 3)
#define GICV_COMMON_BINARY_POINT (1u << 4)
#define GICV_EOI_MODE (1u << 9)

/* What the frame holds (5.3) besides list registers. */
static const struct gicv2_register layout[] = {
    {GICH_HCR, 1, GICV2_READ_WRITE, 0xf80000ff},
    {GICH_VTR, 1, GICV2_READ, 0},
    {GICH_VMCR, 1, GICV2_READ_WRITE, 0xf8fc021f},
    {GICH_MISR, 1, GICV2_READ, 0},
    {GICH_EISR, 2, GICV2_READ, 0},
    {GICH_ELRSR, 2, GICV2_READ, 0},
    {GICH_APR, 1, GICV2_READ_WRITE, UINT32_MAX},
};

static unsigned lr_intid(uint32_t lr)
{
    return lr & 0x3ff;
}

static unsigned lr_physical(uint32_t lr)
{
    return lr >> 10 & 0x3ff;
}

static unsigned lr_source(uint32_t lr)
{
    return (lr & LR_HW) == 0 ? lr >> 10 & 7 : 0;
}

static unsigned lr_priority(uint32_t lr)
{
    return (lr >> 23 & 0x1f) << 3;
}

static struct gicv2_virtual *interface_of(struct gicv2 *gic, const struct sim_cpu *cpu)
{
    return &gic->virtuals[cpu->index];
}

static unsigned list_registers(const struct gicv2 *gic)
{
    return gic->machine->options.list_registers;
}

void gicv2_virtual_reset(struct gicv2_virtual *interface)
{
    interface->binary_point = 2;
    interface->aliased_binary_point = 3;
}

/* ---- Which list register the guest would take */

static int best_lr(const struct gicv2 *gic, const struct gicv2_virtual *interface)
{
    int best = -1;
    for (unsigned i = 0; i < list_registers(gic); i++) {
        uint32_t lr = interface->lr[i];
        uint32_t enable = (lr & LR_GROUP1) != 0 ? GICV_ENABLE_GROUP1 : GICV_ENABLE_GROUP0;
        if ((lr & LR_STATE) != LR_PENDING || (interface->control & enable) == 0)
            continue;
        if (best < 0 || lr_priority(lr) < lr_priority(interface->lr[best]))
            best = (int)i;
    }
    return best;
}

static unsigned group_priority(const struct gicv2_virtual *interface, uint32_t lr)
{
    bool own = (lr & LR_GROUP1) != 0 && (interface->control & GICV_COMMON_BINARY_POINT) == 0;
    unsigned shift = own ? interface->aliased_binary_point : interface->binary_point + 1;
    return lr_priority(lr) & (0xff00u >> (8 - shift));
}

static unsigned running_priority(const struct gicv2_virtual *interface)
{
    return interface->apr != 0 ? (unsigned)__builtin_ctz(interface->apr) << 3 : 0x100;
}

static int deliverable(const struct gicv2 *gic, const struct gicv2_virtual *interface)
{
    int best = best_lr(gic, interface);
    if (best < 0 || lr_priority(interface->lr[best]) >= interface->priority_mask ||
        group_priority(interface, interface->lr[best]) >= running_priority(interface))
        return -1;
    return best;
}

bool gicv2_signals_virtual(struct sim_gic *any, struct sim_cpu *cpu)
{
    const struct gicv2 *gic = CONTAINER_OF(any, struct gicv2, base);
    const struct gicv2_virtual *interface = &gic->virtuals[cpu->index];
    return (interface->hcr & HCR_EN) != 0 && deliverable(gic, interface) >= 0;
}

bool gicv2_list_register(struct sim_gic *any, const struct sim_cpu *cpu, unsigned index, struct sim_list_register *lr)
{
    struct gicv2 *gic = CONTAINER_OF(any, struct gicv2, base);
    if (index >= list_registers(gic))
        return false;
    uint32_t value = interface_of(gic, cpu)->lr[index];
    bool linked = (value & LR_HW) != 0;
    const struct gicv2_interrupt *physical = linked ? gicv2_interrupt(gic, cpu, lr_physical(value)) : NULL;
    *lr = (struct sim_list_register){.used = (value & LR_STATE) != 0,
                                     .linked = linked,
                                     .intid = lr_intid(value),
                                     .physical = linked ? lr_physical(value) : 0,
                                     .physically_active = physical != NULL && physical->active};
    return true;
}

static void check_pair(const uint32_t *lr, unsigned i, unsigned j)
{
    if ((lr[j] & LR_STATE) == 0)
        return;
    if (lr_intid(lr[i]) == lr_intid(lr[j])) /* an SGI's source makes no difference */
        sim_fail("GICH_LR%u and GICH_LR%u both hold virtual INTID %u (IHI 0048B 5.3.9: it must be unique)", j, i,
                 lr_intid(lr[i]));
    if ((lr[i] & lr[j] & LR_HW) != 0 && lr_physical(lr[i]) == lr_physical(lr[j]))
        sim_fail("GICH_LR%u and GICH_LR%u are both linked to INTID %u", j, i, lr_physical(lr[i]));
}

void gicv2_check_entry(struct sim_gic *any, struct sim_cpu *cpu)
{
    const struct gicv2 *gic = CONTAINER_OF(any, struct gicv2, base);
    const uint32_t *lr = gic->virtuals[cpu->index].lr;
    for (unsigned i = 0; i < list_registers(gic); i++) {
        if ((lr[i] & LR_STATE) == 0)
            continue;
        if ((lr[i] & LR_HW) != 0 && (lr[i] & LR_STATE) == LR_STATE)
            sim_fail("GICH_LR%u = %#x: hardware interrupt pending and active (IHI 0048B 5.3.9)", i, lr[i]);
        for (unsigned j = 0; j < i; j++)
            check_pair(lr, i, j);
    }
}

/* ---- Maintenance */

static uint64_t eoi_status(const struct gicv2 *gic, const struct gicv2_virtual *interface)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < list_registers(gic); i++)
        if ((interface->lr[i] & (LR_STATE | LR_HW)) == 0 && (interface->lr[i] & LR_EOI) != 0)
            bits |= 1ULL << i;
    return bits;
}

static uint64_t empty_status(const struct gicv2 *gic, const struct gicv2_virtual *interface)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < list_registers(gic); i++)
        if ((interface->lr[i] & LR_STATE) == 0)
            bits |= 1ULL << i;
    return bits & ~eoi_status(gic, interface);
}

static uint32_t maintenance_status(const struct gicv2 *gic, const struct gicv2_virtual *interface)
{
    unsigned valid = 0, pending = 0;
    for (unsigned i = 0; i < list_registers(gic); i++) {
        valid += (interface->lr[i] & LR_STATE) != 0;
        pending += (interface->lr[i] & LR_PENDING) != 0;
    }
    uint32_t hcr = interface->hcr, status = 0;
    bool group0 = (interface->control & GICV_ENABLE_GROUP0) != 0,
         group1 = (interface->control & GICV_ENABLE_GROUP1) != 0;
    status |= eoi_status(gic, interface) != 0 ? 1u << 0 : 0;
    status |= (hcr & HCR_UIE) != 0 && valid <= 1 ? 1u << 1 : 0;
    status |= (hcr & HCR_LRENPIE) != 0 && interface->eoi_count != 0 ? 1u << 2 : 0;
    status |= (hcr & HCR_NPIE) != 0 && pending == 0 ? 1u << 3 : 0;
    status |= (hcr >> 4 & 1) != 0 && group0 ? 1u << 4 : 0;
    status |= (hcr >> 5 & 1) != 0 && !group0 ? 1u << 5 : 0;
    status |= (hcr >> 6 & 1) != 0 && group1 ? 1u << 6 : 0;
    status |= (hcr >> 7 & 1) != 0 && !group1 ? 1u << 7 : 0;
    return status;
}

static void virtual_changed(struct gicv2 *gic, struct sim_cpu *cpu)
{
    const struct gicv2_virtual *interface = interface_of(gic, cpu);
    bool maintenance = (interface->hcr & HCR_EN) != 0 && maintenance_status(gic, interface) != 0;
    sim_gic_set_maintenance(cpu, GIC_PPI_MAINTENANCE, maintenance);
    gicv2_changed(gic);
}

/* ---- GICH: the hypervisor's side */

static uint32_t read_vmcr(const struct gicv2_virtual *interface)
{
    return (interface->control & 0x1f) | (interface->control & GICV_EOI_MODE) | interface->aliased_binary_point << 18 |
           interface->binary_point << 21 | (interface->priority_mask >> 3) << 27;
}

static uint32_t at_least(uint32_t value, uint32_t least)
{
    return value < least ? least : value;
}

static void write_vmcr(struct gicv2_virtual *interface, uint32_t value)
{
    interface->control = value & (0x1f | GICV_EOI_MODE);
    interface->aliased_binary_point = at_least(value >> 18 & 7, 3);
    interface->binary_point = at_least(value >> 21 & 7, 2);
    interface->priority_mask = (value >> 27) << 3;
}

bool gicv2_hyp_read(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value)
{
    struct gicv2 *gic = context;
    const struct gicv2_virtual *interface = interface_of(gic, cpu);
    if (size != 4)
        return false;
    if (offset >= GICH_LR && offset < GICH_LR + 4 * list_registers(gic)) {
        *value = sim_fault_list_register(gic->machine, interface->lr[(offset - GICH_LR) / 4], LR_PENDING);
        return true;
    }
    gicv2_check_access("GICH", layout, ARRAY_SIZE(layout), offset, GICV2_READ, 0);
    switch (offset) {
    case GICH_HCR:
        *value = interface->hcr | interface->eoi_count << 27;
        break;
    case GICH_VTR:
        *value = 4u << 29 | 4u << 26 | (list_registers(gic) - 1);
        break;
    case GICH_VMCR:
        *value = read_vmcr(interface);
        break;
    case GICH_MISR:
        *value = maintenance_status(gic, interface);
        break;
    case GICH_EISR:
    case GICH_EISR + 4:
        *value = (uint32_t)(eoi_status(gic, interface) >> (offset - GICH_EISR) * 8);
        break;
    case GICH_ELRSR:
    case GICH_ELRSR + 4:
        *value = (uint32_t)(empty_status(gic, interface) >> (offset - GICH_ELRSR) * 8);
        break;
    case GICH_APR:
        *value = interface->apr;
        break;
    }
    return true;
}

static void write_lr(struct gicv2 *gic, struct gicv2_virtual *interface, unsigned index, uint32_t lr)
{
    bool linked = (lr & LR_HW) != 0;
    if ((lr & ~(linked ? LR_BITS_LINKED : LR_BITS_SOFTWARE)) != 0)
        sim_fail("GICH_LR%u = %#x: reserved bits (IHI 0048B 5.3.9)", index, lr);
    if ((lr & LR_STATE) != 0 && linked && (lr_physical(lr) < 16 || lr_physical(lr) >= gic->intids))
        sim_fail("GICH_LR%u = %#x: linked to an SGI or to an interrupt that there is not (IHI 0048B 5.3.9)", index, lr);
    if ((lr & LR_STATE) != 0 && lr_intid(lr) >= GIC_INTIDS)
        sim_fail("GICH_LR%u = %#x: virtual INTID %u is a special one (IHI 0048B 5.3.9)", index, lr, lr_intid(lr));
    interface->lr[index] = lr;
}

bool gicv2_hyp_write(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value)
{
    struct gicv2 *gic = context;
    struct gicv2_virtual *interface = interface_of(gic, cpu);
    if (size != 4)
        return false;
    if (offset >= GICH_LR && offset < GICH_LR + 4 * list_registers(gic)) {
        write_lr(gic, interface, (unsigned)(offset - GICH_LR) / 4, (uint32_t)value);
        virtual_changed(gic, cpu);
        return true;
    }
    gicv2_check_access("GICH", layout, ARRAY_SIZE(layout), offset, GICV2_WRITE, value);
    if (offset == GICH_HCR) {
        interface->hcr = (uint32_t)value & 0xff;
        interface->eoi_count = (uint32_t)value >> 27;
    } else if (offset == GICH_VMCR) {
        write_vmcr(interface, (uint32_t)value);
    } else if (offset == GICH_APR) {
        interface->apr = (uint32_t)value;
    }
    virtual_changed(gic, cpu);
    return true;
}

/* ---- GICV: the guest's side */

static uint32_t acknowledge(struct gicv2 *gic, struct sim_cpu *cpu, bool want_group1)
{
    struct gicv2_virtual *interface = interface_of(gic, cpu);
    int index = (interface->hcr & HCR_EN) != 0 ? deliverable(gic, interface) : -1;
    if (index < 0)
        return GIC_NONE_PENDING;
    uint32_t *lr = &interface->lr[index];
    if ((*lr & LR_GROUP1) != 0 && !want_group1 && (interface->control & GICV_ACK_CONTROL) == 0)
        return GIC_WRONG_GROUP;
    if ((*lr & LR_GROUP1) == 0 && want_group1)
        return GIC_NONE_PENDING;
    interface->apr |= 1u << (group_priority(interface, *lr) >> 3);
    *lr = (*lr & ~LR_PENDING) | LR_ACTIVE;
    virtual_changed(gic, cpu);
    return lr_source(*lr) << 10 | lr_intid(*lr);
}

static void deactivate(struct gicv2 *gic, struct sim_cpu *cpu, uint32_t value)
{
    struct gicv2_virtual *interface = interface_of(gic, cpu);
    unsigned intid = value & 0x3ff, source = value >> 10 & 7;
    for (unsigned i = 0; i < list_registers(gic); i++) {
        uint32_t *lr = &interface->lr[i];
        if ((*lr & LR_ACTIVE) == 0 || lr_intid(*lr) != intid || (intid < 16 && lr_source(*lr) != source))
            continue;
        *lr &= ~LR_ACTIVE;
        if ((*lr & LR_HW) != 0)
            gicv2_deactivate(gic, cpu, lr_physical(*lr));
        return;
    }
    interface->eoi_count = (interface->eoi_count + 1) & 31; /* wraps (5.3.2) */
}

static void end_of_interrupt(struct gicv2 *gic, struct sim_cpu *cpu, uint32_t value)
{
    struct gicv2_virtual *interface = interface_of(gic, cpu);
    if ((value & 0x3ff) >= GIC_INTIDS || interface->apr == 0)
        return;
    interface->apr &= interface->apr - 1; /* the highest priority in use */
    if ((interface->control & GICV_EOI_MODE) == 0)
        deactivate(gic, cpu, value);
}

static uint32_t highest_pending(const struct gicv2 *gic, const struct gicv2_virtual *interface)
{
    int best = best_lr(gic, interface);
    return best < 0 ? GIC_NONE_PENDING : lr_source(interface->lr[best]) << 10 | lr_intid(interface->lr[best]);
}

bool gicv2_virtual_read(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value)
{
    struct gicv2 *gic = context;
    const struct gicv2_virtual *interface = interface_of(gic, cpu);
    if (size != 4)
        return false;
    switch (gicv2_unalias(gic, offset)) {
    case 0x00:
        *value = interface->control;
        break;
    case 0x04:
        *value = interface->priority_mask;
        break;
    case 0x08:
        *value = interface->binary_point;
        break;
    case 0x0c:
        *value = acknowledge(gic, cpu, false);
        break;
    case 0x14:
        *value = interface->apr != 0 ? running_priority(interface) : 0xff;
        break;
    case 0x18:
        *value = highest_pending(gic, interface);
        break;
    case 0x1c:
        *value = interface->aliased_binary_point;
        break;
    case 0x20:
        *value = acknowledge(gic, cpu, true);
        break;
    case 0xd0:
        *value = interface->apr;
        break;
    case 0xfc:
        *value = 0x0202143b;
        break;
    default:
        *value = 0;
    }
    return true;
}

bool gicv2_virtual_write(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value)
{
    struct gicv2 *gic = context;
    struct gicv2_virtual *interface = interface_of(gic, cpu);
    if (size != 4)
        return false;
    switch (gicv2_unalias(gic, offset)) {
    case 0x00:
        interface->control = (uint32_t)value & (0x1f | GICV_EOI_MODE);
        break;
    case 0x04:
        interface->priority_mask = (uint32_t)value & GIC_PRIORITY_MASK;
        break;
    case 0x08:
        interface->binary_point = at_least((uint32_t)value & 7, 2);
        break;
    case 0x10:
    case 0x24:
        end_of_interrupt(gic, cpu, (uint32_t)value);
        break;
    case 0x1c:
        interface->aliased_binary_point = at_least((uint32_t)value & 7, 3);
        break;
    case 0xd0:
        interface->apr = (uint32_t)value;
        break;
    case 0x1000:
        if ((interface->control & GICV_EOI_MODE) != 0)
            deactivate(gic, cpu, (uint32_t)value);
        break;
    default:
        break;
    }
    virtual_changed(gic, cpu);
    return true;
}
