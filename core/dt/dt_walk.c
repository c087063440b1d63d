// SPDX-License-Identifier: Apache-2.0
/* Finding nodes: steps, scans, paths, phandles. */
#include <string.h>

#include "dt/walk.h"
#include "lib/text.h"

static struct dt_node no_node(const struct dt *tree)
{
    return (struct dt_node){.tree = tree, .offset = -1};
}

struct dt_node dt_root(const struct dt *tree)
{
    return (struct dt_node){.tree = tree, .offset = tree->root};
}

struct dt_node dt_chosen(const struct dt *tree)
{
    return (struct dt_node){.tree = tree, .offset = tree->chosen};
}

/** @return the offset behind the properties that start at @p offset, and behind padding: a node's begin or end, or the
 * tree's. */
static int over_properties(const struct dt *tree, int offset, uint32_t *tag)
{
    while ((*tag = walk_tag(tree, offset)) == FDT_PROP || *tag == FDT_NOP)
        offset = walk_over(tree, offset, *tag);
    return offset;
}

struct dt_node dt_first_child(struct dt_node node)
{
    uint32_t tag;
    int offset;

    if (!dt_node_valid(node))
        return node;
    offset = over_properties(node.tree, walk_into(node.tree, node.offset), &tag);
    return tag == FDT_BEGIN_NODE ? (struct dt_node){.tree = node.tree, .offset = offset} : no_node(node.tree);
}

struct dt_node dt_next_sibling(struct dt_node node)
{
    const struct dt *tree = node.tree;
    unsigned open = 1; /* nodes to leave before a sibling may come */
    uint32_t tag;
    int offset;

    if (!dt_node_valid(node))
        return node;
    offset = over_properties(tree, walk_into(tree, node.offset), &tag);
    while (open > 0 || tag == FDT_END_NODE) {
        if (open == 0)
            return no_node(tree); /* the parent's end */
        open = tag == FDT_BEGIN_NODE ? open + 1 : open - 1;
        offset = over_properties(tree, walk_over(tree, offset, tag), &tag);
    }
    return tag == FDT_BEGIN_NODE ? (struct dt_node){.tree = tree, .offset = offset} : no_node(tree);
}

struct dt_node dt_next(struct dt_node previous)
{
    uint32_t tag;
    int offset;

    if (!dt_node_valid(previous))
        return dt_root(previous.tree);
    offset = walk_into(previous.tree, previous.offset);
    while ((tag = walk_tag(previous.tree, offset)) != FDT_BEGIN_NODE) {
        if (tag == FDT_END)
            return no_node(previous.tree);
        offset = walk_over(previous.tree, offset, tag);
    }
    return (struct dt_node){.tree = previous.tree, .offset = offset};
}

void dt_scan_start(struct dt_scan *scan, const struct dt *tree)
{
    scan->node = dt_root(tree);
    scan->depth = 0;
    scan->ancestors[0] = tree->root;
    scan->controller = 0;
}

/** Moves on to the next node that is no deeper than @p deepest. */
static void scan_advance(struct dt_scan *scan, unsigned deepest)
{
    const struct dt *tree = scan->node.tree;
    unsigned open = scan->depth + 1; /* nodes that are open at offset */
    int offset = walk_into(tree, scan->node.offset);

    while (open > 0) {
        uint32_t tag = walk_tag(tree, offset);

        if (tag == FDT_BEGIN_NODE && open <= deepest) {
            scan->depth = open;
            scan->ancestors[open] = offset;
            scan->node.offset = offset;
            return;
        }
        if (tag == FDT_BEGIN_NODE)
            open++;
        else if (tag == FDT_END_NODE)
            open--;
        offset = walk_over(tree, offset, tag);
    }
    scan->node.offset = -1;
}

void dt_scan_next(struct dt_scan *scan)
{
    if (dt_node_valid(scan->node))
        scan_advance(scan, DT_MAX_DEPTH - 1);
}

void dt_scan_skip(struct dt_scan *scan)
{
    if (dt_node_valid(scan->node))
        scan_advance(scan, scan->depth);
}

bool dt_scan_to(struct dt_scan *scan, struct dt_node node)
{
    dt_scan_start(scan, node.tree);
    while (dt_node_valid(scan->node) && scan->node.offset < node.offset)
        dt_scan_next(scan);
    if (scan->node.offset != node.offset)
        scan->node.offset = -1;
    return dt_node_valid(scan->node);
}

struct dt_node dt_parent(struct dt_node node)
{
    struct dt_scan scan;

    if (!dt_node_valid(node) || !dt_scan_to(&scan, node) || scan.depth == 0)
        return no_node(node.tree);
    return (struct dt_node){.tree = node.tree, .offset = scan.ancestors[scan.depth - 1]};
}

/** All nodes' properties are looked at for the value first: few have it, and a name is longer to compare. */
struct dt_node dt_find_phandle(const struct dt *tree, uint32_t phandle)
{
    int node = -1;
    int offset = tree->root;
    uint32_t tag;

    if (phandle == 0 || phandle == UINT32_MAX)
        return no_node(tree);
    for (; (tag = walk_tag(tree, offset)) != FDT_END; offset = walk_over(tree, offset, tag)) {
        struct dt_property value;

        if (tag == FDT_BEGIN_NODE)
            node = offset;
        if (tag != FDT_PROP)
            continue;
        value = walk_property_value(tree, offset);
        if (value.length == WALK_CELL && walk_cell(value.data) == phandle &&
            (text_equal(walk_property_name(tree, offset), "phandle") ||
             text_equal(walk_property_name(tree, offset), "linux,phandle")))
            return (struct dt_node){.tree = tree, .offset = node};
    }
    return no_node(tree);
}

/** Whether a node's name is @p part; where @p part has no unit address, that of the node does not matter. */
static bool name_matches(const char *name, const char *part, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (name[i] != part[i])
            return false;
    return name[length] == '\0' || (name[length] == '@' && memchr(part, '@', length) == NULL);
}

static size_t part_length(const char *path)
{
    size_t length = 0;

    while (path[length] != '\0' && path[length] != '/' && path[length] != ':')
        length++;
    return length;
}

/** Moves @p scan from where it is along @p path; to the end where the path leads nowhere. */
static void scan_along(struct dt_scan *scan, const char *path)
{
    struct dt_node *node = &scan->node;

    while (*path == '/')
        path++;
    while (dt_node_valid(*node) && *path != '\0' && *path != ':') {
        size_t length = part_length(path);

        *node = dt_first_child(*node);
        while (dt_node_valid(*node) && !name_matches(dt_name(*node), path, length))
            *node = dt_next_sibling(*node);
        if (dt_node_valid(*node))
            scan->ancestors[++scan->depth] = node->offset;
        path += length;
        while (*path == '/')
            path++;
    }
}

/** @return the path that the alias of @p length characters at @p name stands for, or NULL */
static const char *alias_path(const struct dt *tree, const char *name, size_t length)
{
    struct dt_scan aliases;
    char text[64];
    const char *path;

    dt_scan_start(&aliases, tree);
    scan_along(&aliases, "/aliases");
    if (!dt_node_valid(aliases.node) || length >= sizeof(text))
        return NULL;
    memcpy(text, name, length);
    text[length] = '\0';
    /* an alias of an alias is none: it could name itself */
    if (dt_read_string(aliases.node, text, &path) != HV_OK || path[0] != '/')
        return NULL;
    return path;
}

bool dt_scan_find(struct dt_scan *scan, const struct dt *tree, const char *path)
{
    size_t length = path[0] == '/' ? 0 : part_length(path);
    const char *alias = length > 0 ? alias_path(tree, path, length) : NULL;

    dt_scan_start(scan, tree);
    if (alias != NULL)
        scan_along(scan, alias);
    else if (path[0] != '/')
        scan->node.offset = -1;
    scan_along(scan, path + length);
    return dt_node_valid(scan->node);
}

struct dt_node dt_find(const struct dt *tree, const char *path)
{
    struct dt_scan scan;

    dt_scan_find(&scan, tree, path);
    return scan.node;
}

const char *dt_path(struct dt_node node, char *buffer, size_t size)
{
    static const char cut[] = "...";
    struct dt_scan scan;
    size_t used = 0;

    if (!dt_node_valid(node) || !dt_scan_to(&scan, node)) {
        format_string(buffer, size, "(no node)");
        return buffer;
    }
    if (scan.depth == 0)
        format_string(buffer, size, "/");
    for (unsigned depth = 1; depth <= scan.depth && used < size; depth++) {
        struct dt_node part = {.tree = node.tree, .offset = scan.ancestors[depth]};

        used += format_string(buffer + used, size - used, "/%s", dt_name(part));
    }
    if (used >= size && size >= sizeof(cut))
        memcpy(buffer + size - sizeof(cut), cut, sizeof(cut));
    return buffer;
}
