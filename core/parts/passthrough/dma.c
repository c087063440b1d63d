// SPDX-License-Identifier: Apache-2.0
#include "parts/passthrough/dma.h"

#include "plan/show.h"

#define END_OF_ONE_CELL GIB(4)  /* of an address */
#define MOST_OF_ONE_CELL GIB(2) /* of a size */

static struct dt_node top_of(const struct plan_domain *plan)
{
    return dt_find(&plan->fragment, "/" PASSTHROUGH_NODE);
}

bool dma_differs(const struct plan_domain *plan)
{
    for (unsigned i = 0; i < plan->extent_count && plan->frame_count != 0; i++)
        if (plan->extents[i].base.raw != plan->extents[i].target.raw)
            return true;
    return false;
}

void dma_start(struct dma *dma, const struct plan_domain *plan)
{
    *dma = (struct dma){.plan = plan};
    if (dt_cells(top_of(plan), false, &dma->address_cells, &dma->size_cells) != HV_OK ||
        !fragment_cells_usable(dma->address_cells, dma->size_cells))
        dma->address_cells = dma->size_cells = 0;
}

bool dma_next(struct dma *dma)
{
    if (dma->extent == dma->plan->extent_count)
        return false;
    const struct plan_extent *extent = &dma->plan->extents[dma->extent];
    dma->host = extent->target.raw + dma->done;
    dma->guest = extent->base.raw + dma->done;
    dma->size = extent->size - dma->done;
    if (dma->size_cells == 1)
        dma->size = min_u64(dma->size, MOST_OF_ONE_CELL);
    if (dma->address_cells == 1 && dma->host < END_OF_ONE_CELL)
        dma->size = min_u64(dma->size, END_OF_ONE_CELL - dma->host);
    dma->reachable = dma->address_cells == 2 || (dma->address_cells == 1 && dma->host < END_OF_ONE_CELL);
    dma->reachable = dma->reachable && dma->pieces < DMA_MAX_PIECES;
    dma->pieces += dma->reachable;
    dma->done += dma->size;
    if (dma->done == extent->size) {
        dma->extent++;
        dma->done = 0;
    }
    return true;
}

/** The lost pieces one after the other: those that meet are told of at once. */
struct lost {
    struct diag *diag;
    struct dt_node module;
    enum diag_severity severity;
    struct region range;
};

static void report(const struct lost *lost)
{
    if (region_size(lost->range) == 0)
        return;
    dt_report(lost->diag, lost->severity, lost->module, NULL, show_range(lost->range).text, NULL,
              lost->severity == DIAG_ERROR ? "no device can reach the domain's RAM by DMA, as it lies in the host"
                                           : "devices cannot reach this part of the domain's RAM by DMA",
              "set #address-cells and #size-cells to 2 in /" PASSTHROUGH_NODE ", or write " DMA_RANGES " there");
}

static void lose(struct lost *lost, uint64_t base, uint64_t size)
{
    if (region_size(lost->range) != 0 && lost->range.end == base) {
        lost->range.end += size;
        return;
    }
    report(lost);
    lost->range = range_of(base, size);
}

hv_status dma_check(const struct plan_domain *plan, struct diag *diag)
{
    struct lost lost = {diag, plan->config->device_tree.node, DIAG_WARNING, {0, 0}};
    struct dma dma;

    if (!dma_differs(plan) || dt_has(top_of(plan), DMA_RANGES))
        return HV_OK;
    for (dma_start(&dma, plan); dma_next(&dma);)
        ;
    if (dma.pieces == 0)
        lost.severity = DIAG_ERROR;
    for (dma_start(&dma, plan); dma_next(&dma);)
        if (!dma.reachable)
            lose(&lost, dma.host, dma.size);
    report(&lost);
    return lost.severity == DIAG_ERROR ? HV_E_RANGE : HV_OK;
}
