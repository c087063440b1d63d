// SPDX-License-Identifier: Apache-2.0
/* GICv3: the CPU interface by its system registers, as EL2 uses it (IHI 0069 12.2). Group 1 only. */
#include "hostsim/gic/gicv3_model.h"
#include "hostsim/oracle/oracle.h"

#define CTLR_COMMON_BINARY_POINT (1u << 0)
#define CTLR_EOI_MODE (1u << 1)
#define CTLR_MASK_HINT (1u << 6)
#define CTLR_FIXED (4u << 8 | 1u << 15) /* 5 priority bits, 16 INTID bits, Aff3 */
#define CTLR_IGNORED 0xcff00u           /* read only fields, and those of features that are not there */

#define SGI_IRM (1ULL << 40)
#define SGI_RANGE (0xfULL << 44)
#define SGI_RESERVED 0xff000e00f0000000ULL

#define NS_PRIORITY 0x80u /* the least that the Non-secure world can mask or give */

static struct gicv3_interface *interface_of(struct gicv3 *gic, const struct sim_cpu *cpu)
{
    return &gic->interfaces[cpu->index];
}

void gicv3_interface_reset(struct gicv3 *gic, struct gicv3_interface *interface)
{
    interface->binary_point1 = GIC_LEAST_BINARY_POINT + 1;
    interface->priority_mask = gic->security ? GIC_PRIORITY_MASK : 0;
}

/* ---- What is signalled */

static uint8_t group_priority(const struct gicv3_interface *interface, uint8_t priority)
{
    unsigned shift = interface->common_binary_point ? GIC_LEAST_BINARY_POINT + 1 : interface->binary_point1;
    return (uint8_t)(priority & ~0u << shift);
}

static unsigned running_priority(const struct gicv3_interface *interface)
{
    return interface->depth > 0 ? interface->running[interface->depth - 1].group_priority : 0x100;
}

bool gicv3_signals(struct sim_gic *any, struct sim_cpu *cpu)
{
    struct gicv3 *gic = CONTAINER_OF(any, struct gicv3, base);
    const struct gicv3_interface *interface = interface_of(gic, cpu);
    if (!interface->enable_group1 || !gicv3_is_awake(gic, cpu))
        return false;
    unsigned intid = gicv3_best(gic, cpu);
    if (intid == GIC_NONE_PENDING)
        return false;
    uint8_t priority = gicv3_interrupt(gic, cpu, intid)->priority;
    return priority < interface->priority_mask && group_priority(interface, priority) < running_priority(interface);
}

static uint64_t read_iar(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index)
{
    struct gicv3_interface *interface = interface_of(gic, cpu);
    (void)index;
    if (gicv3_fault_acknowledge(gic, cpu) || !gicv3_signals(&gic->base, cpu))
        return GIC_NONE_PENDING;
    unsigned intid = gicv3_best(gic, cpu);
    struct gicv3_interrupt *interrupt = gicv3_interrupt(gic, cpu, intid);
    interrupt->latch = interrupt->late = interrupt->despite = false;
    interrupt->active = true;
    interface->running[interface->depth].intid = (uint16_t)intid;
    interface->running[interface->depth].group_priority = group_priority(interface, interrupt->priority);
    interface->depth++;
    sim_oracle_acknowledged(cpu, intid);
    sim_trace(cpu, "acknowledges INTID %u", intid);
    gicv3_changed(gic);
    return intid;
}

/* ---- Its end */

static bool is_special(uint64_t intid)
{
    return intid >= GIC_INTIDS && intid <= GIC_NONE_PENDING;
}

static void write_eoir(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index, uint64_t value)
{
    struct gicv3_interface *interface = interface_of(gic, cpu);
    (void)index;
    if (is_special(value))
        return;
    if (interface->depth == 0 || interface->running[interface->depth - 1].intid != value)
        sim_fail("ICC_EOIR1_EL1 = %#llx: not the interrupt acknowledged last (IHI 0069 12.2.10: unpredictable)",
                 (unsigned long long)value);
    interface->depth--;
    if (!interface->eoi_mode)
        gicv3_deactivate(gic, cpu, (unsigned)value);
    gicv3_changed(gic);
}

static void write_dir(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index, uint64_t value)
{
    const struct gicv3_interface *interface = interface_of(gic, cpu);
    (void)index;
    if (is_special(value))
        return;
    if (!interface->eoi_mode)
        sim_fail("ICC_DIR_EL1 = %#llx with EOImode 0 (IHI 0069 12.2.9: ignored, or an SError)",
                 (unsigned long long)value);
    if (gicv3_interrupt(gic, cpu, value < GIC_INTIDS ? (unsigned)value : GIC_INTIDS) == NULL)
        sim_fail("ICC_DIR_EL1 = %#llx: the GIC has no such interrupt", (unsigned long long)value);
    for (unsigned i = 0; i < interface->depth; i++)
        if (interface->running[i].intid == value)
            sim_fail("ICC_DIR_EL1 = %llu before its priority was dropped: it stays active for ever (IHI 0069 12.2.9)",
                     (unsigned long long)value);
    gicv3_deactivate(gic, cpu, (unsigned)value);
}

/* ---- SGIs */

/* 12.2.20. An SGI that the target has in Group 0 is not sent; nor is one of the Secure world's. */
static void send_sgi(struct gicv3 *gic, const struct sim_cpu *self, uint64_t value)
{
    unsigned intid = value >> 24 & 0xf;
    uint64_t cluster = (value >> 48 & 0xff) << 32 | (value >> 32 & 0xff) << 16 | (value >> 16 & 0xff) << 8;
    for (unsigned i = 0; i < gic->machine->cpu_count; i++) {
        const struct sim_cpu *cpu = &gic->machine->cpus[i];
        uint64_t affinity = gicv3_affinity(cpu);
        bool listed = (affinity & ~0xffULL) == cluster && (affinity & 0xff) < 16 && (value >> (affinity & 0xff) & 1);
        struct gicv3_interrupt *interrupt = gicv3_interrupt(gic, cpu, intid);
        if (((value & SGI_IRM) != 0 ? cpu != self : listed) && interrupt->group1)
            interrupt->latch = true;
    }
    gicv3_changed(gic);
}

static void send_again(struct sim_machine *machine, struct sim_event *event)
{
    send_sgi(CONTAINER_OF(machine->gic, struct gicv3, base), event->context, machine->faults.repeated_kick);
}

static void write_sgi1r(struct gicv3 *gic, struct sim_cpu *self, unsigned index, uint64_t value)
{
    sim_store_buffer_drain(self); /* as the contract says */
    (void)index;
    if ((value & SGI_RESERVED) != 0)
        sim_fail("ICC_SGI1R_EL1 = %#llx: reserved bits", (unsigned long long)value);
    if ((value & SGI_RANGE) != 0)
        sim_fail("ICC_SGI1R_EL1 = %#llx: a range that GICD_TYPER.RSS denies", (unsigned long long)value);
    if (!sim_fault_loses_kick(self, value, send_again))
        send_sgi(gic, self, value);
}

/* ---- Control */

static uint64_t read_sre_el2(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index)
{
    (void)index;
    return interface_of(gic, cpu)->sre_el2;
}

static void write_sre_el2(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index, uint64_t value)
{
    struct gicv3_interface *interface = interface_of(gic, cpu);
    (void)index;
    if ((value & ~0xfULL) != 0)
        sim_fail("ICC_SRE_EL2 = %#llx: reserved bits", (unsigned long long)value);
    if ((interface->sre_el2 & GIC_SRE) != 0 && (value & GIC_SRE) == 0)
        sim_fail("ICC_SRE_EL2.SRE cleared (IHI 0069 12.2.23: unpredictable)");
    interface->sre_el2 = (uint32_t)value;
}

static uint64_t read_sre_el1(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index)
{
    const struct gicv3_interface *interface = interface_of(gic, cpu);
    (void)index;
    return interface->sre_el1 | (interface->sre_el2 & 6);
}

static void write_sre_el1(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index, uint64_t value)
{
    struct gicv3_interface *interface = interface_of(gic, cpu);
    (void)index;
    if ((value & ~7ULL) != 0)
        sim_fail("ICC_SRE_EL1 = %#llx: reserved bits", (unsigned long long)value);
    if ((interface->sre_el1 & GIC_SRE) != 0 && (value & GIC_SRE) == 0)
        sim_fail("ICC_SRE_EL1.SRE cleared (IHI 0069 12.2.22: unpredictable)");
    interface->sre_el1 = (uint32_t)value & interface->sre_el2 & GIC_SRE; /* SRE is 0 while EL2's is */
}

static uint64_t read_control(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index)
{
    const struct gicv3_interface *interface = interface_of(gic, cpu);
    (void)index;
    return CTLR_FIXED | (interface->common_binary_point ? CTLR_COMMON_BINARY_POINT : 0) |
           (interface->eoi_mode ? CTLR_EOI_MODE : 0) | (interface->mask_hint ? CTLR_MASK_HINT : 0);
}

/* With two Security states CBPR and PMHE are firmware's (12.2.6). */
static void write_control(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index, uint64_t value)
{
    struct gicv3_interface *interface = interface_of(gic, cpu);
    bool eoi_mode = (value & CTLR_EOI_MODE) != 0;
    (void)index;
    if ((value & ~(uint64_t)(CTLR_COMMON_BINARY_POINT | CTLR_EOI_MODE | CTLR_MASK_HINT | CTLR_IGNORED)) != 0)
        sim_fail("ICC_CTLR_EL1 = %#llx: reserved bits", (unsigned long long)value);
    if (interface->depth > 0 && eoi_mode != interface->eoi_mode)
        sim_fail("ICC_CTLR_EL1.EOImode changed between an acknowledgement and its end");
    interface->eoi_mode = eoi_mode;
    if (gic->security)
        return;
    interface->common_binary_point = (value & CTLR_COMMON_BINARY_POINT) != 0;
    interface->mask_hint = (value & CTLR_MASK_HINT) != 0;
    gicv3_changed(gic);
}

/* 4.8.6: the Non-secure world sees the lower half of the priorities, shifted up, and cannot mask the upper one. */
static uint64_t read_mask(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index)
{
    unsigned mask = interface_of(gic, cpu)->priority_mask;
    (void)index;
    if (!gic->security)
        return mask;
    return mask >= NS_PRIORITY ? mask << 1 & 0xff : 0;
}

static void write_mask(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index, uint64_t value)
{
    struct gicv3_interface *interface = interface_of(gic, cpu);
    (void)index;
    if (value > 0xff)
        sim_fail("ICC_PMR_EL1 = %#llx: reserved bits", (unsigned long long)value);
    if (gic->security && interface->priority_mask < NS_PRIORITY)
        return;
    interface->priority_mask = (uint8_t)((gic->security ? NS_PRIORITY | value >> 1 : value) & GIC_PRIORITY_MASK);
    gicv3_changed(gic);
}

static uint64_t read_binary_point(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index)
{
    const struct gicv3_interface *interface = interface_of(gic, cpu);
    (void)index;
    return interface->common_binary_point ? GIC_LEAST_BINARY_POINT + 1 : interface->binary_point1;
}

static void write_binary_point(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index, uint64_t value)
{
    struct gicv3_interface *interface = interface_of(gic, cpu);
    (void)index;
    if (value > 7)
        sim_fail("ICC_BPR1_EL1 = %#llx: reserved bits", (unsigned long long)value);
    if (interface->common_binary_point)
        return;
    interface->binary_point1 = (uint8_t)max_u64(value, GIC_LEAST_BINARY_POINT + 1);
    gicv3_changed(gic);
}

static uint64_t read_enable(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index)
{
    (void)index;
    return interface_of(gic, cpu)->enable_group1;
}

static void write_enable(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index, uint64_t value)
{
    (void)index;
    if (value > 1)
        sim_fail("ICC_IGRPEN1_EL1 = %#llx: reserved bits", (unsigned long long)value);
    interface_of(gic, cpu)->enable_group1 = value != 0;
    gicv3_changed(gic);
}

/* With 5 priority bits there is the first register of the row. */
static void check_active_priorities(unsigned index)
{
    if (index > 0)
        sim_fail("ICC_AP1R%u_EL1 where ICC_CTLR_EL1.PRIbits says 5 bits: undefined", index);
}

static uint64_t read_active_priorities(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index)
{
    const struct gicv3_interface *interface = interface_of(gic, cpu);
    uint64_t bits = 0;
    check_active_priorities(index);
    for (unsigned i = 0; i < interface->depth; i++)
        bits |= 1ULL << (interface->running[i].group_priority >> 3);
    return bits;
}

static void write_active_priorities(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index, uint64_t value)
{
    uint64_t now = read_active_priorities(gic, cpu, index);
    if (value != 0 && value != now)
        sim_fail("ICC_AP1R0_EL1 = %#llx: neither 0 nor what was read, %#llx (IHI 0069 12.2.3: unpredictable)",
                 (unsigned long long)value, (unsigned long long)now);
    if (value == 0)
        interface_of(gic, cpu)->depth = 0;
    gicv3_changed(gic);
}

const struct gicv3_register gicv3_interface_registers[] = {
    {ARCH_ICC_SRE_EL2, 1, "ICC_SRE_EL2", read_sre_el2, write_sre_el2},
    {ARCH_ICC_SRE_EL1, 1, "ICC_SRE_EL1", read_sre_el1, write_sre_el1},
    {ARCH_ICC_CTLR_EL1, 1, "ICC_CTLR_EL1", read_control, write_control},
    {ARCH_ICC_PMR_EL1, 1, "ICC_PMR_EL1", read_mask, write_mask},
    {ARCH_ICC_BPR1_EL1, 1, "ICC_BPR1_EL1", read_binary_point, write_binary_point},
    {ARCH_ICC_IGRPEN1_EL1, 1, "ICC_IGRPEN1_EL1", read_enable, write_enable},
    {ARCH_ICC_IAR1_EL1, 1, "ICC_IAR1_EL1", read_iar, NULL},
    {ARCH_ICC_EOIR1_EL1, 1, "ICC_EOIR1_EL1", NULL, write_eoir},
    {ARCH_ICC_DIR_EL1, 1, "ICC_DIR_EL1", NULL, write_dir},
    {ARCH_ICC_SGI1R_EL1, 1, "ICC_SGI1R_EL1", NULL, write_sgi1r},
    {ARCH_ICC_AP1R0_EL1, 4, "ICC_AP1R_EL1", read_active_priorities, write_active_priorities},
};
const unsigned gicv3_interface_register_count = ARRAY_SIZE(gicv3_interface_registers);
