// SPDX-License-Identifier: Apache-2.0
/* Devices of the host in a domain's life: what of them is set up, mapped, passed on, and taken back. */
#include "domain/build_state.h"
#include "domain/state.h"
#include "fixture.h"
#include "irq/irq.h"
#include "support/suite.h"

#define LEVEL_SPI 45u
#define EDGE_SPI 46u
#define LAST_SPI 1019u
#define FRAME 0x0a000000ULL /* of the host; the guest finds it elsewhere */
#define GUEST_FRAME 0x20000000ULL
#define GICD 0x08000000ULL

#define CTLR 0x000
#define ISENABLER 0x100
#define ISPENDR 0x200
#define ISACTIVER 0x300
#define IPRIORITYR 0x400
#define ITARGETSR 0x800
#define ICFGR 0xc00

static const struct plan_frame frames[] = {{{GUEST_FRAME}, {FRAME}, 0x3000, "a"},
                                           {{GUEST_FRAME + 0x10000}, {FRAME + 0x8000}, 0x1000, "b"}};
static struct plan_interrupt interrupts[] = {{LEVEL_SPI, false, "a"}, {EDGE_SPI, true, "b"}};
static struct arch_mmio gicd;
static uint8_t *kernel;

/** No interrupt comes here that is nobody's. */
static void no_report(unsigned cpu, uint32_t intid, const char *why)
{
    ck_abort_msg("CPU %u: interrupt %u %s", cpu, intid, why);
}

/** A GICv2 that is driven, and a domain that has devices. */
static void start(void)
{
    static const struct machine_gic description = {.version = GIC_V2,
                                                   .distributor = {GICD, 0x10000},
                                                   .cpu_interface = {0x08010000, 0x10000},
                                                   .hyp_interface = {0x08030000, 0x10000},
                                                   .virtual_interface = {GICV_FRAME, 0x10000},
                                                   .maintenance_intid = 25};

    setup();
    ck_assert_int_eq(gic_open(&host_gic, &description), HV_OK);
    ck_assert(arch_mmio_map(&gicd, pa(GICD), 0x1000));
    host_gic.ops->init_distributor(&host_gic);
    for (unsigned cpu = 2; cpu-- > 0;) {
        sim_act_as(fixture.machine, cpu);
        host_gic.ops->init_cpu(&host_gic);
    }
    irq_init(no_report);
    fixture.config.parts |= 1u << part_index("passthrough");
    fixture.plan.frames = frames;
    fixture.plan.frame_count = ARRAY_SIZE(frames);
    interrupts[1].intid = EDGE_SPI;
    fixture.plan.interrupts = interrupts;
    fixture.plan.interrupt_count = ARRAY_SIZE(interrupts);
    fixture.plan.spi_count = 64;
    kernel = load_kernel(KIB(16));
}

static void discard(void)
{
    free(kernel);
    teardown();
}

static bool host_bit(uint32_t base, uint32_t intid)
{
    return arch_mmio_read32(&gicd, base + intid / 32 * 4) >> intid % 32 & 1;
}

static uint32_t host_byte(uint32_t base, uint32_t intid)
{
    return arch_mmio_read32(&gicd, base + intid / 4 * 4) >> intid % 4 * 8 & 0xff;
}

static uint32_t guest(uint32_t offset, bool write, uint32_t value)
{
    struct mmio_access access = {.offset = offset, .size = 4, .write = write, .value = value};

    ck_assert_int_eq(vgic_distributor_access(&fixture.domain->vgic, &access), MMIO_HANDLED);
    return (uint32_t)access.value;
}

static bool guest_bit(uint32_t base, uint32_t intid)
{
    return guest(base + intid / 32 * 4, false, 0) >> intid % 32 & 1;
}

static void guest_enables(uint32_t intid)
{
    guest(CTLR, true, 1);
    guest(ISENABLER + intid / 32 * 4, true, 1u << intid % 32);
}

START_TEST(interrupts_are_set_up)
{
    fixture.plan.vcpu_cpu[0] = 1;
    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, ICFGR + 8) >> 26 & 0xf, 0x8); /* 46 by edge */
    for (uint32_t intid = LEVEL_SPI; intid <= EDGE_SPI; intid++) {
        ck_assert_uint_eq(host_byte(ITARGETSR, intid), 2);
        ck_assert_uint_eq(host_byte(IPRIORITYR, intid), GIC_PRIORITY_DEVICE);
        ck_assert(!host_bit(ISENABLER, intid));
    }
    guest_enables(LEVEL_SPI);
    ck_assert(host_bit(ISENABLER, LEVEL_SPI) && !host_bit(ISENABLER, EDGE_SPI));
}
END_TEST

START_TEST(pages_are_mapped_at_each_start)
{
    struct stage2_mapping mapping;

    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    for (unsigned life = 0; life < 2; life++) {
        for (uint64_t at = 0; at < 0x3000; at += PAGE_SIZE)
            ck_assert_uint_eq(translate(GUEST_FRAME + at), FRAME + at);
        ck_assert_uint_eq(translate(GUEST_FRAME + 0x10000), FRAME + 0x8000);
        ck_assert_uint_eq(translate(GUEST_FRAME + 0x3000), 0);
        ck_assert_uint_eq(translate(GUEST_FRAME - PAGE_SIZE), 0);
        ck_assert_uint_eq(translate(GUEST_FRAME + 0x11000), 0);
        ck_assert_int_eq(stage2_lookup(&fixture.domain->stage2, ipa(GUEST_FRAME), &mapping), HV_OK);
        ck_assert_int_eq(mapping.kind, STAGE2_DEVICE);
        fixture.domain->state = DOMAIN_RUNNING;
        domain_restart(fixture.domain);
        ck_assert_int_eq(build_to_end(), BUILD_DONE);
    }
}
END_TEST

START_TEST(interrupts_are_passed_on)
{
    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    guest_enables(LEVEL_SPI);
    guest_enables(EDGE_SPI);
    sim_set_spi(fixture.machine, LEVEL_SPI, true);
    irq_take(0);
    ck_assert(guest_bit(ISPENDR, LEVEL_SPI) && !guest_bit(ISPENDR, EDGE_SPI));
    ck_assert(host_bit(ISACTIVER, LEVEL_SPI)); /* until the guest's end */
    irq_take(0);
    sim_set_spi(fixture.machine, EDGE_SPI, true);
    irq_take(0);
    ck_assert(guest_bit(ISPENDR, EDGE_SPI));
    ck_assert(host_bit(ISACTIVER, EDGE_SPI));
}
END_TEST

/* Ended for good or restarted: quiet from then on, and forgotten by the next life. */
START_TEST(an_end_takes_them_back)
{
    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    for (unsigned life = 0; life < 3; life++) {
        guest_enables(LEVEL_SPI);
        guest_enables(EDGE_SPI);
        sim_set_spi(fixture.machine, EDGE_SPI, true);
        irq_take(0);
        sim_set_spi(fixture.machine, EDGE_SPI, false);
        sim_set_spi(fixture.machine, EDGE_SPI, true); /* once more, while it is active */
        sim_set_spi(fixture.machine, LEVEL_SPI, true);
        irq_take(0);
        ck_assert(guest_bit(ISPENDR, LEVEL_SPI) && guest_bit(ISPENDR, EDGE_SPI));
        domain_quiesce(fixture.domain);
        domain_quiesce(fixture.domain);
        for (uint32_t intid = LEVEL_SPI; intid <= EDGE_SPI; intid++) {
            ck_assert(!host_bit(ISENABLER, intid) && !host_bit(ISACTIVER, intid));
            ck_assert(!guest_bit(ISPENDR, intid));
        }
        ck_assert(!host_bit(ISPENDR, EDGE_SPI));
        guest_enables(LEVEL_SPI); /* another vCPU may still be running */
        ck_assert(!host_bit(ISENABLER, LEVEL_SPI));
        /* One that was on its way to this CPU is ended. */
        host_gic.ops->enable(&host_gic, LEVEL_SPI);
        uint32_t token;
        ck_assert_uint_eq(host_gic.ops->acknowledge(&host_gic, &token), LEVEL_SPI);
        host_gic.ops->priority_drop(&host_gic, token);
        host_gic.ops->deactivate(&host_gic, token);
        sim_set_spi(fixture.machine, LEVEL_SPI, false);
        sim_set_spi(fixture.machine, EDGE_SPI, false);
        host_gic.ops->disable(&host_gic, LEVEL_SPI);
        domain_reset_devices(fixture.domain);
        ck_assert(!host_bit(ISENABLER, LEVEL_SPI) && !guest_bit(ISPENDR, LEVEL_SPI) && !guest_bit(ISPENDR, EDGE_SPI));
    }
}
END_TEST

/* A sink ends what no domain takes any more. */
START_TEST(a_late_interrupt_is_ended)
{
    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    domain_quiesce(fixture.domain);
    host_gic.ops->enable(&host_gic, EDGE_SPI);
    sim_set_spi(fixture.machine, EDGE_SPI, true);
    irq_take(0);
    ck_assert(!host_bit(ISACTIVER, EDGE_SPI) && !host_bit(ISPENDR, EDGE_SPI));
    ck_assert(!guest_bit(ISPENDR, EDGE_SPI));
}
END_TEST

/* Without a number of SPIs a domain has no more than 960, and those that it is given. */
START_TEST(the_last_spi_of_a_gic)
{
    fixture.plan.spi_count = PLAN_SPIS_AS_HOST;
    host_gic.intid_count = 1020;
    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    ck_assert_uint_eq(fixture.domain->vgic.spi_count, 960);
    interrupts[1].intid = LAST_SPI;
    domain_reset_devices(fixture.domain);
    ck_assert_uint_eq(fixture.domain->vgic.spi_count, HV_MAX_SPIS);
    ck_assert_uint_eq(fixture.domain->vgic.spis[LAST_SPI - 32].physical_intid, LAST_SPI);
    interrupts[1].intid = 64;
    host_gic.intid_count = 64;
    domain_reset_devices(fixture.domain);
    ck_assert_uint_eq(fixture.domain->vgic.spi_count, 64); /* 64 is the first of the second word */
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, start, discard);
    tcase_add_test(tests, interrupts_are_set_up);
    tcase_add_test(tests, pages_are_mapped_at_each_start);
    tcase_add_test(tests, interrupts_are_passed_on);
    tcase_add_test(tests, an_end_takes_them_back);
    tcase_add_test(tests, a_late_interrupt_is_ended);
    tcase_add_test(tests, the_last_spi_of_a_gic);
}

int main(void)
{
    return suite_run("domain-passthrough", add_tests, NULL);
}
