// SPDX-License-Identifier: Apache-2.0
#include "bus/mmio.h"

static bool overlaps(const struct mmio_region *a, const struct mmio_region *b)
{
    return a->base.raw < b->base.raw + b->size && b->base.raw < a->base.raw + a->size;
}

hv_status mmio_bus_add(struct mmio_bus *bus, const struct mmio_region *region)
{
    if (region->size == 0 || region->handler == NULL)
        return HV_E_INVALID;
    if (region->base.raw > UINT64_MAX - region->size)
        return HV_E_RANGE;
    for (unsigned i = 0; i < bus->count; i++)
        if (overlaps(&bus->regions[i], region))
            return HV_E_OVERLAP;
    if (bus->count == MMIO_MAX_REGIONS)
        return HV_E_FULL;
    bus->regions[bus->count++] = *region;
    return HV_OK;
}

enum mmio_result mmio_bus_access(const struct mmio_bus *bus, struct mmio_access *access)
{
    for (unsigned i = 0; i < bus->count; i++) {
        const struct mmio_region *region = &bus->regions[i];
        /* One subtraction serves both ends: below the base it wraps to more than any size. */
        uint64_t offset = access->address.raw - region->base.raw;
        if (offset >= region->size)
            continue;
        if (access->size > region->size - offset)
            return MMIO_ABORT;
        access->offset = (uint32_t)offset;
        return region->handler(region->device, access);
    }
    return MMIO_ABORT;
}
