/* SPDX-License-Identifier: Apache-2.0 */
/* Typed, bounded reading of a flattened device tree. Nobody else reads one: libfdt writes the guests' trees, and here
 * only its header's accessors are used. Hands out no raw cells.
 * Devicetree Specification v0.4; an accessor never reads beyond the property it reads, whatever the tree says.
 *
 * dt_open() checks the whole tree once; all that comes after relies on it and on nobody writing to the tree. */
#ifndef BULKHEAD_DT_DT_H
#define BULKHEAD_DT_DT_H

#include "lib/diag.h"
#include "lib/status.h"
#include "lib/types.h"

#define DT_MAX_SIZE MIB(2) /* arm64 boot protocol: the tree must not exceed 2 MiB */
#define DT_MAX_DEPTH 16
#define DT_PATH_MAX 256 /* longest node path that messages print; longer ones are cut with "..." */

struct dt {
    const void *blob;
    uint32_t size;            /* totalsize of the header, checked against the space it lies in */
    const uint8_t *structure; /* the structure block; node offsets count from here, as libfdt's do */
    const char *strings;
    int root;   /* offset of the root node */
    int chosen; /* offset of /chosen, which everybody asks for; -1: none */
};

/** A node; a value, copied freely. dt_node_valid() is false for "no such node". */
struct dt_node {
    const struct dt *tree;
    int offset;
};

/** A property's value; lies in the tree. data is NULL where there is no such property. */
struct dt_property {
    const uint8_t *data;
    uint32_t length;
};

/**
 * Checks header, version, every token and every string offset, nesting and the reservation block.
 * @param blob   8-byte aligned, as the specification demands (5.6)
 * @param space  bytes that may be read at @p blob; a tree that claims more is truncated
 * @param diag   receives the reason of a refusal
 * @return HV_OK, HV_E_FORMAT (no device tree, misaligned, or damaged), HV_E_RANGE (truncated, or larger than
 * DT_MAX_SIZE)
 */
HV_CHECK hv_status dt_open(struct dt *tree, const void *blob, uint64_t space, struct diag *diag);

static inline bool dt_node_valid(struct dt_node node)
{
    return node.offset >= 0;
}

struct dt_node dt_root(const struct dt *tree);
/** @return /chosen, at no cost. */
struct dt_node dt_chosen(const struct dt *tree);
/** @param path  absolute, or an alias with an optional rest ("serial0", "serial0/child"); a ':' and what follows is
 * ignored */
struct dt_node dt_find(const struct dt *tree, const char *path);
struct dt_node dt_find_phandle(const struct dt *tree, uint32_t phandle);
struct dt_node dt_first_child(struct dt_node node);
struct dt_node dt_next_sibling(struct dt_node node);
struct dt_node dt_parent(struct dt_node node);
/** The next node after @p previous (NULL offset: dt_root()) in document order; invalid at the end. Linear scan of a
 * whole tree. */
struct dt_node dt_next(struct dt_node previous);

/**
 * A walk over the whole tree in document order that knows where it is. What a node inherits from its parents (cells,
 * ranges, interrupt parent) costs nothing here; the functions that take a node have to look for its parents from the
 * root.
 */
struct dt_scan {
    struct dt_node node;         /* where the walk is; invalid behind the last node */
    unsigned depth;              /* 0: the root */
    int ancestors[DT_MAX_DEPTH]; /* offsets of the nodes from the root to this one, which is ancestors[depth] */
    uint32_t controller;         /* phandle of the interrupt controller asked for last, 0: none yet */
    uint32_t controller_cells;   /* of its specifiers */
};

void dt_scan_start(struct dt_scan *scan, const struct dt *tree);
void dt_scan_next(struct dt_scan *scan);
/** As dt_scan_next(), but leaves out all that is below the node. */
void dt_scan_skip(struct dt_scan *scan);
/** Puts @p scan where @p node is. @return false (scan at the end) where the tree has no such node. */
bool dt_scan_to(struct dt_scan *scan, struct dt_node node);
/** Puts @p scan at the node that dt_find() would find. @return false (scan at the end) where there is none. */
bool dt_scan_find(struct dt_scan *scan, const struct dt *tree, const char *path);

#define DT_FOR_EACH_CHILD(child, parent)                                                                               \
    for (struct dt_node child = dt_first_child(parent); dt_node_valid(child); child = dt_next_sibling(child))

/** @return the node's name with its unit address, "" for the root; lies in the tree. */
static inline const char *dt_name(struct dt_node node)
{
    return dt_node_valid(node) ? (const char *)node.tree->structure + node.offset + sizeof(uint32_t) : "";
}
/** Writes the node's absolute path, NUL-terminated, cut to @p size. @return @p buffer */
const char *dt_path(struct dt_node node, char *buffer, size_t size);

struct dt_property dt_property(struct dt_node node, const char *name);
bool dt_has(struct dt_node node, const char *name);
/** Calls @p visit for each property, in order, until it returns false. */
void dt_for_each_property(struct dt_node node, bool (*visit)(void *context, const char *name, struct dt_property value),
                          void *context);

/** First cell. @return HV_E_MISSING without the property, HV_E_FORMAT if shorter than one cell. */
HV_CHECK hv_status dt_read_u32(struct dt_node node, const char *name, uint32_t *value);
/** One cell (one-cell form) or two. @return HV_E_MISSING, HV_E_FORMAT for any other length. */
HV_CHECK hv_status dt_read_u64(struct dt_node node, const char *name, uint64_t *value);
/** @return HV_E_MISSING, or HV_E_FORMAT if empty or without NUL. The string lies in the tree. */
HV_CHECK hv_status dt_read_string(struct dt_node node, const char *name, const char **value);
/** @return whether the string list @p value holds @p text; damaged lists hold nothing. */
bool dt_value_contains(struct dt_property value, const char *text);
/** @return whether the string list @p name holds @p value; damaged lists hold nothing. */
bool dt_list_contains(struct dt_node node, const char *name, const char *value);
bool dt_compatible(struct dt_node node, const char *value);
/** status absent, "okay" or "ok". */
bool dt_enabled(struct dt_node node);

/** #address-cells and #size-cells that @p parent sets for its children (defaults 2 and 1; inherit: nearest ancestor's).
 */
HV_CHECK hv_status dt_cells(struct dt_node parent, bool inherit, uint32_t *address_cells, uint32_t *size_cells);

struct dt_range {
    uint64_t base;
    uint64_t size;
};

/** Entry @p index of reg where the cells are known already. As dt_reg(). */
HV_CHECK hv_status dt_reg_cells(struct dt_node node, unsigned index, uint32_t address_cells, uint32_t size_cells,
                                struct dt_range *range);
/** Entry @p index of reg, untranslated, in the parent's cells. HV_E_MISSING past the end, HV_E_FORMAT, HV_E_RANGE if it
 * wraps, HV_E_UNSUPPORTED where cells are more than 2. */
HV_CHECK hv_status dt_reg(struct dt_node node, unsigned index, struct dt_range *range);
/** As dt_reg(), translated through all parents' ranges to a CPU physical address; HV_E_RANGE also where none covers it.
 */
HV_CHECK hv_status dt_reg_cpu(struct dt_node node, unsigned index, struct dt_range *range);
HV_CHECK hv_status dt_scan_reg_cpu(const struct dt_scan *scan, unsigned index, struct dt_range *range);
/** Reads @p cells (1 or 2) cells at @p data. The caller has checked the length. For part::read, too. */
HV_DOOR uint64_t dt_cells_value(const uint8_t *data, uint32_t cells);

/** One interrupt of a device whose interrupt parent is a GIC. */
struct dt_interrupt {
    uint32_t intid; /* 16..1019, PPIs at 16, SPIs at 32 */
    uint32_t flags; /* trigger: 1 rising, 2 falling, 4 high, 8 low */
};
/**
 * Interrupt @p index of a node, from interrupts-extended or else interrupts.
 * @return HV_E_MISSING past the end, HV_E_UNSUPPORTED where the parent is no GIC (its specifiers have not 3 or 4
 * cells), HV_E_FORMAT (length, no parent), HV_E_RANGE (no such INTID)
 */
HV_CHECK hv_status dt_interrupt(struct dt_node node, unsigned index, struct dt_interrupt *interrupt);
HV_CHECK hv_status dt_scan_interrupt(struct dt_scan *scan, unsigned index, struct dt_interrupt *interrupt);

/** Entry @p index of the memory reservation block. @return false past the end. */
bool dt_reservation(const struct dt *tree, unsigned index, struct dt_range *range);

/** Reports about @p node: fills in its path. Any text may be NULL. Without @p diag nothing happens. */
void dt_report(struct diag *diag, enum diag_severity severity, struct dt_node node, const char *property,
               const char *found, const char *expected, const char *message, const char *hint);
/** Writes a property's value as dtc would ("<0x1 0x2>", "\"text\""), cut to @p size. @return @p buffer */
const char *dt_show(struct dt_property value, char *buffer, size_t size);

#endif
