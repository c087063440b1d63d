// SPDX-License-Identifier: Apache-2.0
/* The GICv3 model against IHI 0069, the physical side: what it answers, without any driver of ours between. */
#include "unit/hostsim/gicv3.h"

static struct sim_machine *machine;
static struct arch_mmio gicd, gicr;

static void begin(const struct gicv3_shape *shape, const struct sim_options *options)
{
    machine = gicv3_machine(shape, options);
    ck_assert(arch_mmio_map(&gicd, pa(GICD), 0x10000));
    ck_assert(arch_mmio_map(&gicr, pa(GICR), 8 * CPU_FRAMES));
    arch_mmio_write32(&gicd, CTLR, ARE);
    wait_until_clear(&gicd, CTLR, RWP);
    for (unsigned i = 32; i < 288 && (options == NULL || !options->gic_security); i += 32)
        arch_mmio_write32(&gicd, IGROUPR + i / 8, ~0U);
    arch_mmio_write32(&gicd, CTLR, ARE | GROUP1);
    gicv3_enable_cpu(&gicr, 0);
}

static void setup(void)
{
    begin(&(struct gicv3_shape){0}, NULL);
}

static void teardown(void)
{
    sim_destroy(machine);
}

static void switch_cpu(unsigned cpu)
{
    sim_act_as(machine, cpu);
    if ((icc(ARCH_ICC_SRE_EL2) & 1) == 0)
        gicv3_enable_cpu(&gicr, cpu);
}

static void route(unsigned intid, uint64_t affinity)
{
    arch_mmio_write32(&gicd, IROUTER + 8 * intid, (uint32_t)affinity);
    arch_mmio_write32(&gicd, IROUTER + 8 * intid + 4, (uint32_t)(affinity >> 32));
}

static void enable(unsigned intid, uint8_t priority)
{
    arch_mmio_write8(&gicd, IPRIORITYR + intid, priority);
    arch_mmio_write32(&gicd, ISENABLER + intid / 32 * 4, 1U << intid % 32);
}

static void enable_private(unsigned cpu, unsigned intid, uint8_t priority)
{
    arch_mmio_write8(&gicr, cpu * CPU_FRAMES + SGI_FRAME + IPRIORITYR + intid, priority);
    arch_mmio_write32(&gicr, cpu * CPU_FRAMES + SGI_FRAME + ISENABLER, 1U << intid);
}

static uint32_t acknowledge(void)
{
    return (uint32_t)icc(ARCH_ICC_IAR1_EL1);
}

static void end(uint32_t intid)
{
    set_icc(ARCH_ICC_EOIR1_EL1, intid);
}

static bool bit(uint32_t base, unsigned intid)
{
    return (arch_mmio_read32(&gicd, base + intid / 32 * 4) >> intid % 32 & 1) != 0;
}

static uint32_t private_word(unsigned cpu, uint32_t offset)
{
    return arch_mmio_read32(&gicr, cpu * CPU_FRAMES + SGI_FRAME + offset);
}

START_TEST(identification)
{
    ck_assert(arch_gic_has_registers());
    ck_assert_uint_eq(arch_id_register(0x30040) >> 24 & 0xf, 1); /* ID_AA64PFR0_EL1.GIC */
    ck_assert_uint_eq(arch_mmio_read32(&gicd, TYPER) & 0x1f, (32 + 256) / 32 - 1);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, TYPER) >> 24 & 3, 3); /* Aff3, no 1 of N */
    ck_assert_uint_eq(arch_mmio_read32(&gicd, PIDR2) >> 4 & 0xf, 3);
    ck_assert_uint_eq(arch_mmio_read32(&gicr, PIDR2) >> 4 & 0xf, 3);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, CTLR) & 0x52, 0x52); /* one Security state, affinity routing, Group 1 */
    ck_assert_uint_eq(icc(ARCH_ICC_CTLR_EL1) >> 8 & 7, 4);
    ck_assert_uint_eq(arch_mmio_read32(&gicr, 0x8), 0);
    ck_assert_uint_eq(arch_mmio_read32(&gicr, 0xc), 0);
    ck_assert_uint_eq(arch_mmio_read32(&gicr, CPU_FRAMES + 0x8), 1 << 8 | 1 << 4); /* the last one */
    ck_assert_uint_eq(arch_mmio_read32(&gicr, CPU_FRAMES + 0xc), 1);
}
END_TEST

/* 4.1.2: a level is pending while it lasts, also again while it is active. */
START_TEST(level)
{
    enable(40, 0xa0);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    sim_set_spi(machine, 40, true);
    ck_assert(bit(ISPENDR, 40));
    ck_assert_uint_eq(acknowledge(), 40);
    ck_assert(bit(ISACTIVER, 40) && bit(ISPENDR, 40));
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    end(40);
    ck_assert_uint_eq(acknowledge(), 40);
    sim_set_spi(machine, 40, false);
    ck_assert(!bit(ISPENDR, 40));
    end(40);
    ck_assert(!bit(ISACTIVER, 40));
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
}
END_TEST

START_TEST(edge)
{
    arch_mmio_write32(&gicd, ICFGR + 40 / 16 * 4, 2U << 40 % 16 * 2);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, ICFGR + 40 / 16 * 4), 2U << 40 % 16 * 2);
    enable(40, 0xa0);
    sim_set_spi(machine, 40, true);
    sim_set_spi(machine, 40, false);
    ck_assert_uint_eq(acknowledge(), 40);
    ck_assert(!bit(ISPENDR, 40));
    sim_set_spi(machine, 40, true); /* once more while active */
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    end(40);
    ck_assert_uint_eq(acknowledge(), 40);
    end(40);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
}
END_TEST

START_TEST(set_and_clear_pending)
{
    enable(41, 0xa0);
    arch_mmio_write32(&gicd, ISPENDR + 4, 1U << 9);
    ck_assert_uint_eq(acknowledge(), 41);
    end(41);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    sim_set_spi(machine, 41, true);
    arch_mmio_write32(&gicd, ICPENDR + 4, 1U << 9);
    ck_assert(bit(ISPENDR, 41)); /* the level is not the latch */
    sim_set_spi(machine, 41, false);
    ck_assert(!bit(ISPENDR, 41));
    arch_mmio_write32(&gicd, ISACTIVER + 4, 1U << 9);
    arch_mmio_write32(&gicd, ISPENDR + 4, 1U << 9);
    ck_assert_uint_eq(acknowledge(), SPURIOUS); /* active: not again */
    arch_mmio_write32(&gicd, ICACTIVER + 4, 1U << 9);
    ck_assert_uint_eq(acknowledge(), 41);
}
END_TEST

/* 4.8: the higher priority first, of equals the lower number here; a running one is preempted by a higher group
 * priority only, and the mask must be lower. */
START_TEST(priorities)
{
    enable(40, 0xa0);
    enable(41, 0x80);
    enable(42, 0x80);
    enable(43, 0x20);
    for (unsigned intid = 40; intid <= 42; intid++)
        sim_set_spi(machine, intid, true);
    ck_assert_uint_eq(acknowledge(), 41);
    ck_assert_uint_eq(icc(ARCH_ICC_AP1R0_EL1), 1U << 16);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    sim_set_spi(machine, 43, true);
    ck_assert_uint_eq(acknowledge(), 43);
    ck_assert_uint_eq(icc(ARCH_ICC_AP1R0_EL1), 1U << 16 | 1U << 4);
    for (unsigned intid = 40; intid <= 43; intid++)
        sim_set_spi(machine, intid, false);
    end(43);
    end(41);
    ck_assert_uint_eq(icc(ARCH_ICC_AP1R0_EL1), 0);
    sim_set_spi(machine, 40, true);
    set_icc(ARCH_ICC_PMR_EL1, 0xa0);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    set_icc(ARCH_ICC_PMR_EL1, 0xaf);
    ck_assert_uint_eq(icc(ARCH_ICC_PMR_EL1), 0xa8); /* 5 bits */
    ck_assert_uint_eq(acknowledge(), 40);
}
END_TEST

/* 4.8.3: what of a priority counts for preemption. */
START_TEST(binary_point)
{
    ck_assert_uint_eq(icc(ARCH_ICC_BPR1_EL1), 3);
    set_icc(ARCH_ICC_BPR1_EL1, 0);
    ck_assert_uint_eq(icc(ARCH_ICC_BPR1_EL1), 3); /* the least */
    set_icc(ARCH_ICC_BPR1_EL1, 6);
    enable(40, 0xa0);
    enable(41, 0x80); /* of the same group of priorities: bits 7 and 6 */
    enable(42, 0x78);
    sim_set_spi(machine, 40, true);
    ck_assert_uint_eq(acknowledge(), 40);
    ck_assert_uint_eq(icc(ARCH_ICC_AP1R0_EL1), 1U << 16);
    sim_set_spi(machine, 41, true);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    sim_set_spi(machine, 42, true);
    ck_assert_uint_eq(acknowledge(), 42);
    ck_assert_uint_eq(icc(ARCH_ICC_AP1R0_EL1), 1U << 16 | 1U << 8);
    end(42);
    end(40);
    set_icc(ARCH_ICC_CTLR_EL1, 1); /* CBPR: group 0's, which is 2 */
    ck_assert_uint_eq(icc(ARCH_ICC_BPR1_EL1), 3);
    set_icc(ARCH_ICC_BPR1_EL1, 7);
    ck_assert_uint_eq(icc(ARCH_ICC_BPR1_EL1), 3);
    set_icc(ARCH_ICC_CTLR_EL1, 0);
    ck_assert_uint_eq(icc(ARCH_ICC_BPR1_EL1), 6);
}
END_TEST

/* 4.6: each enable on the way matters, and Group 0 does not come as Group 1. */
START_TEST(groups_and_enables)
{
    enable(40, 0xa0);
    sim_set_spi(machine, 40, true);
    set_icc(ARCH_ICC_IGRPEN1_EL1, 0);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    set_icc(ARCH_ICC_IGRPEN1_EL1, 1);
    arch_mmio_write32(&gicd, CTLR, ARE);
    wait_until_clear(&gicd, CTLR, RWP);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    arch_mmio_write32(&gicd, CTLR, ARE | GROUP1);
    arch_mmio_write32(&gicd, IGROUPR + 4, ~(1U << 8));
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    arch_mmio_write32(&gicd, IGROUPR + 4, ~0U);
    ck_assert_uint_eq(acknowledge(), 40);
}
END_TEST

/* 12.9.4, 12.9.7: until RWP is clear, what was disabled may still arrive. */
START_TEST(writes_in_progress)
{
    enable(40, 0xa0);
    sim_advance(machine, 1000);
    sim_set_spi(machine, 40, true);
    arch_mmio_write32(&gicd, ICENABLER + 4, 1U << 8);
    ck_assert(!bit(ISENABLER, 40));
    ck_assert((arch_mmio_read32(&gicd, CTLR) & RWP) != 0);
    ck_assert_uint_eq(acknowledge(), 40);
    end(40);
    wait_until_clear(&gicd, CTLR, RWP);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    enable_private(0, 26, 0x80);
    arch_mmio_write32(&gicr, SGI_FRAME + ICENABLER, 1U << 26);
    ck_assert((arch_mmio_read32(&gicr, CTLR) & 8) != 0);
    ck_assert((arch_mmio_read32(&gicd, CTLR) & RWP) == 0);
    wait_until_clear(&gicr, CTLR, 8);
}
END_TEST

/* 12.9.22: IROUTER holds the affinity of the one CPU that gets the interrupt. */
START_TEST(routing)
{
    enable(40, 0xa0);
    route(40, 1);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, IROUTER + 8 * 40), 1);
    sim_set_spi(machine, 40, true);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    switch_cpu(1);
    ck_assert_uint_eq(acknowledge(), 40);
    end(40);
    route(40, 1ULL << 32 | 1); /* Aff3 counts too */
    ck_assert_uint_eq(arch_mmio_read32(&gicd, IROUTER + 8 * 40 + 4), 1);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    route(40, 0);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    switch_cpu(0);
    ck_assert_uint_eq(acknowledge(), 40);
}
END_TEST

/* Private interrupts are in their redistributor's frames, which any CPU can reach. */
START_TEST(private_interrupts)
{
    switch_cpu(1);
    switch_cpu(0);
    ck_assert_uint_eq(private_word(0, ICFGR), 0xaaaaaaaa); /* SGIs are edges */
    arch_mmio_write32(&gicr, CPU_FRAMES + SGI_FRAME + ISPENDR, 1U << 30);
    enable_private(1, 30, 0x40);
    ck_assert_uint_eq(private_word(1, ISENABLER), 1U << 30);
    ck_assert_uint_eq(private_word(0, ISENABLER), 0);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    switch_cpu(1);
    ck_assert_uint_eq(acknowledge(), 30);
    ck_assert_uint_eq(private_word(1, ISACTIVER), 1U << 30);
    end(30);
    arch_mmio_write32(&gicr, CPU_FRAMES + SGI_FRAME + ICENABLER, 1U << 30);
    ck_assert_uint_eq(private_word(1, ISENABLER), 0);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, ISENABLER), 0); /* reserved there */
    ck_assert_uint_eq(private_word(1, IPRIORITYR + 28) >> 16 & 0xff, 0x40);
}
END_TEST

/* 12.2.20: by affinity and list, or to all others; one is pending however often it was sent. */
START_TEST(sgi)
{
    switch_cpu(1);
    switch_cpu(0);
    enable_private(0, 3, 0x80);
    enable_private(1, 3, 0x80);
    enable_private(1, 4, 0x90);
    set_icc(ARCH_ICC_SGI1R_EL1, 3U << 24 | 2); /* CPU 1 */
    set_icc(ARCH_ICC_SGI1R_EL1, 3U << 24 | 3); /* both */
    set_icc(ARCH_ICC_SGI1R_EL1, 1ULL << 40 | 4U << 24);
    set_icc(ARCH_ICC_SGI1R_EL1, 4U << 24 | 1U << 16 | 1); /* of another cluster: nobody */
    ck_assert_uint_eq(private_word(0, ISPENDR), 1U << 3);
    ck_assert_uint_eq(acknowledge(), 3);
    end(3);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    switch_cpu(1);
    ck_assert_uint_eq(acknowledge(), 3);
    end(3);
    ck_assert_uint_eq(acknowledge(), 4);
    end(4);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    arch_mmio_write32(&gicr, SGI_FRAME + IGROUPR, 0); /* CPU 0 has it in Group 0: not for SGI1R */
    set_icc(ARCH_ICC_SGI1R_EL1, 3U << 24 | 1);
    ck_assert_uint_eq(private_word(0, ISPENDR), 0);
}
END_TEST

/* 4.5: with EOImode 1 the end drops the priority, and deactivation is a step of its own. */
START_TEST(split_end)
{
    set_icc(ARCH_ICC_CTLR_EL1, 2);
    enable(40, 0xa0);
    enable(41, 0xa0);
    sim_set_spi(machine, 40, true);
    ck_assert_uint_eq(acknowledge(), 40);
    sim_set_spi(machine, 41, true);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    end(40);
    ck_assert(bit(ISACTIVER, 40));
    ck_assert_uint_eq(acknowledge(), 41);
    set_icc(ARCH_ICC_DIR_EL1, 40);
    ck_assert(!bit(ISACTIVER, 40));
    end(SPURIOUS); /* ignored */
    end(41);
}
END_TEST

/* 12.11.42: nothing comes out of a redistributor that sleeps, and nothing is lost in it. */
START_TEST(sleep_and_wake)
{
    enable_private(1, 3, 0x80);
    ck_assert_uint_eq(arch_mmio_read32(&gicr, CPU_FRAMES + WAKER), 6);
    arch_mmio_write32(&gicr, CPU_FRAMES + SGI_FRAME + IGROUPR, ~0U);
    set_icc(ARCH_ICC_SGI1R_EL1, 3U << 24 | 2);
    sim_act_as(machine, 1);
    set_icc(ARCH_ICC_SRE_EL2, 9); /* the one register that may be written meanwhile */
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    arch_mmio_write32(&gicr, CPU_FRAMES + WAKER, 0);
    ck_assert_uint_eq(arch_mmio_read32(&gicr, CPU_FRAMES + WAKER), 4); /* children follow */
    wait_until_clear(&gicr, CPU_FRAMES + WAKER, 4);
    gicv3_enable_cpu(&gicr, 1);
    ck_assert_uint_eq(acknowledge(), 3);
    end(3);
    set_icc(ARCH_ICC_IGRPEN1_EL1, 0);
    arch_mmio_write32(&gicr, CPU_FRAMES + WAKER, 2);
    ck_assert_uint_eq(arch_mmio_read32(&gicr, CPU_FRAMES + WAKER), 2);
    sim_advance(machine, 1000);
    ck_assert_uint_eq(arch_mmio_read32(&gicr, CPU_FRAMES + WAKER), 6);
}
END_TEST

/* Six CPUs in two clusters, three of them in each region, frames farther apart than they need be. */
START_TEST(regions)
{
    struct arch_mmio second;
    teardown();
    machine = gicv3_machine(&(struct gicv3_shape){.cpus = 6, .first_region = 3, .stride = 0x40000}, NULL);
    ck_assert(arch_mmio_map(&gicr, pa(GICR), 0x100000));
    ck_assert(arch_mmio_map(&second, pa(GICR_SECOND), 0x100000));
    static const uint32_t affinities[] = {0, 1, 2, 3, 0x100, 0x101};
    for (unsigned i = 0; i < 6; i++) {
        const struct arch_mmio *region = i < 3 ? &gicr : &second;
        uint32_t frame = i % 3 * 0x40000;
        ck_assert_uint_eq(arch_mmio_read32(region, frame + 0xc), affinities[i]);
        ck_assert_uint_eq(arch_mmio_read32(region, frame + 0x8), i << 8 | (i % 3 == 2) << 4);
    }
}
END_TEST

/* An SGI to a list within a cluster, and to all others. */
START_TEST(sgi_by_cluster)
{
    teardown();
    begin(&(struct gicv3_shape){.cpus = 6}, NULL);
    for (unsigned i = 0; i < 6; i++)
        arch_mmio_write32(&gicr, i * CPU_FRAMES + SGI_FRAME + IGROUPR, ~0U);
    set_icc(ARCH_ICC_SGI1R_EL1, 5U << 24 | 1U << 16 | 0x7);
    set_icc(ARCH_ICC_SGI1R_EL1, 1ULL << 40 | 6U << 24);
    for (unsigned i = 0; i < 6; i++)
        ck_assert_uint_eq(private_word(i, ISPENDR), (i >= 4 ? 1U << 5 : 0) | (i != 0 ? 1U << 6 : 0));
}
END_TEST

/* The Non-secure view: one group, priorities shifted into the lower half, firmware's own interrupts invisible. */
START_TEST(security)
{
    teardown();
    begin(&(struct gicv3_shape){0}, &(struct sim_options){.gic_security = true});
    ck_assert_uint_eq(arch_mmio_read32(&gicd, TYPER) >> 10 & 1, 1);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, CTLR), ARE | GROUP1 | RWP);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, IGROUPR + 4), 0);
    ck_assert_uint_eq(arch_mmio_read32(&gicr, WAKER), 0);
    enable(40, 0xa0);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, IPRIORITYR + 40) & 0xff, 0xa0);
    ck_assert_uint_eq(icc(ARCH_ICC_PMR_EL1), 0xf0);
    sim_set_spi(machine, 40, true);
    set_icc(ARCH_ICC_PMR_EL1, 0xa0);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    set_icc(ARCH_ICC_PMR_EL1, 0xb0);
    ck_assert_uint_eq(acknowledge(), 40);
    enable_private(0, 7, 0x80);
    enable_private(0, 8, 0x80);
    enable_private(0, 29, 0x80);
    ck_assert_uint_eq(private_word(0, ISENABLER), 1U << 7);
    ck_assert_uint_eq(private_word(0, IPRIORITYR + 8), 0);
    set_icc(ARCH_ICC_SGI1R_EL1, 8U << 24 | 1);
    set_icc(ARCH_ICC_SGI1R_EL1, 7U << 24 | 1);
    ck_assert_uint_eq(acknowledge(), 7);
    set_icc(ARCH_ICC_CTLR_EL1, 1); /* CBPR is firmware's */
    ck_assert_uint_eq(icc(ARCH_ICC_CTLR_EL1) & 1, 0);
}
END_TEST

/* ---- Faults by name (arch/hostsim/faults/faults.h) */

static void begin_with(enum sim_fault_kind kind, uint64_t n)
{
    teardown();
    begin(&(struct gicv3_shape){0}, &(struct sim_options){.faults = {{kind, n}}});
}

START_TEST(spurious_interrupts)
{
    begin_with(SIM_FAULT_SPURIOUS_NONE, 1);
    enable(40, 0xa0);
    sim_set_spi(machine, 40, true);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    ck_assert_uint_eq(acknowledge(), 40);
    begin_with(SIM_FAULT_SPURIOUS_SPI, 2);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    ck_assert_uint_eq(acknowledge(), 287); /* the last there is */
    end(287);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    for (unsigned i = 0; i < 2; i++) {
        begin_with(i == 0 ? SIM_FAULT_SPI_STORM : SIM_FAULT_PPI_STORM, 1);
        unsigned intid = i == 0 ? 287 : 22;
        for (unsigned j = 0; j < 3; j++) {
            ck_assert_uint_eq(acknowledge(), intid);
            end(intid);
        }
        arch_mmio_write32(i == 0 ? &gicd : &gicr, i == 0 ? ICENABLER + 32 : SGI_FRAME + ICENABLER, 1U << intid % 32);
        sim_advance(machine, 1000);
        ck_assert_uint_eq(acknowledge(), SPURIOUS);
    }
}
END_TEST

START_TEST(lost_and_repeated_kicks)
{
    begin_with(SIM_FAULT_KICK_LOST, 1);
    enable_private(0, 3, 0x80);
    set_icc(ARCH_ICC_SGI1R_EL1, 3U << 24 | 1);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    set_icc(ARCH_ICC_SGI1R_EL1, 3U << 24 | 1);
    ck_assert_uint_eq(acknowledge(), 3);
    begin_with(SIM_FAULT_KICK_REPEATED, 1);
    enable_private(0, 3, 0x80);
    set_icc(ARCH_ICC_SGI1R_EL1, 3U << 24 | 1);
    ck_assert_uint_eq(acknowledge(), 3);
    end(3);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    sim_advance(machine, 20000);
    ck_assert_uint_eq(acknowledge(), 3);
}
END_TEST

START_TEST(misread_list_registers)
{
    begin_with(SIM_FAULT_LR_PENDING, 2);
    ck_assert_uint_eq(icc(ARCH_ICH_LR0_EL2), 0);
    ck_assert_uint_eq(icc(ARCH_ICH_LR0_EL2), LR_PENDING);
    ck_assert_uint_eq(icc(ARCH_ICH_LR0_EL2), 0);
    begin_with(SIM_FAULT_LR_BIT, 64 + 48);
    ck_assert_uint_eq(icc(ARCH_ICH_LR0_EL2), 0);
    ck_assert_uint_eq(icc(ARCH_ICH_LR0_EL2), 1ULL << 48);
}
END_TEST

/* A machine is refused that has no room for all of its CPUs; a GICv2 has no registers. */
START_TEST(other_machines)
{
    size_t size;
    teardown();
    void *tree = gicv3_tree(&(struct gicv3_shape){.cpus = 12}, &size);
    ck_assert_ptr_null(sim_create(tree, size, NULL));
    ck_assert_ptr_nonnull(strstr(sim_create_error(), "fewer redistributors than CPUs"));
    free(tree);
    ck_assert(!arch_gic_has_registers());
    machine = make_machine(NULL);
    ck_assert(!arch_gic_has_registers());
    ck_assert_uint_eq(arch_id_register(0x30040) >> 24 & 0xf, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostsim GICv3");
    TCase *tcase = tcase_create("physical");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, identification);
    tcase_add_test(tcase, level);
    tcase_add_test(tcase, edge);
    tcase_add_test(tcase, set_and_clear_pending);
    tcase_add_test(tcase, priorities);
    tcase_add_test(tcase, binary_point);
    tcase_add_test(tcase, groups_and_enables);
    tcase_add_test(tcase, writes_in_progress);
    tcase_add_test(tcase, routing);
    tcase_add_test(tcase, private_interrupts);
    tcase_add_test(tcase, sgi);
    tcase_add_test(tcase, split_end);
    tcase_add_test(tcase, sleep_and_wake);
    tcase_add_test(tcase, regions);
    tcase_add_test(tcase, sgi_by_cluster);
    tcase_add_test(tcase, security);
    tcase_add_test(tcase, spurious_interrupts);
    tcase_add_test(tcase, lost_and_repeated_kicks);
    tcase_add_test(tcase, misread_list_registers);
    tcase_add_test(tcase, other_machines);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
