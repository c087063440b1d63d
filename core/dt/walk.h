/* SPDX-License-Identifier: Apache-2.0 */
/* Steps from token to token of a structure block that dt_open() has found in order. Private to this folder.
 *
 * libfdt's own steps check every token again each time, because a caller may have changed the tree between. A boot
 * device tree does not change, so it is checked once as a whole; a step then costs a tenth. */
#ifndef BULKHEAD_DT_WALK_H
#define BULKHEAD_DT_WALK_H

#include <libfdt.h>

#include "dt/dt.h"

#define WALK_CELL 4u
#define WALK_PROPERTY_HEADER 12u /* tag, length, name offset */

/** Reads a cell; everything in a structure block is 4-byte aligned. */
static inline uint32_t walk_cell(const uint8_t *at)
{
    fdt32_t raw;

    __builtin_memcpy(&raw, __builtin_assume_aligned(at, WALK_CELL), sizeof(raw));
    return fdt32_to_cpu(raw);
}

static inline bool walk_has_zero_byte(uint32_t word)
{
    return ((word - 0x01010101u) & ~word & 0x80808080u) != 0;
}

/** Bytes that a name takes, with its NUL and padding: whole words up to the one that holds a zero byte. */
static inline uint32_t walk_name_size(const uint8_t *name)
{
    uint32_t size = 0;

    while (!walk_has_zero_byte(walk_cell(name + size))) {
        size += WALK_CELL;
    }
    return size + WALK_CELL;
}

static inline uint32_t walk_padded(uint32_t length)
{
    return (length + WALK_CELL - 1) & ~(WALK_CELL - 1);
}

static inline uint32_t walk_tag(const struct dt *tree, int offset)
{
    return walk_cell(tree->structure + offset);
}

/** @return the offset behind the node's FDT_BEGIN_NODE and name. */
static inline int walk_into(const struct dt *tree, int node)
{
    return node + (int)(WALK_CELL + walk_name_size(tree->structure + node + WALK_CELL));
}

/** @return the offset behind the token at @p offset, whose tag is @p tag (not FDT_END). */
static inline int walk_over(const struct dt *tree, int offset, uint32_t tag)
{
    switch (tag) {
    case FDT_PROP:
        return offset + (int)(WALK_PROPERTY_HEADER + walk_padded(walk_cell(tree->structure + offset + WALK_CELL)));
    case FDT_BEGIN_NODE:
        return walk_into(tree, offset);
    default:
        return offset + (int)WALK_CELL;
    }
}

/** The next property from @p offset on, which lies behind a node's name or property. @return its offset, -1: no more */
static inline int walk_property(const struct dt *tree, int offset)
{
    uint32_t tag;

    while ((tag = walk_tag(tree, offset)) == FDT_NOP) {
        offset += (int)WALK_CELL;
    }
    return tag == FDT_PROP ? offset : -1;
}

static inline const char *walk_property_name(const struct dt *tree, int property)
{
    return tree->strings + walk_cell(tree->structure + property + 2 * WALK_CELL);
}

static inline struct dt_property walk_property_value(const struct dt *tree, int property)
{
    const uint8_t *at = tree->structure + property;

    return (struct dt_property){.data = at + WALK_PROPERTY_HEADER, .length = walk_cell(at + WALK_CELL)};
}

#define WALK_FOR_EACH_PROPERTY(property, node)                                                                         \
    for (int property = walk_property((node).tree, walk_into((node).tree, (node).offset)); property >= 0;              \
         property = walk_property((node).tree, walk_over((node).tree, property, FDT_PROP)))

#endif
