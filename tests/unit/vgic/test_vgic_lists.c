// SPDX-License-Identifier: Apache-2.0
/* List registers, case by case: the timer's interrupt that the hardware ends, more interrupts than registers, several
 * vCPUs, load and put, and what it costs. */
#include "support/suite.h"
#include "unit/vgic/vgic_cases.h"

/* ---- The virtual timer's interrupt, linked to the host's */

START_TEST(timer_is_ended_in_hardware)
{
    set_physical(0, TIMER, true);
    ck_assert(fake_lr(0, 0).hardware);
    ck_assert(vgic_ppi_in_flight(&sys.vcpus[0].vgic, TIMER));
    take(0, TIMER);
    ck_assert_uint_eq(fake.cpus[0].physical_active, 1u << TIMER);
    set_physical(0, TIMER, false);
    end(0, TIMER);
    ck_assert_uint_eq(fake.cpus[0].physical_active, 0);
    bounce(0);
    ck_assert(!vgic_ppi_in_flight(&sys.vcpus[0].vgic, TIMER));
}
END_TEST

/* A GIC that would not notice the line any more: no HW bit, and the guest's end is an exit that ends the host's. */
START_TEST(timer_is_ended_in_software_where_the_hardware_forgets_its_line)
{
    host_gic.stale_after_hw_end = true;
    for (unsigned round = 0; round < 3; round++) {
        set_physical(0, TIMER, true);
        ck_assert(!fake_lr(0, 0).hardware);
        ck_assert(fake_lr(0, 0).eoi_maintenance);
        ck_assert(vgic_ppi_in_flight(&sys.vcpus[0].vgic, TIMER));
        take(0, TIMER);
        set_physical(0, TIMER, false);
        end(0, TIMER);
        bounce(0);
        ck_assert_uint_eq(fake.cpus[0].physical_active, 0);
        ck_assert(!vgic_ppi_in_flight(&sys.vcpus[0].vgic, TIMER));
        expect_nothing(0);
    }
}
END_TEST

START_TEST(timer_returns_while_not_served)
{
    set_physical(0, TIMER, true);
    take_and_end(0, TIMER);
    take(0, TIMER);
    ck_assert(read_bit(0, ISPENDR, TIMER)); /* its line is asserted still */
    set_physical(0, TIMER, false);
    ck_assert(!read_bit(0, ISPENDR, TIMER));
    end(0, TIMER);
    expect_nothing(0);
}
END_TEST

/** The guest turns its timer off before it takes the interrupt. */
START_TEST(timer_withdrawn)
{
    set_physical(0, TIMER, true);
    set_physical(0, TIMER, false);
    bounce(0);
    expect_nothing(0);
    ck_assert_uint_eq(fake.cpus[0].physical_active, 0);
    set_physical(0, TIMER, true);
    take(0, TIMER);
}
END_TEST

START_TEST(timer_disabled_while_pending_then_withdrawn)
{
    set_physical(0, TIMER, true);
    write_bit(0, ICENABLER, TIMER);
    ck_assert_int_lt(fake_find(0, TIMER), 0);
    ck_assert(vgic_ppi_in_flight(&sys.vcpus[0].vgic, TIMER)); /* or it would fire again and again */
    ck_assert_uint_eq(fake.cpus[0].physical_active, 1u << TIMER);
    set_physical(0, TIMER, false);
    write_bit(0, ISENABLER, TIMER);
    expect_nothing(0);
    ck_assert_uint_eq(fake.cpus[0].physical_active, 0);
    set_physical(0, TIMER, true);
    take_and_end(0, TIMER);
}
END_TEST

START_TEST(timer_disabled_while_pending_then_enabled)
{
    set_physical(0, TIMER, true);
    write_bit(0, ICENABLER, TIMER);
    expect_nothing(0);
    write_bit(0, ISENABLER, TIMER);
    ck_assert(fake_lr(0, (unsigned)fake_find(0, TIMER)).hardware);
    take(0, TIMER);
    set_physical(0, TIMER, false);
    end(0, TIMER);
    ck_assert(!must_exit(0));
    bounce(0);
    ck_assert(!vgic_ppi_in_flight(&sys.vcpus[0].vgic, TIMER));
}
END_TEST

START_TEST(timer_pended_by_software_is_not_linked)
{
    write_bit(0, ISPENDR, TIMER);
    ck_assert(!fake_lr(0, 0).hardware); /* ending it would deactivate what is not active */
    take(0, TIMER);
    set_physical(0, TIMER, true); /* and now the real one */
    end(0, TIMER);
    take(0, TIMER);
    set_physical(0, TIMER, false);
    end(0, TIMER);
    expect_nothing(0);
    ck_assert_uint_eq(fake.cpus[0].physical_active, 0);
}
END_TEST

/* ---- More interrupts than list registers */

/** @p lrs interrupts are active, one more waits with a lower priority: the guest must go on running, and get it in the
 * end. */
static void all_active_one_waits(unsigned lrs)
{
    setup_system(1, 64, lrs);
    for (uint32_t i = 0; i <= lrs; i++) { /* each more urgent than the one before, so that they nest */
        enable(32 + i, (uint8_t)(0xe0 - 8 * i));
        set_edge(0, 32 + i);
    }
    enable(80, 0xf0);
    set_edge(0, 80);
    for (uint32_t i = 0; i < lrs; i++) {
        pulse(32 + i);
        take(0, 32 + i);
    }
    pulse(80);
    for (unsigned i = 0; i < 10; i++) {
        bounce(0); /* enter_guest() checks that nothing brings it out at once */
        ck_assert(!must_exit(0));
    }
    ck_assert(vgic_has_pending(&sys.vcpus[0].vgic));
    expect_nothing(0);
    for (uint32_t i = lrs; i-- > 0;)
        end(0, 32 + i);
    take_and_end(0, 80);
}

START_TEST(all_list_registers_active)
{
    static const unsigned counts[] = {1, 2, 4, 16};
    all_active_one_waits(counts[_i]);
}
END_TEST

/** Whatever order they come in, they are taken by priority, and none is lost. */
static void many_pending(unsigned lrs)
{
    setup_system(1, 64, lrs);
    for (uint32_t i = 0; i < 31; i++)
        enable(32 + i, (uint8_t)(0xf0 - 8 * ((i * 7) % 31)));
    for (uint32_t i = 0; i < 31; i++)
        set_line(32 + i, true);
    for (unsigned i = 0; i < 31; i++) {
        uint32_t intid = acknowledge(0);
        ck_assert_uint_eq((intid - 32) * 7 % 31, 30 - i);
        set_line(intid, false);
        end(0, intid);
    }
    expect_nothing(0);
}

START_TEST(more_pending_than_list_registers)
{
    static const unsigned counts[] = {1, 2, 4, 16};
    many_pending(counts[_i]);
}
END_TEST

/** An edge that came again while its interrupt is active must not, when that ends, go ahead of a more urgent one that
 * had no room. */
START_TEST(pending_and_active_does_not_jump_the_queue)
{
    static const struct {
        uint32_t again, urgent;
        uint8_t priority;
    } cases[] = {{40, 33, 0x80}, {33, 40, 0x40}};
    uint32_t again = cases[_i].again, urgent = cases[_i].urgent;

    setup_system(1, 32, 1);
    enable(again, 0x80);
    enable(urgent, cases[_i].priority);
    set_edge(0, again);
    set_edge(0, urgent);
    pulse(again);
    take(0, again);
    pulse(again);
    pulse(urgent);
    end(0, again);
    take_and_end(0, urgent);
    take_and_end(0, again);
    expect_nothing(0);
}
END_TEST

START_TEST(urgent_one_evicts)
{
    for (uint32_t i = 0; i < 8; i++) {
        enable(48 + i, 0x80);
        set_line(48 + i, true);
    }
    set_line(SPI, true); /* 0x40 */
    take(0, SPI);
}
END_TEST

START_TEST(timer_when_all_are_taken)
{
    for (uint32_t i = 0; i < 8; i++) {
        enable(48 + i, 0x80);
        set_line(48 + i, true);
    }
    write8(0, IPRIORITYR + TIMER, 0x20);
    set_physical(0, TIMER, true);
    take(0, TIMER);
    set_physical(0, TIMER, false);
    end(0, TIMER);
    ck_assert_uint_eq(fake.cpus[0].physical_active, 0); /* ended in software: its end had to be noticed */
    take(0, 48);
}
END_TEST

/** Interrupts of a group that the guest's CPU interface does not signal must not keep out those of the other. */
START_TEST(closed_group_gives_way)
{
    for (uint32_t i = 0; i < 8; i++) {
        enable(48 + i, 0x20);
        set_line(48 + i, true);
    }
    fake.cpus[0].groups = 2;
    settle_all();
    write_bit(0, IGROUPR, OTHER);
    set_line(OTHER, true);
    take(0, OTHER);
    fake.cpus[0].groups = 3; /* noticed, although nothing else brings the guest out */
    settle_all();
    take(0, 48);
    fake.cpus[0].groups = 1;
    settle_all();
    for (uint32_t i = 0; i < 8; i++)
        set_line(48 + i, false);
    ck_assert_uint_eq(fake.cpus[0].hcr, GIC_HCR_EN); /* none waits: none is watched for */
}
END_TEST

/* ---- Several vCPUs */

START_TEST(retarget_while_pending_elsewhere)
{
    setup_many(2, 4);
    set_line(SPI, true);
    ck_assert_int_ge(fake_find(0, SPI), 0);
    write8(1, ITARGETSR + SPI, 2);
    ck_assert_int_lt(fake_find(0, SPI), 0);
    expect_nothing(0);
    take_and_end(1, SPI);
}
END_TEST

START_TEST(retarget_while_active_elsewhere)
{
    setup_many(2, 4);
    set_line(SPI, true);
    take(0, SPI);
    write8(1, ITARGETSR + SPI, 2);
    expect_nothing(1); /* active is active everywhere */
    end(0, SPI);
    expect_nothing(0);
    take(1, SPI);
}
END_TEST

START_TEST(no_target)
{
    write8(0, ITARGETSR + SPI, 0);
    set_line(SPI, true);
    expect_nothing(0);
    ck_assert(!vgic_has_pending(&sys.vcpus[0].vgic));
    ck_assert(read_bit(0, ISPENDR, SPI));
    write8(0, ITARGETSR + SPI, 1);
    take(0, SPI);
}
END_TEST

START_TEST(waiting_vcpu_is_woken)
{
    setup_many(2, 4);
    write8(0, ITARGETSR + SPI, 2);
    sys.vcpus[1].state = VCPU_WAITING;
    fake.cpus[0].kicks = fake.cpus[1].kicks = 0;
    ck_assert(!vgic_has_pending(&sys.vcpus[1].vgic));
    vgic_set_spi(&sys.domain.vgic, SPI, true);
    ck_assert_uint_eq(sys.vcpus[1].wake, 1);
    ck_assert_uint_eq(sys.vcpus[0].wake, 0);
    ck_assert_uint_eq(fake.cpus[1].kicks, 1);
    ck_assert_uint_eq(fake.cpus[0].kicks, 0);
    ck_assert(vgic_has_pending(&sys.vcpus[1].vgic));
}
END_TEST

START_TEST(disabled_interrupt_wakes_nobody)
{
    write_bit(0, ICENABLER, SPI);
    sys.vcpus[0].state = VCPU_WAITING;
    fake.cpus[0].kicks = 0;
    vgic_set_spi(&sys.domain.vgic, SPI, true);
    ck_assert_uint_eq(sys.vcpus[0].wake, 0);
    ck_assert_uint_eq(fake.cpus[0].kicks, 0);
}
END_TEST

/* ---- Load and put */

START_TEST(list_registers_go_with_their_vcpu)
{
    set_physical(0, TIMER, true);
    set_line(SPI, true);
    set_line(OTHER, true);
    take(0, TIMER);
    exit_guest(0);
    vgic_put(&sys.vcpus[0].vgic);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(fake_lr(0, i).state, GIC_LR_INVALID);
    ck_assert(vgic_ppi_in_flight(&sys.vcpus[0].vgic, TIMER));
    vgic_set_spi(&sys.domain.vgic, OTHER, false); /* while it is away */
    vgic_load(&sys.vcpus[0].vgic);
    ck_assert_int_ge(fake_find(0, SPI), 0);
    enter_guest(0);
    ck_assert_int_lt(fake_find(0, OTHER), 0);
    fake.cpus[0].depth = 0;
    take(0, SPI);
}
END_TEST

START_TEST(reset_forgets_all)
{
    static struct vcpu fresh;
    static struct vgic vgic;

    set_line(SPI, true);
    write_bit(0, ISACTIVER, OTHER);
    write32(0, SGIR, 2u << 24 | 3);
    exit_guest(0);
    vgic_put(&sys.vcpus[0].vgic);
    struct arch_spinlock lock = sys.domain.vgic.lock;
    vgic_reset(&sys.domain.vgic, 32);
    vgic_reset_vcpu(&sys.vcpus[0].vgic);
    ck_assert_uint_ne(lock.next, 0);
    ck_assert_mem_eq(&sys.domain.vgic.lock, &lock, sizeof(lock)); /* another CPU may wait for it */
    vgic_reset(&vgic, 32);
    vgic_add_vcpu(&vgic, &fresh.vgic, 0);
    fresh.vgic.vgic = &sys.domain.vgic;
    vgic_reset_vcpu(&fresh.vgic);
    ck_assert_mem_eq(&sys.vcpus[0].vgic, &fresh.vgic, sizeof(fresh.vgic));
    ck_assert_mem_eq(sys.domain.vgic.spis, vgic.spis, 32 * sizeof(struct vgic_irq));
    vgic_load(&sys.vcpus[0].vgic);
    enter_guest(0);
    expect_nothing(0);
    write32(0, CTLR, 3);
    write_bit(0, ISENABLER, SPI);
    expect_nothing(0);
    set_line(SPI, true);
    take(0, SPI);
}
END_TEST

START_TEST(init_writes_only_the_spis_there_are)
{
    static struct vgic vgic;

    memset(&vgic, 0xa5, sizeof(vgic));
    vgic_reset(&vgic, 64);
    for (size_t i = 64 * sizeof(struct vgic_irq); i < sizeof(vgic.spis); i++)
        ck_assert_uint_eq(((const uint8_t *)vgic.spis)[i], 0xa5);
    vgic_reset(&vgic, 2000);
    ck_assert_uint_eq(vgic.spi_count, VGIC_MAX_SPIS);
    ck_assert_uint_eq(vgic.groups, 0);
    ck_assert_uint_eq(vgic.lock.next, vgic.lock.owner);
}
END_TEST

/* ---- Cost */

START_TEST(nothing_to_do_costs_nothing)
{
    struct fake_cpu *cpu = &fake.cpus[0];
    unsigned reads = cpu->lr_reads, writes = cpu->lr_writes;

    for (unsigned i = 0; i < 10; i++)
        bounce(0);
    ck_assert_uint_eq(cpu->lr_reads, reads); /* none in use: none is read */
    set_line(SPI, true);
    ck_assert_uint_eq(cpu->lr_writes, writes + 1);
    for (unsigned i = 0; i < 10; i++)
        bounce(0);
    ck_assert_uint_eq(cpu->lr_reads, reads + 10); /* one in use: one is read, and not written again */
    ck_assert_uint_eq(cpu->lr_writes, writes + 1);
}
END_TEST

START_TEST(timer_stays_while_others_come_and_go)
{
    struct fake_cpu *cpu = &fake.cpus[0];

    set_physical(0, TIMER, true);
    unsigned writes = cpu->lr_writes;
    ck_assert(vgic_has_pending(&sys.vcpus[0].vgic));
    for (unsigned i = 1; i <= 5; i++) {
        set_line(SPI, true);
        set_line(SPI, false);
        ck_assert(read_bit(0, ISPENDR, TIMER) && !read_bit(0, ISACTIVER, TIMER));
        ck_assert_uint_eq(cpu->lr_writes, writes + 2 * i); /* the SPI in and out, and nothing else */
    }
    take(0, TIMER);
    bounce(0);
    ck_assert(read_bit(0, ISACTIVER, TIMER));
    ck_assert(!vgic_has_pending(&sys.vcpus[0].vgic));
}
END_TEST

START_TEST(timer_takes_one_write)
{
    struct fake_cpu *cpu = &fake.cpus[0];

    for (unsigned i = 0; i < 10; i++) {
        unsigned writes = cpu->lr_writes;
        set_physical(0, TIMER, true);
        take(0, TIMER);
        set_physical(0, TIMER, false);
        end(0, TIMER);
        ck_assert(!must_exit(0)); /* it ends without an exit */
        ck_assert_uint_eq(cpu->lr_writes, writes + 1);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, timer_is_ended_in_hardware);
    tcase_add_test(tests, timer_is_ended_in_software_where_the_hardware_forgets_its_line);
    tcase_add_test(tests, timer_returns_while_not_served);
    tcase_add_test(tests, timer_withdrawn);
    tcase_add_test(tests, timer_disabled_while_pending_then_withdrawn);
    tcase_add_test(tests, timer_disabled_while_pending_then_enabled);
    tcase_add_test(tests, timer_pended_by_software_is_not_linked);
    tcase_add_loop_test(tests, all_list_registers_active, 0, 4);
    tcase_add_loop_test(tests, more_pending_than_list_registers, 0, 4);
    tcase_add_loop_test(tests, pending_and_active_does_not_jump_the_queue, 0, 2);
    tcase_add_test(tests, urgent_one_evicts);
    tcase_add_test(tests, timer_when_all_are_taken);
    tcase_add_test(tests, closed_group_gives_way);
    tcase_add_test(tests, retarget_while_pending_elsewhere);
    tcase_add_test(tests, retarget_while_active_elsewhere);
    tcase_add_test(tests, no_target);
    tcase_add_test(tests, waiting_vcpu_is_woken);
    tcase_add_test(tests, disabled_interrupt_wakes_nobody);
    tcase_add_test(tests, list_registers_go_with_their_vcpu);
    tcase_add_test(tests, reset_forgets_all);
    tcase_add_test(tests, init_writes_only_the_spis_there_are);
    tcase_add_test(tests, nothing_to_do_costs_nothing);
    tcase_add_test(tests, timer_stays_while_others_come_and_go);
    tcase_add_test(tests, timer_takes_one_write);
}

int main(void)
{
    return suite_run("vgic-lists", add_tests, setup);
}
