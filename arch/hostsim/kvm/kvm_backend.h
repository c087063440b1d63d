/* SPDX-License-Identifier: Apache-2.0 */
/* KVM, inside: what kvm.c and kvm_slots.c share with the host's architecture (kvm_x86_64.c, kvm_arm64.c). */
#ifndef BULKHEAD_HOSTSIM_KVM_BACKEND_H
#define BULKHEAD_HOSTSIM_KVM_BACKEND_H

#include <linux/kvm.h>

#include "hostsim/kvm/kvm.h"

/** A range of a guest's memory that KVM may use without asking. */
struct kvm_slot {
    uint64_t ipa, size, pa; /* size 0: free */
    bool read_only;
};

#define KVM_GIC_WORDS 32 /* bitmap words for all INTIDs */

/** The VM of one VMID. */
struct kvm_domain {
    struct kvm_domain *next;
    struct sim_kvm *kvm;
    uint16_t vmid;
    int fd;
    unsigned vcpu_count, alive; /* made, and not freed yet */
    struct kvm_slot *slots;     /* KVM's number: index + KVM_FIRST_SLOT */
    unsigned slot_count;
    bool invalidated; /* slots may be missing for what the tables still translate */
    /* KVM's own interrupt controller, where sim_kvm::own_gic: */
    int gic; /* the device; -1: none */
    uint64_t distributor;
    unsigned enabled_words;        /* writes to core's distributor that were made for the guest */
    uint32_t lines[KVM_GIC_WORDS]; /* SPIs that KVM knows as asserted */
};

/** Slots below are the architecture's own. */
#define KVM_FIRST_SLOT 4

struct sim_kvm_vcpu {
    struct kvm_domain *domain;
    int fd;
    unsigned number;
    struct kvm_run *run;
    struct guest_operation operation;
    bool incomplete; /* an exit that KVM completes at the next KVM_RUN */
    bool line;       /* the interrupt line, as KVM knows it */
};

struct sim_kvm {
    struct sim_machine *machine;
    int fd;
    size_t run_size;
    bool own_gic; /* interrupts are KVM's (kvm_gic.h) */
    struct kvm_domain *domains;
    void *shared; /* the architecture's, for all VMs */
    uint64_t hidden;
};

/** What an exit of KVM means. */
enum kvm_outcome {
    KVM_GOES_ON, /* nothing to do, or done already */
    KVM_WANTS,   /* the vCPU's operation is filled in */
    KVM_DIES,    /* the vCPU cannot go on: nobody's fault but the guest's */
};

/** ioctl() that cannot fail where KVM works: ends the run where it does. */
int kvm_call(int fd, const char *name, unsigned long request, void *argument);
#define KVM_CALL(fd, request, argument) kvm_call(fd, #request, request, argument)

/** KVM finishes an instruction that it gave to us when it is entered again. Does only that: nothing runs, what it would
 * do next is dropped. */
void kvm_flush(struct sim_kvm_vcpu *vcpu);

/* kvm_slots.c */
/** All that @p cpu's loaded vCPU can reach now. */
void kvm_slots_fill(struct sim_cpu *cpu, struct kvm_domain *domain);
/** What @p address translates to, if that is RAM and no slot yet. @return whether it is RAM */
bool kvm_slots_add(struct sim_cpu *cpu, struct kvm_domain *domain, uint64_t address);
void kvm_slots_remove(struct kvm_domain *domain, uint64_t base, uint64_t size);

/* The architecture. */
/** @return NULL, or why this KVM does not do. */
const char *kvm_arch_open(struct sim_kvm *kvm);
void kvm_arch_close(struct sim_kvm *kvm);
/** @return a type for KVM_CREATE_VM. */
unsigned long kvm_arch_vm_type(const struct sim_kvm *kvm);
void kvm_arch_vm_created(struct kvm_domain *domain);
/** The vCPU's first state from @p guest's x, pc and pstate; made anew at each start. */
void kvm_arch_vcpu_start(struct sim_cpu *cpu, struct sim_guest *guest);
/** Hands over what the last operation gave; before each KVM_RUN. */
void kvm_arch_complete(struct sim_cpu *cpu, struct sim_guest *guest);
/** The interrupt line, and the counter that the guest is to read from now on; before each KVM_RUN. */
void kvm_arch_before(struct sim_cpu *cpu, struct sim_guest *guest);
/** KVM_RUN was called back. */
void kvm_arch_interrupted(struct sim_cpu *cpu, struct sim_guest *guest);
/** Reads what hostsim and core need to know of the vCPU, and why it came out. */
enum kvm_outcome kvm_arch_after(struct sim_cpu *cpu, struct sim_guest *guest);
/** What core must have done before the guest goes on, though the guest does not ask for it: @return whether there is
 * something, then the vCPU's operation is filled in. */
bool kvm_arch_prepares(struct sim_guest *guest);
/** The clock that virtual time follows while a guest runs: CLOCK_... */
int kvm_arch_clock(void);

#endif
