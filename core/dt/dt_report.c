// SPDX-License-Identifier: Apache-2.0
/* Nodes and values as a user knows them from his source file. */
#include <string.h>

#include "dt/walk.h"

/** A sink that stops at the buffer's end and remembers that it did. */
struct show {
    struct text_sink sink;
    char *buffer;
    size_t size;
    size_t used;
    bool cut;
};

static void show_put(struct text_sink *sink, const char *text, size_t length)
{
    struct show *show = CONTAINER_OF(sink, struct show, sink);
    size_t room = show->size - 1 - show->used;

    if (length > room) {
        show->cut = true;
        length = room;
    }
    memcpy(show->buffer + show->used, text, length);
    show->used += length;
}

/** As dtc decides: NUL-terminated, printable, no empty item. */
static bool is_text(struct dt_property value)
{
    bool item = false;

    for (uint32_t i = 0; i < value.length; i++) {
        bool printable = value.data[i] >= ' ' && value.data[i] < 0x7f;

        if (!printable && (value.data[i] != '\0' || !item))
            return false;
        item = printable;
    }
    return value.length > 0 && !item;
}

static void show_text(struct show *show, struct dt_property value)
{
    const char *item = (const char *)value.data;
    const char *end = item + value.length;

    for (; item < end && !show->cut; item += strlen(item) + 1)
        format_to(&show->sink, "%s\"%s\"", item == (const char *)value.data ? "" : ", ", item);
}

static void show_cells(struct show *show, struct dt_property value)
{
    for (uint32_t offset = 0; offset < value.length && !show->cut; offset += WALK_CELL)
        format_to(&show->sink, "%s0x%x", offset == 0 ? "<" : " ", walk_cell(value.data + offset));
    format_to(&show->sink, ">");
}

static void show_bytes(struct show *show, struct dt_property value)
{
    for (uint32_t i = 0; i < value.length && !show->cut; i++)
        format_to(&show->sink, "%s%02x", i == 0 ? "[" : " ", value.data[i]);
    format_to(&show->sink, "]");
}

const char *dt_show(struct dt_property value, char *buffer, size_t size)
{
    static const char cut[] = "...";
    struct show show = {.sink = {show_put}, .buffer = buffer, .size = size};

    if (value.data == NULL)
        format_to(&show.sink, "nothing");
    else if (value.length == 0)
        format_to(&show.sink, "no value");
    else if (is_text(value))
        show_text(&show, value);
    else if (value.length % WALK_CELL == 0)
        show_cells(&show, value);
    else
        show_bytes(&show, value);
    buffer[show.used] = '\0';
    if (show.cut && size >= sizeof(cut))
        memcpy(buffer + size - sizeof(cut), cut, sizeof(cut));
    return buffer;
}

void dt_report(struct diag *diag, enum diag_severity severity, struct dt_node node, const char *property,
               const char *found, const char *expected, const char *message, const char *hint)
{
    char path[DT_PATH_MAX];
    struct diag_report report = {.severity = severity,
                                 .path = dt_node_valid(node) ? dt_path(node, path, sizeof(path)) : NULL,
                                 .property = property,
                                 .found = found,
                                 .expected = expected,
                                 .message = message,
                                 .hint = hint};

    if (diag != NULL)
        diag_emit(diag, &report);
}
