// SPDX-License-Identifier: Apache-2.0
/* Interrupts from their cause to the guest and back, case by case. What a guest sees is what the fake CPU interface
 * shows it. */
#include "support/suite.h"
#include "unit/vgic/vgic_cases.h"

/* ---- Level-sensitive */

START_TEST(level_returns_while_its_line_is_high)
{
    set_line(SPI, true);
    take_and_end(0, SPI);
    take_and_end(0, SPI);
    take(0, SPI);
    set_line(SPI, false);
    end(0, SPI);
    expect_nothing(0);
    ck_assert(!read_bit(0, ISPENDR, SPI) && !read_bit(0, ISACTIVER, SPI));
}
END_TEST

START_TEST(level_withdrawn_before_it_is_taken)
{
    set_line(SPI, true);
    ck_assert_int_ge(fake_find(0, SPI), 0);
    set_line(SPI, false);
    ck_assert_int_lt(fake_find(0, SPI), 0);
    expect_nothing(0);
    ck_assert(!vgic_has_pending(&sys.vcpus[0].vgic));
}
END_TEST

START_TEST(level_rises_while_active)
{
    set_line(SPI, true);
    take(0, SPI);
    set_line(SPI, false);
    set_line(SPI, true); /* the handler did not see this one */
    ck_assert(read_bit(0, ISPENDR, SPI) && read_bit(0, ISACTIVER, SPI));
    expect_nothing(0);
    end(0, SPI);
    take(0, SPI);
}
END_TEST

START_TEST(level_latched_by_software)
{
    write_bit(0, ISPENDR, SPI);
    set_line(SPI, true);
    set_line(SPI, false); /* the latch does not follow the line */
    ck_assert(read_bit(0, ISPENDR, SPI));
    take_and_end(0, SPI);
    expect_nothing(0); /* the acknowledge cleared it */
    write_bit(0, ISPENDR, SPI);
    write_bit(0, ICPENDR, SPI);
    expect_nothing(0);
    set_line(SPI, true);
    write_bit(0, ICPENDR, SPI); /* a line cannot be cleared */
    ck_assert(read_bit(0, ISPENDR, SPI));
    take(0, SPI);
}
END_TEST

START_TEST(level_served_by_its_device_ends_without_an_exit)
{
    set_line(SPI, true);
    take(0, SPI);
    set_line(SPI, false); /* the handler served the device; that was an exit */
    ck_assert(!fake_lr(0, (unsigned)fake_find(0, SPI)).eoi_maintenance);
    fake_end(&fake.cpus[0], SPI);
    ck_assert(!must_exit(0));
    bounce(0);
    set_line(SPI, true);
    take(0, SPI);
}
END_TEST

/* ---- Edge-triggered */

START_TEST(edge_is_delivered_once)
{
    set_edge(0, SPI);
    set_line(SPI, true);
    take_and_end(0, SPI);
    expect_nothing(0); /* although its line is still high */
    set_line(SPI, false);
    expect_nothing(0);
    pulse(SPI);
    pulse(SPI); /* two edges before the acknowledge are one */
    take_and_end(0, SPI);
    expect_nothing(0);
}
END_TEST

START_TEST(edge_while_active_is_kept)
{
    set_edge(0, SPI);
    pulse(SPI);
    take(0, SPI);
    pulse(SPI);
    ck_assert(read_bit(0, ISPENDR, SPI) && read_bit(0, ISACTIVER, SPI));
    expect_nothing(0); /* not before it is ended */
    end(0, SPI);
    take_and_end(0, SPI);
    expect_nothing(0);
}
END_TEST

/** An edge that arrives between the guest's acknowledge and the next exit must not be taken for the one acknowledged.
 */
START_TEST(edge_after_an_acknowledge_nobody_saw)
{
    set_edge(0, SPI);
    pulse(SPI);
    fake_acknowledge(&fake.cpus[0]); /* silent */
    fake_end(&fake.cpus[0], SPI);
    pulse(SPI);
    take_and_end(0, SPI);
    expect_nothing(0);
}
END_TEST

START_TEST(edge_cleared_by_software)
{
    set_edge(0, SPI);
    set_line(SPI, true);
    write_bit(0, ICPENDR, SPI);
    ck_assert(!read_bit(0, ISPENDR, SPI));
    expect_nothing(0);
    set_line(SPI, false);
    pulse(SPI);
    take(0, SPI);
}
END_TEST

/* ---- SGIs */

START_TEST(sgi_names_its_source)
{
    setup_many(3, 4);
    write32(2, SGIR, 1u << 16 | 5);
    write32(1, SGIR, 1u << 16 | 5);
    write32(0, SGIR, 2u << 24 | 5); /* to itself */
    ck_assert_uint_eq(read8(0, SPENDSGIR + 5), 7);
    uint32_t seen = 0;
    for (unsigned i = 0; i < 3; i++) { /* one interrupt for each source, in any order */
        uint32_t value = acknowledge(0);
        ck_assert_uint_eq(value & 0x3ff, 5);
        seen |= 1u << (value >> 10);
        expect_nothing(0);
        end(0, 5);
    }
    ck_assert_uint_eq(seen, 7);
    expect_nothing(0);
}
END_TEST

START_TEST(sgi_filters)
{
    static const struct {
        uint32_t value, reached;
    } cases[] = {
        {0x00050003, 0x5}, {0x00ff0003, 0xf}, {0x00000003, 0}, {0x01000003, 0xd},
        {0x01ff0003, 0xd}, {0x02000003, 0x2}, {0x03ff0003, 0},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        setup_many(4, 4);
        write32(1, SGIR, cases[i].value);
        for (unsigned v = 0; v < 4; v++)
            ck_assert_uint_eq(acknowledge(v), (cases[i].reached >> v & 1) != 0 ? 1u << 10 | 3 : GIC_SPURIOUS);
    }
}
END_TEST

START_TEST(sgi_again_while_active)
{
    setup_many(2, 4);
    write32(1, SGIR, 1u << 16 | 7);
    take(0, 1u << 10 | 7);
    write32(1, SGIR, 1u << 16 | 7); /* same source */
    expect_nothing(0);
    end(0, 7);
    take(0, 1u << 10 | 7);
    write32(0, SGIR, 1u << 16 | 7); /* another */
    expect_nothing(0);
    end(0, 7);
    take_and_end(0, 7);
    expect_nothing(0);
}
END_TEST

/* ---- Enable, disable, priorities, groups */

/** Disabling an interrupt while it is active must leave its end working: the host's interrupt behind it would never
 * fire again. */
START_TEST(disable_while_active)
{
    set_physical(0, TIMER, true);
    take(0, TIMER);
    write_bit(0, ICENABLER, TIMER);
    ck_assert(read_bit(0, ISACTIVER, TIMER));
    set_physical(0, TIMER, false);
    end(0, TIMER);
    bounce(0);
    ck_assert(!read_bit(0, ISACTIVER, TIMER));
    ck_assert_uint_eq(fake.cpus[0].physical_active, 0);
    ck_assert(!vgic_ppi_in_flight(&sys.vcpus[0].vgic, TIMER));
    write_bit(0, ISENABLER, TIMER);
    set_physical(0, TIMER, true);
    take_and_end(0, TIMER);
}
END_TEST

START_TEST(disable_an_spi_while_active)
{
    set_edge(0, SPI);
    pulse(SPI);
    take(0, SPI);
    write_bit(0, ICENABLER, SPI);
    pulse(SPI);
    end(0, SPI);
    expect_nothing(0);
    ck_assert(read_bit(0, ISPENDR, SPI));
    write_bit(0, ISENABLER, SPI);
    take_and_end(0, SPI);
}
END_TEST

/** An interrupt that becomes pending while disabled is delivered when it is enabled. */
START_TEST(pending_then_enable)
{
    write_bit(0, ICENABLER, SPI);
    set_line(SPI, true);
    expect_nothing(0);
    ck_assert(!vgic_has_pending(&sys.vcpus[0].vgic));
    ck_assert(read_bit(0, ISPENDR, SPI));
    write_bit(0, ISENABLER, SPI);
    take(0, SPI);
}
END_TEST

START_TEST(disable_while_pending)
{
    pulse(OTHER);
    set_line(SPI, true);
    write_bit(0, ICENABLER, SPI); /* it was in a list register */
    ck_assert_int_lt(fake_find(0, SPI), 0);
    expect_nothing(0);
    ck_assert(read_bit(0, ISPENDR, SPI));
    write_bit(0, ISENABLER, SPI);
    take(0, SPI);
}
END_TEST

START_TEST(priority_changes_while_pending)
{
    set_line(SPI, true);
    set_line(OTHER, true);
    write8(0, IPRIORITYR + OTHER, 0x10);
    take(0, OTHER);
    write8(0, IPRIORITYR + SPI, 0x08); /* preempts */
    take(0, SPI);
    expect_nothing(0);
}
END_TEST

START_TEST(distributor_off)
{
    set_line(SPI, true);
    write32(0, CTLR, 0);
    ck_assert_int_lt(fake_find(0, SPI), 0);
    expect_nothing(0);
    ck_assert(!vgic_has_pending(&sys.vcpus[0].vgic));
    write32(0, SGIR, 2u << 24 | 1);
    set_physical(0, TIMER, true);
    expect_nothing(0);
    ck_assert(read_bit(0, ISPENDR, SPI) && read_bit(0, ISPENDR, TIMER) && read_bit(0, ISPENDR, 1));
    write32(0, CTLR, 1);
    take_and_end(0, 1);
    take(0, TIMER);
    set_physical(0, TIMER, false);
    end(0, TIMER);
    take(0, SPI);
}
END_TEST

START_TEST(groups_are_forwarded_separately)
{
    write_bit(0, IGROUPR, SPI);
    set_line(SPI, true);
    set_line(OTHER, true);
    ck_assert(fake_lr(0, (unsigned)fake_find(0, SPI)).group1);
    write32(0, CTLR, 1);
    take_and_end(0, OTHER);
    set_line(OTHER, false);
    expect_nothing(0);
    write32(0, CTLR, 2);
    set_line(OTHER, true);
    take(0, SPI);
    expect_nothing(0);
}
END_TEST

/* ---- Active state written by software */

START_TEST(clear_active_in_a_list_register)
{
    set_line(SPI, true);
    take(0, SPI);
    bounce(0);
    write_bit(0, ICACTIVER, SPI);
    ck_assert(!read_bit(0, ISACTIVER, SPI));
    fake.cpus[0].depth = 0; /* the guest dropped its running priority */
    take(0, SPI);           /* the line was still high */
}
END_TEST

START_TEST(set_active_blocks)
{
    write_bit(0, ISACTIVER, SPI);
    set_line(SPI, true);
    expect_nothing(0);
    ck_assert(read_bit(0, ISPENDR, SPI) && read_bit(0, ISACTIVER, SPI));
    write_bit(0, ICACTIVER, SPI);
    take(0, SPI);
}
END_TEST

START_TEST(clear_active_of_the_timer_frees_the_physical_one)
{
    set_physical(0, TIMER, true);
    take(0, TIMER);
    set_physical(0, TIMER, false);
    write_bit(0, ICACTIVER, TIMER);
    ck_assert_uint_eq(fake.cpus[0].physical_active, 0);
    fake.cpus[0].depth = 0;
    set_physical(0, TIMER, true);
    take(0, TIMER);
}
END_TEST

START_TEST(clear_active_from_another_vcpu)
{
    setup_many(2, 4);
    set_line(SPI, true);
    fake_acknowledge(&fake.cpus[0]); /* vCPU 0 does not come out */
    write_bit(1, ICACTIVER, SPI);
    ck_assert(!read_bit(1, ISACTIVER, SPI));
    fake.cpus[0].depth = 0;
    take(0, SPI);
}
END_TEST

/** What one vCPU writes holds, whatever another did before that nobody saw; and it holds for that time only. */
START_TEST(active_written_after_a_silent_end)
{
    setup_many(2, 4);
    set_edge(0, SPI);
    for (unsigned i = 0; i < 2; i++) {
        pulse(SPI);
        fake_acknowledge(&fake.cpus[0]);
        fake_end(&fake.cpus[0], SPI);
        write_bit(1, i == 0 ? ISACTIVER : ICACTIVER, SPI);
        ck_assert_uint_eq(read_bit(1, ISACTIVER, SPI), i == 0);
        if (i == 0)
            write_bit(1, ICACTIVER, SPI);
        pulse(SPI);
        take(0, SPI);
        bounce(0);
        ck_assert(read_bit(1, ISACTIVER, SPI));
        end(0, SPI);
    }
}
END_TEST

/** Reading brings out only the vCPU whose list register may tell more. */
START_TEST(reading_disturbs_nobody_else)
{
    setup_many(3, 4);
    write8(0, ITARGETSR + SPI, 2);
    set_line(SPI, true);
    for (unsigned v = 0; v < 3; v++)
        fake.cpus[v].kicks = 0;
    read_bit(2, ISPENDR, SPI);
    ck_assert_uint_eq(fake.cpus[0].kicks, 0);
    ck_assert_uint_eq(fake.cpus[1].kicks, 1);
    read_bit(2, ISENABLER, SPI);
    read_bit(2, ISPENDR, TIMER);
    set_line(SPI, false);
    fake.cpus[1].kicks = 0;
    read_bit(2, ISPENDR, SPI);
    ck_assert_uint_eq(fake.cpus[0].kicks + fake.cpus[1].kicks, 0);
}
END_TEST

/** What a vCPU did silently is seen by another that polls. */
START_TEST(polling_another_vcpu)
{
    setup_many(2, 4);
    pulse(SPI);
    set_line(SPI, true);
    fake_acknowledge(&fake.cpus[0]);
    read_bit(1, ISACTIVER, SPI);
    ck_assert(read_bit(1, ISACTIVER, SPI));
    set_line(SPI, false);
    fake_end(&fake.cpus[0], SPI);
    read_bit(1, ISACTIVER, SPI);
    ck_assert(!read_bit(1, ISACTIVER, SPI));
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, level_returns_while_its_line_is_high);
    tcase_add_test(tests, level_withdrawn_before_it_is_taken);
    tcase_add_test(tests, level_rises_while_active);
    tcase_add_test(tests, level_latched_by_software);
    tcase_add_test(tests, level_served_by_its_device_ends_without_an_exit);
    tcase_add_test(tests, edge_is_delivered_once);
    tcase_add_test(tests, edge_while_active_is_kept);
    tcase_add_test(tests, edge_after_an_acknowledge_nobody_saw);
    tcase_add_test(tests, edge_cleared_by_software);
    tcase_add_test(tests, sgi_names_its_source);
    tcase_add_test(tests, sgi_filters);
    tcase_add_test(tests, sgi_again_while_active);
    tcase_add_test(tests, disable_while_active);
    tcase_add_test(tests, disable_an_spi_while_active);
    tcase_add_test(tests, pending_then_enable);
    tcase_add_test(tests, disable_while_pending);
    tcase_add_test(tests, priority_changes_while_pending);
    tcase_add_test(tests, distributor_off);
    tcase_add_test(tests, groups_are_forwarded_separately);
    tcase_add_test(tests, clear_active_in_a_list_register);
    tcase_add_test(tests, set_active_blocks);
    tcase_add_test(tests, clear_active_of_the_timer_frees_the_physical_one);
    tcase_add_test(tests, clear_active_from_another_vcpu);
    tcase_add_test(tests, active_written_after_a_silent_end);
    tcase_add_test(tests, reading_disturbs_nobody_else);
    tcase_add_test(tests, polling_another_vcpu);
}

int main(void)
{
    return suite_run("vgic", add_tests, setup);
}
