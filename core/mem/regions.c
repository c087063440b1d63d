// SPDX-License-Identifier: Apache-2.0
#include "mem/regions.h"

#include <string.h>

/** Half-open end of a range. @return false where the range is empty or its end is not representable. */
static bool range_end(uint64_t base, uint64_t size, uint64_t *end)
{
    if (size == 0 || size > UINT64_MAX - base)
        return false;
    *end = base + size;
    return true;
}

/** @return index of the first range that ends above @p address, or count: the first one that a range from there may
 * touch. */
static unsigned first_ending_above(const struct region_set *set, uint64_t address)
{
    unsigned low = 0;
    unsigned high = set->count;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (set->list[middle].end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/** Replaces @p old_count ranges from @p index on by @p new_count unset ones. The caller has checked that they fit. */
static void resize_gap(struct region_set *set, unsigned index, unsigned old_count, unsigned new_count)
{
    unsigned tail = set->count - index - old_count;

    if (old_count != new_count && tail != 0)
        memmove(&set->list[index + new_count], &set->list[index + old_count], tail * sizeof(set->list[0]));
    set->count = set->count - old_count + new_count;
}

hv_status regions_add(struct region_set *set, uint64_t base, uint64_t size)
{
    uint64_t end;

    if (!range_end(base, size, &end))
        return HV_E_RANGE;
    /* A range that ends exactly at base is adjacent and merges, hence base - 1. */
    unsigned first = base == 0 ? 0 : first_ending_above(set, base - 1);
    unsigned last = first;
    while (last < set->count && set->list[last].base <= end)
        last++;
    if (first == last && set->count == HV_MAX_REGIONS)
        return HV_E_FULL;
    if (first < last) {
        base = min_u64(base, set->list[first].base);
        end = max_u64(end, set->list[last - 1].end);
    }
    resize_gap(set, first, last - first, 1);
    set->list[first] = (struct region){base, end};
    return HV_OK;
}

hv_status regions_remove(struct region_set *set, uint64_t base, uint64_t size)
{
    struct region keep[2]; /* what is left over at either end */
    unsigned kept = 0;
    uint64_t end;

    if (size == 0)
        return HV_OK;
    if (!range_end(base, size, &end))
        return HV_E_RANGE;
    unsigned first = first_ending_above(set, base);
    unsigned last = first;
    while (last < set->count && set->list[last].base < end)
        last++;
    if (first == last)
        return HV_OK;
    if (set->list[first].base < base)
        keep[kept++] = (struct region){set->list[first].base, base};
    if (set->list[last - 1].end > end)
        keep[kept++] = (struct region){end, set->list[last - 1].end};
    if (set->count - (last - first) + kept > HV_MAX_REGIONS)
        return HV_E_FULL;
    resize_gap(set, first, last - first, kept);
    for (unsigned i = 0; i < kept; i++)
        set->list[first + i] = keep[i];
    return HV_OK;
}

bool regions_contain(const struct region_set *set, uint64_t base, uint64_t size)
{
    uint64_t end;

    if (!range_end(base, size, &end))
        return false;
    const struct region *range = regions_find(set, base);
    /* Adjacent ranges are merged, so whatever is contained is contained in one. */
    return range != NULL && end <= range->end;
}

const struct region *regions_overlap(const struct region_set *set, uint64_t base, uint64_t size)
{
    if (size == 0)
        return NULL;
    unsigned index = first_ending_above(set, base);
    if (index == set->count)
        return NULL;
    /* Written so that a range up to the end of the address space is looked up right although it has no end. */
    const struct region *range = &set->list[index];
    return range->base <= base || range->base - base < size ? range : NULL;
}

const struct region *regions_find(const struct region_set *set, uint64_t address)
{
    unsigned index = first_ending_above(set, address);

    return index < set->count && set->list[index].base <= address ? &set->list[index] : NULL;
}

uint64_t regions_total(const struct region_set *set)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < set->count; i++)
        total += region_size(set->list[i]);
    return total;
}

/** Where @p size bytes go in @p range. @return false where they do not fit. */
static bool place_in(struct region range, uint64_t size, uint64_t alignment, bool from_top, uint64_t *base)
{
    if (region_size(range) < size)
        return false;
    uint64_t place = from_top ? align_down(range.end - size, alignment) : align_up(range.base, alignment);
    /* Either rounding may leave the range; align_up() may even wrap to 0. */
    if (place < range.base || place >= range.end || range.end - place < size)
        return false;
    *base = place;
    return true;
}

hv_status regions_take(struct region_set *set, uint64_t size, uint64_t alignment, bool from_top, uint64_t *base)
{
    hv_status status = HV_E_NOMEM;
    uint64_t place;

    if (size == 0)
        return HV_E_NOMEM;
    for (unsigned i = 0; i < set->count; i++) {
        const struct region *range = &set->list[from_top ? set->count - 1 - i : i];
        if (!place_in(*range, size, alignment, from_top, &place))
            continue;
        status = regions_remove(set, place, size);
        if (status != HV_OK)
            continue; /* no room for what is left of it: of another one less may be left */
        *base = place;
        return HV_OK;
    }
    return status;
}
