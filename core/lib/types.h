/* SPDX-License-Identifier: Apache-2.0 */
/* Address types, limits and small helpers that every room uses. */
#ifndef BULKHEAD_LIB_TYPES_H
#define BULKHEAD_LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A host physical address. A type of its own, so that it cannot be taken for an IPA or a pointer. */
typedef struct {
    uint64_t raw;
} pa_t;

/** A guest's intermediate physical address. */
typedef struct {
    uint64_t raw;
} ipa_t;

static inline pa_t pa(uint64_t raw)
{
    return (pa_t){raw};
}

static inline ipa_t ipa(uint64_t raw)
{
    return (ipa_t){raw};
}

static inline pa_t pa_add(pa_t base, uint64_t bytes)
{
    return (pa_t){base.raw + bytes};
}

static inline ipa_t ipa_add(ipa_t base, uint64_t bytes)
{
    return (ipa_t){base.raw + bytes};
}

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

#define PAGE_SIZE KIB(4)
#define BLOCK_SIZE MIB(2) /* a level 2 block of the 4 KiB granule */

/** Alignment must be a power of two. align_up() wraps to 0 for the topmost partial unit of the address space. */
static inline uint64_t align_down(uint64_t value, uint64_t alignment)
{
    return value & ~(alignment - 1);
}

static inline uint64_t align_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

static inline bool is_aligned(uint64_t value, uint64_t alignment)
{
    return (value & (alignment - 1)) == 0;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/** The structure that holds @p member at @p pointer. */
#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#define HV_PRINTF(format_index, first_argument) __attribute__((format(printf, format_index, first_argument)))
/** Kept small, and out of what runs often. */
#define HV_RARE __attribute__((cold, noinline))
/** Constant data of the boot half that is still read when the boot half is gone. */
#define HV_KEPT __attribute__((section(".kept"), aligned(1)))
/** The same of a string literal: an array of static storage. */
#define HV_KEPT_TEXT(literal)                                                                                          \
    __extension__({                                                                                                    \
        HV_KEPT static const char kept[] = literal;                                                                    \
        kept;                                                                                                          \
    })
/** A function of the boot half that what stays calls, or assembly: boot_half.txt. */
#if defined(__has_attribute) && __has_attribute(externally_visible)
#define HV_DOOR __attribute__((externally_visible))
#else
#define HV_DOOR
#endif
#define HV_NORETURN __attribute__((noreturn))
/** Runs once for each boot or CPU: small rather than fast, and out of the way of what runs at each exit. */
#define HV_ONCE __attribute__((cold))
#define HV_CACHE_LINE 64

/* Limits of this build. Every one that a device tree can exceed is checked and reported. */
#define HV_MAX_CPUS 16     /* physical CPUs; a GICv2 serves 8 */
#define HV_MAX_DOMAINS 32  /* xen,domain nodes */
#define HV_MAX_PARTS 8     /* that a build has */
#define HV_MAX_VCPUS 8     /* vCPUs of one domain: what a vGICv2 can address */
#define HV_MAX_REGIONS 128 /* ranges of one region set */
#define HV_MAX_SPIS 988    /* INTIDs 32..1019 */
#define HV_MAX_INTIDS 1020
#define HV_MAX_PA_BITS 52 /* of any Armv8-A CPU: FEAT_LPA */

/** Domain number of the hypervisor itself in traces; domains count from 1, as on Xen. */
#define DOMID_HYPERVISOR 0

#endif
