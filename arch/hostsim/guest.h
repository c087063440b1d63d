/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest program is written against. A program is a C function that runs as a coroutine in the place of a guest's
 * code: EL1, MMU and caches off (until it writes SCTLR_EL1), interrupts masked. It does nothing to the machine but by
 * these functions; each stands for one instruction, traps where that would, and lets time pass. Code between them takes
 * no time and cannot be interrupted.
 *
 * Programs keep their state on their stack or in guest_allocate()d memory, never in static variables: two domains may
 * run one program, and a restart begins it anew. */
#ifndef BULKHEAD_HOSTSIM_GUEST_H
#define BULKHEAD_HOSTSIM_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Makes @p main the program of kernel images with this name (sim_make_image()). @p main gets x0: the device tree's
 * IPA. Returning from it powers the domain off. A later registration of a name replaces the earlier one. */
void sim_register_guest(const char *name, void (*main)(uint64_t device_tree));

/* Loads and stores of 1, 2, 4 or 8 bytes at a virtual address: an IPA while the MMU is off. */
uint64_t guest_read(uint64_t address, unsigned size);
void guest_write(uint64_t address, unsigned size, uint64_t value);
/** The same by an instruction that leaves no syndrome (as LDP): a trap cannot be emulated from ESR_EL2 alone. */
uint64_t guest_read_pair(uint64_t address);
/** Branches to @p address and comes straight back: only the fetch matters. */
void guest_fetch(uint64_t address);
/** LDXR, ADD, STXR: adds @p value. @return what was there */
uint64_t guest_atomic_add(uint64_t address, unsigned size, uint64_t value);
/** DC ZVA: zeroes the 64 bytes that @p address lies in. */
void guest_zero_line(uint64_t address);

static inline uint8_t guest_read8(uint64_t address)
{
    return (uint8_t)guest_read(address, 1);
}

static inline uint32_t guest_read32(uint64_t address)
{
    return (uint32_t)guest_read(address, 4);
}

static inline uint64_t guest_read64(uint64_t address)
{
    return guest_read(address, 8);
}

static inline void guest_write8(uint64_t address, uint8_t value)
{
    guest_write(address, 1, value);
}

static inline void guest_write32(uint64_t address, uint32_t value)
{
    guest_write(address, 4, value);
}

static inline void guest_write64(uint64_t address, uint64_t value)
{
    guest_write(address, 8, value);
}

/** x0..x3 after a call. */
struct guest_call {
    uint64_t x[4];
};
struct guest_call guest_hvc(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3);
struct guest_call guest_smc(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3);
/** With an immediate other than 0. */
struct guest_call guest_hvc_immediate(uint16_t immediate, uint64_t x0);
struct guest_call guest_smc_immediate(uint16_t immediate, uint64_t x0);

/** HVC #0xEA1 as Xen's guests make it, @p number in x16. */
struct guest_call guest_xen_call(uint64_t number, uint64_t x0, uint64_t x1, uint64_t x2);

#define GUEST_SYSREG(op0, op1, crn, crm, op2)                                                                          \
    ((uint32_t)(op0) << 16 | (uint32_t)(op1) << 12 | (uint32_t)(crn) << 8 | (uint32_t)(crm) << 4 | (uint32_t)(op2))
#define GUEST_MIDR_EL1 GUEST_SYSREG(3, 0, 0, 0, 0)
#define GUEST_MPIDR_EL1 GUEST_SYSREG(3, 0, 0, 0, 5)
#define GUEST_SCTLR_EL1 GUEST_SYSREG(3, 0, 1, 0, 0)
#define GUEST_TTBR0_EL1 GUEST_SYSREG(3, 0, 2, 0, 0)
#define GUEST_TTBR1_EL1 GUEST_SYSREG(3, 0, 2, 0, 1)
#define GUEST_TCR_EL1 GUEST_SYSREG(3, 0, 2, 0, 2)
#define GUEST_ESR_EL1 GUEST_SYSREG(3, 0, 5, 2, 0)
#define GUEST_FAR_EL1 GUEST_SYSREG(3, 0, 6, 0, 0)
#define GUEST_MAIR_EL1 GUEST_SYSREG(3, 0, 10, 2, 0)
#define GUEST_TPIDR_EL1 GUEST_SYSREG(3, 0, 13, 0, 4)
#define GUEST_CNTFRQ_EL0 GUEST_SYSREG(3, 3, 14, 0, 0)
#define GUEST_CNTPCT_EL0 GUEST_SYSREG(3, 3, 14, 0, 1)
#define GUEST_CNTVCT_EL0 GUEST_SYSREG(3, 3, 14, 0, 2)
#define GUEST_CNTP_CTL_EL0 GUEST_SYSREG(3, 3, 14, 2, 1)
#define GUEST_CNTP_CVAL_EL0 GUEST_SYSREG(3, 3, 14, 2, 2)
#define GUEST_CNTV_CTL_EL0 GUEST_SYSREG(3, 3, 14, 3, 1)
#define GUEST_CNTV_CVAL_EL0 GUEST_SYSREG(3, 3, 14, 3, 2)
#define GUEST_ICC_PMR_EL1 GUEST_SYSREG(3, 0, 4, 6, 0)
#define GUEST_ICC_IAR0_EL1 GUEST_SYSREG(3, 0, 12, 8, 0)
#define GUEST_ICC_EOIR0_EL1 GUEST_SYSREG(3, 0, 12, 8, 1)
#define GUEST_ICC_HPPIR0_EL1 GUEST_SYSREG(3, 0, 12, 8, 2)
#define GUEST_ICC_BPR0_EL1 GUEST_SYSREG(3, 0, 12, 8, 3)
#define GUEST_ICC_AP0R0_EL1 GUEST_SYSREG(3, 0, 12, 8, 4)
#define GUEST_ICC_AP1R0_EL1 GUEST_SYSREG(3, 0, 12, 9, 0)
#define GUEST_ICC_DIR_EL1 GUEST_SYSREG(3, 0, 12, 11, 1)
#define GUEST_ICC_RPR_EL1 GUEST_SYSREG(3, 0, 12, 11, 3)
#define GUEST_ICC_SGI1R_EL1 GUEST_SYSREG(3, 0, 12, 11, 5)
#define GUEST_ICC_ASGI1R_EL1 GUEST_SYSREG(3, 0, 12, 11, 6)
#define GUEST_ICC_SGI0R_EL1 GUEST_SYSREG(3, 0, 12, 11, 7)
#define GUEST_ICC_IAR1_EL1 GUEST_SYSREG(3, 0, 12, 12, 0)
#define GUEST_ICC_EOIR1_EL1 GUEST_SYSREG(3, 0, 12, 12, 1)
#define GUEST_ICC_HPPIR1_EL1 GUEST_SYSREG(3, 0, 12, 12, 2)
#define GUEST_ICC_BPR1_EL1 GUEST_SYSREG(3, 0, 12, 12, 3)
#define GUEST_ICC_CTLR_EL1 GUEST_SYSREG(3, 0, 12, 12, 4)
#define GUEST_ICC_SRE_EL1 GUEST_SYSREG(3, 0, 12, 12, 5)
#define GUEST_ICC_IGRPEN0_EL1 GUEST_SYSREG(3, 0, 12, 12, 6)
#define GUEST_ICC_IGRPEN1_EL1 GUEST_SYSREG(3, 0, 12, 12, 7)

uint64_t guest_mrs(uint32_t encoding);
void guest_msr(uint32_t encoding, uint64_t value);

/* DC, IC and TLBI with their barriers. Set/way operations are not among them: they trap (use guest_msr()). */
#define GUEST_DC_IVAC GUEST_SYSREG(1, 0, 7, 6, 1)
#define GUEST_DC_CVAC GUEST_SYSREG(1, 3, 7, 10, 1)
#define GUEST_DC_CVAU GUEST_SYSREG(1, 3, 7, 11, 1)
#define GUEST_DC_CIVAC GUEST_SYSREG(1, 3, 7, 14, 1)
#define GUEST_IC_IALLUIS GUEST_SYSREG(1, 0, 7, 1, 0)
#define GUEST_IC_IALLU GUEST_SYSREG(1, 0, 7, 5, 0)
#define GUEST_IC_IVAU GUEST_SYSREG(1, 3, 7, 5, 1)
#define GUEST_TLBI_VMALLE1 GUEST_SYSREG(1, 0, 8, 7, 0)
#define GUEST_TLBI_VAE1 GUEST_SYSREG(1, 0, 8, 7, 1)
#define GUEST_TLBI_ASIDE1 GUEST_SYSREG(1, 0, 8, 7, 2)
#define GUEST_TLBI_VAAE1 GUEST_SYSREG(1, 0, 8, 7, 3)
void guest_maintain(uint32_t encoding, uint64_t operand);

void guest_wfi(void);
/** Computes for @p nanoseconds. */
void guest_spin(uint64_t nanoseconds);

/** The handler runs between two operations when the GIC signals an interrupt and it is not masked; masked meanwhile. */
void guest_on_interrupt(void (*handler)(void *context), void *context);
void guest_interrupts_on(void);
void guest_interrupts_off(void);

/** An exception that the guest took. */
struct guest_exception {
    uint64_t esr;    /* ESR_EL1 */
    uint64_t far;    /* FAR_EL1 */
    unsigned vector; /* offset from VBAR_EL1: 0x200 synchronous, 0x380 SError */
};
/** Unless allowed, an exception ends the run with SIM_END_FAILED. The operation that took it is skipped; a load gives
 * 0. */
void guest_allow_exceptions(bool allow);
/** @return whether an exception was taken since the last question; then tells the latest. */
bool guest_took_exception(struct guest_exception *exception);

/**
 * The IPA where @p main lies as code, for PSCI CPU_ON by this domain's programs: a vCPU that begins there runs it, with
 * x0. As long as the domain's image lies where it does. Returning from @p main turns the vCPU off.
 */
uint64_t guest_code(void (*main)(uint64_t x0));

/** @return the IPA that the guest was entered at: of its image. */
uint64_t guest_entry(void);

/** Zeroed memory of the host for the program's own use; goes with the guest. */
void *guest_allocate(size_t size);
/** A check of a guest program: ends the run with SIM_END_FAILED and this text. */
__attribute__((noreturn, format(printf, 1, 2))) void guest_fail(const char *format, ...);

#endif
