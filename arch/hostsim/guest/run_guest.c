// SPDX-License-Identifier: Apache-2.0
/* arch_vcpu_run(): a guest program, one operation after another, until something makes it come out. */
#include <stdlib.h>
#include <string.h>

#include "hostsim/contract/ordering.h"
#include "hostsim/devices/uart.h"
#include "hostsim/gic/gic.h"
#include "hostsim/guest/guest_runtime.h"
#include "hostsim/kvm/kvm.h"
#include "hostsim/oracle/oracle.h"

#define HCR_VI (1u << 7)
#define HCR_VSE (1u << 8)
#define VECTOR_SERROR 0x380
#define END_PATIENCE 1000000 /* ns */
#define ESR_SERROR (0x2fULL << 26 | 1u << 25)

struct sim_guest *sim_guest_find(const struct sim_machine *machine, const struct arch_vcpu *vcpu)
{
    for (struct sim_guest *guest = machine->guests; guest != NULL; guest = guest->next)
        if (guest->vcpu == vcpu)
            return guest;
    return NULL;
}

static struct sim_guest *guest_of(struct sim_machine *machine, struct arch_vcpu *vcpu)
{
    struct sim_guest *guest = sim_guest_find(machine, vcpu);
    if (guest != NULL)
        return guest;
    guest = calloc(1, sizeof(*guest));
    if (guest == NULL)
        abort();
    guest->machine = machine;
    guest->vcpu = vcpu;
    *machine->guests_tail = guest;
    machine->guests_tail = &guest->next;
    vcpu->backend = guest;
    return guest;
}

static void stop(struct sim_guest *guest)
{
    coroutine_release(&guest->coroutine);
    sim_kvm_stop(guest);
    sim_guest_free(guest);
    guest->started = false;
    guest->operation = NULL;
    guest->handler = NULL;
    guest->interrupt = guest->allow_exceptions = guest->has_exception = false;
}

void sim_guest_reset(struct arch_vcpu *vcpu)
{
    struct sim_machine *machine = sim_this_machine();
    struct sim_guest *guest = machine != NULL ? sim_guest_find(machine, vcpu) : NULL;
    if (guest != NULL)
        stop(guest);
}

void sim_guests_destroy(struct sim_machine *machine)
{
    while (machine->guests != NULL) {
        struct sim_guest *guest = machine->guests;
        machine->guests = guest->next;
        stop(guest);
        sim_kvm_free(guest);
        free(guest);
    }
}

static void check_entry(const struct sim_cpu *cpu, const struct arch_vcpu *vcpu)
{
    if (cpu->machine == NULL)
        sim_fail("arch_vcpu_run() without a machine: call sim_create() first");
    if (cpu->loaded != vcpu || !vcpu->loaded)
        sim_fail("arch_vcpu_run() of a vCPU that is not loaded on this CPU");
    if (cpu->held_count > 0)
        sim_fail("arch_vcpu_run() with a lock held");
    for (unsigned i = 0; i < ARCH_WINDOW_SLOTS; i++)
        if (cpu->windows[i].open)
            sim_fail("arch_vcpu_run() with window %u open on %#llx", i, (unsigned long long)cpu->windows[i].base);
    if (!cpu->machine->running)
        sim_fail("arch_vcpu_run() outside of sim_run()");
    if (vcpu->stage2 == NULL)
        sim_fail("arch_vcpu_run() of a vCPU without stage 2");
}

/* The virtual counter is the domain's: what one vCPU reads another one must be able to compare (DDI 0487 D11.2). */
static void check_counter_offset(const struct sim_cpu *cpu, const struct sim_guest *guest)
{
    for (const struct sim_guest *other = cpu->machine->guests; other != NULL; other = other->next)
        if (guest->started && other->started && other->vmid == guest->vmid &&
            other->vcpu->counter_offset != guest->vcpu->counter_offset)
            sim_fail("VMID %u: vCPUs with the counter offsets %#llx and %#llx", guest->vmid,
                     (unsigned long long)guest->vcpu->counter_offset, (unsigned long long)other->vcpu->counter_offset);
}

/* A domain that is off, or starts again, has no vCPU in its guest a millisecond later, whatever that one does. Where a
 * fault loses a kick, or the order of CPUs keeps one away, it is later. */
static void check_not_ended(const struct sim_cpu *cpu, const struct sim_guest *guest)
{
    const struct sim_machine *machine = cpu->machine;
    uint64_t ended = guest->started ? machine->ended[guest->vmid & 255] : 0;
    bool prompt = machine->options.schedule != SIM_SCHEDULE_PCT && machine->faults.asked == 0 && machine->kvm == NULL;
    if (ended != 0 && prompt && cpu->time > ended + END_PATIENCE)
        sim_fail("VMID %u: a vCPU is in its guest %llu us after the domain went off or asked to start again",
                 guest->vmid, (unsigned long long)((cpu->time - ended) / 1000));
}

static bool interrupt_due(struct sim_cpu *cpu, const struct sim_guest *guest)
{
    bool line = (guest->vcpu->virtual_lines & HCR_VI) != 0 || sim_gic_signals_virtual(cpu);
    return line && (guest->pstate & PSTATE_I) == 0;
}

static void take_serror(const struct sim_cpu *cpu, struct sim_guest *guest)
{
    if (guest->kvm != NULL || (guest->vcpu->virtual_lines & HCR_VSE) == 0 || (guest->pstate & PSTATE_A) != 0)
        return;
    guest->vcpu->virtual_lines &= ~(uint64_t)HCR_VSE; /* the CPU clears HCR_EL2.VSE when it is taken */
    sim_guest_exception(guest, ESR_SERROR, cpu->sysregs[VCPU_FAR_EL1], VECTOR_SERROR);
}

/* The next moment of the guest. Physical interrupts are looked for before and after each operation, so that one which
 * ends a WFI is taken, and answered by core, before the program goes on. @return whether the guest came out. */
static bool step(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit)
{
    if (cpu->serror) {
        cpu->serror = false;
        exit->reason = ARCH_EXIT_SERROR;
        exit->esr = ESR_SERROR;
        return true;
    }
    if (sim_gic_signals(cpu)) {
        exit->reason = ARCH_EXIT_IRQ;
        return true;
    }
    if (!guest->started) {
        if (sim_guest_start(cpu, guest, exit))
            return true;
        check_counter_offset(cpu, guest);
    }
    check_not_ended(cpu, guest);
    take_serror(cpu, guest);
    struct guest_operation *operation = guest->operation;
    guest->interrupt = operation != NULL && guest->kvm == NULL && interrupt_due(cpu, guest);
    if (operation != NULL && operation->state == GUEST_POSTED && !guest->interrupt) {
        sim_spend(cpu, SIM_COST_GUEST, 1);
        return sim_guest_perform(cpu, guest, exit);
    }
    if (guest->interrupt)
        sim_trace(cpu, "VMID %u takes an interrupt", guest->vcpu->stage2->vmid);
    if (guest->kvm != NULL)
        return sim_kvm_enter(cpu, guest, exit);
    coroutine_switch(&cpu->coroutine, &guest->coroutine);
    return false;
}

void arch_vcpu_run(struct arch_vcpu *vcpu, struct arch_exit *exit)
{
    struct sim_cpu *cpu = sim_this_cpu();
    check_entry(cpu, vcpu);
    sim_uart_check_no_wait(cpu);
    cpu->has_run_guest = true;
    struct sim_guest *guest = guest_of(cpu->machine, vcpu);
    memset(exit, 0, sizeof(*exit));
    sim_spend(cpu, SIM_COST_VCPU_ENTER, 1);
    sim_gic_check_entry(cpu);
    sim_oracle_run(cpu);
    sim_oracle_handled(cpu);
    sim_oracle_assigned(cpu->machine);
    check_counter_offset(cpu, guest);
    cpu->guest = guest;
    sim_turn_begins(cpu, vcpu);
    cpu->serror = sim_fault_due(cpu->machine, SIM_FAULT_SERROR_GUEST) || cpu->serror;
    if (guest->started)
        sim_guest_resume(cpu, guest);
    while (!step(cpu, guest, exit))
        ;
    cpu->guest = NULL;
    sim_core_writes(&vcpu->regs, sizeof(vcpu->regs));
    sim_oracle_run(cpu);
    if (guest->operation == NULL || guest->operation->state != GUEST_TRAPPED) {
        memcpy(vcpu->regs.x, guest->started ? guest->x : vcpu->regs.x, sizeof(vcpu->regs.x));
        vcpu->regs.pc = guest->started ? guest->pc : vcpu->regs.pc;
        vcpu->regs.pstate = guest->started ? guest->pstate : vcpu->regs.pstate;
    }
    guest->exits++;
    sim_turn_ends(cpu, vcpu, exit);
    cpu->serror = sim_fault_due(cpu->machine, SIM_FAULT_SERROR_HYPERVISOR) || cpu->serror;
    sim_trace(cpu, "VMID %u exit %s, ESR %#llx, FAR %#llx", vcpu->stage2->vmid,
              exit->reason == ARCH_EXIT_IRQ      ? "IRQ"
              : exit->reason == ARCH_EXIT_SERROR ? "SError"
                                                 : "sync",
              (unsigned long long)exit->esr, (unsigned long long)exit->far);
    sim_note(cpu->machine, exit->esr ^ exit->hpfar << 20 ^ exit->reason);
    sim_spend(cpu, SIM_COST_VCPU_EXIT, 1);
}

bool sim_guest_info(const struct sim_machine *machine, unsigned index, struct sim_guest_info *info)
{
    const struct sim_guest *guest = machine->guests;
    while (guest != NULL && index-- > 0)
        guest = guest->next;
    if (guest == NULL)
        return false;
    *info = (struct sim_guest_info){.program = guest->name,
                                    .vmid = guest->vmid,
                                    .starts = guest->starts,
                                    .first_instruction_ns = guest->first_instruction,
                                    .exits = guest->exits};
    return true;
}
