// SPDX-License-Identifier: Apache-2.0
/* What zlib's inflate calls, in place of zlib's own: checksums by the CPU's instruction rather than by 9 KiB of tables,
 * and no heap. Same meaning as in zlib.h, which is not included because its types are wider than what inflate passes.
 */
#include "lib/types.h"
#include "sysreg.h"

unsigned long crc32(unsigned long crc, const uint8_t *data, unsigned length);
unsigned long adler32(unsigned long adler, const uint8_t *data, unsigned length);
void *zcalloc(void *opaque, unsigned items, unsigned size);
void zcfree(void *opaque, void *memory);

#define CRC32_POLYNOMIAL 0xedb88320u
#define ADLER_BASE 65521u

/** @param crc  inverted, as all three of these take it */
__attribute__((target("+crc"))) static uint32_t crc_by_instruction(uint32_t crc, const uint8_t *data, unsigned length)
{
    for (; length != 0 && ((uintptr_t)data & 7) != 0; length--)
        crc = __builtin_aarch64_crc32b(crc, *data++);
    for (; length >= 8; length -= 8, data += 8)
        crc = __builtin_aarch64_crc32x(crc, *(const uint64_t *)(const void *)data);
    for (; length != 0; length--)
        crc = __builtin_aarch64_crc32b(crc, *data++);
    return crc;
}

static uint32_t crc_by_bits(uint32_t crc, const uint8_t *data, unsigned length)
{
    for (; length != 0; length--) {
        crc ^= *data++;
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (CRC32_POLYNOMIAL & -(crc & 1));
    }
    return crc;
}

unsigned long crc32(unsigned long crc, const uint8_t *data, unsigned length)
{
    if (data == NULL)
        return 0;
    if (id_field(sysreg_read(id_aa64isar0_el1), 16) != 0)
        return (uint32_t)~crc_by_instruction((uint32_t)~crc, data, length);
    return (uint32_t)~crc_by_bits((uint32_t)~crc, data, length);
}

/** Of zlib's own container only, which core never unpacks. */
unsigned long adler32(unsigned long adler, const uint8_t *data, unsigned length)
{
    uint32_t low = (uint32_t)adler & 0xffff;
    uint32_t high = (uint32_t)(adler >> 16) & 0xffff;

    if (data == NULL)
        return 1;
    for (; length != 0; length--) {
        low = (low + *data++) % ADLER_BASE;
        high = (high + low) % ADLER_BASE;
    }
    return high << 16 | low;
}

/* The default allocator. Core brings its own, so there is never anything to give. */
void *zcalloc(void *opaque, unsigned items, unsigned size)
{
    (void)opaque;
    (void)items;
    (void)size;
    return NULL;
}

void zcfree(void *opaque, void *memory)
{
    (void)opaque;
    (void)memory;
}
