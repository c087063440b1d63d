/* SPDX-License-Identifier: Apache-2.0 */
/* The contract, guest execution: the shape of KVM_RUN. arch_vcpu_run() enters the guest and returns why it came out. */
#ifndef BULKHEAD_ARCH_VCPU_H
#define BULKHEAD_ARCH_VCPU_H

#include "arch/mem.h"
#include "arch/vcpu_registers.h"
#include "lib/types.h"

/** EL1 state that the hardware holds while a vCPU is loaded. Numbers of arch_vcpu::sysregs: VCPU_SCTLR_EL1 and so on.
 */
enum vcpu_sysreg {
#define X(name, ...) VCPU_##name,
    VCPU_REGISTERS(X)
#undef X
        VCPU_SYSREG_COUNT
};

struct vcpu_regs {
    uint64_t x[31];
    uint64_t pc;     /* ELR_EL2 */
    uint64_t pstate; /* SPSR_EL2 */
};

/** What the machine needs of one vCPU. Both backends share the layout; the assembly checks its offsets. */
struct arch_vcpu {
    struct vcpu_regs regs; /* valid whenever the vCPU is not inside arch_vcpu_run(); core may change them */
    struct {
        _Alignas(16) uint8_t q[32][16];
        uint64_t fpcr;
        uint64_t fpsr;
    } fp;                                /* valid while not loaded */
    uint64_t sysregs[VCPU_SYSREG_COUNT]; /* valid while not loaded; use arch_vcpu_sysreg_*() */
    uint64_t vmpidr;                     /* what the guest reads from MPIDR_EL1 */
    uint64_t vpidr;                      /* what the guest reads from MIDR_EL1; arch_vcpu_init() sets the host's */
    uint64_t counter_offset;             /* CNTVOFF_EL2, in ticks */
    const struct arch_stage2 *stage2;
    uint64_t virtual_lines; /* HCR_EL2.VSE/VI/VF to set at the next entry (HCR bit positions) */
    bool trap_wfi;          /* HCR_EL2.TWI: false lets a vCPU that has its CPU to itself wait in hardware */
    bool shares_vmid;       /* another vCPU of the same stage 2 runs on this CPU, too: see arch_vcpu_load() */
    bool loaded;
    void *backend; /* hostsim's guest coroutine; unused on silicon */
};

enum arch_exit_reason {
    ARCH_EXIT_SYNC,   /* a synchronous exception: esr, far, hpfar say which */
    ARCH_EXIT_IRQ,    /* a physical interrupt waits at the GIC's CPU interface */
    ARCH_EXIT_SERROR, /* an asynchronous external abort was taken while the guest ran: esr */
};

struct arch_exit {
    enum arch_exit_reason reason;
    uint64_t esr;   /* ESR_EL2 */
    uint64_t far;   /* FAR_EL2: virtual address of an abort */
    uint64_t hpfar; /* HPFAR_EL2: bits 43:4 are bits 51:12 of the faulting IPA */
};

/**
 * Puts @p vcpu into its reset state: registers and system registers zero (SCTLR_EL1 = 0x00c50078: MMU and caches off),
 * PSTATE = EL1h with DAIF masked, FP zero. Keeps stage2, vmpidr, counter_offset and shares_vmid. Not while loaded.
 */
void arch_vcpu_init(struct arch_vcpu *vcpu, uint64_t entry, uint64_t x0);

/** Makes @p vcpu the one whose EL1 state, FP state and stage 2 this CPU's hardware holds. None may be loaded.
 * If @p vcpu shares its VMID with another one on this CPU, what this CPU's TLB holds of the guest's own translations
 * goes: vCPUs may use one ASID for different things, and with their MMU off use none (Arm ARM D8.13: TLBI VMALLE1). */
void arch_vcpu_load(struct arch_vcpu *vcpu);

/** Saves it again. Afterwards no guest state is live on this CPU, FP included.
 * @return false where an asynchronous external abort (SError) had come that nobody has taken: of an access of this
 * vCPU, or of what was done for it since it came out. It is taken now, so that it is not the next one's. */
bool arch_vcpu_put(struct arch_vcpu *vcpu);

/** Runs the loaded @p vcpu until it comes out. Regs are up to date afterwards. Never runs on spuriously. */
void arch_vcpu_run(struct arch_vcpu *vcpu, struct arch_exit *exit);

/** System registers of a vCPU. Only on the CPU where it is loaded, or while it is not. Of one that is loaded only those
 * of VCPU_REGISTERS_EXCEPTIONS, and those whose accesses trap. */
uint64_t arch_vcpu_sysreg_read(const struct arch_vcpu *vcpu, enum vcpu_sysreg sysreg);
void arch_vcpu_sysreg_write(struct arch_vcpu *vcpu, enum vcpu_sysreg sysreg, uint64_t value);

/**
 * Translates a virtual address as EL1 of the loaded @p vcpu would read it, by its own tables only (AT S1E1R; what the
 * guest sees of that, PAR_EL1, is left as it was).
 * @return false where that would fault
 */
bool arch_vcpu_translate(const struct arch_vcpu *vcpu, uint64_t address, ipa_t *ipa);

/** ID registers as this host has them, for core to mask. Encodings as SYSREG() of trap/esr.h packs them (op0..op2).
 */
uint64_t arch_id_register(uint32_t encoding);

#endif
