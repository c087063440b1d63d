// SPDX-License-Identifier: Apache-2.0
/* PSCI and SMCCC as a guest sees them, with one vCPU and with several. */
#include "guest.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "trap/psci.h"

#define HVC 0x5a000000ULL
#define SMC 0x5e000000ULL
#define ENTRY (RAM_BASE + 0x10000)

#define PSCI(number) (0x84000000u | (number))
#define PSCI64(number) (0xc4000000u | (number))

#define NOT_SUPPORTED (-1)
#define INVALID_PARAMETERS (-2)
#define ALREADY_ON (-4)
#define ON_PENDING (-5)
#define INVALID_ADDRESS (-9)

static int64_t call_from(unsigned vcpu, uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
    struct vcpu_regs *caller = &guest.vcpus[vcpu].arch.regs;

    caller->x[0] = function;
    caller->x[1] = x1;
    caller->x[2] = x2;
    caller->x[3] = x3;
    trap_handle(&guest.vcpus[vcpu], &(struct arch_exit){.reason = ARCH_EXIT_SYNC, .esr = HVC});
    return (int64_t)caller->x[0];
}

static int64_t call(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
    return call_from(0, function, x1, x2, x3);
}

static void setup_four(void)
{
    guest_setup(4);
}

START_TEST(test_versions)
{
    ck_assert_int_eq(call(PSCI(0), 0, 0, 0), 0x10001);
    ck_assert_int_eq(call(0x80000000, 0, 0, 0), 0x10001);
    ck_assert_int_eq(call(PSCI(6), 0, 0, 0), 2);
    ck_assert_int_eq(call(0xffffffff84000000, 0, 0, 0), 0x10001); /* only w0 names the function */
}
END_TEST

START_TEST(test_registers_are_preserved)
{
    for (unsigned i = 4; i < 31; i++)
        regs()->x[i] = i;
    call(PSCI(0), 1, 2, 3);
    call(0xdeadbeef, 1, 2, 3);
    for (unsigned i = 1; i < 31; i++)
        ck_assert_uint_eq(regs()->x[i], i);
}
END_TEST

START_TEST(test_features)
{
    static const uint32_t there[] = {PSCI(0), PSCI(1), PSCI64(1), PSCI(2),  PSCI(3),  PSCI64(3),  PSCI(4),   PSCI64(4),
                                     PSCI(6), PSCI(8), PSCI(9),   PSCI(10), PSCI(18), PSCI64(18), 0x80000000};

    for (uint32_t function = 0x83fffff0; function < 0x84000040; function++)
        for (uint32_t wide = 0; wide < 2; wide++) {
            int64_t expected = NOT_SUPPORTED;
            for (unsigned i = 0; i < ARRAY_SIZE(there); i++)
                if (there[i] == (function | wide << 30))
                    expected = 0;
            ck_assert_int_eq(call(PSCI(10), function | wide << 30, 0, 0), expected);
        }
    ck_assert_int_eq(call(PSCI(10), 0x80000000, 0, 0), 0);
    ck_assert_int_eq(call(PSCI(10), 1, 0, 0), NOT_SUPPORTED);
}
END_TEST

START_TEST(test_unknown_functions)
{
    static const uint32_t unknown[] = {PSCI(5),    PSCI(7),    PSCI(14),   PSCI64(0),  PSCI64(2),
                                       PSCI(0x20), 0x84000050, 0x8600ff01, 0x80000002, 0x82000000,
                                       0xc5000000, 0x00000000, 0x00000003, 0x7fffffff};

    for (unsigned i = 0; i < ARRAY_SIZE(unknown); i++)
        ck_assert_int_eq(call(unknown[i], 0, 0, 0), NOT_SUPPORTED);
    ck_assert_uint_eq(guest.screen_length, 0);
}
END_TEST

START_TEST(test_architecture_features)
{
    ck_assert_int_eq(call(0x80000001, 0x80000000, 0, 0), 0);
    ck_assert_int_eq(call(0x80000001, 0x80000001, 0, 0), 0);
    ck_assert_int_eq(call(0x80000001, 0x80000002, 0, 0), NOT_SUPPORTED);
    /* no firmware here: nothing is known of the workarounds */
    ck_assert_int_eq(call(0x80000001, 0x80008000, 0, 0), NOT_SUPPORTED);
    ck_assert_int_eq(call(0x80000001, 0x80007fff, 0, 0), NOT_SUPPORTED);
    ck_assert_int_eq(call(0x80000001, 0x80003fff, 0, 0), NOT_SUPPORTED);
    ck_assert_int_eq(call(0x80008000, 0, 0, 0), NOT_SUPPORTED);
    ck_assert_int_eq(call(0x80007fff, 1, 0, 0), NOT_SUPPORTED);
}
END_TEST

START_TEST(test_system_off)
{
    call(PSCI(8), 0, 0, 0);
    ck_assert_uint_eq(guest.domain.state, DOMAIN_OFF);
    ck_assert_ptr_nonnull(strstr(screen(), "domU1: off: powered off"));
}
END_TEST

START_TEST(test_system_off_by_smc)
{
    regs()->x[0] = PSCI(8);
    trap(SMC);
    ck_assert_uint_eq(guest.domain.state, DOMAIN_OFF);
}
END_TEST

START_TEST(test_system_reset)
{
    static const uint32_t resets[] = {PSCI(9), PSCI(18), PSCI64(18)};

    for (unsigned i = 0; i < ARRAY_SIZE(resets); i++) {
        guest_setup(1);
        call(resets[i], 0, 0, 0);
        ck_assert_uint_eq(guest.domain.restarts, 1);
        ck_assert_uint_ne(guest.domain.state, DOMAIN_RUNNING);
        ck_assert(cpu_table[0].reschedule);
    }
    guest_setup(1);
    ck_assert_int_eq(call(PSCI(18), 1, 0, 0), INVALID_PARAMETERS);
    ck_assert_int_eq(call(PSCI(18), 0x80000000, 0, 0), INVALID_PARAMETERS);
    ck_assert_uint_eq(guest.domain.state, DOMAIN_RUNNING);
}
END_TEST

START_TEST(test_cpu_suspend)
{
    ck_assert_int_eq(call(PSCI(1), 0, 0, 0), 0);
    ck_assert_uint_eq(guest.vcpus[0].state, VCPU_WAITING);
    guest.vcpus[0].state = VCPU_READY;
    ck_assert_int_eq(call(PSCI64(1), 1 << 16, ENTRY, 5), 0); /* power-down, answered by standby */
    ck_assert_uint_eq(guest.vcpus[0].state, VCPU_WAITING);
    guest.vcpus[0].state = VCPU_READY;
    ck_assert_int_eq(call(PSCI(1), 1u << 31, 0, 0), INVALID_PARAMETERS);
    ck_assert_uint_eq(guest.vcpus[0].state, VCPU_READY);
}
END_TEST

START_TEST(test_last_cpu_off)
{
    call(PSCI(2), 0, 0, 0);
    ck_assert_uint_eq(guest.vcpus[0].state, VCPU_OFF);
    ck_assert_uint_eq(guest.domain.state, DOMAIN_OFF);
    ck_assert_ptr_nonnull(strstr(screen(), "all its vCPUs"));
}
END_TEST

START_TEST(test_cpu_on)
{
    ck_assert_int_eq(call(PSCI64(4), 2, 0, 0), 1);
    ck_assert_int_eq(call(PSCI64(3), 2, ENTRY, 0x1122334455667788), 0);
    ck_assert_uint_eq(guest.vcpus[2].wake, 1);
    /* On from here, and granted once, however late its own CPU takes it up. */
    ck_assert_int_eq(call(PSCI64(4), 2, 0, 0), 0);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(call_from(i, PSCI64(3), 2, ENTRY + 4, 9), ALREADY_ON);
    ck_assert_uint_eq(guest.vcpus[2].state, VCPU_READY);
    ck_assert(vcpu_power_requested(&guest.vcpus[2]));
    ck_assert(!vcpu_power_requested(&guest.vcpus[3]));
    vcpu_power_take_up(&guest.vcpus[2]);
    ck_assert(!vcpu_power_requested(&guest.vcpus[2]));
    ck_assert_uint_eq(guest.vcpus[2].state, VCPU_READY);
    ck_assert_uint_eq(guest.vcpus[2].arch.regs.pc, ENTRY);
    ck_assert_uint_eq(guest.vcpus[2].arch.regs.x[0], 0x1122334455667788);
    ck_assert_int_eq(call(PSCI64(4), 2, 0, 0), 0);
    ck_assert_int_eq(call(PSCI64(3), 2, ENTRY, 0), ALREADY_ON);
    ck_assert_int_eq(call(PSCI64(3), 0, ENTRY, 0), ALREADY_ON); /* oneself */
}
END_TEST

START_TEST(test_cpu_on_arguments)
{
    ck_assert_int_eq(call(PSCI64(3), 4, ENTRY, 0), INVALID_PARAMETERS);
    ck_assert_int_eq(call(PSCI64(3), 0x100, ENTRY, 0), INVALID_PARAMETERS);
    ck_assert_int_eq(call(PSCI64(3), 1ULL << 31 | 1, ENTRY, 0),
                     INVALID_PARAMETERS); /* as in MPIDR_EL1: not an affinity */
    ck_assert_int_eq(call(PSCI64(3), 1ULL << 32 | 1, ENTRY, 0), INVALID_PARAMETERS);
    ck_assert_int_eq(call(PSCI64(3), 1, DEVICE, 0), INVALID_ADDRESS);
    ck_assert_int_eq(call(PSCI64(3), 1, RAM_BASE + RAM_SIZE, 0), INVALID_ADDRESS);
    ck_assert_int_eq(call(PSCI64(3), 1, ENTRY + 2, 0), INVALID_ADDRESS);
    for (unsigned i = 1; i < 4; i++)
        ck_assert(!vcpu_power_requested(&guest.vcpus[i]));
    /* SMC32: the upper halves are not part of the arguments */
    ck_assert_int_eq(call(PSCI(3), 0xffffffff00000001, 0xffffffff00000000 | ENTRY, 0xffffffff00000007), 0);
    vcpu_power_take_up(&guest.vcpus[1]);
    ck_assert_uint_eq(guest.vcpus[1].arch.regs.pc, ENTRY);
    ck_assert_uint_eq(guest.vcpus[1].arch.regs.x[0], 7);
}
END_TEST

START_TEST(test_cpu_off_and_on_again)
{
    call(PSCI64(3), 1, ENTRY, 1);
    vcpu_power_take_up(&guest.vcpus[1]);
    guest.vcpus[1].arch.regs.x[5] = 99;
    call_from(1, PSCI(2), 0, 0, 0);
    ck_assert_uint_eq(guest.vcpus[1].state, VCPU_OFF);
    ck_assert_uint_eq(guest.domain.state, DOMAIN_RUNNING); /* vCPU 0 is on */
    ck_assert_int_eq(call(PSCI64(4), 1, 0, 0), 1);
    ck_assert_int_eq(call(PSCI64(3), 1, ENTRY + 8, 2), 0);
    vcpu_power_take_up(&guest.vcpus[1]);
    ck_assert_uint_eq(guest.vcpus[1].arch.regs.pc, ENTRY + 8);
    ck_assert_uint_eq(guest.vcpus[1].arch.regs.x[0], 2);
    ck_assert_uint_eq(guest.vcpus[1].arch.regs.x[5], 0); /* reset state */
}
END_TEST

START_TEST(test_last_off_with_a_start_pending)
{
    call(PSCI64(3), 3, ENTRY, 0);
    call(PSCI(2), 0, 0, 0);
    ck_assert_uint_eq(guest.domain.state, DOMAIN_RUNNING); /* vCPU 3 is about to come */
    vcpu_power_take_up(&guest.vcpus[3]);
    call_from(3, PSCI(2), 0, 0, 0);
    ck_assert_uint_eq(guest.domain.state, DOMAIN_OFF);
}
END_TEST

START_TEST(test_affinity_levels)
{
    guest.vcpus[2].arch.vmpidr = 0x80000100;
    guest.vcpus[3].arch.vmpidr = 0x80000101;
    ck_assert_int_eq(call(PSCI64(4), 0x000, 1, 0), 0); /* vCPU 0 is on */
    ck_assert_int_eq(call(PSCI64(4), 0x100, 1, 0), 1);
    ck_assert_int_eq(call(PSCI64(3), 0x101, ENTRY, 0), 0);
    ck_assert_int_eq(call(PSCI64(4), 0x100, 1, 0), 0);
    ck_assert_int_eq(call(PSCI64(4), 0x100, 0, 0), 1);
    ck_assert_int_eq(call(PSCI64(4), 0x1ff, 1, 0), 0); /* the lower field does not count */
    ck_assert_int_eq(call(PSCI64(4), 0x200, 1, 0), INVALID_PARAMETERS);
    vcpu_power_take_up(&guest.vcpus[3]);
    call_from(3, PSCI(2), 0, 0, 0);
    ck_assert_int_eq(call(PSCI64(4), 0x100, 1, 0), 1);
    guest.vcpus[2].on_request.state = VCPU_REQUEST_CLAIMED; /* the other one of the group is about to be turned on */
    ck_assert_int_eq(call(PSCI64(4), 0x100, 1, 0), 2);
    guest.vcpus[2].on_request.state = VCPU_NO_REQUEST;
    ck_assert_int_eq(call(PSCI64(3), 0x100, ENTRY, 0), 0);
    ck_assert_int_eq(call(PSCI64(4), 0x100, 1, 0), 0);
    ck_assert_int_eq(call(PSCI64(4), 0, 2, 0), 0);
    ck_assert_int_eq(call(PSCI64(4), 0, 3, 0), 0);
    ck_assert_int_eq(call(PSCI64(4), 0, 4, 0), INVALID_PARAMETERS);
    ck_assert_int_eq(call(PSCI64(4), 1ULL << 24, 0, 0), INVALID_PARAMETERS);
}
END_TEST

START_TEST(test_claimed_by_another)
{
    guest.vcpus[2].on_request.state = VCPU_REQUEST_CLAIMED; /* another vCPU is about to fill it in */
    ck_assert_int_eq(call(PSCI64(3), 2, ENTRY, 0), ON_PENDING);
    ck_assert_int_eq(call(PSCI64(4), 2, 0, 0), 2);
    ck_assert(!vcpu_power_requested(&guest.vcpus[2])); /* nothing to start from yet */
    call(PSCI(2), 0, 0, 0);
    ck_assert_uint_eq(guest.domain.state, DOMAIN_RUNNING);
}
END_TEST

/* The claim is lost to one who finds that the vCPU is on, or to one whose request is granted by now. */
START_TEST(test_claimed_and_on)
{
    guest.vcpus[2].on_request.state = VCPU_REQUEST_CLAIMED;
    guest.vcpus[2].state = VCPU_WAITING;
    ck_assert_int_eq(call(PSCI64(3), 2, ENTRY, 0), ALREADY_ON);
    ck_assert_uint_eq(guest.vcpus[2].on_request.state, VCPU_REQUEST_CLAIMED);
    guest.vcpus[3].on_request.state = VCPU_REQUESTED; /* the state follows */
    ck_assert_int_eq(call(PSCI64(3), 3, ENTRY, 0), ALREADY_ON);
    ck_assert_uint_eq(guest.vcpus[3].state, VCPU_OFF);
}
END_TEST

/* It runs on the caller's own CPU: who is off must not go on in the guest, even if another one turns it on at once. */
START_TEST(test_off_leaves_the_guest)
{
    cpu_table[0].reschedule = false;
    call(PSCI64(3), 1, ENTRY, 0);
    cpu_table[0].reschedule = false;
    vcpu_power_take_up(&guest.vcpus[1]);
    call_from(1, PSCI(2), 0, 0, 0);
    ck_assert(cpu_table[0].reschedule);
}
END_TEST

START_TEST(test_psci_0_1)
{
    ck_assert_int_eq(call(2, 1, ENTRY, 7), 0);
    vcpu_power_take_up(&guest.vcpus[1]);
    ck_assert_uint_eq(guest.vcpus[1].arch.regs.x[0], 7);
    call_from(1, 1, 0, 0, 0);
    ck_assert_uint_eq(guest.vcpus[1].state, VCPU_OFF);
}
END_TEST

/* Random calls from all vCPUs: on and off go round as the model says, and never two starts for one request. */
START_TEST(test_random_calls)
{
    bool on[4] = {true}, requested[4] = {false};

    srand((unsigned)_i);
    for (unsigned step = 0; step < 5000; step++) {
        unsigned caller = (unsigned)rand() % 4, target = (unsigned)rand() % 4;
        ck_assert_int_eq(vcpu_power_requested(&guest.vcpus[caller]), requested[caller]);
        if (requested[caller]) {
            vcpu_power_take_up(&guest.vcpus[caller]);
            ck_assert_uint_eq(guest.vcpus[caller].arch.regs.x[0], caller + 100);
            requested[caller] = false;
        }
        if (!on[caller])
            continue;
        unsigned alive = 0;
        for (unsigned i = 0; i < 4; i++)
            alive += on[i];
        switch (rand() % 3) {
        case 0:
            ck_assert_int_eq(call_from(caller, PSCI64(3), target, ENTRY, target + 100), on[target] ? ALREADY_ON : 0);
            requested[target] |= !on[target];
            on[target] = true;
            break;
        case 1:
            ck_assert_int_eq(call_from(caller, PSCI64(4), target, 0, 0), on[target] ? 0 : 1);
            break;
        default:
            if (alive > 1) {
                call_from(caller, PSCI(2), 0, 0, 0);
                on[caller] = false;
            }
            break;
        }
        ck_assert_uint_eq(guest.domain.state, DOMAIN_RUNNING);
    }
}
END_TEST

#define RACE_CLOCKS (CLOCKS_PER_SEC / 4) /* processor time that a race may take */
#define RACE_ENDS UINT32_MAX

/** Two vCPUs, each on a thread of its own, call at the same time: they spin, so that they start within nanoseconds. */
static struct race {
    uint32_t round, arrived;
    uint64_t function;
    int64_t answers[2];
} race;

static void await(const uint32_t *word, uint32_t value)
{
    for (unsigned spins = 0; load_acquire(word) != value; spins++)
        if (load_acquire(&race.round) == RACE_ENDS)
            return;
        else if (spins % 256 == 255)
            sched_yield();
}

static void compete(unsigned vcpu, uint32_t round)
{
    for (volatile unsigned delay = vcpu == 0 ? round % 64 : 32; delay > 0; delay--)
        ;
    race.answers[vcpu] = call_from(vcpu, race.function, 3, ENTRY + 4 * vcpu, vcpu);
}

static void *competitor(void *unused)
{
    (void)unused;
    for (uint32_t round = 1;; round++) {
        await(&race.round, round);
        if (load_acquire(&race.round) == RACE_ENDS)
            return NULL;
        compete(1, round);
        store_release(&race.arrived, round);
    }
}

static void run_race(uint64_t function, void (*prepare)(void), void (*check)(void))
{
    pthread_t other;
    clock_t end = clock() + RACE_CLOCKS;

    race = (struct race){.function = function};
    ck_assert_int_eq(pthread_create(&other, NULL, competitor, NULL), 0);
    for (uint32_t round = 1; clock() < end; round++) {
        prepare();
        store_release(&race.round, round);
        compete(0, round);
        await(&race.arrived, round);
        check();
    }
    store_release(&race.round, RACE_ENDS);
    pthread_join(other, NULL);
}

static void target_is_off(void)
{
    if (vcpu_power_requested(&guest.vcpus[3]))
        vcpu_power_take_up(&guest.vcpus[3]);
    call_from(3, PSCI(2), 0, 0, 0);
}

static void one_has_won(void)
{
    unsigned winners = 0;

    for (unsigned i = 0; i < 2; i++) {
        /* A thread may be stopped while it has the claim: only then the other one does not know. */
        ck_assert(race.answers[i] == 0 || race.answers[i] == ALREADY_ON || race.answers[i] == ON_PENDING);
        if (race.answers[i] != 0)
            continue;
        winners++;
        ck_assert_uint_eq(guest.vcpus[3].on_request.entry, ENTRY + 4 * i);
        ck_assert_uint_eq(guest.vcpus[3].on_request.context, i);
    }
    ck_assert_uint_eq(winners, 1);
}

/* Two vCPUs turn on the same one: one of them wins, and the entry is the winner's. */
START_TEST(test_one_winner)
{
    run_race(PSCI64(3), target_is_off, one_has_won);
}
END_TEST

static void two_are_on(void)
{
    guest.domain.state = DOMAIN_RUNNING;
    guest.vcpus[0].state = guest.vcpus[1].state = VCPU_READY;
    guest.screen_length = 0;
}

static void domain_is_off(void)
{
    ck_assert_uint_eq(guest.domain.state, DOMAIN_OFF);
}

/* The last two go off at the same time: at least one of them sees that it was the last. */
START_TEST(test_last_two_off_at_once)
{
    run_race(PSCI(2), two_are_on, domain_is_off);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("psci");
    TCase *one = tcase_create("one vCPU");
    TCase *four = tcase_create("four vCPUs");

    tcase_add_checked_fixture(one, guest_setup_one, NULL);
    tcase_add_test(one, test_versions);
    tcase_add_test(one, test_registers_are_preserved);
    tcase_add_test(one, test_features);
    tcase_add_test(one, test_unknown_functions);
    tcase_add_test(one, test_architecture_features);
    tcase_add_test(one, test_system_off);
    tcase_add_test(one, test_system_off_by_smc);
    tcase_add_test(one, test_system_reset);
    tcase_add_test(one, test_cpu_suspend);
    tcase_add_test(one, test_last_cpu_off);
    tcase_add_checked_fixture(four, setup_four, NULL);
    tcase_add_test(four, test_cpu_on);
    tcase_add_test(four, test_cpu_on_arguments);
    tcase_add_test(four, test_cpu_off_and_on_again);
    tcase_add_test(four, test_last_off_with_a_start_pending);
    tcase_add_test(four, test_affinity_levels);
    tcase_add_test(four, test_claimed_by_another);
    tcase_add_test(four, test_claimed_and_on);
    tcase_add_test(four, test_off_leaves_the_guest);
    tcase_add_test(four, test_psci_0_1);
    tcase_add_loop_test(four, test_random_calls, 0, 10);
    tcase_add_test(four, test_one_winner);
    tcase_add_test(four, test_last_two_off_at_once);
    suite_add_tcase(suite, one);
    suite_add_tcase(suite, four);
    return guest_run(suite);
}
