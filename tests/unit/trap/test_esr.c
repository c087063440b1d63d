// SPDX-License-Identifier: Apache-2.0
/* Syndromes as the manual defines them (Arm ARM D19.2.37), put together by hand. */
#include <check.h>
#include <stdlib.h>

#include "support/suite.h"
#include "trap/esr.h"

/* str w3, [x1] from EL1, level 3 translation fault: EC 0x24, IL, ISV, SAS word, SRT 3, WnR, DFSC 0b000111 */
#define STORE_WORD 0x93830047
/* ldrb w9, [x2], level 1 translation fault: SAS byte, SRT 9 */
#define LOAD_BYTE 0x93090005
/* ldrsh x30, [x0], level 2: SAS halfword, SSE, SRT 30, SF */
#define LOAD_SIGNED_HALF 0x937e8006
/* ldr xzr, [x0], level 2: SAS doubleword, SRT 31, SF */
#define LOAD_ZERO_REGISTER 0x93df8006
/* ldp x0, x1, [x2], level 2: no syndrome */
#define LOAD_PAIR 0x92000006
/* dc civac, level 3: CM, WnR */
#define CACHE_MAINTENANCE 0x92000147
/* a load whose table walk faults at level 0: S1PTW */
#define TABLE_WALK 0x92000084
/* fetch, level 2 translation fault; fetch without permission, level 3 */
#define FETCH 0x82000006
#define FETCH_PERMISSION 0x8200000f

START_TEST(test_class_and_length)
{
    ck_assert_uint_eq(esr_class(STORE_WORD), ESR_EC_DATA_ABORT);
    ck_assert_uint_eq(esr_class(FETCH), ESR_EC_INSTRUCTION_ABORT);
    ck_assert_uint_eq(esr_class(0x5a000000), ESR_EC_HVC64);
    ck_assert_uint_eq(esr_class(0xfffffffffe000000), 0x3f);
    ck_assert_uint_eq(esr_instruction_length(STORE_WORD), 4);
    ck_assert_uint_eq(esr_instruction_length(STORE_WORD & ~ESR_IL), 2);
    ck_assert_uint_eq(esr_immediate(0x5a000ea1), 0xea1);
}
END_TEST

START_TEST(test_store_word)
{
    ck_assert(esr_is_translation_fault(STORE_WORD) && esr_is_access(STORE_WORD) && esr_access_is_write(STORE_WORD));
    ck_assert(!esr_is_table_walk(STORE_WORD) && !esr_is_cache_maintenance(STORE_WORD));
    ck_assert(!esr_access_is_signed(STORE_WORD) && !esr_access_is_64(STORE_WORD));
    ck_assert_uint_eq(esr_access_size(STORE_WORD), 4);
    ck_assert_uint_eq(esr_access_register(STORE_WORD), 3);
}
END_TEST

START_TEST(test_loads)
{
    ck_assert(esr_is_access(LOAD_BYTE) && !esr_access_is_write(LOAD_BYTE));
    ck_assert(!esr_access_is_signed(LOAD_BYTE) && !esr_access_is_64(LOAD_BYTE));
    ck_assert_uint_eq(esr_access_size(LOAD_BYTE), 1);
    ck_assert_uint_eq(esr_access_register(LOAD_BYTE), 9);
    ck_assert(esr_is_access(LOAD_SIGNED_HALF));
    ck_assert(esr_access_is_signed(LOAD_SIGNED_HALF) && esr_access_is_64(LOAD_SIGNED_HALF));
    ck_assert_uint_eq(esr_access_size(LOAD_SIGNED_HALF), 2);
    ck_assert_uint_eq(esr_access_register(LOAD_SIGNED_HALF), 30);
    ck_assert(esr_is_access(LOAD_ZERO_REGISTER));
    ck_assert(!esr_access_is_signed(LOAD_ZERO_REGISTER) && esr_access_is_64(LOAD_ZERO_REGISTER));
    ck_assert_uint_eq(esr_access_size(LOAD_ZERO_REGISTER), 8);
    ck_assert_uint_eq(esr_access_register(LOAD_ZERO_REGISTER), 31);
}
END_TEST

START_TEST(test_what_cannot_be_emulated)
{
    ck_assert(!esr_is_access(LOAD_PAIR));
    ck_assert(esr_is_translation_fault(LOAD_PAIR));
    ck_assert(esr_is_cache_maintenance(CACHE_MAINTENANCE) && !esr_is_access(CACHE_MAINTENANCE));
    ck_assert(!esr_is_access(CACHE_MAINTENANCE | ESR_ABORT_SYNDROME));
    ck_assert(esr_is_table_walk(TABLE_WALK) && esr_is_translation_fault(TABLE_WALK));
    ck_assert(!esr_is_access(TABLE_WALK | ESR_ABORT_SYNDROME));
    ck_assert(esr_is_translation_fault(FETCH));
    ck_assert(!esr_is_translation_fault(FETCH_PERMISSION));
}
END_TEST

/* Of all fault status codes only those of a translation fault, one for each level of the tables. */
START_TEST(test_fault_status)
{
    for (unsigned status = 0; status < 64; status++) {
        uint64_t esr = (LOAD_BYTE & ~0x3fu) | status;
        ck_assert_int_eq(esr_is_translation_fault(esr), status >= 4 && status <= 7);
        ck_assert_int_eq(esr_is_access(esr), status >= 4 && status <= 7);
    }
}
END_TEST

START_TEST(test_fault_address)
{
    ck_assert_uint_eq(esr_fault_address(STORE_WORD, 0xffff800012345678, 0x90010).raw, 0x9001678);
    ck_assert_uint_eq(esr_fault_address(TABLE_WALK, 0xffff800012345678, 0x90010).raw, 0x9001000);
    /* all 40 bits of the field, none of those around it (NS, RES0) */
    ck_assert_uint_eq(esr_fault_address(STORE_WORD, 0xfff, UINT64_MAX).raw, 0xfffffffffffff);
    ck_assert_uint_eq(esr_fault_address(STORE_WORD, 0, 0x800000000000000f).raw, 0);
}
END_TEST

START_TEST(test_system_registers)
{
    /* mrs x5, id_aa64pfr0_el1: op0 3, op1 0, CRn 0, CRm 4, op2 0 */
    struct esr_sysreg read = esr_decode_sysreg(0x623000a9);
    /* msr oslar_el1, xzr: op0 2, op1 0, CRn 1, CRm 0, op2 4 */
    struct esr_sysreg write = esr_decode_sysreg(0x622807e0);
    /* mrs x0, pmccntr_el0: op0 3, op1 3, CRn 9, CRm 13, op2 0 */
    struct esr_sysreg counter = esr_decode_sysreg(0x6230e41b);

    ck_assert_uint_eq(read.encoding, SYSREG(3, 0, 0, 4, 0));
    ck_assert_uint_eq(read.reg, 5);
    ck_assert(!read.write);
    ck_assert_uint_eq(write.encoding, SYSREG(2, 0, 1, 0, 4));
    ck_assert_uint_eq(write.reg, 31);
    ck_assert(write.write);
    ck_assert_uint_eq(counter.encoding, SYSREG(3, 3, 9, 13, 0));
    ck_assert_uint_eq(counter.reg, 0);
}
END_TEST

START_TEST(test_wait)
{
    ck_assert(esr_is_wfi(0x06000000));
    ck_assert(!esr_is_wfi(0x06000001)); /* WFE */
    ck_assert(!esr_is_wfi(0x06000002)); /* WFIT */
    ck_assert(!esr_is_wfi(0x06000003)); /* WFET */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("esr");
    TCase *all = tcase_create("esr");

    tcase_add_test(all, test_class_and_length);
    tcase_add_test(all, test_store_word);
    tcase_add_test(all, test_loads);
    tcase_add_test(all, test_what_cannot_be_emulated);
    tcase_add_test(all, test_fault_status);
    tcase_add_test(all, test_fault_address);
    tcase_add_test(all, test_system_registers);
    tcase_add_test(all, test_wait);
    suite_add_tcase(suite, all);

    return suite_execute(suite);
}
