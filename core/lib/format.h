/* SPDX-License-Identifier: Apache-2.0 */
/* Formatted text without a C library: what diagnostics, the console and the canonical plan are written with. */
#ifndef BULKHEAD_LIB_FORMAT_H
#define BULKHEAD_LIB_FORMAT_H

#include <stdarg.h>

#include "lib/types.h"

/** Where formatted characters go. put() is called for runs of characters, never with length 0. */
struct text_sink {
    void (*put)(struct text_sink *sink, const char *text, size_t length);
};

/** Writes text that others wrote, through text_show(). @return the number of characters written */
size_t format_shown(struct text_sink *sink, const char *text, size_t length);

/**
 * Writes formatted text to @p sink.
 * Conversions: %d %i %u %x %X %c %s %p %% with the flags - and 0, a width, a precision for %s (also '*'), and the
 * lengths l, ll and z. An unknown conversion is written as it stands. A NULL string is written as "(null)".
 * What %s and %c are given goes through text_show(): names come from device trees and guests.
 * %s with a width no greater than its precision is a column: a text that is longer ends there with '~'. It has to end
 * with NUL.
 * @return the number of characters written.
 */
size_t format_to(struct text_sink *sink, const char *format, ...) HV_PRINTF(2, 3);
size_t format_to_v(struct text_sink *sink, const char *format, va_list arguments);

/**
 * As snprintf(): at most @p size - 1 characters and always a terminating NUL (when size > 0).
 * @return the length the whole text has, which may be >= @p size.
 */
size_t format_string(char *buffer, size_t size, const char *format, ...) HV_PRINTF(3, 4);
size_t format_string_v(char *buffer, size_t size, const char *format, va_list arguments);

#endif
