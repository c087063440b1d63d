// SPDX-License-Identifier: Apache-2.0
/* System registers by allow-list. The host is hostsim's: a Cortex-A53. */
#include "guest.h"

#include "trap/id_registers.h"

/** Syndrome of an MRS or MSR. */
static uint64_t syndrome(uint32_t encoding, unsigned reg, bool write)
{
    uint64_t op0 = encoding >> 16, op1 = encoding >> 12 & 0xf, crn = encoding >> 8 & 0xf, crm = encoding >> 4 & 0xf,
             op2 = encoding & 0xf;

    return 0x62000000 | op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | (uint64_t)reg << 5 | crm << 1 | !write;
}

static uint64_t mrs(uint32_t encoding)
{
    regs()->pc = RAM_BASE;
    regs()->x[3] = 0x5555555555555555;
    trap(syndrome(encoding, 3, false));
    ck_assert_uint_eq(regs()->pc, RAM_BASE + 4);
    return regs()->x[3];
}

static void msr(uint32_t encoding, uint64_t value)
{
    regs()->pc = RAM_BASE;
    regs()->x[3] = value;
    trap(syndrome(encoding, 3, true));
    ck_assert_uint_eq(regs()->pc, RAM_BASE + 4);
}

static void assert_undefined(uint32_t encoding, bool write)
{
    regs()->pc = RAM_BASE;
    regs()->pstate = EL1H;
    regs()->x[3] = 3;
    trap(syndrome(encoding, 3, write));
    assert_exception(0x200, 0x02000000, RAM_BASE, EL1H);
    ck_assert_uint_eq(regs()->x[3], 3);
}

START_TEST(test_processor_features)
{
    /* AArch32 below EL1 and above it, as the host has it; FP and AdvSIMD, nothing else */
    ck_assert_uint_eq(mrs(SYSREG(3, 0, 0, 4, 0)), 0x2212);
    ck_assert_uint_eq(mrs(SYSREG(3, 0, 0, 4, 1)), 0);
    ck_assert_uint_eq(mrs(SYSREG(3, 0, 0, 6, 0)), 0x11120); /* AES, SHA1, SHA2, CRC32 pass */
}
END_TEST

START_TEST(test_debug_features)
{
    /* Armv8 debug, 6 breakpoints, 2 of them for contexts, 4 watchpoints, no PMU, no trace, no double lock */
    ck_assert_uint_eq(mrs(SYSREG(3, 0, 0, 5, 0)), 0xf010305006);
    ck_assert_uint_eq(mrs(SYSREG(3, 0, 0, 5, 1)), 0);
}
END_TEST

START_TEST(test_physical_address_range)
{
    static const struct {
        uint8_t ipa_bits;
        uint64_t range;
    } ranges[] = {{32, 0}, {36, 1}, {39, 1}, {40, 2}, {42, 2}, {48, 2}}; /* the host has 40 bits */

    for (unsigned i = 0; i < ARRAY_SIZE(ranges); i++) {
        guest.plan.ipa_bits = ranges[i].ipa_bits;
        uint64_t expected = ranges[i].range;
        uint64_t host = arch_id_register(SYSREG(3, 0, 0, 7, 0)) & 0xf;
        ck_assert_uint_eq(mrs(SYSREG(3, 0, 0, 7, 0)) & 0xf, min_u64(expected, host));
    }
}
END_TEST

START_TEST(test_id_space_never_traps_to_the_guest)
{
    for (uint32_t crm = 1; crm < 8; crm++)
        for (uint32_t op2 = 0; op2 < 8; op2++) {
            uint32_t encoding = SYSREG(3, 0, 0, crm, op2);
            uint64_t value = mrs(encoding);
            uint64_t host = arch_id_register(encoding);
            bool made_up = encoding == SYSREG(3, 0, 0, 4, 0) || encoding == SYSREG(3, 0, 0, 5, 0);
            if (!made_up && (encoding != SYSREG(3, 0, 0, 7, 0)))
                ck_assert_uint_eq(value & ~host, 0); /* nothing that the host does not have */
            assert_undefined(encoding, true);
        }
}
END_TEST

#define ICC_SGI1R SYSREG(3, 0, 12, 11, 5)
#define ICC_ASGI1R SYSREG(3, 0, 12, 11, 6)
#define ICC_SGI0R SYSREG(3, 0, 12, 11, 7)
#define ICC_SRE SYSREG(3, 0, 12, 12, 5)

START_TEST(test_gicv3_registers)
{
    const struct vgic_irq *sgi = &guest.vcpus[0].vgic.private[3];

    host_gic.version = GIC_V3;
    vgic_reset_vcpu(&guest.vcpus[0].vgic);
    ck_assert_uint_eq(mrs(SYSREG(3, 0, 0, 4, 0)), 0x01002212); /* ID_AA64PFR0_EL1.GIC */
    ck_assert_uint_eq(mrs(ICC_SRE), 7);
    msr(ICC_SRE, 0);
    ck_assert_uint_eq(mrs(ICC_SRE), 7);
    msr(ICC_SGI0R, 3u << 24 | 1); /* it is in group 1 */
    msr(ICC_ASGI1R, 3u << 24 | 1);
    ck_assert_uint_eq(sgi->sgi_sources, 0);
    msr(ICC_SGI1R, 3u << 24 | 2); /* another CPU */
    ck_assert_uint_eq(sgi->sgi_sources, 0);
    msr(ICC_SGI1R, 3u << 24 | 1);
    ck_assert_uint_eq(sgi->sgi_sources, 1);
    assert_undefined(ICC_SGI1R, false);
    ck_assert_uint_eq(mrs(SYSREG(2, 0, 1, 1, 4)), 8); /* and the others are as ever */
}
END_TEST

START_TEST(test_gicv2_has_no_such_registers)
{
    host_gic.version = GIC_V2;
    assert_undefined(ICC_SGI1R, true);
    assert_undefined(ICC_SRE, false);
    assert_undefined(ICC_SRE, true);
    ck_assert_uint_eq(mrs(SYSREG(3, 0, 0, 4, 0)) >> 24 & 0xf, 0);
}
END_TEST

START_TEST(test_owned_space)
{
    ck_assert(id_register_owns(SYSREG(3, 0, 0, 1, 0)));
    ck_assert(id_register_owns(SYSREG(3, 0, 0, 7, 7)));
    ck_assert(!id_register_owns(SYSREG(3, 0, 0, 0, 0)));
    ck_assert(!id_register_owns(SYSREG(3, 0, 0, 8, 0)));
    ck_assert(!id_register_owns(SYSREG(3, 0, 1, 1, 0)));
    ck_assert(!id_register_owns(SYSREG(3, 1, 0, 1, 0)));
    ck_assert(!id_register_owns(SYSREG(2, 0, 0, 1, 0)));
}
END_TEST

START_TEST(test_os_lock)
{
    msr(SYSREG(2, 0, 1, 0, 4), 0);
    ck_assert_uint_eq(mrs(SYSREG(2, 0, 1, 1, 4)), 8);
    assert_undefined(SYSREG(2, 0, 1, 0, 4), false); /* write-only */
    assert_undefined(SYSREG(2, 0, 1, 1, 4), true);  /* read-only */
    msr(SYSREG(2, 0, 1, 3, 4), 1);
    ck_assert_uint_eq(mrs(SYSREG(2, 0, 1, 3, 4)), 0);
}
END_TEST

/* 6 breakpoints and 4 watchpoints of the host; of their controls nothing that concerns EL2. */
START_TEST(test_breakpoints_and_watchpoints)
{
    static const uint64_t kept[] = {~3ULL, 0x7f01e7, ~3ULL, 0x1f1f1fff};

    for (uint32_t n = 0; n < 16; n++)
        for (uint32_t op2 = 4; op2 < 8; op2++) {
            uint64_t there = n < (op2 < 6 ? 6u : 4u) ? UINT64_MAX : 0;
            ck_assert_uint_eq(mrs(SYSREG(2, 0, 0, n, op2)), 0);
            msr(SYSREG(2, 0, 0, n, op2), UINT64_MAX);
            ck_assert_uint_eq(mrs(SYSREG(2, 0, 0, n, op2)), kept[op2 - 4] & there);
        }
    for (uint32_t n = 0; n < 4; n++) /* each has a place of its own */
        for (uint32_t op2 = 4; op2 < 8; op2++)
            msr(SYSREG(2, 0, 0, n, op2), n << 16 | (op2 - 4) << 5);
    for (uint32_t n = 0; n < 4; n++)
        for (uint32_t op2 = 4; op2 < 8; op2++)
            ck_assert_uint_eq(mrs(SYSREG(2, 0, 0, n, op2)), n << 16 | (op2 - 4) << 5);
    ck_assert_uint_eq(sysreg(VCPU_DBGWCR3_EL1), 3 << 16 | 3 << 5);
}
END_TEST

START_TEST(test_software_step)
{
    msr(SYSREG(2, 0, 0, 2, 2), UINT64_MAX);
    ck_assert_uint_eq(mrs(SYSREG(2, 0, 0, 2, 2)), 0xb001);
    ck_assert_uint_eq(sysreg(VCPU_MDSCR_EL1), 0xb001);
    regs()->pstate = EL1H | 1u << 21; /* an emulated instruction is the one of a step, too */
    mrs(SYSREG(2, 0, 0, 2, 2));
    ck_assert_uint_eq(regs()->pstate, EL1H);
    regs()->pstate = EL1H | 1u << 21; /* one that is refused is not */
    trap(syndrome(SYSREG(3, 3, 9, 12, 0), 3, false));
    ck_assert_uint_eq(sysreg(VCPU_SPSR_EL1), EL1H | 1u << 21);
    ck_assert_uint_eq(regs()->pstate & 1u << 21, 0);
}
END_TEST

START_TEST(test_set_way)
{
    static const uint32_t operations[] = {SYSREG(1, 0, 7, 6, 2), SYSREG(1, 0, 7, 10, 2), SYSREG(1, 0, 7, 14, 2)};

    for (unsigned i = 0; i < ARRAY_SIZE(operations); i++)
        for (uint64_t set = 0; set < 1000; set++)
            msr(operations[i], set << 6);
    unsigned lines = 0;
    for (const char *at = screen(); (at = strstr(at, "set/way")) != NULL; at++)
        lines++;
    ck_assert_uint_eq(lines, 3); /* one for each walk */
}
END_TEST

START_TEST(test_reads_of_zero)
{
    static const uint32_t zero[] = {SYSREG(3, 0, 0, 0, 6), SYSREG(3, 1, 0, 0, 7),  SYSREG(3, 0, 1, 0, 1),
                                    SYSREG(2, 0, 1, 0, 0), SYSREG(2, 0, 7, 14, 6), SYSREG(2, 3, 0, 1, 0)};

    for (unsigned i = 0; i < ARRAY_SIZE(zero); i++)
        ck_assert_uint_eq(mrs(zero[i]), 0);
    msr(SYSREG(3, 0, 1, 0, 1), UINT64_MAX); /* ACTLR_EL1 */
    ck_assert_uint_eq(mrs(SYSREG(3, 0, 1, 0, 1)), 0);
}
END_TEST

START_TEST(test_what_is_not_there)
{
    static const uint32_t undefined[] = {
        SYSREG(3, 3, 9, 12, 0),                         /* PMCR_EL0 */
        SYSREG(3, 3, 9, 13, 0),                         /* PMCCNTR_EL0 */
        SYSREG(3, 0, 9, 14, 1),                         /* PMINTENSET_EL1 */
        SYSREG(3, 3, 14, 8, 0),                         /* PMEVCNTR0_EL0 */
        SYSREG(3, 0, 12, 12, 0),                        /* ICC_IAR1_EL1 */
        SYSREG(3, 0, 12, 11, 5),                        /* ICC_SGI1R_EL1 */
        SYSREG(3, 0, 10, 4, 3),                         /* LORC_EL1 */
        SYSREG(3, 3, 13, 2, 0),                         /* AMCR_EL0 */
        SYSREG(3, 0, 5, 3, 0),                          /* ERRIDR_EL1 */
        SYSREG(3, 3, 13, 0, 7),                         /* SCXTNUM_EL0 */
        SYSREG(3, 0, 15, 2, 0),                         /* implementation defined: CPUACTLR_EL1 */
        SYSREG(3, 1, 11, 0, 2),  SYSREG(3, 0, 9, 9, 0), /* PMSCR_EL1 */
        SYSREG(2, 1, 0, 0, 1),                          /* TRCTRACEIDR */
    };

    for (unsigned i = 0; i < ARRAY_SIZE(undefined); i++) {
        assert_undefined(undefined[i], false);
        assert_undefined(undefined[i], true);
    }
    ck_assert_ptr_nonnull(strstr(screen(), "MRS S3_3_C9_C12_0 at pc 0x40000000: undefined"));
}
END_TEST

START_TEST(test_zero_register)
{
    regs()->x[0] = 5;
    msr(SYSREG(2, 0, 0, 2, 2), 1);
    regs()->pc = RAM_BASE;
    trap(syndrome(SYSREG(2, 0, 0, 2, 2), 31, true));
    ck_assert_uint_eq(sysreg(VCPU_MDSCR_EL1), 0);
    trap(syndrome(SYSREG(3, 0, 0, 4, 0), 31, false));
    ck_assert_uint_eq(regs()->pc, RAM_BASE + 8);
    ck_assert_uint_eq(regs()->x[0], 5);
    ck_assert_uint_eq(guest.vcpus[0].statistics.sysregs, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sysreg");
    TCase *all = tcase_create("registers");

    tcase_add_checked_fixture(all, guest_setup_one, NULL);
    tcase_add_test(all, test_processor_features);
    tcase_add_test(all, test_debug_features);
    tcase_add_test(all, test_physical_address_range);
    tcase_add_test(all, test_id_space_never_traps_to_the_guest);
    tcase_add_test(all, test_owned_space);
    tcase_add_test(all, test_os_lock);
    tcase_add_test(all, test_breakpoints_and_watchpoints);
    tcase_add_test(all, test_software_step);
    tcase_add_test(all, test_gicv3_registers);
    tcase_add_test(all, test_gicv2_has_no_such_registers);
    tcase_add_test(all, test_set_way);
    tcase_add_test(all, test_reads_of_zero);
    tcase_add_test(all, test_what_is_not_there);
    tcase_add_test(all, test_zero_register);
    suite_add_tcase(suite, all);
    return guest_run(suite);
}
