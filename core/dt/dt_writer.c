// SPDX-License-Identifier: Apache-2.0
#include "dt/dt_writer.h"

#include <libfdt.h>
#include <string.h>

#define BASE_NAME_MAX 31

/* Each start of a domain writes a few: not worth the formatter's way. */
void dt_node_name(char buffer[DT_NODE_NAME_MAX], const char *name, uint64_t address)
{
    size_t length = 0;

    for (; length < BASE_NAME_MAX && name[length] != '\0'; length++)
        buffer[length] = name[length];
    buffer[length++] = '@';
    for (int shift = (63 - __builtin_clzll(address | 1)) & ~3; shift >= 0; shift -= 4)
        buffer[length++] = "0123456789abcdef"[address >> shift & 15];
    buffer[length] = '\0';
}

void dt_begin_node(struct dt_writer *writer, const char *name)
{
    if (writer->error == 0)
        writer->error = fdt_begin_node(writer->fdt, name);
}

void dt_begin_node_at(struct dt_writer *writer, const char *name, uint64_t address)
{
    char buffer[DT_NODE_NAME_MAX];

    dt_node_name(buffer, name, address);
    dt_begin_node(writer, buffer);
}

void dt_end_node(struct dt_writer *writer)
{
    if (writer->error == 0)
        writer->error = fdt_end_node(writer->fdt);
}

void dt_put_bytes(struct dt_writer *writer, const char *name, const void *value, size_t length)
{
    if (writer->error == 0)
        writer->error = fdt_property(writer->fdt, name, value, (int)length);
}

void dt_put_flag(struct dt_writer *writer, const char *name)
{
    dt_put_bytes(writer, name, NULL, 0);
}

void dt_put_string(struct dt_writer *writer, const char *name, const char *value)
{
    dt_put_bytes(writer, name, value, strlen(value) + 1);
}

void dt_put_cells(struct dt_writer *writer, const char *name, const uint32_t *cells, size_t count)
{
    void *value;

    if (writer->error == 0)
        writer->error = fdt_property_placeholder(writer->fdt, name, (int)(count * sizeof(fdt32_t)), &value);
    for (size_t i = 0; writer->error == 0 && i < count; i++)
        fdt32_st((fdt32_t *)value + i, cells[i]);
}

void dt_put_u32(struct dt_writer *writer, const char *name, uint32_t value)
{
    dt_put_cells(writer, name, &value, 1);
}

void dt_put_u64(struct dt_writer *writer, const char *name, uint64_t value)
{
    const uint32_t cells[] = {(uint32_t)(value >> 32), (uint32_t)value};

    dt_put_cells(writer, name, cells, ARRAY_SIZE(cells));
}

void dt_put_reg(struct dt_writer *writer, const struct dt_range *ranges, size_t count)
{
    void *value;
    fdt64_t *cells;

    if (writer->error == 0)
        writer->error = fdt_property_placeholder(writer->fdt, "reg", (int)(count * 2 * sizeof(fdt64_t)), &value);
    if (writer->error != 0)
        return;
    cells = value;
    for (size_t i = 0; i < count; i++) {
        fdt64_st(cells + 2 * i, ranges[i].base);
        fdt64_st(cells + 2 * i + 1, ranges[i].size);
    }
}
