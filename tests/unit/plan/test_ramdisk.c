// SPDX-License-Identifier: Apache-2.0
/* Ramdisks of which the device tree does not say how long they are: their own formats may. */
#include "support/suite.h"
#include "unit/plan/invariants.h"

#define UNKNOWN 0xffffffffULL
#define AT(mib) (RAM + MIB(mib))
#define KERNEL_MEMORY MIB(16)
#define FILE_MAX MIB(20)
#define ENOUGH_ENTRIES 0x20001

static struct {
    uint8_t *data;
    size_t size;
} file;

static void put(const void *data, size_t size)
{
    REQUIRE(file.size + size <= FILE_MAX);
    memcpy(file.data + file.size, data, size);
    file.size += size;
}

static void pad(size_t alignment)
{
    while (file.size % alignment != 0)
        put("", 1);
}

/** @param digits  of hexadecimal numbers, as a format of printf() */
static void put_entry_as(const char *digits, const char *name, size_t size)
{
    char field[16];

    put("070701", 6);
    for (unsigned i = 0; i < 13; i++) {
        snprintf(field, sizeof(field), digits,
                 i == 6    ? (unsigned)size
                 : i == 11 ? (unsigned)strlen(name) + 1
                           : 0xab + i);
        put(field, 8);
    }
    put(name, strlen(name) + 1);
    pad(4);
    for (size_t i = 0; i < size; i++)
        put("TRAILER!!!" + i % 10, 1);
    pad(4);
}

static void put_entry(const char *name, size_t size)
{
    put_entry_as("%08X", name, size);
}

static void put_archive(size_t size)
{
    put_entry("bin", 0);
    put_entry("bin/a name of some length", size);
    put_entry("TRAILER!!", 3); /* not quite */
    put_entry("TRAILER!!!", 0);
}

static void put_be32(size_t at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        file.data[at + i] = (uint8_t)(value >> (24 - 8 * i));
}

static void put_le32(size_t at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        file.data[at + i] = (uint8_t)(value >> 8 * i);
}

static void start(void)
{
    world_setup();
    free(file.data);
    file.data = calloc(1, FILE_MAX);
    file.size = 0;
}

/** What lies at @p base is the file, and behind it what an earlier boot left there. */
static void load_at(uint64_t base)
{
    struct bytes bytes = {malloc(file.size + KIB(64)), file.size + KIB(64)};

    memcpy(bytes.data, file.data, file.size);
    memset(bytes.data + file.size, 0x5a, KIB(64));
    load_file(base, bytes);
}

/** Plans a domain of 128 MiB with the file as ramdisk of unknown size at @p base. @return what is taken for its size */
static uint64_t planned_size(uint64_t base)
{
    world.config.domain_count = 0;
    world_teardown();
    add_simple(MIB(128), AT(64), KERNEL_MEMORY / 2);
    add_module(MODULE_RAMDISK, base, UNKNOWN);
    load_at(base);
    ck_assert_int_eq(make_plan(), HV_OK);
    ck_assert_uint_eq(world.diag.errors, 0);
    ck_assert_uint_eq(world.diag.warnings, 1);
    assert_plan_sound();
    const struct plan_image *ramdisk = &world.plan.domains[0].ramdisk;
    ck_assert(ramdisk->source_size == ramdisk->file_size && ramdisk->file_size == ramdisk->memory_size);
    return ramdisk->file_size;
}

static void assert_found(uint64_t size)
{
    ck_assert_uint_eq(planned_size(AT(96)), size);
    assert_logged("warning: /chosen/domU1/ramdisk: reg: the module's size cannot be right; 0x46000000..0x");
    assert_logged("is taken, where what lies there ends");
    assert_logged("hint: write the file's size into reg");
    /* It is the plan that the right size would have given. */
    uint64_t digest = world.plan.digest;
    world.config.domains[0].ramdisk.size = size;
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_silent();
    ck_assert_uint_eq(world.plan.digest, digest);
}

/** The guest keeps its kernel and half of the rest. */
static void assert_half(void)
{
    ck_assert_uint_eq(planned_size(AT(96)), (MIB(128) - KERNEL_MEMORY) / 2);
    assert_logged("0x46000000..0x497fffff is taken, at most half of what its kernel leaves (found size "
                  "0xffffffff, expected at most 0x3800000)");
}

START_TEST(an_archive_ends_with_its_trailer)
{
    static const size_t sizes[] = {0, 1, 2, 3, 4, 5, 1000, MIB(3) + 1};

    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        file.size = 0;
        put_archive(sizes[i]);
        assert_found(file.size);
    }
}
END_TEST

START_TEST(hexadecimal_of_both_cases)
{
    put_entry_as("%08x", "abc", 0xabcdef);
    put_entry_as("%08x", "TRAILER!!!", 0);
    assert_found(file.size);
}
END_TEST

/* Headers, names and the fields in them may lie across the boundary of a window. */
START_TEST(an_archive_may_lie_anywhere)
{
    put_archive(200);
    for (uint64_t before = 4; before < file.size + 8; before += 4)
        ck_assert_uint_eq(planned_size(AT(96) - before), file.size);
}
END_TEST

START_TEST(archives_may_follow_each_other)
{
    size_t first;

    put_archive(100);
    put_archive(50); /* at once */
    pad(512);
    put_archive(10); /* as cpio pads them */
    first = file.size;
    assert_found(first);
    pad(512);
    size_t block = file.size;
    pad(1024);
    file.size += file.size == block ? 512 : 0;
    put_archive(10); /* too far away: what an earlier boot left */
    assert_found(first);
}
END_TEST

/* Where the packed rest of a ramdisk ends, only unpacking it would tell. */
START_TEST(a_packed_rest_has_no_known_end)
{
    static const char *const magics[] = {"\x1f\x8b\x08",
                                         "\xfd"
                                         "7zXZ",
                                         "\x28\xb5\x2f\xfd",
                                         "\x02\x21\x4c\x18",
                                         "BZh",
                                         "\x89LZO"};

    for (unsigned i = 0; i < 2 * ARRAY_SIZE(magics); i++) {
        file.size = 0;
        put_archive(1);
        pad(i % 2 != 0 ? 512 : 4);
        put(magics[i / 2], strlen(magics[i / 2]));
        assert_half();
    }
}
END_TEST

START_TEST(packed_archives_have_no_known_end)
{
    put("\x1f\x8b\x08\0\0\0\0\0", 8);
    assert_half();
}
END_TEST

START_TEST(a_damaged_archive_has_no_known_end)
{
    static const size_t places[] = {0, 5, 112 + 54, 112 + 61, 112 + 94, 112 + 101}; /* of the first two entries */

    for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
        file.size = 0;
        put_entry("x", 0);
        put_entry("bin", 8);
        put_entry("TRAILER!!!", 0);
        file.data[places[i]] = i == 1 ? '3' : 'g';
        assert_half();
    }
    file.size = 0;
    put_entry("bin", 100);
    assert_half(); /* no trailer */
    memcpy(file.data + 54, "FFFFFFFF", 8);
    assert_half();
    memcpy(file.data + 94, "FFFFFFFF", 8);
    assert_half();
}
END_TEST

START_TEST(the_search_is_bounded)
{
    for (unsigned i = 0; i < ENOUGH_ENTRIES - 2; i++)
        put_entry("x", 0);
    size_t before = file.size;
    put_entry("TRAILER!!!", 0);
    ck_assert_uint_eq(planned_size(AT(96)), file.size);
    file.size = before;
    put_entry("x", 0);
    put_entry("TRAILER!!!", 0);
    assert_half();
}
END_TEST

START_TEST(headers_that_say_how_long_it_is)
{
    file.size = 0x12345;
    put_be32(0, 0x27051956); /* uImage */
    put_be32(12, 0x12345 - 64);
    assert_found(0x12345);
    put_be32(0, 0xd00dfeed); /* FIT */
    put_be32(4, 0x12345);
    assert_found(0x12345);
    memcpy(file.data, "hsqs", 4);
    put_le32(40, 0x12345);
    assert_found(0x12345);
    put_le32(44, 1); /* 4 GiB more */
    assert_half();
    put_le32(40, 0);
    put_le32(44, 0);
    assert_half();
}
END_TEST

START_TEST(android_boot_images)
{
    static const struct {
        uint32_t version, page;
        uint64_t pages;
    } images[] = {{0, 2048, 1 + 3 + 2 + 1}, {1, 4096, 1 + 2 + 1 + 1 + 2}, {2, 16384, 1 + 1 + 1 + 1 + 1 + 1},
                  {3, 4096, 1 + 2 + 1},     {4, 4096, 1 + 2 + 1 + 2},     {0, 65536, 1 + 1 + 1 + 1}};

    for (unsigned i = 0; i < ARRAY_SIZE(images); i++) {
        bool old = images[i].version < 3;
        memset(file.data, 0, MIB(1));
        file.size = MIB(1);
        memcpy(file.data, "ANDROID!", 8);
        put_le32(8, 5000);             /* kernel */
        put_le32(old ? 16 : 12, 4096); /* ramdisk */
        put_le32(24, 1);               /* second stage, or nothing */
        put_le32(36, images[i].page);
        put_le32(40, images[i].version);
        put_le32(old ? 1632 : 1580, 4097);
        put_le32(1648, 16384);
        assert_found(images[i].pages * images[i].page);
    }
    put_le32(36, 1000); /* no size of a page */
    assert_half();
    put_le32(36, 3 * 2048);
    assert_half();
    put_le32(36, 0x20000);
    assert_half();
}
END_TEST

/* A size that reaches into what lies behind the module is none. */
START_TEST(a_stated_size_is_bounded)
{
    put_be32(0, 0xd00dfeed);
    put_be32(4, MIB(33));
    file.size = 64;
    world.config.domain_count = 0;
    add_simple(MIB(512), AT(64), MIB(8));
    add_module(MODULE_RAMDISK, AT(96), UNKNOWN);
    load_at(AT(96));
    add_simple(MIB(64), AT(128), MIB(8));
    ck_assert_int_eq(make_plan(), HV_OK);
    ck_assert_uint_eq(world.plan.domains[0].ramdisk.file_size, MIB(32));
    assert_logged("0x46000000..0x47ffffff is taken, up to where something else begins");
    assert_plan_sound();
}
END_TEST

START_TEST(what_cannot_be_seen_has_no_known_end)
{
    file.size = 0;
    put("070701", 6);
    assert_half();
    world_teardown();
    load_header(AT(64), 0, KERNEL_MEMORY);
    ck_assert_int_eq(make_plan(), HV_OK);
    ck_assert_uint_eq(world.plan.domains[0].ramdisk.file_size, (MIB(128) - KERNEL_MEMORY) / 2);
}
END_TEST

/* A ramdisk whose end is found but which is too large is refused for what it is, not cut. */
START_TEST(a_found_end_is_cut_only_to_fit)
{
    put_archive(MIB(12));
    world.config.domain_count = 0;
    add_simple(MIB(24), AT(64), KERNEL_MEMORY / 2);
    add_module(MODULE_RAMDISK, AT(96), UNKNOWN);
    load_at(AT(96));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_logged("is taken, as fits its domain");
    ck_assert_uint_eq(world.plan.domains[0].ramdisk.file_size, MIB(8) - KIB(64));
}
END_TEST

/* What the device tree says is not doubted. */
START_TEST(a_known_size_is_not_looked_at)
{
    put_archive(100);
    add_simple(MIB(128), AT(64), KERNEL_MEMORY / 2);
    add_module(MODULE_RAMDISK, AT(96), MIB(80));
    load_at(AT(96));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_silent();
    ck_assert_uint_eq(world.plan.domains[0].ramdisk.file_size, MIB(80));
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, an_archive_ends_with_its_trailer);
    tcase_add_test(tests, hexadecimal_of_both_cases);
    tcase_add_test(tests, an_archive_may_lie_anywhere);
    tcase_add_test(tests, archives_may_follow_each_other);
    tcase_add_test(tests, a_packed_rest_has_no_known_end);
    tcase_add_test(tests, packed_archives_have_no_known_end);
    tcase_add_test(tests, a_damaged_archive_has_no_known_end);
    tcase_add_test(tests, the_search_is_bounded);
    tcase_add_test(tests, headers_that_say_how_long_it_is);
    tcase_add_test(tests, android_boot_images);
    tcase_add_test(tests, a_stated_size_is_bounded);
    tcase_add_test(tests, what_cannot_be_seen_has_no_known_end);
    tcase_add_test(tests, a_found_end_is_cut_only_to_fit);
    tcase_add_test(tests, a_known_size_is_not_looked_at);
}

int main(void)
{
    return suite_run("ramdisk", add_tests, start);
}
