/* SPDX-License-Identifier: Apache-2.0 */
/* What a domain's devices put on their bus to reach its RAM. They know nothing of stage 2: it is addresses of the host.
 * The guest is told by dma-ranges in /passthrough, in the cells that the partial tree sets there. */
#ifndef BULKHEAD_PARTS_PASSTHROUGH_DMA_H
#define BULKHEAD_PARTS_PASSTHROUGH_DMA_H

#include "parts/passthrough/passthrough.h"

#define DMA_RANGES "dma-ranges"
#define DMA_MAX_PIECES (2 * PLAN_MAX_EXTENTS) /* that dma-ranges has */
#define DMA_MOST_CELLS 6u                     /* of one of them */

/** A walk over a domain's RAM in pieces, each of which is one entry of dma-ranges. */
struct dma {
    const struct plan_domain *plan;
    uint32_t address_cells, size_cells; /* of /passthrough; 1 or 2, both 0: none that can be written */
    unsigned extent;
    uint64_t done; /* bytes of it */
    unsigned pieces;
    /* The piece at hand. */
    uint64_t host, guest, size;
    bool reachable; /* it can be written, and there is room for it */
};

/** @return whether a device of the domain's has to put other addresses on its bus than the guest uses itself */
bool dma_differs(const struct plan_domain *plan);
void dma_start(struct dma *dma, const struct plan_domain *plan);
/** @return false behind the last piece */
bool dma_next(struct dma *dma);
/** Tells of RAM that devices cannot reach by the ranges that the guest is given. @return HV_E_RANGE where that is all
 * of it: a driver would have its device write to what is somebody else's */
HV_CHECK hv_status dma_check(const struct plan_domain *plan, struct diag *diag);

#endif
