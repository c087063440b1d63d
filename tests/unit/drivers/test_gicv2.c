// SPDX-License-Identifier: Apache-2.0
/* The GICv2 driver on hostsim's model of the controller: what it makes of the distributor and the CPU interfaces, and
 * what a guest sees of the list registers that it writes. */
#include <libfdt.h>
#include <string.h>

#include "arch/cpu.h"
#include "arch/mmio.h"
#include "drivers/gic.h"
#include "hostsim/sim.h"
#include "support/suite.h"

#define CPUS 4
#define GICD 0x08000000ULL
#define GICC 0x08100000ULL
#define GICH 0x08200000ULL
#define GICV 0x08300000ULL
#define EDGE 1
#define LEVEL 4

/* Registers, for looking at the controller beside the driver. */
#define ISENABLER 0x100
#define ISPENDR 0x200
#define ISACTIVER 0x300
#define IPRIORITYR 0x400
#define ITARGETSR 0x800
#define ICFGR 0xc00
#define HCR_UIE (1u << 1)  /* GICH_HCR: underflow */
#define HCR_NPIE (1u << 3) /* no pending interrupt */
#define GICV_CTLR 0x00
#define GICV_PMR 0x04
#define GICV_IAR 0x0c
#define GICV_EOIR 0x10
#define GICV_RPR 0x14
#define GICH_HCR 0x00
#define GICH_ELRSR 0x30
#define GICH_VMCR 0x008
#define GICH_APR 0x0f0
#define GICH_LR 0x100

static struct sim_machine *machine;
static struct gic gic;
static struct arch_mmio distributor, virtual_interface, hyp_interface;

static void write_cpus(void *fdt)
{
    fdt_begin_node(fdt, "cpus");
    fdt_property_u32(fdt, "#address-cells", 1);
    fdt_property_u32(fdt, "#size-cells", 0);
    for (unsigned i = 0; i < CPUS; i++) {
        char name[] = "cpu@0";
        name[4] = (char)('0' + i);
        fdt_begin_node(fdt, name);
        fdt_property_string(fdt, "device_type", "cpu");
        fdt_property_string(fdt, "compatible", "arm,cortex-a53");
        fdt_property_u32(fdt, "reg", i);
        fdt_end_node(fdt);
    }
    fdt_end_node(fdt);
}

/** @param frame  size of GICC and GICV */
static void write_tree(void *fdt, int size, uint32_t frame)
{
    const uint64_t frames[8] = {GICD, 0x1000, GICC, frame, GICH, 0x1000, GICV, frame};
    fdt64_t reg[8];

    for (unsigned i = 0; i < 8; i++)
        reg[i] = cpu_to_fdt64(frames[i]);
    ck_assert_int_eq(fdt_create(fdt, size), 0);
    fdt_finish_reservemap(fdt);
    fdt_begin_node(fdt, "");
    fdt_property_u32(fdt, "#address-cells", 2);
    fdt_property_u32(fdt, "#size-cells", 2);
    fdt_begin_node(fdt, "memory@40000000");
    fdt_property_string(fdt, "device_type", "memory");
    fdt_property(fdt, "reg", (const fdt64_t[]){cpu_to_fdt64(0x40000000), cpu_to_fdt64(0x4000000)}, 16);
    fdt_end_node(fdt);
    write_cpus(fdt);
    fdt_begin_node(fdt, "intc@8000000");
    fdt_property_string(fdt, "compatible", "arm,gic-400");
    fdt_property(fdt, "reg", reg, sizeof(reg));
    fdt_end_node(fdt);
    fdt_end_node(fdt);
    ck_assert_int_eq(fdt_finish(fdt), 0);
}

static struct machine_gic describe(uint32_t frame)
{
    return (struct machine_gic){
        .version = GIC_V2,
        .distributor = {GICD, 0x1000},
        .cpu_interface = {GICC, frame},
        .hyp_interface = {GICH, 0x1000},
        .virtual_interface = {GICV, frame},
        .maintenance_intid = 25,
    };
}

/** A machine that just came from its boot loader. */
static void power_on(uint32_t frame, const struct sim_options *options)
{
    static _Alignas(8) uint8_t tree[4096];

    write_tree(tree, sizeof(tree), frame);
    machine = sim_create(tree, sizeof(tree), options);
    ck_assert_msg(machine != NULL, "%s", sim_create_error());
    ck_assert(arch_mmio_map(&distributor, pa(GICD), 0x1000));
    ck_assert(arch_mmio_map(&hyp_interface, pa(GICH), 0x200));
}

/** Opens and initialises, on all CPUs; continues on CPU 0. */
static void init(uint32_t frame)
{
    const struct machine_gic description = describe(frame);

    ck_assert_int_eq(gic_open(&gic, &description), HV_OK);
    gic.ops->init_distributor(&gic);
    for (unsigned cpu = CPUS; cpu-- > 0;) {
        sim_act_as(machine, cpu);
        gic.ops->init_cpu(&gic);
    }
    ck_assert(arch_mmio_map(&virtual_interface, gic.virtual_interface, 0x2000));
}

static void start_with(const struct sim_options *options)
{
    power_on(0x2000, options);
    init(0x2000);
}

static void start(void)
{
    const struct sim_options options = {0};
    start_with(&options);
}

static uint32_t acknowledge(void)
{
    uint32_t token;
    return gic.ops->acknowledge(&gic, &token);
}

/** One bit of a register that has one for each interrupt. */
static bool bit(uint32_t base, uint32_t intid)
{
    return arch_mmio_read32(&distributor, base + intid / 32 * 4) >> intid % 32 & 1;
}

static uint32_t byte(uint32_t base, uint32_t intid)
{
    return arch_mmio_read32(&distributor, base + intid / 4 * 4) >> intid % 4 * 8 & 0xff;
}

START_TEST(reads_what_there_is)
{
    static const struct {
        unsigned lists, spis, lr_count;
        uint32_t intid_count;
    } cases[] = {{1, 32, 1, 64}, {4, 256, 4, 288}, {16, 480, 16, 512}, {64, 988, 16, 1020}};
    struct sim_options options = {.list_registers = cases[_i].lists, .spi_count = cases[_i].spis};

    start_with(&options);
    ck_assert_uint_eq(gic.lr_count, cases[_i].lr_count); /* no more than there is room for */
    ck_assert_uint_eq(gic.intid_count, cases[_i].intid_count);
    ck_assert_int_eq(gic.version, GIC_V2);
    ck_assert_uint_eq(gic.maintenance_intid, 25);
    ck_assert_uint_eq(gic.virtual_interface.raw, GICV);
}
END_TEST

START_TEST(refuses_what_it_cannot_drive)
{
    struct machine_gic description = describe(0x2000);

    description.version = GIC_V3;
    ck_assert_int_eq(gic_open(&gic, &description), HV_E_UNSUPPORTED);
    description.version = GIC_NONE;
    ck_assert_int_eq(gic_open(&gic, &description), HV_E_UNSUPPORTED);
    description = describe(0x2000);
    description.hyp_interface.size = 0; /* no virtualization extensions */
    ck_assert_int_eq(gic_open(&gic, &description), HV_E_UNSUPPORTED);
    description = describe(0x2000);
    description.virtual_interface.size = 0;
    ck_assert_int_eq(gic_open(&gic, &description), HV_E_UNSUPPORTED);
}
END_TEST

/** On a bus that repeats each 4 KiB page within 64 KiB, GICC's two pages are found across the boundary, and GICV's
 * there too. */
START_TEST(finds_aliased_frames)
{
    const struct sim_options options = {0};

    power_on(0x20000, &options);
    init(0x20000);
    ck_assert_uint_eq(gic.virtual_interface.raw, GICV + 0xf000);
    gic.ops->configure(&gic, 40, EDGE, 0, 0x80);
    gic.ops->enable(&gic, 40);
    for (unsigned i = 0; i < 3; i++) { /* again and again: it is deactivated, so GICC_DIR is where it was looked for */
        uint32_t token;
        sim_set_spi(machine, 40, true);
        sim_set_spi(machine, 40, false);
        ck_assert_uint_eq(gic.ops->acknowledge(&gic, &token), 40);
        gic.ops->priority_drop(&gic, token);
        gic.ops->deactivate(&gic, token);
        ck_assert(!bit(ISACTIVER, 40));
    }
}
END_TEST

START_TEST(takes_over_from_the_boot_loader)
{
    const struct sim_options options = {.spi_count = 64};

    power_on(0x2000, &options);
    for (uint32_t word = 4; word < 12; word += 4) {
        arch_mmio_write32(&distributor, ISENABLER + word, UINT32_MAX);
        arch_mmio_write32(&distributor, ISPENDR + word, UINT32_MAX);
        arch_mmio_write32(&distributor, ISACTIVER + word, 0x0f0f0f0f);
    }
    arch_mmio_write32(&distributor, ISENABLER, UINT32_MAX);
    arch_mmio_write32(&distributor, ISPENDR, 0xffff0000);
    arch_mmio_write32(&distributor, ISACTIVER, 0x12340000);
    init(0x2000);
    for (uint32_t intid = 16; intid < 96; intid++)
        ck_assert_msg(!bit(ISENABLER, intid) && !bit(ISPENDR, intid) && !bit(ISACTIVER, intid), "%u", intid);
    ck_assert_uint_eq(acknowledge(), GIC_SPURIOUS);
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
    const struct sim_options options = {.gic_security = true};
    start_with(&options);
    drop_and_deactivate();
}
END_TEST

START_TEST(configures)
{
    start();
    gic.ops->configure(&gic, 45, EDGE, 2, 0x60);
    gic.ops->configure(&gic, 46, 2 /* falling, as an edge */, 1, 0x50);
    gic.ops->configure(&gic, 47, LEVEL, 3, 0x40);
    ck_assert_uint_eq(arch_mmio_read32(&distributor, ICFGR + 8) & 0xfc000000, 0x28000000);
    ck_assert_uint_eq(byte(ITARGETSR, 45), 4);
    ck_assert_uint_eq(byte(ITARGETSR, 46), 2);
    ck_assert_uint_eq(byte(ITARGETSR, 47), 8);
    ck_assert_uint_eq(byte(IPRIORITYR, 45), 0x60);
    ck_assert_uint_eq(byte(IPRIORITYR, 47), 0x40);
    gic.ops->configure(&gic, 45, LEVEL, 2, 0x60);
    ck_assert_uint_eq(arch_mmio_read32(&distributor, ICFGR + 8) & 0xfc000000, 0x20000000);
    gic.ops->configure(&gic, 27, EDGE, 2, 0x60); /* banked ones, and those that are none, stay as they are */
    gic.ops->configure(&gic, 1019, EDGE, 2, 0x60);
    for (uint32_t intid = 0; intid < 32; intid++) /* what a guest can drive comes last, the kick and timers before */
        ck_assert_uint_eq(byte(IPRIORITYR, intid), intid == gic.maintenance_intid ? 0xb0 : 0xa0);
}
END_TEST

START_TEST(delivers_to_the_cpu_asked_for)
{
    start();
    gic.ops->configure(&gic, 60, LEVEL, 2, 0x80);
    gic.ops->enable(&gic, 60);
    sim_set_spi(machine, 60, true);
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        sim_act_as(machine, cpu);
        ck_assert_uint_eq(acknowledge(), cpu == 2 ? 60 : GIC_SPURIOUS);
    }
    gic.ops->disable(&gic, 60);
    ck_assert(!bit(ISENABLER, 60));
}
END_TEST

START_TEST(kicks)
{
    uint32_t token;

    start();
    sim_act_as(machine, 1);
    gic.ops->send_kick(&gic, 3);
    gic.ops->send_kick(&gic, 1); /* itself */
    ck_assert_uint_eq(gic.ops->acknowledge(&gic, &token), GIC_SGI_KICK);
    gic.ops->priority_drop(&gic, token);
    gic.ops->deactivate(&gic, token);
    ck_assert_uint_eq(acknowledge(), GIC_SPURIOUS);
    sim_act_as(machine, 0);
    ck_assert_uint_eq(acknowledge(), GIC_SPURIOUS);
    gic.ops->send_kick(&gic, 3);
    sim_act_as(machine, 3);
    for (unsigned i = 0; i < 2; i++) { /* one from each of two sources; the token remembers which */
        ck_assert_uint_eq(gic.ops->acknowledge(&gic, &token), GIC_SGI_KICK);
        gic.ops->priority_drop(&gic, token);
        gic.ops->deactivate(&gic, token);
    }
    ck_assert_uint_eq(acknowledge(), GIC_SPURIOUS);
    ck_assert(!bit(ISACTIVER, GIC_SGI_KICK));
}
END_TEST

START_TEST(active_and_pending_state)
{
    start();
    gic.ops->set_active(&gic, 27, true);
    ck_assert(bit(ISACTIVER, 27));
    sim_act_as(machine, 1);
    ck_assert(!bit(ISACTIVER, 27)); /* banked */
    sim_act_as(machine, 0);
    gic.ops->set_active(&gic, 27, false);
    ck_assert(!bit(ISACTIVER, 27));
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

/* Also while it is enabled. */
START_TEST(leads_to_another_cpu)
{
    start();
    gic.ops->enable(&gic, 60);
    gic.ops->route(&gic, 60, 1);
    sim_set_spi(machine, 60, true);
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        sim_act_as(machine, cpu);
        ck_assert_uint_eq(acknowledge(), cpu == 1 ? 60 : GIC_SPURIOUS);
    }
}
END_TEST

START_TEST(forgets_an_edge)
{
    start();
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
        uint32_t value;
    } cases[] = {
        {{.virtual_intid = 40, .priority = 0x80, .state = GIC_LR_PENDING}, 0x18000028},
        {{.virtual_intid = 1019, .priority = 0xf8, .group1 = true, .state = GIC_LR_PENDING_ACTIVE}, 0x7f8003fb},
        {{.virtual_intid = 27, .physical_intid = 27, .hardware = true, .state = GIC_LR_ACTIVE}, 0xa0006c1b},
        {{.virtual_intid = 3, .source = 5, .eoi_maintenance = true, .state = GIC_LR_PENDING}, 0x10081403},
        {{.virtual_intid = 0}, 0},
    };

    start();
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct gic_lr back = gic.ops->lr_decode(cases[i].value);
        ck_assert_uint_eq(gic.ops->lr_encode(&cases[i].lr), cases[i].value);
        ck_assert_uint_eq(back.virtual_intid, cases[i].lr.virtual_intid);
        ck_assert_uint_eq(back.physical_intid, cases[i].lr.physical_intid);
        ck_assert_uint_eq(back.hardware, cases[i].lr.hardware);
        ck_assert_uint_eq(back.eoi_maintenance, cases[i].lr.eoi_maintenance);
        ck_assert_uint_eq(back.source, cases[i].lr.source);
        ck_assert_uint_eq(back.priority, cases[i].lr.priority);
        ck_assert_uint_eq(back.group1, cases[i].lr.group1);
        ck_assert_int_eq(back.state, cases[i].lr.state);
    }
    /* The field that is EOI and source without HW belongs to the physical INTID with it. */
    struct gic_lr lr = {
        .virtual_intid = 1, .physical_intid = 1023, .hardware = true, .eoi_maintenance = true, .source = 7};
    ck_assert(!gic.ops->lr_decode(gic.ops->lr_encode(&lr)).eoi_maintenance);
    ck_assert_uint_eq(gic.ops->lr_decode(gic.ops->lr_encode(&lr)).physical_intid, 1023);
    lr = (struct gic_lr){.virtual_intid = 1, .priority = 0x87};
    ck_assert_uint_eq(gic.ops->lr_decode(gic.ops->lr_encode(&lr)).priority, 0x80); /* five bits are kept */
}
END_TEST

static uint64_t pending(uint32_t intid, uint8_t priority)
{
    const struct gic_lr lr = {.virtual_intid = intid, .priority = priority, .state = GIC_LR_PENDING};
    return gic.ops->lr_encode(&lr);
}

static void guest_opens_its_interface(void)
{
    arch_mmio_write32(&virtual_interface, GICV_PMR, 0xf0);
    arch_mmio_write32(&virtual_interface, GICV_CTLR, 1);
}

START_TEST(a_guest_takes_what_is_written)
{
    struct gic_vcpu_state state = {0};

    start();
    gic.ops->vcpu_load(&gic, &state);
    guest_opens_its_interface();
    ck_assert_uint_eq(arch_mmio_read32(&virtual_interface, GICV_IAR), 1023);
    gic.ops->lr_write(&gic, 1, pending(40, 0x80));
    gic.ops->lr_write(&gic, 3, pending(41, 0x40));
    ck_assert_uint_eq(arch_mmio_read32(&hyp_interface, GICH_ELRSR) & 0xf, 0x5);
    ck_assert_uint_eq(arch_mmio_read32(&virtual_interface, GICV_IAR), 41);
    ck_assert_int_eq(gic.ops->lr_decode(gic.ops->lr_read(&gic, 3)).state, GIC_LR_ACTIVE);
    arch_mmio_write32(&virtual_interface, GICV_EOIR, 41);
    ck_assert_int_eq(gic.ops->lr_decode(gic.ops->lr_read(&gic, 3)).state, GIC_LR_INVALID);
    ck_assert_uint_eq(arch_mmio_read32(&virtual_interface, GICV_IAR), 40);
    ck_assert_uint_eq(arch_mmio_read32(&hyp_interface, GICH_ELRSR) & 0xf, 0xd);
}
END_TEST

/** The guest's end of a linked interrupt is the host interrupt's deactivation. */
START_TEST(a_guest_ends_a_physical_interrupt)
{
    struct gic_vcpu_state state = {0};
    const struct gic_lr lr = {.virtual_intid = 33, .physical_intid = 70, .hardware = true, .state = GIC_LR_PENDING};
    uint32_t token;

    start();
    gic.ops->configure(&gic, 70, LEVEL, 0, 0x80);
    gic.ops->enable(&gic, 70);
    sim_set_spi(machine, 70, true);
    ck_assert_uint_eq(gic.ops->acknowledge(&gic, &token), 70);
    gic.ops->priority_drop(&gic, token);
    gic.ops->vcpu_load(&gic, &state);
    guest_opens_its_interface();
    gic.ops->lr_write(&gic, 0, gic.ops->lr_encode(&lr));
    ck_assert_uint_eq(arch_mmio_read32(&virtual_interface, GICV_IAR), 33);
    ck_assert(bit(ISACTIVER, 70));
    sim_set_spi(machine, 70, false);
    arch_mmio_write32(&virtual_interface, GICV_EOIR, 33);
    ck_assert(!bit(ISACTIVER, 70));
}
END_TEST

/** Two vCPUs take turns; neither sees the other's interrupts, mask or running priority. */
START_TEST(load_and_put)
{
    struct gic_vcpu_state first = {0}, second = {0};

    start();
    gic.ops->vcpu_load(&gic, &first);
    guest_opens_its_interface();
    first.lr[0] = pending(40, 0x80);
    first.lr[2] = pending(41, 0x40);
    first.used = 5;
    gic.ops->lr_write(&gic, 0, first.lr[0]);
    gic.ops->lr_write(&gic, 2, first.lr[2]);
    ck_assert_uint_eq(arch_mmio_read32(&virtual_interface, GICV_IAR), 41);
    first.lr[2] = gic.ops->lr_read(&gic, 2);
    gic.ops->vcpu_put(&gic, &first);
    ck_assert_uint_eq(arch_mmio_read32(&hyp_interface, GICH_HCR) & GIC_HCR_EN, 0);
    for (unsigned i = 0; i < gic.lr_count; i++)
        ck_assert_uint_eq(arch_mmio_read32(&hyp_interface, GICH_LR + 4 * i), 0);

    gic.ops->vcpu_load(&gic, &second);
    ck_assert_uint_eq(gic.ops->vmcr_read(&gic) & 0xf80001ff, 0); /* all but the binary points, which have a minimum */
    ck_assert_uint_eq(arch_mmio_read32(&virtual_interface, GICV_PMR), 0);
    ck_assert_uint_eq(arch_mmio_read32(&virtual_interface, GICV_RPR), 0xff);
    guest_opens_its_interface();
    ck_assert_uint_eq(arch_mmio_read32(&virtual_interface, GICV_IAR), 1023);
    gic.ops->vcpu_put(&gic, &second);

    gic.ops->vcpu_load(&gic, &first);
    ck_assert_uint_eq(arch_mmio_read32(&virtual_interface, GICV_PMR), 0xf0);
    ck_assert_uint_eq(arch_mmio_read32(&virtual_interface, GICV_RPR), 0x40);
    ck_assert_uint_eq(arch_mmio_read32(&virtual_interface, GICV_IAR), 1023); /* 40 is less urgent than what runs */
    arch_mmio_write32(&virtual_interface, GICV_EOIR, 41);
    ck_assert_uint_eq(arch_mmio_read32(&virtual_interface, GICV_IAR), 40);
}
END_TEST

/** Each field of a vCPU's state goes into the hardware and comes back, whichever vCPU had it meanwhile. */
START_TEST(each_field_is_loaded_and_put)
{
    struct gic_vcpu_state states[2] = {{.used = 0xf, .hcr = HCR_UIE, .vmcr = 0x98ec021bu, .apr = {0x00010008}},
                                       {.used = 0x5, .hcr = HCR_NPIE, .vmcr = 0x38900008u, .apr = {0x02000001}}};
    struct gic_vcpu_state saved[2];

    start();
    for (unsigned v = 0; v < 2; v++) {
        for (unsigned i = 0; i < gic.lr_count; i++)
            states[v].lr[i] = (states[v].used >> i & 1) != 0 ? pending(100 + 20 * v + i, (uint8_t)(8 * i)) : 0;
        saved[v] = states[v];
    }
    for (unsigned turn = 0; turn < 6; turn++) {
        const struct gic_vcpu_state *state = &states[turn % 2];
        gic.ops->vcpu_load(&gic, &saved[turn % 2]);
        ck_assert_uint_eq(arch_mmio_read32(&hyp_interface, GICH_HCR), state->hcr | GIC_HCR_EN);
        ck_assert_uint_eq(arch_mmio_read32(&hyp_interface, GICH_VMCR), state->vmcr);
        ck_assert_uint_eq(arch_mmio_read32(&hyp_interface, GICH_APR), state->apr[0]);
        for (unsigned i = 0; i < gic.lr_count; i++)
            ck_assert_uint_eq(arch_mmio_read32(&hyp_interface, GICH_LR + 4 * i), state->lr[i]);
        /* What the guest can change, and only the hardware knows. */
        saved[turn % 2].vmcr = saved[turn % 2].apr[0] = 0;
        gic.ops->vcpu_put(&gic, &saved[turn % 2]);
        ck_assert_mem_eq(&saved[turn % 2], state, sizeof(*state));
    }
}
END_TEST

START_TEST(maintenance_when_a_list_register_ends)
{
    struct gic_vcpu_state state = {0};
    struct gic_lr lr = {.virtual_intid = 40, .eoi_maintenance = true, .state = GIC_LR_PENDING};

    start();
    gic.ops->enable(&gic, gic.maintenance_intid);
    gic.ops->vcpu_load(&gic, &state);
    guest_opens_its_interface();
    gic.ops->lr_write(&gic, 0, gic.ops->lr_encode(&lr));
    ck_assert_uint_eq(arch_mmio_read32(&virtual_interface, GICV_IAR), 40);
    ck_assert(!gic.ops->is_pending(&gic, gic.maintenance_intid));
    arch_mmio_write32(&virtual_interface, GICV_EOIR, 40);
    ck_assert(gic.ops->is_pending(&gic, gic.maintenance_intid));
    gic.ops->lr_write(&gic, 0, 0);
    ck_assert(!gic.ops->is_pending(&gic, gic.maintenance_intid));
    gic.ops->hcr_write(&gic, GIC_HCR_EN | HCR_UIE); /* underflow, for who wants it */
    ck_assert(gic.ops->is_pending(&gic, gic.maintenance_intid));
    gic.ops->hcr_write(&gic, GIC_HCR_EN);
    ck_assert(!gic.ops->is_pending(&gic, gic.maintenance_intid));
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
    tcase_add_test(tests, refuses_what_it_cannot_drive);
    tcase_add_test(tests, finds_aliased_frames);
    tcase_add_test(tests, takes_over_from_the_boot_loader);
    tcase_add_test(tests, ends_in_two_steps);
    tcase_add_test(tests, ends_in_two_steps_as_non_secure);
    tcase_add_test(tests, configures);
    tcase_add_test(tests, delivers_to_the_cpu_asked_for);
    tcase_add_test(tests, kicks);
    tcase_add_test(tests, active_and_pending_state);
    tcase_add_test(tests, leads_to_another_cpu);
    tcase_add_test(tests, forgets_an_edge);
    tcase_add_test(tests, list_register_format);
    tcase_add_test(tests, a_guest_takes_what_is_written);
    tcase_add_test(tests, a_guest_ends_a_physical_interrupt);
    tcase_add_test(tests, load_and_put);
    tcase_add_test(tests, each_field_is_loaded_and_put);
    tcase_add_test(tests, maintenance_when_a_list_register_ends);
}

int main(void)
{
    return suite_run("gicv2", add_tests, NULL);
}
