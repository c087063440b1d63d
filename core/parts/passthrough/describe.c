// SPDX-License-Identifier: Apache-2.0
/* The guest's device tree: what the partial tree has in it for the guest. */
#include <string.h>

#include "dt/dt_writer.h"
#include "lib/text.h"
#include "parts/passthrough/dma.h"

/* Of a flattened tree (Devicetree Specification v0.4, 5.4): what a node and a property take beside name and value. */
#define NODE_BYTES 8u
#define PROPERTY_BYTES 12u
#define CELL 4u

static bool for_hypervisor(const char *name)
{
    return text_equal(name, "xen,reg") || text_equal(name, "xen,path") ||
           text_equal(name, "xen,force-assign-without-iommu");
}

static bool copy_property(void *context, const char *name, struct dt_property value)
{
    if (!for_hypervisor(name))
        dt_put_bytes(context, name, value.data, value.length);
    return true;
}

static void add(uint32_t **next, uint64_t value, uint32_t width)
{
    if (width == 2)
        *(*next)++ = (uint32_t)(value >> 32);
    *(*next)++ = (uint32_t)value;
}

/**
 * A device puts addresses of the host on its bus: what the guest calls its RAM lies there. So an unmodified driver
 * reaches the right memory (Devicetree Specification v0.4, 2.3.9).
 */
static void put_dma_ranges(struct dt_writer *tree, const struct plan_domain *plan)
{
    uint32_t cells[DMA_MAX_PIECES * DMA_MOST_CELLS], *next = cells;
    struct dma dma;

    for (dma_start(&dma, plan); dma_next(&dma);) {
        if (!dma.reachable)
            continue;
        add(&next, dma.host, dma.address_cells);
        add(&next, dma.guest, 2);
        add(&next, dma.size, dma.size_cells);
    }
    dt_put_cells(tree, DMA_RANGES, cells, (size_t)(next - cells));
}

/** In /passthrough the ranges; in a bus below it the word that it hands addresses on as they are. */
static void describe_dma(struct dt_writer *tree, const struct plan_domain *plan, const struct dt_scan *at, unsigned top)
{
    if (!dma_differs(plan) || dt_has(at->node, DMA_RANGES))
        return;
    if (at->depth == top)
        put_dma_ranges(tree, plan);
    else if (dt_has(at->node, "ranges"))
        dt_put_flag(tree, DMA_RANGES);
}

static bool add_property(void *context, const char *name, struct dt_property value)
{
    uint64_t *bytes = context;

    /* Each name for itself: the writer does not look for those that it has already. */
    *bytes += PROPERTY_BYTES + align_up(value.length, CELL) + strlen(name) + 1;
    return true;
}

static uint64_t node_bytes(struct dt_node node)
{
    uint64_t bytes = NODE_BYTES + align_up(strlen(dt_name(node)) + 1, CELL);

    dt_for_each_property(node, add_property, &bytes);
    return bytes + PROPERTY_BYTES + sizeof(DMA_RANGES);
}

uint64_t passthrough_tree_bytes(const struct dt *fragment)
{
    uint64_t bytes = DMA_MAX_PIECES * DMA_MOST_CELLS * CELL;
    struct dt_node aliases = dt_find(fragment, "/aliases");
    struct dt_scan at;

    if (dt_node_valid(aliases))
        bytes += node_bytes(aliases);
    if (!dt_scan_find(&at, fragment, "/" PASSTHROUGH_NODE))
        return bytes;
    unsigned top = at.depth;
    do {
        bytes += node_bytes(at.node);
        dt_scan_next(&at);
    } while (dt_node_valid(at.node) && at.depth > top);
    return bytes;
}

void passthrough_describe(struct dt_writer *tree, const struct plan_domain *plan, const struct machine *machine)
{
    struct dt_scan at;

    (void)machine;
    if (plan->fragment.blob == NULL || !dt_scan_find(&at, &plan->fragment, "/" PASSTHROUGH_NODE))
        return;
    unsigned top = at.depth, open = at.depth;
    do {
        for (; open > at.depth; open--)
            dt_end_node(tree);
        dt_begin_node(tree, dt_name(at.node));
        open++;
        dt_for_each_property(at.node, copy_property, tree);
        describe_dma(tree, plan, &at, top);
        dt_scan_next(&at);
    } while (dt_node_valid(at.node) && at.depth > top);
    for (; open > top; open--)
        dt_end_node(tree);
}

struct aliases {
    struct dt_writer *tree;
    bool has_console;
};

static bool copy_alias(void *context, const char *name, struct dt_property value)
{
    const struct aliases *aliases = context;

    if (!aliases->has_console || !text_equal(name, "serial0"))
        dt_put_bytes(aliases->tree, name, value.data, value.length);
    return true;
}

void passthrough_aliases(struct dt_writer *tree, const struct plan_domain *plan)
{
    struct aliases aliases = {tree, part_console(plan->config) != NULL};

    if (plan->fragment.blob == NULL)
        return;
    struct dt_node node = dt_find(&plan->fragment, "/aliases");
    if (dt_node_valid(node))
        dt_for_each_property(node, copy_alias, &aliases);
}
