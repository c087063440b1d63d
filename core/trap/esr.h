/* SPDX-License-Identifier: Apache-2.0 */
/* ESR_EL2 taken apart (Arm ARM D19.2.37). Pure. */
#ifndef BULKHEAD_TRAP_ESR_H
#define BULKHEAD_TRAP_ESR_H

#include "bus/mmio.h"
#include "lib/types.h"

#define ESR_EC_UNKNOWN 0x00
#define ESR_EC_WFX 0x01
#define ESR_EC_HVC64 0x16
#define ESR_EC_SMC64 0x17
#define ESR_EC_SYSREG 0x18
#define ESR_EC_INSTRUCTION_ABORT 0x20
#define ESR_EC_DATA_ABORT 0x24
#define ESR_EC_COUNT 64

#define ESR_EC_SHIFT 26
#define ESR_IL (1ULL << 25)
#define ESR_ABORT_SYNDROME (1ULL << 24) /* ISV: size and register of the access are given */
#define ESR_ABORT_CACHE_MAINTENANCE (1ULL << 8)
#define ESR_ABORT_TABLE_WALK (1ULL << 7) /* S1PTW: while walking the guest's own tables */
#define ESR_ABORT_WRITE (1ULL << 6)
#define ESR_ABORT_STATUS 0x3fULL
#define ESR_FAULT_TRANSLATION 0x04 /* to 0x07: the level of the table is in the two lowest bits */
#define ESR_FAULT_LEVEL 0x03ULL
#define ESR_FAULT_EXTERNAL_WALK 0x14 /* to 0x17: synchronous external abort on a table walk of that level */
#define ESR_FAULT_EXTERNAL 0x10      /* synchronous external abort, not on a table walk */

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

/** Either kind of abort: the IPA is not mapped. */
static inline bool esr_is_translation_fault(uint64_t esr)
{
    return (esr & (ESR_ABORT_STATUS & ~ESR_FAULT_LEVEL)) == ESR_FAULT_TRANSLATION;
}

static inline bool esr_is_table_walk(uint64_t esr)
{
    return (esr & ESR_ABORT_TABLE_WALK) != 0;
}

/** Data abort: not a load or store, but cache maintenance by address. */
static inline bool esr_is_cache_maintenance(uint64_t esr)
{
    return (esr & ESR_ABORT_CACHE_MAINTENANCE) != 0;
}

/** Data abort: a load or store of one general register to an IPA that is not mapped. The esr_access_...() then hold. */
static inline bool esr_is_access(uint64_t esr)
{
    return (esr & (ESR_ABORT_SYNDROME | ESR_ABORT_CACHE_MAINTENANCE | ESR_ABORT_TABLE_WALK | ESR_ABORT_STATUS) &
            ~ESR_FAULT_LEVEL) == (ESR_ABORT_SYNDROME | ESR_FAULT_TRANSLATION);
}

static inline bool esr_access_is_write(uint64_t esr)
{
    return (esr & ESR_ABORT_WRITE) != 0;
}

/** In bytes: 1, 2, 4, 8. */
static inline unsigned esr_access_size(uint64_t esr)
{
    return 1u << (esr >> 22 & 3);
}

/** 0..31; 31 is the zero register. */
static inline unsigned esr_access_register(uint64_t esr)
{
    return (unsigned)(esr >> 16) & 31;
}

static inline bool esr_access_is_signed(uint64_t esr)
{
    return (esr >> 21 & 1) != 0;
}

/** The register is Xn rather than Wn. */
static inline bool esr_access_is_64(uint64_t esr)
{
    return (esr >> 15 & 1) != 0;
}

/**
 * IPA of a stage-2 translation fault. Not for permission faults, where HPFAR_EL2 is UNKNOWN (Arm ARM D19.2.60).
 * The offset in the page is that of the access, or 0 for a table walk, which FAR_EL2 does not describe.
 */
static inline ipa_t esr_fault_address(uint64_t esr, uint64_t far, uint64_t hpfar)
{
    const uint64_t page_bits = 0xffffffffff0; /* HPFAR_EL2.FIPA, 43:4 */
    uint64_t page = (hpfar & page_bits) << 8;

    return ipa(esr_is_table_walk(esr) ? page : page | (far & (PAGE_SIZE - 1)));
}

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
