// SPDX-License-Identifier: Apache-2.0
/* Properties that refer to other nodes. A reference is kept where the other node comes along; what is known to be a
 * reference and leads out of the domain is left out, and said. */
#include <string.h>

#include "assign.h"
#include "lib/format.h"
#include "lib/text.h"

#define CELL 4u

bool assign_next_entry(const struct dt *tree, struct dt_property list, const char *cells, uint32_t *offset,
                       struct assign_entry *entry)
{
    uint32_t arguments = 0;

    if (list.data == NULL || list.length - *offset < CELL)
        return false;
    entry->phandle = (uint32_t)dt_cells_value(list.data + *offset, 1);
    entry->provider = dt_find_phandle(tree, entry->phandle);
    if (entry->phandle != 0 && cells != NULL &&
        (!dt_node_valid(entry->provider) ||
         (dt_read_u32(entry->provider, cells, &arguments) != HV_OK && strcmp(cells, "#nvmem-cell-cells") != 0)))
        return false;
    if (arguments > (list.length - *offset) / CELL - 1)
        return false;
    entry->specifier = (struct dt_property){list.data + *offset, (1 + arguments) * CELL};
    *offset += entry->specifier.length;
    return true;
}

const char *assign_show_entry(const struct assign_entry *entry, char *buffer, size_t size)
{
    char path[ASSIGN_SHOWN_MAX];
    size_t used;

    if (!dt_node_valid(entry->provider)) {
        format_string(buffer, size, "phandle 0x%x, which no node has", entry->phandle);
        return buffer;
    }
    used = format_string(buffer, size, "%s", dt_path(entry->provider, path, sizeof(path)));
    for (uint32_t i = CELL; i < entry->specifier.length && used < size; i += CELL)
        used +=
            format_string(buffer + used, size - used, " 0x%x", (unsigned)dt_cells_value(entry->specifier.data + i, 1));
    return buffer;
}

void assign_put_entry(struct assign *assign, struct out_property *property, const struct assign_entry *entry,
                      struct out_node *provider)
{
    if (provider != NULL)
        out_reference(&assign->out, property, provider);
    else
        out_cell(&assign->out, property, 0);
    for (uint32_t i = CELL; i < entry->specifier.length; i += CELL)
        out_cell(&assign->out, property, (uint32_t)dt_cells_value(entry->specifier.data + i, 1));
}

void assign_put_names(struct assign *assign, struct assign_item *item, const char *name, const bool *kept,
                      unsigned count)
{
    struct dt_property names = dt_property(item->host, name);
    struct out_property *property = NULL;
    const char *at = (const char *)names.data;

    if (names.data == NULL || names.length == 0 || at[names.length - 1] != '\0')
        return;
    for (unsigned i = 0; i < count && at < (const char *)names.data + names.length; i++, at += strlen(at) + 1) {
        if (kept[i] && property == NULL)
            property = out_property(&assign->out, item->node, name);
        if (kept[i])
            out_bytes(&assign->out, property, at, strlen(at) + 1);
    }
}

/** How a property refers to others. */
struct reference {
    const char *name;  /* with a '*' at its beginning or end: any text there */
    const char *cells; /* how many arguments an entry has, NULL: none */
    const char *names; /* a name for each entry, NULL: there is no such property */
    bool first_only;   /* one phandle, then numbers */
};

static const struct reference references[] = {
    {"resets", "#reset-cells", "reset-names", false},
    {"power-domains", "#power-domain-cells", "power-domain-names", false},
    {"iommus", "#iommu-cells", NULL, false},
    {"dmas", "#dma-cells", "dma-names", false},
    {"phys", "#phy-cells", "phy-names", false},
    {"mboxes", "#mbox-cells", "mbox-names", false},
    {"pwms", "#pwm-cells", "pwm-names", false},
    {"io-channels", "#io-channel-cells", "io-channel-names", false},
    {"interconnects", "#interconnect-cells", "interconnect-names", false},
    {"hwlocks", "#hwlock-cells", "hwlock-names", false},
    {"sound-dai", "#sound-dai-cells", NULL, false},
    {"thermal-sensors", "#thermal-sensor-cells", NULL, false},
    {"cooling-device", "#cooling-cells", NULL, false},
    {"mux-controls", "#mux-control-cells", "mux-control-names", false},
    {"trigger-sources", "#trigger-source-cells", NULL, false},
    {"msi-parent", "#msi-cells", NULL, false},
    {"nvmem-cells", "#nvmem-cell-cells", "nvmem-cell-names", false},
    {"nvmem", NULL, "nvmem-names", false},
    {"memory-region", NULL, "memory-region-names", false},
    {"operating-points-v2", NULL, NULL, false},
    {"required-opps", NULL, NULL, false},
    {"remote-endpoint", NULL, NULL, false},
    {"mmc-pwrseq", NULL, NULL, false},
    {"extcon", NULL, NULL, false},
    {"phy", NULL, NULL, false},
    {"phy-device", NULL, NULL, false},
    {"mdio", NULL, NULL, false},
    {"mdio-parent-bus", NULL, NULL, false},
    {"ethernet", NULL, NULL, false},
    {"sfp", NULL, NULL, false},
    {"i2c-parent", NULL, NULL, false},
    {"i2c-bus", NULL, NULL, false},
    {"ddc-i2c-bus", NULL, NULL, false},
    {"backlight", NULL, NULL, false},
    {"panel", NULL, NULL, false},
    {"leds", NULL, NULL, false},
    {"power-supplies", NULL, NULL, false},
    {"interrupt-affinity", NULL, NULL, false},
    {"gpio-ranges", NULL, NULL, true},
    {"*-handle", NULL, NULL, false},
    {"*syscon", NULL, NULL, true},
    {"*,grf", NULL, NULL, true},
    {"*,gpr", NULL, NULL, true},
    {"gpios", "#gpio-cells", NULL, false},
    {"gpio", "#gpio-cells", NULL, false},
    {"*-gpios", "#gpio-cells", NULL, false},
    {"*-gpio", "#gpio-cells", NULL, false},
};

static const struct reference *find_reference(const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < ARRAY_SIZE(references); i++) {
        const char *pattern = references[i].name;
        size_t tail = strlen(pattern) - 1;

        if (pattern[0] == '*' ? length > tail && strcmp(name + length - tail, pattern + 1) == 0
                              : strcmp(name, pattern) == 0)
            return &references[i];
    }
    return NULL;
}

/** These are numbers, whatever their names end in; a gpio-hog's gpios are those of its parent. */
static bool is_number(struct dt_node node, const char *name)
{
    return strcmp(name, "nr-gpios") == 0 || text_after(name, "snps,nr-gpios") != NULL ||
           (strcmp(name, "gpios") == 0 && dt_has(node, "gpio-hog"));
}

/** One node and numbers that only it understands. */
static bool next_entry(const struct assign *assign, const struct reference *reference, struct dt_property value,
                       uint32_t *offset, struct assign_entry *entry)
{
    if (!reference->first_only)
        return assign_next_entry(assign->tree, value, reference->cells, offset, entry);
    if (*offset != 0 || value.length < CELL)
        return false;
    entry->phandle = (uint32_t)dt_cells_value(value.data, 1);
    entry->provider = dt_find_phandle(assign->tree, entry->phandle);
    entry->specifier = value;
    *offset = value.length;
    return true;
}

static void put_list(struct assign *assign, struct assign_item *item, const char *name,
                     const struct reference *reference, struct dt_property value)
{
    struct out_property *property = NULL;
    struct assign_entry entry;
    bool kept[ASSIGN_MAX_ENTRIES];
    unsigned count = 0;
    uint32_t offset = 0;
    char found[2 * ASSIGN_SHOWN_MAX];

    for (; count < ASSIGN_MAX_ENTRIES && next_entry(assign, reference, value, &offset, &entry); count++) {
        const struct assign_item *provider = dt_node_valid(entry.provider) ? assign_item(assign, entry.provider) : NULL;

        kept[count] = provider != NULL || entry.phandle == 0;
        if (!kept[count]) {
            assign_list(assign, item->host, name, assign_show_entry(&entry, found, sizeof(found)),
                        "left out: what it refers to is not given to the domain");
            continue;
        }
        if (property == NULL)
            property = out_property(&assign->out, item->node, name);
        assign_put_entry(assign, property, &entry, provider != NULL ? provider->node : NULL);
    }
    if (offset != value.length)
        assign_list(assign, item->host, name,
                    dt_show((struct dt_property){value.data + offset, value.length - offset}, found, sizeof(found)),
                    "left out: it is not a list of phandles with their arguments");
    if (reference->names != NULL)
        assign_put_names(assign, item, reference->names, kept, count);
}

/** Whether all states of the node's pins belong to a controller that comes along. */
static bool has_all_pins(const struct assign *assign, struct dt_node node)
{
    char name[32];

    for (unsigned i = 0;; i++) {
        struct assign_entry entry;
        struct dt_property state;
        uint32_t offset = 0;

        format_string(name, sizeof(name), "pinctrl-%u", i);
        state = dt_property(node, name);
        if (state.data == NULL)
            return true;
        while (assign_next_entry(assign->tree, state, NULL, &offset, &entry)) {
            if (!dt_node_valid(entry.provider) || assign_item(assign, entry.provider) == NULL)
                return false;
        }
    }
}

/** The states of a device's pins and their names belong together: all of them, or none. */
static void put_pins(struct assign *assign, struct assign_item *item, const char *name, struct dt_property value)
{
    static const struct reference pins = {"pinctrl-*", NULL, NULL, false};
    struct assign_entry entry;
    uint32_t offset = 0;
    char found[2 * ASSIGN_SHOWN_MAX];

    if (has_all_pins(assign, item->host)) {
        if (strcmp(name, "pinctrl-names") != 0)
            put_list(assign, item, name, &pins, value);
        else
            out_bytes(&assign->out, out_property(&assign->out, item->node, name), value.data, value.length);
        return;
    }
    while (strcmp(name, "pinctrl-names") != 0 && assign_next_entry(assign->tree, value, NULL, &offset, &entry))
        assign_list(assign, item->host, name, assign_show_entry(&entry, found, sizeof(found)),
                    "left out: the pins stay as they are set");
}

/** Whether the list of names is put with the list that it belongs to. */
static bool is_names(struct dt_node node, const char *name)
{
    if (strcmp(name, "clock-names") == 0)
        return dt_has(node, "clocks");
    for (size_t i = 0; i < ARRAY_SIZE(references); i++) {
        if (references[i].names != NULL && strcmp(name, references[i].names) == 0)
            return dt_has(node, references[i].name);
    }
    return false;
}

/** Maps of what is behind a bridge. */
static bool is_map(const char *name)
{
    return strcmp(name, "interrupt-map") == 0 || strcmp(name, "iommu-map") == 0 || strcmp(name, "msi-map") == 0;
}

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), tail = strlen(end);

    return length > tail && strcmp(name + length - tail, end) == 0;
}

bool assign_put_references(struct assign *assign, struct assign_item *item, const char *name, struct dt_property value)
{
    const struct reference *reference = is_number(item->host, name) ? NULL : find_reference(name);
    char found[ASSIGN_SHOWN_MAX];

    if (reference != NULL)
        put_list(assign, item, name, reference, value);
    else if (text_after(name, "pinctrl-") != NULL)
        put_pins(assign, item, name, value);
    else if (strcmp(name, "clocks") == 0)
        assign_put_clocks(assign, item, name, value);
    else if (strcmp(name, "assigned-clocks") == 0)
        assign_put_assigned_clocks(assign, item, value);
    else if (text_after(name, "assigned-clock-") != NULL)
        return dt_has(item->host, "assigned-clocks");
    else if (ends_with(name, "-supply"))
        assign_put_supply(assign, item, name, value);
    else if (is_map(name))
        assign_list(assign, item->host, name, dt_show(value, found, sizeof(found)),
                    "left out: the map leads to controllers of the host");
    else
        return is_names(item->host, name);
    return true;
}
