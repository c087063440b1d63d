// SPDX-License-Identifier: Apache-2.0
/* Regulators. The host's stay as the boot loader set them; the domain sees fixed ones of the same voltage. */
#include <stdio.h>
#include <string.h>

#include "assign.h"
#include "lib/format.h"

static struct assign_item *add_regulator(struct assign *assign, struct dt_node regulator)
{
    const char *name = dt_name(regulator);

    return assign_add(assign, regulator, ASSIGN_COPY, NULL,
                      out_text(&assign->out, "%.*s", (int)strcspn(name, "@"), name));
}

/** One that the domain cannot switch is always on, as far as it knows. */
static void put_always_on(struct assign *assign, struct assign_item *item)
{
    if (!dt_has(item->host, "regulator-always-on"))
        out_property(&assign->out, item->node, "regulator-always-on");
}

/** A regulator of a PMIC and the like. Of a range of voltages the highest is taken: a fixed regulator has one. */
static void put_stand_in(struct assign *assign, struct assign_item *item)
{
    struct out_tree *out = &assign->out;
    struct dt_property vin = dt_property(item->host, "vin-supply");
    const char *name = item->node->name;
    uint32_t lowest = 0, highest = 0;
    char found[64];

    out_string(out, item->node, "compatible", "regulator-fixed");
    (void)!dt_read_string(item->host, "regulator-name", &name);
    out_string(out, item->node, "regulator-name", name);
    bool known = dt_read_u32(item->host, "regulator-max-microvolt", &highest) == HV_OK;
    if (dt_read_u32(item->host, "regulator-min-microvolt", &lowest) != HV_OK)
        lowest = highest;
    snprintf(found, sizeof(found), "%u to %u microvolt", lowest, highest);
    if (known) {
        out_u32(out, item->node, "regulator-min-microvolt", highest);
        out_u32(out, item->node, "regulator-max-microvolt", highest);
    }
    out_property(out, item->node, "regulator-always-on");
    assign_list(assign, item->host, NULL, known ? found : "no voltage",
                known && lowest != highest
                    ? "the regulator stays with the host: a fixed one of the highest voltage stands for it"
                    : "the regulator stays with the host: a fixed one stands for it");
    if (vin.data != NULL)
        assign_put_supply(assign, item, "vin-supply", vin);
}

/** Whether something switches it that does not come along. */
static bool loses_switch(const struct assign *assign, struct dt_node regulator)
{
    static const char *const switches[] = {"gpio", "gpios", "enable-gpios"};

    for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
        struct assign_entry entry;
        uint32_t offset = 0;

        if (assign_next_entry(assign->tree, dt_property(regulator, switches[i]), "#gpio-cells", &offset, &entry) &&
            dt_node_valid(entry.provider) && assign_item(assign, entry.provider) == NULL)
            return true;
    }
    return false;
}

static struct out_node *copied_regulator(struct assign *assign, struct dt_node regulator)
{
    struct assign_item *item = add_regulator(assign, regulator);

    if (dt_compatible(regulator, "regulator-fixed")) {
        assign_fill(assign, item);
        if (loses_switch(assign, regulator))
            put_always_on(assign, item);
    } else {
        put_stand_in(assign, item);
    }
    return item->node;
}

void assign_put_supply(struct assign *assign, struct assign_item *item, const char *name, struct dt_property value)
{
    struct assign_entry entry;
    uint32_t offset = 0;
    char found[2 * ASSIGN_SHOWN_MAX];

    if (!assign_next_entry(assign->tree, value, NULL, &offset, &entry) || !dt_node_valid(entry.provider)) {
        assign_list(assign, item->host, name, dt_show(value, found, sizeof(found)),
                    "left out: no node has this phandle");
        return;
    }
    struct out_property *property = out_property(&assign->out, item->node, name);
    struct assign_item *known = assign_item(assign, entry.provider);
    out_reference(&assign->out, property, known != NULL ? known->node : copied_regulator(assign, entry.provider));
}
