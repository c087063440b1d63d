// SPDX-License-Identifier: Apache-2.0
#include "domain/populate.h"

#include "domain/build_state.h"

/** A part of a block that is all image or all free, in units of a granule. */
struct span {
    uint64_t base;
    uint64_t end;
    bool image;
};

/** @return the span that begins at @p at, which ends at @p end at the latest. */
static struct span span_at(const struct build *build, uint64_t at, uint64_t end, uint64_t granule)
{
    struct span span = {at, end, false};

    for (unsigned i = 0; i < build->range_count; i++) {
        const struct build_range *range = &build->ranges[i];
        uint64_t image_base = align_down(range->base.raw, granule);
        uint64_t image_end = align_up(range->base.raw + range->size, granule);
        if (at >= image_base && at < image_end)
            return (struct span){at, min_u64(image_end, end), true};
        if (image_base > at)
            span.end = min_u64(span.end, image_base);
    }
    return span;
}

/** Zeroes what no image covers in [base, end). @param granule  PAGE_SIZE: leaves alone all of a page that an image
 * touches */
static hv_status zero_around_images(struct domain *domain, uint64_t base, uint64_t end, uint64_t granule)
{
    for (uint64_t at = base; at < end;) {
        struct span span = span_at(domain->build, at, end, granule);
        if (!span.image)
            HV_TRY(guest_memory_zero(domain->plan, ipa(span.base), span.end - span.base));
        at = span.end;
    }
    return HV_OK;
}

static uint64_t bytes_of_image_pages(const struct build *build, const struct guest_block *block)
{
    uint64_t end = block->base.raw + block->size;
    uint64_t bytes = 0;

    for (uint64_t at = block->base.raw; at < end;) {
        struct span span = span_at(build, at, end, PAGE_SIZE);
        bytes += span.image ? span.end - span.base : 0;
        at = span.end;
    }
    return bytes;
}

static hv_status map(struct domain *domain, const struct guest_block *block, uint64_t base, uint64_t end)
{
    return stage2_map(&domain->stage2, ipa(base), pa_add(block->target, base - block->base.raw), end - base,
                      STAGE2_RAM);
}

HV_RARE static hv_status give_image_pages(struct domain *domain, const struct guest_block *block)
{
    uint64_t end = block->base.raw + block->size;

    for (uint64_t at = block->base.raw; at < end;) {
        struct span span = span_at(domain->build, at, end, PAGE_SIZE);
        if (span.image) {
            HV_TRY(zero_around_images(domain, span.base, span.end, 1));
            HV_TRY(map(domain, block, span.base, span.end));
        }
        at = span.end;
    }
    return HV_OK;
}

HV_RARE hv_status populate_image_block(struct domain *domain, const struct guest_block *block, uint64_t *done)
{
    struct build *build = domain->build;
    uint64_t at = block->base.raw + *done;
    uint64_t step = min_u64(block->size - *done, BUILD_STEP_BYTES);

    /* Every second page mapped one by one costs about as much as to zero the others. */
    if (*done == 0 && !domain->plan->eager_memory && build->sparse_blocks < PLAN_SPARSE_BLOCKS &&
        bytes_of_image_pages(build, block) <= block->size / 2) {
        build->sparse_blocks++;
        *done = block->size;
        return give_image_pages(domain, block);
    }
    HV_TRY(zero_around_images(domain, at, at + step, 1));
    *done += step;
    return *done == block->size ? map(domain, block, block->base.raw, at + step) : HV_OK;
}

hv_status populate_block(struct domain *domain, ipa_t address, const struct guest_block *block)
{
    struct stage2_mapping mapping;
    uint64_t end = block->base.raw + block->size;

    if (stage2_lookup(&domain->stage2, address, &mapping) == HV_OK)
        return HV_OK; /* another vCPU was faster */
    HV_TRY(zero_around_images(domain, block->base.raw, end, PAGE_SIZE));
    /* Pages of images become part of the block, break before make. A vCPU that runs in one of them meanwhile faults,
     * and waits for the lock that our caller holds until it is there again. */
    if (bytes_of_image_pages(domain->build, block) != 0)
        HV_TRY(stage2_unmap(&domain->stage2, block->base, block->size));
    return map(domain, block, block->base.raw, end);
}
