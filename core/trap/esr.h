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
#define ESR_EC_DATA_ABORT 0x24

static inline unsigned esr_class(uint64_t esr)
{
    return (unsigned)(esr >> 26) & 0x3f;
}

/** Length of the trapped instruction in bytes: what to add to pc after emulating it. */
static inline unsigned esr_instruction_length(uint64_t esr)
{
    return (esr >> 25 & 1) != 0 ? 4 : 2;
}

/** A stage-2 abort. */
struct esr_abort {
    bool translation;  /* the IPA is not mapped: fault status 0b0001xx */
    bool permission;   /* 0b0011xx */
    bool access_flag;  /* 0b0010xx */
    bool table_walk;   /* S1PTW: while walking the guest's own tables */
    bool syndrome;     /* ISV: size, reg, ... are valid */
    bool write;
    bool cache_maintenance; /* CM */
    uint8_t size;      /* bytes */
    uint8_t reg;       /* 31: the zero register */
    bool sign_extend;
    bool reg64;        /* sign extension to 64 bits rather than 32 */
};
struct esr_abort esr_decode_abort(uint64_t esr);

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
