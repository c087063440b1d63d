/* SPDX-License-Identifier: Apache-2.0 */
/* What a kernel module is: arm64 Image (Documentation/arm64/booting.rst of Linux) or the same in gzip. Looks at headers
 * only. */
#ifndef BULKHEAD_PLAN_IMAGE_H
#define BULKHEAD_PLAN_IMAGE_H

#include "lib/inflate.h"
#include "lib/status.h"
#include "lib/types.h"

enum image_format {
    IMAGE_ARM64,      /* raw Image */
    IMAGE_ARM64_GZIP, /* Image.gz */
};

struct image_info {
    enum image_format format;
    uint64_t text_offset; /* from a 2 MiB boundary */
    uint64_t file_size;   /* bytes to copy; for gzip the size after unpacking, from the trailer, 0: not known */
    uint64_t memory_size; /* image_size: bytes the kernel needs from its start, BSS included; >= file_size, not 0 */
};

#define IMAGE_HEADER_SIZE 64
#define IMAGE_PROBE_SIZE KIB(4) /* bytes of a module that image_probe() wants to see, fewer if it is shorter */

/** What image_probe() needs to look into a packed kernel. Contents are of no meaning between calls. */
struct image_scratch {
    struct gunzip_head gunzip;
    uint8_t header[IMAGE_HEADER_SIZE];
    uint8_t
        head[IMAGE_PROBE_SIZE]; /* of a module whose beginning cannot be had in one piece; filled in by the caller */
};

/**
 * Reads a kernel's header, unpacking it where it is packed: on silicon, not while a vCPU is loaded on this CPU.
 * @param head  the first bytes of the module: size, or IMAGE_PROBE_SIZE, or fewer where they could not be had in one
 * piece
 * @param head_size  how many these are
 * @param size  of the module
 * @param tail  its last 8 bytes (gzip's CRC and size), or NULL where the module's size is not exact
 * @return HV_E_FORMAT (no known kernel, or cut off), HV_E_RANGE (header contradicts itself), HV_E_UNSUPPORTED (a
 * kernel, but of a format that is known and not supported, or big-endian)
 */
HV_CHECK hv_status image_probe(struct image_scratch *scratch, const uint8_t *head, size_t head_size, uint64_t size,
                               const uint8_t *tail, struct image_info *info);
/** @return what @p head looks like, for messages: "gzip", "uImage", "EFI zboot", "ELF"..., or NULL: unknown. Static
 * text. */
const char *image_describe(const uint8_t *head, size_t head_size);

#endif
