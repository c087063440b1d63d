// SPDX-License-Identifier: Apache-2.0
/* The plan's look at kernels: through a window that may be narrow, at files that may be short, missing or something
 * else. */
#include "support/suite.h"
#include "unit/plan/invariants.h"

static const struct plan_domain *planned(unsigned number)
{
    return &world.plan.domains[number - 1];
}

START_TEST(packed_kernels_get_scratch_memory)
{
    struct bytes image = make_image(300000, 0, 500000);
    struct bytes packed = pack(image.data, image.size, 9, NULL);

    add_domain(MIB(64));
    add_module(MODULE_KERNEL, RAM + MIB(64), packed.size);
    load_file(RAM + MIB(64), packed);
    add_simple(MIB(64), RAM + MIB(96), MIB(8));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_silent();
    assert_plan_sound();
    ck_assert_int_eq(planned(1)->kernel.format, IMAGE_ARM64_GZIP);
    ck_assert_uint_eq(planned(1)->kernel.file_size, 300000);
    ck_assert_uint_eq(planned(1)->kernel.memory_size, 500000);
    ck_assert_uint_eq(region_size(planned(1)->scratch), GUNZIP_BYTES);
    ck_assert_uint_eq(region_size(planned(2)->scratch), 0);
    ck_assert(strstr(plan_text(), "  kernel 0x40000000 +0x7a120 from 0x44000000 +") != NULL);
    free(image.data);
}
END_TEST

/* A kernel that begins shortly before a 2 MiB boundary is looked at in two pieces. */
START_TEST(kernels_may_lie_anywhere)
{
    struct bytes image = make_image(300000, 0, 500000);

    for (unsigned before = 2; before < 4096; before += before < 80 ? 2 : 300) {
        for (unsigned packed = 0; packed < 2; packed++) {
            uint64_t base = RAM + MIB(64) - before;
            struct bytes file = packed ? pack(image.data, image.size, 9, "Image") : make_image(300000, 0, 500000);
            world.config.domain_count = 0;
            world.file_count = 0;
            add_domain(MIB(64));
            add_module(MODULE_KERNEL, base, file.size);
            load_file(base, file);
            ck_assert_int_eq(make_plan(), HV_OK);
            ck_assert_uint_eq(planned(1)->kernel.file_size, 300000);
            ck_assert_uint_eq(planned(1)->kernel.memory_size, 500000);
            assert_plan_sound();
            free(file.data);
        }
    }
    world.file_count = 0;
    free(image.data);
}
END_TEST

START_TEST(unknown_kernels_are_named)
{
    const struct {
        const char *bytes;
        const char *report;
    } kernels[] = {
        {"MZ\0\0zimg", "the kernel is of a format that is not supported (found EFI zboot, expected an arm64 Image"},
        {"\x27\x05\x19\x56", "the kernel is of a format that is not supported (found uImage"},
        {"\x01\x02\x03\xfe", "the kernel is of no known format (found bytes 01 02 03 fe"},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(kernels); i++) {
        struct bytes file = {calloc(1, 4096), 4096};
        memcpy(file.data, kernels[i].bytes, i == 0 ? 8 : 4);
        world_setup();
        add_domain(MIB(64));
        add_module(MODULE_KERNEL, RAM + MIB(64), 4096);
        load_file(RAM + MIB(64), file);
        add_simple(MIB(64), RAM + MIB(96), MIB(8));
        ck_assert_int_eq(make_plan(), HV_OK);
        ck_assert(!planned(1)->valid && planned(2)->valid);
        assert_logged("error: /chosen/domU1/kernel: reg: ");
        assert_logged(kernels[i].report);
    }
}
END_TEST

START_TEST(contradicting_and_tiny_kernels)
{
    add_domain(MIB(64));
    add_module(MODULE_KERNEL, RAM + MIB(64), 4096);
    load_header(RAM + MIB(64), 0x123, MIB(1));
    add_domain(MIB(64));
    add_module(MODULE_KERNEL, RAM + MIB(66), 3);
    load_file(RAM + MIB(66), (struct bytes){calloc(1, 3), 3});
    ck_assert_int_eq(make_plan(), HV_E_MISSING);
    assert_logged("error: /chosen/domU1/kernel: reg: the kernel's header contradicts itself (found arm64 Image");
    assert_logged("error: /chosen/domU2/kernel: reg: the kernel is of no known format (found 3 bytes");
}
END_TEST

START_TEST(a_packed_kernel_whose_end_is_missing)
{
    struct bytes image = make_image(300000, 0, 500000);
    struct bytes packed = pack(image.data, image.size, 9, NULL);

    add_domain(MIB(64));
    add_module(MODULE_KERNEL, RAM + MIB(64), packed.size + 5); /* zeros behind it */
    load_file(RAM + MIB(64), packed);
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_logged("warning: /chosen/domU1/kernel: reg: the packed kernel does not end with its size");
    ck_assert_uint_eq(planned(1)->kernel.file_size, 0);
    ck_assert_uint_eq(planned(1)->kernel.memory_size, 500000);
    assert_plan_sound();
    free(image.data);
}
END_TEST

START_TEST(without_files_kernels_are_assumed)
{
    add_domain(MIB(64));
    add_module(MODULE_KERNEL, RAM + MIB(64), MIB(20));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_logged("note: /chosen/domU1/kernel: reg: the kernel could not be looked at");
    ck_assert_uint_eq(planned(1)->kernel.memory_size, MIB(20));
    uint64_t digest = world.plan.digest;
    struct diag diag = {.emit = world_report};
    ck_assert_int_eq(plan_make(&world.plan, &world.machine, &world.config, NULL, &diag), HV_OK);
    ck_assert_uint_eq(world.plan.digest, digest);
    ck_assert_uint_eq(diag.errors + diag.warnings, 0);
    assert_plan_sound();
}
END_TEST

/* Without its tail the kernel's size is missing. Heads are tried again, shorter. */
START_TEST(reads_may_fail)
{
    struct bytes image = make_image(300000, 0, 500000);
    struct bytes packed = pack(image.data, image.size, 9, NULL);

    add_domain(MIB(64));
    add_module(MODULE_KERNEL, RAM + MIB(64), packed.size);
    load_file(RAM + MIB(64), packed);
    for (unsigned read = 1; read <= 3; read++) {
        world.reads_refused = read;
        ck_assert_int_eq(make_plan(), HV_OK);
        ck_assert_uint_eq(world.reads_refused, 0);
        assert_plan_sound();
        ck_assert_uint_eq(planned(1)->kernel.file_size, read == 2 ? 0 : 300000);
    }
    world_teardown();
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_logged("note: /chosen/domU1/kernel: reg: the kernel could not be looked at");
    free(image.data);
}
END_TEST

/* On the desk a file may be shorter than its module, and than what is looked at. */
START_TEST(files_may_be_short)
{
    struct bytes image = make_image(3000, 0, 50000);

    add_domain(MIB(64));
    add_module(MODULE_KERNEL, RAM + MIB(64), KIB(64));
    load_file(RAM + MIB(64), pack(image.data, image.size, 9, NULL));
    add_domain(MIB(64));
    add_module(MODULE_KERNEL, RAM + MIB(66), KIB(64));
    load_header(RAM + MIB(66), 0, 50000);
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert_uint_eq(planned(1)->kernel.memory_size, 50000);
    ck_assert_int_eq(planned(1)->kernel.format, IMAGE_ARM64_GZIP);
    ck_assert_uint_eq(planned(2)->kernel.memory_size, 50000);
    free(image.data);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, packed_kernels_get_scratch_memory);
    tcase_add_test(tests, kernels_may_lie_anywhere);
    tcase_add_test(tests, unknown_kernels_are_named);
    tcase_add_test(tests, contradicting_and_tiny_kernels);
    tcase_add_test(tests, a_packed_kernel_whose_end_is_missing);
    tcase_add_test(tests, without_files_kernels_are_assumed);
    tcase_add_test(tests, reads_may_fail);
    tcase_add_test(tests, files_may_be_short);
}

int main(void)
{
    return suite_run("kernel", add_tests, world_setup);
}
