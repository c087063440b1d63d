// SPDX-License-Identifier: Apache-2.0
/* What dt_open() refuses: anything that is not a whole, well-formed tree; and it says what is wrong. */
#include <check.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "support/blob.h"
#include "support/reports.h"
#include "support/suite.h"

static struct blob blob;
static struct dt tree;
static struct reports reports;

static void setup(void)
{
    blob = blob_read("ok/server.dtb");
    reports_start(&reports);
}

static void assert_refused(const void *data, uint64_t space, hv_status expected, const char *message)
{
    reports_start(&reports);
    ck_assert_int_eq(dt_open(&tree, data, space, &reports.diag), expected);
    ck_assert_msg(reports_have(&reports, message), "expected '%s', but there is:\n%s", message, reports.text);
    ck_assert_uint_eq(reports.diag.errors, 1);
    ck_assert_uint_eq(reports.diag.warnings, 0);
    /* and without anybody to tell */
    ck_assert_int_eq(dt_open(&tree, data, space, NULL), expected);
}

static void set_cell(uint32_t offset, uint32_t value)
{
    fdt32_st(blob.data + offset, value);
}

static void set_token(int offset, uint32_t value)
{
    set_cell(fdt_off_dt_struct(blob.data) + (uint32_t)offset, value);
}

#define DAMAGED "error: device tree: the device tree is damaged (found "

START_TEST(whole)
{
    ck_assert_int_eq(dt_open(&tree, blob.data, blob.size, &reports.diag), HV_OK);
    ck_assert_uint_eq(reports.used, 0);
    ck_assert_uint_eq(tree.size, fdt_totalsize(blob.data));
    ck_assert_ptr_eq(tree.blob, blob.data);
    /* more room than the tree takes is the usual thing */
    ck_assert_int_eq(dt_open(&tree, blob.data, UINT64_MAX, &reports.diag), HV_OK);
    blob_free(&blob);
}
END_TEST

START_TEST(misaligned)
{
    uint8_t *moved = malloc(blob.size + 8);

    for (unsigned by = 1; by < 8; by++) {
        memcpy(moved + by, blob.data, blob.size);
        assert_refused(moved + by, blob.size, HV_E_FORMAT, "lies at a misaligned address");
    }
    free(moved);
    blob_free(&blob);
}
END_TEST

START_TEST(not_a_tree)
{
    static const uint64_t gzip[8] = {0x88b1f};

    assert_refused(gzip, sizeof(gzip), HV_E_FORMAT,
                   "this is not a device tree (found 0x1f8b0800, expected magic 0xd00dfeed)");
    blob_free(&blob);
}
END_TEST

/** The file ends early: whatever the cut, it is seen in the header, and nothing behind the cut is read. */
START_TEST(cut_anywhere)
{
    for (size_t size = 0; size < blob.size; size++) {
        struct blob cut = blob_copy(blob.data, size);
        hv_status status = dt_open(&tree, cut.data, cut.size, NULL);

        if (status != HV_E_RANGE)
            ck_abort_msg("cut at %zu: %s", size, hv_status_name(status));
        blob_free(&cut);
    }
    assert_refused(blob.data, 39, HV_E_RANGE, "truncated in its header (found 39 bytes, expected at least 40)");
    assert_refused(blob.data, blob.size - 1, HV_E_RANGE, "truncated: it claims more than there is");
    blob_free(&blob);
}
END_TEST

/** The header has been made to fit the cut: the blocks do not. */
START_TEST(cut_with_matching_size)
{
    for (uint32_t size = 0; size < blob.size; size++) {
        struct blob cut = blob_copy(blob.data, size);
        hv_status status;

        if (size >= 8)
            fdt_set_totalsize(cut.data, size);
        status = dt_open(&tree, cut.data, cut.size, NULL);
        if (status != HV_E_RANGE)
            ck_abort_msg("cut at %u: %s", size, hv_status_name(status));
        blob_free(&cut);
    }
    fdt_set_totalsize(blob.data, fdt_off_dt_strings(blob.data) + fdt_size_dt_strings(blob.data) - 1);
    assert_refused(blob.data, blob.size, HV_E_RANGE, "truncated in its strings block");
    fdt_set_totalsize(blob.data, fdt_off_dt_struct(blob.data) + fdt_size_dt_struct(blob.data) - 1);
    assert_refused(blob.data, blob.size, HV_E_RANGE, "truncated in its structure block");
    fdt_set_totalsize(blob.data, 0);
    assert_refused(blob.data, blob.size, HV_E_RANGE, "truncated");
    blob_free(&blob);
}
END_TEST

/** @return where in the tree the last of all property names starts. */
static uint32_t last_name(void)
{
    uint32_t last = 0;

    for (int node = 0; node >= 0; node = fdt_next_node(blob.data, node, NULL)) {
        int property;

        fdt_for_each_property_offset(property, blob.data, node)
        {
            uint32_t name = fdt32_to_cpu(fdt_get_property_by_offset(blob.data, property, NULL)->nameoff);

            last = name > last ? name : last;
        }
    }
    return fdt_off_dt_strings(blob.data) + last;
}

/** A transfer that broke off: from some byte on all is zero. It is seen as long as a name is gone altogether. */
START_TEST(zero_from_anywhere)
{
    for (uint32_t offset = 0; offset <= last_name(); offset++) {
        struct blob cut = blob_copy(blob.data, blob.size);

        memset(cut.data + offset, 0, cut.size - offset);
        if (dt_open(&tree, cut.data, cut.size, NULL) == HV_OK)
            ck_abort_msg("zeros from %u on", offset);
        blob_free(&cut);
    }
    blob_free(&blob);
}
END_TEST

START_TEST(too_large)
{
    fdt_set_totalsize(blob.data, DT_MAX_SIZE + 1);
    assert_refused(blob.data, UINT64_MAX, HV_E_RANGE,
                   "larger than the arm64 boot protocol allows (found 2097153 bytes, expected at most 2097152)");
    blob_free(&blob);
}
END_TEST

START_TEST(versions)
{
    fdt_set_version(blob.data, 16);
    assert_refused(blob.data, blob.size, HV_E_FORMAT,
                   "format version that cannot be read (found 0x10, expected version 17)");
    fdt_set_version(blob.data, 18);
    ck_assert_int_eq(dt_open(&tree, blob.data, blob.size, NULL), HV_OK); /* newer, but says that it can be read */
    fdt_set_last_comp_version(blob.data, 18);
    assert_refused(blob.data, blob.size, HV_E_FORMAT, "format version that cannot be read");
    blob_free(&blob);
}
END_TEST

START_TEST(blocks_outside)
{
    const uint32_t wild[] = {0, 39, (uint32_t)blob.size, (uint32_t)blob.size + 4, 0x7ffffffc, 0xfffffffc, 0xffffffff};
    const struct fdt_header header = *(const struct fdt_header *)(const void *)blob.data;
    const uint32_t fields[] = {8, 12, 32, 36}; /* offsets and sizes of both blocks */

    for (size_t field = 0; field < ARRAY_SIZE(fields); field++) {
        for (size_t i = 0; i < ARRAY_SIZE(wild); i++) {
            set_cell(fields[field], wild[i]);
            /* an empty block may lie anywhere, but there is no tree in one */
            ck_assert_int_ne(dt_open(&tree, blob.data, blob.size, NULL), HV_OK);
        }
        memcpy(blob.data, &header, sizeof(header));
    }
    fdt_set_off_dt_struct(blob.data, fdt_off_dt_struct(blob.data) + 2);
    assert_refused(blob.data, blob.size, HV_E_FORMAT, "a block is misaligned");
    memcpy(blob.data, &header, sizeof(header));
    fdt_set_off_mem_rsvmap(blob.data, 44);
    assert_refused(blob.data, blob.size, HV_E_FORMAT, "a block is misaligned");
    fdt_set_off_mem_rsvmap(blob.data, (uint32_t)blob.size & ~7u);
    assert_refused(blob.data, blob.size, HV_E_RANGE, "truncated in its memory reservation block");
    blob_free(&blob);
}
END_TEST

/** No entry of zeros up to the tree's end. */
START_TEST(reservations_without_end)
{
    uint32_t base = (uint32_t)(blob.size + 7) & ~7u;
    struct blob longer = {.data = malloc(base + 24), .size = base + 24};

    memset(longer.data, 0x55, longer.size);
    memcpy(longer.data, blob.data, blob.size);
    fdt_set_totalsize(longer.data, (uint32_t)longer.size);
    fdt_set_off_mem_rsvmap(longer.data, base);
    assert_refused(longer.data, longer.size, HV_E_RANGE, "truncated in its memory reservation block");
    blob_free(&longer);
    blob_free(&blob);
}
END_TEST

START_TEST(damaged_tokens)
{
    int chosen = fdt_path_offset(blob.data, "/chosen");
    int property = fdt_first_property_offset(blob.data, chosen);
    int end = (int)fdt_size_dt_struct(blob.data) - 4;
    struct blob saved = blob_copy(blob.data, blob.size);
    const struct {
        int offset;
        uint32_t value;
        const char *message;
    } cases[] = {
        {chosen, 7, DAMAGED "there is an unknown token, at offset "},
        {chosen, FDT_END, DAMAGED "it ends inside a node, at offset "},
        {0, FDT_END, DAMAGED "it ends inside a node, at offset 0x0 "},
        {0, FDT_END_NODE, DAMAGED "a node ends that never began, at offset 0x0 "},
        {0, FDT_PROP, DAMAGED "a property stands outside of a node or behind a child node, at offset 0x0 "},
        {end - 4, FDT_NOP, DAMAGED "it ends inside a node"}, /* the root's end */
        {end, FDT_NOP, DAMAGED "it has no end"},
        {end, FDT_BEGIN_NODE, DAMAGED "there is a second root node"},
        {end, FDT_PROP, DAMAGED "a property is cut short"},
        {property + 4, 0x7fffffff, DAMAGED "a property is longer than the tree"},
        {property + 4, 0xffffffff, DAMAGED "a property is longer than the tree"},
        {property + 4, 0xfffffffd, DAMAGED "a property is longer than the tree"},
        {property + 8, 0x7fffffff, DAMAGED "a property's name is not in the strings block"},
        {property + 8, 0xffffffff, DAMAGED "a property's name is not in the strings block"},
        {property + 8, fdt_size_dt_strings(blob.data) - 1, DAMAGED "a property's name is not in the strings block"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        set_token(cases[i].offset, cases[i].value);
        assert_refused(blob.data, blob.size, HV_E_FORMAT, cases[i].message);
        memcpy(blob.data, saved.data, blob.size);
    }
    blob_free(&saved);
    blob_free(&blob);
}
END_TEST

START_TEST(strings_without_end)
{
    uint32_t end = fdt_off_dt_strings(blob.data) + fdt_size_dt_strings(blob.data);

    blob.data[end - 1] = 'x';
    assert_refused(blob.data, blob.size, HV_E_FORMAT, "a property's name is not in the strings block");
    blob_free(&blob);
}
END_TEST

/** The last name of the structure block has no NUL; the block is the last thing in the tree. */
START_TEST(name_without_end)
{
    static const struct {
        struct fdt_header header;
        fdt32_t cells[4 + 3];
    } none = {0};
    struct blob last = blob_copy(&none, sizeof(none));
    uint32_t *cells = (uint32_t *)(void *)(last.data + sizeof(struct fdt_header) + 16);

    fdt_set_magic(last.data, FDT_MAGIC);
    fdt_set_version(last.data, 17);
    fdt_set_last_comp_version(last.data, 16);
    fdt_set_totalsize(last.data, (uint32_t)last.size);
    fdt_set_off_mem_rsvmap(last.data, sizeof(struct fdt_header));
    fdt_set_off_dt_struct(last.data, sizeof(struct fdt_header) + 16);
    fdt_set_size_dt_struct(last.data, 12);
    fdt_set_off_dt_strings(last.data, sizeof(struct fdt_header));
    cells[0] = cpu_to_fdt32(FDT_BEGIN_NODE);
    memset(cells + 1, 'a', 8);
    assert_refused(last.data, last.size, HV_E_FORMAT, DAMAGED "a node's name does not end");
    cells[2] = 0;
    assert_refused(last.data, last.size, HV_E_FORMAT, DAMAGED "it has no end");
    fdt_set_size_dt_struct(last.data, 0);
    assert_refused(last.data, last.size, HV_E_FORMAT, DAMAGED "it has no end");
    blob_free(&last);
    blob_free(&blob);
}
END_TEST

static struct blob nested(unsigned levels)
{
    void *writer = blob_begin();

    for (unsigned i = 1; i < levels; i++)
        fdt_begin_node(writer, "n");
    for (unsigned i = 1; i < levels; i++)
        fdt_end_node(writer);
    return blob_finish(writer);
}

START_TEST(nesting)
{
    struct blob deepest = nested(DT_MAX_DEPTH);
    struct blob too_deep = nested(DT_MAX_DEPTH + 1);
    struct dt_node node;
    struct dt_scan scan;
    char path[DT_PATH_MAX];

    blob_open(&deepest, &tree);
    for (node = dt_root(&tree); dt_node_valid(dt_first_child(node)); node = dt_first_child(node))
        continue;
    dt_path(node, path, sizeof(path));
    ck_assert_uint_eq(strlen(path), 2 * (DT_MAX_DEPTH - 1));
    ck_assert(dt_scan_find(&scan, &tree, path));
    ck_assert_uint_eq(scan.depth, DT_MAX_DEPTH - 1);
    strcat(path, "/n");
    ck_assert(!dt_scan_find(&scan, &tree, path));
    assert_refused(too_deep.data, too_deep.size, HV_E_FORMAT, DAMAGED "nodes are nested too deeply");
    blob_free(&deepest);
    blob_free(&too_deep);
    blob_free(&blob);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, whole);
    tcase_add_test(tests, misaligned);
    tcase_add_test(tests, not_a_tree);
    tcase_add_test(tests, cut_anywhere);
    tcase_add_test(tests, cut_with_matching_size);
    tcase_add_test(tests, zero_from_anywhere);
    tcase_add_test(tests, too_large);
    tcase_add_test(tests, versions);
    tcase_add_test(tests, blocks_outside);
    tcase_add_test(tests, reservations_without_end);
    tcase_add_test(tests, damaged_tokens);
    tcase_add_test(tests, strings_without_end);
    tcase_add_test(tests, name_without_end);
    tcase_add_test(tests, nesting);
}

int main(void)
{
    return suite_run("open", add_tests, setup);
}
