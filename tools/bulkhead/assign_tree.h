/* SPDX-License-Identifier: Apache-2.0 */
/* A device tree that is put together in memory, in any order, and then written as source text or as a blob. */
#ifndef BULKHEAD_TOOL_ASSIGN_TREE_H
#define BULKHEAD_TOOL_ASSIGN_TREE_H

#include <stdio.h>

#include "lib/types.h"

/** A cell that becomes the phandle of another node. */
struct out_reference {
    struct out_reference *next;
    size_t offset; /* of the cell, in bytes */
    struct out_node *target;
};

struct out_property {
    struct out_property *next;
    const char *name;
    uint8_t *data;
    size_t length, room;
    bool cells; /* made of cells: written as such, even where the bytes could be text */
    struct out_reference *references;
};

struct out_node {
    struct out_node *next, *children, **last_child;
    const char *name;
    struct out_property *properties, **last_property;
    bool referred;    /* somebody names its phandle */
    uint32_t phandle; /* 0 until out_number() */
};

struct out_tree {
    struct out_block *blocks; /* all that was allocated */
    struct out_node root;
};

void out_open(struct out_tree *tree);
void out_close(struct out_tree *tree);
/** Zeroed memory that lasts as long as the tree. Never NULL: there is no use in going on without. */
void *out_alloc(struct out_tree *tree, size_t size);
/** @return text that lasts as long as the tree. Conversions as printf()'s. */
char *out_text(struct out_tree *tree, const char *format, ...) HV_PRINTF(2, 3);

/** Adds a node below @p parent. Where that has a child of this name already, a number is put behind the name proper. */
struct out_node *out_node(struct out_tree *tree, struct out_node *parent, const char *name);
/** Gives a node another name, with the same care. @param parent  what it is in */
void out_rename(struct out_tree *tree, struct out_node *parent, struct out_node *node, const char *name);
/** Adds a property without a value. @p name is copied. */
struct out_property *out_property(struct out_tree *tree, struct out_node *node, const char *name);
void out_bytes(struct out_tree *tree, struct out_property *property, const void *data, size_t length);
void out_cell(struct out_tree *tree, struct out_property *property, uint32_t value);
/** Puts a number in the so many cells, 1 or 2. */
void out_number_in(struct out_tree *tree, struct out_property *property, uint64_t value, uint32_t cells);
/** Puts a cell that will be the phandle of @p target. */
void out_reference(struct out_tree *tree, struct out_property *property, struct out_node *target);
void out_string(struct out_tree *tree, struct out_node *node, const char *name, const char *value);
void out_u32(struct out_tree *tree, struct out_node *node, const char *name, uint32_t value);

/** Gives each node that is referred to a phandle, from 1 on in the order of the tree, and puts them in their places.
 * @return false where @p end is reached */
bool out_number(struct out_tree *tree, uint32_t end);

/** Writes all below the root as source text for dtc. */
void out_write_source(const struct out_tree *tree, FILE *file);
/** Writes it as a blob of at most @p size bytes. @return 0, or libfdt's error */
int out_write_blob(const struct out_tree *tree, void *blob, size_t size);

#endif
