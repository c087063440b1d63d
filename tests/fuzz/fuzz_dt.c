// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a device tree: refused with one report, or read to its end by every accessor. */
#include <libfdt.h>
#include <string.h>

#include "dt/dt.h"
#include "support/fuzz.h"

/* What is found from the root is asked for only of the first nodes and of some others: it costs a walk each time. */
#define FIRST_NODES 8
#define OTHER_NODES 61 /* one in so many */

static const char *const names[] = {"reg", "compatible", "status", "interrupts", "#address-cells", "phandle"};

static void read_typed(struct dt_node node, const char *name)
{
    const char *text;
    uint32_t u32;
    uint64_t u64;

    if (dt_read_u32(node, name, &u32) == HV_OK)
        FUZZ_REQUIRE(dt_has(node, name));
    if (dt_read_u64(node, name, &u64) == HV_OK)
        FUZZ_REQUIRE(dt_property(node, name).length == 4 || dt_property(node, name).length == 8);
    if (dt_read_string(node, name, &text) == HV_OK)
        FUZZ_REQUIRE(strlen(text) < dt_property(node, name).length);
    (void)dt_list_contains(node, name, "okay");
}

/** What a walk carries along. */
struct look {
    const struct dt *tree;
    const uint8_t *end; /* of the structure block */
    unsigned left;      /* properties to look at */
};

static bool look_at(void *context, const char *name, struct dt_property value)
{
    char text[64];
    struct look *look = context;

    FUZZ_REQUIRE(name[0] != '\0' && value.data > look->tree->structure && value.data <= look->end);
    FUZZ_REQUIRE(value.length <= (size_t)(look->end - value.data));
    FUZZ_REQUIRE(strlen(dt_show(value, text, sizeof(text))) < sizeof(text));
    (void)dt_value_contains(value, "arm,gic-400");
    return --look->left != 0;
}

static void read_here(struct dt_scan *scan)
{
    const struct dt *tree = scan->node.tree;
    struct look look = {tree, tree->structure + fdt_size_dt_struct(tree->blob), 200};
    struct dt_range range;
    struct dt_interrupt interrupt;

    FUZZ_REQUIRE(scan->depth < DT_MAX_DEPTH && scan->ancestors[scan->depth] == scan->node.offset);
    dt_for_each_property(scan->node, look_at, &look);
    for (unsigned i = 0; i < 4; i++) {
        if (dt_scan_reg_cpu(scan, i, &range) == HV_OK)
            FUZZ_REQUIRE(range.base + range.size >= range.base || range.base + range.size == 0);
        if (dt_reg_cells(scan->node, i, 1 + i % 2, i / 2, &range) == HV_OK)
            FUZZ_REQUIRE(range.base + range.size >= range.base || range.base + range.size == 0);
        if (dt_scan_interrupt(scan, i, &interrupt) == HV_OK)
            FUZZ_REQUIRE(interrupt.intid >= 16 && interrupt.intid < HV_MAX_INTIDS);
    }
    (void)dt_compatible(scan->node, "arm,pl011");
    (void)dt_enabled(scan->node);
}

/** What looks for the node from the root finds the same as the walk. */
static void read_from_root(const struct dt_scan *scan, struct diag *diag)
{
    struct dt_node node = scan->node;
    struct dt_scan same, found;
    struct dt_range range, again;
    struct dt_interrupt interrupt;
    char path[DT_PATH_MAX];
    uint32_t address_cells, size_cells;

    FUZZ_REQUIRE(strlen(dt_path(node, path, sizeof(path))) < sizeof(path));
    (void)dt_path(node, path, 5);
    FUZZ_REQUIRE(dt_scan_to(&same, node) && same.depth == scan->depth);
    FUZZ_REQUIRE(dt_parent(node).offset == (scan->depth == 0 ? -1 : scan->ancestors[scan->depth - 1]));
    for (unsigned i = 0; i < 2; i++) {
        hv_status status = dt_reg_cpu(node, i, &range);
        FUZZ_REQUIRE(status == dt_scan_reg_cpu(scan, i, &again));
        FUZZ_REQUIRE(status != HV_OK || (range.base == again.base && range.size == again.size));
        (void)(dt_interrupt(node, i, &interrupt) == HV_OK);
        (void)(dt_reg(node, i, &range) == HV_OK);
    }
    (void)(dt_cells(node, false, &address_cells, &size_cells) == HV_OK);
    (void)(dt_cells(node, true, &address_cells, &size_cells) == HV_OK);
    /* Of two that share a name, the first. A colon ends a path, and must not be in a name. */
    if (dt_scan_find(&found, node.tree, dt_path(node, path, sizeof(path))) && strchr(path, ':') == NULL)
        FUZZ_REQUIRE(found.node.offset <= node.offset);
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        read_typed(node, names[i]);
    dt_report(diag, DIAG_NOTE, node, "reg", NULL, NULL, "looked at", NULL);
}

static unsigned walk(const struct dt *tree, struct diag *diag)
{
    struct dt_scan scan;
    struct dt_node linear = dt_root(tree);
    unsigned count = 0;

    for (dt_scan_start(&scan, tree); dt_node_valid(scan.node); dt_scan_next(&scan), linear = dt_next(linear)) {
        FUZZ_REQUIRE(linear.offset == scan.node.offset);
        (void)dt_name(scan.node);
        read_here(&scan);
        if (count < FIRST_NODES || count % OTHER_NODES == 0)
            read_from_root(&scan, diag);
        count++;
    }
    FUZZ_REQUIRE(!dt_node_valid(linear));
    return count;
}

static unsigned count_below(struct dt_node node, unsigned *left)
{
    unsigned count = 1;

    DT_FOR_EACH_CHILD(child, node)
    {
        if (*left == 0)
            break;
        --*left;
        count += count_below(child, left);
    }
    return count;
}

static void look_up(const struct dt *tree)
{
    static const char *const paths[] = {"/", "/chosen", "/cpus", "serial0", "serial0:115200n8", "/a/b", "//", "", "a"};
    struct dt_range range;

    for (unsigned i = 0; i < ARRAY_SIZE(paths); i++)
        (void)dt_find(tree, paths[i]);
    for (uint32_t phandle = 0; phandle < 4; phandle++)
        (void)dt_find_phandle(tree, phandle - 1);
    for (unsigned i = 0; dt_reservation(tree, i, &range); i++)
        FUZZ_REQUIRE(i < tree->size / 16);
    FUZZ_REQUIRE(!dt_node_valid(dt_chosen(tree)) || strcmp(dt_name(dt_chosen(tree)), "chosen") == 0);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    struct fuzz_diag diag;
    struct dt tree;

    fuzz_diag_start(&diag);
    if (dt_open(&tree, data, size, &diag.diag) != HV_OK) {
        FUZZ_REQUIRE(diag.diag.errors == 1);
        return;
    }
    FUZZ_REQUIRE(diag.diag.errors == 0 && tree.size <= size);
    unsigned nodes = walk(&tree, &diag.diag), left = nodes;
    FUZZ_REQUIRE(count_below(dt_root(&tree), &left) == nodes);
    look_up(&tree);
}
