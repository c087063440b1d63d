// SPDX-License-Identifier: Apache-2.0
/* KVM on x86-64 hosts: payloads that speak hostsim/kvm/kvm_abi.h. A payload's system registers are hostsim's, its
 * exceptions are told by a port, and KVM holds nothing that core asks for. */
#if defined(__x86_64__)
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include "hostsim/kvm/kvm_abi.h"
#include "hostsim/kvm/kvm_backend.h"
#include "hostsim/memory/mmu.h"

#define CPUID_ENTRIES 256
#define CPUID_LONG_MODE 0x80000001u
#define CPUID_ADDRESS_SIZE 0x80000008u

#define CR0_LONG_MODE 0x80000033 /* PG, NE, MP, PE and the fixed ET */
#define CR4_PAE 0x20
#define EFER_LONG_MODE 0x500 /* LMA, LME */
#define RFLAGS_RESET 2

/* Entries have A and D set: the tables are read-only, and a CPU must have no reason to write to them. */
#define TABLE_ENTRY 0x23 /* A, RW, P */
#define BLOCK_ENTRY 0xe3 /* PS, D, A, RW, P */
#define TABLES (KVM_ABI_MAPPED >> 30)
#define TABLES_SIZE ((2 + TABLES) * 4096)
#define TABLES_SPACE MIB(4) /* below the end of physical addresses */

#define FSC_ALIGNMENT 0x21u
#define DATA_ABORT_SAME (0x25ULL << 26 | 1u << 25)

struct host {
    struct kvm_cpuid2 *cpuid;
    uint64_t *tables; /* PML4, PDPT, page directories */
    uint64_t tables_at;
};

/* ---- Once */

static struct kvm_cpuid_entry2 *cpuid_entry(const struct host *host, uint32_t function)
{
    for (unsigned i = 0; i < host->cpuid->nent; i++)
        if (host->cpuid->entries[i].function == function)
            return &host->cpuid->entries[i];
    return NULL;
}

static bool make_tables(struct host *host)
{
    host->tables = mmap(NULL, TABLES_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (host->tables == MAP_FAILED)
        return false;
    uint64_t *pdpt = host->tables + 512, *directories = pdpt + 512;
    host->tables[0] = (host->tables_at + 4096) | TABLE_ENTRY;
    for (uint64_t i = 0; i < TABLES; i++)
        pdpt[i] = (host->tables_at + (2 + i) * 4096) | TABLE_ENTRY;
    for (uint64_t i = 0; i < TABLES * 512; i++)
        directories[i] = i << 21 | BLOCK_ENTRY;
    return true;
}

static const char *read_cpuid(const struct sim_kvm *kvm, struct host *host)
{
    host->cpuid->nent = CPUID_ENTRIES;
    if (ioctl(kvm->fd, KVM_GET_SUPPORTED_CPUID, host->cpuid) < 0)
        return "the host's KVM does not say which CPU it offers";
    const struct kvm_cpuid_entry2 *mode = cpuid_entry(host, CPUID_LONG_MODE);
    const struct kvm_cpuid_entry2 *size = cpuid_entry(host, CPUID_ADDRESS_SIZE);
    if (mode == NULL || (mode->edx >> 29 & 1) == 0 || size == NULL)
        return "the host's KVM has no 64-bit mode";
    unsigned bits = size->eax & 0xff;
    if (bits < kvm->machine->options.pa_bits)
        return "the host's physical addresses are smaller than the machine's: try a smaller --pa-bits";
    host->tables_at = (1ULL << bits) - TABLES_SPACE;
    return NULL;
}

const char *kvm_arch_open(struct sim_kvm *kvm)
{
    if (kvm->machine->options.kvm_gic == SIM_KVM_GIC_HOST)
        return "payloads for x86-64 have no interrupts: a GIC of KVM's own is for arm64 hosts";
    struct host *host = calloc(1, sizeof(*host));
    if (host == NULL)
        abort();
    kvm->shared = host;
    host->cpuid = calloc(1, sizeof(*host->cpuid) + CPUID_ENTRIES * sizeof(struct kvm_cpuid_entry2));
    if (host->cpuid == NULL)
        abort();
    const char *problem = read_cpuid(kvm, host);
    if (problem == NULL && !make_tables(host))
        problem = "no memory for page tables";
    if (problem != NULL)
        kvm_arch_close(kvm);
    return problem;
}

void kvm_arch_close(struct sim_kvm *kvm)
{
    struct host *host = kvm->shared;
    if (host->tables != NULL && host->tables != MAP_FAILED)
        munmap(host->tables, TABLES_SIZE);
    free(host->cpuid);
    free(host);
    kvm->shared = NULL;
}

unsigned long kvm_arch_vm_type(const struct sim_kvm *kvm)
{
    (void)kvm;
    return 0;
}

bool kvm_arch_prepares(struct sim_guest *guest)
{
    (void)guest;
    return false;
}

/* Processor time rather than the wall's: how fast virtual time goes does not depend on what else the host does. */
int kvm_arch_clock(void)
{
    return CLOCK_THREAD_CPUTIME_ID;
}

void kvm_arch_vm_created(struct kvm_domain *domain)
{
    const struct host *host = domain->kvm->shared;
    struct kvm_userspace_memory_region region = {
        .slot = 0,
        .flags = KVM_MEM_READONLY,
        .guest_phys_addr = host->tables_at,
        .memory_size = TABLES_SIZE,
        .userspace_addr = (uintptr_t)host->tables,
    };
    KVM_CALL(domain->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

/* ---- Registers */

static void get_regs(const struct sim_kvm_vcpu *vcpu, struct kvm_regs *regs)
{
    KVM_CALL(vcpu->fd, KVM_GET_REGS, regs);
}

static void set_regs(const struct sim_kvm_vcpu *vcpu, struct kvm_regs *regs)
{
    KVM_CALL(vcpu->fd, KVM_SET_REGS, regs);
}

static void enter_long_mode(const struct sim_kvm_vcpu *vcpu)
{
    const struct host *host = vcpu->domain->kvm->shared;
    const struct kvm_segment code = {
        .limit = 0xffffffff, .selector = 8, .type = 0xb, .present = 1, .s = 1, .l = 1, .g = 1};
    const struct kvm_segment data = {
        .limit = 0xffffffff, .selector = 16, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1};
    struct kvm_sregs sregs;
    KVM_CALL(vcpu->fd, KVM_GET_SREGS, &sregs);
    sregs.cs = code;
    sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
    sregs.idt.limit = sregs.gdt.limit = 0; /* an exception of the CPU is a triple fault */
    sregs.cr0 = CR0_LONG_MODE;
    sregs.cr3 = host->tables_at;
    sregs.cr4 = CR4_PAE;
    sregs.efer = EFER_LONG_MODE;
    KVM_CALL(vcpu->fd, KVM_SET_SREGS, &sregs);
}

void kvm_arch_vcpu_start(struct sim_cpu *cpu, struct sim_guest *guest)
{
    struct sim_kvm_vcpu *vcpu = guest->kvm;
    const struct host *host = vcpu->domain->kvm->shared;
    struct kvm_vcpu_events events = {0};
    struct kvm_regs regs = {.rip = guest->pc + KVM_ABI_ENTRY, .rdi = guest->x[0], .rflags = RFLAGS_RESET};
    if (guest->starts == 0)
        KVM_CALL(vcpu->fd, KVM_SET_CPUID2, host->cpuid);
    KVM_CALL(vcpu->fd, KVM_SET_VCPU_EVENTS, &events);
    enter_long_mode(vcpu);
    set_regs(vcpu, &regs);
    cpu->sysregs[VCPU_VBAR_EL1] = guest->pc + 0x800; /* where core is to inject exceptions: nothing runs there */
    for (unsigned i = 1; i < ARRAY_SIZE(guest->x); i++)
        guest->x[i] = 0x5a5a000000000000 | (uint64_t)vcpu->domain->vmid << 32 | i;
}

bool sim_kvm_sysreg_read(const struct sim_guest *guest, enum vcpu_sysreg sysreg, uint64_t *value)
{
    (void)guest;
    (void)sysreg;
    (void)value;
    return false;
}

void sim_kvm_sysreg_write(const struct sim_guest *guest, enum vcpu_sysreg sysreg, uint64_t value)
{
    (void)guest;
    (void)sysreg;
    (void)value;
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
    if (__builtin_popcount(run->mmio.len) == 1 && is_aligned(operation->address, run->mmio.len))
        return KVM_WANTS;
    /* As with the MMU off. Also a piece of an access across pages. */
    sim_guest_exception(guest, DATA_ABORT_SAME | FSC_ALIGNMENT, operation->address, VECTOR_SYNC);
    memset(guest->kvm->run->mmio.data, 0, sizeof(run->mmio.data));
    return KVM_GOES_ON;
}

static void tell_exception(struct sim_guest *guest, struct kvm_regs *regs)
{
    regs->rax = guest->has_exception;
    if (guest->has_exception) {
        regs->rdi = guest->exception.esr;
        regs->rsi = guest->exception.far;
    }
    guest->has_exception = false;
    set_regs(guest->kvm, regs);
}

static enum kvm_outcome port_access(struct sim_guest *guest, struct kvm_regs *regs)
{
    struct guest_operation *operation = &guest->kvm->operation;
    struct kvm_run *run = guest->kvm->run;
    if (run->io.direction == KVM_EXIT_IO_IN) {
        memset((uint8_t *)run + run->io.data_offset, 0, (size_t)run->io.size * run->io.count);
        return KVM_GOES_ON;
    }
    switch (run->io.port) {
    case KVM_ABI_PORT_HVC:
    case KVM_ABI_PORT_SMC:
        operation->kind = run->io.port == KVM_ABI_PORT_HVC ? GUEST_HVC : GUEST_SMC;
        operation->address = (uint16_t)regs->rax;
        memcpy(operation->x, (uint64_t[]){regs->rdi, regs->rsi, regs->r8, regs->r9}, sizeof(operation->x));
        return KVM_WANTS;
    case KVM_ABI_PORT_MRS:
    case KVM_ABI_PORT_MSR:
        operation->kind = run->io.port == KVM_ABI_PORT_MRS ? GUEST_MRS : GUEST_MSR;
        operation->address = (uint32_t)regs->rdi;
        operation->size = 8;
        operation->value = operation->kind == GUEST_MSR ? regs->rsi : 0;
        return KVM_WANTS;
    case KVM_ABI_PORT_EXCEPTION:
        tell_exception(guest, regs);
        return KVM_GOES_ON;
    default:
        return KVM_GOES_ON; /* nobody is there */
    }
}

/* KVM has no word for a fetch where no slot is: it fails to emulate an instruction that it cannot read. */
static enum kvm_outcome emulation_failed(struct sim_cpu *cpu, struct sim_guest *guest, uint64_t pc)
{
    const uint64_t places[] = {pc, (pc + 14) & ~0xfffULL};
    for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
        if (!sim_translate(cpu, places[i], SIM_ACCESS_FETCH).fault)
            continue;
        guest->kvm->operation.kind = GUEST_FETCH;
        guest->kvm->operation.address = places[i];
        return KVM_WANTS;
    }
    return KVM_DIES;
}

enum kvm_outcome kvm_arch_after(struct sim_cpu *cpu, struct sim_guest *guest)
{
    struct sim_kvm_vcpu *vcpu = guest->kvm;
    struct kvm_regs regs;
    get_regs(vcpu, &regs);
    guest->pc = regs.rip;
    switch (vcpu->run->exit_reason) {
    case KVM_EXIT_MMIO:
        vcpu->incomplete = true;
        return memory_access(guest);
    case KVM_EXIT_IO:
        vcpu->incomplete = true;
        return port_access(guest, &regs);
    case KVM_EXIT_HLT:
        vcpu->operation.kind = GUEST_WFI;
        return KVM_WANTS;
    case KVM_EXIT_INTERNAL_ERROR:
        return emulation_failed(cpu, guest, regs.rip);
    case KVM_EXIT_INTR:
        return KVM_GOES_ON;
    default:
        return KVM_DIES;
    }
}

void kvm_arch_interrupted(struct sim_cpu *cpu, struct sim_guest *guest)
{
    struct kvm_regs regs;
    (void)cpu;
    get_regs(guest->kvm, &regs);
    guest->pc = regs.rip;
}

/* ---- Into the guest: what was done for it */

/* A call to where nothing is has come back with an exception. */
static void return_from_call(struct sim_cpu *cpu, const struct sim_guest *guest, struct kvm_regs *regs)
{
    struct sim_translation stack = sim_translate(cpu, regs->rsp, SIM_ACCESS_READ);
    bool whole = !stack.fault && regs->rsp % PAGE_SIZE <= PAGE_SIZE - 8; /* what lies behind may be another's */
    const uint8_t *bytes = whole ? sim_memory_read(cpu->machine, stack.pa, 8) : NULL;
    if (bytes != NULL && sim_translate(cpu, guest->kvm->operation.address, SIM_ACCESS_FETCH).fault) {
        memcpy(&regs->rip, bytes, 8);
        regs->rsp += 8;
    }
}

void kvm_arch_complete(struct sim_cpu *cpu, struct sim_guest *guest)
{
    const struct guest_operation *operation = &guest->kvm->operation;
    struct kvm_regs regs;
    get_regs(guest->kvm, &regs);
    switch (operation->kind) {
    case GUEST_READ:
        memcpy(guest->kvm->run->mmio.data, &operation->value, sizeof(operation->value));
        return;
    case GUEST_HVC:
    case GUEST_SMC:
        regs.rdi = operation->x[0];
        regs.rsi = operation->x[1];
        regs.r8 = operation->x[2];
        regs.r9 = operation->x[3];
        break;
    case GUEST_MRS:
        regs.rsi = operation->value;
        break;
    case GUEST_FETCH:
        return_from_call(cpu, guest, &regs);
        break;
    default:
        return;
    }
    set_regs(guest->kvm, &regs);
}

void kvm_arch_before(struct sim_cpu *cpu, struct sim_guest *guest)
{
    (void)cpu;
    (void)guest;
}

#endif
