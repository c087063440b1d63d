// SPDX-License-Identifier: Apache-2.0
/* Unpacking in pieces: any pieces give the same bytes; what is damaged is refused, and never writes where it may not.
 */
#include "lib/inflate.h"

#include "support/suite.h"
#include "unit/mem/random.h"
#include "unit/plan/packing.h"

static struct gunzip gunzip;
static uint8_t result[700000];

/**
 * Unpacks in steps of random sizes, each into a buffer of its own that ends where it must not be written beyond, and
 * that is gone before the next step. @return the first error, or HV_OK when done
 */
static hv_status unpack(struct bytes packed, size_t most, struct random *random, size_t *unpacked)
{
    size_t read = 0;

    *unpacked = 0;
    ck_assert_int_eq(gunzip_open(&gunzip), HV_OK);
    for (;;) {
        struct gunzip_progress progress;
        size_t in = min_u64(1 + random_below(random, most), packed.size - read);
        size_t out = 1 + random_below(random, most);
        uint8_t *input = malloc(in + 1);
        uint8_t *output = malloc(out);
        memcpy(input, packed.data + read, in);
        hv_status status = gunzip_step(&gunzip, input, in, output, out, &progress);
        REQUIRE(progress.consumed <= in && progress.produced <= out);
        REQUIRE(*unpacked + progress.produced <= sizeof(result));
        memcpy(result + *unpacked, output, progress.produced);
        *unpacked += progress.produced;
        read += progress.consumed;
        free(input);
        free(output);
        if (status != HV_OK || progress.done)
            return status;
        REQUIRE(progress.consumed != 0 || progress.produced != 0);
    }
}

START_TEST(any_steps_give_the_same_bytes)
{
    const int levels[] = {0, 1, 6, 9};
    struct random random = random_start((uint64_t)_i);
    struct bytes image = make_image(600000, 0, 700000);
    struct bytes packed = pack(image.data, image.size, levels[_i], NULL);
    const size_t steps[] = {64, 5000, 70000, 1000000};
    size_t unpacked;

    for (unsigned i = 0; i < ARRAY_SIZE(steps); i++) {
        ck_assert_int_eq(unpack(packed, steps[i], &random, &unpacked), HV_OK);
        ck_assert_uint_eq(unpacked, image.size);
        ck_assert_mem_eq(result, image.data, image.size);
    }
    free(packed.data);
    free(image.data);
}
END_TEST

/* With less memory, and no more than that: it lies at the end of its own allocation. */
START_TEST(the_head_is_that_of_the_whole)
{
    const int levels[] = {0, 1, 6, 9};
    struct bytes image = make_image(5000, 0, 5000);
    struct bytes packed = pack(image.data, image.size, levels[_i], "a name in the header");
    struct gunzip_head *head = malloc(sizeof(*head));
    struct gunzip_progress progress;
    uint8_t output[GUNZIP_HEAD_MAX + 100];

    for (size_t size = 1; size <= sizeof(output); size++) {
        memset(output, 0xee, sizeof(output));
        ck_assert_int_eq(gunzip_head(head, packed.data, packed.size, output, size, &progress), HV_OK);
        ck_assert_uint_eq(progress.produced, min_u64(size, GUNZIP_HEAD_MAX));
        ck_assert_mem_eq(output, image.data, progress.produced);
        for (size_t i = progress.produced; i < sizeof(output); i++)
            ck_assert_uint_eq(output[i], 0xee);
    }
    ck_assert_int_eq(gunzip_head(head, packed.data, 30, output, sizeof(output), &progress), HV_OK);
    ck_assert_uint_lt(progress.produced, 30);
    packed.data[0]++;
    ck_assert_int_eq(gunzip_head(head, packed.data, packed.size, output, 64, &progress), HV_E_FORMAT);
    free(head);
    free(packed.data);
    free(image.data);
}
END_TEST

START_TEST(the_end_is_seen_and_the_rest_left)
{
    struct gunzip_progress progress;
    uint8_t output[512];
    struct bytes packed = pack("hello", 5, 9, NULL);

    packed.data = realloc(packed.data, packed.size + 100);
    memset(packed.data + packed.size, 0xff, 100);
    ck_assert_int_eq(gunzip_open(&gunzip), HV_OK);
    ck_assert_int_eq(gunzip_step(&gunzip, packed.data, packed.size + 100, output, sizeof(output), &progress), HV_OK);
    ck_assert(progress.done);
    ck_assert_uint_eq(progress.consumed, packed.size);
    ck_assert_uint_eq(progress.produced, 5);
    ck_assert_mem_eq(output, "hello", 5);
    /* A full output is no end: the CRC has not been looked at. */
    ck_assert_int_eq(gunzip_open(&gunzip), HV_OK);
    ck_assert_int_eq(gunzip_step(&gunzip, packed.data, packed.size - 8, output, 5, &progress), HV_OK);
    ck_assert(!progress.done);
    ck_assert_int_eq(
        gunzip_step(&gunzip, packed.data + progress.consumed, packed.size - progress.consumed, output, 1, &progress),
        HV_OK);
    ck_assert(progress.done);
    ck_assert_uint_eq(progress.produced, 0);
    free(packed.data);
}
END_TEST

START_TEST(truncation_anywhere_is_an_error)
{
    struct random random = random_start(9);
    struct bytes image = make_image(3000, 0, 0);
    struct bytes packed = pack(image.data, image.size, 9, "Image");
    size_t unpacked;

    for (size_t size = 0; size < packed.size; size++) {
        REQUIRE(unpack((struct bytes){packed.data, size}, 4096, &random, &unpacked) == HV_E_FORMAT);
        REQUIRE(unpacked <= image.size);
    }
    free(packed.data);
    free(image.data);
}
END_TEST

/* A flipped bit behind the header is found, or it is one of the few that mean nothing and change nothing. */
START_TEST(damage_is_found)
{
    struct random random = random_start(10);
    struct bytes image = make_image(20000, 0, 0);
    struct bytes packed = pack(image.data, image.size, 6, NULL);
    unsigned found = 0;
    size_t unpacked;

    for (unsigned i = 0; i < 3000; i++) {
        size_t at = 10 + random_below(&random, packed.size - 10);
        uint8_t bit = (uint8_t)(1u << random_below(&random, 8));
        packed.data[at] ^= bit;
        hv_status status = unpack(packed, 30000, &random, &unpacked);
        REQUIRE(status == HV_E_FORMAT || memcmp(result, image.data, image.size) == 0);
        found += status == HV_E_FORMAT;
        packed.data[at] ^= bit;
    }
    ck_assert_uint_gt(found, 2900);
    free(packed.data);
    free(image.data);
}
END_TEST

START_TEST(what_is_no_gzip_is_refused)
{
    struct gunzip_progress progress;
    uint8_t output[64];
    uint8_t zlib_stream[64];
    uLongf size = sizeof(zlib_stream);

    ck_assert_int_eq(compress(zlib_stream, &size, (const Bytef *)"hello", 5), Z_OK);
    ck_assert_int_eq(gunzip_open(&gunzip), HV_OK);
    ck_assert_int_eq(gunzip_step(&gunzip, zlib_stream, size, output, sizeof(output), &progress), HV_E_FORMAT);
    /* A damaged stream stays damaged. */
    ck_assert_int_eq(gunzip_step(&gunzip, zlib_stream, size, output, sizeof(output), &progress), HV_E_FORMAT);
}
END_TEST

/* Two CPUs unpack at once, each with memory of its own. */
START_TEST(streams_do_not_share_anything)
{
    static struct gunzip other;
    struct gunzip_progress progress;
    uint8_t a[64];
    uint8_t b[64];
    struct bytes one = pack("the quick brown fox", 19, 9, NULL);
    struct bytes two = pack("jumps over the lazy dog", 23, 0, NULL);

    ck_assert_int_eq(gunzip_open(&gunzip), HV_OK);
    ck_assert_int_eq(gunzip_open(&other), HV_OK);
    ck_assert_int_eq(gunzip_step(&gunzip, one.data, 15, a, sizeof(a), &progress), HV_OK);
    size_t first = progress.produced;
    ck_assert_int_eq(gunzip_step(&other, two.data, two.size, b, sizeof(b), &progress), HV_OK);
    ck_assert(progress.done);
    ck_assert_mem_eq(b, "jumps over the lazy dog", 23);
    ck_assert_int_eq(gunzip_step(&gunzip, one.data + 15, one.size - 15, a + first, sizeof(a) - first, &progress),
                     HV_OK);
    ck_assert(progress.done);
    ck_assert_mem_eq(a, "the quick brown fox", 19);
    free(one.data);
    free(two.data);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, any_steps_give_the_same_bytes, 0, 4);
    tcase_add_loop_test(tests, the_head_is_that_of_the_whole, 0, 4);
    tcase_add_test(tests, the_end_is_seen_and_the_rest_left);
    tcase_add_test(tests, truncation_anywhere_is_an_error);
    tcase_add_test(tests, damage_is_found);
    tcase_add_test(tests, what_is_no_gzip_is_refused);
    tcase_add_test(tests, streams_do_not_share_anything);
}

int main(void)
{
    return suite_run("inflate", add_tests, NULL);
}
