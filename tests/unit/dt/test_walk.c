// SPDX-License-Identifier: Apache-2.0
/* Nodes and properties of real trees, as libfdt sees them. */
#include <check.h>
#include <libfdt.h>
#include <string.h>

#include "support/blob.h"
#include "support/suite.h"

static const char *const trees[] = {"ok/two-domains.dtb",  "ok/server.dtb",       "ok/zynqmp.dtb",
                                    "ok/uboot-script.dtb", "ok/domains-lost.dtb", "bad/no-chosen.dtb"};
static struct blob blob;
static struct dt tree;

/** Opens the tree of this turn of a loop test. */
static void open_tree(int index)
{
    blob = blob_read(trees[index]);
    blob_open(&blob, &tree);
}

static struct dt_node node_at(int offset)
{
    return (struct dt_node){.tree = &tree, .offset = offset};
}

/** libfdt says "no node" with any negative number. */
static void assert_node(struct dt_node node, int expected)
{
    if (expected < 0)
        ck_assert(!dt_node_valid(node));
    else
        ck_assert_int_eq(node.offset, expected);
}

START_TEST(nodes)
{
    int expected = 0;

    open_tree(_i);
    for (struct dt_node node = dt_root(&tree); dt_node_valid(node); node = dt_next(node)) {
        char path[DT_PATH_MAX], expected_path[DT_PATH_MAX];

        ck_assert_int_eq(node.offset, expected);
        ck_assert_str_eq(dt_name(node), fdt_get_name(blob.data, expected, NULL));
        assert_node(dt_first_child(node), fdt_first_subnode(blob.data, expected));
        if (expected > 0)
            assert_node(dt_next_sibling(node), fdt_next_subnode(blob.data, expected));
        assert_node(dt_parent(node), fdt_parent_offset(blob.data, expected));
        ck_assert_int_eq(fdt_get_path(blob.data, expected, expected_path, sizeof(expected_path)), 0);
        ck_assert_str_eq(dt_path(node, path, sizeof(path)), expected_path);
        assert_node(dt_find(&tree, path), expected);
        expected = fdt_next_node(blob.data, expected, NULL);
    }
    ck_assert_int_lt(expected, 0);
    ck_assert(!dt_node_valid(dt_next_sibling(dt_root(&tree))));
    blob_free(&blob);
}
END_TEST

START_TEST(scans)
{
    struct dt_scan scan, other;

    open_tree(_i);
    dt_scan_start(&scan, &tree);
    for (struct dt_node node = dt_root(&tree); dt_node_valid(node); node = dt_next(node)) {
        ck_assert_int_eq(scan.node.offset, node.offset);
        ck_assert_int_eq((int)scan.depth, fdt_node_depth(blob.data, node.offset));
        for (unsigned depth = 0; depth <= scan.depth; depth++)
            ck_assert_int_eq(scan.ancestors[depth],
                             fdt_supernode_atdepth_offset(blob.data, node.offset, (int)depth, NULL));
        ck_assert(dt_scan_to(&other, node));
        ck_assert_int_eq((int)other.depth, (int)scan.depth);
        ck_assert_mem_eq(other.ancestors, scan.ancestors, (scan.depth + 1) * sizeof(int));
        dt_scan_next(&scan);
    }
    ck_assert(!dt_node_valid(scan.node));
    dt_scan_next(&scan);
    dt_scan_skip(&scan);
    ck_assert(!dt_node_valid(scan.node));
    blob_free(&blob);
}
END_TEST

/** Leaving out what is below a node leads to its sibling, or to the next sibling of a parent. */
START_TEST(scan_skips)
{
    open_tree(_i);
    for (struct dt_node node = dt_root(&tree); dt_node_valid(node); node = dt_next(node)) {
        struct dt_node expected = node;
        struct dt_scan scan;

        while (dt_node_valid(expected) && !dt_node_valid(dt_next_sibling(expected)))
            expected = dt_parent(expected);
        ck_assert(dt_scan_to(&scan, node));
        dt_scan_skip(&scan);
        assert_node(scan.node, dt_node_valid(expected) ? dt_next_sibling(expected).offset : -1);
    }
    blob_free(&blob);
}
END_TEST

struct visit {
    int node;
    int property;
};

static bool compare_property(void *context, const char *name, struct dt_property value)
{
    struct visit *visit = context;
    const char *expected_name;
    int length;
    const void *expected = fdt_getprop_by_offset(blob.data, visit->property, &expected_name, &length);

    ck_assert_str_eq(name, expected_name);
    ck_assert_int_eq((int)value.length, length);
    ck_assert_ptr_eq(value.data, expected);
    ck_assert_ptr_eq(dt_property(node_at(visit->node), name).data, expected);
    ck_assert(dt_has(node_at(visit->node), name));
    visit->property = fdt_next_property_offset(blob.data, visit->property);
    return true;
}

START_TEST(properties)
{
    open_tree(_i);
    for (struct dt_node node = dt_root(&tree); dt_node_valid(node); node = dt_next(node)) {
        struct visit visit = {node.offset, fdt_first_property_offset(blob.data, node.offset)};

        dt_for_each_property(node, compare_property, &visit);
        ck_assert_int_lt(visit.property, 0);
        ck_assert_ptr_null(dt_property(node, "no-such-property").data);
        ck_assert_int_eq(dt_compatible(node, "simple-bus"),
                         fdt_node_check_compatible(blob.data, node.offset, "simple-bus") == 0);
        if (fdt_get_phandle(blob.data, node.offset) != 0)
            assert_node(dt_find_phandle(&tree, fdt_get_phandle(blob.data, node.offset)), node.offset);
    }
    assert_node(dt_find_phandle(&tree, 0), -1);
    assert_node(dt_find_phandle(&tree, UINT32_MAX), -1);
    assert_node(dt_find_phandle(&tree, 0x7fffffff), -1);
    assert_node(dt_chosen(&tree), fdt_path_offset(blob.data, "/chosen"));
    blob_free(&blob);
}
END_TEST

static bool stop_at_second(void *context, const char *name, struct dt_property value)
{
    (void)name;
    (void)value;
    return ++*(int *)context < 2;
}

START_TEST(visiting_stops)
{
    int count = 0;

    blob = blob_read("ok/two-domains.dtb");
    blob_open(&blob, &tree);
    dt_for_each_property(dt_root(&tree), stop_at_second, &count);
    ck_assert_int_eq(count, 2);
    blob_free(&blob);
}
END_TEST

START_TEST(paths)
{
    static const char *const same[] = {"serial0",
                                       "serial0:115200n8",
                                       "/soc/bus@10000/serial@1000",
                                       "/soc/bus/serial@1000",
                                       "//soc//bus@10000/serial@1000:9600",
                                       "/soc/bus@10000/serial"};
    static const char *const none[] = {"",
                                       ":",
                                       "serial9",
                                       "serial0/child",
                                       "/soc/bus@10000/serial@3000",
                                       "/so",
                                       "/soc/bus@",
                                       "soc",
                                       "/soc/bus@10000/serial@1000/x",
                                       "/aliases/serial0"};
    struct dt_scan scan;
    int expected;

    blob = blob_read("ok/server.dtb");
    blob_open(&blob, &tree);
    expected = fdt_path_offset(blob.data, "/soc/bus@10000/serial@1000");
    ck_assert_int_gt(expected, 0);
    for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
        assert_node(dt_find(&tree, same[i]), expected);
        ck_assert(dt_scan_find(&scan, &tree, same[i]));
        ck_assert_int_eq((int)scan.depth, 3);
        ck_assert_int_eq(scan.ancestors[3], expected);
        ck_assert_int_eq(scan.ancestors[1], fdt_path_offset(blob.data, "/soc"));
    }
    for (size_t i = 0; i < ARRAY_SIZE(none); i++)
        ck_assert_msg(!dt_node_valid(dt_find(&tree, none[i])), "%s", none[i]);
    assert_node(dt_find(&tree, "/"), 0);
    assert_node(dt_find(&tree, "/:x"), 0);
    blob_free(&blob);
}
END_TEST

/** An alias names a path, not another alias: nothing can lead round in a circle. */
START_TEST(aliases)
{
    void *writer = blob_begin();
    char longest[DT_MAX_DEPTH * 4 + 16] = "";

    fdt_begin_node(writer, "aliases");
    fdt_property_string(writer, "a", "b");
    fdt_property_string(writer, "b", "a");
    fdt_property_string(writer, "me", "/aliases");
    fdt_property_string(writer, "deep", "/me/there");
    fdt_property(writer, "empty", "", 0);
    fdt_property(writer, "unterminated", "/me", 3);
    fdt_end_node(writer);
    fdt_begin_node(writer, "me");
    fdt_begin_node(writer, "there");
    fdt_end_node(writer);
    fdt_end_node(writer);
    blob = blob_finish(writer);
    blob_open(&blob, &tree);
    ck_assert(!dt_node_valid(dt_find(&tree, "a")));
    ck_assert(!dt_node_valid(dt_find(&tree, "empty")));
    ck_assert(!dt_node_valid(dt_find(&tree, "unterminated")));
    ck_assert_str_eq(dt_name(dt_find(&tree, "me")), "aliases");
    ck_assert_str_eq(dt_name(dt_find(&tree, "deep")), "there");
    memset(longest, 'x', sizeof(longest) - 1);
    ck_assert(!dt_node_valid(dt_find(&tree, longest)));
    blob_free(&blob);
}
END_TEST

START_TEST(long_paths_are_cut)
{
    char buffer[DT_PATH_MAX];
    struct dt_node node;

    blob = blob_read("ok/server.dtb");
    blob_open(&blob, &tree);
    node = dt_find(&tree, "serial0");
    ck_assert_str_eq(dt_path(node, buffer, 27), "/soc/bus@10000/serial@1000");
    ck_assert_str_eq(dt_path(node, buffer, 26), "/soc/bus@10000/serial@...");
    ck_assert_str_eq(dt_path(node, buffer, 8), "/soc...");
    ck_assert_str_eq(dt_path(node, buffer, 4), "...");
    ck_assert_str_eq(dt_path(node, buffer, 2), "/");
    ck_assert_str_eq(dt_path(node_at(-1), buffer, sizeof(buffer)), "(no node)");
    blob_free(&blob);
}
END_TEST

/** Every function that takes a node takes "no node" as well. */
START_TEST(no_node)
{
    struct dt_node none;
    struct dt_range range;
    struct dt_interrupt interrupt;
    const char *text;
    uint64_t number;

    blob = blob_read("ok/server.dtb");
    blob_open(&blob, &tree);
    none = node_at(-1);
    ck_assert(!dt_node_valid(dt_first_child(none)));
    ck_assert(!dt_node_valid(dt_next_sibling(none)));
    ck_assert(!dt_node_valid(dt_parent(none)));
    ck_assert(!dt_node_valid(dt_parent(dt_root(&tree))));
    assert_node(dt_next(none), 0);
    ck_assert_str_eq(dt_name(none), "");
    ck_assert(!dt_has(none, "reg"));
    ck_assert_int_eq(dt_reg(none, 0, &range), HV_E_MISSING);
    ck_assert_int_eq(dt_reg(dt_root(&tree), 0, &range), HV_E_MISSING);
    ck_assert_int_eq(dt_reg_cpu(none, 0, &range), HV_E_MISSING);
    ck_assert_int_eq(dt_reg_cpu(dt_root(&tree), 0, &range), HV_E_MISSING);
    ck_assert_int_eq(dt_interrupt(none, 0, &interrupt), HV_E_MISSING);
    ck_assert_int_eq(dt_read_string(none, "x", &text), HV_E_MISSING);
    ck_assert_int_eq(dt_read_u64(none, "x", &number), HV_E_MISSING);
    dt_for_each_property(none, compare_property, NULL);
    blob_free(&blob);
}
END_TEST

/** Nodes as U-Boot leaves them after "fdt rm": covered with NOPs. */
START_TEST(nops)
{
    int before = 0, after = 0, removed;
    struct dt_node node;

    blob = blob_read("ok/two-domains.dtb");
    blob_open(&blob, &tree);
    for (node = dt_root(&tree); dt_node_valid(node); node = dt_next(node))
        before++;
    removed = fdt_path_offset(blob.data, "/chosen/good");
    ck_assert_int_gt(removed, 0);
    ck_assert_int_eq(fdt_nop_node(blob.data, removed), 0);
    ck_assert_int_eq(fdt_nop_property(blob.data, 0, "model"), 0);
    blob_open(&blob, &tree);
    for (node = dt_root(&tree); dt_node_valid(node); node = dt_next(node))
        after++;
    ck_assert_int_eq(before - after, 3);
    ck_assert(!dt_node_valid(dt_find(&tree, "/chosen/good")));
    ck_assert(dt_node_valid(dt_find(&tree, "/chosen/domU1")));
    ck_assert(!dt_has(dt_root(&tree), "model"));
    ck_assert(dt_has(dt_root(&tree), "compatible"));
    blob_free(&blob);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, nodes, 0, (int)ARRAY_SIZE(trees));
    tcase_add_loop_test(tests, scans, 0, (int)ARRAY_SIZE(trees));
    tcase_add_loop_test(tests, scan_skips, 0, (int)ARRAY_SIZE(trees));
    tcase_add_loop_test(tests, properties, 0, (int)ARRAY_SIZE(trees));
    tcase_add_test(tests, visiting_stops);
    tcase_add_test(tests, paths);
    tcase_add_test(tests, aliases);
    tcase_add_test(tests, long_paths_are_cut);
    tcase_add_test(tests, no_node);
    tcase_add_test(tests, nops);
}

int main(void)
{
    return suite_run("walk", add_tests, NULL);
}
