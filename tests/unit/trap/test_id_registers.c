// SPDX-License-Identifier: Apache-2.0
/* What a guest sees of a host that has everything: no feature whose state is not switched, or that EL2 keeps. */
#include "support/suite.h"

#include "arch/vcpu.h"
#include "trap/esr.h"
#include "trap/id_registers.h"

#define PFR0 SYSREG(3, 0, 0, 4, 0)
#define PFR1 SYSREG(3, 0, 0, 4, 1)
#define ZFR0 SYSREG(3, 0, 0, 4, 4)
#define SMFR0 SYSREG(3, 0, 0, 4, 5)
#define DFR0 SYSREG(3, 0, 0, 5, 0)
#define ISAR0 SYSREG(3, 0, 0, 6, 0)
#define ISAR1 SYSREG(3, 0, 0, 6, 1)
#define ISAR2 SYSREG(3, 0, 0, 6, 2)
#define MMFR0 SYSREG(3, 0, 0, 7, 0)
#define MMFR1 SYSREG(3, 0, 0, 7, 1)
#define MMFR2 SYSREG(3, 0, 0, 7, 2)

uint64_t arch_id_register(uint32_t encoding)
{
    (void)encoding;
    return UINT64_MAX;
}

struct field {
    const char *name;
    uint32_t encoding;
    unsigned shift;
};

static unsigned read_field(const struct field *field)
{
    return (unsigned)(id_register_read(field->encoding, 40, false) >> field->shift) & 0xf;
}

START_TEST(what_guests_do_not_have)
{
    static const struct field absent[] = {
        {"GIC system registers", PFR0, 24},
        {"RAS", PFR0, 28},
        {"SVE", PFR0, 32},
        {"secure EL2", PFR0, 36},
        {"MPAM", PFR0, 40},
        {"AMU", PFR0, 44},
        {"MTE", PFR1, 8},
        {"RAS fraction", PFR1, 12},
        {"MPAM fraction", PFR1, 16},
        {"SME", PFR1, 24},
        {"trace", DFR0, 4},
        {"PMU", DFR0, 8},
        {"SPE", DFR0, 32},
        {"trace filter", DFR0, 40},
        {"APA", ISAR1, 4},
        {"API", ISAR1, 8},
        {"GPA", ISAR1, 24},
        {"GPI", ISAR1, 28},
        {"LS64", ISAR1, 60},
        {"WFxT", ISAR2, 0},
        {"GPA3", ISAR2, 8},
        {"APA3", ISAR2, 12},
        {"MOPS", ISAR2, 16},
        {"PAC fraction", ISAR2, 24},
        {"mixed endianness", MMFR0, 8},
        {"mixed endianness at EL0", MMFR0, 16},
        {"FGT", MMFR0, 56},
        {"ECV", MMFR0, 60},
        {"VHE", MMFR1, 8},
        {"LOR", MMFR1, 16},
        {"NV", MMFR2, 24},
    };

    for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
        ck_assert_msg(read_field(&absent[i]) == 0, "%s: %u", absent[i].name, read_field(&absent[i]));
    ck_assert_uint_eq(id_register_read(ZFR0, 40, false), 0);
    ck_assert_uint_eq(id_register_read(SMFR0, 40, false), 0);
}
END_TEST

START_TEST(what_passes)
{
    static const struct field present[] = {
        {"EL2", PFR0, 8}, /* or start code believes that EL1 is the highest level */
        {"EL3", PFR0, 12},
        {"two security states", MMFR0, 12},
        {"FP", PFR0, 16},
        {"AdvSIMD", PFR0, 20},
        {"AES", ISAR0, 4},
        {"SHA1", ISAR0, 8},
        {"SHA2", ISAR0, 12},
        {"CRC32", ISAR0, 16},
        {"atomics", ISAR0, 20},
        {"RNDR", ISAR0, 60},
        {"DC CVAP", ISAR1, 0},
        {"PAN", MMFR1, 20},
        {"UAO", MMFR2, 4},
        {"ASID bits", MMFR0, 4},
        {"4 KiB granule", MMFR0, 28},
    };

    for (size_t i = 0; i < ARRAY_SIZE(present); i++)
        ck_assert_msg(read_field(&present[i]) == 0xf, "%s: %u", present[i].name, read_field(&present[i]));
}
END_TEST

START_TEST(what_is_bounded)
{
    ck_assert_uint_eq(id_register_read(PFR0, 40, false) & 0xff, 0x1f);   /* EL1: AArch64 only */
    ck_assert_uint_eq(id_register_read(PFR0, 40, false) >> 56 & 0xf, 1); /* CSV2: without SCXTNUM */
    ck_assert_uint_eq(id_register_read(MMFR0, 40, false) & 0xf, 2);      /* PARange: 40 bits */
    ck_assert_uint_eq(id_register_read(MMFR0, 48, false) & 0xf, 5);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, what_guests_do_not_have);
    tcase_add_test(tests, what_passes);
    tcase_add_test(tests, what_is_bounded);
}

int main(void)
{
    return suite_run("id-registers", add_tests, NULL);
}
