// SPDX-License-Identifier: Apache-2.0
/* Interrupts: those of the GIC keep their numbers and get the domain's controller; those of a controller that comes
 * along keep it; the others cannot be carried over. */
#include <string.h>

#include "assign.h"
#include "lib/format.h"
#include "plan/guest_map.h"

#define CELL 4u
#define GIC_CELLS 3
#define TYPE_SPI 0

/** An interrupt of the host: controller and specifier. */
struct interrupt {
    struct dt_node controller; /* invalid: not known */
    const uint8_t *specifier;
    uint32_t cells;
    bool gic;
    struct out_node *carried; /* the controller in the output, NULL: none but perhaps the GIC */
};

static bool is_gic(struct dt_node controller)
{
    static const char *const compatible[] = {"arm,gic-400",       "arm,cortex-a15-gic", "arm,cortex-a9-gic",
                                             "arm,cortex-a7-gic", "qcom,msm-qgic2",     "arm,gic-v3"};

    for (size_t i = 0; i < ARRAY_SIZE(compatible); i++) {
        if (dt_compatible(controller, compatible[i]))
            return true;
    }
    return false;
}

/** The interrupt parent of what is in @p scan's node: named there or by the nearest ancestor, or that ancestor itself.
 */
static struct dt_node interrupt_parent(const struct dt_scan *scan)
{
    for (unsigned depth = scan->depth + 1; depth-- > 0;) {
        struct dt_node node = {scan->node.tree, scan->ancestors[depth]};
        uint32_t phandle;

        if (depth != scan->depth && dt_has(node, "#interrupt-cells"))
            return node;
        if (dt_read_u32(node, "interrupt-parent", &phandle) == HV_OK)
            return dt_find_phandle(node.tree, phandle);
    }
    return (struct dt_node){scan->node.tree, -1};
}

/** Fills in what is known of a controller. @return whether it says how long a specifier is */
static bool read_controller(const struct assign *assign, struct interrupt *interrupt)
{
    const struct assign_item *item;

    if (!dt_node_valid(interrupt->controller) ||
        dt_read_u32(interrupt->controller, "#interrupt-cells", &interrupt->cells) != HV_OK || interrupt->cells == 0 ||
        interrupt->cells > ASSIGN_MAX_ENTRIES)
        return false;
    interrupt->gic = is_gic(interrupt->controller) && interrupt->cells >= GIC_CELLS;
    item = assign_item(assign, interrupt->controller);
    /* not a nexus: its interrupt-map leads to the host's */
    interrupt->carried = item != NULL && dt_has(item->host, "interrupt-controller") ? item->node : NULL;
    return true;
}

/** @return how many interrupts the node has, at most ASSIGN_MAX_ENTRIES; those that cannot be told apart are one */
static unsigned read_interrupts(const struct assign *assign, struct dt_node node, struct interrupt *list)
{
    struct dt_property extended = dt_property(node, "interrupts-extended");
    struct dt_property value = extended.data != NULL ? extended : dt_property(node, "interrupts");
    struct dt_scan scan;
    unsigned count = 0;

    if (value.data == NULL || !dt_scan_to(&scan, node))
        return 0;
    for (uint32_t offset = 0; value.length - offset >= CELL && count < ASSIGN_MAX_ENTRIES; count++) {
        struct interrupt *one = &list[count];
        uint32_t phandle_size = extended.data != NULL ? CELL : 0;

        *one = (struct interrupt){.specifier = value.data + offset + phandle_size};
        one->controller = extended.data != NULL
                              ? dt_find_phandle(node.tree, (uint32_t)dt_cells_value(value.data + offset, 1))
                              : interrupt_parent(&scan);
        if (!read_controller(assign, one) || one->cells * CELL > value.length - offset - phandle_size) {
            *one = (struct interrupt){.controller = {node.tree, -1}};
            return count + 1;
        }
        offset += phandle_size + one->cells * CELL;
    }
    return count;
}

static uint32_t cell(const struct interrupt *interrupt, unsigned index)
{
    return (uint32_t)dt_cells_value(interrupt->specifier + index * CELL, 1);
}

static void show(const struct interrupt *interrupt, char *buffer, size_t size)
{
    char path[ASSIGN_SHOWN_MAX], cells[ASSIGN_SHOWN_MAX];

    if (!dt_node_valid(interrupt->controller)) {
        format_string(buffer, size, "no controller that says how long its specifiers are");
        return;
    }
    dt_show((struct dt_property){interrupt->specifier, interrupt->cells * CELL}, cells, sizeof(cells));
    format_string(buffer, size, "%s of %s", cells, dt_path(interrupt->controller, path, sizeof(path)));
}

/** Whether the protocol has a place for the interrupt: xen,path beside xen,reg, whose cells are the parent's. */
static bool can_be_routed(const struct assign_item *item)
{
    return item->kind == ASSIGN_DEVICE;
}

/** @return whether the interrupt is carried over; a report, if not */
static bool keep(struct assign *assign, struct assign_item *item, const char *property,
                 const struct interrupt *interrupt)
{
    char found[2 * ASSIGN_SHOWN_MAX];

    show(interrupt, found, sizeof(found));
    if (interrupt->gic && cell(interrupt, 0) != TYPE_SPI) {
        assign_error(assign, item->host, property, found,
                     "an interrupt that each CPU has for itself cannot be given to a domain", NULL);
        return false;
    }
    if (interrupt->carried != NULL || (interrupt->gic && can_be_routed(item)))
        return true;
    assign_list(assign, item->host, property, found,
                interrupt->gic
                    ? "left out: only an interrupt of the device itself can be given to a domain"
                    : "left out: only interrupts of the GIC, or of a device that is given, too, are carried over");
    return false;
}

static void put_specifier(struct assign *assign, struct out_property *property, const struct interrupt *interrupt)
{
    /* a GICv3's fourth cell is the set of CPUs of a PPI; the domain's GIC has three */
    for (unsigned i = 0; i < (interrupt->gic ? GIC_CELLS : interrupt->cells); i++)
        out_cell(&assign->out, property, cell(interrupt, i));
}

static void put_controller(struct assign *assign, struct out_property *property, const struct interrupt *interrupt)
{
    if (interrupt->gic)
        out_cell(&assign->out, property, guest_map_xen.gic_phandle);
    else
        out_reference(&assign->out, property, interrupt->carried);
}

static void put_kept(struct assign *assign, struct assign_item *item, const struct interrupt *list, const bool *kept,
                     unsigned count)
{
    struct out_property *property;
    const struct interrupt *first = NULL;
    bool mixed = false;

    for (unsigned i = 0; i < count; i++) {
        if (kept[i] && first == NULL)
            first = &list[i];
        mixed = mixed || (kept[i] && list[i].controller.offset != first->controller.offset);
        item->gic = item->gic || (kept[i] && list[i].gic);
    }
    if (first == NULL)
        return;
    if (!mixed)
        put_controller(assign, out_property(&assign->out, item->node, "interrupt-parent"), first);
    property = out_property(&assign->out, item->node, mixed ? "interrupts-extended" : "interrupts");
    for (unsigned i = 0; i < count; i++) {
        if (kept[i] && mixed)
            put_controller(assign, property, &list[i]);
        if (kept[i])
            put_specifier(assign, property, &list[i]);
    }
}

void assign_put_interrupts(struct assign *assign, struct assign_item *item)
{
    const char *property = dt_has(item->host, "interrupts-extended") ? "interrupts-extended" : "interrupts";
    struct interrupt list[ASSIGN_MAX_ENTRIES];
    bool kept[ASSIGN_MAX_ENTRIES];
    unsigned count = read_interrupts(assign, item->host, list);

    for (unsigned i = 0; i < count; i++)
        kept[i] = keep(assign, item, property, &list[i]);
    put_kept(assign, item, list, kept, count);
    if (count != 0)
        assign_put_names(assign, item, "interrupt-names", kept, count);
}
