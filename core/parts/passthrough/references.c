// SPDX-License-Identifier: Apache-2.0
/* Phandles of a partial device tree: each must lead to one of its nodes, or to the guest's interrupt controller. Which
 * properties hold one is known by name; only their first cell is looked at. */
#include <string.h>

#include "lib/text.h"
#include "parts/passthrough/passthrough.h"

static const char *const referring[] = {
    "interrupt-parent", "clocks", "resets", "power-domains", "iommus", "phy-handle", "phys", "dmas", "pinctrl-0",
};

static bool refers(const char *name)
{
    const char *supply = strrchr(name, '-');

    for (unsigned i = 0; i < ARRAY_SIZE(referring); i++)
        if (text_equal(name, referring[i]))
            return true;
    return supply != NULL && text_equal(supply, "-supply");
}

static bool check(void *context, const char *name, struct dt_property value)
{
    struct fragment *fragment = context;
    const struct plan_domain *domain = fragment->inspection->domain;
    char found[32];

    if (!refers(name) || value.length < sizeof(uint32_t))
        return true;
    uint32_t phandle = (uint32_t)dt_cells_value(value.data, 1);
    if (phandle == domain->map->gic_phandle || dt_node_valid(dt_find_phandle(&domain->fragment, phandle)))
        return true;
    format_string(found, sizeof(found), "<0x%x ...>", phandle);
    fragment_report(fragment, DIAG_WARNING, name, found, NULL,
                    "the partial device tree has no node with this phandle: the driver may fail", NULL);
    return true;
}

static void check_own(struct fragment *fragment)
{
    if (fragment_phandle(fragment->at.node) != fragment->inspection->domain->map->gic_phandle)
        return;
    fragment_report(fragment, DIAG_ERROR, "phandle", NULL, NULL,
                    "the phandle stands for the guest's interrupt controller", "give the node another one");
}

void fragment_references(struct fragment *fragment)
{
    if (!dt_scan_find(&fragment->at, &fragment->inspection->domain->fragment, "/" PASSTHROUGH_NODE))
        return;
    unsigned depth = fragment->at.depth;
    do {
        check_own(fragment);
        dt_for_each_property(fragment->at.node, check, fragment);
        dt_scan_next(&fragment->at);
    } while (dt_node_valid(fragment->at.node) && fragment->at.depth > depth);
}
