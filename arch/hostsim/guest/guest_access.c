// SPDX-License-Identifier: Apache-2.0
/* Loads, stores, fetches, exclusives, and cache and TLB maintenance of a guest: done by the machine, taken by the
 * guest's own EL1, or trapped to core with the syndrome that the architecture defines (Arm ARM D19.2.37). */
#include <string.h>

#include "hostsim/faults/faults.h"
#include "hostsim/guest/guest_runtime.h"
#include "hostsim/memory/mmu.h"

#define ISS_ISV (1u << 24)
#define ISS_SF (1u << 15)
#define ISS_CM (1u << 8)
#define ISS_S1PTW (1u << 7)
#define ISS_WNR (1u << 6)
#define SCTLR_A (1u << 1)
#define HPFAR_UNKNOWN 0xbadbadbadbad0 /* what the architecture leaves unknown must not be used */

static bool is_fetch(const struct guest_operation *operation)
{
    return operation->kind == GUEST_FETCH;
}

static bool is_store(const struct guest_operation *operation)
{
    return operation->kind == GUEST_WRITE || operation->kind == GUEST_ATOMIC || operation->kind == GUEST_ZERO;
}

/* One load or store of one general register: the only ones whose syndrome tells all. */
static bool is_plain(const struct guest_operation *operation)
{
    return (operation->kind == GUEST_READ || operation->kind == GUEST_WRITE) && !operation->no_syndrome;
}

static uint32_t common_iss(const struct guest_operation *operation, uint8_t status)
{
    if (operation->kind == GUEST_MAINTAIN)
        return status | ISS_CM | ISS_WNR;
    return status | (is_store(operation) ? ISS_WNR : 0);
}

/* The guest's own EL1 takes it; the instruction is over. */
static bool own_abort(struct sim_cpu *cpu, struct sim_guest *guest, uint64_t address, uint8_t status)
{
    struct guest_operation *operation = guest->operation;
    bool fetch = is_fetch(operation);
    uint64_t esr = sim_syndrome(fetch ? EC_INSTRUCTION_ABORT_SAME : EC_DATA_ABORT_SAME, common_iss(operation, status));
    cpu->sysregs[VCPU_ESR_EL1] = esr;
    cpu->sysregs[VCPU_FAR_EL1] = address;
    cpu->sysregs[VCPU_ELR_EL1] = fetch ? address : guest->pc;
    cpu->sysregs[VCPU_SPSR_EL1] = guest->pstate;
    sim_guest_exception(guest, esr, address, VECTOR_SYNC);
    operation->state = GUEST_DONE;
    return false;
}

/* HPFAR_EL2 is written by translation and access flag faults, and by all faults of table walks (Arm ARM D19.2.60). */
static uint64_t fault_ipa(const struct sim_address *fault)
{
    bool permission = (fault->status & ~3) == SIM_FSC_PERMISSION;
    return permission && !fault->table_walk ? HPFAR_UNKNOWN : fault->ipa >> 12 << 4;
}

static bool trap_abort(struct sim_guest *guest, struct arch_exit *exit, uint64_t address,
                       const struct sim_address *fault)
{
    struct guest_operation *operation = guest->operation;
    bool fetch = is_fetch(operation);
    uint32_t iss = common_iss(operation, fault->status);
    operation->reg = NO_REGISTER;
    if (fault->table_walk) {
        iss = fault->status | ISS_S1PTW; /* it is the walk that reads */
    } else if (is_plain(operation)) {
        operation->reg = sim_transfer_register(guest, operation->kind == GUEST_WRITE && operation->value == 0);
        iss |= ISS_ISV | (uint32_t)__builtin_ctz(operation->size) << 22 | (uint32_t)operation->reg << 16 |
               (operation->size == 8 ? ISS_SF : 0);
    }
    sim_guest_trap(guest, exit, sim_syndrome(fetch ? EC_INSTRUCTION_ABORT : EC_DATA_ABORT, iss));
    exit->far = address;
    exit->hpfar = fault_ipa(fault);
    if (fetch)
        guest->vcpu->regs.pc = operation->address;
    else if ((iss & ISS_ISV) != 0 && operation->kind == GUEST_WRITE && operation->reg != 31)
        guest->vcpu->regs.x[operation->reg] = operation->value;
    return true;
}

static bool fault(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit, uint64_t address,
                  const struct sim_address *where)
{
    return where->outcome == SIM_STAGE1_FAULT ? own_abort(cpu, guest, address, where->status)
                                              : trap_abort(guest, exit, address, where);
}

static bool done(struct guest_operation *operation)
{
    operation->state = GUEST_DONE;
    return false;
}

/* What sim_options::faults asks for: the walk that translates the access meets memory that does not answer. */
static bool walk_fails(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit)
{
    const struct sim_address external = {
        .outcome = SIM_STAGE2_FAULT, .status = SIM_FSC_EXTERNAL_WALK + 2, .table_walk = false};
    cpu->serror = sim_fault_due(cpu->machine, SIM_FAULT_WALK_SERROR) || cpu->serror;
    if (!sim_fault_due(cpu->machine, SIM_FAULT_WALK_ABORT))
        return false;
    guest->operation->no_syndrome = true; /* ISS.ISV and HPFAR_EL2 are for translation faults */
    return trap_abort(guest, exit, guest->operation->address, &external);
}

/* ---- Data */

/** An access is one part, or two where it crosses into another page. */
struct part {
    uint64_t address;
    uint64_t size;
    struct sim_address where;
};

static bool access_device(struct sim_cpu *cpu, struct sim_guest *guest, const struct part *part)
{
    struct guest_operation *operation = guest->operation;
    uint64_t address = part->where.pa;
    const struct sim_device *device = sim_device_find(cpu->machine, address);
    if (device == NULL && !sim_fault_in_tree(cpu->machine))
        sim_fail("guest %s reached physical address %#llx, where nothing is", guest->name, (unsigned long long)address);
    bool answered = operation->kind == GUEST_READ ? sim_device_read(cpu, address, operation->size, &operation->value)
                                                  : sim_device_write(cpu, address, operation->size, operation->value);
    return answered ? done(operation) : own_abort(cpu, guest, operation->address, SIM_FSC_EXTERNAL);
}

static void access_memory(struct sim_cpu *cpu, struct guest_operation *operation, const struct part *parts,
                          unsigned count)
{
    uint8_t bytes[8] = {0}, *at = bytes;
    uint64_t written = operation->kind == GUEST_WRITE ? operation->value : 0;
    if (operation->kind == GUEST_WRITE)
        memcpy(bytes, &written, sizeof(bytes));
    for (unsigned i = 0; i < count; at += parts[i].size, i++) {
        const struct part *part = &parts[i];
        if (operation->kind == GUEST_WRITE)
            sim_guest_store(cpu, part->where.pa, at, part->size, part->where.cacheable);
        else
            sim_guest_load(cpu, part->where.pa, at, part->size, part->where.cacheable);
    }
    uint64_t old = 0;
    memcpy(&old, bytes, sizeof(bytes));
    if (operation->kind == GUEST_ATOMIC) {
        written = old + operation->value;
        sim_guest_store(cpu, parts->where.pa, &written, operation->size, parts->where.cacheable);
    }
    if (operation->kind != GUEST_WRITE)
        operation->value = old;
}

static unsigned split(const struct guest_operation *operation, struct part parts[2])
{
    uint64_t first = min_u64(operation->size, PAGE_SIZE - operation->address % PAGE_SIZE);
    parts[0] = (struct part){.address = operation->address, .size = first};
    parts[1] = (struct part){.address = operation->address + first, .size = operation->size - first};
    return parts[1].size != 0 ? 2 : 1;
}

static struct sim_address translate(struct sim_cpu *cpu, uint64_t address, enum sim_access access, bool aligned)
{
    if (!cpu->guest->operation->in_kvm)
        return sim_translate_virtual(cpu, address, access, aligned);
    struct sim_translation second = sim_translate(cpu, address, access);
    return (struct sim_address){.outcome = second.fault ? SIM_STAGE2_FAULT : SIM_TRANSLATED,
                                .status = second.status,
                                .ipa = address,
                                .pa = second.pa,
                                .device = second.device,
                                .cacheable = second.cacheable};
}

static bool perform_data(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit)
{
    struct guest_operation *operation = guest->operation;
    struct part parts[2];
    unsigned count = split(operation, parts);
    bool aligned = is_aligned(operation->address, operation->size), atomic = operation->kind == GUEST_ATOMIC;
    bool checked = (cpu->sysregs[VCPU_SCTLR_EL1] & SCTLR_A) != 0 || atomic;
    if (!aligned && checked)
        return own_abort(cpu, guest, operation->address, SIM_FSC_ALIGNMENT);
    for (unsigned i = 0; i < count; i++) {
        struct part *part = &parts[i];
        part->where = translate(cpu, part->address, is_store(operation) ? SIM_ACCESS_WRITE : SIM_ACCESS_READ, aligned);
        if (part->where.outcome != SIM_TRANSLATED)
            return fault(cpu, guest, exit, part->address, &part->where);
    }
    if (atomic && !parts[0].where.cacheable) /* there need be no monitor for it */
        return own_abort(cpu, guest, operation->address, SIM_FSC_EXCLUSIVE);
    bool memory = sim_bank_find(cpu->machine, parts[0].where.pa, 1) != NULL &&
                  sim_bank_find(cpu->machine, parts[count - 1].where.pa, 1) != NULL;
    if (!memory)
        return aligned ? access_device(cpu, guest, parts)
                       : own_abort(cpu, guest, operation->address, SIM_FSC_ALIGNMENT);
    if (operation->in_kvm && operation->no_syndrome)
        return done(operation); /* executed again, now that memory is there */
    access_memory(cpu, operation, parts, count);
    return done(operation);
}

static bool perform_fetch(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit)
{
    struct guest_operation *operation = guest->operation;
    struct sim_address where = translate(cpu, operation->address, SIM_ACCESS_FETCH, true);
    if (where.outcome != SIM_TRANSLATED)
        return fault(cpu, guest, exit, operation->address, &where);
    if (sim_bank_find(cpu->machine, where.pa, 4) != NULL)
        sim_guest_fetch(cpu, where.pa, 4, where.cacheable);
    return done(operation);
}

/* ---- Maintenance */

/* DC ZVA is a store of a line, which Device memory does not take. */
static bool perform_zero(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit)
{
    static const uint8_t zeros[SIM_LINE];
    struct guest_operation *operation = guest->operation;
    struct sim_address where =
        sim_translate_virtual(cpu, align_down(operation->address, SIM_LINE), SIM_ACCESS_WRITE, true);
    if (where.outcome == SIM_TRANSLATED && where.device)
        return own_abort(cpu, guest, operation->address, SIM_FSC_ALIGNMENT);
    if (where.outcome != SIM_TRANSLATED)
        return fault(cpu, guest, exit, operation->address, &where);
    sim_guest_store(cpu, where.pa, zeros, SIM_LINE, where.cacheable);
    return done(operation);
}

/* By address. HCR_EL2.VM makes an invalidation clean too: a guest must not bring back what lay in memory before. It
 * needs write permission all the same; the others need none at EL1. */
static bool perform_line(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit,
                         enum sim_maintenance what, bool invalidate_only)
{
    struct guest_operation *operation = guest->operation;
    enum sim_access access = invalidate_only ? SIM_ACCESS_WRITE : SIM_ACCESS_READ;
    struct sim_address where = sim_translate_virtual(cpu, operation->address, access, true);
    if (where.outcome != SIM_TRANSLATED)
        return fault(cpu, guest, exit, operation->address, &where);
    if (sim_bank_find(cpu->machine, where.pa, 1) != NULL)
        sim_guest_maintain(cpu, where.pa, what);
    return done(operation);
}

static bool perform_maintenance(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit)
{
    static const struct {
        uint32_t encoding;
        enum sim_maintenance what;
        bool invalidate_only;
    } lines[] = {
        {GUEST_DC_CVAC, SIM_CLEAN_TO_COHERENCY, false},      {GUEST_DC_CVAU, SIM_CLEAN_TO_UNIFICATION, false},
        {GUEST_DC_CIVAC, SIM_CLEAN_AND_INVALIDATE, false},   {GUEST_DC_IVAC, SIM_CLEAN_AND_INVALIDATE, true},
        {GUEST_IC_IVAU, SIM_INVALIDATE_INSTRUCTIONS, false},
    };
    uint32_t encoding = (uint32_t)guest->operation->x[0];
    for (unsigned i = 0; i < ARRAY_SIZE(lines); i++)
        if (lines[i].encoding == encoding)
            return perform_line(cpu, guest, exit, lines[i].what, lines[i].invalidate_only);
    if (encoding == GUEST_IC_IALLU || encoding == GUEST_IC_IALLUIS) /* the same, by HCR_EL2.FB */
        sim_guest_drop_code(cpu);
    else if (encoding >> 8 == GUEST_TLBI_VMALLE1 >> 8)
        sim_stage1_invalidate(cpu, (const uint8_t[]){0, 1, 2, 3, 0, 1, 0, 3}[encoding & 7], guest->operation->address);
    else
        sim_fail("guest %s: maintenance by %#x is not modelled", guest->name, encoding);
    return done(guest->operation);
}

bool sim_guest_access(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit)
{
    if (guest->operation->kind != GUEST_MAINTAIN && walk_fails(cpu, guest, exit))
        return true;
    switch (guest->operation->kind) {
    case GUEST_FETCH:
        return perform_fetch(cpu, guest, exit);
    case GUEST_ZERO:
        return perform_zero(cpu, guest, exit);
    case GUEST_MAINTAIN:
        return perform_maintenance(cpu, guest, exit);
    default:
        return perform_data(cpu, guest, exit);
    }
}
