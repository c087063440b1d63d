// SPDX-License-Identifier: Apache-2.0
/* Which of the host's nodes are the hardware domain's: all but those that say something else in each domain's tree,
 * what the hypervisor keeps for itself, and what was given to others. */
#include <string.h>

#include "lib/text.h"
#include "parts/hardware/hardware.h"

/* Below the root by name, and anywhere by what it is. */
static const char *const own_names[] = {"chosen", "aliases", "cpus", "__symbols__", "hypervisor"};
static const char *const own_kinds[] = {"arm,armv8-timer",    "arm,armv7-timer",    "arm,psci",
                                        "arm,psci-0.2",       "arm,psci-1.0",       "arm,gic-v3-its",
                                        "arm,armv8-pmuv3",    "arm,cortex-a53-pmu", "arm,cortex-a57-pmu",
                                        "arm,cortex-a72-pmu", "arm,sbsa-gwdt-el2"};

static bool is_own(const struct hardware_walk *walk)
{
    const struct dt_node node = walk->at.node;
    struct dt_property compatible = dt_property(node, "compatible");

    if (walk->at.depth == 1) {
        for (unsigned i = 0; i < ARRAY_SIZE(own_names); i++)
            if (text_equal(dt_name(node), own_names[i]))
                return true;
        if (dt_list_contains(node, "device_type", "memory"))
            return true;
    }
    for (unsigned i = 0; compatible.data != NULL && i < ARRAY_SIZE(own_kinds); i++)
        if (dt_value_contains(compatible, own_kinds[i]))
            return true;
    return false;
}

/** Whether another domain's partial device tree asks for it. */
static bool is_given(const struct hardware_walk *walk)
{
    const struct system_plan *plan = walk->plan;
    struct dt_node node;

    for (unsigned i = 0; plan != NULL && i < plan->domain_count; i++) {
        const struct dt *fragment = &plan->domains[i].fragment;
        if (!plan->domains[i].valid || fragment->blob == NULL)
            continue;
        for (node = dt_root(fragment); dt_node_valid(node); node = dt_next(node)) {
            const char *path;
            if (dt_read_string(node, "xen,path", &path) == HV_OK &&
                dt_find(walk->machine->tree, path).offset == walk->at.node.offset)
                return true;
        }
    }
    return false;
}

static bool is_left_out(const struct hardware_walk *walk)
{
    const struct dt_node node = walk->at.node;

    if (is_own(walk) || dt_has(node, "xen,passthrough"))
        return true;
    if (walk->machine->uart.type != UART_NONE && node.offset == walk->machine->uart.node.offset)
        return true;
    return dt_has(node, "reg") && is_given(walk);
}

void hardware_start(struct hardware_walk *walk, const struct machine *machine, const struct system_plan *plan)
{
    *walk = (struct hardware_walk){.machine = machine, .plan = plan};
    dt_scan_start(&walk->at, machine->tree);
}

bool hardware_next(struct hardware_walk *walk)
{
    dt_scan_next(&walk->at);
    while (dt_node_valid(walk->at.node) && is_left_out(walk))
        dt_scan_skip(&walk->at);
    return dt_node_valid(walk->at.node);
}

bool hardware_is_gic(const struct hardware_walk *walk)
{
    struct dt_range range;

    return dt_has(walk->at.node, "interrupt-controller") && dt_scan_reg_cpu(&walk->at, 0, &range) == HV_OK &&
           range.base == walk->machine->gic.distributor.base;
}
