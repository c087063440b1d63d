/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of address ranges: sorted, disjoint, adjacent ranges merged. Half-open: [base, end). */
#ifndef BULKHEAD_MEM_REGIONS_H
#define BULKHEAD_MEM_REGIONS_H

#include "lib/status.h"
#include "lib/types.h"

/** One range; never empty, never wraps. */
struct region {
    uint64_t base;
    uint64_t end;
};

struct region_set {
    unsigned count;
    struct region list[HV_MAX_REGIONS];
};

static inline uint64_t region_size(struct region region)
{
    return region.end - region.base;
}

/** Adds [base, base + size); overlaps merge. @return HV_E_RANGE if empty or wrapping, HV_E_FULL. On error unchanged. */
HV_CHECK hv_status regions_add(struct region_set *set, uint64_t base, uint64_t size);
/** Removes [base, base + size), splitting what it cuts. An empty range is no error. @return HV_E_RANGE if wrapping,
 * HV_E_FULL. */
HV_CHECK hv_status regions_remove(struct region_set *set, uint64_t base, uint64_t size);
/** @return whether all of [base, base + size) is in the set; false if it wraps or is empty. */
bool regions_contain(const struct region_set *set, uint64_t base, uint64_t size);
/** @return the first range that overlaps [base, base + size), or NULL. */
const struct region *regions_overlap(const struct region_set *set, uint64_t base, uint64_t size);
/** @return the range that holds @p address, or NULL. */
const struct region *regions_find(const struct region_set *set, uint64_t address);
/** Sum of all sizes in bytes. */
uint64_t regions_total(const struct region_set *set);
/**
 * Takes @p size bytes aligned to @p alignment (power of two) out of the set: the lowest that fit, or, with @p from_top,
 * the highest.
 * @return HV_E_NOMEM where no single range is large enough (set unchanged), HV_E_FULL
 */
HV_CHECK hv_status regions_take(struct region_set *set, uint64_t size, uint64_t alignment, bool from_top,
                                uint64_t *base);

#endif
