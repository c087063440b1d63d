// SPDX-License-Identifier: Apache-2.0
/* The GICv3 model against IHI 0069, the virtual interface: the hypervisor's registers (ICH), and what a guest's
 * accesses to ICC find (ICV). */
#include "unit/hostsim/gicv3.h"

static struct sim_machine *machine;
static struct arch_mmio gicd, gicr;

static void setup(void)
{
    machine = gicv3_machine(&(struct gicv3_shape){0}, NULL);
    ck_assert(arch_mmio_map(&gicd, pa(GICD), 0x10000));
    ck_assert(arch_mmio_map(&gicr, pa(GICR), 2 * CPU_FRAMES));
    arch_mmio_write32(&gicd, CTLR, ARE);
    wait_until_clear(&gicd, CTLR, RWP);
    arch_mmio_write32(&gicd, CTLR, ARE | GROUP1);
    gicv3_enable_cpu(&gicr, 0);
    set_icc(ARCH_ICH_HCR_EL2, 1);
    set_icc(ARCH_ICH_VMCR_EL2, 0xf8000003);
}

static void teardown(void)
{
    sim_destroy(machine);
}

/* ---- What a guest does */

static enum sim_gic_access access_of(uint32_t encoding, bool read, uint64_t *value)
{
    return sim_gic_guest_register(sim_this_cpu(), encoding, read, value);
}

static uint64_t icv(uint32_t encoding)
{
    uint64_t value = 0xdead;
    ck_assert_int_eq(access_of(encoding, true, &value), SIM_GIC_DONE);
    return value;
}

static void set_icv(uint32_t encoding, uint64_t value)
{
    ck_assert_int_eq(access_of(encoding, false, &value), SIM_GIC_DONE);
}

static uint64_t acknowledge(void)
{
    return icv(GUEST_ICC_IAR1_EL1);
}

static void end(uint64_t intid)
{
    set_icv(GUEST_ICC_EOIR1_EL1, intid);
}

static uint64_t entry(uint64_t state, unsigned priority, uint32_t intid)
{
    return state | LR_GROUP1 | (uint64_t)priority << 48 | intid;
}

static void set_lr(unsigned index, uint64_t value)
{
    set_icc(ARCH_ICH_LR0_EL2 + index, value);
}

static uint64_t lr_state(unsigned index)
{
    return icc(ARCH_ICH_LR0_EL2 + index) & LR_STATE;
}

static bool signalled(void)
{
    return sim_gic_signals_virtual(sim_this_cpu());
}

static bool maintenance_pending(void)
{
    return (arch_mmio_read32(&gicr, SGI_FRAME + ISPENDR) >> 25 & 1) != 0;
}

static void expect_misr(uint64_t misr)
{
    ck_assert_uint_eq(icc(ARCH_ICH_MISR_EL2), misr);
    ck_assert(maintenance_pending() == (misr != 0));
}

START_TEST(list_registers)
{
    ck_assert_uint_eq(icc(ARCH_ICH_VTR_EL2) & 0x1f, 3);
    ck_assert_uint_eq(icc(ARCH_ICH_VTR_EL2) >> 26, 4U << 3 | 4U);
    set_lr(0, entry(LR_PENDING, 0xa0, 50));
    set_lr(2, entry(LR_PENDING, 0x57, 5));
    ck_assert_uint_eq(icc(ARCH_ICH_LR0_EL2 + 2), entry(LR_PENDING, 0x50, 5)); /* 5 bits of priority */
    ck_assert_uint_eq(icc(ARCH_ICH_ELRSR_EL2), 0xa);
    ck_assert(signalled());
    ck_assert_uint_eq(icv(GUEST_ICC_HPPIR1_EL1), 5);
    ck_assert_uint_eq(acknowledge(), 5);
    ck_assert_uint_eq(icc(ARCH_ICH_LR0_EL2 + 2), entry(LR_ACTIVE, 0x50, 5));
    ck_assert_uint_eq(icc(ARCH_ICH_AP1R0_EL2), 1U << 10);
    ck_assert_uint_eq(icv(GUEST_ICC_RPR_EL1), 0x50);
    ck_assert_uint_eq(acknowledge(), SPURIOUS); /* the other is less urgent than the running one */
    ck_assert_uint_eq(icv(GUEST_ICC_HPPIR1_EL1), 50);
    ck_assert(!signalled());
    end(5);
    ck_assert_uint_eq(lr_state(2), 0);
    ck_assert_uint_eq(icv(GUEST_ICC_RPR_EL1), 0xff);
    ck_assert_uint_eq(acknowledge(), 50);
    end(50);
    ck_assert_uint_eq(icc(ARCH_ICH_ELRSR_EL2), 0xf);
    ck_assert_uint_eq(icc(ARCH_ICH_AP1R0_EL2), 0);
}
END_TEST

/* As many as the options say, 16 at most. */
START_TEST(list_register_count)
{
    static const unsigned rows[][2] = {{1, 1}, {16, 16}, {64, 16}};
    teardown();
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        machine = gicv3_machine(&(struct gicv3_shape){0}, &(struct sim_options){.list_registers = rows[i][0]});
        set_icc(ARCH_ICC_SRE_EL2, 1);
        ck_assert_uint_eq(icc(ARCH_ICH_VTR_EL2) & 0x1f, rows[i][1] - 1);
        ck_assert_uint_eq(icc(ARCH_ICH_ELRSR_EL2), (1U << rows[i][1]) - 1);
        if (i < 2)
            teardown();
    }
}
END_TEST

/* 4.8: the mask must be lower, the group enabled, the interface on; a higher group priority preempts. */
START_TEST(what_is_signalled)
{
    set_lr(0, entry(LR_PENDING, 0xa0, 50));
    set_icv(GUEST_ICC_PMR_EL1, 0xa0);
    ck_assert(!signalled());
    set_icv(GUEST_ICC_PMR_EL1, 0xaf);
    ck_assert_uint_eq(icv(GUEST_ICC_PMR_EL1), 0xa8);
    ck_assert(signalled());
    set_icv(GUEST_ICC_IGRPEN1_EL1, 0);
    ck_assert(!signalled());
    ck_assert_uint_eq(icv(GUEST_ICC_HPPIR1_EL1), SPURIOUS);
    set_icv(GUEST_ICC_IGRPEN1_EL1, 1);
    set_icc(ARCH_ICH_HCR_EL2, 0);
    ck_assert(!signalled());
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    set_icc(ARCH_ICH_HCR_EL2, 1);
    set_icv(GUEST_ICC_BPR1_EL1, 6); /* bits 7 and 6 are compared */
    ck_assert_uint_eq(acknowledge(), 50);
    set_lr(1, entry(LR_PENDING, 0x88, 51));
    ck_assert(!signalled());
    set_lr(1, entry(LR_PENDING, 0x78, 51));
    ck_assert(signalled());
    ck_assert_uint_eq(acknowledge(), 51);
    ck_assert_uint_eq(icv(GUEST_ICC_AP1R0_EL1), 1U << 16 | 1U << 8);
    end(51);
    end(50);
}
END_TEST

/* 4.6: Group 0 has registers of its own, and hides what is less urgent in Group 1. */
START_TEST(groups)
{
    set_lr(0, entry(LR_PENDING, 0x40, 40) & ~LR_GROUP1);
    set_lr(1, entry(LR_PENDING, 0x80, 41));
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    ck_assert(!signalled()); /* as an IRQ */
    ck_assert_uint_eq(icv(GUEST_ICC_HPPIR1_EL1), SPURIOUS);
    ck_assert_uint_eq(icv(GUEST_ICC_HPPIR0_EL1), 40);
    ck_assert_uint_eq(icv(GUEST_ICC_IAR0_EL1), 40);
    ck_assert_uint_eq(icc(ARCH_ICH_AP0R0_EL2), 1U << 8);
    ck_assert_uint_eq(icc(ARCH_ICH_AP1R0_EL2), 0);
    ck_assert_uint_eq(icv(GUEST_ICC_IAR0_EL1), SPURIOUS);
    set_icv(GUEST_ICC_EOIR0_EL1, 40);
    ck_assert_uint_eq(lr_state(0), 0);
    set_lr(0, entry(LR_PENDING, 0x40, 40) & ~LR_GROUP1);
    set_icv(GUEST_ICC_IGRPEN0_EL1, 0);
    ck_assert_uint_eq(acknowledge(), 41);
    set_icv(GUEST_ICC_EOIR0_EL1, 41); /* the other group's: the priority is dropped and nothing else */
    ck_assert_uint_eq(icc(ARCH_ICH_AP1R0_EL2), 0);
    ck_assert_uint_eq(lr_state(1), LR_ACTIVE);
}
END_TEST

/* 4.5: with EOImode 1 the end drops the priority, and DIR deactivates; with EOImode 0 DIR is ignored. */
START_TEST(split_end)
{
    set_lr(0, entry(LR_PENDING, 0x80, 40));
    ck_assert_uint_eq(acknowledge(), 40);
    set_icv(GUEST_ICC_DIR_EL1, 40);
    ck_assert_uint_eq(lr_state(0), LR_ACTIVE);
    set_icv(GUEST_ICC_CTLR_EL1, 2);
    end(40);
    ck_assert_uint_eq(lr_state(0), LR_ACTIVE);
    ck_assert_uint_eq(icv(GUEST_ICC_RPR_EL1), 0xff);
    set_icv(GUEST_ICC_DIR_EL1, 40);
    ck_assert_uint_eq(lr_state(0), 0);
    end(40); /* nothing is active: nothing happens */
    ck_assert_uint_eq(icc(ARCH_ICH_HCR_EL2), 1);
}
END_TEST

/* Active and pending: comes again after its end only. */
START_TEST(active_and_pending)
{
    set_lr(0, entry(LR_PENDING, 0x80, 40));
    ck_assert_uint_eq(acknowledge(), 40);
    set_lr(0, icc(ARCH_ICH_LR0_EL2) | LR_PENDING);
    set_icc(ARCH_ICH_AP1R0_EL2, 0);
    ck_assert_uint_eq(acknowledge(), SPURIOUS);
    set_icc(ARCH_ICH_AP1R0_EL2, 1U << 16);
    end(40);
    ck_assert_uint_eq(lr_state(0), LR_PENDING);
    ck_assert_uint_eq(acknowledge(), 40);
}
END_TEST

/* 4.10: the end of a linked one is the end of the physical one; EOImode 1 leaves it to DIR. */
START_TEST(linked)
{
    for (unsigned mode = 0; mode < 2; mode++) {
        arch_mmio_write32(&gicr, SGI_FRAME + ISACTIVER, 1U << 27);
        set_icv(GUEST_ICC_CTLR_EL1, mode << 1);
        set_lr(1, entry(LR_PENDING | LR_HW, 0x80, 33) | 27ULL << 32);
        ck_assert_uint_eq(acknowledge(), 33);
        end(33);
        ck_assert_uint_eq(arch_mmio_read32(&gicr, SGI_FRAME + ISACTIVER), mode == 0 ? 0 : 1U << 27);
        if (mode == 1)
            set_icv(GUEST_ICC_DIR_EL1, 33);
        ck_assert_uint_eq(arch_mmio_read32(&gicr, SGI_FRAME + ISACTIVER), 0);
        ck_assert_uint_eq(lr_state(1), 0);
    }
}
END_TEST

/* 12.4.6: end of an interrupt that asks to be told, underflow, none pending. */
START_TEST(maintenance)
{
    expect_misr(0);
    set_icc(ARCH_ICH_HCR_EL2, 1 | 1 << 1);
    expect_misr(1 << 1);
    set_lr(0, entry(LR_PENDING, 0x80, 40));
    expect_misr(1 << 1);
    set_lr(1, entry(LR_PENDING, 0x80, 41) | LR_EOI);
    expect_misr(0);
    set_icc(ARCH_ICH_HCR_EL2, 1 | 1 << 3);
    ck_assert_uint_eq(acknowledge(), 40);
    expect_misr(0);
    end(40);
    ck_assert_uint_eq(acknowledge(), 41);
    expect_misr(1 << 3);
    set_icc(ARCH_ICH_HCR_EL2, 1);
    expect_misr(0);
    end(41);
    expect_misr(1 << 0);
    ck_assert_uint_eq(icc(ARCH_ICH_ELRSR_EL2), 0xd); /* it waits to be seen */
    set_icc(ARCH_ICH_HCR_EL2, 0);
    ck_assert(!maintenance_pending());
    set_icc(ARCH_ICH_HCR_EL2, 1);
    set_lr(1, 0);
    expect_misr(0);
}
END_TEST

/* The four causes that tell of the guest's group enables. */
START_TEST(maintenance_by_groups)
{
    for (unsigned group = 0; group < 2; group++) {
        uint32_t enable = group == 0 ? GUEST_ICC_IGRPEN0_EL1 : GUEST_ICC_IGRPEN1_EL1;
        uint64_t enabled = 1U << (4 + 2 * group), disabled = enabled << 1;
        set_icc(ARCH_ICH_HCR_EL2, 1 | enabled);
        set_icv(enable, 0);
        expect_misr(0);
        set_icv(enable, 1);
        expect_misr(enabled);
        set_icc(ARCH_ICH_HCR_EL2, 1 | disabled);
        expect_misr(0);
        set_icv(enable, 0);
        expect_misr(disabled);
        set_icc(ARCH_ICH_HCR_EL2, 1);
        expect_misr(0);
    }
}
END_TEST

/* 12.4.5, EOIcount: deactivations for which no list register is active. */
START_TEST(end_of_the_unlisted)
{
    set_lr(0, entry(LR_PENDING, 0x80, 40));
    ck_assert_uint_eq(acknowledge(), 40);
    set_lr(0, 0); /* the hypervisor took it out */
    set_icc(ARCH_ICH_HCR_EL2, 1 | 1 << 2);
    end(SPURIOUS);
    expect_misr(0);
    end(40);
    ck_assert_uint_eq(icc(ARCH_ICH_HCR_EL2) >> 27, 1);
    expect_misr(1 << 2);
    end(40); /* clears no active priority: not counted */
    ck_assert_uint_eq(icc(ARCH_ICH_HCR_EL2) >> 27, 1);
    set_icc(ARCH_ICH_HCR_EL2, 1 | 1 << 2);
    expect_misr(0);
    set_icv(GUEST_ICC_CTLR_EL1, 2);
    set_icc(ARCH_ICH_AP1R0_EL2, 1U << 16);
    end(41);
    expect_misr(0);
    set_icv(GUEST_ICC_DIR_EL1, 41);
    ck_assert_uint_eq(icc(ARCH_ICH_HCR_EL2) >> 27, 1);
    expect_misr(1 << 2);
}
END_TEST

START_TEST(vmcr_is_the_guests_view)
{
    set_icv(GUEST_ICC_PMR_EL1, 0x50);
    set_icv(GUEST_ICC_BPR0_EL1, 4);
    set_icv(GUEST_ICC_BPR1_EL1, 6);
    set_icv(GUEST_ICC_CTLR_EL1, 2);
    set_icv(GUEST_ICC_IGRPEN0_EL1, 0);
    set_icv(GUEST_ICC_IGRPEN1_EL1, 1);
    ck_assert_uint_eq(icc(ARCH_ICH_VMCR_EL2), 0x50U << 24 | 4U << 21 | 6U << 18 | 1U << 9 | 1U << 3 | 2);
    set_icc(ARCH_ICH_VMCR_EL2, 0x88U << 24 | 1U << 4 | 1);
    ck_assert_uint_eq(icv(GUEST_ICC_PMR_EL1), 0x88);
    ck_assert_uint_eq(icv(GUEST_ICC_BPR0_EL1), 2); /* the least */
    ck_assert_uint_eq(icv(GUEST_ICC_BPR1_EL1), 3); /* group 0's and one, by CBPR */
    set_icv(GUEST_ICC_BPR0_EL1, 7);
    ck_assert_uint_eq(icv(GUEST_ICC_BPR1_EL1), 7);
    ck_assert_uint_eq(icv(GUEST_ICC_CTLR_EL1) & 0x703, 0x401);
    ck_assert_uint_eq(icv(GUEST_ICC_IGRPEN0_EL1), 1);
    ck_assert_uint_eq(icv(GUEST_ICC_IGRPEN1_EL1), 0);
}
END_TEST

/* 12.3: which accesses come to EL2, and which are no registers at all. */
START_TEST(traps)
{
    static const struct {
        uint32_t encoding;
        bool read;
        unsigned hcr_bit; /* that traps it */
    } rows[] = {{GUEST_ICC_PMR_EL1, true, 10},    {GUEST_ICC_CTLR_EL1, false, 10}, {GUEST_ICC_RPR_EL1, true, 10},
                {GUEST_ICC_DIR_EL1, false, 10},   {GUEST_ICC_DIR_EL1, false, 14},  {GUEST_ICC_IAR0_EL1, true, 11},
                {GUEST_ICC_BPR0_EL1, false, 11},  {GUEST_ICC_AP0R0_EL1, true, 11}, {GUEST_ICC_IAR1_EL1, true, 12},
                {GUEST_ICC_EOIR1_EL1, false, 12}, {GUEST_ICC_AP1R0_EL1, true, 12}, {GUEST_ICC_IGRPEN1_EL1, true, 12}};
    uint64_t value = 0;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (unsigned bit = 10; bit <= 14; bit += bit == 12 ? 2 : 1) {
            bool other_way = rows[i].encoding == GUEST_ICC_DIR_EL1 && (bit == 10 || bit == 14);
            set_icc(ARCH_ICH_HCR_EL2, 1 | 1U << bit);
            ck_assert_int_eq(access_of(rows[i].encoding, rows[i].read, &value),
                             bit == rows[i].hcr_bit || other_way ? SIM_GIC_TRAPS : SIM_GIC_DONE);
        }
    set_icc(ARCH_ICH_HCR_EL2, 1);
    ck_assert_int_eq(access_of(GUEST_ICC_SGI1R_EL1, false, &value), SIM_GIC_TRAPS);
    ck_assert_int_eq(access_of(GUEST_ICC_SGI0R_EL1, false, &value), SIM_GIC_TRAPS);
    ck_assert_int_eq(access_of(GUEST_ICC_ASGI1R_EL1, false, &value), SIM_GIC_TRAPS);
    ck_assert_int_eq(access_of(GUEST_ICC_SGI1R_EL1, true, &value), SIM_GIC_UNDEFINED);
    ck_assert_int_eq(access_of(GUEST_ICC_IAR1_EL1, false, &value), SIM_GIC_UNDEFINED);
    ck_assert_int_eq(access_of(GUEST_ICC_EOIR1_EL1, true, &value), SIM_GIC_UNDEFINED);
    ck_assert_int_eq(access_of(GUEST_ICC_AP1R0_EL1 + 1, true, &value), SIM_GIC_UNDEFINED);
    ck_assert_int_eq(access_of(GUEST_TPIDR_EL1, true, &value), SIM_GIC_OTHER);
}
END_TEST

/* 12.2.22: ICC_SRE_EL1 is the guest's where ICC_SRE_EL2.Enable says so; the others need its SRE. */
START_TEST(system_registers_enabled)
{
    uint64_t value = 0;
    ck_assert_uint_eq(icv(GUEST_ICC_SRE_EL1), 1);
    set_icv(GUEST_ICC_SRE_EL1, 0);
    ck_assert_uint_eq(icv(GUEST_ICC_SRE_EL1), 1);
    set_icc(ARCH_ICC_SRE_EL2, 1);
    ck_assert_int_eq(access_of(GUEST_ICC_SRE_EL1, true, &value), SIM_GIC_TRAPS);
    ck_assert_int_eq(access_of(GUEST_ICC_PMR_EL1, true, &value), SIM_GIC_DONE);
    sim_act_as(machine, 1);
    ck_assert_int_eq(access_of(GUEST_ICC_PMR_EL1, true, &value), SIM_GIC_TRAPS_TO_EL1);
    ck_assert_int_eq(access_of(GUEST_ICC_SRE_EL1, true, &value), SIM_GIC_TRAPS);
}
END_TEST

/* Each CPU has its own. */
START_TEST(by_cpu)
{
    set_lr(0, entry(LR_PENDING, 0x80, 40));
    sim_act_as(machine, 1);
    gicv3_enable_cpu(&gicr, 1);
    ck_assert_uint_eq(icc(ARCH_ICH_LR0_EL2), 0);
    ck_assert(!signalled());
    sim_act_as(machine, 0);
    ck_assert(signalled());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostsim GICv3, virtual interface");
    TCase *tcase = tcase_create("virtual");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, list_registers);
    tcase_add_test(tcase, list_register_count);
    tcase_add_test(tcase, what_is_signalled);
    tcase_add_test(tcase, groups);
    tcase_add_test(tcase, split_end);
    tcase_add_test(tcase, active_and_pending);
    tcase_add_test(tcase, linked);
    tcase_add_test(tcase, maintenance);
    tcase_add_test(tcase, maintenance_by_groups);
    tcase_add_test(tcase, end_of_the_unlisted);
    tcase_add_test(tcase, vmcr_is_the_guests_view);
    tcase_add_test(tcase, traps);
    tcase_add_test(tcase, system_registers_enabled);
    tcase_add_test(tcase, by_cpu);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
