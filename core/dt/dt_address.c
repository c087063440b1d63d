// SPDX-License-Identifier: Apache-2.0
/* What a node means in its parents' terms: cells, reg, ranges, interrupts. And the reservation block. */
#include "dt/walk.h"

#define DEFAULT_ADDRESS_CELLS 2 /* Devicetree Specification 2.3.5 */
#define DEFAULT_SIZE_CELLS 1

#define GIC_SPECIFIER_CELLS 3 /* type, number, flags; GICv3 may add a fourth for a PPI's partition */
#define GIC_TYPE_SPI 0
#define GIC_TYPE_PPI 1
#define GIC_SPI_BASE 32
#define GIC_PPI_BASE 16
#define GIC_PPI_COUNT 16

static struct dt_node ancestor(const struct dt_scan *scan, unsigned depth)
{
    return (struct dt_node){.tree = scan->node.tree, .offset = scan->ancestors[depth]};
}

/** @param missing  left as it is where the node does not have the property */
static hv_status read_cells(struct dt_node node, const char *name, uint32_t *cells, bool *missing)
{
    struct dt_property value;

    if (!*missing)
        return HV_OK;
    value = dt_property(node, name);
    if (value.data == NULL)
        return HV_OK;
    if (value.length != WALK_CELL)
        return HV_E_FORMAT;
    *cells = walk_cell(value.data);
    *missing = false;
    return HV_OK;
}

hv_status dt_cells(struct dt_node parent, bool inherit, uint32_t *address_cells, uint32_t *size_cells)
{
    bool no_address = true;
    bool no_size = true;
    struct dt_node node = parent;

    *address_cells = DEFAULT_ADDRESS_CELLS;
    *size_cells = DEFAULT_SIZE_CELLS;
    while (dt_node_valid(node)) {
        HV_TRY(read_cells(node, "#address-cells", address_cells, &no_address));
        HV_TRY(read_cells(node, "#size-cells", size_cells, &no_size));
        if (!inherit || (!no_address && !no_size))
            break;
        node = dt_parent(node);
    }
    return HV_OK;
}

hv_status dt_reg_cells(struct dt_node node, unsigned index, uint32_t address_cells, uint32_t size_cells,
                       struct dt_range *range)
{
    struct dt_property reg = dt_property(node, "reg");
    uint32_t entry = (address_cells + size_cells) * WALK_CELL;
    const uint8_t *at;

    if (reg.data == NULL)
        return HV_E_MISSING;
    if (address_cells < 1 || address_cells > 2 || size_cells > 2)
        return HV_E_UNSUPPORTED;
    if (reg.length % entry != 0)
        return HV_E_FORMAT;
    if (index >= reg.length / entry)
        return HV_E_MISSING;
    at = reg.data + index * entry;
    range->base = dt_cells_value(at, address_cells);
    range->size = size_cells == 0 ? 0 : dt_cells_value(at + address_cells * WALK_CELL, size_cells);
    return range->size > UINT64_MAX - range->base ? HV_E_RANGE : HV_OK;
}

static hv_status reg_at(const struct dt_scan *scan, unsigned index, struct dt_range *range)
{
    uint32_t address_cells, size_cells;

    if (scan->depth == 0)
        return HV_E_MISSING;
    HV_TRY(dt_cells(ancestor(scan, scan->depth - 1), false, &address_cells, &size_cells));
    return dt_reg_cells(scan->node, index, address_cells, size_cells, range);
}

hv_status dt_reg(struct dt_node node, unsigned index, struct dt_range *range)
{
    struct dt_scan scan;

    if (!dt_node_valid(node) || !dt_scan_to(&scan, node))
        return HV_E_MISSING;
    return reg_at(&scan, index, range);
}

/** Cells of one entry of a bus's ranges: <child address, parent address, size>. */
struct bus {
    uint32_t child_address;
    uint32_t parent_address;
    uint32_t child_size;
};

static hv_status bus_cells(struct dt_node bus, struct dt_node parent, struct bus *cells)
{
    uint32_t parent_size;

    HV_TRY(dt_cells(bus, false, &cells->child_address, &cells->child_size));
    HV_TRY(dt_cells(parent, false, &cells->parent_address, &parent_size));
    if (cells->child_address < 1 || cells->child_address > 2 || cells->parent_address < 1 ||
        cells->parent_address > 2 || cells->child_size < 1 || cells->child_size > 2)
        return HV_E_UNSUPPORTED;
    return HV_OK;
}

static uint64_t take_cells(const uint8_t **at, uint32_t cells)
{
    uint64_t value = dt_cells_value(*at, cells);

    *at += cells * WALK_CELL;
    return value;
}

/** Turns an address on @p bus into one on its parent's. */
static hv_status translate(struct dt_node bus, struct dt_node parent, struct dt_range *range)
{
    struct dt_property ranges = dt_property(bus, "ranges");
    struct bus cells;
    uint32_t entry;

    if (ranges.data != NULL && ranges.length == 0)
        return HV_OK; /* the same addresses on both sides */
    if (ranges.data == NULL)
        return HV_E_RANGE; /* what is on such a bus has no CPU address: specification 2.3.8 */
    HV_TRY(bus_cells(bus, parent, &cells));
    entry = (cells.child_address + cells.parent_address + cells.child_size) * WALK_CELL;
    for (uint32_t offset = 0; ranges.length - offset >= entry; offset += entry) {
        const uint8_t *at = ranges.data + offset;
        uint64_t child = take_cells(&at, cells.child_address);
        uint64_t target = take_cells(&at, cells.parent_address);
        uint64_t size = take_cells(&at, cells.child_size);
        uint64_t distance = range->base - child;

        if (range->base >= child && distance < size && range->size <= size - distance) {
            range->base = target + distance;
            return range->base < target || range->size > UINT64_MAX - range->base ? HV_E_RANGE : HV_OK;
        }
    }
    return HV_E_RANGE;
}

hv_status dt_scan_reg_cpu(const struct dt_scan *scan, unsigned index, struct dt_range *range)
{
    HV_TRY(reg_at(scan, index, range));
    for (unsigned depth = scan->depth - 1; depth > 0; depth--)
        HV_TRY(translate(ancestor(scan, depth), ancestor(scan, depth - 1), range));
    return HV_OK;
}

hv_status dt_reg_cpu(struct dt_node node, unsigned index, struct dt_range *range)
{
    struct dt_scan scan;

    if (!dt_node_valid(node) || !dt_scan_to(&scan, node))
        return HV_E_MISSING;
    return dt_scan_reg_cpu(&scan, index, range);
}

/** @param specifier  type, number, flags */
static hv_status decode_interrupt(const uint8_t *specifier, struct dt_interrupt *interrupt)
{
    uint32_t type = walk_cell(specifier);
    uint32_t number = walk_cell(specifier + WALK_CELL);

    if (type != GIC_TYPE_SPI && type != GIC_TYPE_PPI)
        return HV_E_UNSUPPORTED;
    if (number >= (type == GIC_TYPE_SPI ? HV_MAX_SPIS : GIC_PPI_COUNT))
        return HV_E_RANGE;
    interrupt->intid = number + (type == GIC_TYPE_SPI ? GIC_SPI_BASE : GIC_PPI_BASE);
    interrupt->flags = walk_cell(specifier + 2 * WALK_CELL) & 0xf;
    return HV_OK;
}

/** Cells of a specifier of the controller with @p phandle. */
static hv_status controller_cells(const struct dt *tree, uint32_t phandle, uint32_t *cells)
{
    struct dt_node controller = dt_find_phandle(tree, phandle);

    if (!dt_node_valid(controller) || dt_read_u32(controller, "#interrupt-cells", cells) != HV_OK)
        return HV_E_FORMAT;
    return *cells < 1 || *cells > 4 ? HV_E_UNSUPPORTED : HV_OK;
}

/** interrupts-extended: <controller specifier>, each as long as its controller says. */
static hv_status extended_interrupt(const struct dt *tree, struct dt_property list, unsigned index,
                                    struct dt_interrupt *interrupt)
{
    uint32_t cells = 0;

    for (uint32_t offset = 0; offset < list.length; offset += (1 + cells) * WALK_CELL) {
        const uint8_t *entry = list.data + offset;

        if (list.length - offset < WALK_CELL)
            return HV_E_FORMAT;
        HV_TRY(controller_cells(tree, walk_cell(entry), &cells));
        if (list.length - offset < (1 + cells) * WALK_CELL)
            return HV_E_FORMAT;
        if (index-- == 0)
            return cells < GIC_SPECIFIER_CELLS ? HV_E_UNSUPPORTED : decode_interrupt(entry + WALK_CELL, interrupt);
    }
    return HV_E_MISSING;
}

/** The interrupt parent: the node's own or the nearest ancestor's that names one. */
static hv_status inherited_parent(const struct dt_scan *scan, uint32_t *phandle)
{
    for (unsigned depth = scan->depth + 1; depth-- > 0;) {
        hv_status status = dt_read_u32(ancestor(scan, depth), "interrupt-parent", phandle);

        if (status != HV_E_MISSING)
            return status;
    }
    return HV_E_FORMAT;
}

/** Cells of the specifiers in the interrupts of the node; the controller is looked for only when it is another one. */
static hv_status specifier_cells(struct dt_scan *scan, uint32_t *cells)
{
    uint32_t phandle, found;

    HV_TRY(inherited_parent(scan, &phandle));
    if (scan->controller == 0 || scan->controller != phandle) {
        HV_TRY(controller_cells(scan->node.tree, phandle, &found));
        scan->controller_cells = found; /* only now: what is remembered is that of a controller that can be used */
        scan->controller = phandle;
    }
    *cells = scan->controller_cells;
    return *cells < GIC_SPECIFIER_CELLS ? HV_E_UNSUPPORTED : HV_OK;
}

hv_status dt_scan_interrupt(struct dt_scan *scan, unsigned index, struct dt_interrupt *interrupt)
{
    struct dt_property list = dt_property(scan->node, "interrupts-extended");
    uint32_t cells;

    if (list.data != NULL)
        return extended_interrupt(scan->node.tree, list, index, interrupt);
    list = dt_property(scan->node, "interrupts");
    if (list.data == NULL)
        return HV_E_MISSING;
    HV_TRY(specifier_cells(scan, &cells));
    if (list.length % (cells * WALK_CELL) != 0)
        return HV_E_FORMAT;
    if (index >= list.length / (cells * WALK_CELL))
        return HV_E_MISSING;
    return decode_interrupt(list.data + index * cells * WALK_CELL, interrupt);
}

hv_status dt_interrupt(struct dt_node node, unsigned index, struct dt_interrupt *interrupt)
{
    struct dt_scan scan;

    if (!dt_node_valid(node) || !dt_scan_to(&scan, node))
        return HV_E_MISSING;
    return dt_scan_interrupt(&scan, index, interrupt);
}

/* Not libfdt's, whose reader is 6 KiB. dt_open() has seen that the list ends in the tree. */
bool dt_reservation(const struct dt *tree, unsigned index, struct dt_range *range)
{
    const uint8_t *entry = (const uint8_t *)tree->blob + fdt_off_mem_rsvmap(tree->blob);

    for (;; entry += sizeof(struct fdt_reserve_entry)) {
        range->base = dt_cells_value(entry, 2);
        range->size = dt_cells_value(entry + sizeof(uint64_t), 2);
        if (range->size == 0) /* by the specification address and size are 0 at the end; readers go by the size */
            return false;
        if (index-- == 0)
            return true;
    }
}
