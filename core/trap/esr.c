#include "trap/esr.h"

/* Fault status codes come in groups of four, one code a translation table level. */
#define STATUS_TRANSLATION 0x04
#define STATUS_ACCESS_FLAG 0x08
#define STATUS_PERMISSION 0x0c
#define STATUS_LEVEL 0x03

static unsigned field(uint64_t value, unsigned low, unsigned width)
{
    return (unsigned)(value >> low) & ((1u << width) - 1);
}

static bool bit(uint64_t value, unsigned index)
{
    return field(value, index, 1) != 0;
}

struct esr_abort esr_decode_abort(uint64_t esr)
{
    bool data = esr_class(esr) == ESR_EC_DATA_ABORT;
    unsigned status = field(esr, 0, 6) & ~(unsigned)STATUS_LEVEL;

    return (struct esr_abort){
        .instruction = !data,
        .translation = status == STATUS_TRANSLATION,
        .permission = status == STATUS_PERMISSION,
        .access_flag = status == STATUS_ACCESS_FLAG,
        .table_walk = bit(esr, 7),
        .syndrome = data && bit(esr, 24),
        .write = data && bit(esr, 6),
        .cache_maintenance = data && bit(esr, 8),
        .size = (uint8_t)(1u << field(esr, 22, 2)),
        .reg = (uint8_t)field(esr, 16, 5),
        .sign_extend = bit(esr, 21),
        .reg64 = bit(esr, 15),
    };
}

ipa_t esr_fault_address(const struct esr_abort *abort, uint64_t far, uint64_t hpfar)
{
    const uint64_t page_bits = 0xffffffffff0; /* HPFAR_EL2.FIPA, 43:4 */
    uint64_t page = (hpfar & page_bits) << 8;

    return ipa(abort->table_walk ? page : page | (far & (PAGE_SIZE - 1)));
}

struct esr_sysreg esr_decode_sysreg(uint64_t esr)
{
    return (struct esr_sysreg){
        .encoding =
            SYSREG(field(esr, 20, 2), field(esr, 14, 3), field(esr, 10, 4), field(esr, 1, 4), field(esr, 17, 3)),
        .reg = (uint8_t)field(esr, 5, 5),
        .write = !bit(esr, 0),
    };
}
