// SPDX-License-Identifier: Apache-2.0
/* Every PSCI function by each of its numbers (DEN0022 5.2), from a guest whose RAM lies in two banks, the second above
 * 4 GiB: what a 32-bit call cannot name it does not get, and what a 64-bit call names whole it does. */
#include "guest.h"

#include "trap/psci.h"

#define HVC 0x5a000000ULL
#define HIGH_BASE 0x200000000ULL
#define LOW_ENTRY (RAM_BASE + 0x10000)
#define HIGH_ENTRY (HIGH_BASE + 0x10000)
#define RUBBISH 0xdeadbeef00000000ULL

#define NOT_SUPPORTED (-1)
#define INVALID_PARAMETERS (-2)
#define INVALID_ADDRESS (-9)

static void setup(void)
{
    guest_setup(4);
    guest.plan.guest_ram[1] = (struct region){HIGH_BASE, HIGH_BASE + RAM_SIZE};
}

static int64_t call(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
    struct vcpu_regs *caller = regs();

    caller->x[0] = function;
    caller->x[1] = x1;
    caller->x[2] = x2;
    caller->x[3] = x3;
    trap_handle(&guest.vcpus[0], &(struct arch_exit){.reason = ARCH_EXIT_SYNC, .esr = HVC});
    return (int64_t)caller->x[0];
}

static uint64_t number(unsigned function, bool wide)
{
    return (wide ? 0xc4000000 : 0x84000000) | function;
}

/* Functions of PSCI 1.1 by their numbers; the others are optional, and not there. */
static const struct {
    unsigned function;
    bool wide; /* has an SMC64 number too */
} offered[] = {
    {0x00, false}, {0x01, true},  {0x02, false}, {0x03, true},  {0x04, true},
    {0x06, false}, {0x08, false}, {0x09, false}, {0x0a, false}, {0x12, true},
};

static bool is_offered(unsigned function, bool wide)
{
    for (unsigned i = 0; i < ARRAY_SIZE(offered); i++)
        if (offered[i].function == function)
            return !wide || offered[i].wide;
    return false;
}

START_TEST(test_features_by_each_number)
{
    for (unsigned wide = 0; wide <= 1; wide++) {
        for (unsigned function = 0; function < 0x40; function++) {
            int64_t answer = call(number(0x0a, false), number(function, wide), 0, 0);

            ck_assert_int_eq(answer, is_offered(function, wide) ? 0 : NOT_SUPPORTED);
            ck_assert_int_eq(call(number(0x0a, false), RUBBISH | number(function, wide), 0, 0), answer);
        }
    }
}
END_TEST

/* What is not offered is not done either. */
START_TEST(test_calls_by_each_number)
{
    for (unsigned wide = 0; wide <= 1; wide++) {
        for (unsigned function = 0; function < 0x40; function++) {
            if (is_offered(function, wide))
                continue;
            setup();
            ck_assert_int_eq(call(number(function, wide), 1, LOW_ENTRY, 0), NOT_SUPPORTED);
            ck_assert_int_eq(call(RUBBISH | number(function, wide), 1, LOW_ENTRY, 0), NOT_SUPPORTED);
            ck_assert_uint_eq(guest.domain.state, DOMAIN_RUNNING);
            ck_assert_uint_eq(guest.vcpus[0].state, VCPU_READY);
            ck_assert(!vcpu_power_requested(&guest.vcpus[1]));
        }
    }
}
END_TEST

static void check_start(uint64_t function, uint64_t mpidr, uint64_t entry, uint64_t context, uint64_t pc, uint64_t x0)
{
    setup();
    ck_assert_int_eq(call(function, mpidr, entry, context), 0);
    ck_assert(vcpu_power_requested(&guest.vcpus[3]));
    vcpu_power_take_up(&guest.vcpus[3]);
    ck_assert_uint_eq(guest.vcpus[3].arch.regs.pc, pc);
    ck_assert_uint_eq(guest.vcpus[3].arch.regs.x[0], x0);
}

static void check_no_start(uint64_t function, uint64_t mpidr, uint64_t entry, int64_t answer)
{
    setup();
    ck_assert_int_eq(call(function, mpidr, entry, 0), answer);
    for (unsigned i = 1; i < 4; i++)
        ck_assert(!vcpu_power_requested(&guest.vcpus[i]));
}

START_TEST(test_cpu_on)
{
    const uint64_t narrow = number(3, false), wide = number(3, true);

    check_start(wide, 3, LOW_ENTRY, RUBBISH | 7, LOW_ENTRY, RUBBISH | 7);
    check_start(wide, 3, HIGH_ENTRY, 7, HIGH_ENTRY, 7);
    check_start(RUBBISH | wide, 3, HIGH_BASE, 7, HIGH_BASE, 7);
    check_start(wide, 3, HIGH_BASE + RAM_SIZE - 4, 7, HIGH_BASE + RAM_SIZE - 4, 7);
    check_no_start(wide, 3, HIGH_BASE - 4, INVALID_ADDRESS);
    check_no_start(wide, 3, HIGH_BASE + RAM_SIZE, INVALID_ADDRESS);
    check_no_start(wide, 3, RAM_BASE + RAM_SIZE, INVALID_ADDRESS);
    check_no_start(wide, 3, RUBBISH | LOW_ENTRY, INVALID_ADDRESS);
    check_no_start(wide, RUBBISH | 3, LOW_ENTRY, INVALID_PARAMETERS);
    check_start(narrow, RUBBISH | 3, RUBBISH | LOW_ENTRY, RUBBISH | 7, LOW_ENTRY, 7);
    check_no_start(narrow, 3, HIGH_ENTRY, INVALID_ADDRESS); /* cut: 0x10000 is nobody's */
}
END_TEST

START_TEST(test_cpu_suspend)
{
    /* Type 1 takes an entry point; a guest that comes back from type 0 goes on behind the call. */
    for (unsigned wide = 0; wide <= 1; wide++) {
        setup();
        ck_assert_int_eq(call(number(1, wide), wide ? 0 : RUBBISH, wide ? HIGH_ENTRY : RUBBISH, 0), 0);
        ck_assert_uint_eq(guest.domain.state, DOMAIN_RUNNING);
    }
}
END_TEST

START_TEST(test_affinity_info)
{
    ck_assert_int_eq(call(number(4, true), 0, 0, 0), 0);
    ck_assert_int_eq(call(number(4, true), 3, 0, 0), 1);
    ck_assert_int_eq(call(number(4, true), RUBBISH | 3, 0, 0), INVALID_PARAMETERS);
    ck_assert_int_eq(call(number(4, true), 3, RUBBISH, 0), INVALID_PARAMETERS);
    ck_assert_int_eq(call(number(4, false), RUBBISH | 3, RUBBISH, 0), 1);
    ck_assert_int_eq(call(number(4, false), RUBBISH, RUBBISH, 0), 0);
}
END_TEST

/* Type 0, whatever lies above the 32 bits of a type; others are refused, and the domain goes on. */
START_TEST(test_system_reset2)
{
    for (unsigned wide = 0; wide <= 1; wide++) {
        setup();
        ck_assert_int_eq(call(number(0x12, wide), RUBBISH | 1, 0, 0), INVALID_PARAMETERS);
        ck_assert_int_eq(call(number(0x12, wide), RUBBISH | 0x80000000, 0, 0), INVALID_PARAMETERS);
        ck_assert_uint_eq(guest.domain.state, DOMAIN_RUNNING);
        call(number(0x12, wide), RUBBISH, RUBBISH, 0);
        ck_assert_uint_ne(guest.domain.state, DOMAIN_RUNNING);
        ck_assert_uint_eq(guest.domain.restarts, 1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("PSCI numbers");
    TCase *tcase = tcase_create("numbers");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_features_by_each_number);
    tcase_add_test(tcase, test_calls_by_each_number);
    tcase_add_test(tcase, test_cpu_on);
    tcase_add_test(tcase, test_cpu_suspend);
    tcase_add_test(tcase, test_affinity_info);
    tcase_add_test(tcase, test_system_reset2);
    suite_add_tcase(suite, tcase);
    return guest_run(suite);
}
