// SPDX-License-Identifier: Apache-2.0
/* How many tables a domain will need: asked by the plan. */
#include "mem/stage2.h"

/** Tables of @p span bytes each that [base, end) touches, without the one that ended before @p done. */
static uint64_t tables_touched(struct region range, uint64_t span, uint64_t *done)
{
    uint64_t first = max_u64(range.base / span, *done);
    uint64_t end = (range.end - 1) / span + 1;

    if (end <= first)
        return 0;
    *done = end;
    return end - first;
}

unsigned stage2_pages_needed(unsigned ipa_bits, const struct region *ranges, unsigned count,
                             unsigned page_mapped_blocks)
{
    uint64_t pages = stage2_root_pages(ipa_bits) + page_mapped_blocks;
    uint64_t done_level1 = 0;
    uint64_t done_level2 = 0;

    for (unsigned i = 0; i < count; i++) {
        if (ranges[i].end <= ranges[i].base)
            continue;
        if (ipa_bits > STAGE2_LEVEL1_IPA_BITS)
            pages += tables_touched(ranges[i], 1ULL << 39, &done_level1);
        pages += tables_touched(ranges[i], 1ULL << 30, &done_level2);
        pages += is_aligned(ranges[i].base, BLOCK_SIZE) ? 0 : 1;
        pages += is_aligned(ranges[i].end, BLOCK_SIZE) ? 0 : 1;
    }
    return (unsigned)pages;
}
