// SPDX-License-Identifier: Apache-2.0
/* Exceptions that a guest takes, against AArch64.TakeException of the Arm ARM. */
#include "guest.h"

#include "trap/inject.h"

#define SPAN (1ULL << 23)
#define DSSBS (1ULL << 44)
#define PAN (1ULL << 22)
#define UAO (1ULL << 23)
#define DIT (1ULL << 24)
#define TCO (1ULL << 25)
#define SS (1ULL << 21)
#define IL (1ULL << 20)
#define SSBS (1ULL << 12)
#define BTYPE (3ULL << 10)
#define NZCV (0xfULL << 28)

START_TEST(test_undefined_from_every_level)
{
    static const struct {
        uint64_t pstate;
        unsigned offset;
    } from[] = {{EL1H, 0x200}, {EL1T, 0x000}, {EL0, 0x400}, {EL0_32, 0x600}, {0x5, 0x200}};

    for (unsigned i = 0; i < ARRAY_SIZE(from); i++) {
        guest_setup(1);
        regs()->pc = 0x40001234;
        regs()->pstate = from[i].pstate;
        trap_inject_undefined(&guest.vcpus[0]);
        assert_exception(from[i].offset, 0x02000000, 0x40001234, from[i].pstate);
    }
}
END_TEST

START_TEST(test_abort_syndromes)
{
    trap_inject_external_abort(&guest.vcpus[0], 0xffff0000deadbee0, false);
    assert_exception(0x200, 0x96000010, RAM_BASE, EL1H);
    ck_assert_uint_eq(sysreg(VCPU_FAR_EL1), 0xffff0000deadbee0);
    regs()->pstate = EL0;
    trap_inject_external_abort(&guest.vcpus[0], 0x1000, true);
    assert_exception(0x400, 0x82000010, VECTORS + 0x200, EL0);
    ck_assert_uint_eq(sysreg(VCPU_FAR_EL1), 0x1000);
    regs()->pstate = EL1H;
    trap_inject_data_abort(&guest.vcpus[0], 0, UINT64_MAX); /* only WnR and CM are taken over */
    ck_assert_uint_eq(sysreg(VCPU_ESR_EL1), 0x96000150);
}
END_TEST

START_TEST(test_flags_stay_and_modes_go)
{
    uint64_t old = NZCV | DIT | UAO | SS | IL | BTYPE | SSBS | TCO;

    ck_assert_uint_eq(inject_entry_pstate(old, SPAN, 0, 0), NZCV | DIT | EL1H);
    ck_assert_uint_eq(inject_entry_pstate(0, SPAN, 0, 0), EL1H);
}
END_TEST

START_TEST(test_pan)
{
    const uint64_t has_pan = 1ULL << 20;

    ck_assert_uint_eq(inject_entry_pstate(EL0, 0, 0, has_pan), EL1H | PAN);
    ck_assert_uint_eq(inject_entry_pstate(EL0, SPAN, 0, has_pan), EL1H);
    ck_assert_uint_eq(inject_entry_pstate(EL1H | PAN, SPAN, 0, has_pan), EL1H | PAN); /* stays set */
    ck_assert_uint_eq(inject_entry_pstate(EL0, 0, 0, 0), EL1H);                       /* the CPU has none */
}
END_TEST

START_TEST(test_ssbs)
{
    ck_assert_uint_eq(inject_entry_pstate(EL0, SPAN | DSSBS, 1ULL << 4, 0), EL1H | SSBS);
    ck_assert_uint_eq(inject_entry_pstate(EL0 | SSBS, SPAN, 1ULL << 4, 0), EL1H);
    ck_assert_uint_eq(inject_entry_pstate(EL0, SPAN | DSSBS, 0, 0), EL1H);
}
END_TEST

START_TEST(test_tag_checks)
{
    ck_assert_uint_eq(inject_entry_pstate(EL0, SPAN, 2ULL << 8, 0), EL1H | TCO);
    ck_assert_uint_eq(inject_entry_pstate(EL0, SPAN, 1ULL << 8, 0), EL1H);
}
END_TEST

START_TEST(test_from_aarch32)
{
    const uint64_t thumb_in_it_block = EL0_32 | 1ULL << 5 | 0x3fULL << 10 | 3ULL << 25;

    ck_assert_uint_eq(inject_entry_pstate(thumb_in_it_block | NZCV, SPAN, 0, 0), NZCV | EL1H);
    /* Also in the format of AArch32, which has DIT at 21 only where it goes to AArch32: here that is SS. */
    ck_assert_uint_eq(inject_entry_pstate(EL0_32 | DIT, SPAN, 0, 0), DIT | EL1H);
    ck_assert_uint_eq(inject_entry_pstate(EL0_32 | SS, SPAN, 0, 0), EL1H);
}
END_TEST

START_TEST(test_skip)
{
    regs()->pstate = EL1H | BTYPE;
    trap_skip_instruction(&guest.vcpus[0], 4);
    ck_assert_uint_eq(regs()->pc, RAM_BASE + 4);
    ck_assert_uint_eq(regs()->pstate, EL1H);
}
END_TEST

/* The mask of ITSTATE moves up; the last instruction of the block ends it. Only Thumb code has one. */
START_TEST(test_skip_in_an_it_block)
{
    static const uint8_t states[] = {0x06, 0x0c, 0x18, 0x00, 0x00};
    const uint64_t thumb = EL0_32 | 1u << 5;

    for (unsigned i = 0; i + 1 < ARRAY_SIZE(states); i++) {
        regs()->pstate = thumb | (uint64_t)(states[i] >> 2) << 10 | (uint64_t)(states[i] & 3) << 25;
        trap_skip_instruction(&guest.vcpus[0], 2);
        ck_assert_uint_eq(regs()->pstate,
                          thumb | (uint64_t)(states[i + 1] >> 2) << 10 | (uint64_t)(states[i + 1] & 3) << 25);
    }
    ck_assert_uint_eq(regs()->pc, RAM_BASE + 8);
    regs()->pstate = EL0_32 | 3u << 10;
    trap_skip_instruction(&guest.vcpus[0], 4);
    ck_assert_uint_eq(regs()->pstate, EL0_32 | 3u << 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("inject");
    TCase *all = tcase_create("exceptions");

    tcase_add_checked_fixture(all, guest_setup_one, NULL);
    tcase_add_test(all, test_undefined_from_every_level);
    tcase_add_test(all, test_abort_syndromes);
    tcase_add_test(all, test_flags_stay_and_modes_go);
    tcase_add_test(all, test_pan);
    tcase_add_test(all, test_ssbs);
    tcase_add_test(all, test_tag_checks);
    tcase_add_test(all, test_from_aarch32);
    tcase_add_test(all, test_skip);
    tcase_add_test(all, test_skip_in_an_it_block);
    suite_add_tcase(suite, all);
    return guest_run(suite);
}
