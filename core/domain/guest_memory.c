// SPDX-License-Identifier: Apache-2.0
#include "domain/guest_memory.h"

#include <string.h>

#include "arch/mem.h"

static const struct plan_extent *find_extent(const struct plan_domain *plan, ipa_t address)
{
    for (unsigned i = 0; i < plan->extent_count; i++) {
        const struct plan_extent *extent = &plan->extents[i];
        if (address.raw >= extent->base.raw && address.raw - extent->base.raw < extent->size)
            return extent;
    }
    return NULL;
}

hv_status guest_memory_block(const struct plan_domain *plan, ipa_t address, struct guest_block *block)
{
    const struct plan_extent *extent = find_extent(plan, address);

    if (extent == NULL)
        return HV_E_MISSING;
    uint64_t base = max_u64(align_down(address.raw, BLOCK_SIZE), extent->base.raw);
    uint64_t offset = base - extent->base.raw;
    block->base = ipa(base);
    block->target = pa_add(extent->target, offset);
    block->size = min_u64(BLOCK_SIZE - (base & (BLOCK_SIZE - 1)), extent->size - offset);
    return HV_OK;
}

void *guest_memory_open(const struct plan_domain *plan, ipa_t address, uint64_t *size)
{
    const struct plan_extent *extent = find_extent(plan, address);

    if (extent == NULL)
        return NULL;
    uint64_t offset = address.raw - extent->base.raw;
    pa_t target = pa_add(extent->target, offset);
    *size = min_u64(*size, extent->size - offset);
    *size = min_u64(*size, arch_window_left(target));
    return arch_window_open(WINDOW_GUEST, target, *size, ARCH_MAP_READ_WRITE);
}

void guest_memory_close(void)
{
    arch_window_close(WINDOW_GUEST);
}

/** Whole cache lines go the fast way; what they leave at either end shares its line with bytes that must stay. */
static void zero_and_clean(uint8_t *bytes, uint64_t size)
{
    uint64_t head = min_u64(size, -(uintptr_t)bytes & (HV_CACHE_LINE - 1));
    uint64_t lines = align_down(size - head, HV_CACHE_LINE);
    uint64_t tail = size - head - lines;

    if (head != 0) {
        memset(bytes, 0, head);
        arch_cache_clean_invalidate(bytes, head);
    }
    if (lines != 0)
        arch_zero_and_clean(bytes + head, lines);
    if (tail != 0) {
        memset(bytes + head + lines, 0, tail);
        arch_cache_clean_invalidate(bytes + head + lines, tail);
    }
}

hv_status guest_memory_zero(const struct plan_domain *plan, ipa_t base, uint64_t size)
{
    for (uint64_t done = 0; done < size;) {
        uint64_t part = size - done;
        void *window = guest_memory_open(plan, ipa_add(base, done), &part);
        if (window == NULL)
            return HV_E_MISSING;
        zero_and_clean(window, part);
        guest_memory_close();
        done += part;
    }
    return HV_OK;
}
