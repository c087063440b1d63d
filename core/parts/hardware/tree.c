// SPDX-License-Identifier: Apache-2.0
/* The hardware domain's tree: what it has of the host's. */
#include "dt/dt_writer.h"
#include "lib/text.h"
#include "parts/hardware/hardware.h"

struct copy {
    struct dt_writer *tree;
    bool gic; /* of the interrupt controller: its frames are the guest's own, its maintenance interrupt is nobody's */
    bool no_msi;
};

static bool is_left_out(const struct copy *copy, const char *name)
{
    if (copy->gic && (text_equal(name, "reg") || text_equal(name, "interrupts")))
        return true;
    /* A GICv3's ITS, which the guest does not have. PCI devices have their lines then. */
    return copy->no_msi && (text_equal(name, "msi-map") || text_equal(name, "msi-parent"));
}

static bool copy_property(void *context, const char *name, struct dt_property value)
{
    const struct copy *copy = context;

    if (!is_left_out(copy, name))
        dt_put_bytes(copy->tree, name, value.data, value.length);
    return true;
}

static void put_gic_frames(struct dt_writer *tree, const struct plan_domain *plan, const struct machine *machine)
{
    const struct guest_map *map = plan->map;
    bool v3 = machine->gic.version == GIC_V3;
    const struct guest_range *distributor = v3 ? &map->gicd_v3 : &map->gicd, *second = v3 ? &map->gicr : &map->gicc;
    const struct dt_range frames[] = {{distributor->base, distributor->size}, {second->base, second->size}};

    dt_put_reg(tree, frames, ARRAY_SIZE(frames));
}

void hardware_root(struct dt_writer *tree, const struct plan_domain *plan, const struct machine *machine)
{
    /* The plan of one domain leads to that of all: it lies in its list. */
    const void *all = (const uint8_t *)(plan - plan->index) - offsetof(struct system_plan, domains);
    struct hardware_walk walk;
    struct copy copy = {.tree = tree, .no_msi = machine->gic.version == GIC_V3};
    unsigned open = 1; /* the root */

    hardware_start(&walk, machine, all);
    dt_for_each_property(walk.at.node, copy_property, &copy);
    while (hardware_next(&walk)) {
        for (; open > walk.at.depth; open--)
            dt_end_node(tree);
        dt_begin_node(tree, dt_name(walk.at.node));
        open++;
        copy.gic = hardware_is_gic(&walk);
        dt_for_each_property(walk.at.node, copy_property, &copy);
        if (copy.gic)
            put_gic_frames(tree, plan, machine);
    }
    for (; open > 1; open--)
        dt_end_node(tree);
}

static bool copy_alias(void *context, const char *name, struct dt_property value)
{
    struct copy *copy = context;

    if (!text_equal(name, "serial0"))
        dt_put_bytes(copy->tree, name, value.data, value.length);
    return true;
}

void hardware_aliases(struct dt_writer *tree, const struct plan_domain *plan)
{
    struct copy copy = {.tree = tree};
    struct dt_node node = dt_find(plan->config->node.tree, "/aliases");

    if (dt_node_valid(node))
        dt_for_each_property(node, copy_alias, &copy);
}
