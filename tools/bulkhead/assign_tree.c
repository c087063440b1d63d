// SPDX-License-Identifier: Apache-2.0
#include "assign_tree.h"

#include <inttypes.h>
#include <libfdt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define CELL sizeof(fdt32_t)

struct out_block {
    struct out_block *next;
    _Alignas(16) uint8_t data[];
};

static void node_open(struct out_node *node)
{
    node->last_child = &node->children;
    node->last_property = &node->properties;
}

void out_open(struct out_tree *tree)
{
    memset(tree, 0, sizeof(*tree));
    tree->root.name = "";
    node_open(&tree->root);
}

void out_close(struct out_tree *tree)
{
    while (tree->blocks != NULL) {
        struct out_block *block = tree->blocks;

        tree->blocks = block->next;
        free(block);
    }
}

void *out_alloc(struct out_tree *tree, size_t size)
{
    struct out_block *block = calloc(1, sizeof(*block) + size);

    if (block == NULL)
        abort();
    block->next = tree->blocks;
    tree->blocks = block;
    return block->data;
}

char *out_text(struct out_tree *tree, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        abort();
    char *text = out_alloc(tree, (size_t)length + 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

static bool has_other_child(const struct out_node *parent, const struct out_node *node, const char *name)
{
    for (const struct out_node *child = parent->children; child != NULL; child = child->next) {
        if (child != node && strcmp(child->name, name) == 0)
            return true;
    }
    return false;
}

void out_rename(struct out_tree *tree, struct out_node *parent, struct out_node *node, const char *name)
{
    int proper = (int)strcspn(name, "@");

    node->name = out_text(tree, "%s", name);
    for (unsigned i = 2; has_other_child(parent, node, node->name); i++)
        node->name = out_text(tree, "%.*s-%u%s", proper, name, i, name + proper);
}

struct out_node *out_node(struct out_tree *tree, struct out_node *parent, const char *name)
{
    struct out_node *node = out_alloc(tree, sizeof(*node));

    node_open(node);
    out_rename(tree, parent, node, name);
    *parent->last_child = node;
    parent->last_child = &node->next;
    return node;
}

struct out_property *out_property(struct out_tree *tree, struct out_node *node, const char *name)
{
    struct out_property *property = out_alloc(tree, sizeof(*property));

    property->name = out_text(tree, "%s", name);
    *node->last_property = property;
    node->last_property = &property->next;
    return property;
}

void out_bytes(struct out_tree *tree, struct out_property *property, const void *data, size_t length)
{
    if (length > property->room - property->length) {
        uint8_t *larger = out_alloc(tree, property->room = 2 * (property->length + length));

        if (property->length != 0)
            memcpy(larger, property->data, property->length);
        property->data = larger;
    }
    if (length != 0)
        memcpy(property->data + property->length, data, length);
    property->length += length;
}

void out_cell(struct out_tree *tree, struct out_property *property, uint32_t value)
{
    fdt32_t cell = cpu_to_fdt32(value);

    property->cells = true;
    out_bytes(tree, property, &cell, sizeof(cell));
}

void out_number_in(struct out_tree *tree, struct out_property *property, uint64_t value, uint32_t cells)
{
    if (cells == 2)
        out_cell(tree, property, (uint32_t)(value >> 32));
    out_cell(tree, property, (uint32_t)value);
}

void out_reference(struct out_tree *tree, struct out_property *property, struct out_node *target)
{
    struct out_reference *reference = out_alloc(tree, sizeof(*reference));

    *reference = (struct out_reference){property->references, property->length, target};
    property->references = reference;
    target->referred = true;
    out_cell(tree, property, 0);
}

void out_string(struct out_tree *tree, struct out_node *node, const char *name, const char *value)
{
    out_bytes(tree, out_property(tree, node, name), value, strlen(value) + 1);
}

void out_u32(struct out_tree *tree, struct out_node *node, const char *name, uint32_t value)
{
    out_cell(tree, out_property(tree, node, name), value);
}

/** @return the phandle that comes next */
static uint32_t number(struct out_tree *tree, struct out_node *node, uint32_t next)
{
    if (node->referred) {
        node->phandle = next++;
        out_u32(tree, node, "phandle", node->phandle);
    }
    for (struct out_node *child = node->children; child != NULL; child = child->next)
        next = number(tree, child, next);
    return next;
}

static void resolve(struct out_node *node)
{
    for (struct out_property *property = node->properties; property != NULL; property = property->next) {
        for (struct out_reference *reference = property->references; reference != NULL; reference = reference->next)
            fdt32_st(property->data + reference->offset, reference->target->phandle);
    }
    for (struct out_node *child = node->children; child != NULL; child = child->next)
        resolve(child);
}

bool out_number(struct out_tree *tree, uint32_t end)
{
    uint32_t next = number(tree, &tree->root, 1);

    resolve(&tree->root);
    return next <= end;
}

/** As dtc decides when it reads a blob: NUL-terminated, printable, no empty item. */
static bool is_text(const struct out_property *property)
{
    bool item = false;

    for (size_t i = 0; i < property->length; i++) {
        bool printable = property->data[i] >= ' ' && property->data[i] < 0x7f;

        if (!printable && (property->data[i] != '\0' || !item))
            return false;
        item = printable;
    }
    return !item && !property->cells;
}

static void write_text(const struct out_property *property, FILE *file)
{
    for (size_t i = 0; i < property->length; i++) {
        char character = (char)property->data[i];

        if (i == 0 || property->data[i - 1] == '\0')
            fputs(i == 0 ? "\"" : ", \"", file);
        if (character == '"' || character == '\\')
            fputc('\\', file);
        fputc(character != '\0' ? character : '"', file);
    }
}

/** A node's label is its name without what a label cannot have, and its phandle. */
static void write_label(const struct out_node *node, FILE *file)
{
    const char *name = node->name;

    if (strchr("0123456789", name[0]) != NULL)
        fputc('n', file);
    for (; *name != '\0' && *name != '@'; name++)
        fputc(strchr(",.+?#-", *name) != NULL ? '_' : *name, file);
    fprintf(file, "_%" PRIu32, node->phandle);
}

static void write_cell(const struct out_property *property, size_t offset, FILE *file)
{
    for (const struct out_reference *one = property->references; one != NULL; one = one->next) {
        if (one->offset == offset) {
            fputc('&', file);
            write_label(one->target, file);
            return;
        }
    }
    fprintf(file, "0x%" PRIx32, fdt32_ld((const fdt32_t *)(property->data + offset)));
}

static void write_value(const struct out_property *property, FILE *file)
{
    if (is_text(property)) {
        write_text(property, file);
    } else if (property->length % CELL == 0) {
        for (size_t i = 0; i < property->length; i += CELL) {
            fputc(i == 0 ? '<' : ' ', file);
            write_cell(property, i, file);
        }
        fputc('>', file);
    } else {
        for (size_t i = 0; i < property->length; i++)
            fprintf(file, "%s%02x", i == 0 ? "[" : " ", property->data[i]);
        fputc(']', file);
    }
}

static void indent(int depth, FILE *file)
{
    while (depth-- > 0)
        fputc('\t', file);
}

static void write_node(const struct out_node *node, int depth, FILE *file)
{
    bool apart = node->properties != NULL;

    indent(depth, file);
    if (node->phandle != 0) {
        write_label(node, file);
        fputs(": ", file);
    }
    fprintf(file, "%s {\n", depth == 0 ? "/" : node->name);
    for (const struct out_property *property = node->properties; property != NULL; property = property->next) {
        indent(depth + 1, file);
        fputs(property->name, file);
        if (property->length != 0) {
            fputs(" = ", file);
            write_value(property, file);
        }
        fputs(";\n", file);
    }
    for (const struct out_node *child = node->children; child != NULL; child = child->next) {
        if (apart)
            fputc('\n', file);
        apart = true;
        write_node(child, depth + 1, file);
    }
    indent(depth, file);
    fputs("};\n", file);
}

void out_write_source(const struct out_tree *tree, FILE *file)
{
    write_node(&tree->root, 0, file);
}

static int blob_node(const struct out_node *node, void *blob)
{
    int error = fdt_begin_node(blob, node->name);

    for (const struct out_property *property = node->properties; property != NULL && error == 0;
         property = property->next)
        error = fdt_property(blob, property->name, property->data, (int)property->length);
    for (const struct out_node *child = node->children; child != NULL && error == 0; child = child->next)
        error = blob_node(child, blob);
    return error != 0 ? error : fdt_end_node(blob);
}

int out_write_blob(const struct out_tree *tree, void *blob, size_t size)
{
    int error = fdt_create(blob, (int)size);

    if (error == 0)
        error = fdt_finish_reservemap(blob);
    if (error == 0)
        error = blob_node(&tree->root, blob);
    return error != 0 ? error : fdt_finish(blob);
}
