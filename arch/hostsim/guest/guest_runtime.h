/* SPDX-License-Identifier: Apache-2.0 */
/* Guest programs from the machine's side: one coroutine for each vCPU. */
#ifndef BULKHEAD_HOSTSIM_GUEST_RUNTIME_H
#define BULKHEAD_HOSTSIM_GUEST_RUNTIME_H

#include "hostsim/guest.h"
#include "hostsim/machine/machine.h"

#define SIM_MIDR_EL1 (3u << 16)

enum guest_kind {
    GUEST_NOTHING, /* a place where an interrupt may be taken */
    GUEST_READ,
    GUEST_WRITE,
    GUEST_FETCH,
    GUEST_ATOMIC,   /* exclusive load and store: adds value, gives what was there */
    GUEST_ZERO,     /* DC ZVA */
    GUEST_MAINTAIN, /* DC, IC, TLBI: x[0] is the encoding, address the operand */
    GUEST_HVC,
    GUEST_SMC,
    GUEST_MRS,
    GUEST_MSR,
    GUEST_WFI,
    GUEST_SPIN,
};

enum guest_state {
    GUEST_POSTED,  /* to be done */
    GUEST_TRAPPED, /* core has it */
    GUEST_DONE,    /* by the machine, by core, or with an exception */
};

#define GUEST_XEN_IMMEDIATE 0xea1
#define NO_REGISTER 31 /* the zero register, or a syndrome that names none */

/** One instruction of a guest program. */
struct guest_operation {
    enum guest_kind kind;
    enum guest_state state;
    uint64_t address; /* of an access; system register number; immediate of a call; nanoseconds left */
    uint64_t value;   /* to write; or what was read; x16 of one of Xen's calls */
    uint8_t size;
    bool no_syndrome;
    bool in_kvm;   /* the address is an IPA, and only translation is missing: KVM has done the rest, or will */
    uint8_t reg;   /* transfer register while trapped, or NO_REGISTER */
    uint64_t x[4]; /* of a call: before and after; of maintenance: which */
};

struct sim_kvm_vcpu;

/** One vCPU's program. Remembered by the vCPU's address, which core may clear at will. */
struct sim_guest {
    struct sim_guest *next;
    struct sim_machine *machine;
    struct arch_vcpu *vcpu;
    struct coroutine coroutine;
    struct sim_kvm_vcpu *kvm; /* runs there instead; NULL: a coroutine */
    bool started;
    bool further; /* not the vCPU that its domain began with: PSCI CPU_ON started it */
    char name[48];
    void (*main)(uint64_t device_tree);
    uint64_t x[31]; /* what the registers must hold when core returns */
    uint64_t entry; /* where it began; of a further one, where its image lies */
    uint64_t pc, pstate;
    struct guest_operation *operation;
    struct guest_operation panic; /* what it does where a fault gave it an exception that it has no use for */
    bool interrupt;               /* the program is to take one before it goes on */
    void (*handler)(void *context);
    void *handler_context;
    bool allow_exceptions, has_exception;
    struct guest_exception exception;
    struct guest_allocation *allocations;
    unsigned vmid, starts;
    uint64_t first_instruction;
    uint64_t exits;
    unsigned turn; /* of the choice of transfer registers */
};

/** @return the guest that @p vcpu ran last, or NULL. */
struct sim_guest *sim_guest_find(const struct sim_machine *machine, const struct arch_vcpu *vcpu);
/** The vCPU was put into its reset state: whatever it ran is gone. */
void sim_guest_reset(struct arch_vcpu *vcpu);
void sim_guests_destroy(struct sim_machine *machine);

/** Does @p guest's operation as the CPU would. @return whether it trapped: then @p exit says how, and regs are set up.
 */
bool sim_guest_perform(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit);
/** Takes up what core did to the registers while the operation was trapped. */
void sim_guest_resume(struct sim_cpu *cpu, struct sim_guest *guest);
/** Looks at what lies at the entry point and prepares the program. @return whether even the first fetch trapped */
bool sim_guest_start(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit);
/** The guest takes an exception of the CPU's own making (alignment). */
void sim_guest_exception(struct sim_guest *guest, uint64_t esr, uint64_t far, unsigned vector);
/** Offset from VBAR_EL1 of the vectors for exceptions from @p pstate (Arm ARM D1.3.1). */
unsigned sim_guest_vectors(uint64_t pstate);
/** Frees what guest_allocate() gave. */
void sim_guest_free(struct sim_guest *guest);
/** @return the function registered under @p name, or NULL. */
void (*sim_guest_program(const char *name))(uint64_t device_tree);

/* sysregs.c: reads and writes that do not trap. @return false for one that traps. */
bool sim_sysreg_read(struct sim_cpu *cpu, uint32_t encoding, uint64_t *value);
bool sim_sysreg_write(struct sim_cpu *cpu, uint32_t encoding, uint64_t value);

/* guest_access.c: what sim_guest_perform() does about memory. */
bool sim_guest_access(struct sim_cpu *cpu, struct sim_guest *guest, struct arch_exit *exit);

/* guest_perform.c: what a trap is made of. */
uint64_t sim_syndrome(unsigned class, uint32_t iss);
/** A transfer register: another one each time, never x0..x3 (which calls use), now and then the zero register for a
 * @p zero. */
uint8_t sim_transfer_register(struct sim_guest *guest, bool zero);
/** The operation comes out with @p esr. @return true */
bool sim_guest_trap(struct sim_guest *guest, struct arch_exit *exit, uint64_t esr);

#define EC_INSTRUCTION_ABORT 0x20u
#define EC_INSTRUCTION_ABORT_SAME 0x21u
#define EC_DATA_ABORT 0x24u
#define EC_DATA_ABORT_SAME 0x25u
#define ESR_IL (1u << 25)
#define VECTOR_SYNC 0x200u

#define SIM_PSCI_CPU_OFF 0x84000002u
#define SIM_PSCI_SYSTEM_OFF 0x84000008u
#define SIM_PSCI_SYSTEM_RESET 0x84000009u
#define PSTATE_I (1u << 7)
#define PSTATE_A (1u << 8)
#define PSTATE_EL1H_MASKED 0x3c5u

#endif
