// SPDX-License-Identifier: Apache-2.0
/* One operation of a guest: done by the machine, or trapped to core with the syndrome that the architecture defines
 * (Arm ARM D19.2.37), and taken up again when core has dealt with it. */
#include <string.h>

#include "hostsim/gic/gic.h"
#include "hostsim/guest/guest_runtime.h"

#define EC_UNKNOWN 0x00u
#define EC_WFX 0x01u
#define EC_HVC64 0x16u
#define EC_SMC64 0x17u
#define EC_SYSREG 0x18u
#define VECTOR_SERROR 0x180u /* from that of a synchronous exception */
#define PSTATE_AARCH32 (1u << 4)
#define PSTATE_EL 0xcu
#define PSTATE_SP 1u
#define SPIN_QUANTUM 5000

uint64_t sim_syndrome(unsigned class, uint32_t iss)
{
    return (uint64_t) class << 26 | ESR_IL | iss;
}

uint8_t sim_transfer_register(struct sim_guest *guest, bool zero)
{
    unsigned turn = guest->turn++ % 28;
    return (uint8_t)(turn == 27 ? (zero ? 31 : 30) : 4 + turn);
}

bool sim_guest_trap(struct sim_guest *guest, struct arch_exit *exit, uint64_t esr)
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
        sim_guest_exception(guest, sim_syndrome(EC_SYSREG, sysreg_iss(encoding, 31, read)), 0, VECTOR_SYNC);
        return true;
    case SIM_GIC_UNDEFINED:
        sim_guest_exception(guest, sim_syndrome(EC_UNKNOWN, 0), 0, VECTOR_SYNC);
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
    operation->reg = sim_transfer_register(guest, !read && operation->value == 0);
    sim_guest_trap(guest, exit, sim_syndrome(EC_SYSREG, sysreg_iss(encoding, operation->reg, read)));
    if (!read && operation->reg != 31)
        guest->vcpu->regs.x[operation->reg] = operation->value;
    return true;
}

/* From either no vCPU of the domain comes back: PSCI, DEN0022 5.9 and 5.10. A call that is made again, because the UART
 * has no room yet for what is said of it, counts from then on. */
static void note_end(const struct sim_cpu *cpu, const struct sim_guest *guest)
{
    uint32_t function = (uint32_t)guest->operation->x[0];
    uint64_t *ended = &cpu->machine->ended[guest->vmid & 255];
    bool ends = function == SIM_PSCI_SYSTEM_OFF || function == SIM_PSCI_SYSTEM_RESET;
    if (ends && guest->operation->address == 0)
        *ended = cpu->time + 1;
}

static bool perform_call(const struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit)
{
    struct guest_operation *operation = guest->operation;
    bool hvc = operation->kind == GUEST_HVC;
    note_end(cpu, guest);
    memcpy(guest->x, operation->x, sizeof(operation->x));
    if (operation->address == GUEST_XEN_IMMEDIATE)
        guest->x[16] = operation->value;
    sim_guest_trap(guest, exit, sim_syndrome(hvc ? EC_HVC64 : EC_SMC64, (uint16_t)operation->address));
    if (hvc)
        guest->vcpu->regs.pc +=
            4; /* the preferred return address of HVC is the next instruction, that of a trapped SMC itself */
    return true;
}

static bool perform_wait(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit)
{
    if (sim_gic_signals_virtual(cpu) || sim_gic_signals(cpu)) /* one may have come since step() looked */
        return done(guest->operation);
    if (guest->vcpu->trap_wfi)
        return sim_guest_trap(guest, exit, sim_syndrome(EC_WFX, 1u << 24 | 0xeu << 20));
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
    case GUEST_ATOMIC:
    case GUEST_ZERO:
    case GUEST_MAINTAIN:
        return sim_guest_access(cpu, guest, exit);
    case GUEST_HVC:
    case GUEST_SMC:
        return perform_call(cpu, guest, exit);
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
    if (!guest->allow_exceptions && guest->machine->faults.asked != 0) {
        guest->panic = (struct guest_operation){.kind = GUEST_HVC, .x = {SIM_PSCI_SYSTEM_OFF}};
        guest->operation = &guest->panic; /* and never back to the program */
        return;
    }
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
        if (operation->reg == NO_REGISTER) /* nobody could know where to put it */
            break;
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

unsigned sim_guest_vectors(uint64_t pstate)
{
    if ((pstate & PSTATE_AARCH32) != 0)
        return 0x600;
    if ((pstate & PSTATE_EL) == 0)
        return 0x400;
    return (pstate & PSTATE_SP) != 0 ? VECTOR_SYNC : 0;
}

static bool is_vector(const struct sim_cpu *cpu, const struct sim_guest *guest, uint64_t pc)
{
    uint64_t offset = pc - cpu->sysregs[VCPU_VBAR_EL1] - sim_guest_vectors(guest->pstate);
    return offset == 0 || offset == VECTOR_SERROR;
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
        if (trapped && (operation->kind == GUEST_HVC || operation->kind == GUEST_SMC))
            take_result(guest); /* with its registers as they are now */
    } else if (is_vector(cpu, guest, pc)) {
        take_exception(cpu, guest, return_address);
    } else {
        sim_fail("guest %s: entered at %#llx, left at %#llx, vectors at %#llx", guest->name, (unsigned long long)pc,
                 (unsigned long long)from, (unsigned long long)cpu->sysregs[VCPU_VBAR_EL1]);
    }
}
