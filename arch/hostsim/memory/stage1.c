// SPDX-License-Identifier: Apache-2.0
/* A guest's own translation, EL1&0 stage 1, 4 KiB granule (Arm ARM D8.2, D8.3), as an Armv8.0 CPU does it: no hardware
 * update of tables, no PAN. Its tables are read through stage 2. Programs run at EL1. */
#include <stdlib.h>

#include "hostsim/memory/mmu.h"

#define SCTLR_M (1u << 0)
#define SCTLR_C (1u << 2)
#define SCTLR_I (1u << 12)
#define SCTLR_WXN (1u << 19)

#define DESC_VALID (1ULL << 0)
#define DESC_TABLE (1ULL << 1)
#define DESC_USER (1ULL << 6)      /* AP[1] */
#define DESC_READ_ONLY (1ULL << 7) /* AP[2] */
#define DESC_ACCESS_FLAG (1ULL << 10)
#define DESC_NOT_GLOBAL (1ULL << 11)
#define DESC_PXN (1ULL << 53)
#define DESC_TABLE_PXN (1ULL << 59)
#define DESC_TABLE_NO_USER (1ULL << 61)
#define DESC_TABLE_READ_ONLY (1ULL << 62)
#define DESC_ADDRESS 0x0000fffffffff000ULL

#define TCR_A1 (1ULL << 22)
#define TCR_AS (1ULL << 36)

/** A leaf as a TLB holds it, for one page of it. */
struct stage1_leaf {
    uint64_t ipa; /* of the page */
    uint8_t level;
    uint8_t attributes; /* MAIR_EL1's byte */
    bool read_only, user, no_execute, not_global;
};

/** What TCR_EL1 and TTBRn_EL1 say about one half of the address space. */
struct region {
    bool high, disabled;
    unsigned bits; /* of the input address */
    uint64_t table;
    bool cacheable; /* walks */
};

/* ---- TLB: per CPU, small and direct mapped, as a real one may be: what falls out of it is walked for again. */

#define TLB_ENTRIES 64

struct stage1_entry {
    bool valid;
    uint16_t vmid, asid;
    uint64_t page; /* virtual, 63:12 */
    struct stage1_leaf leaf;
    const struct arch_vcpu *vcpu; /* whose tables gave it */
};

struct sim_stage1_tlb {
    struct stage1_entry entries[SIM_MAX_CPUS][TLB_ENTRIES];
};

struct sim_stage1_tlb *sim_stage1_create(void)
{
    struct sim_stage1_tlb *tlb = calloc(1, sizeof(*tlb));
    if (tlb == NULL)
        abort();
    return tlb;
}

void sim_stage1_destroy(struct sim_stage1_tlb *tlb)
{
    free(tlb);
}

static struct stage1_entry *slot(const struct sim_cpu *cpu, uint64_t address)
{
    return &cpu->machine->stage1_tlb->entries[cpu->index][(address >> 12) % TLB_ENTRIES];
}

static bool matches(const struct stage1_entry *entry, enum sim_tlbi what, uint64_t operand)
{
    const uint64_t page_bits = 0xfffffffffff; /* VA[55:12] */
    bool asid = (entry->leaf.not_global && entry->asid == operand >> 48) || what == SIM_TLBI_ADDRESS_ANY_ID;
    bool page = (entry->page & page_bits) == (operand & page_bits);
    switch (what) {
    case SIM_TLBI_ALL:
        return true;
    case SIM_TLBI_ASID:
        return asid;
    default:
        return page && (asid || !entry->leaf.not_global);
    }
}

static void invalidate(struct sim_machine *machine, uint16_t vmid, enum sim_tlbi what, uint64_t operand)
{
    for (unsigned cpu = 0; cpu < machine->cpu_count; cpu++)
        for (unsigned i = 0; i < TLB_ENTRIES; i++) {
            struct stage1_entry *entry = &machine->stage1_tlb->entries[cpu][i];
            if (entry->valid && entry->vmid == vmid && matches(entry, what, operand))
                entry->valid = false;
        }
}

void sim_stage1_invalidate(struct sim_cpu *cpu, enum sim_tlbi what, uint64_t operand)
{
    invalidate(cpu->machine, cpu->loaded->stage2->vmid, what, operand);
}

void sim_stage1_invalidate_vmid(struct sim_machine *machine, uint16_t vmid)
{
    invalidate(machine, vmid, SIM_TLBI_ALL, 0);
}

void sim_stage1_load(const struct sim_cpu *cpu, const struct arch_vcpu *vcpu)
{
    for (unsigned i = 0; i < TLB_ENTRIES; i++) {
        struct stage1_entry *entry = &cpu->machine->stage1_tlb->entries[cpu->index][i];
        if (!entry->valid || entry->vmid != vcpu->stage2->vmid)
            continue;
        if (!vcpu->shares_vmid && entry->vcpu != vcpu)
            sim_fail("arch_vcpu_load(): CPU %u holds translations of another vCPU of VMID %u, which this one does not "
                     "share by what arch_vcpu::shares_vmid says",
                     cpu->id, entry->vmid);
        entry->valid = !vcpu->shares_vmid;
    }
}

bool sim_stage1_holds(const struct sim_machine *machine, uint16_t vmid)
{
    for (unsigned cpu = 0; cpu < machine->cpu_count; cpu++)
        for (unsigned i = 0; i < TLB_ENTRIES; i++)
            if (machine->stage1_tlb->entries[cpu][i].valid && machine->stage1_tlb->entries[cpu][i].vmid == vmid)
                return true;
    return false;
}

/* ---- Walking */

static struct sim_address stage1_fault(uint8_t type, unsigned level)
{
    return (struct sim_address){.outcome = SIM_STAGE1_FAULT, .status = (uint8_t)(type + level)};
}

static struct region region_of(const struct sim_cpu *cpu, uint64_t address)
{
    uint64_t tcr = cpu->sysregs[VCPU_TCR_EL1];
    bool high = (address >> 55 & 1) != 0;
    unsigned half = high ? 16 : 0;
    unsigned granule = (unsigned)(tcr >> (high ? 30 : 14)) & 3, narrow = (unsigned)(tcr >> half) & 63;
    struct region region = {.high = high,
                            .disabled = (tcr >> (high ? 23 : 7) & 1) != 0,
                            .bits = 64 - narrow,
                            .table = cpu->sysregs[high ? VCPU_TTBR1_EL1 : VCPU_TTBR0_EL1] & 0xfffffffffffeULL,
                            .cacheable = (tcr >> (half + 8) & 3) != 0 && (tcr >> (half + 10) & 3) != 0};
    /* Of what Arm ARM D8.2.4 permits for a size out of range, the fault. */
    region.disabled = region.disabled || narrow < 16 || narrow > 39;
    if (!region.disabled && granule != (high ? 2u : 0u))
        sim_fail("stage 1 with TCR_EL1 %#llx: not modelled (4 KiB granule)", (unsigned long long)tcr);
    return region;
}

/* All bits above the region's are those of its end of the address space; 63:56 are not looked at with TBI. */
static bool in_range(const struct sim_cpu *cpu, const struct region *region, uint64_t address)
{
    bool ignore_top = (cpu->sysregs[VCPU_TCR_EL1] >> (region->high ? 38 : 37) & 1) != 0;
    uint64_t above = UINT64_MAX << region->bits & (ignore_top ? UINT64_MAX >> 8 : UINT64_MAX);
    return (address & above) == (region->high ? above : 0);
}

static unsigned output_bits(const struct sim_cpu *cpu)
{
    static const uint8_t sizes[] = {32, 36, 40, 42, 44, 48, 48, 48};
    unsigned bits = sizes[cpu->sysregs[VCPU_TCR_EL1] >> 32 & 7];
    return bits < cpu->machine->options.pa_bits ? bits : cpu->machine->options.pa_bits;
}

/* One entry of the guest's tables, through stage 2. @return false: @p result is the fault */
static bool read_entry(struct sim_cpu *cpu, const struct region *region, uint64_t ipa, uint64_t *entry,
                       struct sim_address *result)
{
    struct sim_translation table = sim_translate(cpu, ipa, SIM_ACCESS_READ);
    if (!table.fault && table.device) { /* HCR_EL2.PTW */
        table.fault = true;
        table.status = SIM_FSC_PERMISSION | 3;
    }
    if (table.fault) {
        *result =
            (struct sim_address){.outcome = SIM_STAGE2_FAULT, .status = table.status, .table_walk = true, .ipa = ipa};
        return false;
    }
    sim_guest_load(cpu, table.pa, entry, 8, region->cacheable && table.cacheable);
    return true;
}

static struct stage1_leaf make_leaf(const struct sim_cpu *cpu, uint64_t entry, unsigned level, uint64_t tables,
                                    uint64_t address)
{
    uint64_t within = (1ULL << (12 + 9 * (3 - level))) - 1;
    return (struct stage1_leaf){
        .ipa = ((entry & DESC_ADDRESS & ~within) | (address & within)) & ~(PAGE_SIZE - 1),
        .level = (uint8_t)level,
        .attributes = (uint8_t)(cpu->sysregs[VCPU_MAIR_EL1] >> (entry >> 2 & 7) * 8),
        .read_only = (entry & DESC_READ_ONLY) != 0 || (tables & DESC_TABLE_READ_ONLY) != 0,
        .user = (entry & DESC_USER) != 0 && (tables & DESC_TABLE_NO_USER) == 0,
        .no_execute = (entry & DESC_PXN) != 0 || (tables & DESC_TABLE_PXN) != 0,
        .not_global = (entry & DESC_NOT_GLOBAL) != 0,
    };
}

/* @return false: @p result is the fault */
static bool walk(struct sim_cpu *cpu, const struct region *region, uint64_t address, struct stage1_leaf *leaf,
                 struct sim_address *result)
{
    unsigned first = 4 - (region->bits - 12 + 8) / 9, level = first;
    uint64_t table = region->table, hierarchy = 0, input = address & (UINT64_MAX >> (64 - region->bits));
    table &= ~((8ULL << (region->bits - (12 + 9 * (3 - level)))) - 1);
    for (;; level++) {
        unsigned shift = 12 + 9 * (3 - level);
        uint64_t entry;
        if (table >> output_bits(cpu) != 0) {
            *result = stage1_fault(SIM_FSC_ADDRESS_SIZE, level == first ? 0 : level - 1); /* of TTBRn: level 0 */
            return false;
        }
        if (!read_entry(cpu, region, table + (input >> shift & 511) * 8, &entry, result))
            return false;
        bool last = level == 3 ? (entry & DESC_TABLE) != 0 : (entry & DESC_TABLE) == 0;
        if ((entry & DESC_VALID) == 0 || (last && level == 0) || (!last && level == 3)) {
            *result = stage1_fault(SIM_FSC_TRANSLATION, level);
            return false;
        }
        if (!last) {
            hierarchy |= entry;
            table = entry & DESC_ADDRESS;
            continue;
        }
        *leaf = make_leaf(cpu, entry, level, hierarchy, input);
        bool flagged = (entry & DESC_ACCESS_FLAG) != 0, small = leaf->ipa >> output_bits(cpu) == 0;
        if (!small || !flagged)
            *result = stage1_fault(small ? SIM_FSC_ACCESS_FLAG : SIM_FSC_ADDRESS_SIZE, level);
        return small && flagged;
    }
}

static uint16_t current_asid(const struct sim_cpu *cpu)
{
    uint64_t tcr = cpu->sysregs[VCPU_TCR_EL1];
    uint64_t asid = cpu->sysregs[(tcr & TCR_A1) != 0 ? VCPU_TTBR1_EL1 : VCPU_TTBR0_EL1] >> 48;
    return (uint16_t)((tcr & TCR_AS) != 0 ? asid : asid & 0xff);
}

static bool look_up(struct sim_cpu *cpu, uint64_t address, struct stage1_leaf *leaf, struct sim_address *result)
{
    struct stage1_entry *entry = slot(cpu, address);
    uint16_t vmid = cpu->loaded->stage2->vmid, asid = current_asid(cpu);
    if (entry->valid && entry->page == address >> 12 && entry->vmid == vmid &&
        (!entry->leaf.not_global || entry->asid == asid)) {
        *leaf = entry->leaf;
        return true;
    }
    struct region region = region_of(cpu, address);
    if (region.disabled || !in_range(cpu, &region, address)) {
        *result = stage1_fault(SIM_FSC_TRANSLATION, 0);
        return false;
    }
    if (!walk(cpu, &region, address, leaf, result))
        return false;
    *entry = (struct stage1_entry){true, vmid, asid, address >> 12, *leaf, cpu->loaded};
    return true;
}

/* ---- Permissions and memory types */

/* At EL1 (Arm ARM D8.4.1): what EL0 may write EL1 never executes. */
static bool permitted(const struct sim_cpu *cpu, const struct stage1_leaf *leaf, enum sim_access access)
{
    bool write_never_execute = (cpu->sysregs[VCPU_SCTLR_EL1] & SCTLR_WXN) != 0;
    if (access == SIM_ACCESS_WRITE)
        return !leaf->read_only;
    if (access != SIM_ACCESS_FETCH)
        return true;
    return !leaf->no_execute && (leaf->read_only || (!leaf->user && !write_never_execute));
}

/* With the MMU off (Arm ARM D8.2.10, HCR_EL2.DC = 0): data is Device-nGnRnE, instructions are Normal. */
static bool flat(struct sim_cpu *cpu, uint64_t address, enum sim_access access, struct stage1_leaf *leaf,
                 struct sim_address *result)
{
    if (address >> cpu->machine->options.pa_bits != 0) {
        *result = stage1_fault(SIM_FSC_ADDRESS_SIZE, 0);
        return false;
    }
    *leaf = (struct stage1_leaf){.ipa = align_down(address, PAGE_SIZE),
                                 .attributes = access == SIM_ACCESS_FETCH ? 0xaa : 0x00};
    return true;
}

/* MAIR_EL1's attribute byte: 0000dd00 Device, else outer and inner cacheability, 0100 none. SCTLR_EL1.C and I = 0 make
 * all of it non-cacheable. */
static bool cacheable(const struct sim_cpu *cpu, uint8_t attributes, enum sim_access access)
{
    uint32_t enable = access == SIM_ACCESS_FETCH ? SCTLR_I : SCTLR_C;
    return (cpu->sysregs[VCPU_SCTLR_EL1] & enable) != 0 && attributes >> 4 != 4 && (attributes & 15) != 4;
}

bool sim_stage1_address(struct sim_cpu *cpu, uint64_t address, uint64_t *ipa)
{
    bool on = (cpu->sysregs[VCPU_SCTLR_EL1] & SCTLR_M) != 0;
    struct stage1_leaf leaf;
    struct sim_address result;
    if (!(on ? look_up(cpu, address, &leaf, &result) : flat(cpu, address, SIM_ACCESS_READ, &leaf, &result)))
        return false;
    *ipa = leaf.ipa | (address & (PAGE_SIZE - 1));
    return true;
}

struct sim_address sim_translate_virtual(struct sim_cpu *cpu, uint64_t address, enum sim_access access, bool aligned)
{
    bool on = (cpu->sysregs[VCPU_SCTLR_EL1] & SCTLR_M) != 0;
    struct stage1_leaf leaf;
    struct sim_address result;
    if (!(on ? look_up(cpu, address, &leaf, &result) : flat(cpu, address, access, &leaf, &result)))
        return result;
    bool device = leaf.attributes >> 4 == 0;
    if (on && !permitted(cpu, &leaf, access))
        return stage1_fault(SIM_FSC_PERMISSION, leaf.level);
    if (device && !aligned)
        return stage1_fault(SIM_FSC_ALIGNMENT, 0);
    uint64_t ipa = leaf.ipa | (address & (PAGE_SIZE - 1));
    struct sim_translation stage2 = sim_translate(cpu, ipa, access);
    if (stage2.fault)
        return (struct sim_address){.outcome = SIM_STAGE2_FAULT, .status = stage2.status, .ipa = ipa};
    /* The stronger of the two types (Arm ARM D8.5.5). */
    device = device || stage2.device;
    if (device && !aligned)
        return stage1_fault(SIM_FSC_ALIGNMENT, 0);
    return (struct sim_address){.ipa = ipa,
                                .pa = stage2.pa,
                                .device = device,
                                .cacheable = !device && stage2.cacheable && cacheable(cpu, leaf.attributes, access)};
}
