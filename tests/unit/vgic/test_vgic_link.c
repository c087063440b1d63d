// SPDX-License-Identifier: Apache-2.0
/* SPIs of the host that are a guest's, case by case, with either version of the GIC. */
#include "support/suite.h"
#include "unit/vgic/vgic_cases.h"

#define HOST 140 /* behind SPI, by level */
#define EDGE 141 /* behind OTHER */
#define VERSIONS 2

static void start(int version, unsigned vcpus, unsigned lrs)
{
    setup_version(version == 0 ? GIC_V2 : GIC_V3, vcpus, 32, lrs);
    link_spi(SPI, HOST, false);
    link_spi(OTHER, EDGE, true);
}

/** The same, with both enabled. */
static void start_enabled(int version, unsigned vcpus, unsigned lrs)
{
    start(version, vcpus, lrs);
    enable(SPI, 0x40);
    enable(OTHER, 0x80);
}

static void aim(uint32_t intid, unsigned vcpu)
{
    if (host_gic.version == GIC_V3)
        access_raw(0, IROUTER + 8 * intid, 8, true, affinities[vcpu]);
    else
        write8(0, ITARGETSR + intid, (uint8_t)(1u << vcpu));
}

static void aim_at_nobody(uint32_t intid)
{
    if (host_gic.version == GIC_V3)
        access_raw(0, IROUTER + 8 * intid, 8, true, 0x123456);
    else
        write8(0, ITARGETSR + intid, 0);
}

static void pulse_host(uint32_t host)
{
    set_host_line(host, true);
    set_host_line(host, false);
}

static void unlink_both(void)
{
    vgic_unlink_spi(&sys.domain.vgic, SPI);
    vgic_unlink_spi(&sys.domain.vgic, OTHER);
    settle_all();
}

/** The host's interrupts are off, whatever their devices do; nothing of them is pending for the guest. */
static void expect_off(void)
{
    for (uint32_t host = HOST; host <= EDGE; host++)
        ck_assert(!fake_spi(host)->enabled && !fake_spi(host)->latch);
    ck_assert(!read_bit(0, ISPENDR, SPI) && !read_bit(0, ISPENDR, OTHER));
    for (unsigned v = 0; v < sys.domain.vcpu_count; v++)
        expect_nothing(v);
}

/** And as after the host's reset. */
static void expect_unlinked(void)
{
    expect_off();
    for (uint32_t host = HOST; host <= EDGE; host++)
        ck_assert(!fake_spi(host)->active);
    ck_assert(!vgic_inject_spi(&sys.domain.vgic, SPI, NULL));
    ck_assert(!vgic_inject_spi(&sys.domain.vgic, OTHER, NULL));
}

/* What lay there before is forgotten. */
START_TEST(linking_makes_quiet)
{
    setup_version(_i == 0 ? GIC_V2 : GIC_V3, 2, 32, 4);
    *fake_spi(HOST) = (struct fake_spi){.enabled = true, .active = true, .cpu = 7};
    *fake_spi(EDGE) = (struct fake_spi){.enabled = true, .active = true, .edge = true, .latch = true, .cpu = 7};
    link_spi(SPI, HOST, false);
    link_spi(OTHER, EDGE, true);
    /* One is active: a CPU has acknowledged it, and hands it on to whom it is for no more. */
    ck_assert(!vgic_inject_spi(&sys.domain.vgic, SPI, NULL));
    ck_assert(!vgic_inject_spi(&sys.domain.vgic, OTHER, NULL));
    for (uint32_t host = HOST; host <= EDGE; host++) {
        ck_assert(!fake_spi(host)->enabled && !fake_spi(host)->active && !fake_spi(host)->latch);
        ck_assert_uint_eq(fake_spi(host)->cpu, 0);
    }
    expect_nothing(0);
    ck_assert(vgic_inject_spi(&sys.domain.vgic, SPI, NULL)); /* the next one is its */
    ck_assert_uint_eq(read32(0, ICFGR + SPI / 16 * 4), 2u << OTHER % 16 * 2);
}
END_TEST

START_TEST(on_and_off_with_the_guests)
{
    start(_i, 1, 4);
    write32(0, CTLR, 3);
    ck_assert(!fake_spi(HOST)->enabled);
    write_bit(0, ISENABLER, SPI);
    ck_assert(fake_spi(HOST)->enabled && !fake_spi(EDGE)->enabled);
    write_bit(0, ISENABLER, OTHER);
    write_bit(0, ICENABLER, SPI);
    ck_assert(!fake_spi(HOST)->enabled && fake_spi(EDGE)->enabled);
    write32(0, CTLR, 0); /* the distributor as a whole is the guest's own */
    ck_assert(fake_spi(EDGE)->enabled);
}
END_TEST

START_TEST(a_level_is_taken_and_ended)
{
    start_enabled(_i, 1, 4);
    set_host_line(HOST, true);
    ck_assert(fake_spi(HOST)->active);
    struct gic_lr lr = fake_lr(0, (unsigned)fake_find(0, SPI));
    ck_assert(lr.hardware && lr.physical_intid == HOST);
    take(0, SPI);
    ck_assert(read_bit(0, ISPENDR, SPI) && read_bit(0, ISACTIVER, SPI));
    set_host_line(HOST, false);
    ck_assert(!read_bit(0, ISPENDR, SPI));
    end(0, SPI);
    ck_assert(!fake_spi(HOST)->active);
    expect_nothing(0);
    set_host_line(HOST, true);
    take_and_end(0, SPI);
    take(0, SPI); /* not served */
}
END_TEST

START_TEST(an_edge_is_taken_and_ended)
{
    start_enabled(_i, 1, 4);
    pulse_host(EDGE);
    ck_assert(fake_spi(EDGE)->active);
    bounce(0); /* an edge is not withdrawn */
    ck_assert(read_bit(0, ISPENDR, OTHER));
    take(0, OTHER);
    ck_assert(!read_bit(0, ISPENDR, OTHER));
    pulse_host(EDGE); /* while it is active: the host keeps it */
    ck_assert(read_bit(0, ISPENDR, OTHER));
    end(0, OTHER);
    take_and_end(0, OTHER);
    expect_nothing(0);
    ck_assert(!fake_spi(EDGE)->active);
}
END_TEST

START_TEST(a_line_that_drops_before_the_acknowledge)
{
    start_enabled(_i, 1, 4);
    set_host_line(HOST, true);
    set_host_line(HOST, false);
    bounce(0);
    expect_nothing(0);
    ck_assert(!fake_spi(HOST)->active);
    set_host_line(HOST, true);
    take(0, SPI);
}
END_TEST

START_TEST(disabled_while_pending)
{
    start_enabled(_i, 1, 4);
    set_host_line(HOST, true);
    write_bit(0, ICENABLER, SPI);
    ck_assert_int_lt(fake_find(0, SPI), 0);
    ck_assert(read_bit(0, ISPENDR, SPI));
    set_host_line(HOST, false);
    ck_assert(!read_bit(0, ISPENDR, SPI));
    set_host_line(HOST, true);
    ck_assert(read_bit(0, ISPENDR, SPI)); /* the host's is off: nobody took it */
    expect_nothing(0);
    write_bit(0, ISENABLER, SPI);
    take(0, SPI);
    write_bit(0, ICENABLER, SPI); /* while it is active */
    set_host_line(HOST, false);
    end(0, SPI);
    bounce(0);
    ck_assert(!fake_spi(HOST)->active);
    expect_nothing(0);
    pulse_host(EDGE);
    write_bit(0, ICENABLER, OTHER);
    expect_nothing(0);
    write_bit(0, ISENABLER, OTHER);
    take_and_end(0, OTHER);
}
END_TEST

/* The host's follows; what was pending in the old target's list register moves. */
START_TEST(aimed_at_another_vcpu)
{
    start_enabled(_i, 3, 4);
    ck_assert_uint_eq(fake_spi(HOST)->cpu, 0);
    aim(SPI, 2);
    ck_assert_uint_eq(fake_spi(HOST)->cpu, 2);
    ck_assert_uint_eq(fake_spi(EDGE)->cpu, 0);
    set_host_line(HOST, true);
    ck_assert_int_ge(fake_find(2, SPI), 0);
    aim(SPI, 1);
    ck_assert_int_lt(fake_find(2, SPI), 0);
    ck_assert_uint_eq(fake_spi(HOST)->cpu, 1);
    expect_nothing(2);
    take(1, SPI);
    set_host_line(HOST, false);
    end(1, SPI);
    ck_assert(!fake_spi(HOST)->active);
    aim_at_nobody(SPI);
    set_host_line(HOST, true);
    for (unsigned v = 0; v < 3; v++)
        expect_nothing(v);
    ck_assert(read_bit(0, ISPENDR, SPI));
    aim(SPI, 0);
    take(0, SPI);
}
END_TEST

/* The guest's end on the old vCPU is the host's, unseen: before that is taken back it must not fire on the new one. */
START_TEST(aimed_at_another_while_active)
{
    start_enabled(_i, 2, 4);
    set_host_line(HOST, true);
    take(0, SPI);
    aim(SPI, 1);
    ck_assert_uint_eq(fake_spi(HOST)->cpu, 0);
    end(0, SPI); /* its line is high still */
    ck_assert_uint_eq(fake_spi(HOST)->cpu, 1);
    expect_nothing(0);
    take(1, SPI);
    ck_assert(fake_spi(HOST)->active);
    set_host_line(HOST, false);
    end(1, SPI);
    bounce(1);
    ck_assert(!fake_spi(HOST)->active);
    expect_nothing(0);
    expect_nothing(1);
    set_host_line(HOST, true);
    take_and_end(1, SPI);
    aim(SPI, 0);
    take(0, SPI);
    aim(SPI, 1);
    aim(SPI, 0); /* there and back */
    ck_assert_uint_eq(fake_spi(HOST)->cpu, 0);
    set_host_line(HOST, false);
    end(0, SPI);
    bounce(0);
    ck_assert(!fake_spi(HOST)->active);
}
END_TEST

/* What waits without a list register is looked at again before it gets one. */
START_TEST(more_than_list_registers)
{
    start_enabled(_i, 1, 1);
    pulse_host(EDGE);
    take(0, OTHER);
    set_host_line(HOST, true);
    expect_nothing(0); /* the only one is in use */
    ck_assert(fake_spi(HOST)->active);
    ck_assert(fake_lr(0, 0).eoi_maintenance && !fake_lr(0, 0).hardware);
    set_host_line(HOST, false);
    end(0, OTHER);
    ck_assert(!fake_spi(EDGE)->active); /* ended in software */
    expect_nothing(0);
    ck_assert(!fake_spi(HOST)->active);
    set_host_line(HOST, true);
    take_and_end(0, SPI);
}
END_TEST

START_TEST(a_gic_that_forgets_its_line)
{
    start_enabled(_i, 1, 4);
    host_gic.stale_after_hw_end = true;
    for (unsigned round = 0; round < 3; round++) {
        set_host_line(HOST, true);
        struct gic_lr lr = fake_lr(0, (unsigned)fake_find(0, SPI));
        ck_assert(!lr.hardware && lr.eoi_maintenance);
        take_and_end(0, SPI);
        take(0, SPI); /* high still */
        set_host_line(HOST, false);
        end(0, SPI);
        ck_assert(!fake_spi(HOST)->active);
        expect_nothing(0);
    }
}
END_TEST

START_TEST(the_guest_cannot_set_the_trigger)
{
    start_enabled(_i, 1, 4);
    uint32_t offset = ICFGR + SPI / 16 * 4, before = read32(0, offset);
    write32(0, offset, before ^ (2u << SPI % 16 * 2 | 2u << OTHER % 16 * 2));
    ck_assert_uint_eq(read32(0, offset), before);
    write32(0, offset, UINT32_MAX);
    ck_assert_uint_eq(read32(0, offset) >> SPI % 16 * 2 & 2, 0);
    pulse_host(HOST); /* a level that is gone is none */
    bounce(0);
    expect_nothing(0);
}
END_TEST

START_TEST(the_guest_writes_its_pending_state)
{
    start_enabled(_i, 1, 4);
    write_bit(0, ISPENDR, SPI);
    ck_assert(!fake_lr(0, (unsigned)fake_find(0, SPI)).hardware); /* no interrupt of the host's is active */
    take_and_end(0, SPI);
    expect_nothing(0);
    write_bit(0, ISPENDR, SPI);
    set_host_line(HOST, true); /* one, by two causes */
    ck_assert(fake_lr(0, (unsigned)fake_find(0, SPI)).hardware);
    take(0, SPI);
    set_host_line(HOST, false);
    end(0, SPI);
    expect_nothing(0);
    ck_assert(!fake_spi(HOST)->active);
    set_host_line(HOST, true);
    write_bit(0, ICPENDR, SPI); /* a line is not cleared */
    ck_assert(read_bit(0, ISPENDR, SPI));
    take(0, SPI);
    write_bit(0, ICENABLER, OTHER);
    pulse_host(EDGE);
    ck_assert(read_bit(0, ISPENDR, OTHER)); /* the host keeps it */
    write_bit(0, ICPENDR, OTHER);
    ck_assert(!read_bit(0, ISPENDR, OTHER) && !fake_spi(EDGE)->latch);
    write_bit(0, ISENABLER, OTHER);
    set_host_line(HOST, false);
    end(0, SPI);
    pulse_host(EDGE);
    write_bit(0, ICPENDR, OTHER); /* from its list register */
    expect_nothing(0);
    ck_assert(!fake_spi(EDGE)->active);
    pulse_host(EDGE);
    take_and_end(0, OTHER);
}
END_TEST

START_TEST(the_guest_writes_its_active_state)
{
    start_enabled(_i, 1, 4);
    write_bit(0, ISACTIVER, SPI);
    set_host_line(HOST, true);
    expect_nothing(0);
    ck_assert(read_bit(0, ISPENDR, SPI));
    write_bit(0, ICACTIVER, SPI);
    take(0, SPI);
    write_bit(0, ICACTIVER, SPI);      /* instead of an end */
    ck_assert(fake_spi(HOST)->active); /* again: its line is high */
    ck_assert(read_bit(0, ISPENDR, SPI));
    set_host_line(HOST, false);
    bounce(0);
    ck_assert(!fake_spi(HOST)->active);
}
END_TEST

/* ---- The end */

static void pending_in_lr(void)
{
    set_host_line(HOST, true);
    pulse_host(EDGE);
    ck_assert_int_ge(fake_find(0, SPI), 0);
    ck_assert_int_ge(fake_find(0, OTHER), 0);
}

static void pending_outside(void)
{
    set_host_line(HOST, true);
    pulse_host(EDGE);
    write_bit(0, ICENABLER, SPI);
    write_bit(0, ICENABLER, OTHER);
}

static void off_and_asserted(void)
{
    write_bit(0, ICENABLER, SPI);
    write_bit(0, ICENABLER, OTHER);
    set_host_line(HOST, true);
    pulse_host(EDGE);
}

static void active(void)
{
    pulse_host(EDGE);
    take(0, OTHER);
    set_host_line(HOST, true);
    take(0, SPI);
}

static void active_and_pending(void)
{
    active();
    pulse_host(EDGE);
    write_bit(0, ISPENDR, SPI);
}

static void at_rest(void)
{
}

START_TEST(unlinked_in_any_state)
{
    static void (*const states[])(void) = {at_rest,          pending_in_lr, pending_outside,
                                           off_and_asserted, active,        active_and_pending};

    start_enabled(_i % VERSIONS, 2, 4);
    states[_i / VERSIONS]();
    unlink_both();
    expect_off();
    for (unsigned depth = fake.cpus[0].depth; depth > 0; depth--) /* its handlers end what they began, and the host's */
        end(0, fake.cpus[0].running[depth - 1].intid & 0x3ff);
    bounce(0);
    expect_unlinked();
    /* Nothing of it is the host's any more. */
    set_host_line(HOST, false);
    set_host_line(HOST, true);
    write_bit(0, ISENABLER, SPI);
    write_bit(0, ICENABLER, SPI);
    write_bit(0, ISENABLER, SPI);
    aim(SPI, 1);
    write_bit(0, ICPENDR, OTHER);
    expect_unlinked();
    unlink_both(); /* as often as one likes */
    expect_unlinked();
}
END_TEST

/* It is an SPI like any other then. */
START_TEST(unlinked_it_is_the_guests_own)
{
    start_enabled(_i, 1, 4);
    unlink_both();
    write_bit(0, ISPENDR, SPI);
    ck_assert(!fake_lr(0, (unsigned)fake_find(0, SPI)).hardware);
    take_and_end(0, SPI);
    set_edge(0, SPI);
    ck_assert_uint_eq(read32(0, ICFGR + SPI / 16 * 4) >> SPI % 16 * 2 & 2, 2);
}
END_TEST

START_TEST(what_is_not_there_is_not_linked)
{
    start_enabled(_i, 1, 4);
    vgic_link_spi(&sys.domain.vgic, 64, 200, false); /* it has 32 SPIs */
    vgic_link_spi(&sys.domain.vgic, 31, 200, false);
    vgic_unlink_spi(&sys.domain.vgic, 64);
    vgic_unlink_spi(&sys.domain.vgic, 31);
    ck_assert(!vgic_inject_spi(&sys.domain.vgic, 64, NULL));
    ck_assert(!vgic_inject_spi(&sys.domain.vgic, 31, NULL));
    ck_assert(!vgic_inject_spi(&sys.domain.vgic, 50, NULL)); /* the guest's own */
}
END_TEST

START_TEST(the_next_life)
{
    start_enabled(_i, 1, 4);
    active_and_pending();
    unlink_both();
    exit_guest(0);
    vgic_put(&sys.vcpus[0].vgic);
    vgic_retire(&sys.domain.vgic);
    ck_assert(!vgic_inject_spi(&sys.domain.vgic, SPI, NULL));
    vgic_unlink_spi(&sys.domain.vgic, SPI);
    vgic_reset(&sys.domain.vgic, 32);
    vgic_reset_vcpu(&sys.vcpus[0].vgic);
    vgic_load(&sys.vcpus[0].vgic);
    enter_guest(0);
    memset(fake.cpus[0].running, 0, sizeof(fake.cpus[0].running));
    fake.cpus[0].depth = 0;
    link_spi(SPI, HOST, false);
    link_spi(OTHER, EDGE, true);
    expect_nothing(0);
    ck_assert(!fake_spi(HOST)->enabled && !fake_spi(HOST)->active);
    enable(SPI, 0x40);
    enable(OTHER, 0x80);
    take(0, SPI); /* its device was not served */
    set_host_line(HOST, false);
    end(0, SPI);
    expect_nothing(0);
    pulse_host(EDGE);
    take_and_end(0, OTHER);
}
END_TEST

/* Whoever is out of its guest on this CPU anyway is not woken. */
START_TEST(the_target_is_woken)
{
    start_enabled(_i, 2, 4);
    aim(SPI, 1);
    fake.cpus[1].kicks = fake.cpus[0].kicks = 0;
    fake_spi(HOST)->active = true;
    fake_spi(HOST)->line = true;
    fake.current = 0;
    ck_assert(vgic_inject_spi(&sys.domain.vgic, SPI, &sys.vcpus[0].vgic));
    ck_assert_uint_eq(fake.cpus[1].kicks, 1);
    ck_assert_uint_eq(fake.cpus[0].kicks, 0);
    settle_all();
    take(1, SPI);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, linking_makes_quiet, 0, VERSIONS);
    tcase_add_loop_test(tests, on_and_off_with_the_guests, 0, VERSIONS);
    tcase_add_loop_test(tests, a_level_is_taken_and_ended, 0, VERSIONS);
    tcase_add_loop_test(tests, an_edge_is_taken_and_ended, 0, VERSIONS);
    tcase_add_loop_test(tests, a_line_that_drops_before_the_acknowledge, 0, VERSIONS);
    tcase_add_loop_test(tests, disabled_while_pending, 0, VERSIONS);
    tcase_add_loop_test(tests, aimed_at_another_vcpu, 0, VERSIONS);
    tcase_add_loop_test(tests, aimed_at_another_while_active, 0, VERSIONS);
    tcase_add_loop_test(tests, more_than_list_registers, 0, VERSIONS);
    tcase_add_loop_test(tests, a_gic_that_forgets_its_line, 0, VERSIONS);
    tcase_add_loop_test(tests, the_guest_cannot_set_the_trigger, 0, VERSIONS);
    tcase_add_loop_test(tests, the_guest_writes_its_pending_state, 0, VERSIONS);
    tcase_add_loop_test(tests, the_guest_writes_its_active_state, 0, VERSIONS);
    tcase_add_loop_test(tests, unlinked_in_any_state, 0, 6 * VERSIONS);
    tcase_add_loop_test(tests, unlinked_it_is_the_guests_own, 0, VERSIONS);
    tcase_add_loop_test(tests, what_is_not_there_is_not_linked, 0, VERSIONS);
    tcase_add_loop_test(tests, the_next_life, 0, VERSIONS);
    tcase_add_loop_test(tests, the_target_is_woken, 0, VERSIONS);
}

int main(void)
{
    return suite_run("vgic-link", add_tests, NULL);
}
