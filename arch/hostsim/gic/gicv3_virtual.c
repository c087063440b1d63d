// SPDX-License-Identifier: Apache-2.0
/* GICv3: the hypervisor's side of the virtual CPU interface, ICH (IHI 0069 12.4). */
#include "hostsim/gic/gicv3_model.h"

#define HCR_UIE (1u << 1)
#define HCR_LRENPIE (1u << 2)
#define HCR_NPIE (1u << 3)
#define HCR_VGRP0DIE (1u << 5)
#define HCR_GROUP_CAUSES 4   /* VGrp0EIE, VGrp0DIE, VGrp1EIE, VGrp1DIE */
#define HCR_WRITABLE 0x5cffu /* TC, TALL0, TALL1, TDIR above the causes; no TSEI, no GICv4 */
#define HCR_EOI_COUNT 27

#define MISR_EOI (1u << 0)
#define MISR_U (1u << 1)
#define MISR_LRENP (1u << 2)
#define MISR_NP (1u << 3)

#define VMCR_ENABLE_GROUP0 (1u << 0)
#define VMCR_ENABLE_GROUP1 (1u << 1)
#define VMCR_ACK_CONTROL (1u << 2) /* reserved, as without a GICv2's memory-mapped view */
#define VMCR_FIQ_ENABLE (1u << 3)  /* always 1 likewise */
#define VMCR_COMMON_BINARY_POINT (1u << 4)
#define VMCR_EOI_MODE (1u << 9)
#define VMCR_BINARY_POINT1 18
#define VMCR_BINARY_POINT0 21
#define VMCR_PRIORITY_MASK 24
#define VMCR_FIELDS 0xfffc021fu

/* 16 INTID bits, Aff3, no direct injection, TDIR */
#define VTR_FIXED (1u << 21 | 1u << 20 | 1u << 19)
#define VTR_PRIORITY_BITS 29
#define VTR_PREEMPTION_BITS 26

#define LR_RESERVED 0x0f00e00000000000ULL
#define LR_RESERVED_SOFTWARE 0x00001dff00000000ULL /* where HW is 0: the physical INTID's place but EOI */

static struct gicv3_virtual *interface_of(struct gicv3 *gic, const struct sim_cpu *cpu)
{
    return &gic->virtuals[cpu->index];
}

unsigned gicv3_list_registers(const struct gicv3 *gic)
{
    return (unsigned)min_u64(gic->machine->options.list_registers, GIC_MAX_LIST_REGISTERS);
}

uint8_t gicv3_virtual_priorities(const struct gicv3 *gic)
{
    return (uint8_t)(0xff00u >> gic->priority_bits);
}

unsigned gicv3_least_binary_point(const struct gicv3 *gic)
{
    return 7 - gic->preemption_bits;
}

void gicv3_virtual_reset(const struct gicv3 *gic, struct gicv3_virtual *interface)
{
    interface->binary_point[0] = (uint8_t)gicv3_least_binary_point(gic);
    interface->binary_point[1] = (uint8_t)(gicv3_least_binary_point(gic) + 1);
}

/* ---- Maintenance */

static uint64_t eoi_status(const struct gicv3 *gic, const struct gicv3_virtual *interface)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < gicv3_list_registers(gic); i++)
        if ((interface->lr[i] & (LR_STATE | LR_HW)) == 0 && (interface->lr[i] & LR_EOI) != 0)
            bits |= 1ULL << i;
    return bits;
}

static uint64_t empty_status(const struct gicv3 *gic, const struct gicv3_virtual *interface)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < gicv3_list_registers(gic); i++)
        if ((interface->lr[i] & LR_STATE) == 0)
            bits |= 1ULL << i;
    return bits & ~eoi_status(gic, interface);
}

/* 12.4.6. A list register that is active and pending counts as valid, but not as pending. */
static uint32_t maintenance_status(const struct gicv3 *gic, const struct gicv3_virtual *interface)
{
    unsigned valid = 0, pending = 0;
    for (unsigned i = 0; i < gicv3_list_registers(gic); i++) {
        valid += (interface->lr[i] & LR_STATE) != 0;
        pending += (interface->lr[i] & LR_STATE) == LR_PENDING;
    }
    uint32_t hcr = interface->hcr, status = 0;
    status |= eoi_status(gic, interface) != 0 ? MISR_EOI : 0;
    status |= (hcr & HCR_UIE) != 0 && valid <= 1 ? MISR_U : 0;
    status |= (hcr & HCR_LRENPIE) != 0 && interface->eoi_count != 0 ? MISR_LRENP : 0;
    status |= (hcr & HCR_NPIE) != 0 && pending == 0 ? MISR_NP : 0;
    for (unsigned i = 0; i < 4; i++) /* enabled and disabled, of either group */
        if ((hcr >> (HCR_GROUP_CAUSES + i) & 1) != 0 && interface->enable[i / 2] == (i % 2 == 0))
            status |= 1u << (HCR_GROUP_CAUSES + i);
    if (sim_fault_asked(gic->machine, SIM_FAULT_MAINTENANCE_GROUP, NULL))
        status = (status & ~HCR_VGRP0DIE) | (interface->enable[1] ? 0 : hcr & HCR_VGRP0DIE);
    return status;
}

void gicv3_virtual_changed(struct gicv3 *gic, struct sim_cpu *cpu)
{
    const struct gicv3_virtual *interface = interface_of(gic, cpu);
    bool maintenance = (interface->hcr & HCR_EN) != 0 && maintenance_status(gic, interface) != 0;
    sim_gic_set_maintenance(cpu, GIC_PPI_MAINTENANCE, maintenance);
    gicv3_changed(gic);
}

/* ---- Before a guest is entered */

static void check_pair(const uint64_t *lr, unsigned i, unsigned j)
{
    if ((lr[j] & LR_STATE) == 0)
        return;
    if (lr_intid(lr[i]) == lr_intid(lr[j]))
        sim_fail("ICH_LR%u_EL2 and ICH_LR%u_EL2 both hold virtual INTID %u (IHI 0069 12.4.9: unpredictable)", j, i,
                 lr_intid(lr[i]));
    if ((lr[i] & lr[j] & LR_HW) != 0 && lr_physical(lr[i]) == lr_physical(lr[j]))
        sim_fail("ICH_LR%u_EL2 and ICH_LR%u_EL2 are both linked to INTID %u", j, i, lr_physical(lr[i]));
}

bool gicv3_list_register(struct sim_gic *any, const struct sim_cpu *cpu, unsigned index, struct sim_list_register *lr)
{
    struct gicv3 *gic = CONTAINER_OF(any, struct gicv3, base);
    if (index >= gicv3_list_registers(gic))
        return false;
    uint64_t value = interface_of(gic, cpu)->lr[index];
    bool linked = (value & LR_HW) != 0;
    const struct gicv3_interrupt *physical = linked ? gicv3_interrupt(gic, cpu, lr_physical(value)) : NULL;
    *lr = (struct sim_list_register){.used = (value & LR_STATE) != 0,
                                     .linked = linked,
                                     .intid = lr_intid(value),
                                     .physical = linked ? lr_physical(value) : 0,
                                     .physically_active = physical != NULL && physical->active};
    return true;
}

void gicv3_check_entry(struct sim_gic *any, struct sim_cpu *cpu)
{
    struct gicv3 *gic = CONTAINER_OF(any, struct gicv3, base);
    const struct gicv3_virtual *interface = interface_of(gic, cpu);
    const uint64_t *lr = interface->lr;
    for (unsigned i = 0; i < gicv3_list_registers(gic); i++) {
        if ((lr[i] & LR_STATE) == 0)
            continue;
        if ((lr[i] & LR_HW) != 0 && (lr[i] & LR_STATE) == LR_STATE)
            sim_fail("ICH_LR%u_EL2 = %#llx: hardware interrupt pending and active (IHI 0069 12.4.9)", i,
                     (unsigned long long)lr[i]);
        for (unsigned j = 0; j < i; j++)
            check_pair(lr, i, j);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(interface->active[0]); i++)
        if ((interface->active[0][i] & interface->active[1][i]) != 0)
            sim_fail("ICH_AP0R%u_EL2 and ICH_AP1R%u_EL2 both have priority bits %#x (IHI 0069 12.4.1: unpredictable)",
                     i, i, interface->active[0][i] & interface->active[1][i]);
}

/* ---- Registers */

static uint64_t read_hcr(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index)
{
    const struct gicv3_virtual *interface = interface_of(gic, cpu);
    (void)index;
    return interface->hcr | (uint64_t)interface->eoi_count << HCR_EOI_COUNT;
}

static void write_hcr(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index, uint64_t value)
{
    struct gicv3_virtual *interface = interface_of(gic, cpu);
    (void)index;
    if ((value & ~(uint64_t)(HCR_WRITABLE | 0x1fu << HCR_EOI_COUNT)) != 0)
        sim_fail("ICH_HCR_EL2 = %#llx: reserved bits, or of features that ICH_VTR_EL2 denies",
                 (unsigned long long)value);
    interface->hcr = (uint32_t)value & HCR_WRITABLE;
    interface->eoi_count = (uint32_t)value >> HCR_EOI_COUNT;
    gicv3_virtual_changed(gic, cpu);
}

static uint64_t read_vtr(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index)
{
    (void)cpu;
    (void)index;
    return VTR_FIXED | (gic->priority_bits - 1) << VTR_PRIORITY_BITS |
           (gic->preemption_bits - 1) << VTR_PREEMPTION_BITS | (gicv3_list_registers(gic) - 1);
}

static uint64_t read_misr(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index)
{
    (void)index;
    return maintenance_status(gic, interface_of(gic, cpu));
}

static uint64_t read_elrsr(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index)
{
    (void)index;
    return empty_status(gic, interface_of(gic, cpu));
}

static uint64_t read_vmcr(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index)
{
    const struct gicv3_virtual *interface = interface_of(gic, cpu);
    (void)index;
    return (interface->enable[0] ? VMCR_ENABLE_GROUP0 : 0) | (interface->enable[1] ? VMCR_ENABLE_GROUP1 : 0) |
           VMCR_FIQ_ENABLE | (interface->common_binary_point ? VMCR_COMMON_BINARY_POINT : 0) |
           (interface->eoi_mode ? VMCR_EOI_MODE : 0) | (uint32_t)interface->binary_point[1] << VMCR_BINARY_POINT1 |
           (uint32_t)interface->binary_point[0] << VMCR_BINARY_POINT0 |
           (uint32_t)interface->priority_mask << VMCR_PRIORITY_MASK;
}

static void write_vmcr(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index, uint64_t value)
{
    struct gicv3_virtual *interface = interface_of(gic, cpu);
    (void)index;
    if ((value & ~(uint64_t)VMCR_FIELDS) != 0)
        sim_fail("ICH_VMCR_EL2 = %#llx: reserved bits", (unsigned long long)value);
    if ((value & VMCR_ACK_CONTROL) != 0)
        sim_fail("ICH_VMCR_EL2 = %#llx: VAckCtl, which is reserved with system registers", (unsigned long long)value);
    interface->enable[0] = (value & VMCR_ENABLE_GROUP0) != 0;
    interface->enable[1] = (value & VMCR_ENABLE_GROUP1) != 0;
    interface->common_binary_point = (value & VMCR_COMMON_BINARY_POINT) != 0;
    interface->eoi_mode = (value & VMCR_EOI_MODE) != 0;
    interface->binary_point[0] = (uint8_t)max_u64(value >> VMCR_BINARY_POINT0 & 7, gicv3_least_binary_point(gic));
    interface->binary_point[1] = (uint8_t)max_u64(value >> VMCR_BINARY_POINT1 & 7, gicv3_least_binary_point(gic) + 1);
    interface->priority_mask = (uint8_t)(value >> VMCR_PRIORITY_MASK & gicv3_virtual_priorities(gic));
    gicv3_virtual_changed(gic, cpu);
}

/* One register for 5 bits of preemption, two for 6, four for 7. */
static void check_active_priorities(const struct gicv3 *gic, unsigned group, unsigned index)
{
    if (index >= 1u << (gic->preemption_bits - 5))
        sim_fail("ICH_AP%uR%u_EL2 where ICH_VTR_EL2.PREbits says %u bits: undefined", group, index,
                 gic->preemption_bits);
}

static void set_active_priorities(struct gicv3 *gic, struct sim_cpu *cpu, unsigned group, unsigned index,
                                  uint64_t value)
{
    check_active_priorities(gic, group, index);
    if (value > UINT32_MAX)
        sim_fail("ICH_AP%uR%u_EL2 = %#llx: reserved bits", group, index, (unsigned long long)value);
    interface_of(gic, cpu)->active[group][index] = (uint32_t)value;
    gicv3_virtual_changed(gic, cpu);
}

static uint64_t read_ap0r(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index)
{
    check_active_priorities(gic, 0, index);
    return interface_of(gic, cpu)->active[0][index];
}

static void write_ap0r(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index, uint64_t value)
{
    set_active_priorities(gic, cpu, 0, index, value);
}

static uint64_t read_ap1r(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index)
{
    check_active_priorities(gic, 1, index);
    return interface_of(gic, cpu)->active[1][index];
}

static void write_ap1r(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index, uint64_t value)
{
    set_active_priorities(gic, cpu, 1, index, value);
}

static void check_list_register(const struct gicv3 *gic, unsigned index)
{
    if (index >= gicv3_list_registers(gic))
        sim_fail("ICH_LR%u_EL2 where ICH_VTR_EL2.ListRegs says %u: undefined", index, gicv3_list_registers(gic));
}

static uint64_t read_lr(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index)
{
    check_list_register(gic, index);
    return sim_fault_list_register(gic->machine, interface_of(gic, cpu)->lr[index], LR_PENDING);
}

/* 12.4.9. INTIDs have 16 bits; 1020 to 8191 are special or reserved. */
static void write_lr(struct gicv3 *gic, struct sim_cpu *cpu, unsigned index, uint64_t value)
{
    unsigned long long lr = value;
    check_list_register(gic, index);
    if ((value & LR_RESERVED) != 0 || ((value & LR_HW) == 0 && (value & LR_RESERVED_SOFTWARE) != 0))
        sim_fail("ICH_LR%u_EL2 = %#llx: reserved bits", index, lr);
    if ((value & LR_STATE) != 0 &&
        ((lr_intid(value) >= GIC_INTIDS && lr_intid(value) < 8192) || lr_intid(value) > 0xffff))
        sim_fail("ICH_LR%u_EL2 = %#llx: no virtual INTID (IHI 0069 12.4.9: unpredictable)", index, lr);
    if ((value & LR_STATE) != 0 && (value & LR_HW) != 0 &&
        (lr_physical(value) < GIC_SGIS || lr_physical(value) >= gic->intids))
        sim_fail(
            "ICH_LR%u_EL2 = %#llx: linked to INTID %u, which is no PPI and no SPI (IHI 0069 12.4.9: unpredictable)",
            index, lr, lr_physical(value));
    interface_of(gic, cpu)->lr[index] = value & ~((uint64_t)(0xff & ~gicv3_virtual_priorities(gic)) << 48);
    gicv3_virtual_changed(gic, cpu);
}

const struct gicv3_register gicv3_hyp_registers[] = {
    {ARCH_ICH_HCR_EL2, 1, "ICH_HCR_EL2", read_hcr, write_hcr},
    {ARCH_ICH_VTR_EL2, 1, "ICH_VTR_EL2", read_vtr, NULL},
    {ARCH_ICH_MISR_EL2, 1, "ICH_MISR_EL2", read_misr, NULL},
    {ARCH_ICH_ELRSR_EL2, 1, "ICH_ELRSR_EL2", read_elrsr, NULL},
    {ARCH_ICH_VMCR_EL2, 1, "ICH_VMCR_EL2", read_vmcr, write_vmcr},
    {ARCH_ICH_AP0R0_EL2, 4, "ICH_AP0R_EL2", read_ap0r, write_ap0r},
    {ARCH_ICH_AP1R0_EL2, 4, "ICH_AP1R_EL2", read_ap1r, write_ap1r},
    {ARCH_ICH_LR0_EL2, 16, "ICH_LR_EL2", read_lr, write_lr},
};
const unsigned gicv3_hyp_register_count = ARRAY_SIZE(gicv3_hyp_registers);
