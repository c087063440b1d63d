// SPDX-License-Identifier: Apache-2.0
/* A hardware domain beside one that is given a device: what it has, and what its tree says. */
#include <libfdt.h>

#include "domain/guest_dt.h"
#include "mem/stage2.h"
#include "support/allocate.h"
#include "unit/parts/fragment_world.h"

#define DOM0                                                                                                           \
    "xen,xen-bootargs = \"dom0_mem=64M dom0_max_vcpus=2\"; xen,dom0-bootargs = \"console=ttyAMA0 quiet\";"             \
    "module@46000000 { compatible = \"multiboot,kernel\", \"multiboot,module\"; reg = <0 0x46000000 0 0x1000>; };"     \
    "module@46200000 { compatible = \"multiboot,ramdisk\", \"multiboot,module\"; reg = <0 0x46200000 0 0x1000>; };"
/* Beside the devices that the board has anyway. */
#define PCI                                                                                                            \
    "pcie@3f000000 { device_type = \"pci\"; reg = <0 0x3f000000 0 0x1000000>; #address-cells = <3>; #size-cells = "    \
    "<2>; msi-map = <0 1 0 0x10000>;"                                                                                  \
    " ranges = <0x1000000 0 0 0 0x3eff0000 0 0x10000 0x2000000 0 0x30000000 0 0x30000000 0 0x1000000"                  \
    " 0x3000000 0x80 0 0x80 0 0x1 0>; };"
#define KEPT_BACK "kept@20000000 { reg = <0 0x20000000 0 0x1000>; xen,passthrough; below { reg = <1>; }; };"
#define IN_RAM "carved@50000000 { reg = <0 0x50000000 0 0x1000>; };"

static _Alignas(8) uint8_t tree[DT_MAX_SIZE];
static struct guest_dt written;

static void setup(void)
{
    ask();
    asked.chosen = DOM0;
    asked.devices = PCI KEPT_BACK IN_RAM "pmu { compatible = \"arm,armv8-pmuv3\"; interrupts = <1 7 4>; };";
}

/* Each in a GiB of its own. */
#define FAR_AWAY(at) "far@" at "00000000 { reg = <" at " 0x1000 0 0x1000>; };"
#define IN_MANY_PLACES                                                                                                 \
    FAR_AWAY("0x2")                                                                                                    \
    FAR_AWAY("0x3")                                                                                                    \
    FAR_AWAY("0x4") FAR_AWAY("0x5") FAR_AWAY("0x6") FAR_AWAY("0x7") FAR_AWAY("0x8") FAR_AWAY("0x9") FAR_AWAY("0xa")

/** One domain with the clock, and dom0. */
static void plan_both(void)
{
    ck_assert_int_eq(plan_fragments(PASSTHROUGH(RTC), NULL), HV_OK);
    ck_assert_str_eq(world.log, "");
    ck_assert_uint_eq(world.plan.valid_count, 2);
}

static const struct plan_domain *dom0(void)
{
    ck_assert_str_eq(planned(1)->name, "dom0"); /* the last one */
    return planned(1);
}

/** Claims of @p kind that dom0 has, "base+size " each. */
static const char *claims(enum claim_kind kind)
{
    static char text[4096];
    char *out = text;

    text[0] = '\0';
    for (const struct claim *claim = world.plan.ledger.list; claim != ledger_end(&world.plan.ledger); claim++)
        if (claim->kind == kind && claim->owner == owner_domain(1) && claim->mode == CLAIM_EXCLUSIVE)
            out += sprintf(out, "%llx+%llx ", (unsigned long long)claim->base, (unsigned long long)claim->size);
    return text;
}

START_TEST(it_has_what_nobody_else_has)
{
    plan_both();
    /* Not the clock at 0x10010000, the UART, the interrupt controller; pages whole, each once. */
    ck_assert_str_eq(claims(CLAIM_FRAME), "10020000+1000 10030000+1000 10031000+1000 10040000+1000 10041000+1000 "
                                          "10050000+1000 10060000+1000 10070000+1000 10080000+1000 10090000+1000 "
                                          "100a0000+1000 100b0000+1000 100c0000+1000 100d0000+1000 100e0000+1000 "
                                          "100f0000+1000 10400000+800000 30000000+1000000 3eff0000+10000 "
                                          "3f000000+1000000 8000000000+100000000 ");
    ck_assert_str_eq(claims(CLAIM_INTID), "20+1 23+3d9 "); /* 33 is the UART's, 34 the clock's */
}
END_TEST

START_TEST(its_ram_has_the_hosts_addresses)
{
    plan_both();
    const struct plan_domain *domain = dom0();
    ck_assert_uint_eq(domain->extent_count, 1);
    ck_assert_uint_eq(domain->extents[0].base.raw, domain->extents[0].target.raw);
    ck_assert_uint_eq(domain->extents[0].size, MIB(64));
    ck_assert_uint_eq(domain->vcpu_count, 2);
    ck_assert(domain->eager_memory && !planned(0)->config->hardware);
    ck_assert_uint_eq(domain->kernel.load.raw, domain->guest_ram[0].base);
    ck_assert(domain->ramdisk.present);
    ck_assert_uint_eq(domain->map->gicd.base, 0x8000000);
    ck_assert_uint_eq(domain->map->gicc.base, 0x8010000);
    ck_assert_uint_eq(domain->map->uart.base, 0x9000000);
    ck_assert_uint_eq(domain->map->uart_intid, 33);
    ck_assert_uint_eq(domain->map->gic_phandle, 1);
}
END_TEST

/** All that it has can be mapped with the tables that the plan gave it. */
START_TEST(its_tables_are_enough)
{
    static struct stage2 stage2;

    asked.devices = PCI IN_MANY_PLACES;
    plan_both();
    const struct plan_domain *domain = dom0();
    uint8_t *pool = allocate_pages(domain->stage2_pages * PAGE_SIZE);
    ck_assert_int_eq(
        stage2_init(&stage2, pool, domain->stage2_base, domain->stage2_pages, domain->ipa_bits, domain->vmid), HV_OK);
    for (const struct claim *claim = world.plan.ledger.list; claim != ledger_end(&world.plan.ledger); claim++)
        if (claim->kind == CLAIM_FRAME && claim->owner == owner_domain(1) && claim->mode == CLAIM_EXCLUSIVE)
            ck_assert_int_eq(stage2_map(&stage2, ipa(claim->base), pa(claim->base), claim->size, STAGE2_DEVICE), HV_OK);
    ck_assert_int_eq(stage2_map(&stage2, ipa(domain->map->gicc.base), pa(0x8040000), 0x2000, STAGE2_DEVICE), HV_OK);
    for (uint64_t at = 0; at < MIB(64); at += BLOCK_SIZE)
        ck_assert_int_eq(stage2_map(&stage2, ipa(domain->extents[0].base.raw + at),
                                    pa(domain->extents[0].target.raw + at), BLOCK_SIZE, STAGE2_RAM),
                         HV_OK);
    free(pool);
}
END_TEST

static void write_guest_tree(void)
{
    const struct guest_seeds none = {.rng_length = 0};

    ck_assert_int_eq(guest_dt_write(tree, sizeof(tree), dom0(), &world.machine, &none, &written), HV_OK);
    ck_assert_int_eq(fdt_check_full(tree, sizeof(tree)), 0);
    ck_assert_uint_le(written.size, dom0()->dtb_size);
}

static bool has_node(const char *path)
{
    return fdt_path_offset(tree, path) >= 0;
}

static const void *value(const char *path, const char *name, int *length)
{
    int node = fdt_path_offset(tree, path);

    return node < 0 ? NULL : fdt_getprop(tree, node, name, length);
}

static uint64_t reg_base(const char *path)
{
    int length;
    const fdt64_t *reg = value(path, "reg", &length);

    ck_assert_ptr_nonnull(reg);
    return fdt64_ld(reg);
}

START_TEST(its_tree_is_the_hosts_without_what_it_has_not)
{
    static const char *const there[] = {"/axi/edge@20000", "/axi/wrapper@40000/core@41000",
                                        "/pcie@3f000000",  "/carved@50000000",
                                        "/intc@8000000",   "/sbsa-uart@9000000",
                                        "/timer",          "/psci",
                                        "/cpus/cpu@0",     "/cpus/cpu@1",
                                        "/chosen"};
    static const char *const gone[] = {
        "/axi/rtc@10000", "/pl011@9000000",   "/kept@20000000", "/kept@20000000/below",
        "/pmu",           "/memory@40000000", "/chosen/domU1",  "/chosen/module@46000000"};
    char memory[32];
    int length;

    plan_both();
    write_guest_tree();
    for (unsigned i = 0; i < ARRAY_SIZE(there); i++)
        ck_assert_msg(has_node(there[i]), "%s is missing", there[i]);
    for (unsigned i = 0; i < ARRAY_SIZE(gone); i++)
        ck_assert_msg(!has_node(gone[i]), "%s is there", gone[i]);
    snprintf(memory, sizeof(memory), "/memory@%llx", (unsigned long long)dom0()->guest_ram[0].base);
    ck_assert_uint_eq(reg_base(memory), dom0()->guest_ram[0].base);
    ck_assert_uint_eq(reg_base("/intc@8000000"), 0x8000000);
    ck_assert_ptr_null(
        value("/intc@8000000", "interrupts", &length)); /* the maintenance interrupt is the hypervisor's */
    ck_assert_ptr_nonnull(value("/pcie@3f000000", "msi-map", &length));
    ck_assert_str_eq(value("/chosen", "bootargs", &length), "console=ttyAMA0 quiet");
    ck_assert_str_eq(value("/chosen", "stdout-path", &length), "/sbsa-uart@9000000");
}
END_TEST

/* Who has an ITS cannot share it: PCI devices are told of no MSIs. */
START_TEST(a_gicv3_without_msis)
{
    int length;

    asked.gic = BOARD_GICV3;
    plan_both();
    write_guest_tree();
    ck_assert_ptr_null(value("/pcie@3f000000", "msi-map", &length));
    ck_assert(has_node("/intc@8000000"));
}
END_TEST

/* It has all devices that nobody else has; a partial tree would say that it has them alone. */
START_TEST(it_asks_for_no_device)
{
    asked.chosen = "";
    asked.domain = "vpl011; capabilities = <2>; memory = <0 0x10000>;";
    board.count = 0;
    add_fragment(PASSTHROUGH(RTC));
    ck_assert_int_eq(read_board(), HV_OK);
    ck_assert_str_eq(world.log, "error: /chosen/domU1: the hardware domain has its devices by the host's tree\n"
                                "  hint: remove the module of multiboot,device-tree\n");
    ck_assert(!world.config.domains[0].valid);
}
END_TEST

/* Who asks for devices is left out after the hardware domain's tables were counted: they are its, and it has the tables
 * for them. */
START_TEST(what_a_domain_that_cannot_be_asked_for)
{
    static char nodes[2048];
    char *out = nodes;

    for (unsigned i = 2; i <= 0xa; i++)
        out += sprintf(out, "d%u { xen,path = \"/far@0x%x00000000\"; xen,reg = <%u 0x1000 0x1000 %u 0x1000>; }; ", i, i,
                       i, i);
    asked.devices = IN_MANY_PLACES;
    static char fragment[4096];
    snprintf(fragment, sizeof(fragment), PASSTHROUGH("%s"), nodes);
    ck_assert_int_eq(plan_fragments(fragment, NULL), HV_OK);
    ck_assert_str_eq(world.log, "");
    ck_assert(planned(0)->valid && dom0()->valid);
    ck_assert_ptr_null(strstr(claims(CLAIM_FRAME), "200001000+1000"));
    asked.domain = "vpl011; memory = <0 0x200000>;"; /* 2 GiB, of which the board has one */
    ck_assert_int_eq(plan_fragments(fragment, NULL), HV_OK);
    ck_assert(!planned(0)->valid && dom0()->valid);
    ck_assert_ptr_nonnull(strstr(claims(CLAIM_FRAME), "200001000+1000"));
    ck_assert_ptr_nonnull(strstr(claims(CLAIM_FRAME), "a00001000+1000"));
    unsigned tables = dom0()->stage2_pages;
    board.count = 0; /* what it needs where nobody else asks for any */
    ck_assert_int_eq(plan_board(), HV_OK);
    ck_assert_uint_eq(planned(0)->stage2_pages, tables);
}
END_TEST

START_TEST(it_can_be_alone)
{
    board.count = 0;
    ck_assert_int_eq(plan_board(), HV_OK);
    ck_assert_uint_eq(world.plan.valid_count, 1);
    ck_assert_str_eq(planned(0)->name, "dom0");
    ck_assert(strstr(claims(CLAIM_FRAME), "10010000+1000") == NULL); /* claims() are domain 2's */
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, it_has_what_nobody_else_has);
    tcase_add_test(tests, its_ram_has_the_hosts_addresses);
    tcase_add_test(tests, its_tables_are_enough);
    tcase_add_test(tests, its_tree_is_the_hosts_without_what_it_has_not);
    tcase_add_test(tests, a_gicv3_without_msis);
    tcase_add_test(tests, it_asks_for_no_device);
    tcase_add_test(tests, what_a_domain_that_cannot_be_asked_for);
    tcase_add_test(tests, it_can_be_alone);
}

int main(void)
{
    return suite_run("hardware", add_tests, NULL);
}
