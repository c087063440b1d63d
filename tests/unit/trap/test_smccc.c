/* Workarounds of the CPU that live in the firmware: what guests are told of them, for each firmware that there is. */
#include <string.h>

#include "arch/smc.h"
#include "support/suite.h"
#include "trap/trap.h"
#include "vcpu/vcpu.h"

#define PSCI_VERSION 0x84000000
#define PSCI_FEATURES 0x8400000a
#define VERSION 0x80000000
#define ARCH_FEATURES 0x80000001
#define WORKAROUND_1 0x80008000
#define WORKAROUND_2 0x80007fff
#define WORKAROUND_3 0x80003fff

#define SUCCESS 0
#define NOT_SUPPORTED (-1)
#define NOT_REQUIRED (-2)

/** The firmware: what it is and how often it was asked what. */
static struct {
    int32_t psci, features, smccc, workaround;
    unsigned asked_version, asked_features, called;
} firmware;

static const int32_t modern[] = {0x10001, SUCCESS, 0x10001};

uint64_t arch_smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
    ck_assert_uint_eq(a2, 0);
    ck_assert_uint_eq(a3, 0);
    switch (function) {
    case PSCI_VERSION:
        return (uint32_t)firmware.psci;
    case PSCI_FEATURES:
        ck_assert_uint_eq(a1, VERSION);
        return (uint32_t)firmware.features; /* 32-bit answers: the upper half is not to be relied on */
    case VERSION:
        firmware.asked_version++;
        return (uint32_t)firmware.smccc;
    case ARCH_FEATURES:
        firmware.asked_features++;
        return (uint32_t)firmware.workaround;
    default:
        firmware.called++;
        return SUCCESS;
    }
}

static void set_firmware(const int32_t kind[3], int32_t workaround)
{
    memset(&firmware, 0, sizeof(firmware));
    firmware.psci = kind[0];
    firmware.features = kind[1];
    firmware.smccc = kind[2];
    firmware.workaround = workaround;
}

static int64_t call(uint64_t function, uint64_t argument)
{
    static struct vcpu vcpu;

    vcpu.arch.regs.x[0] = function;
    vcpu.arch.regs.x[1] = argument;
    smccc_call(&vcpu);
    return (int64_t)vcpu.arch.regs.x[0];
}

START_TEST(answers_of_the_firmware_pass)
{
    static const int32_t answers[] = {SUCCESS, 1, NOT_SUPPORTED};

    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        set_firmware(modern, answers[i]);
        ck_assert_int_eq(call(ARCH_FEATURES, WORKAROUND_1), answers[i]);
        ck_assert_int_eq(call(ARCH_FEATURES, WORKAROUND_3), answers[i]);
    }
}
END_TEST

/** The switch of workaround 2 acts on the CPU: a guest is never told to turn it. */
START_TEST(nobody_turns_the_cpus_switch)
{
    static const int32_t cases[][2] = {
        {SUCCESS, NOT_REQUIRED}, {1, 1}, {NOT_REQUIRED, NOT_REQUIRED}, {NOT_SUPPORTED, NOT_SUPPORTED}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        set_firmware(modern, cases[i][0]);
        ck_assert_int_eq(call(ARCH_FEATURES, WORKAROUND_2), cases[i][1]);
    }
    ck_assert_int_eq(call(WORKAROUND_2, 1), NOT_SUPPORTED);
    ck_assert_uint_eq(firmware.called, 0);
}
END_TEST

START_TEST(workarounds_are_carried_out)
{
    set_firmware(modern, SUCCESS);
    ck_assert_int_eq(call(WORKAROUND_1, 0), SUCCESS);
    ck_assert_int_eq(call(WORKAROUND_3, 0), SUCCESS);
    ck_assert_uint_eq(firmware.called, 2);
}
END_TEST

/** A firmware too old to know a question may crash on it. */
START_TEST(old_firmware_is_not_asked)
{
    static const int32_t old[][3] = {{0x2, SUCCESS, 0x10001}, {0x10000, NOT_SUPPORTED, 0x10001}};
    static const int32_t smccc_1_0[] = {0x10001, SUCCESS, 0x10000};

    for (size_t i = 0; i < ARRAY_SIZE(old); i++) {
        set_firmware(old[i], SUCCESS);
        ck_assert_int_eq(call(ARCH_FEATURES, WORKAROUND_1), NOT_SUPPORTED);
        ck_assert_uint_eq(firmware.asked_version, 0);
        ck_assert_uint_eq(firmware.asked_features, 0);
    }
    set_firmware(smccc_1_0, SUCCESS);
    ck_assert_int_eq(call(ARCH_FEATURES, WORKAROUND_1), NOT_SUPPORTED);
    ck_assert_uint_eq(firmware.asked_features, 0);
}
END_TEST

START_TEST(nothing_else_reaches_the_firmware)
{
    static const uint64_t functions[] = {0x80000002, 0x80007ffe, 0x82000000, 0xc2000001, 0xb2000000, 0xbf00ff01, 3};

    set_firmware(modern, SUCCESS);
    for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
        ck_assert_int_eq(call(functions[i], 0), NOT_SUPPORTED);
    ck_assert_uint_eq(firmware.called, 0);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, answers_of_the_firmware_pass);
    tcase_add_test(tests, nobody_turns_the_cpus_switch);
    tcase_add_test(tests, workarounds_are_carried_out);
    tcase_add_test(tests, old_firmware_is_not_asked);
    tcase_add_test(tests, nothing_else_reaches_the_firmware);
}

int main(void)
{
    return suite_run("smccc", add_tests, NULL);
}
