/* SPDX-License-Identifier: Apache-2.0 */
/* The form of a guest program's kernel image. */
#ifndef BULKHEAD_HOSTSIM_IMAGE_H
#define BULKHEAD_HOSTSIM_IMAGE_H

#include <stdint.h>

#define SIM_IMAGE_MAGIC 0x6d69536b /* "kSim" */
#define SIM_IMAGE_BODY 64          /* the arm64 Image header; what is not in it is the pattern */

/* Which program it is stands in words of the header that are reserved, so that a file as short as that will do. The one
 * at offset 40 stays 0: the program "reset" counts in it. */
#define SIM_IMAGE_NAME_OFFSET 32 /* 64 bits: sim_image_name() */
#define SIM_IMAGE_TAG_OFFSET 48

struct sim_image_tag {
    uint32_t magic;
    uint32_t file_size;
};

/** What stands for the name of a program in its images: FNV-1a, 64 bit. */
static inline uint64_t sim_image_name(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * 0x100000001b3;
    return hash;
}

/** What an image's 8 bytes at @p offset (a multiple of 8, SIM_IMAGE_BODY or more) are. */
static inline uint64_t sim_image_word(uint64_t offset)
{
    return (offset + 1) * 0x9e3779b97f4a7c15;
}

#endif
