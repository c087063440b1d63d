// SPDX-License-Identifier: Apache-2.0
/* The one check of the whole tree. Until it is through, every byte may be hostile. */
#include "dt/dt.h"

#include <string.h>

#include "dt/walk.h"
#include "lib/text.h"

/** The state of the pass over the structure block. */
struct check {
    const uint8_t *structure;
    uint32_t size;
    const char *strings;
    uint32_t strings_end; /* behind the last NUL of the strings block: what starts before it, ends before it */
    unsigned depth;       /* nodes that are open */
    bool had_child;       /* in the innermost open node: no property may follow */
    bool had_root;
    uint32_t root;
    int chosen;
    const char *problem;
};

static void refuse(struct diag *diag, const char *message, const char *found, const char *expected, const char *hint)
{
    struct diag_report report = {.severity = DIAG_ERROR,
                                 .path = "device tree",
                                 .found = found,
                                 .expected = expected,
                                 .message = message,
                                 .hint = hint};

    if (diag != NULL)
        diag_emit(diag, &report);
}

static hv_status refuse_number(struct diag *diag, hv_status status, const char *message, uint64_t found,
                               const char *expected, const char *hint)
{
    char text[24];

    format_string(text, sizeof(text), "0x%llx", (unsigned long long)found);
    refuse(diag, message, text, expected, hint);
    return status;
}

/** @param bound  "at most" or "at least" @p limit bytes */
static hv_status refuse_size(struct diag *diag, const char *message, uint64_t size, const char *bound, uint64_t limit,
                             const char *hint)
{
    char found[40];
    char expected[40];

    format_string(found, sizeof(found), "%llu bytes", (unsigned long long)size);
    format_string(expected, sizeof(expected), "%s %llu", bound, (unsigned long long)limit);
    refuse(diag, message, found, expected, hint);
    return HV_E_RANGE;
}

/** Whether the block [offset, offset + size) lies in the tree. */
static bool block_inside(uint32_t offset, uint32_t size, uint32_t total)
{
    return offset >= sizeof(struct fdt_header) && offset <= total && size <= total - offset;
}

static hv_status check_versions(const void *blob, struct diag *diag)
{
    if (fdt_version(blob) < 17 || fdt_last_comp_version(blob) > 17) {
        return refuse_number(diag, HV_E_FORMAT, "the device tree has a format version that cannot be read",
                             fdt_version(blob), "version 17", "write it with a current dtc");
    }
    return HV_OK;
}

static hv_status check_blocks(const void *blob, struct diag *diag)
{
    const char *hint = "load the whole file; compare its size with the loader's count of bytes";
    uint32_t total = fdt_totalsize(blob);

    if (!block_inside(fdt_off_dt_struct(blob), fdt_size_dt_struct(blob), total)) {
        refuse(diag, "the device tree is truncated in its structure block", NULL, NULL, hint);
        return HV_E_RANGE;
    }
    if (!block_inside(fdt_off_dt_strings(blob), fdt_size_dt_strings(blob), total)) {
        refuse(diag, "the device tree is truncated in its strings block", NULL, NULL, hint);
        return HV_E_RANGE;
    }
    if (!is_aligned(fdt_off_dt_struct(blob), WALK_CELL) || !is_aligned(fdt_off_mem_rsvmap(blob), 8)) {
        refuse(diag, "the device tree is damaged: a block is misaligned", NULL, NULL, "load it anew");
        return HV_E_FORMAT;
    }
    return HV_OK;
}

/** The reservation block has no size of its own: it ends with an entry of zeros, which must lie in the tree. */
static hv_status check_reservations(const void *blob, struct diag *diag)
{
    uint32_t offset = fdt_off_mem_rsvmap(blob);
    uint32_t total = fdt_totalsize(blob);

    for (; block_inside(offset, sizeof(struct fdt_reserve_entry), total); offset += sizeof(struct fdt_reserve_entry)) {
        const uint8_t *entry = (const uint8_t *)blob + offset;

        if ((walk_cell(entry) | walk_cell(entry + 4) | walk_cell(entry + 8) | walk_cell(entry + 12)) == 0)
            return HV_OK;
    }
    refuse(diag, "the device tree is truncated in its memory reservation block", NULL, "an entry of zeros at its end",
           "load the whole file");
    return HV_E_RANGE;
}

static hv_status check_header(const void *blob, uint64_t space, struct diag *diag)
{
    uint32_t total;

    if (!is_aligned((uintptr_t)blob, 8)) {
        return refuse_number(diag, HV_E_FORMAT, "the device tree lies at a misaligned address", (uintptr_t)blob,
                             "a multiple of 8", "load it to an address that is a multiple of 8");
    }
    if (space < sizeof(struct fdt_header)) {
        return refuse_size(diag, "the device tree is truncated in its header", space, "at least",
                           sizeof(struct fdt_header), "load the whole file");
    }
    if (fdt_magic(blob) != FDT_MAGIC) {
        return refuse_number(diag, HV_E_FORMAT, "this is not a device tree", fdt_magic(blob), "magic 0xd00dfeed",
                             "pass a compiled device tree (dtc -O dtb), uncompressed");
    }
    HV_TRY(check_versions(blob, diag));
    total = fdt_totalsize(blob);
    if (total > DT_MAX_SIZE) {
        return refuse_size(diag, "the device tree is larger than the arm64 boot protocol allows", total, "at most",
                           DT_MAX_SIZE, "make it smaller, or lower the room that the boot loader adds to it");
    }
    if (total > space) {
        return refuse_size(diag, "the device tree is truncated: it claims more than there is", space, "at least", total,
                           "load the whole file; compare its size with the loader's count of bytes");
    }
    return check_blocks(blob, diag);
}

static uint32_t check_name_size(struct check *check, uint32_t at)
{
    for (uint32_t end = at; check->size - end >= WALK_CELL;) {
        bool last = walk_has_zero_byte(walk_cell(check->structure + end));

        end += WALK_CELL;
        if (last)
            return end - at;
    }
    check->problem = "a node's name does not end";
    return 0;
}

static uint32_t check_begin(struct check *check, uint32_t at)
{
    uint32_t size = check_name_size(check, at + WALK_CELL);

    if (check->depth == 0 && check->had_root)
        check->problem = "there is a second root node";
    else if (check->depth == DT_MAX_DEPTH)
        check->problem = "nodes are nested too deeply";
    else if (check->depth == 0)
        check->root = at;
    else if (check->depth == 1 && size != 0 && check->chosen < 0 &&
             text_equal((const char *)check->structure + at + WALK_CELL, "chosen"))
        check->chosen = (int)at;
    check->had_root = true;
    check->depth++;
    check->had_child = false;
    return WALK_CELL + size;
}

static uint32_t check_end_node(struct check *check)
{
    if (check->depth == 0) {
        check->problem = "a node ends that never began";
        return 0;
    }
    check->depth--;
    check->had_child = true;
    return WALK_CELL;
}

static uint32_t check_property(struct check *check, uint32_t at)
{
    uint32_t room = check->size - at;
    uint32_t length, name;

    if (room < WALK_PROPERTY_HEADER) {
        check->problem = "a property is cut short";
        return 0;
    }
    length = walk_cell(check->structure + at + WALK_CELL);
    name = walk_cell(check->structure + at + 2 * WALK_CELL);
    room -= WALK_PROPERTY_HEADER;
    if (check->depth == 0 || check->had_child)
        check->problem = "a property stands outside of a node or behind a child node";
    else if (length > room || walk_padded(length) > room)
        check->problem = "a property is longer than the tree";
    else if (name >= check->strings_end || check->strings[name] == '\0')
        check->problem = "a property's name is not in the strings block";
    return WALK_PROPERTY_HEADER + walk_padded(length);
}

/** Checks the token at @p at. @return its size; on a problem any number, problem is set then. */
static uint32_t check_token(struct check *check, uint32_t at, uint32_t tag)
{
    switch (tag) {
    case FDT_BEGIN_NODE:
        return check_begin(check, at);
    case FDT_END_NODE:
        return check_end_node(check);
    case FDT_PROP:
        return check_property(check, at);
    case FDT_NOP:
        return WALK_CELL;
    default:
        check->problem = "there is an unknown token";
        return 0;
    }
}

/** @return the offset at which the pass ended: behind all nodes, or where the problem is. */
static uint32_t check_structure(struct check *check)
{
    uint32_t at = 0;

    while (check->size - at >= WALK_CELL) {
        uint32_t tag = walk_cell(check->structure + at);
        uint32_t size;

        if (tag == FDT_END) {
            if (check->depth != 0 || !check->had_root)
                check->problem = "it ends inside a node";
            return at;
        }
        size = check_token(check, at, tag);
        if (check->problem != NULL)
            return at;
        at += size;
    }
    check->problem = "it has no end";
    return at;
}

static uint32_t end_of_last_string(const char *strings, uint32_t size)
{
    while (size > 0 && strings[size - 1] != '\0')
        size--;
    return size;
}

static hv_status check_nodes(struct dt *tree, struct diag *diag)
{
    struct check check = {
        .structure = tree->structure,
        .size = fdt_size_dt_struct(tree->blob),
        .strings = tree->strings,
        .chosen = -1,
        .strings_end = end_of_last_string(tree->strings, fdt_size_dt_strings(tree->blob)),
    };
    uint32_t at = check_structure(&check);
    char found[80];

    if (check.problem != NULL) {
        format_string(found, sizeof(found), "%s, at offset 0x%x of the structure block", check.problem, at);
        refuse(diag, "the device tree is damaged", found, NULL,
               "load it anew; see that no other file is loaded over it");
        return HV_E_FORMAT;
    }
    tree->root = (int)check.root;
    tree->chosen = check.chosen;
    return HV_OK;
}

hv_status dt_open(struct dt *tree, const void *blob, uint64_t space, struct diag *diag)
{
    HV_TRY(check_header(blob, space, diag));
    HV_TRY(check_reservations(blob, diag));
    *tree = (struct dt){
        .blob = blob,
        .size = fdt_totalsize(blob),
        .structure = (const uint8_t *)blob + fdt_off_dt_struct(blob),
        .strings = (const char *)blob + fdt_off_dt_strings(blob),
    };
    return check_nodes(tree, diag);
}
