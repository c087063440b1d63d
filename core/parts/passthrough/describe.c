// SPDX-License-Identifier: Apache-2.0
/* The guest's device tree: what the partial tree has in it for the guest. */
#include "dt/dt_writer.h"
#include "lib/text.h"
#include "parts/passthrough/passthrough.h"

#define DMA_RANGES "dma-ranges"
#define MOST_OF_ONE_CELL GIB(2) /* of a size */

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

static bool is_direct(const struct plan_domain *plan)
{
    for (unsigned i = 0; i < plan->extent_count; i++)
        if (plan->extents[i].base.raw != plan->extents[i].target.raw)
            return false;
    return true;
}

/** Cells of an address, then those of a size, on the way into a property. */
struct cells {
    uint32_t list[PLAN_MAX_EXTENTS * 12];
    size_t count;
};

static void add(struct cells *cells, uint64_t value, uint32_t width)
{
    if (width == 2)
        cells->list[cells->count++] = (uint32_t)(value >> 32);
    cells->list[cells->count++] = (uint32_t)value;
}

/**
 * A device puts addresses of the host on its bus: what the guest calls its RAM lies there. So an unmodified driver
 * reaches the right memory (Devicetree Specification v0.4, 2.3.9).
 */
static void put_dma_ranges(struct dt_writer *tree, const struct plan_domain *plan, uint32_t address_cells,
                           uint32_t size_cells)
{
    struct cells cells = {.count = 0};

    for (unsigned i = 0; i < plan->extent_count; i++) {
        const struct plan_extent *extent = &plan->extents[i];
        for (uint64_t done = 0, size; done < extent->size; done += size) {
            size = size_cells == 2 ? extent->size : min_u64(extent->size - done, MOST_OF_ONE_CELL);
            if (cells.count + 2 + 2 + 2 > ARRAY_SIZE(cells.list))
                break;
            add(&cells, extent->target.raw + done, address_cells);
            add(&cells, extent->base.raw + done, 2);
            add(&cells, size, size_cells);
        }
    }
    dt_put_cells(tree, DMA_RANGES, cells.list, cells.count);
}

/** In /passthrough the ranges; in a bus below it the word that it hands addresses on as they are. */
static void describe_dma(struct dt_writer *tree, const struct plan_domain *plan, const struct dt_scan *at, unsigned top)
{
    uint32_t address_cells = 2, size_cells = 1;

    if (dt_has(at->node, DMA_RANGES) || is_direct(plan) || plan->frame_count == 0)
        return;
    if (at->depth != top) {
        if (dt_has(at->node, "ranges"))
            dt_put_flag(tree, DMA_RANGES);
    } else if (dt_cells(at->node, false, &address_cells, &size_cells) == HV_OK && address_cells - 1 <= 1 &&
               size_cells - 1 <= 1) {
        put_dma_ranges(tree, plan, address_cells, size_cells);
    }
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
