// SPDX-License-Identifier: Apache-2.0
/* Clocks. A fixed one is copied; one of a controller that stays with the host, or with its firmware, runs as the boot
 * loader set it: the domain sees it as a fixed one, whose rate somebody has to know. */
#include <stdio.h>
#include <string.h>

#include "assign.h"
#include "lib/format.h"

#define CELL 4u
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,._+-"
#define MAX_FACTORS 8 /* fixed-factor clocks behind each other */

static bool same(struct dt_property a, struct dt_property b)
{
    return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

/** The rate that @p node asks for when the clock is first used. @return 0: none */
static uint32_t assigned_rate(const struct dt *tree, struct dt_node node, struct dt_property specifier)
{
    struct dt_property clocks = dt_property(node, "assigned-clocks"), rates = dt_property(node, "assigned-clock-rates");
    struct assign_entry entry;
    uint32_t offset = 0;

    for (uint32_t at = 0; assign_next_entry(tree, clocks, "#clock-cells", &offset, &entry); at += CELL) {
        if (rates.length < CELL || at > rates.length - CELL)
            return 0;
        if (same(entry.specifier, specifier))
            return (uint32_t)dt_cells_value(rates.data + at, 1);
    }
    return 0;
}

/** What the tree says of a clock's rate by itself. @return 0: nothing */
static uint32_t own_rate(const struct dt *tree, struct assign_entry clock)
{
    uint64_t multiplier = 1, divisor = 1;

    for (unsigned i = 0; i < MAX_FACTORS && dt_node_valid(clock.provider); i++) {
        uint32_t rate, by, offset = 0;

        if (clock.specifier.length == CELL && dt_read_u32(clock.provider, "clock-frequency", &rate) == HV_OK)
            return divisor != 0 && rate * multiplier / divisor <= UINT32_MAX ? (uint32_t)(rate * multiplier / divisor)
                                                                             : 0;
        if (!dt_compatible(clock.provider, "fixed-factor-clock"))
            return 0;
        if (dt_read_u32(clock.provider, "clock-mult", &by) == HV_OK)
            multiplier = multiplier * by & UINT32_MAX;
        if (dt_read_u32(clock.provider, "clock-div", &by) == HV_OK)
            divisor = divisor * by & UINT32_MAX;
        if (!assign_next_entry(tree, dt_property(clock.provider, "clocks"), "#clock-cells", &offset, &clock))
            return 0;
    }
    return 0;
}

/** What the user says: of NODE/NAME, or else of NAME in all nodes. @return 0: nothing */
static uint32_t told_rate(struct assign *assign, struct dt_node node, const char *name)
{
    const struct options *options = assign->desk->options;
    const char *const wanted[] = {out_text(&assign->out, "%s/%s", dt_name(node), name), name};

    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
        for (unsigned j = 0; j < options->clock_count; j++) {
            if (strcmp(options->clocks[j].name, wanted[i]) == 0)
                return options->clocks[j].rate;
        }
    }
    return 0;
}

/** @return the clock's name in the node, or its number there */
static const char *clock_name(struct assign *assign, struct dt_node node, unsigned index)
{
    struct dt_property names = dt_property(node, "clock-names");
    const char *name = (const char *)names.data;

    if (names.data != NULL && names.length != 0 && name[names.length - 1] == '\0') {
        for (unsigned i = 0; name < (const char *)names.data + names.length; i++, name += strlen(name) + 1) {
            if (i == index)
                return name;
        }
    }
    return out_text(&assign->out, "%u", index);
}

static struct out_node *fixed_clock(struct assign *assign, const char *name, struct dt_property specifier,
                                    uint32_t rate)
{
    struct out_tree *out = &assign->out;

    for (struct assign_clock *clock = assign->clocks; clock != NULL; clock = clock->next) {
        if (clock->rate == rate && same(clock->specifier, specifier))
            return clock->node;
    }
    struct assign_clock *clock = out_alloc(out, sizeof(*clock));
    char *text = out_text(out, "clock-%s", name);

    /* what a node's name can have */
    for (char *odd = text; *(odd += strspn(odd, LETTERS)) != '\0';)
        *odd = '-';
    *clock = (struct assign_clock){assign->clocks, specifier, rate, out_node(out, assign->passthrough, text)};
    assign->clocks = clock;
    out_string(out, clock->node, "compatible", "fixed-clock");
    out_u32(out, clock->node, "#clock-cells", 0);
    out_u32(out, clock->node, "clock-frequency", rate);
    return clock->node;
}

/** A clock that stays with the host. @return NULL after a report */
static struct out_node *stand_in(struct assign *assign, struct assign_item *item, unsigned index,
                                 const struct assign_entry *entry)
{
    const char *name = clock_name(assign, item->host, index);
    char found[2 * ASSIGN_SHOWN_MAX], text[160];
    uint32_t rate = told_rate(assign, item->host, name);
    const char *from = "--clock";

    if (rate == 0) {
        rate = assigned_rate(assign->tree, item->host, entry->specifier);
        from = "assigned-clock-rates";
    }
    if (rate == 0 && dt_node_valid(entry->provider))
        rate = assigned_rate(assign->tree, entry->provider, entry->specifier);
    if (rate == 0) {
        rate = own_rate(assign->tree, *entry);
        from = "clock-frequency";
    }
    assign_show_entry(entry, found, sizeof(found));
    if (rate == 0) {
        snprintf(text, sizeof(text), "give it with --clock %s=HZ", name);
        assign_error(assign, item->host, "clocks", found, "nothing says which rate this clock of the host has", text);
        return NULL;
    }
    snprintf(text, sizeof(text), "the clock \"%s\" stays with the host: a fixed one of %u Hz stands for it (%s)", name,
             rate, from);
    assign_list(assign, item->host, "clocks", found, text);
    return fixed_clock(assign, name, entry->specifier, rate);
}

static struct out_node *copied_clock(struct assign *assign, struct dt_node clock)
{
    struct assign_item *item =
        assign_add(assign, clock, ASSIGN_COPY, NULL,
                   out_text(&assign->out, "%.*s", (int)strcspn(dt_name(clock), "@"), dt_name(clock)));

    assign_fill(assign, item);
    return item->node;
}

/** The clock as the output has it; @p with_arguments, if it takes those of the entry. */
static struct out_node *clock_node(struct assign *assign, struct assign_item *item, unsigned index,
                                   const struct assign_entry *entry, bool *with_arguments)
{
    const struct assign_item *known = dt_node_valid(entry->provider) ? assign_item(assign, entry->provider) : NULL;

    *with_arguments = known != NULL;
    if (known != NULL)
        return known->node;
    if (dt_node_valid(entry->provider) && dt_compatible(entry->provider, "fixed-clock") &&
        dt_has(entry->provider, "clock-frequency"))
        return copied_clock(assign, entry->provider);
    return stand_in(assign, item, index, entry);
}

void assign_put_clocks(struct assign *assign, struct assign_item *item, const char *name, struct dt_property value)
{
    struct out_property *property = out_property(&assign->out, item->node, name);
    struct assign_entry entry;
    uint32_t offset = 0;
    unsigned index = 0;
    bool kept[ASSIGN_MAX_ENTRIES], arguments = false;

    for (; index < ASSIGN_MAX_ENTRIES && assign_next_entry(assign->tree, value, "#clock-cells", &offset, &entry);
         index++) {
        struct out_node *node = entry.phandle != 0 ? clock_node(assign, item, index, &entry, &arguments) : NULL;

        kept[index] = true;
        if (!arguments)
            entry.specifier.length = CELL;
        assign_put_entry(assign, property, &entry, node);
    }
    if (offset != value.length)
        assign_error(assign, item->host, name, NULL, "not a list of phandles with their arguments", NULL);
    assign_put_names(assign, item, "clock-names", kept, index);
}

/** Rates and parents of clocks that stay with the host are not the domain's to set: all of them, or none. */
void assign_put_assigned_clocks(struct assign *assign, struct assign_item *item, struct dt_property value)
{
    static const char *const lists[] = {"assigned-clocks", "assigned-clock-parents"};
    struct assign_entry entry;
    char found[2 * ASSIGN_SHOWN_MAX];

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        uint32_t offset = 0;

        value = dt_property(item->host, lists[i]);
        while (assign_next_entry(assign->tree, value, "#clock-cells", &offset, &entry)) {
            if (entry.phandle == 0 || (dt_node_valid(entry.provider) && assign_item(assign, entry.provider) != NULL))
                continue;
            assign_list(assign, item->host, lists[i], assign_show_entry(&entry, found, sizeof(found)),
                        "left out, with rates and parents: the clock stays with the host");
            return;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        struct out_property *property = NULL;
        uint32_t offset = 0;

        value = dt_property(item->host, lists[i]);
        while (assign_next_entry(assign->tree, value, "#clock-cells", &offset, &entry)) {
            if (property == NULL)
                property = out_property(&assign->out, item->node, lists[i]);
            assign_put_entry(assign, property, &entry,
                             entry.phandle != 0 ? assign_item(assign, entry.provider)->node : NULL);
        }
    }
    value = dt_property(item->host, "assigned-clock-rates");
    if (value.data != NULL)
        out_bytes(&assign->out, out_property(&assign->out, item->node, "assigned-clock-rates"), value.data,
                  value.length);
}
