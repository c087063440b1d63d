// SPDX-License-Identifier: Apache-2.0
/* KVM on arm64 hosts: the kernels are what they are on the board. KVM keeps EL1's registers, the virtual timer and
 * PSCI; the interrupt controller is core's, with the machine's GICV as the guest's CPU interface, or KVM's
 * own (kvm_gic.h). */
#if defined(__aarch64__)
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "hostsim/devices/timers.h"
#include "hostsim/gic/gic.h"
#include "hostsim/kvm/kvm_gic.h"
#include "hostsim/memory/mmu.h"

#define DEFAULT_FREQUENCY 62500000 /* of a machine whose tree names none */
#define PSCI_SYSTEM_OFF 0x84000008
#define PSCI_SYSTEM_RESET 0x84000009
#define HCR_VI (1u << 7)

#define ESR_WRITE (1u << 6)
#define CLASS_DATA_ABORT 0x24
#define VECTOR_SERROR 0x180 /* from the first vector of the kind */

#define CORE_REG(name)                                                                                                 \
    (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | offsetof(struct kvm_regs, name) / sizeof(uint32_t))
#define X(number) (CORE_REG(regs.regs[0]) + (number) * (sizeof(uint64_t) / sizeof(uint32_t)))
#define SERVICES(number) (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_FW_FEAT_BMAP | (number))
#define SERVICE_GROUPS 3
#define MPIDR_EL1 ARM64_SYS_REG(3, 0, 0, 0, 5)

/* What core may ask of a vCPU. The timers' are not here: of the virtual one hostsim keeps a copy, for
 * its model of the line; the physical one is KVM's business alone. */
static uint64_t register_id(enum vcpu_sysreg sysreg)
{
    static const uint64_t ids[VCPU_SYSREG_COUNT] = {
#define REGISTER(name, access, ...) [VCPU_##name] = ARM64_SYS_REG(__VA_ARGS__),
        VCPU_REGISTERS_BASE(REGISTER) VCPU_REGISTERS_WALKS(REGISTER) VCPU_REGISTERS_CONTROL(REGISTER)
#undef REGISTER
    };
    switch (sysreg) {
    case VCPU_ELR_EL1:
        return CORE_REG(elr_el1);
    case VCPU_SPSR_EL1:
        return CORE_REG(spsr[KVM_SPSR_EL1]);
    case VCPU_SP_EL0:
        return CORE_REG(regs.sp);
    case VCPU_SP_EL1:
        return CORE_REG(sp_el1);
    case VCPU_CNTV_CVAL_EL0:
    case VCPU_CNTV_CTL_EL0:
    case VCPU_CNTP_CVAL_EL0:
    case VCPU_CNTP_CTL_EL0:
        return 0;
    default:
        return ids[sysreg];
    }
}

static uint64_t get(const struct sim_kvm_vcpu *vcpu, uint64_t id)
{
    uint64_t value = 0;
    struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&value};
    KVM_CALL(vcpu->fd, KVM_GET_ONE_REG, &reg);
    return value;
}

static void set(const struct sim_kvm_vcpu *vcpu, uint64_t id, uint64_t value)
{
    struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&value};
    KVM_CALL(vcpu->fd, KVM_SET_ONE_REG, &reg);
}

/* ---- Once */

static uint64_t host_frequency(void)
{
    uint64_t value;
    __asm__("mrs %0, cntfrq_el0" : "=r"(value));
    return value;
}

static bool has(const struct sim_kvm *kvm, long capability)
{
    return ioctl(kvm->fd, KVM_CHECK_EXTENSION, capability) > 0;
}

/* Whether KVM can make a GICv2 shows only in a VM. */
static bool makes_gic(const struct sim_kvm *kvm)
{
    struct kvm_create_device device = {.type = KVM_DEV_TYPE_ARM_VGIC_V2, .flags = KVM_CREATE_DEVICE_TEST};
    int vm = ioctl(kvm->fd, KVM_CREATE_VM, kvm_arch_vm_type(kvm));
    bool can = vm >= 0 && ioctl(vm, KVM_CREATE_DEVICE, &device) == 0;
    if (vm >= 0)
        close(vm);
    return can;
}

static const char *choose_gic(struct sim_kvm *kvm)
{
    const struct sim_machine *machine = kvm->machine;
    const struct kvm_gic_abilities abilities = {.none = has(kvm, KVM_CAP_ARM_USER_IRQ), .own = makes_gic(kvm)};
    return kvm_gic_choose(machine->options.kvm_gic, sim_gic_version(machine), &abilities, &kvm->own_gic);
}

const char *kvm_arch_open(struct sim_kvm *kvm)
{
    static const struct {
        long capability;
        const char *missing;
    } needs[] = {
        {KVM_CAP_ONE_REG, "the host's KVM is too old: no KVM_CAP_ONE_REG"},
        {KVM_CAP_ARM_PSCI_0_2, "the host's KVM is too old: no KVM_CAP_ARM_PSCI_0_2"},
    };
    struct sim_machine *machine = kvm->machine;
    for (unsigned i = 0; i < ARRAY_SIZE(needs); i++)
        if (!has(kvm, needs[i].capability))
            return needs[i].missing;
    const char *problem = choose_gic(kvm);
    if (problem != NULL)
        return problem;
    if (!kvm->own_gic && !has(kvm, KVM_CAP_ARM_NISV_TO_USER))
        return "the host's KVM does not report all accesses: no KVM_CAP_ARM_NISV_TO_USER";
    int bits = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE);
    if ((unsigned)(bits > 0 ? bits : 40) < machine->options.pa_bits)
        return "the host's intermediate addresses are smaller than the machine's: try a smaller --pa-bits";
    if (machine->frequency == DEFAULT_FREQUENCY)
        machine->frequency = host_frequency();
    return machine->frequency == host_frequency() ? NULL : "the machine's counter does not run at the host's frequency";
}

void kvm_arch_close(struct sim_kvm *kvm)
{
    (void)kvm;
}

unsigned long kvm_arch_vm_type(const struct sim_kvm *kvm)
{
    return has(kvm, KVM_CAP_ARM_VM_IPA_SIZE) ? KVM_VM_TYPE_ARM_IPA_SIZE(kvm->machine->options.pa_bits) : 0;
}

/* The guest's counter is the host's: time passes in it while it sleeps, too. */
int kvm_arch_clock(void)
{
    return CLOCK_MONOTONIC_RAW;
}

void kvm_arch_vm_created(struct kvm_domain *domain)
{
    struct kvm_enable_cap report_all = {.cap = KVM_CAP_ARM_NISV_TO_USER};
    if (has(domain->kvm, KVM_CAP_ARM_NISV_TO_USER))
        KVM_CALL(domain->fd, KVM_ENABLE_CAP, &report_all);
}

/* ---- Registers */

/* The line of the virtual timer is hostsim's to drive, from the state in which the guest left the timer; unless KVM has
 * an interrupt controller to drive it to. */
static void read_timer(struct sim_cpu *cpu, const struct sim_kvm_vcpu *vcpu)
{
    bool own = cpu->machine->kvm->own_gic;
    cpu->sysregs[VCPU_CNTV_CTL_EL0] = own ? 0 : get(vcpu, KVM_REG_ARM_TIMER_CTL) & 3;
    cpu->sysregs[VCPU_CNTV_CVAL_EL0] = get(vcpu, KVM_REG_ARM_TIMER_CVAL);
    sim_timers_update(cpu);
}

/* KVM answers SMCCC calls itself. Random numbers, stolen time and its own calls core would refuse: so does KVM, where
 * it lets itself be told (Linux 5.19). */
static void refuse_services(const struct sim_kvm_vcpu *vcpu)
{
    for (unsigned i = 0; i < SERVICE_GROUPS; i++) {
        uint64_t offered = 0;
        struct kvm_one_reg reg = {.id = SERVICES(i), .addr = (uintptr_t)&offered};
        if (ioctl(vcpu->fd, KVM_GET_ONE_REG, &reg) == 0 && offered != 0)
            set(vcpu, SERVICES(i), 0);
    }
}

void kvm_arch_vcpu_start(struct sim_cpu *cpu, struct sim_guest *guest)
{
    const struct sim_kvm_vcpu *vcpu = guest->kvm;
    struct kvm_vcpu_init init;
    KVM_CALL(vcpu->domain->fd, KVM_ARM_PREFERRED_TARGET, &init);
    init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
    KVM_CALL(vcpu->fd, KVM_ARM_VCPU_INIT, &init);
    refuse_services(vcpu);
    if (get(vcpu, MPIDR_EL1) != guest->vcpu->vmpidr)
        set(vcpu, MPIDR_EL1, guest->vcpu->vmpidr);
    set(vcpu, X(0), guest->x[0]);
    set(vcpu, CORE_REG(regs.pc), guest->pc);
    set(vcpu, CORE_REG(regs.pstate), guest->pstate);
    guest->kvm->line = false;
    read_timer(cpu, vcpu);
    if (cpu->machine->kvm->own_gic && vcpu->domain->gic < 0)
        kvm_gic_create(cpu, guest);
}

bool sim_kvm_sysreg_read(const struct sim_guest *guest, enum vcpu_sysreg sysreg, uint64_t *value)
{
    if (register_id(sysreg) == 0)
        return false;
    *value = get(guest->kvm, register_id(sysreg));
    return true;
}

void sim_kvm_sysreg_write(const struct sim_guest *guest, enum vcpu_sysreg sysreg, uint64_t value)
{
    if (register_id(sysreg) != 0)
        set(guest->kvm, register_id(sysreg), value);
}

/* ---- Out of the guest: what it wants */

static enum kvm_outcome memory_access(struct sim_guest *guest)
{
    struct guest_operation *operation = &guest->kvm->operation;
    const struct kvm_run *run = guest->kvm->run;
    operation->kind = run->mmio.is_write ? GUEST_WRITE : GUEST_READ;
    operation->address = run->mmio.phys_addr;
    operation->size = (uint8_t)run->mmio.len;
    if (run->mmio.is_write)
        memcpy(&operation->value, run->mmio.data, run->mmio.len);
    return KVM_WANTS;
}

/* Pairs, exclusives, vectors, cache maintenance. In memory such an instruction is executed again when a slot is there.
 */
static enum kvm_outcome access_without_syndrome(struct sim_cpu *cpu, struct sim_guest *guest)
{
    struct guest_operation *operation = &guest->kvm->operation;
    const struct kvm_run *run = guest->kvm->run;
    bool write = (run->arm_nisv.esr_iss & ESR_WRITE) != 0;
    bool refused = write && sim_translate(cpu, run->arm_nisv.fault_ipa, SIM_ACCESS_WRITE).fault;
    if (kvm_slots_add(cpu, guest->kvm->domain, run->arm_nisv.fault_ipa) && !refused)
        return KVM_GOES_ON;
    operation->kind = write ? GUEST_WRITE : GUEST_READ;
    operation->address = run->arm_nisv.fault_ipa;
    operation->size = 1;
    operation->no_syndrome = true;
    return KVM_WANTS;
}

/* PSCI is KVM's; what it cannot do itself was this call once. */
static enum kvm_outcome power_event(struct sim_guest *guest)
{
    struct guest_operation *operation = &guest->kvm->operation;
    uint32_t type = guest->kvm->run->system_event.type;
    if (type != KVM_SYSTEM_EVENT_SHUTDOWN && type != KVM_SYSTEM_EVENT_RESET)
        return KVM_DIES;
    operation->kind = GUEST_HVC;
    operation->x[0] = type == KVM_SYSTEM_EVENT_RESET ? PSCI_SYSTEM_RESET : PSCI_SYSTEM_OFF;
    return KVM_WANTS;
}

enum kvm_outcome kvm_arch_after(struct sim_cpu *cpu, struct sim_guest *guest)
{
    struct sim_kvm_vcpu *vcpu = guest->kvm;
    read_timer(cpu, vcpu);
    guest->pc = get(vcpu, CORE_REG(regs.pc));
    guest->pstate = get(vcpu, CORE_REG(regs.pstate));
    guest->vcpu->regs.pc = guest->pc;
    guest->has_exception = false;
    switch (vcpu->run->exit_reason) {
    case KVM_EXIT_MMIO:
        vcpu->incomplete = true;
        return memory_access(guest);
    case KVM_EXIT_ARM_NISV:
        return access_without_syndrome(cpu, guest);
    case KVM_EXIT_SYSTEM_EVENT:
        return power_event(guest);
    case KVM_EXIT_INTR:
        return KVM_GOES_ON;
    default:
        return KVM_DIES;
    }
}

void kvm_arch_interrupted(struct sim_cpu *cpu, struct sim_guest *guest)
{
    read_timer(cpu, guest->kvm);
}

/* ---- Into the guest: what was done for it */

/* An exception of the machine's own making, as the CPU would take it: core has not seen it. */
static void enter_vector(struct sim_guest *guest)
{
    const struct sim_kvm_vcpu *vcpu = guest->kvm;
    set(vcpu, register_id(VCPU_ESR_EL1), guest->exception.esr);
    set(vcpu, register_id(VCPU_FAR_EL1), guest->exception.far);
    set(vcpu, register_id(VCPU_ELR_EL1), guest->pc);
    set(vcpu, register_id(VCPU_SPSR_EL1), guest->pstate);
    guest->pc = get(vcpu, register_id(VCPU_VBAR_EL1)) + sim_guest_vectors(guest->pstate);
    guest->pstate = PSTATE_EL1H_MASKED;
}

/* KVM finishes the access all the same; what it changes is put back. */
static void take_exception(struct sim_guest *guest)
{
    const struct vcpu_regs *regs = &guest->vcpu->regs;
    struct sim_kvm_vcpu *vcpu = guest->kvm;
    uint64_t x[31];
    for (unsigned i = 0; i < ARRAY_SIZE(x); i++)
        x[i] = get(vcpu, X(i));
    kvm_flush(vcpu);
    for (unsigned i = 0; i < ARRAY_SIZE(x); i++)
        set(vcpu, X(i), x[i]);
    if (regs->pc == guest->pc) {
        enter_vector(guest);
    } else {
        guest->pc = regs->pc;
        guest->pstate = regs->pstate;
    }
    set(vcpu, CORE_REG(regs.pc), guest->pc);
    set(vcpu, CORE_REG(regs.pstate), guest->pstate);
}

void kvm_arch_complete(struct sim_cpu *cpu, struct sim_guest *guest)
{
    const struct guest_operation *operation = &guest->kvm->operation;
    (void)cpu;
    if (guest->has_exception)
        take_exception(guest);
    else if (operation->kind == GUEST_READ)
        memcpy(guest->kvm->run->mmio.data, &operation->value, sizeof(operation->value));
    guest->has_exception = false;
}

static void set_interrupt(const struct sim_guest *guest, bool wanted)
{
    struct sim_kvm_vcpu *vcpu = guest->kvm;
    if (wanted == vcpu->line)
        return;
    struct kvm_irq_level level = {
        .irq = KVM_ARM_IRQ_TYPE_CPU << KVM_ARM_IRQ_TYPE_SHIFT | vcpu->number << KVM_ARM_IRQ_VCPU_SHIFT |
               KVM_ARM_IRQ_CPU_IRQ,
        .level = wanted,
    };
    KVM_CALL(vcpu->domain->fd, KVM_IRQ_LINE, &level);
    vcpu->line = wanted;
}

void kvm_arch_before(struct sim_cpu *cpu, struct sim_guest *guest)
{
    struct sim_kvm_vcpu *vcpu = guest->kvm;
    set(vcpu, KVM_REG_ARM_TIMER_CNT, sim_virtual_counter(cpu));
    if (cpu->machine->kvm->own_gic)
        kvm_gic_set_lines(cpu, vcpu->domain);
    else
        set_interrupt(guest, (guest->vcpu->virtual_lines & HCR_VI) != 0 || sim_gic_signals_virtual(cpu));
}

bool kvm_arch_prepares(struct sim_guest *guest)
{
    return guest->machine->kvm->own_gic && kvm_gic_enable_next(guest, &guest->kvm->operation);
}

#endif
