// SPDX-License-Identifier: Apache-2.0
#include "trap/id_registers.h"

#include "arch/vcpu.h"
#include "trap/esr.h"

#define FIELD(shift) (1u << (shift) / 4) /* a bit for each field, which has four */
#define ALL_32 0xffu                     /* fields of a register of AArch32 */
#define CRM(encoding) ((encoding) >> 4 & 0xf)
#define INDEX(crm, op2) (((crm)-1) * 8 + (op2))

#define PFR0 SYSREG(3, 0, 0, 4, 0)
#define DFR0 SYSREG(3, 0, 0, 5, 0)
#define MMFR0 SYSREG(3, 0, 0, 7, 0)

/* Fields (of four bits) that pass from the host, by register; all others read as zero, which says "not there" for each
 * of them. A feature passes if it needs no state that is not switched between guests, and no permission of EL2 that
 * guests do not have. EL2, EL3 and the second security state pass though no guest is ever in them: start code asks
 * whether its own level is the highest, and then writes what only that one may (CNTFRQ_EL0). Not here, with the reason
 * in one word: GIC (as the guest's), RAS, SVE, SME, MPAM, AMU, MTE, pointer authentication, LS64, trace, PMU, SPE
 * (state), LOR, WFxT, MOPS, ECV, FGT (traps), NV, VHE (EL2), mixed endianness (emulated devices are little-endian). */
static const uint16_t host_fields[INDEX(8, 0)] = {
    /* AArch32, for EL0: ID_PFR0, ID_PFR1 */
    [INDEX(1, 0)] = FIELD(0) | FIELD(4) | FIELD(8) | FIELD(12) | FIELD(16) | FIELD(24),
    [INDEX(1, 1)] = FIELD(0) | FIELD(16),
    /* ID_MMFR0..3, ID_ISAR0..5, ID_MMFR4, ID_ISAR6 */
    [INDEX(1, 4)] = ALL_32,
    [INDEX(1, 5)] = ALL_32,
    [INDEX(1, 6)] = ALL_32,
    [INDEX(1, 7)] = ALL_32,
    [INDEX(2, 0)] = ALL_32,
    [INDEX(2, 1)] = ALL_32,
    [INDEX(2, 2)] = ALL_32,
    [INDEX(2, 3)] = ALL_32,
    [INDEX(2, 4)] = ALL_32,
    [INDEX(2, 5)] = ALL_32,
    [INDEX(2, 6)] = ALL_32,
    [INDEX(2, 7)] = ALL_32,
    /* MVFR0..2, ID_PFR2 (CSV3, SSBS), ID_MMFR5 */
    [INDEX(3, 0)] = ALL_32,
    [INDEX(3, 1)] = ALL_32,
    [INDEX(3, 2)] = ALL_32,
    [INDEX(3, 4)] = FIELD(0) | FIELD(4),
    [INDEX(3, 6)] = ALL_32,
    /* ID_AA64PFR0: EL0, EL2, EL3, FP, AdvSIMD, DIT, CSV2, CSV3 */
    [INDEX(4, 0)] = FIELD(0) | FIELD(8) | FIELD(12) | FIELD(16) | FIELD(20) | FIELD(48) | FIELD(56) | FIELD(60),
    /* ID_AA64PFR1: BT, SSBS */
    [INDEX(4, 1)] = FIELD(0) | FIELD(4),
    /* ID_AA64DFR0: BRPs, WRPs, CTX_CMPs */
    [INDEX(5, 0)] = FIELD(12) | FIELD(20) | FIELD(28),
    /* ID_AA64ISAR0: AES, SHA1, SHA2, CRC32, Atomic, RDM, SHA3, SM3, SM4, DP, FHM, TS, TLB, RNDR */
    [INDEX(6, 0)] = FIELD(4) | FIELD(8) | FIELD(12) | FIELD(16) | FIELD(20) | FIELD(28) | FIELD(32) | FIELD(36) |
                    FIELD(40) | FIELD(44) | FIELD(48) | FIELD(52) | FIELD(56) | FIELD(60),
    /* ID_AA64ISAR1: DPB, JSCVT, FCMA, LRCPC, FRINTTS, SB, SPECRES, BF16, DGH, I8MM */
    [INDEX(6, 1)] = FIELD(0) | FIELD(12) | FIELD(16) | FIELD(20) | FIELD(32) | FIELD(36) | FIELD(40) | FIELD(44) |
                    FIELD(48) | FIELD(52),
    /* ID_AA64ISAR2: RPRES, BC, CLRBHB */
    [INDEX(6, 2)] = FIELD(4) | FIELD(20) | FIELD(28),
    /* ID_AA64MMFR0: PARange, ASIDBits, SNSMem, TGran16, TGran64, TGran4, ExS */
    [INDEX(7, 0)] = FIELD(0) | FIELD(4) | FIELD(12) | FIELD(20) | FIELD(24) | FIELD(28) | FIELD(44),
    /* ID_AA64MMFR1: HAFDBS, HPDS, PAN, ETS, AFP, nTLBPA */
    [INDEX(7, 1)] = FIELD(0) | FIELD(12) | FIELD(20) | FIELD(36) | FIELD(44) | FIELD(48),
    /* ID_AA64MMFR2: CnP, UAO, LSM, VARange, CCIDX, ST, AT, TTL, BBM, E0PD */
    [INDEX(7, 2)] = FIELD(0) | FIELD(4) | FIELD(8) | FIELD(16) | FIELD(20) | FIELD(28) | FIELD(32) | FIELD(48) |
                    FIELD(52) | FIELD(60),
};

static uint64_t at_most(uint64_t value, unsigned shift, uint64_t limit)
{
    uint64_t field = value >> shift & 0xf;

    return value - (field << shift) + (min_u64(field, limit) << shift);
}

/** The fields of @p value that pass. */
static uint64_t passing(uint64_t value, unsigned fields)
{
    uint64_t spread = (fields | (uint64_t)fields << 24) & 0x000000ff000000ff; /* each bit to the first of its field */

    spread = (spread | spread << 12) & 0x000f000f000f000f;
    spread = (spread | spread << 6) & 0x0303030303030303;
    spread = (spread | spread << 3) & 0x1111111111111111;
    return value & spread * 0xf;
}

/* PARange: the guest's physical addresses end where its stage 2 does. */
static uint64_t pa_range(unsigned ipa_bits)
{
    static const uint8_t bits[] = {32, 36, 40, 42, 44, 48};
    uint64_t range = 0;

    while (range + 1 < ARRAY_SIZE(bits) && bits[range + 1] <= ipa_bits)
        range++;
    return range;
}

/* EL1 is AArch64 only (HCR_EL2.RW). CSV2 above 1 promises registers that guests do not have. */
static uint64_t processor_features(uint64_t value)
{
    return at_most(value, 56, 1) | 1u << 4;
}

/* Armv8 debug with the host's break- and watchpoints (BRPs, WRPs, CTX_CMPs), and no OS double lock. */
static uint64_t debug_features(uint64_t value)
{
    return 0x6 | value | 0xfULL << 36;
}

bool id_register_owns(uint32_t encoding)
{
    return (encoding & ~0x77u) == SYSREG(3, 0, 0, 0, 0) && CRM(encoding) >= 1;
}

uint64_t id_register_read(uint32_t encoding, unsigned ipa_bits, bool gicv3)
{
    unsigned fields = host_fields[INDEX(CRM(encoding), encoding & 7)];
    uint64_t value = fields != 0 ? passing(arch_id_register(encoding), fields) : 0;

    switch (encoding) {
    case PFR0:
        return processor_features(value) | (uint64_t)gicv3 << 24;
    case DFR0:
        return debug_features(value);
    case MMFR0:
        return at_most(value, 0, pa_range(ipa_bits));
    default:
        return value;
    }
}
