// SPDX-License-Identifier: Apache-2.0
/* The GICv3 driver on hostsim's model of the controller: what it makes of the distributor, the redistributors and the
 * CPU interfaces, and what it puts into the registers of the virtual one. */
#include "arch/timer.h"
#include "drivers/gic.h"
#include "support/suite.h"
#include "unit/hostsim/gicv3.h"

#define EDGE 1
#define LEVEL 4
#define TIMER 27
#define MAX_SHAPE_CPUS 16
#define HCR_UIE (1u << 1)  /* ICH_HCR_EL2: underflow */
#define HCR_NPIE (1u << 3) /* no pending interrupt */
#define PRIVATE_RWP 8u     /* GICR_CTLR */

static struct sim_machine *machine;
static struct machine_gic description;
static struct gic gic;
static struct arch_mmio gicd, gicr, gicr_second;

/** Affinity of a CPU of gicv3_replace_cpus(); of the tree's own two: its number. */
static uint64_t affinity_of(const struct gicv3_shape *shape, unsigned cpu)
{
    return shape->cpus == 0 ? cpu : gicv3_affinity(shape, cpu);
}

static unsigned count_of(const struct gicv3_shape *shape)
{
    return shape->cpus == 0 ? 2 : shape->cpus;
}

static void describe(const struct gicv3_shape *shape)
{
    uint64_t stride = shape->stride != 0 ? shape->stride : CPU_FRAMES;

    description = (struct machine_gic){
        .version = GIC_V3,
        .distributor = {GICD, 0x10000},
        .redistributors = {{GICR, stride * (shape->first_region != 0 ? shape->first_region : 8)},
                           {GICR_SECOND, stride * 8}},
        .redistributor_count = shape->first_region != 0 ? 2 : 1,
        .redistributor_stride = (uint32_t)shape->stride,
        .maintenance_intid = 25,
    };
}

/** A machine that just came from its boot loader. */
static void power_on(const struct gicv3_shape *shape, const struct sim_options *options)
{
    machine = gicv3_machine(shape, options);
    describe(shape);
    ck_assert(arch_mmio_map(&gicd, pa(GICD), 0x10000));
    ck_assert(arch_mmio_map(&gicr, pa(GICR), description.redistributors[0].size));
    if (shape->first_region != 0)
        ck_assert(arch_mmio_map(&gicr_second, pa(GICR_SECOND), description.redistributors[1].size));
}

/** Opens and initialises, on all CPUs; continues on CPU 0. */
static void init(const struct gicv3_shape *shape)
{
    gic = (struct gic){.version = GIC_NONE};
    ck_assert_int_eq(gic_open(&gic, &description), HV_OK);
    for (unsigned cpu = 0; cpu < count_of(shape); cpu++)
        ck_assert_msg(gic.ops->find_cpu(&gic, cpu, affinity_of(shape, cpu)), "CPU %u", cpu);
    gic.ops->init_distributor(&gic);
    for (unsigned cpu = count_of(shape); cpu-- > 0;) {
        sim_act_as(machine, cpu);
        gic.ops->init_cpu(&gic);
    }
}

static void start_with(const struct gicv3_shape *shape, const struct sim_options *options)
{
    power_on(shape, options);
    init(shape);
}

static void start(void)
{
    start_with(&(struct gicv3_shape){0}, NULL);
}

static uint32_t acknowledge(void)
{
    uint32_t token;
    return gic.ops->acknowledge(&gic, &token);
}

static void take(uint32_t intid)
{
    uint32_t token;
    ck_assert_uint_eq(gic.ops->acknowledge(&gic, &token), intid);
    gic.ops->priority_drop(&gic, token);
    gic.ops->deactivate(&gic, token);
}

static bool shared_bit(uint32_t base, uint32_t intid)
{
    return arch_mmio_read32(&gicd, base + intid / 32 * 4) >> intid % 32 & 1;
}

static bool private_bit(unsigned cpu, uint32_t base, uint32_t intid)
{
    return arch_mmio_read32(&gicr, cpu * CPU_FRAMES + SGI_FRAME + base) >> intid & 1;
}

START_TEST(reads_what_there_is)
{
    static const struct {
        unsigned lists, spis, lr_count;
        uint32_t intid_count;
    } cases[] = {{1, 32, 1, 64}, {4, 256, 4, 288}, {16, 480, 16, 512}, {16, 988, 16, 1020}};
    const struct sim_options options = {.list_registers = cases[_i].lists, .spi_count = cases[_i].spis};

    start_with(&(struct gicv3_shape){0}, &options);
    ck_assert_uint_eq(gic.lr_count, cases[_i].lr_count);
    ck_assert_uint_eq(gic.intid_count, cases[_i].intid_count);
    ck_assert_int_eq(gic.version, GIC_V3);
    ck_assert_uint_eq(gic.maintenance_intid, 25);
    ck_assert_uint_ge(gic.apr_count, 1);
    ck_assert(!gic.stale_after_hw_end);
}
END_TEST

/** The CPUs of a GICv2 machine have no such registers. */
START_TEST(refuses_where_there_are_no_registers)
{
    size_t size;
    void *tree = read_file("ok/two-domains.dtb", &size);

    machine = sim_create(tree, size, &(struct sim_options){0});
    free(tree);
    describe(&(struct gicv3_shape){0});
    ck_assert_int_eq(gic_open(&gic, &description), HV_E_UNSUPPORTED);
}
END_TEST

/* ---- Whose redistributor is whose */

START_TEST(finds_each_cpu)
{
    static const struct gicv3_shape shapes[] = {
        {.cpus = 8}, {.cpus = 6, .first_region = 3}, {.cpus = 8, .first_region = 1, .stride = 0x40000}, {.cpus = 2}};
    const struct gicv3_shape *shape = &shapes[_i];
    uint64_t stride = shape->stride != 0 ? shape->stride : CPU_FRAMES;

    start_with(shape, NULL);
    for (unsigned cpu = 0; cpu < shape->cpus; cpu++) {
        bool second = shape->first_region != 0 && cpu >= shape->first_region;
        ck_assert_uint_eq(gic.cpus[cpu].offset, (second ? cpu - shape->first_region : cpu) * stride);
        ck_assert_uint_eq(gic.cpus[cpu].mmio.base, gic.redistributors[second].base);
        sim_act_as(machine, cpu); /* its own and no other one's is set up */
        gic.ops->enable(&gic, 20);
        uint32_t enables =
            arch_mmio_read32(second ? &gicr_second : &gicr, gic.cpus[cpu].offset + SGI_FRAME + ISENABLER);
        ck_assert_uint_eq(enables, 1u << 20);
    }
    ck_assert(!gic.ops->find_cpu(&gic, shape->cpus, 0x505));
    ck_assert(!gic.ops->find_cpu(&gic, shape->cpus, 0x100000000)); /* Aff3 counts */
}
END_TEST

/** A range that is described too short, or that has something else in it, ends the search and nothing worse. */
START_TEST(finds_no_more_than_there_is)
{
    power_on(&(struct gicv3_shape){.cpus = 4}, NULL);
    description.redistributors[0].size = 2 * CPU_FRAMES + CPU_FRAMES / 2;
    ck_assert_int_eq(gic_open(&gic, &description), HV_OK);
    ck_assert(gic.ops->find_cpu(&gic, 1, 1));
    ck_assert(!gic.ops->find_cpu(&gic, 2, 2));
    description.redistributors[0] = (struct dt_range){GICD, 0x10000};
    ck_assert_int_eq(gic_open(&gic, &description), HV_OK);
    ck_assert(!gic.ops->find_cpu(&gic, 0, 0));
    description.redistributor_count = 0;
    ck_assert(!gic.ops->find_cpu(&gic, 0, 0));
}
END_TEST

/* ---- The physical side */

START_TEST(takes_over_from_the_boot_loader)
{
    power_on(&(struct gicv3_shape){0}, &(struct sim_options){.spi_count = 64});
    arch_mmio_write32(&gicd, CTLR, ARE);
    wait_until_clear(&gicd, CTLR, RWP);
    for (uint32_t word = 4; word < 12; word += 4) {
        arch_mmio_write32(&gicd, ISENABLER + word, UINT32_MAX);
        arch_mmio_write32(&gicd, ISPENDR + word, UINT32_MAX);
        arch_mmio_write32(&gicd, ISACTIVER + word, 0x0f0f0f0f);
    }
    arch_mmio_write32(&gicd, CTLR, ARE | GROUP1);
    gicv3_enable_cpu(&gicr, 0);
    arch_mmio_write32(&gicr, SGI_FRAME + ISENABLER, UINT32_MAX);
    arch_mmio_write32(&gicr, SGI_FRAME + ISPENDR, 0xffff0000);
    arch_mmio_write32(&gicr, SGI_FRAME + ISACTIVER, 0x12340000);
    init(&(struct gicv3_shape){0});
    for (uint32_t intid = 32; intid < 96; intid++)
        ck_assert_msg(!shared_bit(ISENABLER, intid) && !shared_bit(ISPENDR, intid) && !shared_bit(ISACTIVER, intid),
                      "%u", intid);
    for (uint32_t intid = 0; intid < 32; intid++)
        ck_assert_msg(!private_bit(0, ISENABLER, intid) && !private_bit(0, ISPENDR, intid) &&
                          !private_bit(0, ISACTIVER, intid),
                      "%u", intid);
    for (uint32_t intid = 0; intid < 32; intid++) /* what a guest can drive comes last, the kick and timers before */
        ck_assert_uint_eq(arch_mmio_read32(&gicr, SGI_FRAME + IPRIORITYR + (intid & ~3u)) >> intid % 4 * 8 & 0xff,
                          intid == gic.maintenance_intid ? 0xb0 : 0xa0);
    ck_assert_uint_eq(acknowledge(), GIC_SPURIOUS);
}
END_TEST

/* ---- What takes its time: a controller may be slower at it than all that is done meanwhile */

#define SLOW_NS 2000 /* more than the whole of init_cpu() */

static const struct sim_options slow_writes = {.gic_write_ns = SLOW_NS, .spi_count = 64};

/** The boot loader had affinity routing off: nothing else has a meaning until it is on. */
START_TEST(waits_for_affinity_routing)
{
    start_with(&(struct gicv3_shape){0}, &slow_writes);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, CTLR) & (ARE | GROUP1), ARE | GROUP1);
    ck_assert_uint_eq(acknowledge(), GIC_SPURIOUS);
}
END_TEST

/** What the boot loader left enabled is off everywhere before the group is on: the CPU's interface takes all there is.
 */
START_TEST(waits_for_what_was_enabled)
{
    power_on(&(struct gicv3_shape){0}, &slow_writes);
    arch_mmio_write32(&gicd, CTLR, ARE);
    wait_until_clear(&gicd, CTLR, RWP);
    gicv3_enable_cpu(&gicr, 0);
    arch_mmio_write32(&gicd, IGROUPR + 8, UINT32_MAX);
    arch_mmio_write32(&gicd, ISENABLER + 8, UINT32_MAX);
    arch_mmio_write32(&gicr, SGI_FRAME + ISENABLER, UINT32_MAX);
    arch_mmio_write32(&gicd, CTLR, ARE | GROUP1);
    ck_assert_int_eq(gic_open(&gic, &description), HV_OK);
    ck_assert(gic.ops->find_cpu(&gic, 0, 0));
    sim_set_spi(machine, 70, true);
    gic.ops->init_distributor(&gic);
    ck_assert_uint_eq(acknowledge(), GIC_SPURIOUS);
    sim_set_spi(machine, 70, false);
    arch_timer_set_deadline(0); /* its interrupt is asserted, and enabled */
    gic.ops->init_cpu(&gic);
    ck_assert_uint_eq(acknowledge(), GIC_SPURIOUS);
}
END_TEST

/** A CPU interface that is not awake loses what is written to it, or worse. */
START_TEST(waits_for_the_cpu_interface)
{
    start_with(&(struct gicv3_shape){0}, &(struct sim_options){.gic_wake_ns = SLOW_NS});
    gic.ops->configure(&gic, 50, LEVEL, 0, 0x80);
    gic.ops->enable(&gic, 50);
    sim_set_spi(machine, 50, true);
    take(50);
}
END_TEST

/** An interrupt that the boot loader acknowledged and never ended must not hold back ours. */
START_TEST(clears_active_priorities)
{
    power_on(&(struct gicv3_shape){0}, NULL);
    init(&(struct gicv3_shape){0});
    gic.ops->configure(&gic, 50, LEVEL, 0, 0x10);
    gic.ops->enable(&gic, 50);
    sim_set_spi(machine, 50, true);
    ck_assert_uint_eq(acknowledge(), 50);
    sim_set_spi(machine, 50, false);
    init(&(struct gicv3_shape){0});
    gic.ops->configure(&gic, 51, LEVEL, 0, 0x80);
    gic.ops->enable(&gic, 51);
    sim_set_spi(machine, 51, true);
    take(51);
}
END_TEST

/** EOImode 1: after the priority drop others come through, but this one only after its deactivation. */
static void drop_and_deactivate(void)
{
    uint32_t token, other;

    for (uint32_t intid = 50; intid < 52; intid++) {
        gic.ops->configure(&gic, intid, LEVEL, 0, 0x80);
        gic.ops->enable(&gic, intid);
    }
    sim_set_spi(machine, 50, true);
    ck_assert_uint_eq(gic.ops->acknowledge(&gic, &token), 50);
    sim_set_spi(machine, 51, true);
    ck_assert_uint_eq(acknowledge(), GIC_SPURIOUS); /* same priority */
    gic.ops->priority_drop(&gic, token);
    ck_assert_uint_eq(gic.ops->acknowledge(&gic, &other), 51);
    gic.ops->priority_drop(&gic, other);
    ck_assert_uint_eq(acknowledge(), GIC_SPURIOUS); /* both active still */
    gic.ops->deactivate(&gic, token);
    ck_assert_uint_eq(gic.ops->acknowledge(&gic, &token), 50); /* its line is high */
    gic.ops->priority_drop(&gic, token);
    sim_set_spi(machine, 50, false);
    sim_set_spi(machine, 51, false);
    gic.ops->deactivate(&gic, token);
    gic.ops->deactivate(&gic, other);
    ck_assert_uint_eq(acknowledge(), GIC_SPURIOUS);
}

START_TEST(ends_in_two_steps)
{
    start();
    drop_and_deactivate();
}
END_TEST

START_TEST(ends_in_two_steps_as_non_secure)
{
    start_with(&(struct gicv3_shape){0}, &(struct sim_options){.gic_security = true});
    drop_and_deactivate();
}
END_TEST

START_TEST(configures)
{
    start_with(&(struct gicv3_shape){.cpus = 6}, NULL);
    gic.ops->configure(&gic, 45, EDGE, 5, 0x60);
    gic.ops->configure(&gic, 46, 2 /* falling, as an edge */, 1, 0x50);
    gic.ops->configure(&gic, 47, LEVEL, 3, 0x40);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, ICFGR + 8) & 0xfc000000, 0x28000000);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, IROUTER + 8 * 45), 0x101);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, IROUTER + 8 * 46), 1);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, IROUTER + 8 * 45 + 4), 0);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, IPRIORITYR + 44) >> 8, 0x405060);
    gic.ops->configure(&gic, 45, LEVEL, 5, 0x60);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, ICFGR + 8) & 0xfc000000, 0x20000000);
    gic.ops->configure(&gic, TIMER, EDGE, 2, 0x60); /* private ones, and those that are none, stay as they are */
    gic.ops->configure(&gic, 1019, EDGE, 2, 0x60);
    ck_assert_uint_eq(arch_mmio_read32(&gicr, SGI_FRAME + IPRIORITYR + 24) >> 24, 0xa0);
}
END_TEST

START_TEST(delivers_to_the_cpu_asked_for)
{
    const struct gicv3_shape shape = {.cpus = 8};

    start_with(&shape, NULL);
    gic.ops->configure(&gic, 60, LEVEL, 6, 0x80);
    gic.ops->enable(&gic, 60);
    sim_set_spi(machine, 60, true);
    for (unsigned cpu = 0; cpu < 8; cpu++) {
        sim_act_as(machine, cpu);
        ck_assert_uint_eq(acknowledge(), cpu == 6 ? 60 : GIC_SPURIOUS);
    }
    gic.ops->disable(&gic, 60); /* everywhere, when it returns */
    ck_assert_uint_eq(arch_mmio_read32(&gicd, CTLR) & RWP, 0);
    ck_assert(!shared_bit(ISENABLER, 60));
    gic.ops->enable(&gic, 20);
    gic.ops->disable(&gic, 20);
    ck_assert_uint_eq(arch_mmio_read32(&gicr, 7 * CPU_FRAMES + CTLR) & PRIVATE_RWP, 0);
    ck_assert(!private_bit(7, ISENABLER, 20));
}
END_TEST

/** Every CPU reaches every other, in its own cluster and beyond, and nobody else; whichever level tells clusters apart.
 */
START_TEST(kicks)
{
    const struct gicv3_shape shape = {.cpus = 8, .level = 1 + (unsigned)_i};

    start_with(&shape, NULL);
    for (unsigned cpu = 0; cpu < 8; cpu++) {
        sim_act_as(machine, cpu);
        gic.ops->enable(&gic, GIC_SGI_KICK);
    }
    for (unsigned from = 0; from < 8; from++)
        for (unsigned to = 0; to < 8; to++) {
            sim_act_as(machine, from);
            gic.ops->send_kick(&gic, to);
            for (unsigned cpu = 0; cpu < 8; cpu++) {
                sim_act_as(machine, cpu);
                if (cpu == to)
                    take(GIC_SGI_KICK);
                ck_assert_uint_eq(acknowledge(), GIC_SPURIOUS);
            }
        }
}
END_TEST

/** The upper levels of an affinity are where the manual has them: a CPU that differs in one is another. */
START_TEST(upper_levels_of_an_affinity)
{
    static const uint64_t others[] = {0x201, 0x10001, 0x100000001};

    start_with(&(struct gicv3_shape){.cpus = 4}, NULL);
    sim_act_as(machine, 1);
    gic.ops->enable(&gic, GIC_SGI_KICK);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        gic.cpus[3].affinity = others[i];
        gic.ops->send_kick(&gic, 3);
        ck_assert_uint_eq(acknowledge(), GIC_SPURIOUS);
        gic.ops->configure(&gic, 50, LEVEL, 3, 0x80);
        uint64_t route = arch_mmio_read32(&gicd, IROUTER + 8 * 50);
        route |= (uint64_t)arch_mmio_read32(&gicd, IROUTER + 8 * 50 + 4) << 32;
        ck_assert_uint_eq(route, others[i]);
    }
    gic.ops->send_kick(&gic, 1);
    take(GIC_SGI_KICK);
}
END_TEST

START_TEST(active_and_pending_state)
{
    start();
    gic.ops->set_active(&gic, TIMER, true);
    ck_assert(private_bit(0, ISACTIVER, TIMER) && !private_bit(1, ISACTIVER, TIMER));
    gic.ops->set_active(&gic, TIMER, false);
    ck_assert(!private_bit(0, ISACTIVER, TIMER));
    ck_assert(!gic.ops->is_pending(&gic, 70));
    gic.ops->configure(&gic, 70, LEVEL, 0, 0x80);
    gic.ops->enable(&gic, 70);
    sim_set_spi(machine, 70, true);
    ck_assert(gic.ops->is_pending(&gic, 70));
    ck_assert_uint_eq(acknowledge(), 70);
    ck_assert(gic.ops->is_pending(&gic, 70)); /* active: its line tells */
    sim_set_spi(machine, 70, false);
    ck_assert(!gic.ops->is_pending(&gic, 70));
}
END_TEST

/* The upper half of what was there does not stay. */
START_TEST(leads_elsewhere_and_forgets)
{
    start();
    gic.cpus[3].affinity = 0x100000203;
    gic.ops->route(&gic, 60, 3);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, IROUTER + 8 * 60 + 4), 1);
    gic.ops->route(&gic, 60, 1);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, IROUTER + 8 * 60), 1);
    ck_assert_uint_eq(arch_mmio_read32(&gicd, IROUTER + 8 * 60 + 4), 0);
    gic.ops->configure(&gic, 70, EDGE, 0, 0x80);
    gic.ops->configure(&gic, 71, EDGE, 0, 0x80);
    sim_set_spi(machine, 70, true);
    sim_set_spi(machine, 71, true);
    gic.ops->clear_pending(&gic, 70);
    ck_assert(!gic.ops->is_pending(&gic, 70) && gic.ops->is_pending(&gic, 71));
}
END_TEST

/* ---- List registers */

START_TEST(list_register_format)
{
    static const struct {
        struct gic_lr lr;
        uint64_t value;
    } cases[] = {
        {{.virtual_intid = 40, .priority = 0x80, .state = GIC_LR_PENDING}, 0x4080000000000028},
        {{.virtual_intid = 1019, .priority = 0xf8, .group1 = true, .state = GIC_LR_PENDING_ACTIVE}, 0xd0f80000000003fb},
        {{.virtual_intid = 27, .physical_intid = 27, .hardware = true, .state = GIC_LR_ACTIVE}, 0xa000001b0000001b},
        {{.virtual_intid = 3, .eoi_maintenance = true, .state = GIC_LR_PENDING}, 0x4000020000000003},
        {{.virtual_intid = 0}, 0},
    };

    start();
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct gic_lr back = gic.ops->lr_decode(cases[i].value);
        ck_assert_uint_eq(gic.ops->lr_encode(&cases[i].lr), cases[i].value);
        ck_assert_uint_eq(cases[i].value >> gic.lr_state_shift & 3, cases[i].lr.state);
        ck_assert_uint_eq(back.virtual_intid, cases[i].lr.virtual_intid);
        ck_assert_uint_eq(back.physical_intid, cases[i].lr.physical_intid);
        ck_assert_uint_eq(back.hardware, cases[i].lr.hardware);
        ck_assert_uint_eq(back.eoi_maintenance, cases[i].lr.eoi_maintenance);
        ck_assert_uint_eq(back.source, 0);
        ck_assert_uint_eq(back.priority, cases[i].lr.priority);
        ck_assert_uint_eq(back.group1, cases[i].lr.group1);
        ck_assert_int_eq(back.state, cases[i].lr.state);
    }
    /* The field that is EOI without HW belongs to the physical INTID with it; there are no sources. */
    const struct gic_lr lr = {
        .virtual_intid = 1, .physical_intid = 1019, .hardware = true, .eoi_maintenance = true, .source = 7};
    ck_assert(!gic.ops->lr_decode(gic.ops->lr_encode(&lr)).eoi_maintenance);
    ck_assert_uint_eq(gic.ops->lr_decode(gic.ops->lr_encode(&lr)).physical_intid, 1019);
}
END_TEST

static uint64_t pending(uint32_t intid, uint8_t priority)
{
    const struct gic_lr lr = {.virtual_intid = intid, .priority = priority, .group1 = true, .state = GIC_LR_PENDING};
    return gic.ops->lr_encode(&lr);
}

/** Two vCPUs take turns; neither finds the other's interrupts, mask or active priorities. */
START_TEST(load_and_put)
{
    struct gic_vcpu_state first = {.vmcr = 0xf8000002, .apr = {[0] = 1u << 3, [4] = 1u << 9}}, second = {0};

    start();
    first.lr[0] = pending(40, 0x80);
    first.lr[2] = pending(41, 0x40);
    first.used = 5;
    gic.ops->vcpu_load(&gic, &first);
    ck_assert_uint_eq(icc(ARCH_ICH_HCR_EL2) & GIC_HCR_EN, GIC_HCR_EN);
    ck_assert_uint_eq(gic.ops->lr_read(&gic, 0), first.lr[0]);
    ck_assert_uint_eq(gic.ops->lr_read(&gic, 2), first.lr[2]);
    ck_assert_uint_eq(icc(ARCH_ICH_ELRSR_EL2) & 0xf, 0xa);
    ck_assert_uint_eq(gic.ops->vmcr_read(&gic) & GIC_VMCR_GROUPS, 2);
    gic.ops->vcpu_put(&gic, &first);
    ck_assert_uint_eq(icc(ARCH_ICH_HCR_EL2) & GIC_HCR_EN, 0);
    for (unsigned i = 0; i < gic.lr_count; i++)
        ck_assert_uint_eq(icc(ARCH_ICH_LR0_EL2 + i), 0);
    gic.ops->vcpu_load(&gic, &second);
    ck_assert_uint_eq(gic.ops->vmcr_read(&gic) >> 24, 0);
    ck_assert_uint_eq(gic.ops->vmcr_read(&gic) & GIC_VMCR_GROUPS, 0);
    ck_assert_uint_eq(icc(ARCH_ICH_AP0R0_EL2) | icc(ARCH_ICH_AP1R0_EL2), 0);
    gic.ops->vcpu_put(&gic, &second);
    gic.ops->vcpu_load(&gic, &first);
    ck_assert_uint_eq(gic.ops->vmcr_read(&gic) >> 24, 0xf8);
    ck_assert_uint_eq(icc(ARCH_ICH_AP0R0_EL2), 1u << 3);
    ck_assert_uint_eq(icc(ARCH_ICH_AP1R0_EL2), 1u << 9);
    gic.ops->hcr_write(&gic, GIC_HCR_EN | HCR_UIE);
    ck_assert_uint_eq(icc(ARCH_ICH_HCR_EL2), GIC_HCR_EN | HCR_UIE);
}
END_TEST

/** Each field of a vCPU's state goes into the hardware and comes back, whichever vCPU had it meanwhile. */
START_TEST(each_field_is_loaded_and_put)
{
    const struct sim_options options = {.gic_preemption_bits = 5 + (unsigned)_i, .list_registers = 16};
    struct gic_vcpu_state states[2] = {{.used = 0xffff}, {.used = 0x5555}}, saved[2];

    start_with(&(struct gicv3_shape){0}, &options);
    ck_assert_uint_eq(gic.apr_count, 1u << _i);
    for (unsigned v = 0; v < 2; v++) {
        states[v].hcr = v == 0 ? HCR_UIE : HCR_NPIE;
        states[v].vmcr = v == 0 ? 0x98ec021bu : 0x38900009u; /* PMR, BPR0, BPR1, EOImode, CBPR, groups */
        for (unsigned i = 0; i < gic.apr_count; i++) {
            states[v].apr[i] = 1u << (2 * i + v);
            states[v].apr[4 + i] = 1u << (2 * i + v + 16);
        }
        for (unsigned i = 0; i < GIC_MAX_LRS; i++)
            states[v].lr[i] = (states[v].used >> i & 1) != 0 ? pending(100 + 20 * v + i, (uint8_t)(8 * i)) : 0;
        saved[v] = states[v];
    }
    for (unsigned turn = 0; turn < 6; turn++) {
        struct gic_vcpu_state *state = &saved[turn % 2];
        gic.ops->vcpu_load(&gic, state);
        ck_assert_uint_eq(icc(ARCH_ICH_HCR_EL2), state->hcr | GIC_HCR_EN);
        ck_assert_uint_eq(icc(ARCH_ICH_VMCR_EL2), state->vmcr);
        for (unsigned i = 0; i < gic.apr_count; i++) {
            ck_assert_uint_eq(icc(ARCH_ICH_AP0R0_EL2 + i), states[turn % 2].apr[i]);
            ck_assert_uint_eq(icc(ARCH_ICH_AP1R0_EL2 + i), states[turn % 2].apr[4 + i]);
        }
        for (unsigned i = 0; i < GIC_MAX_LRS; i++)
            ck_assert_uint_eq(icc(ARCH_ICH_LR0_EL2 + i), states[turn % 2].lr[i]);
        /* What the guest can change, and only the hardware knows. */
        state->vmcr = 0;
        memset(state->apr, 0, sizeof(state->apr));
        gic.ops->vcpu_put(&gic, state);
        ck_assert_mem_eq(state, &states[turn % 2], sizeof(*state));
    }
}
END_TEST

static void stop(void)
{
    if (machine != NULL)
        sim_destroy(machine);
    machine = NULL;
}

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, NULL, stop);
    tcase_add_loop_test(tests, reads_what_there_is, 0, 4);
    tcase_add_test(tests, refuses_where_there_are_no_registers);
    tcase_add_loop_test(tests, finds_each_cpu, 0, 4);
    tcase_add_test(tests, finds_no_more_than_there_is);
    tcase_add_test(tests, takes_over_from_the_boot_loader);
    tcase_add_test(tests, waits_for_affinity_routing);
    tcase_add_test(tests, waits_for_what_was_enabled);
    tcase_add_test(tests, waits_for_the_cpu_interface);
    tcase_add_test(tests, clears_active_priorities);
    tcase_add_test(tests, ends_in_two_steps);
    tcase_add_test(tests, ends_in_two_steps_as_non_secure);
    tcase_add_test(tests, configures);
    tcase_add_test(tests, delivers_to_the_cpu_asked_for);
    tcase_add_loop_test(tests, kicks, 0, 3);
    tcase_add_test(tests, upper_levels_of_an_affinity);
    tcase_add_test(tests, active_and_pending_state);
    tcase_add_test(tests, leads_elsewhere_and_forgets);
    tcase_add_test(tests, list_register_format);
    tcase_add_test(tests, load_and_put);
    tcase_add_loop_test(tests, each_field_is_loaded_and_put, 0, 3);
}

int main(void)
{
    return suite_run("gicv3", add_tests, NULL);
}
