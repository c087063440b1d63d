// SPDX-License-Identifier: Apache-2.0
/* Memory and string functions against plain loops, at all alignments, and the checksums that zlib is given. */
#include <string.h>

#include "seam.h"

size_t strnlen(const char *text, size_t size); /* POSIX, so not in string.h for C11; libfdt uses it */

#define AREA 1536
#define MAX_OFFSET 17

/* Called through pointers that the compiler cannot see through, or it would put its own code in their place. */
static void *(*volatile copy)(void *, const void *, size_t) = memcpy;
static void *(*volatile move)(void *, const void *, size_t) = memmove;
static void *(*volatile set)(void *, int, size_t) = memset;
static int (*volatile compare)(const void *, const void *, size_t) = memcmp;
static void *(*volatile find)(const void *, int, size_t) = memchr;
static size_t (*volatile length)(const char *) = strlen;
static size_t (*volatile length_to)(const char *, size_t) = strnlen;

static uint8_t found[AREA], expected[AREA], source[AREA];

static void fill(void)
{
    for (unsigned i = 0; i < AREA; i++) {
        source[i] = (uint8_t)seam_random();
        found[i] = expected[i] = (uint8_t)seam_random();
    }
}

static bool same(void)
{
    for (unsigned i = 0; i < AREA; i++)
        if (found[i] != expected[i])
            return false;
    return true;
}

static bool copies(unsigned to, unsigned from, unsigned size)
{
    fill();
    for (unsigned i = 0; i < size; i++)
        expected[to + i] = source[from + i];
    return copy(found + to, source + from, size) == found + to && same();
}

static bool moves(unsigned to, unsigned from, unsigned size)
{
    fill();
    for (unsigned i = 0; i < size; i++)
        source[i] = found[from + i];
    for (unsigned i = 0; i < size; i++)
        expected[to + i] = source[i];
    return move(found + to, found + from, size) == found + to && same();
}

static bool sets(unsigned to, unsigned size, int value)
{
    fill();
    for (unsigned i = 0; i < size; i++)
        expected[to + i] = (uint8_t)value;
    return set(found + to, value, size) == found + to && same();
}

static void check_sizes(unsigned size)
{
    bool copied = true, moved = true, was_set = true;

    for (unsigned offset = 0; offset < MAX_OFFSET; offset++) {
        copied = copied && copies(offset, (offset * 5 + size) % MAX_OFFSET, size);
        moved = moved && moves(offset, MAX_OFFSET - 1 - offset, size) && moves(offset + 70, offset, size);
        was_set = was_set && sets(offset, size, 0) && sets(offset, size, 0x1a5);
    }
    CHECK(copied);
    CHECK(moved);
    CHECK(was_set);
}

static void check_compare(void)
{
    for (unsigned size = 1; size < 40; size++) {
        fill();
        copy(found + 3, source + 1, size);
        CHECK_EQUAL(compare(found + 3, source + 1, size), 0);
        found[3 + size - 1] = 1;
        source[1 + size - 1] = 0xff; /* unsigned */
        CHECK(compare(found + 3, source + 1, size) < 0);
        CHECK(compare(source + 1, found + 3, size) > 0);
    }
}

static void check_find(void)
{
    for (unsigned size = 0; size < 40; size++) {
        set(found, 'x', sizeof(found));
        found[2 + size] = 0;
        CHECK_EQUAL(length((char *)found + 2), size);
        CHECK_EQUAL(length_to((char *)found + 2, 64), size);
        CHECK_EQUAL(length_to((char *)found + 2, size / 2), size / 2);
        CHECK(find(found + 2, 0, size) == NULL);
        CHECK(find(found + 2, 0, size + 1) == found + 2 + size);
    }
}

void seam_strings(void)
{
    static const unsigned large[] = {255, 256, 257, 511, 512, 513, 575, 576, 640, 767, 768, 1000, 1279, 1408};

    for (unsigned size = 0; size < 200; size++)
        check_sizes(size);
    for (unsigned i = 0; i < ARRAY_SIZE(large); i++)
        check_sizes(large[i]);
    check_compare();
    check_find();
}

unsigned long crc32(unsigned long crc, const uint8_t *data, unsigned size);
unsigned long adler32(unsigned long adler, const uint8_t *data, unsigned size);

void seam_checksums(void)
{
    static const uint8_t digits[] = "123456789";
    unsigned long whole, parts;

    CHECK_EQUAL(crc32(0, NULL, 0), 0);
    CHECK_EQUAL(crc32(0, digits, 9), 0xcbf43926);
    CHECK_EQUAL(adler32(0, NULL, 0), 1);
    CHECK_EQUAL(adler32(1, digits, 9), 0x091e01de);
    fill();
    whole = crc32(0, source + 3, 1001);
    parts = crc32(0, source + 3, 500);
    CHECK_EQUAL(crc32(parts, source + 503, 501), whole);
}
