// SPDX-License-Identifier: Apache-2.0
/* Compressed kernels: unpacked straight into guest RAM, and refused where they are not what they claim to be. */
#include <zlib.h>

#include "fixture.h"
#include "support/suite.h"

static uint8_t *packed;
static size_t packed_size;
static uint8_t *kernel;

static void *pack(const void *data, size_t size, int level)
{
    z_stream stream = {0};
    uint8_t *out = malloc(size + size / 1000 + 1024);

    ck_assert_int_eq(deflateInit2(&stream, level, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)data;
    stream.avail_in = (unsigned)size;
    stream.next_out = out;
    stream.avail_out = (unsigned)(size + size / 1000 + 1024);
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed_size = stream.total_out;
    deflateEnd(&stream);
    return out;
}

/** A kernel of @p size bytes of which every second kilobyte does not compress. */
static void make_kernel(uint64_t size, int level)
{
    kernel = make_pattern(size, 7);
    for (uint64_t i = 0; i < size; i++)
        if ((i >> 10 & 1) != 0)
            kernel[i] = (uint8_t)(i >> 12);
    packed = pack(kernel, size, level);
    fixture.plan.kernel.format = IMAGE_ARM64_GZIP;
    fixture.plan.kernel.file_size = fixture.plan.kernel.memory_size = size;
}

static enum build_result load_and_build(void)
{
    struct plan_image *image = &fixture.plan.kernel;

    image->source_size = packed_size;
    ck_assert(sim_load(fixture.machine, image->source.raw, packed, packed_size));
    return create_and_build();
}

static void discard(void)
{
    free(packed);
    free(kernel);
    teardown();
}

static void assert_refused(const char *found)
{
    const char *output = sim_output(fixture.machine);

    ck_assert_uint_eq(fixture.domain->state, DOMAIN_FAILED);
    ck_assert_msg(strstr(output, "error: /chosen/domU1/module@42000000: reg: ") != NULL, "%s", output);
    ck_assert_msg(strstr(output, found) != NULL, "%s", output);
    ck_assert_ptr_eq(strstr(strstr(output, "error:") + 1, "error:"), NULL); /* once */
}

static const uint64_t sizes[] = {1, 4096, BUILD_UNPACK_BYTES, BUILD_UNPACK_BYTES + 1, 2 * 1000003 + BLOCK_SIZE / 2};
static const uint64_t offsets[] = {0, 1, BLOCK_SIZE - 5};

START_TEST(kernels_are_unpacked)
{
    uint64_t size = sizes[(size_t)_i % ARRAY_SIZE(sizes)];

    fixture.plan.kernel.source = pa(MODULES + offsets[(size_t)_i / ARRAY_SIZE(sizes)]);
    make_kernel(size, _i & 1 ? 0 : 6); /* 0: stored, so that the input is longer than the output */
    ck_assert_int_eq(load_and_build(), BUILD_DONE);
    assert_guest_holds(KERNEL, kernel, size);
    touch_block(KERNEL + size);
    assert_guest_zero(KERNEL + size, align_up(KERNEL + size, BLOCK_SIZE));
}
END_TEST

/* BSS belongs to the image's memory, not to its file: it is zeroed or left to the first touch. */
START_TEST(an_image_may_be_smaller_than_its_memory)
{
    make_kernel(MIB(1), 6);
    fixture.plan.kernel.file_size = 0; /* not known */
    fixture.plan.kernel.memory_size = MIB(5);
    ck_assert_int_eq(load_and_build(), BUILD_DONE);
    assert_guest_holds(KERNEL, kernel, MIB(1));
    ck_assert_uint_eq(translate(KERNEL + MIB(1)), 0);
    touch_block(KERNEL + MIB(1));
    assert_guest_zero(KERNEL + MIB(1), KERNEL + MIB(2));
    ck_assert_uint_eq(translate(KERNEL + MIB(2)), 0);
}
END_TEST

/* A module whose size is not exact: what lies behind the stream is not looked at. */
START_TEST(junk_behind_the_stream_is_ignored)
{
    make_kernel(100000, 6);
    fill_host(MODULES, MIB(2), 0x5a);
    ck_assert(sim_load(fixture.machine, MODULES, packed, packed_size));
    fixture.plan.kernel.source_size = MIB(2);
    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    assert_guest_holds(KERNEL, kernel, 100000);
    touch_block(KERNEL + 100000);
    assert_guest_zero(KERNEL + 100000, KERNEL + BLOCK_SIZE);
}
END_TEST

/* Cut anywhere: in the header, in the data, in the trailer. */
START_TEST(truncated_kernels_are_refused)
{
    make_kernel(BUILD_UNPACK_BYTES * 2, 6);
    const size_t cuts[] = {0, 1, 9, 10, 11, packed_size / 2, packed_size - 9, packed_size - 8, packed_size - 1};
    packed_size = cuts[_i];
    ck_assert_int_eq(load_and_build(), BUILD_FAILED);
    assert_refused("damaged or truncated gzip data");
}
END_TEST

START_TEST(damaged_kernels_are_refused)
{
    make_kernel(300000, 6);
    const size_t places[] = {0, 2, packed_size / 2, packed_size - 8,
                             packed_size - 1}; /* magic, method, data, CRC, size */
    packed[places[_i]] ^= 0x10;
    ck_assert_int_eq(load_and_build(), BUILD_FAILED);
    assert_refused("damaged or truncated gzip data");
}
END_TEST

/* A stream that goes on where its image ends writes nothing behind that end. */
START_TEST(more_than_the_header_states_is_refused)
{
    make_kernel(MIB(3), 6);
    fixture.plan.kernel.memory_size = MIB(3) - (uint64_t[]){1, 64, BUILD_UNPACK_BYTES, MIB(3) - 1}[_i];
    ck_assert_int_eq(load_and_build(), BUILD_FAILED);
    assert_refused("more data than the image's header states");
    uint8_t behind[64];
    uint64_t end = align_up(fixture.plan.kernel.memory_size, 64);
    ck_assert(sim_peek(fixture.machine, EXTENT0 + end, behind, sizeof(behind)));
    for (unsigned i = 0; i < sizeof(behind); i++)
        ck_assert_uint_eq(behind[i], STALE);
}
END_TEST

START_TEST(an_image_larger_than_its_ram_is_refused)
{
    make_kernel(MIB(3), 6);
    fixture.plan.kernel.load = ipa(GUEST_END - MIB(1));
    ck_assert_int_eq(load_and_build(), BUILD_FAILED);
    assert_refused("no place in the domain's RAM");
}
END_TEST

START_TEST(no_memory_to_unpack_with_is_refused)
{
    make_kernel(4096, 6);
    fixture.plan.scratch.end = fixture.plan.scratch.base;
    ck_assert_int_eq(load_and_build(), BUILD_FAILED);
    assert_refused("no memory to unpack");
}
END_TEST

/* The modules and the memory to unpack with are as good for the second start as for the first. */
START_TEST(unpacked_again_after_a_restart)
{
    make_kernel(MIB(3), 6);
    ck_assert_int_eq(load_and_build(), BUILD_DONE);
    domain_restart(fixture.domain);
    ck_assert_int_eq(build_to_end(), BUILD_DONE);
    assert_guest_holds(KERNEL, kernel, MIB(3));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("unpack");
    TCase *test_case = tcase_create("unpack");

    suite_add_tcase(suite, test_case);
    tcase_set_timeout(test_case, 60);
    tcase_add_checked_fixture(test_case, setup, discard);
    tcase_add_loop_test(test_case, kernels_are_unpacked, 0, (int)(ARRAY_SIZE(sizes) * ARRAY_SIZE(offsets)));
    tcase_add_test(test_case, an_image_may_be_smaller_than_its_memory);
    tcase_add_test(test_case, junk_behind_the_stream_is_ignored);
    tcase_add_loop_test(test_case, truncated_kernels_are_refused, 0, 9);
    tcase_add_loop_test(test_case, damaged_kernels_are_refused, 0, 5);
    tcase_add_loop_test(test_case, more_than_the_header_states_is_refused, 0, 4);
    tcase_add_test(test_case, an_image_larger_than_its_ram_is_refused);
    tcase_add_test(test_case, no_memory_to_unpack_with_is_refused);
    tcase_add_test(test_case, unpacked_again_after_a_restart);
    return suite_execute(suite);
}
