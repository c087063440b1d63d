// SPDX-License-Identifier: Apache-2.0
/* The timer's short way into a list register and out again. */
#include "support/suite.h"
#include "unit/vgic/vgic_system.h"

static void start_v3(unsigned vcpus)
{
    setup_version(GIC_V3, vcpus, 32, 4);
    access_raw(0, CTLR, 4, true, 3);
}

/** One tick of vCPU 0's timer, from its line to the exit after its end.
 * @return how often the lock was taken for it */
static uint32_t locks_of_a_tick(void)
{
    uint32_t before = sys.domain.vgic.lock.next;

    set_physical(0, TIMER, true);
    ck_assert_uint_eq(sys.vcpus[0].vgic.lr_direct, 1);
    ck_assert_uint_eq(acknowledge(0), TIMER);
    set_physical(0, TIMER, false);
    end(0, TIMER);
    exit_guest(0);
    ck_assert_uint_eq(sys.vcpus[0].vgic.hw.used, 0);
    ck_assert(!vgic_ppi_in_flight(&sys.vcpus[0].vgic, TIMER));
    uint32_t locks = sys.domain.vgic.lock.next - before;
    enter_guest(0);
    return locks;
}

/** Without the lock where nobody else can write: a GICv2's private interrupts are banked. */
START_TEST(the_short_way_needs_a_lock_where_vcpus_share)
{
    start_v3(1);
    access_redistributor(0, 0, SGI_FRAME + ISENABLER, 4, true, 1u << TIMER);
    ck_assert_uint_eq(locks_of_a_tick(), 0);
    start_v3(2);
    access_redistributor(0, 0, SGI_FRAME + ISENABLER, 4, true, 1u << TIMER);
    ck_assert_uint_eq(locks_of_a_tick(), 2);
    setup_system(8, 32, 4);
    write32(0, CTLR, 1);
    write_bit(0, ISENABLER, TIMER);
    ck_assert_uint_eq(locks_of_a_tick(), 0);
}
END_TEST

/** What another vCPU writes between the fill and the end of a list register stands. */
START_TEST(the_short_way_keeps_what_another_writes)
{
    start_v3(2);
    access_redistributor(0, 0, SGI_FRAME + ISENABLER, 4, true, 1u << TIMER);
    set_physical(0, TIMER, true);
    ck_assert_uint_eq(sys.vcpus[0].vgic.lr_direct, 1);
    ck_assert_uint_eq(acknowledge(0), TIMER);
    set_physical(0, TIMER, false);
    end(0, TIMER);
    fake.current = 1; /* before vCPU 0 comes out */
    struct mmio_access access = {
        .offset = SGI_FRAME + ISPENDR, .size = 4, .vcpu = 1, .write = true, .value = 1u << TIMER};
    vgic_redistributor_access(&sys.domain.vgic, &access);
    bounce(0);
    ck_assert_uint_eq(acknowledge(0), TIMER);
    end(0, TIMER);
    ck_assert_uint_eq(acknowledge(0), GIC_SPURIOUS);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, the_short_way_needs_a_lock_where_vcpus_share);
    tcase_add_test(tests, the_short_way_keeps_what_another_writes);
}

int main(void)
{
    return suite_run("vgic_short", add_tests, NULL);
}
