/* SPDX-License-Identifier: Apache-2.0 */
/* The form of a guest program's kernel image. */
#ifndef BULKHEAD_HOSTSIM_IMAGE_H
#define BULKHEAD_HOSTSIM_IMAGE_H

#include <stdint.h>

#define SIM_IMAGE_TAG_OFFSET 64 /* behind the arm64 Image header */
#define SIM_IMAGE_MAGIC "BulkSim1"
#define SIM_IMAGE_BODY 128

struct sim_image_tag {
    char magic[8];
    uint64_t file_size;
    char name[48];
};

/** What an image's 8 bytes at @p offset (a multiple of 8, SIM_IMAGE_BODY or more) are. */
static inline uint64_t sim_image_word(uint64_t offset)
{
    return (offset + 1) * 0x9e3779b97f4a7c15;
}

#endif
