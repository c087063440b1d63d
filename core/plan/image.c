// SPDX-License-Identifier: Apache-2.0
#include "plan/image.h"

#include <string.h>

#include "lib/build.h"

/* Fields of the 64-byte header, Documentation/arm64/booting.rst section 4; little-endian whatever the kernel is. */
#define HEADER_TEXT_OFFSET 8
#define HEADER_IMAGE_SIZE 16
#define HEADER_FLAGS 24
#define HEADER_MAGIC 56
#define FLAG_BIG_ENDIAN (1u << 0)

/* Before Linux 3.17 image_size was 0, and then text_offset is to be taken for this, whatever it says. */
#define OLD_TEXT_OFFSET 0x80000

/* Sizes and offsets beyond this are nonsense; below it no sum in the plan can wrap. */
#define SANE_LIMIT GIB(1024)

/* Deflate packs at most 1032:1. */
#define DEFLATE_MAX_RATIO 1032

static uint32_t read_le32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint64_t read_le64(const uint8_t *bytes)
{
    return read_le32(bytes) | (uint64_t)read_le32(bytes + 4) << 32;
}

/** A format told by some bytes at some offset. */
struct signature {
    uint8_t offset;
    uint8_t length;
    uint8_t bytes[6];
    bool kernel; /* well known as a kernel or a packed one: "not supported", rather than "no kernel" */
    const char *name;
};

/* More special ones first. */
static const struct signature signatures[] = {
    {HEADER_MAGIC, 4, {'A', 'R', 'M', 0x64}, false, "arm64 Image"},
    {0, 2, {0x1f, 0x8b}, false, "gzip"},
    {0, 4, {0x27, 0x05, 0x19, 0x56}, true, "uImage"},
    {4, 4, {'z', 'i', 'm', 'g'}, true, "EFI zboot"},
    {36, 4, {0x18, 0x28, 0x6f, 0x01}, true, "32-bit Arm zImage"},
    {0, 4, {0x7f, 'E', 'L', 'F'}, true, "ELF"},
    {0, 6, {0xfd, '7', 'z', 'X', 'Z', 0x00}, true, "xz"},
    {0, 4, {0x02, 0x21, 0x4c, 0x18}, true, "lz4 (legacy)"},
    {0, 4, {0x04, 0x22, 0x4d, 0x18}, true, "lz4"},
    {0, 4, {0x28, 0xb5, 0x2f, 0xfd}, true, "zstd"},
    {0, 3, {'B', 'Z', 'h'}, true, "bzip2"},
    {0, 3, {0x5d, 0x00, 0x00}, true, "lzma"},
    {0, 4, {0x89, 'L', 'Z', 'O'}, true, "lzo"},
    {0, 4, {0xd0, 0x0d, 0xfe, 0xed}, false, "device tree or FIT image"},
    {0, 5, {'0', '7', '0', '7', '0'}, false, "cpio archive (a ramdisk?)"},
    {0, 2, {'M', 'Z'}, true, "EFI program without an arm64 Image header"},
    {0, 2, {'#', '!'}, false, "script"},
};

static const struct signature *find_signature(const uint8_t *head, size_t head_size)
{
    for (size_t i = 0; i < ARRAY_SIZE(signatures); i++) {
        const struct signature *signature = &signatures[i];
        if ((size_t)signature->offset + signature->length <= head_size &&
            memcmp(head + signature->offset, signature->bytes, signature->length) == 0)
            return signature;
    }
    return NULL;
}

const char *image_describe(const uint8_t *head, size_t head_size)
{
    const struct signature *signature = find_signature(head, head_size);

    return signature != NULL ? signature->name : NULL;
}

static bool has_image_magic(const uint8_t *head, size_t head_size)
{
    return head_size >= IMAGE_HEADER_SIZE && memcmp(head + HEADER_MAGIC, signatures[0].bytes, 4) == 0;
}

/**
 * Reads the 64 bytes at @p header.
 * @param file_size  bytes of the unpacked file, 0: not known
 */
static hv_status read_header(const uint8_t *header, uint64_t file_size, struct image_info *info)
{
    uint64_t image_size = read_le64(header + HEADER_IMAGE_SIZE);

    if ((read_le64(header + HEADER_FLAGS) & FLAG_BIG_ENDIAN) != 0)
        return HV_E_UNSUPPORTED;
    info->text_offset = image_size == 0 ? OLD_TEXT_OFFSET : read_le64(header + HEADER_TEXT_OFFSET);
    /* A kernel is linked for a page boundary, and its pages are what EL2 copies and cleans. */
    if (!is_aligned(info->text_offset, PAGE_SIZE) || info->text_offset > SANE_LIMIT ||
        max_u64(image_size, file_size) > SANE_LIMIT)
        return HV_E_RANGE;
    if (image_size == 0 && file_size == 0)
        return HV_E_FORMAT;
    if (image_size != 0 && image_size < IMAGE_HEADER_SIZE)
        return HV_E_RANGE; /* not even the header */
    info->file_size = file_size;
    info->memory_size = max_u64(image_size, file_size);
    return HV_OK;
}

static hv_status probe_raw(const uint8_t *head, uint64_t size, struct image_info *info)
{
    uint64_t image_size = read_le64(head + HEADER_IMAGE_SIZE);

    info->format = IMAGE_ARM64;
    /* A module may be longer than the kernel in it, by a signature or because nobody knew its size: the rest is not
     * copied. */
    return read_header(head, image_size == 0 ? size : min_u64(size, image_size), info);
}

/** Whether gzip's size field can be true of @p size packed bytes: it counts modulo 2^32, and is garbage if the tail is
 * not one. */
static bool trailer_plausible(uint64_t unpacked, uint64_t size, uint64_t image_size)
{
    return unpacked >= IMAGE_HEADER_SIZE && unpacked / DEFLATE_MAX_RATIO <= size &&
           unpacked + unpacked / 1024 + KIB(4) >= size && (image_size == 0 || unpacked <= image_size);
}

static hv_status probe_gzip(struct image_scratch *scratch, const uint8_t *head, size_t head_size, uint64_t size,
                            const uint8_t *tail, struct image_info *info)
{
    struct gunzip_progress progress;
    uint64_t unpacked = 0;

    HV_TRY(gunzip_head(&scratch->gunzip, head, head_size, scratch->header, IMAGE_HEADER_SIZE, &progress));
    if (!has_image_magic(scratch->header, progress.produced))
        return HV_E_FORMAT;
    if (tail != NULL)
        unpacked = read_le32(tail + 4);
    if (!trailer_plausible(unpacked, size, read_le64(scratch->header + HEADER_IMAGE_SIZE)))
        unpacked = 0;
    info->format = IMAGE_ARM64_GZIP;
    return read_header(scratch->header, unpacked, info);
}

hv_status image_probe(struct image_scratch *scratch, const uint8_t *head, size_t head_size, uint64_t size,
                      const uint8_t *tail, struct image_info *info)
{
    if (has_image_magic(head, head_size))
        return probe_raw(head, size, info);
    if (head_size >= 2 && head[0] == 0x1f && head[1] == 0x8b)
        return !BUILD_GZIP ? HV_E_UNSUPPORTED : probe_gzip(scratch, head, head_size, size, tail, info);
    const struct signature *signature = find_signature(head, head_size);
    return signature != NULL && signature->kernel ? HV_E_UNSUPPORTED : HV_E_FORMAT;
}
