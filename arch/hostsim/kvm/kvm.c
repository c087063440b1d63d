// SPDX-License-Identifier: Apache-2.0
/* Guests in KVM, what is the same on all hosts: VMs and vCPUs, and how long one runs. */
#include "hostsim/kvm/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "hostsim/gic/gic.h"
#include "hostsim/kvm/kvm_backend.h"

#define LONGEST_RUN 1000000 /* ns: a guest that wants nothing is called back for the machine's sake */
#define SHORTEST_RUN 20000

static struct kvm_run *volatile in_guest; /* for the signal handler */
static timer_t alarm_timer;

int kvm_call(int fd, const char *name, unsigned long request, void *argument)
{
    int result = ioctl(fd, request, argument);
    if (result < 0)
        sim_fail("KVM: %s: %s", name, strerror(errno));
    return result;
}

/* ---- The host's KVM */

/* The signal may come before KVM_RUN is entered: the flag makes it return at once all the same. */
static void on_alarm(int number)
{
    struct kvm_run *run = in_guest;
    (void)number;
    if (run != NULL)
        run->immediate_exit = 1;
}

static const char *prepare_alarm(void)
{
    struct sigaction action = {.sa_handler = on_alarm};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    if (sigaction(SIGRTMIN, &action, NULL) != 0 || timer_create(CLOCK_MONOTONIC, &event, &alarm_timer) != 0)
        return "no timer that could call a guest back";
    return NULL;
}

static const char *check(struct sim_kvm *kvm)
{
    static const struct {
        long capability;
        const char *missing;
    } needs[] = {
        {KVM_CAP_USER_MEMORY, "the host's KVM has no memory slots"},
        {KVM_CAP_IMMEDIATE_EXIT, "the host's KVM is too old: no KVM_CAP_IMMEDIATE_EXIT"},
        {KVM_CAP_READONLY_MEM, "the host's KVM has no read-only memory slots"},
    };
    if (ioctl(kvm->fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
        return "the host's KVM has another API";
    for (unsigned i = 0; i < ARRAY_SIZE(needs); i++)
        if (ioctl(kvm->fd, KVM_CHECK_EXTENSION, needs[i].capability) <= 0)
            return needs[i].missing;
    int size = ioctl(kvm->fd, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (size < (int)sizeof(struct kvm_run))
        return "the host's KVM has another API";
    kvm->run_size = (size_t)size;
    const char *problem = prepare_alarm();
    return problem != NULL ? problem : kvm_arch_open(kvm);
}

const char *sim_kvm_open(struct sim_machine *machine)
{
    static char text[96];
    if (machine->options.threads) /* the alarm calls back whichever thread the host likes */
        return "guests in KVM and CPUs in threads do not go together";
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        snprintf(text, sizeof(text), "/dev/kvm: %s", strerror(errno));
        return text;
    }
    struct sim_kvm *kvm = calloc(1, sizeof(*kvm));
    if (kvm == NULL)
        abort();
    *kvm = (struct sim_kvm){.machine = machine, .fd = fd};
    const char *problem = check(kvm);
    if (problem != NULL) {
        close(fd);
        free(kvm);
        return problem;
    }
    machine->kvm = kvm;
    return NULL;
}

static void domain_free(struct kvm_domain *domain)
{
    struct kvm_domain **link = &domain->kvm->domains;
    while (*link != domain)
        link = &(*link)->next;
    *link = domain->next;
    if (domain->gic >= 0)
        close(domain->gic);
    if (domain->fd >= 0)
        close(domain->fd);
    free(domain->slots);
    free(domain);
}

void sim_kvm_close(struct sim_machine *machine)
{
    struct sim_kvm *kvm = machine->kvm;
    if (kvm == NULL)
        return;
    while (kvm->domains != NULL)
        domain_free(kvm->domains);
    kvm_arch_close(kvm);
    timer_delete(alarm_timer);
    close(kvm->fd);
    free(kvm);
    machine->kvm = NULL;
}

bool sim_kvm_has_own_gic(const struct sim_machine *machine)
{
    return machine->kvm != NULL && machine->kvm->own_gic;
}

/* ---- VMs and vCPUs: made when a guest first begins, kept over its restarts if KVM can */

static struct kvm_domain *find_domain(const struct sim_kvm *kvm, uint16_t vmid)
{
    struct kvm_domain *domain = kvm->domains;
    while (domain != NULL && domain->vmid != vmid)
        domain = domain->next;
    return domain;
}

static struct kvm_domain *domain_of(struct sim_kvm *kvm, uint16_t vmid)
{
    struct kvm_domain *domain = find_domain(kvm, vmid);
    if (domain != NULL)
        return domain;
    domain = calloc(1, sizeof(*domain));
    if (domain == NULL)
        abort();
    *domain = (struct kvm_domain){.next = kvm->domains, .kvm = kvm, .vmid = vmid, .fd = -1, .gic = -1};
    kvm->domains = domain;
    domain->fd = ioctl(kvm->fd, KVM_CREATE_VM, kvm_arch_vm_type(kvm));
    if (domain->fd < 0)
        sim_fail("KVM: no VM for VMID %u: %s", vmid, strerror(errno));
    kvm_arch_vm_created(domain);
    return domain;
}

static struct sim_kvm_vcpu *vcpu_create(struct kvm_domain *domain)
{
    struct sim_kvm_vcpu *vcpu = calloc(1, sizeof(*vcpu));
    if (vcpu == NULL)
        abort();
    *vcpu = (struct sim_kvm_vcpu){.domain = domain, .number = domain->vcpu_count++, .fd = -1};
    domain->alive++;
    vcpu->fd = ioctl(domain->fd, KVM_CREATE_VCPU, (unsigned long)vcpu->number);
    if (vcpu->fd < 0)
        sim_fail("KVM: no vCPU for VMID %u: %s", domain->vmid, strerror(errno));
    vcpu->run = mmap(NULL, domain->kvm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
    if (vcpu->run == MAP_FAILED)
        sim_fail("KVM: a vCPU of VMID %u cannot be mapped: %s", domain->vmid, strerror(errno));
    return vcpu;
}

void kvm_flush(struct sim_kvm_vcpu *vcpu)
{
    vcpu->run->immediate_exit = 1;
    for (unsigned i = 0; vcpu->incomplete && i < 16; i++)
        vcpu->incomplete = ioctl(vcpu->fd, KVM_RUN, 0) == 0;
    vcpu->incomplete = false;
}

void sim_kvm_free(struct sim_guest *guest)
{
    struct sim_kvm_vcpu *vcpu = guest->kvm;
    if (vcpu == NULL)
        return;
    munmap(vcpu->run, vcpu->domain->kvm->run_size);
    close(vcpu->fd);
    vcpu->domain->alive--;
    free(vcpu);
    guest->kvm = NULL;
}

/* KVM's own interrupt controller cannot be reset: it goes with its VM, and so do the vCPUs. */
void sim_kvm_stop(struct sim_guest *guest)
{
    if (guest->kvm == NULL)
        return;
    struct kvm_domain *domain = guest->kvm->domain;
    kvm_flush(guest->kvm);
    if (!domain->kvm->own_gic)
        return;
    sim_kvm_free(guest);
    if (domain->alive == 0)
        domain_free(domain);
}

void sim_kvm_prepare(struct sim_cpu *cpu, struct sim_guest *guest)
{
    if (guest->kvm == NULL)
        guest->kvm = vcpu_create(domain_of(cpu->machine->kvm, guest->vcpu->stage2->vmid));
    struct sim_kvm_vcpu *vcpu = guest->kvm;
    strcpy(guest->name, "KVM");
    vcpu->operation = (struct guest_operation){.state = GUEST_DONE};
    guest->operation = NULL;
    guest->allow_exceptions = true;
    kvm_slots_fill(cpu, vcpu->domain);
    kvm_arch_vcpu_start(cpu, guest);
}

void sim_kvm_invalidate(struct sim_machine *machine, uint16_t vmid, uint64_t base, uint64_t size)
{
    struct kvm_domain *domain = machine->kvm != NULL ? find_domain(machine->kvm, vmid) : NULL;
    if (domain == NULL)
        return;
    kvm_slots_remove(domain, align_down(base, PAGE_SIZE), align_up(size + (base & (PAGE_SIZE - 1)), PAGE_SIZE));
    domain->invalidated = true;
}

/* ---- Running */

static uint64_t clock_now(void)
{
    struct timespec now;
    clock_gettime(kvm_arch_clock(), &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Up to the next thing that happens on this machine. */
static uint64_t time_slice(const struct sim_cpu *cpu)
{
    const struct sim_event *event = cpu->machine->events;
    uint64_t slice = LONGEST_RUN;
    if (event != NULL)
        slice = min_u64(slice, event->time > cpu->time ? event->time - cpu->time : 0);
    return max_u64(slice, SHORTEST_RUN);
}

static void set_alarm(uint64_t nanoseconds)
{
    struct itimerspec when = {.it_value.tv_nsec = (long)nanoseconds};
    timer_settime(alarm_timer, 0, &when, NULL);
}

/* @return whether there is an exit to look at, rather than an alarm. */
static bool run(struct sim_cpu *cpu, struct sim_guest *guest)
{
    struct sim_kvm_vcpu *vcpu = guest->kvm;
    uint64_t begin = clock_now();
    kvm_arch_before(cpu, guest);
    vcpu->run->immediate_exit = 0;
    in_guest = vcpu->run;
    set_alarm(time_slice(cpu));
    int result = ioctl(vcpu->fd, KVM_RUN, 0);
    int error = errno;
    uint64_t taken = clock_now() - begin;
    in_guest = NULL;
    set_alarm(0);
    sim_pass(cpu, taken);
    if (result < 0 && error != EINTR && error != EAGAIN)
        sim_fail("KVM: KVM_RUN of VMID %u: %s", vcpu->domain->vmid, strerror(error));
    return result == 0;
}

/* What lies behind the operation that is done is memory, perhaps since just now: the next access goes there directly.
 */
static void learn(struct sim_cpu *cpu, struct sim_kvm_vcpu *vcpu)
{
    const struct guest_operation *operation = &vcpu->operation;
    if (operation->kind == GUEST_READ || operation->kind == GUEST_WRITE || operation->kind == GUEST_FETCH)
        kvm_slots_add(cpu, vcpu->domain, operation->address);
}

/* A CPU would walk the tables again for what was invalidated and is still there. KVM has no word for a fetch where no
 * slot is: the slots must be there before. */
static void restore_slots(struct sim_cpu *cpu, struct kvm_domain *domain)
{
    if (domain->invalidated)
        kvm_slots_fill(cpu, domain);
    domain->invalidated = false;
}

/* Shutdown (a triple fault), or what KVM can make no sense of. */
static bool dies(struct sim_guest *guest, struct arch_exit *exit)
{
    sim_trace(sim_this_cpu(), "VMID %u: KVM gives up, exit reason %u", guest->vmid, guest->kvm->run->exit_reason);
    exit->reason = ARCH_EXIT_SERROR;
    exit->esr = 0x2fULL << 26 | 1u << 25;
    return true;
}

bool sim_kvm_enter(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit)
{
    struct sim_kvm_vcpu *vcpu = guest->kvm;
    if (guest->operation != NULL) {
        learn(cpu, vcpu);
        kvm_arch_complete(cpu, guest);
        guest->operation = NULL;
    }
    if (kvm_arch_prepares(guest)) {
        guest->operation = &vcpu->operation;
        return false;
    }
    restore_slots(cpu, vcpu->domain);
    if (!run(cpu, guest)) {
        vcpu->incomplete = false;
        kvm_arch_interrupted(cpu, guest);
        return false;
    }
    vcpu->operation = (struct guest_operation){.state = GUEST_POSTED, .in_kvm = true};
    switch (kvm_arch_after(cpu, guest)) {
    case KVM_WANTS:
        guest->operation = &vcpu->operation;
        return false;
    case KVM_DIES:
        return dies(guest, exit);
    case KVM_GOES_ON:
        break;
    }
    return false;
}
