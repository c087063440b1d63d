// SPDX-License-Identifier: Apache-2.0
#include "support/dts.h"

#include <ctype.h>
#include <libfdt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES 8192 /* of a property */

struct source {
    const char *text, *at;
    void *fdt;
};

static _Noreturn void give_up(const struct source *source, const char *why)
{
    fprintf(stderr, "device tree source: %s, at: %.60s\n", why, source->at);
    abort();
}

static void check(const struct source *source, int error)
{
    if (error != 0)
        give_up(source, fdt_strerror(error));
}

/** @return the next character that is no blank, which stays where it is */
static char peek(struct source *source)
{
    while (isspace((unsigned char)*source->at))
        source->at++;
    return *source->at;
}

static void expect(struct source *source, char wanted)
{
    if (peek(source) != wanted)
        give_up(source, "not understood");
    source->at++;
}

static void take_name(struct source *source, char *name, size_t size)
{
    size_t length = strspn(source->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,._+#?@-");

    if (length == 0 || length >= size)
        give_up(source, "no name");
    memcpy(name, source->at, length);
    name[length] = '\0';
    source->at += length;
}

struct value {
    uint8_t bytes[MOST_BYTES];
    size_t length;
};

static void append(const struct source *source, struct value *value, const void *bytes, size_t length)
{
    if (value->length + length > sizeof(value->bytes))
        give_up(source, "a value is too long");
    memcpy(value->bytes + value->length, bytes, length);
    value->length += length;
}

static void take_cells(struct source *source, struct value *value)
{
    while (peek(source) != '>') {
        char *end;
        fdt32_t cell = cpu_to_fdt32((uint32_t)strtoul(source->at, &end, 0));
        if (end == source->at)
            give_up(source, "no number");
        source->at = end;
        append(source, value, &cell, sizeof(cell));
    }
    source->at++;
}

static void take_bytes(struct source *source, struct value *value)
{
    while (peek(source) != ']') {
        char digits[3] = {source->at[0], source->at[1], '\0'}, *end;
        uint8_t byte = (uint8_t)strtoul(digits, &end, 16);
        if (*end != '\0')
            give_up(source, "no byte");
        source->at += 2;
        append(source, value, &byte, 1);
    }
    source->at++;
}

static void take_text(struct source *source, struct value *value)
{
    size_t length = strcspn(source->at, "\"");

    append(source, value, source->at, length);
    append(source, value, "", 1);
    source->at += length;
    expect(source, '"');
}

static void take_value(struct source *source, struct value *value)
{
    char kind = peek(source);

    source->at++;
    if (kind == '<')
        take_cells(source, value);
    else if (kind == '[')
        take_bytes(source, value);
    else if (kind == '"')
        take_text(source, value);
    else
        give_up(source, "no value");
}

static void take_property(struct source *source, const char *name)
{
    static struct value value;

    value.length = 0;
    if (peek(source) == '=') {
        do {
            source->at++;
            take_value(source, &value);
        } while (peek(source) == ',');
    }
    expect(source, ';');
    check(source, fdt_property(source->fdt, name, value.bytes, (int)value.length));
}

/** What is between a node's braces, up to the one that closes it, or to the end of the text. */
static void take_node(struct source *source, const char *name)
{
    char next[64];

    check(source, fdt_begin_node(source->fdt, name));
    while (peek(source) != '}' && *source->at != '\0') {
        take_name(source, next, sizeof(next));
        if (peek(source) != '{') {
            take_property(source, next);
            continue;
        }
        source->at++;
        take_node(source, next);
        expect(source, '}');
        expect(source, ';');
    }
    check(source, fdt_end_node(source->fdt));
}

size_t dts_write(const char *text, void *buffer, size_t size)
{
    struct source source = {text, text, buffer};

    check(&source, fdt_create(buffer, (int)size));
    check(&source, fdt_finish_reservemap(buffer));
    take_node(&source, "");
    if (*source.at != '\0')
        give_up(&source, "more braces are closed than opened");
    check(&source, fdt_finish(buffer));
    return fdt_totalsize(buffer);
}
