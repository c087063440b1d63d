/* SPDX-License-Identifier: Apache-2.0 */
/* How far a build got, and the steps that make it up. Inside of domain/. */
#ifndef BULKHEAD_DOMAIN_BUILD_STATE_H
#define BULKHEAD_DOMAIN_BUILD_STATE_H

#include "domain/build.h"
#include "lib/inflate.h"

#define BUILD_MAX_RANGES 3 /* kernel, ramdisk, device tree */

/** What the builder wrote to guest RAM. The rest of the blocks it lies in is zeroed before the guest gets them. */
struct build_range {
    ipa_t base;
    uint64_t size;
};

struct build {
    unsigned stage;       /* index of the stage table in build.c */
    uint64_t done;        /* progress of the stage: bytes written, or an address */
    unsigned range_index; /* the range, or the extent, that the stage is at */
    unsigned range_count;
    struct build_range ranges[BUILD_MAX_RANGES]; /* kept while the domain runs */
    uint64_t zeroed;                             /* of the block that is to be mapped next */
    unsigned sparse_blocks;                      /* blocks of which only the pages of images are mapped */
    bool tables_ready;
    uint64_t consumed;     /* bytes of a compressed kernel unpacked so far */
    struct gunzip *gunzip; /* memory to unpack with; NULL where the kernel is not compressed */
};

/** Reports that @p module cannot be made into what the domain needs, and ends the domain. @return BUILD_FAILED */
enum build_result build_fail(struct domain *domain, const struct module_config *module, const char *found,
                             const char *expected, const char *message);

/** Copies the next piece of @p image to guest RAM. @return BUILD_DONE when all of it is there */
enum build_result build_copy(struct domain *domain, const struct plan_image *image, const struct module_config *module);

/** Unpacks the next piece of a gzip'ed @p image into guest RAM. @return BUILD_DONE when all of it is there, and is
 * intact */
enum build_result build_unpack(struct domain *domain, const struct plan_image *image,
                               const struct module_config *module);

/** Makes all vCPUs those of a machine that was just switched on, off, the first one at its entry. None may be loaded on
 * any CPU. */
void domain_reset_vcpus(struct domain *domain);
/** The same for its vGIC and its parts. */
void domain_reset_devices(struct domain *domain);
/** What it has under way is brought to its end, what it has printed is on the console, and no part of it raises
 * interrupts. */
void domain_quiesce(struct domain *domain);

#endif
