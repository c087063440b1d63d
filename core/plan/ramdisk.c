// SPDX-License-Identifier: Apache-2.0
#include "plan/ramdisk.h"

#include <string.h>

#include "plan/modules.h"
#include "plan/peek.h"

/* cpio's "newc", cpio(5): a header of ASCII, the name with its NUL, the file; name and file each end at a multiple of 4
 * bytes from the archive's beginning. */
#define CPIO_MAGIC_SIZE 6
#define CPIO_FILE_SIZE 54
#define CPIO_NAME_SIZE 94
#define CPIO_HEADER_SIZE 110
#define CPIO_ALIGNMENT 4
#define CPIO_BLOCK 512 /* most writers pad an archive to this */
#define CPIO_MAX_ENTRIES 0x20000

#define FIELD_SIZE 8 /* of cpio in hexadecimal digits; the largest of the others in bytes */

static const char trailer_name[] = "TRAILER!!!";

/** A module that is looked into. */
struct view {
    struct plan_reader *reader;
    struct region range;
};

static bool read_at(const struct view *view, uint64_t offset, uint8_t *bytes, uint64_t size)
{
    return offset + size <= region_size(view->range) && peek(view->reader, view->range.base + offset, bytes, size);
}

/** A field's bytes as a number, the first one the lowest. 0 where it cannot be read. */
static uint64_t number_at(const struct view *view, uint64_t offset, unsigned size)
{
    uint8_t bytes[FIELD_SIZE];
    uint64_t value = 0;

    if (!read_at(view, offset, bytes, size))
        return 0;
    for (unsigned i = size; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

static bool begins_with(const struct view *view, uint64_t offset, const char *magic, unsigned size)
{
    uint8_t bytes[FIELD_SIZE];

    return read_at(view, offset, bytes, size) && memcmp(bytes, magic, size) == 0;
}

/** @return UINT64_MAX where the digits are none. */
static uint64_t read_hex(const uint8_t *digits)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < FIELD_SIZE; i++) {
        uint8_t digit = digits[i];
        uint8_t letter = digit | 0x20;
        if (digit >= '0' && digit <= '9')
            value = value << 4 | (uint64_t)(digit - '0');
        else if (letter >= 'a' && letter <= 'f')
            value = value << 4 | (uint64_t)(letter - 'a' + 10);
        else
            return UINT64_MAX;
    }
    return value;
}

static bool is_cpio(const uint8_t *bytes)
{
    return memcmp(bytes, "07070", 5) == 0 && (bytes[5] == '1' || bytes[5] == '2');
}

/** Steps over one entry. @return false where there is none; @p last: it was the archive's last one */
static bool cpio_step(const struct view *view, uint64_t *offset, bool *last)
{
    uint8_t entry[CPIO_HEADER_SIZE + sizeof(trailer_name)];

    if (!read_at(view, *offset, entry, sizeof(entry)) || !is_cpio(entry))
        return false;
    uint64_t file_size = read_hex(entry + CPIO_FILE_SIZE);
    uint64_t name_size = read_hex(entry + CPIO_NAME_SIZE);
    if (file_size > UINT32_MAX || name_size > UINT32_MAX)
        return false;
    *last = name_size == sizeof(trailer_name) && memcmp(entry + CPIO_HEADER_SIZE, trailer_name, name_size) == 0;
    *offset = align_up(*offset + CPIO_HEADER_SIZE + name_size, CPIO_ALIGNMENT);
    *offset = align_up(*offset + file_size, CPIO_ALIGNMENT);
    return true;
}

/** Whether the kernel would take what lies at @p offset for more of the ramdisk: another archive, plain or packed. */
static bool goes_on(const struct view *view, uint64_t offset)
{
    static const char *const magics[] = {"07070", "\x1f\x8b\x08", "\xfd\x37zXZ", "\x28\xb5\x2f\xfd", "\x02\x21\x4c\x18",
                                         "BZh",   "\x89LZO"};

    for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
        if (begins_with(view, offset, magics[i], (unsigned)strlen(magics[i])))
            return true;
    }
    return false;
}

/** Several archives may follow each other, up to 512 bytes apart. @return 0: where they end is not known */
static uint64_t cpio_size(const struct view *view)
{
    uint64_t offset = 0;
    bool last = false;

    for (unsigned i = 0; i < CPIO_MAX_ENTRIES && cpio_step(view, &offset, &last); i++) {
        if (!last)
            continue;
        uint64_t block = align_up(offset, CPIO_BLOCK);
        if (!goes_on(view, offset) && !goes_on(view, block))
            return offset;
        offset = goes_on(view, offset) ? offset : block;
    }
    return 0;
}

/** @return the sum of @p count fields, each rounded up to whole pages */
static uint64_t sum_pages(const struct view *view, const uint16_t *fields, unsigned count, uint64_t page)
{
    uint64_t sum = page; /* the header */

    for (unsigned i = 0; i < count; i++)
        sum += align_up(number_at(view, fields[i], 4), page);
    return sum;
}

/** Android's boot image, bootimg.h: pages of header, kernel, ramdisk, and what its version adds. */
static uint64_t android_size(const struct view *view)
{
    static const uint16_t old[] = {8, 16, 24, 1632, 1648};
    static const uint16_t new[] = {8, 12, 1580};
    uint64_t version = number_at(view, 40, 4);
    uint64_t page = number_at(view, 36, 4);

    if (version >= 3)
        return sum_pages(view, new, version == 3 ? 2 : 3, PAGE_SIZE);
    if (page < KIB(2) || page > KIB(64) || (page & (page - 1)) != 0)
        return 0;
    return sum_pages(view, old, 3 + (unsigned)version, page);
}

static uint64_t big_endian(uint64_t value)
{
    return __builtin_bswap32((uint32_t)value);
}

/** @return how long what begins in @p view says that it is; 0: it does not say */
static uint64_t stated_size(const struct view *view)
{
    if (begins_with(view, 0, "07070", 5))
        return cpio_size(view);
    if (begins_with(view, 0, "\x27\x05\x19\x56", 4)) /* uImage */
        return big_endian(number_at(view, 12, 4)) + 64;
    if (begins_with(view, 0, "\xd0\x0d\xfe\xed", 4)) /* FIT */
        return big_endian(number_at(view, 4, 4));
    if (begins_with(view, 0, "ANDROID!", 8))
        return android_size(view);
    return begins_with(view, 0, "hsqs", 4) ? number_at(view, 40, 8) : 0;
}

void ramdisk_inspect(struct system_plan *plan, struct plan_domain *domain, struct plan_reader *reader)
{
    struct plan_module *module = &plan->modules[domain - plan->domains][MODULE_RAMDISK];
    const struct view view = {reader, module->range};

    if (module->config == NULL)
        return;
    uint64_t size = module->open_ended ? stated_size(&view) : 0;
    if (size != 0 && size <= region_size(module->range)) {
        modules_shrink(module, size, "where what lies there ends");
        module->end_found = true;
    }
    size = region_size(module->range);
    domain->ramdisk = (struct plan_image){
        .present = true,
        .source = pa(module->range.base),
        .source_size = size,
        .file_size = size,
        .memory_size = size,
    };
}
