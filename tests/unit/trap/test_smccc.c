// SPDX-License-Identifier: Apache-2.0
/* What guests are told of firmware's workarounds, with firmware of several ages. */
#include "guest.h"

#include "arch/smc.h"

#define NOT_SUPPORTED UINT64_MAX
#define DEN_PSCI_VERSION 0x84000000u
#define DEN_PSCI_FEATURES 0x8400000au
#define DEN_SMCCC_VERSION 0x80000000u
#define ARCH_FEATURES 0x80000001u
#define WORKAROUND_1 0x80008000u
#define WORKAROUND_2 0x80007fffu
#define WORKAROUND_3 0x80003fffu

/** Firmware: it stands in for the simulator's. */
static struct firmware {
    uint64_t psci, smccc;    /* versions */
    bool knows_smccc;        /* DEN_PSCI_FEATURES says that there is DEN_SMCCC_VERSION */
    int64_t workarounds[3];  /* what ARCH_FEATURES says of WORKAROUND_1 to 3 */
    unsigned asked, applied; /* calls of ARCH_FEATURES, of a workaround */
    uint64_t last;
} firmware;

static unsigned index_of(uint64_t function)
{
    return function == WORKAROUND_1 ? 0 : function == WORKAROUND_2 ? 1 : 2;
}

static uint64_t answer(uint64_t function, uint64_t a1)
{
    switch (function) {
    case DEN_PSCI_VERSION:
        return firmware.psci;
    case DEN_PSCI_FEATURES:
        ck_assert_uint_ge(firmware.psci, 0x10000); /* PSCI 0.2 does not have the question */
        return a1 == DEN_SMCCC_VERSION && firmware.knows_smccc ? 0 : NOT_SUPPORTED;
    case DEN_SMCCC_VERSION:
        ck_assert(firmware.knows_smccc);
        return firmware.smccc;
    case ARCH_FEATURES:
        ck_assert_uint_ge(firmware.smccc, 0x10001);
        firmware.asked++;
        return (uint64_t)firmware.workarounds[index_of(a1)];
    default:
        firmware.applied++;
        firmware.last = function;
        return 0;
    }
}

/* All are 32-bit calls: the upper half of x0 says nothing, and firmware may leave anything there. */
uint64_t arch_smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
    (void)a2;
    (void)a3;
    return (uint32_t)answer(function, a1) | 0xa5a5a5a500000000;
}

static void setup(void)
{
    guest_setup(1);
    firmware = (struct firmware){.psci = 0x10001, .smccc = 0x10002, .knows_smccc = true};
}

static int64_t call(uint64_t function, uint64_t x1)
{
    regs()->x[0] = function;
    regs()->x[1] = x1;
    trap(0x5a000000);
    return (int64_t)regs()->x[0];
}

START_TEST(test_answers_are_passed_on)
{
    static const int64_t answers[] = {0, 1, -1, -2};

    for (unsigned i = 0; i < ARRAY_SIZE(answers); i++) {
        for (unsigned n = 0; n < 3; n++)
            firmware.workarounds[n] = answers[i];
        ck_assert_int_eq(call(ARCH_FEATURES, WORKAROUND_1), answers[i]);
        ck_assert_int_eq(call(ARCH_FEATURES, WORKAROUND_3), answers[i]);
        /* a switch that would act on the CPU: stays on, so the guest need not care */
        ck_assert_int_eq(call(ARCH_FEATURES, WORKAROUND_2), answers[i] == 0 ? -2 : answers[i]);
    }
    ck_assert_uint_eq(firmware.asked, 12);
}
END_TEST

START_TEST(test_firmware_that_is_too_old)
{
    firmware.psci = 2; /* 0.2 */
    ck_assert_int_eq(call(ARCH_FEATURES, WORKAROUND_1), -1);
    firmware.psci = 0x10000;
    firmware.knows_smccc = false;
    ck_assert_int_eq(call(ARCH_FEATURES, WORKAROUND_1), -1);
    firmware.knows_smccc = true;
    firmware.smccc = 0x10000;
    ck_assert_int_eq(call(ARCH_FEATURES, WORKAROUND_1), -1);
    firmware.psci = NOT_SUPPORTED; /* none at all */
    ck_assert_int_eq(call(ARCH_FEATURES, WORKAROUND_1), -1);
    ck_assert_uint_eq(firmware.asked, 0);
}
END_TEST

START_TEST(test_workarounds_are_applied_by_firmware)
{
    call(WORKAROUND_1, 0);
    ck_assert_uint_eq(firmware.last, WORKAROUND_1);
    call(WORKAROUND_3, 0);
    ck_assert_uint_eq(firmware.last, WORKAROUND_3);
    ck_assert_int_eq(call(WORKAROUND_2, 0), -1); /* would turn it off for others too */
    ck_assert_uint_eq(firmware.applied, 2);
}
END_TEST

START_TEST(test_nothing_else_reaches_firmware)
{
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t function = (uint64_t)i * 42949; /* the whole range in steps */
        if (function == WORKAROUND_1 || function == WORKAROUND_3 || (function & 0xbfffffe0) == 0x84000000)
            continue;
        call(function, 0);
    }
    ck_assert_uint_eq(firmware.applied, 0);
    ck_assert_uint_eq(guest.domain.state, DOMAIN_RUNNING);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("smccc");
    TCase *all = tcase_create("firmware");

    tcase_add_checked_fixture(all, setup, NULL);
    tcase_add_test(all, test_answers_are_passed_on);
    tcase_add_test(all, test_firmware_that_is_too_old);
    tcase_add_test(all, test_workarounds_are_applied_by_firmware);
    tcase_add_test(all, test_nothing_else_reaches_firmware);
    suite_add_tcase(suite, all);
    return guest_run(suite);
}
