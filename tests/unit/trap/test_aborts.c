// SPDX-License-Identifier: Apache-2.0
/* Every data abort that the syndrome can tell apart (Arm ARM D19.2.37): CM, S1PTW, WnR, ISV, the instruction's length,
 * from each state of a guest, at each kind of place. What is expected is said here once more, in a form of its own. */
#include "guest.h"

#define BIT_CM (1ULL << 8)
#define BIT_S1PTW (1ULL << 7)
#define BIT_WNR (1ULL << 6)
#define BIT_ISV (1ULL << 24)
#define BIT_IL (1ULL << 25)
#define EL0_THUMB 0x30ULL
#define CLASS(class) ((uint64_t)(class) << 26)
#define PC (RAM_BASE + 0x100)
#define STORED 0x1122334455667788ULL

enum outcome { DONE_BY_THE_DEVICE, SKIPPED, REFUSED };

static const struct {
    uint64_t address, status; /* the status code: why the access came out */
    bool answers;
} places[] = {
    {DEVICE + 0x10, 0x07, true},   /* a register */
    {DEVICE + 0x10, 0x05, true},   /* the same, found missing at another level */
    {DEVICE + 0xf10, 0x07, false}, /* a device that refuses */
    {0x50000010, 0x06, false},     /* nothing there */
    {DEVICE + 0x10, 0x0f, false},  /* a permission fault: HPFAR_EL2 does not tell where */
    {DEVICE + 0x10, 0x15, false},  /* an external abort on a walk of stage 2 */
};

static const struct {
    uint64_t pstate;
    unsigned vector, class; /* where the guest takes what is refused, and as what */
} states[] = {
    {EL1H, 0x200, 0x25}, {EL1T, 0x000, 0x25}, {EL0, 0x400, 0x24}, {EL0_32, 0x600, 0x24}, {EL0_THUMB, 0x600, 0x24},
};

static enum outcome expected(uint64_t esr, unsigned place)
{
    bool translation = (esr & 0x3c) == 0x04;

    if (!translation || (esr & BIT_S1PTW) != 0)
        return REFUSED;
    if ((esr & BIT_CM) != 0)
        return SKIPPED;
    return (esr & BIT_ISV) != 0 && places[place].answers ? DONE_BY_THE_DEVICE : REFUSED;
}

static void check_refused(uint64_t esr, unsigned place, unsigned state)
{
    uint64_t kept = esr & (BIT_WNR | BIT_CM);

    ck_assert_uint_eq(regs()->pc, VECTORS + states[state].vector);
    ck_assert_uint_eq(sysreg(VCPU_ESR_EL1), CLASS(states[state].class) | BIT_IL | kept | 0x10);
    ck_assert_uint_eq(sysreg(VCPU_FAR_EL1), places[place].address);
    ck_assert_uint_eq(sysreg(VCPU_ELR_EL1), PC);
    ck_assert_uint_eq(sysreg(VCPU_SPSR_EL1), states[state].pstate);
}

/* A word, by register 5. */
static void try_one(uint64_t bits, unsigned place, unsigned state)
{
    uint64_t esr = CLASS(0x24) | bits | places[place].status | 2ULL << 22 | 5ULL << 16;
    enum outcome outcome = expected(esr, place);
    bool device = outcome == DONE_BY_THE_DEVICE, write = (esr & BIT_WNR) != 0;

    guest_setup(1);
    guest.answer = 0xfedcba9876543210;
    regs()->pc = PC;
    regs()->pstate = states[state].pstate;
    regs()->x[5] = STORED;
    trap_at(esr, places[place].address);
    if (outcome == REFUSED)
        check_refused(esr, place, state);
    else
        ck_assert_uint_eq(regs()->pc, PC + ((esr & BIT_IL) != 0 ? 4 : 2));
    ck_assert_uint_eq(guest.last.size, device ? 4 : 0);
    ck_assert_uint_eq(guest.last.value, !device ? 0 : write ? (uint32_t)STORED : guest.answer);
    ck_assert_uint_eq(regs()->x[5], device && !write ? (uint32_t)guest.answer : STORED);
    ck_assert_uint_eq(guest.domain.state, DOMAIN_RUNNING);
}

START_TEST(test_every_data_abort)
{
    for (unsigned i = 0; i < 32; i++) {
        uint64_t bits = (i & 1 ? BIT_CM : 0) | (i & 2 ? BIT_S1PTW : 0) | (i & 4 ? BIT_WNR : 0) | (i & 8 ? BIT_ISV : 0) |
                        (i & 16 ? BIT_IL : 0);
        for (unsigned place = 0; place < ARRAY_SIZE(places); place++)
            try_one(bits, place, (unsigned)_i);
    }
}
END_TEST

/* What else is skipped: 16-bit instructions are T32's. Inside an IT block the next one has its turn. */
START_TEST(test_every_wait)
{
    const uint64_t it_of_two = 1ULL << 11 | 1ULL << 26; /* ITSTATE 0b00001010: two instructions, the second otherwise */

    for (unsigned i = 0; i < 8; i++) {
        uint64_t instruction = i & 3, length = i & 4 ? BIT_IL : 0;

        guest_setup(1);
        regs()->pc = PC;
        regs()->pstate = EL0_THUMB | it_of_two;
        trap(CLASS(0x01) | length | instruction);
        ck_assert_uint_eq(regs()->pc, PC + (length != 0 ? 4 : 2));
        ck_assert_uint_ne(regs()->pstate, EL0_THUMB | it_of_two);
        ck_assert_uint_eq(guest.vcpus[0].state, instruction == 0 ? VCPU_WAITING : VCPU_READY);
        guest_setup(1);
        regs()->pc = PC;
        trap(CLASS(0x01) | BIT_IL | instruction);
        ck_assert_uint_eq(regs()->pc, PC + 4);
    }
}
END_TEST

/* A secure monitor call comes out before it was executed, a hypervisor call behind it; both are four bytes. */
START_TEST(test_every_call)
{
    regs()->pc = PC;
    regs()->x[0] = 0x84000000;
    trap(CLASS(0x17) | BIT_IL);
    ck_assert_uint_eq(regs()->pc, PC + 4);
    regs()->x[0] = 0x84000000;
    trap(CLASS(0x16) | BIT_IL);
    ck_assert_uint_eq(regs()->pc, PC + 4);
    ck_assert_uint_eq(regs()->x[0], 0x10001);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("aborts");
    TCase *tcase = tcase_create("aborts");

    tcase_add_checked_fixture(tcase, guest_setup_one, NULL);
    tcase_add_loop_test(tcase, test_every_data_abort, 0, (int)ARRAY_SIZE(states));
    tcase_add_test(tcase, test_every_wait);
    tcase_add_test(tcase, test_every_call);
    suite_add_tcase(suite, tcase);
    return guest_run(suite);
}
