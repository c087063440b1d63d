// SPDX-License-Identifier: Apache-2.0
/* A node with all its properties, as the domain is to see it. */
#include <stdlib.h>
#include <string.h>

#include "assign.h"
#include "lib/text.h"

static void copy(struct assign *assign, struct assign_item *item, const char *name, struct dt_property value)
{
    out_bytes(&assign->out, out_property(&assign->out, item->node, name), value.data, value.length);
}

/** Puts a property in its place before the others. */
static void put_first(struct assign *assign, struct assign_item *item, const char *name)
{
    struct dt_property value = dt_property(item->host, name);

    if (value.data != NULL)
        copy(assign, item, name, value);
}

/** What is written elsewhere, or only means something on the host. */
static bool is_taken(const struct assign_item *item, const char *name)
{
    static const char *const always[] = {
        "compatible",          "phandle",          "linux,phandle",   "interrupts",
        "interrupts-extended", "interrupt-parent", "interrupt-names", "interrupt-map-mask",
        "xen,passthrough",     "iommu-map-mask",   "msi-map-mask",
    };
    static const char *const of_devices[] = {"status", "reg", "ranges"};
    static const char *const of_buses[] = {"#address-cells", "#size-cells"};

    for (size_t i = 0; i < ARRAY_SIZE(always); i++) {
        if (strcmp(name, always[i]) == 0)
            return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(of_devices); i++) {
        if (item->kind != ASSIGN_PART && strcmp(name, of_devices[i]) == 0)
            return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(of_buses); i++) {
        if (item->bus && strcmp(name, of_buses[i]) == 0)
            return true;
    }
    /* the map is left out, and nobody asks the node for interrupts any more */
    return strcmp(name, "#interrupt-cells") == 0 && dt_has(item->host, "interrupt-map");
}

struct filling {
    struct assign *assign;
    struct assign_item *item;
};

static bool is_valid_name(const char *name)
{
    return name[0] != '\0' &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,._+?#-")] == '\0';
}

/** As dt_for_each_property() wants it. */
static bool put_property(void *context, const char *name, struct dt_property value)
{
    const struct filling *filling = context;
    struct assign *assign = filling->assign;
    struct assign_item *item = filling->item;

    if (is_taken(item, name))
        return true;
    if (!is_valid_name(name))
        assign_list(assign, item->host, name, NULL, "left out: the property's name cannot be written");
    else if (item->kind == ASSIGN_PART && item->parent->bus && strcmp(name, "reg") == 0)
        assign_list(assign, item->host, name, NULL, "left out: the CPU does not reach these registers");
    else if (item->bus && strcmp(name, "dma-ranges") == 0 && value.length != 0)
        assign_list(assign, item->host, name, NULL, "left out: the bus limits or moves what its devices reach by DMA");
    else if (!assign_put_references(assign, item, name, value))
        copy(assign, item, name, value);
    return true;
}

/** What a device has from the buses that it is on. */
static void put_inherited(struct assign *assign, struct assign_item *item)
{
    static const char *const flags[] = {"dma-coherent", "dma-noncoherent"};

    for (struct dt_node bus = dt_parent(item->host); dt_node_valid(bus); bus = dt_parent(bus)) {
        struct dt_property ranges = dt_property(bus, "dma-ranges");

        for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
            if (dt_has(bus, flags[i]) && !dt_has(item->host, "dma-coherent") && !dt_has(item->host, "dma-noncoherent"))
                out_property(&assign->out, item->node, flags[i]);
        }
        if (ranges.length != 0) {
            char shown[ASSIGN_SHOWN_MAX];

            assign_list(assign, bus, "dma-ranges", dt_show(ranges, shown, sizeof(shown)),
                        "left out: the bus limits or moves what its devices reach by DMA");
        }
    }
}

static void put_bus(struct assign *assign, struct assign_item *item)
{
    out_property(&assign->out, item->node, "ranges");
    out_u32(&assign->out, item->node, "#address-cells", 2);
    out_u32(&assign->out, item->node, "#size-cells", assign->size_cells);
}

void assign_fill(struct assign *assign, struct assign_item *item)
{
    struct filling filling = {assign, item};

    put_first(assign, item, "compatible");
    if (item->asked)
        out_string(&assign->out, item->node, "status", "okay");
    assign_put_interrupts(assign, item);
    if (item->kind == ASSIGN_DEVICE) {
        assign_put_registers(assign, item);
        if (item->bus)
            put_bus(assign, item);
    }
    dt_for_each_property(item->host, put_property, &filling);
    if (item->asked)
        put_inherited(assign, item);
}
