/* ESR_EL2 taken apart (Arm ARM D19.2.37). Pure. */
#ifndef BULKHEAD_TRAP_ESR_H
#define BULKHEAD_TRAP_ESR_H

#include "emul/mmio.h"
#include "lib/types.h"

#define ESR_EC_UNKNOWN 0x00
#define ESR_EC_WFX 0x01
#define ESR_EC_FP_ACCESS 0x07
#define ESR_EC_ILLEGAL 0x0e
#define ESR_EC_HVC64 0x16
#define ESR_EC_SMC64 0x17
#define ESR_EC_SYSREG 0x18
#define ESR_EC_SVE 0x19
#define ESR_EC_INSTRUCTION_ABORT 0x20
#define ESR_EC_INSTRUCTION_ABORT_SAME 0x21 /* as a guest's own EL1 reports it */
#define ESR_EC_DATA_ABORT 0x24
#define ESR_EC_DATA_ABORT_SAME 0x25
#define ESR_EC_COUNT 64

#define ESR_EC_SHIFT 26
#define ESR_IL (1ULL << 25)
#define ESR_ABORT_WRITE (1ULL << 6)
#define ESR_ABORT_CACHE_MAINTENANCE (1ULL << 8)
#define ESR_FAULT_EXTERNAL 0x10 /* synchronous external abort, not on a table walk */

static inline unsigned esr_class(uint64_t esr)
{
    return (unsigned)(esr >> ESR_EC_SHIFT) & 0x3f;
}

/** Length of the trapped instruction in bytes: what to add to pc after emulating it. */
static inline unsigned esr_instruction_length(uint64_t esr)
{
    return (esr & ESR_IL) != 0 ? 4 : 2;
}

/** Immediate of HVC and SMC. */
static inline uint16_t esr_immediate(uint64_t esr)
{
    return (uint16_t)esr;
}

/** Class WFX: only plain WFI waits. WFE, WFIT and WFET end early, as they may (Arm ARM D1.6.2). */
static inline bool esr_is_wfi(uint64_t esr)
{
    return (esr & 3) == 0;
}

/** A stage-2 abort. */
struct esr_abort {
    bool instruction;
    bool translation; /* the IPA is not mapped: fault status 0b0001xx */
    bool permission;  /* 0b0011xx */
    bool access_flag; /* 0b0010xx */
    bool table_walk;  /* S1PTW: while walking the guest's own tables */
    bool syndrome;    /* ISV: size, reg, ... are valid */
    bool write;
    bool cache_maintenance; /* CM */
    uint8_t size;           /* bytes */
    uint8_t reg;            /* 31: the zero register */
    bool sign_extend;
    bool reg64; /* sign extension to 64 bits rather than 32 */
};
struct esr_abort esr_decode_abort(uint64_t esr);

/**
 * IPA of a stage-2 translation fault. Not for permission faults, where HPFAR_EL2 is UNKNOWN (Arm ARM D19.2.60).
 * The offset in the page is that of the access, or 0 for a table walk, which FAR_EL2 does not describe.
 */
ipa_t esr_fault_address(const struct esr_abort *abort, uint64_t far, uint64_t hpfar);

/** A trapped MRS/MSR. */
struct esr_sysreg {
    uint32_t encoding; /* SYSREG(op0, op1, crn, crm, op2) */
    uint8_t reg;
    bool write;
};
struct esr_sysreg esr_decode_sysreg(uint64_t esr);

#define SYSREG(op0, op1, crn, crm, op2)                                                                                \
    ((uint32_t)(op0) << 16 | (uint32_t)(op1) << 12 | (uint32_t)(crn) << 8 | (uint32_t)(crm) << 4 | (uint32_t)(op2))

#endif
