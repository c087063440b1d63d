/* What a kernel module is: arm64 Image (Documentation/arm64/booting.rst of Linux) or the same in gzip. Looks at headers only. */
#ifndef BULKHEAD_PLAN_IMAGE_H
#define BULKHEAD_PLAN_IMAGE_H

#include "lib/status.h"
#include "lib/types.h"

enum image_format {
    IMAGE_ARM64,      /* raw Image */
    IMAGE_ARM64_GZIP, /* Image.gz */
};

struct image_info {
    enum image_format format;
    uint64_t text_offset; /* from a 2 MiB boundary */
    uint64_t file_size;   /* bytes to copy; for gzip the size after unpacking, from the trailer, 0: unknown */
    uint64_t memory_size; /* image_size: bytes the kernel needs from its start, BSS included; >= file_size */
};

#define IMAGE_HEADER_SIZE 64
#define IMAGE_PROBE_SIZE KIB(4) /* bytes of a module that image_probe() wants to see, fewer if it is shorter */

/**
 * @param head  the first min(size, IMAGE_PROBE_SIZE) bytes of the module
 * @param tail  its last 8 bytes (gzip's CRC and size), or NULL where the module's size is not exact
 * @return HV_E_FORMAT (no known kernel), HV_E_RANGE (header contradicts itself), HV_E_UNSUPPORTED (uImage, zImage32, zboot)
 */
HV_CHECK hv_status image_probe(const uint8_t *head, uint64_t size, const uint8_t *tail, struct image_info *info);
/** @return what @p head looks like, for messages: "gzip", "uImage", "EFI zboot", "ELF", "unknown (00 00 a0 e1)"... */
const char *image_describe(const uint8_t *head, uint64_t size);

#endif
