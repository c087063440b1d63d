// SPDX-License-Identifier: Apache-2.0
/* What a kernel module is, told by its first and last bytes. */
#include "plan/image.h"

#include <stdio.h>

#include "support/suite.h"
#include "unit/mem/random.h"
#include "unit/plan/packing.h"

static struct image_scratch scratch;
static struct image_info info;

static size_t head_of(size_t size)
{
    return min_u64(size, IMAGE_PROBE_SIZE);
}

/** As the plan looks at a module whose size is exact. The head is copied, so that reading beyond it is found. */
static hv_status probe(struct bytes file)
{
    uint8_t *head = malloc(head_of(file.size) + 1);
    const uint8_t *tail = file.size >= 8 ? file.data + file.size - 8 : NULL;

    memcpy(head, file.data, head_of(file.size));
    head = realloc(head, head_of(file.size));
    memset(&info, 0xee, sizeof(info));
    hv_status status = image_probe(&scratch, head, head_of(file.size), file.size, tail, &info);
    free(head);
    return status;
}

static void assert_info(enum image_format format, uint64_t text_offset, uint64_t file_size, uint64_t memory_size)
{
    ck_assert_int_eq(info.format, format);
    ck_assert_uint_eq(info.text_offset, text_offset);
    ck_assert_uint_eq(info.file_size, file_size);
    ck_assert_uint_eq(info.memory_size, memory_size);
}

START_TEST(raw_image)
{
    struct bytes image = make_image(10000, 0, 50000);

    ck_assert_int_eq(probe(image), HV_OK);
    assert_info(IMAGE_ARM64, 0, 10000, 50000);
    /* More module than kernel: what is behind image_size is none of its. */
    write_image_header(image.data, 0x80000, 8192, 0xa);
    ck_assert_int_eq(probe(image), HV_OK);
    assert_info(IMAGE_ARM64, 0x80000, 8192, 8192);
    /* The header alone is enough. */
    image.size = 64;
    ck_assert_int_eq(probe(image), HV_OK);
    image.size = 63;
    ck_assert_int_eq(probe(image), HV_E_FORMAT);
    free(image.data);
}
END_TEST

/* booting.rst: where image_size is 0, text_offset may be of either byte order, and 0x80000 is what it means. */
START_TEST(image_of_an_old_kernel)
{
    struct bytes image = make_image(10000, 0x0000080000000000, 0);

    ck_assert_int_eq(probe(image), HV_OK);
    assert_info(IMAGE_ARM64, 0x80000, 10000, 10000);
    free(image.data);
}
END_TEST

START_TEST(headers_that_cannot_be)
{
    struct bytes image = make_image(10000, 0, 50000);

    write_image_header(image.data, 0, 50000, 0xb);
    ck_assert_int_eq(probe(image), HV_E_UNSUPPORTED); /* big-endian */
    write_image_header(image.data, 0x80, 50000, 0xa);
    ck_assert_int_eq(probe(image), HV_E_RANGE);
    write_image_header(image.data, UINT64_MAX - 0xfff, 50000, 0xa);
    ck_assert_int_eq(probe(image), HV_E_RANGE);
    write_image_header(image.data, 0, UINT64_MAX, 0xa);
    ck_assert_int_eq(probe(image), HV_E_RANGE);
    write_image_header(image.data, 0, 0, 0xa); /* as large as its file, which no RAM could hold */
    ck_assert_int_eq(image_probe(&scratch, image.data, IMAGE_PROBE_SIZE, 1ULL << 63, NULL, &info), HV_E_RANGE);
    write_image_header(image.data, 0, 63, 0xa); /* shorter than its header */
    ck_assert_int_eq(probe(image), HV_E_RANGE);
    write_image_header(image.data, 0, 1, 0xa);
    ck_assert_int_eq(probe(image), HV_E_RANGE);
    write_image_header(image.data, 0, 64, 0xa);
    ck_assert_int_eq(probe(image), HV_OK);
    write_image_header(image.data, 0, 50000, 0xe); /* 64 KiB pages: the kernel's own business */
    ck_assert_int_eq(probe(image), HV_OK);
    free(image.data);
}
END_TEST

START_TEST(debian_kernel)
{
    FILE *file = fopen(DEPS_DIR "/Image", "rb");
    static uint8_t head[IMAGE_PROBE_SIZE];

    ck_assert_msg(file != NULL, DEPS_DIR "/Image is missing: run tools/setup.sh");
    ck_assert_uint_eq(fread(head, 1, sizeof(head), file), sizeof(head));
    fseek(file, 0, SEEK_END);
    uint64_t size = (uint64_t)ftell(file);
    fclose(file);
    ck_assert_int_eq(image_probe(&scratch, head, sizeof(head), size, NULL, &info), HV_OK);
    ck_assert_int_eq(info.format, IMAGE_ARM64);
    ck_assert_uint_eq(info.text_offset, 0);
    ck_assert_uint_le(info.file_size, size);
    ck_assert_uint_ge(info.file_size + MIB(1), size);
    ck_assert_uint_gt(info.memory_size, info.file_size);
    ck_assert_uint_lt(info.memory_size, 2 * size);
    ck_assert_str_eq(image_describe(head, sizeof(head)), "arm64 Image");
}
END_TEST

START_TEST(packed_image)
{
    const int levels[] = {0, 1, 9};
    struct bytes image = make_image(300000, 0, 500000);
    struct bytes packed = pack(image.data, image.size, levels[_i], "linux-6.1/arch/arm64/boot/Image");

    ck_assert_int_eq(probe(packed), HV_OK);
    assert_info(IMAGE_ARM64_GZIP, 0, 300000, 500000);
    /* Where the module's end is not known. */
    ck_assert_int_eq(image_probe(&scratch, packed.data, 4096, MIB(300), NULL, &info), HV_OK);
    assert_info(IMAGE_ARM64_GZIP, 0, 0, 500000);
    free(image.data);
    free(packed.data);
}
END_TEST

START_TEST(packed_image_without_image_size)
{
    struct bytes image = make_image(300000, 0, 0);
    struct bytes packed = pack(image.data, image.size, 9, NULL);

    ck_assert_int_eq(probe(packed), HV_OK);
    assert_info(IMAGE_ARM64_GZIP, 0x80000, 300000, 300000);
    /* Neither header nor trailer tells how much memory it needs. */
    ck_assert_int_eq(image_probe(&scratch, packed.data, 4096, packed.size, NULL, &info), HV_E_FORMAT);
    free(image.data);
    free(packed.data);
}
END_TEST

/* Cut anywhere it is either refused or has no size; never a wrong one. */
START_TEST(truncated_gzip)
{
    struct bytes image = make_image(30000, 0, 40000);
    struct bytes packed = pack(image.data, image.size, 9, NULL);
    size_t whole = packed.size;
    unsigned refused = 0;

    for (packed.size = 0; packed.size < whole; packed.size++) {
        hv_status status = probe(packed);
        REQUIRE(status == HV_E_FORMAT || (status == HV_OK && info.memory_size == 40000));
        /* By chance the last four bytes can look like a size that may be. */
        REQUIRE(status != HV_OK || info.file_size == 0 || info.file_size <= info.memory_size);
        refused += status != HV_OK;
    }
    ck_assert_uint_ge(refused, 20);
    free(image.data);
    free(packed.data);
}
END_TEST

START_TEST(trailers_that_cannot_be)
{
    struct bytes image = make_image(300000, 0, 500000);
    struct bytes packed = pack(image.data, image.size, 9, NULL);
    const uint32_t sizes[] = {0, 63, 500001, UINT32_MAX, (uint32_t)packed.size / 2};

    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        for (unsigned byte = 0; byte < 4; byte++)
            packed.data[packed.size - 4 + byte] = (uint8_t)(sizes[i] >> 8 * byte);
        ck_assert_int_eq(probe(packed), HV_OK);
        ck_assert_uint_eq(info.file_size, 0);
    }
    free(packed.data);
    /* A small one, and one whose header has no size: it has none at all then. */
    packed = pack(image.data, 2000, 9, NULL);
    memcpy(packed.data + packed.size - 4, "\x3f\0\0\0", 4);
    ck_assert_int_eq(probe(packed), HV_OK);
    ck_assert_uint_eq(info.file_size, 0);
    free(packed.data);
    write_image_header(image.data, 0, 0, 0xa);
    packed = pack(image.data, image.size, 9, NULL);
    memcpy(packed.data + packed.size - 4, "\0\0\0\x7f", 4);
    ck_assert_int_eq(probe(packed), HV_E_FORMAT);
    free(image.data);
    free(packed.data);
}
END_TEST

START_TEST(gzip_of_something_else)
{
    static const uint8_t cpio[2000] = "070701";
    struct bytes packed = pack(cpio, sizeof(cpio), 9, NULL);

    ck_assert_int_eq(probe(packed), HV_E_FORMAT);
    ck_assert_str_eq(image_describe(packed.data, packed.size), "gzip");
    free(packed.data);
    /* Too short to be anything, after one that was an Image: nothing of that is left. */
    struct bytes image = make_image(3000, 0, 4000);
    packed = pack(image.data, image.size, 9, NULL);
    ck_assert_int_eq(probe(packed), HV_OK);
    free(packed.data);
    packed = pack(cpio, 3, 9, NULL);
    ck_assert_int_eq(probe(packed), HV_E_FORMAT);
    free(packed.data);
    free(image.data);
}
END_TEST

static const struct other {
    unsigned at, length;
    unsigned mark; /* of these bytes are what tells it */
    const char *bytes;
    hv_status status;
    const char *name;
} others[] = {
    {0, 4, 4, "\x27\x05\x19\x56", HV_E_UNSUPPORTED, "uImage"},
    {4, 4, 4, "zimg", HV_E_UNSUPPORTED, "EFI zboot"},
    {36, 4, 4, "\x18\x28\x6f\x01", HV_E_UNSUPPORTED, "32-bit Arm zImage"},
    {0, 4, 4, "\177ELF", HV_E_UNSUPPORTED, "ELF"},
    {0, 6, 6, "\3757zXZ\0", HV_E_UNSUPPORTED, "xz"},
    {0, 4, 4, "\x02\x21\x4c\x18", HV_E_UNSUPPORTED, "lz4 (legacy)"},
    {0, 4, 4, "\x04\x22\x4d\x18", HV_E_UNSUPPORTED, "lz4"},
    {0, 4, 4, "\x28\xb5\x2f\xfd", HV_E_UNSUPPORTED, "zstd"},
    {0, 4, 3, "BZh9", HV_E_UNSUPPORTED, "bzip2"},
    {0, 4, 3, "\x5d\0\0\x80", HV_E_UNSUPPORTED, "lzma"},
    {0, 4, 4, "\x89LZO", HV_E_UNSUPPORTED, "lzo"},
    {0, 2, 2, "MZ", HV_E_UNSUPPORTED, "EFI program without an arm64 Image header"},
    {0, 4, 4, "\xd0\x0d\xfe\xed", HV_E_FORMAT, "device tree or FIT image"},
    {0, 6, 5, "070701", HV_E_FORMAT, "cpio archive (a ramdisk?)"},
    {0, 2, 2, "#!", HV_E_FORMAT, "script"},
};

START_TEST(other_formats_are_named)
{
    const struct other *other = &others[_i];
    uint8_t data[256] = {0};

    memcpy(data + other->at, other->bytes, other->length);
    ck_assert_int_eq(probe((struct bytes){data, sizeof(data)}), other->status);
    ck_assert_str_eq(image_describe(data, sizeof(data)), other->name);
    ck_assert_ptr_null(image_describe(data, other->at + other->mark - 1));
}
END_TEST

START_TEST(noise_is_unknown)
{
    struct random random = random_start(3);
    uint8_t data[300];
    unsigned known = 0;

    for (unsigned i = 0; i < 20000; i++) {
        size_t size = random_below(&random, sizeof(data));
        for (size_t byte = 0; byte < size; byte++)
            data[byte] = (uint8_t)random_next(&random);
        if (random_chance(&random, 50) && size >= 10)
            memcpy(data, "\x1f\x8b\x08\0\0\0\0\0\0\x03", 10); /* noise for inflate to choke on */
        hv_status status = probe((struct bytes){data, size});
        REQUIRE(status == HV_E_FORMAT || status == HV_E_UNSUPPORTED);
        known += image_describe(data, size) == NULL;
    }
    ck_assert_uint_gt(known, 1000);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, raw_image);
    tcase_add_test(tests, image_of_an_old_kernel);
    tcase_add_test(tests, headers_that_cannot_be);
    tcase_add_test(tests, debian_kernel);
    tcase_add_loop_test(tests, packed_image, 0, 3);
    tcase_add_test(tests, packed_image_without_image_size);
    tcase_add_test(tests, truncated_gzip);
    tcase_add_test(tests, trailers_that_cannot_be);
    tcase_add_test(tests, gzip_of_something_else);
    tcase_add_loop_test(tests, other_formats_are_named, 0, (int)ARRAY_SIZE(others));
    tcase_add_test(tests, noise_is_unknown);
}

int main(void)
{
    return suite_run("image", add_tests, NULL);
}
