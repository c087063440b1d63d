// SPDX-License-Identifier: Apache-2.0
#include "lib/format.h"

#include <string.h>

#include "lib/text.h"

/** One conversion specification, taken apart. */
struct conversion {
    bool left;      /* flag '-' */
    bool zero;      /* flag '0' */
    unsigned width; /* 0: none */
    bool has_precision;
    unsigned precision;
    unsigned longs; /* 1: l or z, 2: ll */
    char kind;
};

#define FORMAT_MAX_FIELD 4096 /* widths and precisions beyond are cut: a format string is never worth more output */

static size_t put_run(struct text_sink *sink, const char *text, size_t length)
{
    if (length > 0)
        sink->put(sink, text, length);
    return length;
}

size_t format_shown(struct text_sink *sink, const char *text, size_t length)
{
    size_t written = 0;

    while (length > 0) {
        size_t taken = text_plain(text, length);
        written += put_run(sink, text, taken);
        if (taken == 0) {
            struct text_shown shown = text_show(text, length);
            written += put_run(sink, shown.text, shown.length);
            taken = shown.taken;
        }
        text += taken;
        length -= taken;
    }
    return written;
}

static size_t put_padding(struct text_sink *sink, char fill, size_t count)
{
    static const char spaces[] = "                ";
    static const char zeros[] = "0000000000000000";
    const char *run = fill == '0' ? zeros : spaces;

    for (size_t left = count; left > 0;) {
        size_t now = left < sizeof(spaces) - 1 ? left : sizeof(spaces) - 1;

        left -= put_run(sink, run, now);
    }
    return count;
}

/** Writes @p prefix and @p text, padded to the field's width; zeros go between the two. */
static size_t put_field(struct text_sink *sink, const struct conversion *field, const char *prefix, const char *text,
                        size_t length)
{
    size_t prefix_length = strlen(prefix);
    size_t used = prefix_length + length;
    size_t padding = field->width > used ? field->width - used : 0;
    bool zeros = field->zero && !field->left;

    if (!field->left && !zeros)
        put_padding(sink, ' ', padding);
    put_run(sink, prefix, prefix_length);
    if (zeros)
        put_padding(sink, '0', padding);
    put_run(sink, text, length);
    if (field->left)
        put_padding(sink, ' ', padding);
    return used + padding;
}

static size_t put_number(struct text_sink *sink, const struct conversion *field, const char *prefix, uint64_t value,
                         unsigned base)
{
    const char *digits = field->kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[20]; /* UINT64_MAX has 20 decimal digits */
    size_t at = sizeof(text);

    do {
        text[--at] = digits[value % base];
        value /= base;
    } while (value != 0);
    return put_field(sink, field, prefix, text + at, sizeof(text) - at);
}

static size_t put_signed(struct text_sink *sink, const struct conversion *field, int64_t value)
{
    /* negated as unsigned: -INT64_MIN does not exist */
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    return put_number(sink, field, value < 0 ? "-" : "", magnitude, 10);
}

/** strlen() that stops at the precision: the text need not end there. */
static size_t text_length(const struct conversion *field, const char *text)
{
    const char *end;

    if (!field->has_precision)
        return strlen(text);
    end = memchr(text, '\0', field->precision);
    return end != NULL ? (size_t)(end - text) : field->precision;
}

static void discard(struct text_sink *sink, const char *text, size_t length)
{
    (void)sink;
    (void)text;
    (void)length;
}

static size_t put_shown(struct text_sink *sink, const struct conversion *field, const char *text, size_t length)
{
    struct text_sink nowhere = {discard};
    size_t padding = 0;

    if (field->width > 0) {
        size_t shown = format_shown(&nowhere, text, length);
        padding = field->width > shown ? field->width - shown : 0;
    }
    if (!field->left)
        put_padding(sink, ' ', padding);
    size_t written = padding + format_shown(sink, text, length);
    if (field->left)
        put_padding(sink, ' ', padding);
    return written;
}

static size_t put_text(struct text_sink *sink, const struct conversion *field, const char *text)
{
    struct conversion column = *field;
    const char *shown = text != NULL ? text : "(null)";
    size_t length = text_length(field, shown);
    bool cut = field->width > 0 && field->width <= length && shown[length] != '\0';

    if (cut) {
        column.width--;
        while (--length > 0 && ((uint8_t)shown[length] & 0xc0) == 0x80) /* not within a character */
            ;
    }
    size_t written = put_shown(sink, &column, shown, length);
    return written + put_run(sink, "~", cut);
}

static unsigned parse_number(const char **cursor)
{
    unsigned number = 0;

    while (**cursor >= '0' && **cursor <= '9') {
        number = number * 10 + (unsigned)(*(*cursor)++ - '0');
        if (number > FORMAT_MAX_FIELD)
            number = FORMAT_MAX_FIELD;
    }
    return number;
}

static void parse_flags(const char **cursor, struct conversion *field)
{
    for (;; (*cursor)++)
        if (**cursor == '-')
            field->left = true;
        else if (**cursor == '0')
            field->zero = true;
        else
            return;
}

static unsigned parse_lengths(const char **cursor)
{
    unsigned longs = 0;

    while (**cursor == 'l' && longs < 2) {
        (*cursor)++;
        longs++;
    }
    if (longs == 0 && **cursor == 'z') {
        (*cursor)++;
        longs = 1;
    }
    return longs;
}

/* va_list may be an array type, which a function cannot take by reference as a parameter; a structure can. */
struct arguments {
    va_list list;
};

static unsigned star_or_number(const char **cursor, struct arguments *arguments, bool *negative)
{
    int value;

    if (**cursor != '*')
        return parse_number(cursor);
    (*cursor)++;
    value = va_arg(arguments->list, int);
    *negative = value < 0;
    if (value < 0)
        value = value < -FORMAT_MAX_FIELD ? FORMAT_MAX_FIELD : -value;
    return value > FORMAT_MAX_FIELD ? FORMAT_MAX_FIELD : (unsigned)value;
}

/** Reads what follows a '%'. @p cursor ends behind the conversion character, or on the NUL that cuts it short. */
static struct conversion parse_conversion(const char **cursor, struct arguments *arguments)
{
    struct conversion field = {0};
    bool negative = false;

    parse_flags(cursor, &field);
    field.width = star_or_number(cursor, arguments, &negative);
    field.left |= negative;
    if (**cursor == '.') {
        (*cursor)++;
        negative = false;
        field.precision = star_or_number(cursor, arguments, &negative);
        field.has_precision = !negative;
    }
    field.longs = parse_lengths(cursor);
    field.kind = **cursor;
    if (field.kind != '\0')
        (*cursor)++;
    return field;
}

static uint64_t next_unsigned(const struct conversion *field, struct arguments *arguments)
{
    if (field->longs == 2)
        return va_arg(arguments->list, unsigned long long);
    return field->longs == 1 ? va_arg(arguments->list, unsigned long) : va_arg(arguments->list, unsigned);
}

static int64_t next_signed(const struct conversion *field, struct arguments *arguments)
{
    if (field->longs == 2)
        return va_arg(arguments->list, long long);
    return field->longs == 1 ? va_arg(arguments->list, long) : va_arg(arguments->list, int);
}

/** @param specification  the text of the conversion from its '%', for one that is not known */
static size_t put_conversion(struct text_sink *sink, const struct conversion *field, struct arguments *arguments,
                             const char *specification, size_t specification_length)
{
    char character;

    switch (field->kind) {
    case 'd':
    case 'i':
        return put_signed(sink, field, next_signed(field, arguments));
    case 'u':
        return put_number(sink, field, "", next_unsigned(field, arguments), 10);
    case 'x':
    case 'X':
        return put_number(sink, field, "", next_unsigned(field, arguments), 16);
    case 'p':
        return put_number(sink, field, "0x", (uintptr_t)va_arg(arguments->list, void *), 16);
    case 'c':
        character = (char)va_arg(arguments->list, int);
        return put_shown(sink, field, &character, 1);
    case 's':
        return put_text(sink, field, va_arg(arguments->list, const char *));
    case '%':
        return put_run(sink, "%", 1);
    default:
        return put_run(sink, specification, specification_length);
    }
}

size_t format_to_v(struct text_sink *sink, const char *format, va_list arguments)
{
    struct arguments rest;
    size_t written = 0;

    va_copy(rest.list, arguments);
    while (*format != '\0') {
        const char *start = format;
        struct conversion field;

        while (*format != '\0' && *format != '%')
            format++;
        written += put_run(sink, start, (size_t)(format - start));
        if (*format == '\0')
            break;
        start = format++;
        field = parse_conversion(&format, &rest);
        written += put_conversion(sink, &field, &rest, start, (size_t)(format - start));
    }
    va_end(rest.list);
    return written;
}

size_t format_to(struct text_sink *sink, const char *format, ...)
{
    va_list arguments;
    size_t written;

    va_start(arguments, format);
    written = format_to_v(sink, format, arguments);
    va_end(arguments);
    return written;
}

struct buffer_sink {
    struct text_sink sink;
    char *buffer;
    size_t room; /* without the NUL */
    size_t used;
};

static void buffer_put(struct text_sink *sink, const char *text, size_t length)
{
    struct buffer_sink *self = CONTAINER_OF(sink, struct buffer_sink, sink);
    size_t left = self->room - self->used;
    size_t now = length < left ? length : left;

    memcpy(self->buffer + self->used, text, now);
    self->used += now;
}

size_t format_string_v(char *buffer, size_t size, const char *format, va_list arguments)
{
    struct buffer_sink target = {.sink = {buffer_put}, .buffer = buffer, .room = size - 1};
    size_t length;

    if (size == 0)
        target.sink.put = discard;
    length = format_to_v(&target.sink, format, arguments);
    if (size > 0)
        buffer[target.used] = '\0';
    return length;
}

size_t format_string(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    size_t length;

    va_start(arguments, format);
    length = format_string_v(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}
