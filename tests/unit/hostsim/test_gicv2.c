// SPDX-License-Identifier: Apache-2.0
/* The GICv2 model against IHI 0048B: what it answers, without any driver of ours between. */
#include "unit/hostsim/mini.h"

#define SPURIOUS 1023

static struct sim_machine *machine;
static struct arch_mmio gicd, gicc, gich, gicv;

static void begin(const struct sim_options *options)
{
    machine = make_machine(options);
    ck_assert(arch_mmio_map(&gicd, pa(GICD), 0x1000));
    ck_assert(arch_mmio_map(&gicc, pa(GICC), 0x2000));
    ck_assert(arch_mmio_map(&gich, pa(GICH), 0x200));
    ck_assert(arch_mmio_map(&gicv, pa(GICV), 0x2000)); /* as a guest would see it */
    arch_mmio_write32(&gicd, 0, 1);
    arch_mmio_write32(&gicc, 0x04, 0xff);
    arch_mmio_write32(&gicc, 0x00, 1);
}

static void setup(void)
{
    begin(NULL);
}

static void teardown(void)
{
    sim_destroy(machine);
}

static void enable(unsigned intid, uint8_t priority, uint8_t targets)
{
    arch_mmio_write8(&gicd, 0x400 + intid, priority);
    arch_mmio_write8(&gicd, 0x800 + intid, targets);
    arch_mmio_write32(&gicd, 0x100 + intid / 32 * 4, 1u << intid % 32);
}

static uint32_t acknowledge(void)
{
    return arch_mmio_read32(&gicc, 0x0c);
}

static void end(uint32_t value)
{
    arch_mmio_write32(&gicc, 0x10, value);
}

static bool bit(uint32_t base, unsigned intid)
{
    return (arch_mmio_read32(&gicd, base + intid / 32 * 4) >> intid % 32 & 1) != 0;
}

#define PENDING 0x200
#define ACTIVE 0x300

START_TEST(test_identification)
{
    ck_assert_uint_eq(arch_mmio_read32(&gicd, 0x04) & 0x1f, (32 + 256) / 32 - 1);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, 0x04) >> 5 & 7, 1); /* two CPUs */
    ck_assert_uint_eq(arch_mmio_read32(&gicd, 0xfe8) >> 4 & 0xf, 2);
    ck_assert_uint_eq(arch_mmio_read32(&gich, 0x04) & 0x3f, 3); /* four list registers */
    ck_assert_uint_eq(arch_mmio_read32(&gicd, 0x800) & 0xff, 1);
    sim_act_as(machine, 1);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, 0x800) & 0xff, 2);
}
END_TEST

/* 3.2.4: a level is pending while it lasts, also again while it is active. */
START_TEST(test_level)
{
    enable(40, 0xa0, 1);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    sim_set_spi(machine, 40, true);
    ck_assert(bit(PENDING, 40));
    ck_assert_uint_eq(acknowledge(), 40);
    ck_assert(bit(ACTIVE, 40) && bit(PENDING, 40));
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    end(40);
    ck_assert_uint_eq(acknowledge(), 40); /* still asserted */
    sim_set_spi(machine, 40, false);
    ck_assert(!bit(PENDING, 40));
    end(40);
    ck_assert(!bit(ACTIVE, 40));
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
}
END_TEST

START_TEST(test_edge)
{
    arch_mmio_write32(&gicd, 0xc00 + 40 / 16 * 4, 2u << 40 % 16 * 2);
    enable(40, 0xa0, 1);
    sim_set_spi(machine, 40, true);
    sim_set_spi(machine, 40, false);
    ck_assert_uint_eq(acknowledge(), 40);
    ck_assert(!bit(PENDING, 40));
    sim_set_spi(machine, 40, true); /* once more while active */
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    end(40);
    ck_assert_uint_eq(acknowledge(), 40);
    end(40);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
}
END_TEST

/* A latch set through ISPENDR outlives a level that is not there; ICPENDR clears it and not the level. */
START_TEST(test_set_and_clear_pending)
{
    enable(41, 0xa0, 1);
    arch_mmio_write32(&gicd, 0x204, 1u << 9);
    ck_assert_uint_eq(acknowledge(), 41);
    end(41);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    sim_set_spi(machine, 41, true);
    arch_mmio_write32(&gicd, 0x284, 1u << 9);
    ck_assert(bit(PENDING, 41));
    sim_set_spi(machine, 41, false);
    ck_assert(!bit(PENDING, 41));
}
END_TEST

/* 3.3: the higher priority first, of equals the lower number; a running one is preempted by a higher group priority
 * only. */
START_TEST(test_priorities)
{
    enable(40, 0xa0, 1);
    enable(41, 0x80, 1);
    enable(42, 0x80, 1);
    enable(43, 0x20, 1);
    for (unsigned intid = 40; intid <= 42; intid++)
        sim_set_spi(machine, intid, true);
    ck_assert_uint_eq(acknowledge(), 41);
    ck_assert_uint_eq(arch_mmio_read32(&gicc, 0x14), 0x80);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    sim_set_spi(machine, 43, true);
    ck_assert_uint_eq(acknowledge(), 43);
    for (unsigned intid = 40; intid <= 43; intid++)
        sim_set_spi(machine, intid, false);
    end(43);
    end(41);
    ck_assert_uint_eq(arch_mmio_read32(&gicc, 0x14), 0xff);
    sim_set_spi(machine, 40, true);
    arch_mmio_write32(&gicc, 0x04, 0xa0); /* the mask must be higher */
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    arch_mmio_write32(&gicc, 0x04, 0xa8);
    ck_assert_uint_eq(acknowledge(), 40);
}
END_TEST

START_TEST(test_targets)
{
    enable(40, 0xa0, 2);
    sim_set_spi(machine, 40, true);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    sim_act_as(machine, 1);
    arch_mmio_write32(&gicc, 0x04, 0xff);
    arch_mmio_write32(&gicc, 0x00, 1);
    ck_assert_uint_eq(acknowledge(), 40);
    arch_mmio_write32(&gicd, 0x104, 0); /* writing zeros changes nothing */
    ck_assert(bit(0x100, 40));
    arch_mmio_write32(&gicd, 0x184, 1u << 8);
    ck_assert(!bit(0x100, 40));
}
END_TEST

/* 4.3.15: to a list, to all others, to oneself; each source is pending for itself and comes with its number. */
START_TEST(test_sgi)
{
    arch_mmio_write32(&gicd, 0x100, 1u << 3);
    arch_mmio_write32(&gicd, 0xf00, 1u << 16 | 3);
    sim_act_as(machine, 1);
    arch_mmio_write32(&gicd, 0x100, 1u << 4);
    arch_mmio_write32(&gicd, 0xf00, 1u << 24 | 3);
    arch_mmio_write32(&gicd, 0xf00, 2u << 24 | 4);
    arch_mmio_write32(&gicc, 0x04, 0xff);
    arch_mmio_write32(&gicc, 0x00, 1);
    ck_assert_uint_eq(acknowledge(), 1u << 10 | 4);
    sim_act_as(machine, 0);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, 0xf20) >> 24, 3);
    ck_assert_uint_eq(acknowledge(), 3);
    end(3);
    ck_assert_uint_eq(acknowledge(), 1u << 10 | 3);
    end(1u << 10 | 3);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
}
END_TEST

/* 4.3.5: whether SGIs are enabled from the start, and can be disabled, is the implementation's choice; here neither is
 * taken for granted. */
START_TEST(test_sgi_enable)
{
    arch_mmio_write32(&gicd, 0xf00, 2u << 24 | 3);
    ck_assert(bit(PENDING, 3));
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    arch_mmio_write32(&gicd, 0x100, 1u << 3);
    ck_assert_uint_eq(acknowledge(), 3);
    end(3);
    arch_mmio_write32(&gicd, 0x180, 1u << 3);
    arch_mmio_write32(&gicd, 0xf00, 2u << 24 | 3);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
}
END_TEST

/* 4.4.7: what IAR would give if nothing stood in its way, and its aliases. */
START_TEST(test_highest_pending)
{
    ck_assert_uint_eq(arch_mmio_read32(&gicc, 0x18), SPURIOUS);
    enable(40, 0xa0, 1);
    sim_set_spi(machine, 40, true);
    arch_mmio_write32(&gicc, 0x04, 0);
    ck_assert_uint_eq(arch_mmio_read32(&gicc, 0x18), 40);
    ck_assert_uint_eq(arch_mmio_read32(&gicc, 0x28), SPURIOUS);
    arch_mmio_write32(&gicd, 0x84, 1u << 8); /* Group 1 */
    arch_mmio_write32(&gicd, 0x00, 3);
    ck_assert_uint_eq(arch_mmio_read32(&gicc, 0x18), 1022);
    ck_assert_uint_eq(arch_mmio_read32(&gicc, 0x28), 40);
    arch_mmio_write32(&gicc, 0x00, 1 | 1u << 2); /* AckCtl */
    ck_assert_uint_eq(arch_mmio_read32(&gicc, 0x18), 40);
    arch_mmio_write32(&gicd, 0x100, 1u << 3);
    sim_act_as(machine, 1);
    arch_mmio_write32(&gicd, 0xf00, 1u << 16 | 3);
    sim_act_as(machine, 0);
    ck_assert_uint_eq(arch_mmio_read32(&gicc, 0x18), 1u << 10 | 3);
}
END_TEST

/* 3.9: IAR and its alias each take their own group. */
START_TEST(test_groups)
{
    arch_mmio_write32(&gicd, 0x84, 1u << 8);
    arch_mmio_write32(&gicd, 0x00, 3);
    arch_mmio_write32(&gicc, 0x00, 3);
    enable(40, 0xa0, 1);
    enable(41, 0x80, 1);
    sim_set_spi(machine, 40, true);
    ck_assert_uint_eq(acknowledge(), 1022);
    ck_assert(!bit(ACTIVE, 40));
    ck_assert_uint_eq(arch_mmio_read32(&gicc, 0x20), 40);
    sim_set_spi(machine, 41, true);
    ck_assert_uint_eq(arch_mmio_read32(&gicc, 0x20), SPURIOUS);
    ck_assert_uint_eq(acknowledge(), 41);
    end(41);
    arch_mmio_write32(&gicc, 0x24, 40);
    ck_assert(!bit(ACTIVE, 40));
}
END_TEST

/* 3.2.1: with EOImode 1 the end drops the priority, and deactivation is a step of its own. */
START_TEST(test_split_end)
{
    arch_mmio_write32(&gicc, 0x00, 1 | 1u << 9);
    enable(40, 0xa0, 1);
    enable(41, 0xa0, 1);
    sim_set_spi(machine, 40, true);
    ck_assert_uint_eq(acknowledge(), 40);
    sim_set_spi(machine, 41, true);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    end(40);
    ck_assert(bit(ACTIVE, 40));
    ck_assert_uint_eq(acknowledge(), 41); /* of the same priority as the one that is still active */
    arch_mmio_write32(&gicc, 0x1000, 40);
    ck_assert(!bit(ACTIVE, 40));
}
END_TEST

/* The Non-secure view: one enable bit, groups invisible, priorities shifted into the lower half. */
START_TEST(test_security)
{
    teardown();
    begin(&(struct sim_options){.gic_security = true});
    arch_mmio_write32(&gicc, 0x00, 1 | 1u << 9);
    enable(40, 0xa0, 1);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, 0x04) >> 10 & 1, 1);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, 0x80), 0);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, 0x428) & 0xff, 0xa0);
    ck_assert_uint_eq(arch_mmio_read32(&gicc, 0x04), 0xf0);
    sim_set_spi(machine, 40, true);
    ck_assert_uint_eq(acknowledge(), 40);
    ck_assert_uint_eq(arch_mmio_read32(&gicc, 0x14), 0xa0);
    end(40);
    ck_assert(bit(ACTIVE, 40));
}
END_TEST

/* ---- The virtual interface */

#define LR(index) (0x100 + 4 * (index))
#define LR_PENDING (1u << 28)
#define LR_ACTIVE (1u << 29)

static void begin_virtual(void)
{
    arch_mmio_write32(&gich, 0x00, 1);
    arch_mmio_write32(&gicv, 0x04, 0xf8);
    arch_mmio_write32(&gicv, 0x00, 1);
}

START_TEST(test_list_registers)
{
    begin_virtual();
    arch_mmio_write32(&gich, LR(0), LR_PENDING | 20u << 23 | 50);
    arch_mmio_write32(&gich, LR(2), LR_PENDING | 10u << 23 | 3u << 10 | 5); /* an SGI from vCPU 3 */
    ck_assert_uint_eq(arch_mmio_read32(&gich, 0x30), 0xa);
    ck_assert_uint_eq(arch_mmio_read32(&gicv, 0x0c), 3u << 10 | 5);
    ck_assert_uint_eq(arch_mmio_read32(&gich, LR(2)), LR_ACTIVE | 10u << 23 | 3u << 10 | 5);
    ck_assert_uint_eq(arch_mmio_read32(&gich, 0xf0), 1u << 10);
    ck_assert_uint_eq(arch_mmio_read32(&gicv, 0x0c), SPURIOUS); /* the other is less urgent than the running one */
    arch_mmio_write32(&gicv, 0x10, 3u << 10 | 5);
    ck_assert_uint_eq(arch_mmio_read32(&gich, LR(2)) >> 28, 0);
    ck_assert_uint_eq(arch_mmio_read32(&gicv, 0x0c), 50);
    arch_mmio_write32(&gicv, 0x10, 50);
    ck_assert_uint_eq(arch_mmio_read32(&gich, 0x30), 0xf);
    ck_assert_uint_eq(arch_mmio_read32(&gich, 0xf0), 0);
}
END_TEST

/* 5.2.2: the end of a linked one is the end of the physical one. */
START_TEST(test_linked)
{
    begin_virtual();
    arch_mmio_write32(&gicc, 0x00, 1 | 1u << 9);
    enable(60, 0x80, 1);
    sim_set_spi(machine, 60, true);
    ck_assert_uint_eq(acknowledge(), 60);
    end(60);
    sim_set_spi(machine, 60, false);
    arch_mmio_write32(&gich, LR(1), 1u << 31 | LR_PENDING | 60u << 10 | 33);
    ck_assert_uint_eq(arch_mmio_read32(&gicv, 0x0c), 33);
    ck_assert(bit(ACTIVE, 60));
    arch_mmio_write32(&gicv, 0x10, 33);
    ck_assert(!bit(ACTIVE, 60));
}
END_TEST

static bool maintenance(uint32_t cause)
{
    return (arch_mmio_read32(&gich, 0x10) & cause) != 0 && bit(PENDING, 25);
}

START_TEST(test_maintenance)
{
    begin_virtual();
    ck_assert_uint_eq(arch_mmio_read32(&gich, 0x10), 0);
    arch_mmio_write32(&gich, 0x00, 1 | 1u << 1); /* underflow */
    ck_assert(maintenance(1u << 1));
    arch_mmio_write32(&gich, LR(0), LR_PENDING | 40);
    ck_assert(maintenance(1u << 1));
    arch_mmio_write32(&gich, LR(1), LR_PENDING | 1u << 19 | 41);
    ck_assert(!maintenance(1u << 1));
    arch_mmio_write32(&gich, 0x00, 1 | 1u << 3); /* nothing pending */
    ck_assert(!maintenance(1u << 3));
    ck_assert_uint_eq(arch_mmio_read32(&gicv, 0x0c), 40);
    arch_mmio_write32(&gicv, 0x10, 40);
    ck_assert_uint_eq(arch_mmio_read32(&gicv, 0x0c), 41);
    ck_assert(maintenance(1u << 3));
    arch_mmio_write32(&gich, 0x00, 1);
    ck_assert(!bit(PENDING, 25));
    arch_mmio_write32(&gicv, 0x10, 41); /* has the EOI bit */
    ck_assert(maintenance(1u << 0));
    ck_assert_uint_eq(arch_mmio_read32(&gich, 0x20), 2);
    ck_assert_uint_eq(arch_mmio_read32(&gich, 0x30), 0xd);
    arch_mmio_write32(&gich, LR(1), 0);
    ck_assert(!bit(PENDING, 25));
    arch_mmio_write32(&gich, 0x00, 0);
    ck_assert(!bit(PENDING, 25));
}
END_TEST

/* 5.3.4: the four causes that tell of the guest's group enables. */
START_TEST(test_maintenance_by_groups)
{
    static const struct {
        uint32_t hcr, misr_while_0_only, misr_while_1_only;
    } rows[] = {{1u << 4, 1u << 4, 0}, {1u << 5, 0, 1u << 5}, {1u << 6, 0, 1u << 6}, {1u << 7, 1u << 7, 0}};
    begin_virtual();
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        arch_mmio_write32(&gich, 0x00, 1 | rows[i].hcr);
        for (unsigned group = 0; group < 2; group++) {
            uint32_t expected = group == 0 ? rows[i].misr_while_0_only : rows[i].misr_while_1_only;
            arch_mmio_write32(&gicv, 0x00, 1u << group);
            ck_assert_uint_eq(arch_mmio_read32(&gich, 0x10), expected);
            ck_assert(bit(PENDING, 25) == (expected != 0));
        }
    }
}
END_TEST

/* An end for which no list register is active is counted. */
START_TEST(test_end_of_the_unlisted)
{
    begin_virtual();
    arch_mmio_write32(&gich, LR(0), LR_PENDING | 40);
    ck_assert_uint_eq(arch_mmio_read32(&gicv, 0x0c), 40);
    arch_mmio_write32(&gich, LR(0), 0); /* the hypervisor took it out */
    arch_mmio_write32(&gich, 0x00, 1 | 1u << 2);
    arch_mmio_write32(&gicv, 0x10, 40);
    ck_assert_uint_eq(arch_mmio_read32(&gich, 0x00) >> 27, 1);
    ck_assert(maintenance(1u << 2));
}
END_TEST

/* 5.3.2: the count has five bits; an end that finds nothing active is not counted. */
START_TEST(test_count_of_ends_wraps)
{
    begin_virtual();
    arch_mmio_write32(&gicv, 0x10, 40);
    ck_assert_uint_eq(arch_mmio_read32(&gich, 0x00), 1);
    for (unsigned i = 0; i < 33; i++) {
        arch_mmio_write32(&gich, 0xf0, 1u << 20);
        arch_mmio_write32(&gicv, 0x10, 40);
    }
    ck_assert_uint_eq(arch_mmio_read32(&gich, 0x00) >> 27, 1);
}
END_TEST

START_TEST(test_vmcr_is_the_guests_view)
{
    begin_virtual();
    arch_mmio_write32(&gicv, 0x04, 0x50);
    arch_mmio_write32(&gicv, 0x08, 4);
    arch_mmio_write32(&gicv, 0x00, 1 | 1u << 9);
    uint32_t vmcr = arch_mmio_read32(&gich, 0x08);
    ck_assert_uint_eq(vmcr >> 27, 0x50 >> 3);
    ck_assert_uint_eq(vmcr >> 21 & 7, 4);
    ck_assert_uint_eq(vmcr & 0x21f, 0x201);
    arch_mmio_write32(&gich, 0x08, 31u << 27 | 3u << 21 | 2);
    ck_assert_uint_eq(arch_mmio_read32(&gicv, 0x04), 0xf8);
    ck_assert_uint_eq(arch_mmio_read32(&gicv, 0x08), 3);
    ck_assert_uint_eq(arch_mmio_read32(&gicv, 0x00), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostsim GICv2");
    TCase *tcase = tcase_create("gic");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_identification);
    tcase_add_test(tcase, test_level);
    tcase_add_test(tcase, test_edge);
    tcase_add_test(tcase, test_set_and_clear_pending);
    tcase_add_test(tcase, test_priorities);
    tcase_add_test(tcase, test_targets);
    tcase_add_test(tcase, test_sgi);
    tcase_add_test(tcase, test_sgi_enable);
    tcase_add_test(tcase, test_highest_pending);
    tcase_add_test(tcase, test_groups);
    tcase_add_test(tcase, test_split_end);
    tcase_add_test(tcase, test_security);
    tcase_add_test(tcase, test_list_registers);
    tcase_add_test(tcase, test_linked);
    tcase_add_test(tcase, test_maintenance);
    tcase_add_test(tcase, test_maintenance_by_groups);
    tcase_add_test(tcase, test_end_of_the_unlisted);
    tcase_add_test(tcase, test_count_of_ends_wraps);
    tcase_add_test(tcase, test_vmcr_is_the_guests_view);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
