// SPDX-License-Identifier: Apache-2.0
/* Registers: translated to the CPU's addresses, in whole pages, with what else lies in those. */
#include <stdio.h>
#include <string.h>

#include "assign.h"
#include "lib/format.h"
#include "plan/guest_map.h"

/** The whole pages of @p range. */
static struct region pages_of(struct dt_range range)
{
    return (struct region){align_down(range.base, PAGE_SIZE), align_up(range.base + range.size, PAGE_SIZE)};
}

static bool overlap(struct region a, struct region b)
{
    return a.base < b.end && b.base < a.end;
}

static const char *why_no_register(hv_status status, struct dt_range range)
{
    if (status == HV_E_RANGE)
        return "the CPU does not reach the registers: no ranges of the parents cover them";
    if (status == HV_E_UNSUPPORTED)
        return "addresses of more than two cells are not understood";
    if (status != HV_OK)
        return "the registers do not have the cells that the parent says";
    if (range.size == 0)
        return "registers without a size";
    return range.base + range.size > UINT64_MAX - PAGE_SIZE ? "registers at the end of all addresses" : NULL;
}

/** @return false at the end, or after a report */
static bool read_register(struct assign *assign, const struct assign_item *item, unsigned index, struct dt_range *range)
{
    hv_status status = dt_reg_cpu(item->host, index, range);
    const char *problem = why_no_register(status, *range);
    char shown[ASSIGN_SHOWN_MAX];

    if (status == HV_E_MISSING)
        return false;
    if (problem != NULL)
        assign_error(assign, item->host, "reg", dt_show(dt_property(item->host, "reg"), shown, sizeof(shown)), problem,
                     status == HV_E_RANGE ? "ask for the bus that the device is on" : NULL);
    return problem == NULL;
}

static void add_pages(struct assign *assign, struct assign_item *item)
{
    struct dt_range range = {0};

    for (unsigned i = 0; read_register(assign, item, i, &range); i++) {
        struct region pages = pages_of(range);

        if (regions_add(&assign->pages, pages.base, region_size(pages)) != HV_OK)
            assign_error(assign, item->host, "reg", NULL, "more ranges of pages than there can be", NULL);
        if (range.size > UINT32_MAX || region_size(pages) > UINT32_MAX)
            assign->size_cells = 2;
    }
}

/** Pages of one range stay together; where an address is asked for, the ranges follow each other from there. */
static void place_pages(struct assign *assign)
{
    const struct options *options = assign->desk->options;
    uint64_t next = options->guest_at;

    for (unsigned i = 0; i < assign->pages.count; i++) {
        assign->guest_base[i] = options->has_guest_at ? next : assign->pages.list[i].base;
        next += region_size(assign->pages.list[i]);
    }
}

uint64_t assign_guest_address(const struct assign *assign, uint64_t address)
{
    for (unsigned i = 0; i < assign->pages.count; i++) {
        if (address >= assign->pages.list[i].base && address < assign->pages.list[i].end)
            return assign->guest_base[i] + (address - assign->pages.list[i].base);
    }
    return address;
}

/** Names that a message lists, as many as there is room for. */
struct name_list {
    char text[512];
    size_t used;
};

static void add_name(struct name_list *list, const char *name, bool enabled)
{
    size_t room = sizeof(list->text) - list->used;
    size_t length = format_string(list->text + list->used, room, "%s%s%s", list->used != 0 ? ", " : "", name,
                                  enabled ? "" : " (disabled)");

    if (length < room)
        list->used += length;
    else
        memcpy(list->text + sizeof(list->text) - sizeof("..."), "...", sizeof("..."));
}

/** Whether one of the registers at @p scan lies in a page of @p item's. */
static bool shares_page(const struct dt_scan *scan, const struct assign_item *item)
{
    struct dt_range own, other;

    for (unsigned i = 0; dt_scan_reg_cpu(scan, i, &other) == HV_OK; i++) {
        for (unsigned j = 0; other.size != 0 && dt_reg_cpu(item->host, j, &own) == HV_OK; j++) {
            if (overlap(pages_of(own), pages_of(other)))
                return true;
        }
    }
    return false;
}

/** Whether @p node is a parent of @p item's: its range holds that of the device, as a bus's does. */
static bool is_above(struct dt_node node, const struct assign_item *item)
{
    struct dt_scan scan;

    if (!dt_scan_to(&scan, item->host))
        return false;
    for (unsigned depth = 0; depth < scan.depth; depth++) {
        if (scan.ancestors[depth] == node.offset)
            return true;
    }
    return false;
}

/** Reports who else has registers in the item's pages, and RAM in their place. */
static void check_neighbours(struct assign *assign, struct assign_item *item)
{
    struct name_list others = {{0}, 0};
    struct dt_scan scan;

    for (dt_scan_start(&scan, assign->tree); dt_node_valid(scan.node); dt_scan_next(&scan)) {
        char path[ASSIGN_SHOWN_MAX];

        if (!dt_has(scan.node, "reg") || assign_item(assign, scan.node) != NULL || is_above(scan.node, item) ||
            !shares_page(&scan, item))
            continue;
        dt_path(scan.node, path, sizeof(path));
        if (assign_owner(assign, scan.node) != NULL)
            assign_error(assign, item->host, "reg", path, "shares a page with what the hypervisor has", NULL);
        else
            add_name(&others, path, dt_enabled(scan.node));
    }
    if (others.used != 0)
        dt_report(assign->diag, DIAG_WARNING, item->host, "reg", others.text, NULL,
                  "the domain reaches other devices, too: they have registers in the same page",
                  "leave them unused, or give them to the same domain");
}

static bool meets(struct region range, struct guest_range taken)
{
    return overlap(range, (struct region){taken.base, taken.base + taken.size});
}

static void check_guest_range(struct assign *assign, struct dt_node node, struct region range)
{
    const struct guest_map *map = &guest_map_xen;
    char found[48], message[160];

    snprintf(found, sizeof(found), "0x%llx", (unsigned long long)range.base);
    if (meets(range, map->gicd) || meets(range, map->gicc) || meets(range, map->gicd_v3) || meets(range, map->gicr) ||
        meets(range, map->uart))
        assign_error(assign, node, "reg", found, "a domain has its interrupt controller or its UART there",
                     "give another address with --guest");
    for (size_t i = 0; i < ARRAY_SIZE(map->ram); i++) {
        if (!meets(range, map->ram[i]))
            continue;
        uint64_t room = range.base > map->ram[i].base ? range.base - map->ram[i].base : 0;
        snprintf(message, sizeof(message), "a domain has its RAM from 0x%llx on: it must end below, after %llu MiB",
                 (unsigned long long)map->ram[i].base, (unsigned long long)(room >> 20));
        dt_report(assign->diag, DIAG_NOTE, node, "reg", found, NULL, message, NULL);
    }
}

static void check_guest_ranges(struct assign *assign, struct assign_item *item)
{
    struct dt_range range;

    for (unsigned i = 0; dt_reg_cpu(item->host, i, &range) == HV_OK; i++) {
        struct region pages = pages_of(range);
        uint64_t base = assign_guest_address(assign, pages.base);

        check_guest_range(assign, item->host, (struct region){base, base + region_size(pages)});
    }
}

void assign_plan_pages(struct assign *assign)
{
    for (struct assign_item *item = assign->items; item != NULL; item = item->next) {
        if (item->kind == ASSIGN_DEVICE)
            add_pages(assign, item);
    }
    place_pages(assign);
    for (struct assign_item *item = assign->items; item != NULL && assign->diag->errors == 0; item = item->next) {
        if (item->kind == ASSIGN_DEVICE) {
            check_neighbours(assign, item);
            check_guest_ranges(assign, item);
        }
    }
}

/** Puts those pages that no xen,reg has yet: each is mapped once. */
static void put_new_pages(struct assign *assign, struct assign_item *item, struct out_property *property,
                          struct region pages)
{
    struct region_set left = {0};
    hv_status status = regions_add(&left, pages.base, region_size(pages));

    for (unsigned i = 0; i < assign->mapped.count && status == HV_OK; i++)
        status = regions_remove(&left, assign->mapped.list[i].base, region_size(assign->mapped.list[i]));
    if (status == HV_OK)
        status = regions_add(&assign->mapped, pages.base, region_size(pages));
    if (status != HV_OK)
        assign_error(assign, item->host, "reg", NULL, "more ranges of pages than there can be", NULL);
    for (unsigned i = 0; i < left.count; i++) {
        out_number_in(&assign->out, property, left.list[i].base, 2);
        out_number_in(&assign->out, property, region_size(left.list[i]), assign->size_cells);
        out_number_in(&assign->out, property, assign_guest_address(assign, left.list[i].base), 2);
    }
}

/** An IOMMU that the board uses, for one that the node names. */
static bool behind_iommu(const struct assign *assign, struct dt_node node)
{
    struct dt_property list = dt_property(node, "iommus");
    struct assign_entry entry;
    uint32_t offset = 0;

    while (assign_next_entry(assign->tree, list, "#iommu-cells", &offset, &entry)) {
        if (dt_node_valid(entry.provider) && dt_enabled(entry.provider))
            return true;
    }
    return false;
}

static void put_protocol(struct assign *assign, struct assign_item *item)
{
    struct out_tree *out = &assign->out;
    struct dt_range range;
    char path[ASSIGN_PATH_MAX];

    dt_path(item->host, path, sizeof(path));
    if (strlen(path) == sizeof(path) - 1)
        assign_error(assign, item->host, NULL, NULL, "the path is longer than this command can write", NULL);
    out_string(out, item->node, "xen,path", path);
    struct out_property *mapped = out_property(out, item->node, "xen,reg");
    for (unsigned i = 0; dt_reg_cpu(item->host, i, &range) == HV_OK; i++)
        put_new_pages(assign, item, mapped, pages_of(range));
    if (!behind_iommu(assign, item->host)) {
        out_property(out, item->node, "xen,force-assign-without-iommu");
        assign_list(assign, item->host, "iommus", dt_has(item->host, "iommus") ? "a disabled IOMMU" : "no IOMMU",
                    "xen,force-assign-without-iommu is written: if the device does DMA, it reaches all memory");
    }
}

void assign_put_registers(struct assign *assign, struct assign_item *item)
{
    struct out_tree *out = &assign->out;
    struct dt_range range;
    bool has_registers = dt_has(item->host, "reg");

    if (!has_registers && item->asked && !item->bus)
        assign_list(assign, item->host, NULL, "no reg",
                    "the node has no registers: nothing is mapped, it is copied for what it says");
    if (!has_registers && !item->gic)
        return;
    put_protocol(assign, item);
    if (!has_registers)
        return;
    struct out_property *property = out_property(out, item->node, "reg");
    for (unsigned i = 0; dt_reg_cpu(item->host, i, &range) == HV_OK; i++) {
        out_number_in(out, property, assign_guest_address(assign, range.base), 2);
        out_number_in(out, property, range.size, assign->size_cells);
    }
}
