// SPDX-License-Identifier: Apache-2.0
/* Whose interrupt controller guests in KVM get, and where KVM's own is put: what can be known without KVM. That it
 * works is for tests/kvm. */
#include <check.h>
#include <libfdt.h>
#include <string.h>

#include "hostsim/kvm/kvm_gic.h"
#include "support/suite.h"

static const struct {
    enum sim_kvm_gic wanted;
    unsigned version;
    struct kvm_gic_abilities abilities;
    bool own;
    const char *problem; /* words of it; NULL: works */
} choices[] = {
    {SIM_KVM_GIC_DEFAULT, 2, {.none = true, .own = true}, false, NULL},
    {SIM_KVM_GIC_DEFAULT, 2, {.none = true}, false, NULL},
    {SIM_KVM_GIC_DEFAULT, 2, {.own = true}, true, NULL}, /* a kernel before 4.12 */
    {SIM_KVM_GIC_DEFAULT, 2, {0}, true, "neither does without"},
    {SIM_KVM_GIC_CORE, 2, {.none = true, .own = true}, false, NULL},
    {SIM_KVM_GIC_CORE, 2, {.own = true}, false, "cannot do without"},
    {SIM_KVM_GIC_HOST, 2, {.none = true, .own = true}, true, NULL},
    {SIM_KVM_GIC_HOST, 2, {.none = true}, true, "no KVM_DEV_TYPE_ARM_VGIC_V2"},
    {SIM_KVM_GIC_DEFAULT, 3, {.none = true, .own = true}, false, "machine with a GICv2"},
    {SIM_KVM_GIC_HOST, 3, {.none = true, .own = true}, true, "machine with a GICv2"},
    {SIM_KVM_GIC_DEFAULT, 0, {.none = true, .own = true}, false, NULL}, /* refused later, by core */
};

START_TEST(test_choices)
{
    bool own = !choices[_i].own;
    const char *problem = kvm_gic_choose(choices[_i].wanted, choices[_i].version, &choices[_i].abilities, &own);
    if (choices[_i].problem != NULL)
        ck_assert_msg(problem != NULL && strstr(problem, choices[_i].problem) != NULL, "%s", problem);
    else
        ck_assert_msg(problem == NULL, "%s", problem);
    ck_assert(own == choices[_i].own);
}
END_TEST

static char tree[4096];

/* A guest's tree with one interrupt controller: @p cells words of @p reg, @p address_cells a number. */
static void make_tree(const char *compatible, int address_cells, const uint32_t *reg, unsigned cells)
{
    fdt32_t words[16];
    for (unsigned i = 0; i < cells; i++)
        words[i] = cpu_to_fdt32(reg[i]);
    ck_assert_int_eq(fdt_create(tree, sizeof(tree)), 0);
    fdt_finish_reservemap(tree);
    fdt_begin_node(tree, "");
    fdt_property_u32(tree, "#address-cells", (uint32_t)address_cells);
    fdt_property_u32(tree, "#size-cells", (uint32_t)address_cells);
    fdt_begin_node(tree, "interrupt-controller@3001000");
    fdt_property_string(tree, "compatible", compatible);
    fdt_property(tree, "reg", words, (int)(cells * sizeof(*words)));
    fdt_end_node(tree);
    fdt_end_node(tree);
    ck_assert_int_eq(fdt_finish(tree), 0);
}

static const uint32_t two_cells[] = {0, 0x3001000, 0, 0x1000, 2, 0x3002000, 0, 0x2000};
static const uint32_t one_cell[] = {0x3001000, 0x1000, 0x3002000, 0x2000};

START_TEST(test_frames)
{
    struct kvm_gic_frames frames = {0};
    make_tree("arm,gic-400", 2, two_cells, 8);
    ck_assert(kvm_gic_find(tree, &frames));
    ck_assert_uint_eq(frames.distributor, 0x3001000);
    ck_assert_uint_eq(frames.cpu_interface, 0x203002000);
    make_tree("arm,cortex-a15-gic", 1, one_cell, 4);
    ck_assert(kvm_gic_find(tree, &frames));
    ck_assert_uint_eq(frames.distributor, 0x3001000);
    ck_assert_uint_eq(frames.cpu_interface, 0x3002000);
}
END_TEST

START_TEST(test_no_frames)
{
    struct kvm_gic_frames frames;
    make_tree("arm,gic-v3", 2, two_cells, 8);
    ck_assert(!kvm_gic_find(tree, &frames));
    make_tree("arm,gic-400", 2, two_cells, 7); /* the last cell is missing */
    ck_assert(!kvm_gic_find(tree, &frames));
    make_tree("arm,gic-400", 3, two_cells, 8);
    ck_assert(!kvm_gic_find(tree, &frames));
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, test_choices, 0, sizeof(choices) / sizeof(choices[0]));
    tcase_add_test(tests, test_frames);
    tcase_add_test(tests, test_no_frames);
}

int main(void)
{
    return suite_run("hostsim KVM GIC", add_tests, NULL);
}
