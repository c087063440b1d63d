/* One operation of a guest: done by the machine, or trapped to core with the syndrome that the architecture defines
 * (Arm ARM D19.2.37), and taken up again when core has dealt with it. */
#include <string.h>

#include "hostsim/gic.h"
#include "hostsim/guest_runtime.h"
#include "hostsim/mmu.h"

#define EC_UNKNOWN 0x00u
#define EC_WFX 0x01u
#define EC_HVC64 0x16u
#define EC_SMC64 0x17u
#define EC_SYSREG 0x18u
#define EC_INSTRUCTION_ABORT 0x20u
#define EC_DATA_ABORT 0x24u
#define EC_DATA_ABORT_SAME 0x25u
#define ESR_IL (1u << 25)
#define ISS_ISV (1u << 24)
#define ISS_SF (1u << 15)
#define ISS_WNR (1u << 6)
#define FSC_ALIGNMENT 0x21u
#define FSC_EXTERNAL_WALK 0x16u /* synchronous external abort on the walk, level 2 */
#define VECTOR_SYNC 0x200u
#define VECTOR_SERROR 0x380u
#define SPIN_QUANTUM 5000

static uint64_t syndrome(unsigned class, uint32_t iss)
{
    return (uint64_t) class << 26 | ESR_IL | iss;
}

/* A transfer register: another one each time, never x0..x3 (which calls use), now and then the zero register for a
 * zero. */
static uint8_t transfer_register(struct sim_guest *guest, bool zero)
{
    unsigned turn = guest->turn++ % 28;
    return (uint8_t)(turn == 27 ? (zero ? 31 : 30) : 4 + turn);
}

static bool trap(struct sim_guest *guest, struct arch_exit *exit, uint64_t esr)
{
    struct vcpu_regs *regs = &guest->vcpu->regs;
    guest->operation->state = GUEST_TRAPPED;
    exit->reason = ARCH_EXIT_SYNC;
    exit->esr = esr;
    memcpy(regs->x, guest->x, sizeof(regs->x));
    regs->pc = guest->pc;
    regs->pstate = guest->pstate;
    return true;
}

static bool done(struct guest_operation *operation)
{
    operation->state = GUEST_DONE;
    return false;
}

/* ---- Memory */

static bool abort_access(struct sim_guest *guest, struct arch_exit *exit, uint8_t status)
{
    struct guest_operation *operation = guest->operation;
    bool fetch = operation->kind == GUEST_FETCH, write = operation->kind == GUEST_WRITE;
    uint32_t iss = status | (write ? ISS_WNR : 0);
    if (!fetch && !operation->no_syndrome) {
        operation->reg = transfer_register(guest, write && operation->value == 0);
        iss |= ISS_ISV | (uint32_t)__builtin_ctz(operation->size) << 22 | (uint32_t)operation->reg << 16 |
               (operation->size == 8 ? ISS_SF : 0);
    }
    trap(guest, exit, syndrome(fetch ? EC_INSTRUCTION_ABORT : EC_DATA_ABORT, iss));
    exit->far = operation->address;
    exit->hpfar = operation->address >> 12 << 4;
    if (fetch)
        guest->vcpu->regs.pc = operation->address;
    else if (write && operation->reg != 31 && !operation->no_syndrome)
        guest->vcpu->regs.x[operation->reg] = operation->value;
    return true;
}

static void access_device(struct sim_cpu *cpu, const struct sim_guest *guest, uint64_t address)
{
    struct guest_operation *operation = guest->operation;
    bool answered = operation->kind == GUEST_READ ? sim_device_read(cpu, address, operation->size, &operation->value)
                                                  : sim_device_write(cpu, address, operation->size, operation->value);
    const struct sim_device *device = sim_device_find(cpu->machine, address);
    if (device == NULL)
        sim_fail("guest %s reached physical address %#llx, where nothing is", guest->name, (unsigned long long)address);
    if (!answered) /* an external abort, which the guest itself takes */
        sim_guest_exception(cpu->guest, syndrome(EC_DATA_ABORT_SAME, 0x10), operation->address, VECTOR_SYNC);
}

static void access_memory(struct sim_cpu *cpu, struct guest_operation *operation, uint64_t address)
{
    if (operation->kind == GUEST_READ) {
        operation->value = 0;
        memcpy(&operation->value, sim_memory_read(cpu->machine, address, operation->size), operation->size);
    } else {
        sim_memory_write(cpu->machine, address, &operation->value, operation->size);
    }
}

static bool perform_access(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit)
{
    struct guest_operation *operation = guest->operation;
    enum sim_access access = operation->kind == GUEST_FETCH   ? SIM_ACCESS_FETCH
                             : operation->kind == GUEST_WRITE ? SIM_ACCESS_WRITE
                                                              : SIM_ACCESS_READ;
    if (access != SIM_ACCESS_FETCH && !is_aligned(operation->address, operation->size)) {
        /* With the MMU off all data is Device memory */
        sim_guest_exception(guest, syndrome(EC_DATA_ABORT_SAME, FSC_ALIGNMENT), operation->address, VECTOR_SYNC);
        return done(operation);
    }
    if (sim_fault_due(cpu->machine, SIM_FAULT_WALK_ABORT)) {
        operation->no_syndrome = true; /* ISS.ISV and HPFAR_EL2 are for translation faults */
        abort_access(guest, exit, FSC_EXTERNAL_WALK);
        exit->hpfar = 0;
        return true;
    }
    cpu->serror = sim_fault_due(cpu->machine, SIM_FAULT_WALK_SERROR) || cpu->serror;
    struct sim_translation translation = sim_translate(cpu, operation->address, access);
    if (translation.fault)
        return abort_access(guest, exit, translation.status);
    if (access != SIM_ACCESS_FETCH) {
        if (sim_bank_find(cpu->machine, translation.pa, operation->size) != NULL)
            access_memory(cpu, operation, translation.pa);
        else
            access_device(cpu, guest, translation.pa);
    }
    return done(operation);
}

/* ---- System registers, calls, waiting */

static uint32_t sysreg_iss(uint32_t encoding, uint8_t reg, bool read)
{
    uint32_t op0 = encoding >> 16 & 3, op1 = encoding >> 12 & 7, crn = encoding >> 8 & 15, crm = encoding >> 4 & 15,
             op2 = encoding & 7;
    return op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | (uint32_t)reg << 5 | crm << 1 | (read ? 1 : 0);
}

/* @return whether the access is one that EL1 answers for itself. */
static bool perform_gic(struct sim_cpu *cpu, struct sim_guest *guest, uint32_t encoding, bool read)
{
    switch (sim_gic_guest_register(cpu, encoding, read, &guest->operation->value)) {
    case SIM_GIC_DONE:
        return true;
    case SIM_GIC_TRAPS_TO_EL1:
        sim_guest_exception(guest, syndrome(EC_SYSREG, sysreg_iss(encoding, 31, read)), 0, VECTOR_SYNC);
        return true;
    case SIM_GIC_UNDEFINED:
        sim_guest_exception(guest, syndrome(EC_UNKNOWN, 0), 0, VECTOR_SYNC);
        return true;
    default:
        return false;
    }
}

static bool perform_sysreg(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit)
{
    struct guest_operation *operation = guest->operation;
    bool read = operation->kind == GUEST_MRS;
    uint32_t encoding = (uint32_t)operation->address;
    if (perform_gic(cpu, guest, encoding, read))
        return done(operation);
    if (read ? sim_sysreg_read(cpu, encoding, &operation->value) : sim_sysreg_write(cpu, encoding, operation->value))
        return done(operation);
    operation->reg = transfer_register(guest, !read && operation->value == 0);
    trap(guest, exit, syndrome(EC_SYSREG, sysreg_iss(encoding, operation->reg, read)));
    if (!read && operation->reg != 31)
        guest->vcpu->regs.x[operation->reg] = operation->value;
    return true;
}

static bool perform_call(struct sim_guest *guest, struct arch_exit *exit)
{
    struct guest_operation *operation = guest->operation;
    bool hvc = operation->kind == GUEST_HVC;
    memcpy(guest->x, operation->x, sizeof(operation->x));
    trap(guest, exit, syndrome(hvc ? EC_HVC64 : EC_SMC64, (uint16_t)operation->address));
    if (hvc)
        guest->vcpu->regs.pc +=
            4; /* the preferred return address of HVC is the next instruction, that of a trapped SMC itself */
    return true;
}

static bool perform_wait(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit)
{
    if (sim_gic_signals_virtual(cpu))
        return done(guest->operation);
    if (guest->vcpu->trap_wfi)
        return trap(guest, exit, syndrome(EC_WFX, 1u << 24 | 0xeu << 20));
    sim_cpu_block(cpu, SIM_CPU_IDLE);
    sim_spend(cpu, SIM_COST_WAKE, 1);
    return done(guest->operation); /* by a physical interrupt too: it is taken after the WFI */
}

static bool perform_spin(struct sim_cpu *cpu, struct guest_operation *operation)
{
    uint64_t quantum = min_u64(operation->address, SPIN_QUANTUM);
    const struct sim_event *event = cpu->machine->events;
    if (event != NULL && event->time > cpu->time)
        quantum = min_u64(quantum, event->time - cpu->time);
    sim_pass(cpu, quantum);
    operation->address -= quantum;
    return operation->address == 0 ? done(operation) : false;
}

bool sim_guest_perform(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit)
{
    switch (guest->operation->kind) {
    case GUEST_READ:
    case GUEST_WRITE:
    case GUEST_FETCH:
        return perform_access(cpu, guest, exit);
    case GUEST_HVC:
    case GUEST_SMC:
        return perform_call(guest, exit);
    case GUEST_MRS:
    case GUEST_MSR:
        return perform_sysreg(cpu, guest, exit);
    case GUEST_WFI:
        return perform_wait(cpu, guest, exit);
    case GUEST_SPIN:
        return perform_spin(cpu, guest->operation);
    case GUEST_NOTHING:
        break;
    }
    return done(guest->operation);
}

/* ---- Back from core */

void sim_guest_exception(struct sim_guest *guest, uint64_t esr, uint64_t far, unsigned vector)
{
    if (!guest->allow_exceptions)
        sim_fail("guest %s took an exception: vector %#x, ESR_EL1 %#llx, FAR_EL1 %#llx", guest->name, vector,
                 (unsigned long long)esr, (unsigned long long)far);
    guest->exception = (struct guest_exception){esr, far, vector};
    guest->has_exception = true;
}

/* The guest's vector: notes the exception and returns behind the instruction. */
static void take_exception(struct sim_cpu *cpu, struct sim_guest *guest, uint64_t return_address)
{
    const struct vcpu_regs *regs = &guest->vcpu->regs;
    unsigned vector = (unsigned)(regs->pc - cpu->sysregs[VCPU_VBAR_EL1]);
    uint64_t esr = cpu->sysregs[VCPU_ESR_EL1];
    if (guest->operation->kind == GUEST_HVC && esr >> 26 == 0)
        return_address = guest->pc; /* an HVC that is undefined has not been executed */
    if (cpu->sysregs[VCPU_ELR_EL1] != return_address)
        sim_fail("exception injected with ELR_EL1 %#llx, not %#llx", (unsigned long long)cpu->sysregs[VCPU_ELR_EL1],
                 (unsigned long long)return_address);
    if (cpu->sysregs[VCPU_SPSR_EL1] != guest->pstate)
        sim_fail("exception injected with SPSR_EL1 %#llx, not %#llx", (unsigned long long)cpu->sysregs[VCPU_SPSR_EL1],
                 (unsigned long long)guest->pstate);
    if ((regs->pstate & 0x3df) != PSTATE_EL1H_MASKED)
        sim_fail("exception injected with PSTATE %#llx", (unsigned long long)regs->pstate);
    sim_guest_exception(guest, cpu->sysregs[VCPU_ESR_EL1], cpu->sysregs[VCPU_FAR_EL1], vector);
}

static void check_registers(const struct sim_guest *guest, unsigned first, int except)
{
    for (unsigned i = first; i < ARRAY_SIZE(guest->x); i++)
        if ((int)i != except && guest->vcpu->regs.x[i] != guest->x[i])
            sim_fail("guest %s: x%u was %#llx, is %#llx after an exit that does not concern it", guest->name, i,
                     (unsigned long long)guest->x[i], (unsigned long long)guest->vcpu->regs.x[i]);
}

static void take_result(struct sim_guest *guest)
{
    struct guest_operation *operation = guest->operation;
    const uint64_t *x = guest->vcpu->regs.x;
    switch (operation->kind) {
    case GUEST_HVC:
    case GUEST_SMC:
        check_registers(guest, 4, -1); /* SMCCC 1.1: x4..x17 are preserved */
        memcpy(operation->x, x, sizeof(operation->x));
        memcpy(guest->x, x, sizeof(operation->x));
        break;
    case GUEST_READ:
    case GUEST_MRS:
        check_registers(guest, 0, operation->reg);
        operation->value = x[operation->reg];
        guest->x[operation->reg] = operation->value;
        if (operation->size < 8 && operation->value >> 8 * operation->size != 0)
            sim_fail("guest %s: a load of %u bytes gave %#llx", guest->name, operation->size,
                     (unsigned long long)operation->value);
        break;
    case GUEST_WRITE:
    case GUEST_MSR:
        if (operation->reg < 31)
            guest->x[operation->reg] = operation->value;
        check_registers(guest, 0, -1);
        break;
    default:
        check_registers(guest, 0, -1);
    }
}

static bool is_vector(const struct sim_cpu *cpu, uint64_t pc)
{
    uint64_t offset = pc - cpu->sysregs[VCPU_VBAR_EL1];
    return offset == VECTOR_SYNC || offset == VECTOR_SERROR;
}

void sim_guest_resume(struct sim_cpu *cpu, struct sim_guest *guest)
{
    struct guest_operation *operation = guest->operation;
    uint64_t pc = guest->vcpu->regs.pc, from = guest->pc;
    bool trapped = operation != NULL && operation->state == GUEST_TRAPPED;
    if (trapped && operation->kind == GUEST_FETCH)
        from = operation->address;
    uint64_t behind = trapped ? from + 4 : from;
    uint64_t return_address = trapped && operation->kind == GUEST_HVC ? behind : from;
    if (trapped)
        operation->state = GUEST_DONE;
    if (!trapped)
        check_registers(guest, 0, -1);
    if (pc == behind) {
        if (trapped)
            take_result(guest);
    } else if (pc == from) {
        operation->state = GUEST_POSTED; /* the same instruction again */
    } else if (is_vector(cpu, pc)) {
        take_exception(cpu, guest, return_address);
    } else {
        sim_fail("guest %s: entered at %#llx, left at %#llx, vectors at %#llx", guest->name, (unsigned long long)pc,
                 (unsigned long long)from, (unsigned long long)cpu->sysregs[VCPU_VBAR_EL1]);
    }
}
