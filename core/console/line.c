// SPDX-License-Identifier: Apache-2.0
#include "console/line.h"

#include "arch/timer.h"
#include "console/screen.h"

#include <string.h>

#define BEL 0x07
#define BS 0x08
#define ESC 0x1b
#define DEL 0x7f
#define TAB_STOP 8
#define STRING_MAX 255 /* characters of an operating system command that are swallowed */

void line_end(struct console_source *source)
{
    screen_lock(&console.lock);
    screen_line(source);
    screen_unlock(&console.lock);
    store_relaxed(&source->length, 0);
    source->shown_partial = false;
    source->returned = false;
    source->coloured = false;
}

/* A line that is on the screen goes on there; one that was, but was broken off by another's, is shown again whole. */
static void echo(struct console_source *source, const char *text, size_t length)
{
    if (!screen_live(source) && !(source->shown_partial && screen_keyboard() == source))
        return;
    screen_lock(&console.lock);
    if (console.partial == source)
        screen_put(text, length);
    else if (console.keyboard == source)
        screen_show(source);
    screen_unlock(&console.lock);
}

/* CR, and now something that is not LF: the line is written anew. */
static void leave_return(struct console_source *source)
{
    if (!source->returned)
        return;
    source->returned = false;
    store_relaxed(&source->length, 0);
    if (!screen_live(source))
        return;
    screen_lock(&console.lock);
    if (console.partial == source)
        screen_rewind(source);
    screen_unlock(&console.lock);
}

static void start_line(struct console_source *source)
{
    source->line_started = arch_timer_now();
    if (screen_keyboard() == source)
        store_relaxed64(&console.waiting_since, source->line_started);
}

/* What is appended at once stays together on one line. */
static void append(struct console_source *source, const char *text, size_t length)
{
    leave_return(source);
    if (source->length + length > CONSOLE_LINE_MAX)
        line_end(source);
    if (source->length == 0)
        start_line(source);
    memcpy(&source->line[source->length], text, length);
    store_relaxed(&source->length, source->length + (uint32_t)length);
    echo(source, text, length);
}

static void append_character(struct console_source *source, char character)
{
    append(source, &character, 1);
}

static void append_tab(struct console_source *source)
{
    static const char spaces[TAB_STOP + 1] = "        ";

    leave_return(source);
    append(source, spaces, TAB_STOP - source->length % TAB_STOP);
}

/* A colour sequence takes no column: it goes with the character before it. @return bytes of one at the line's end, or 0
 */
static uint32_t trailing_colour(const struct console_source *source)
{
    uint32_t start = source->length;

    if (start == 0 || source->line[start - 1] != 'm')
        return 0;
    while (start > 0 && source->length - start < CONSOLE_ESCAPE_MAX)
        if (source->line[--start] == ESC)
            return source->length - start;
    return 0;
}

static bool is_continuation(char character)
{
    return ((uint8_t)character & 0xc0) == 0x80;
}

/* The cursor goes back one column. Whatever stood right of it is written again by the guest if it moves on, so to drop
 * it keeps exactly what stands left of the cursor. */
static void backspace(struct console_source *source)
{
    uint32_t colour;

    leave_return(source);
    while ((colour = trailing_colour(source)) != 0)
        source->length -= colour;
    if (source->length == 0)
        return;
    while (source->length > 1 && is_continuation(source->line[source->length - 1]))
        source->length--;
    source->length--;
    echo(source, "\b", 1);
}

static void bell(struct console_source *source)
{
    if (screen_live(source))
        echo(source, "\a", 1);
}

static void start_escape(struct console_source *source)
{
    source->escape = CONSOLE_ESCAPE;
    source->sequence[0] = ESC;
    source->sequence_length = 1;
}

static void control(struct console_source *source, char character)
{
    switch (character) {
    case '\n':
        line_end(source);
        break;
    case '\r':
        source->returned = true;
        break;
    case '\t':
        append_tab(source);
        break;
    case BS:
        backspace(source);
        break;
    case BEL:
        bell(source);
        break;
    case ESC:
        start_escape(source);
        break;
    case '\0': /* padding */
        break;
    default:
        append_character(source, '.');
        break;
    }
}

static bool is_colour(const struct console_source *source)
{
    if (source->sequence_length < 3 || source->sequence[1] != '[' ||
        source->sequence[source->sequence_length - 1] != 'm')
        return false;
    for (unsigned i = 2; i + 1U < source->sequence_length; i++)
        if (source->sequence[i] < '0' || source->sequence[i] > ';')
            return false;
    return true;
}

/* Colours are part of the line. Everything else moves the cursor or asks the terminal: an interactive program, whose
 * line must be on the screen now, and which must not be sent twice. */
static void escape_done(struct console_source *source)
{
    source->escape = CONSOLE_TEXT;
    if (screen_keyboard() != source)
        return;
    if (is_colour(source)) {
        append(source, source->sequence, source->sequence_length);
        source->coloured = true;
        return;
    }
    leave_return(source);
    screen_lock(&console.lock);
    if (console.partial != source)
        screen_show(source);
    screen_put(source->sequence, source->sequence_length);
    screen_unlock(&console.lock);
}

static void take(struct console_source *source, char character);

/* Not a sequence after all, or too long a one: what was gathered is dropped, and text is text again. */
static void escape_abandoned(struct console_source *source, char character)
{
    source->escape = CONSOLE_TEXT;
    take(source, character);
}

static void swallow_string(struct console_source *source, char character)
{
    if (character == BEL)
        source->escape = CONSOLE_TEXT;
    else if (character == ESC)
        start_escape(source);
    else if (character == '\n' || ++source->sequence_length == STRING_MAX)
        escape_abandoned(source, character);
}

static void gather(struct console_source *source, char character, char final)
{
    if ((uint8_t)character < ' ' || (uint8_t)character >= DEL || source->sequence_length == CONSOLE_ESCAPE_MAX) {
        escape_abandoned(source, character);
        return;
    }
    source->sequence[source->sequence_length++] = character;
    if (character >= final)
        escape_done(source);
}

static void take_escape(struct console_source *source, char character)
{
    if (source->escape == CONSOLE_STRING) {
        swallow_string(source, character);
    } else if (source->escape == CONSOLE_SEQUENCE) {
        gather(source, character, '@');
    } else if (source->sequence_length == 1 && character == '[') {
        source->sequence[source->sequence_length++] = character;
        source->escape = CONSOLE_SEQUENCE;
    } else if (source->sequence_length == 1 && character != '\0' && strchr("]PX^_", character) != NULL) {
        source->escape = CONSOLE_STRING;
    } else if (source->sequence_length == 1 && character == '\\') {
        source->escape = CONSOLE_TEXT; /* the end of a string */
    } else {
        gather(source, character, '0');
    }
}

/* 0x80..0x9f are control characters of their own in an 8-bit code, and in UTF-8 when they stand alone or follow 0xc2.
 */
static bool is_upper_control(const struct console_source *source, char character)
{
    uint8_t byte = (uint8_t)character;
    uint8_t before = source->length > 0 && !source->returned ? (uint8_t)source->line[source->length - 1] : 0;

    return byte >= 0x80 && byte < 0xa0 && (before < 0x80 || before == 0xc2);
}

static void take(struct console_source *source, char character)
{
    if (source->escape != CONSOLE_TEXT)
        take_escape(source, character);
    else if ((uint8_t)character < ' ')
        control(source, character);
    else if (character == DEL || is_upper_control(source, character))
        append_character(source, '.');
    else
        append_character(source, character);
}

bool line_put(struct console_source *source, const char *text, size_t length)
{
    uint64_t lines = source->lines;
    bool idle = source->length == 0;

    for (size_t i = 0; i < length; i++)
        take(source, text[i]);
    return source->lines != lines || (idle && source->length > 0);
}
