/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels and packed files, made as the tools of a build make them. */
#ifndef BULKHEAD_TESTS_UNIT_PLAN_PACKING_H
#define BULKHEAD_TESTS_UNIT_PLAN_PACKING_H

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct bytes {
    uint8_t *data;
    size_t size;
};

static inline void put_le64(uint8_t *bytes, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
}

/** Fills in the 64 bytes that make a file an arm64 Image. */
static inline void write_image_header(uint8_t *header, uint64_t text_offset, uint64_t image_size, uint64_t flags)
{
    memset(header, 0, 64);
    put_le64(header, 0x14000010); /* b #64; nop */
    put_le64(header + 8, text_offset);
    put_le64(header + 16, image_size);
    put_le64(header + 24, flags);
    memcpy(header + 56, "ARM\x64", 4);
}

/** An Image of @p size bytes, with a body that packs about as well as code. */
static inline struct bytes make_image(size_t size, uint64_t text_offset, uint64_t image_size)
{
    struct bytes image = {calloc(1, size), size};
    uint32_t value = 1;

    for (size_t i = 64; i < size; i++) {
        value = value * 1664525 + 1013904223;
        image.data[i] = (value >> 30) != 0 ? (uint8_t)(i >> 4) : (uint8_t)(value >> 20);
    }
    write_image_header(image.data, text_offset, image_size, 0xa);
    return image;
}

/** gzip -LEVEL, with @p name in the header if it is not NULL. */
static inline struct bytes pack(const void *data, size_t size, int level, const char *name)
{
    z_stream stream = {.zalloc = NULL};
    gz_header header = {.os = 3, .name = (Bytef *)(uintptr_t)name};

    ck_assert_int_eq(deflateInit2(&stream, level, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflateSetHeader(&stream, &header), Z_OK);
    size_t room = deflateBound(&stream, size) + 64 + (name != NULL ? strlen(name) : 0);
    struct bytes packed = {malloc(room), 0};
    stream.next_in = (Bytef *)(uintptr_t)data;
    stream.avail_in = (uInt)size;
    stream.next_out = packed.data;
    stream.avail_out = (uInt)room;
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.size = room - stream.avail_out;
    deflateEnd(&stream);
    return packed;
}

#endif
