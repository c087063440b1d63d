// SPDX-License-Identifier: Apache-2.0
/* What is read of a GICv3. */
#include <check.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"
#include "unit/config/machine_reading.h"

START_TEST(frames)
{
    ck_assert_int_eq(read_file("ok/machine-gicv3.dtb"), HV_OK);
    ck_assert_int_eq(machine.gic.version, GIC_V3);
    assert_range(machine.gic.distributor, 0x8000000, 0x10000);
    ck_assert_uint_eq(machine.gic.redistributor_count, 1);
    assert_range(machine.gic.redistributors[0], 0x80a0000, 0xf60000);
    ck_assert_uint_eq(machine.gic.redistributor_stride, 0);
    ck_assert_uint_eq(machine.gic.maintenance_intid, 25);
    blob_free(&blob);
    ck_assert_int_eq(read_file("ok/machine-gicv3-regions.dtb"), HV_OK);
    ck_assert_uint_eq(machine.gic.redistributor_count, 2);
    assert_range(machine.gic.redistributors[0], 0x8100000, 0x40000);
    assert_range(machine.gic.redistributors[1], 0x8200000, 0x100000);
    ck_assert_uint_eq(machine.gic.redistributor_stride, 0x40000);
    blob_free(&blob);
}
END_TEST

static void set_gic_property(const char *name, const void *value, int length)
{
    struct blob small = blob_read("ok/machine-gicv3-regions.dtb");

    blob = (struct blob){.data = malloc(small.size + 512), .size = small.size + 512};
    ck_assert_int_eq(fdt_open_into(small.data, blob.data, (int)blob.size), 0);
    ck_assert_int_eq(fdt_setprop(blob.data, fdt_path_offset(blob.data, "/intc@8000000"), name, value, length), 0);
    blob_free(&small);
    blob_open(&blob, &tree);
}

/** Strides that no redistributor can have are not used; they say themselves how large they are. */
START_TEST(strides)
{
    static const struct {
        uint64_t stride;
        int length;
        uint32_t expected;
    } cases[] = {{0x20000, 8, 0x20000}, {0x30000, 8, 0x30000}, {0x10000, 8, 0},  {0x28000, 8, 0}, {0, 8, 0},
                 {1ULL << 32, 8, 0},    {0x20000, 3, 0},       {0x2000000, 8, 0}};

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        const fdt64_t value = cpu_to_fdt64(cases[i].stride);
        set_gic_property("redistributor-stride", &value, cases[i].length);
        ck_assert_int_eq(read_machine(UINT64_MAX), HV_OK);
        ck_assert_uint_eq(machine.gic.redistributor_stride, cases[i].expected);
        ck_assert_int_eq(reports_have(&reports, "the distance of the redistributors cannot be used"),
                         cases[i].expected == 0);
        blob_free(&blob);
    }
}
END_TEST

START_TEST(ranges)
{
    const fdt32_t nine = cpu_to_fdt32(9), three = cpu_to_fdt32(3);
    fdt64_t reg[20];

    for (unsigned i = 0; i < 10; i++) {
        reg[2 * i] = cpu_to_fdt64(0x8000000 + i * 0x100000);
        reg[2 * i + 1] = cpu_to_fdt64(0x40000);
    }
    set_gic_property("reg", reg, sizeof(reg));
    ck_assert_int_eq(
        fdt_setprop(blob.data, fdt_path_offset(blob.data, "/intc@8000000"), "#redistributor-regions", &nine, 4), 0);
    blob_open(&blob, &tree);
    ck_assert_int_eq(read_machine(UINT64_MAX), HV_OK);
    ck_assert_uint_eq(machine.gic.redistributor_count, MACHINE_MAX_REDISTRIBUTOR_REGIONS);
    ck_assert(reports_have(&reports, "more ranges of redistributors than there is room for"));
    blob_free(&blob);
    set_gic_property("#redistributor-regions", &three, 4);
    ck_assert_int_eq(fdt_setprop(blob.data, fdt_path_offset(blob.data, "/intc@8000000"), "reg", reg, 48), 0);
    blob_open(&blob, &tree);
    ck_assert_int_eq(read_machine(UINT64_MAX), HV_E_INVALID); /* two are there */
    blob_free(&blob);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, frames);
    tcase_add_test(tests, strides);
    tcase_add_test(tests, ranges);
}

int main(void)
{
    return suite_run("config-gicv3", add_tests, setup);
}
