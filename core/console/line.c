// SPDX-License-Identifier: Apache-2.0
#include "console/line.h"

#include "arch/timer.h"
#include "console/screen.h"
#include "lib/text.h"

#include <string.h>

#define BEL 0x07
#define BS 0x08
#define ESC 0x1b
#define DEL 0x7f
#define TAB_STOP 8
#define STRING_MAX 255 /* characters of an operating system command that are swallowed */

static void begin_anew(struct console_source *source)
{
    store_relaxed(&source->length, 0);
    source->shown = 0;
    source->shown_partial = false;
    source->returned = false;
    source->coloured = false;
}

static void end_or_hold(struct console_source *source, bool now)
{
    screen_lock(&console.lock);
    bool put = screen_line(source, now);
    screen_unlock(&console.lock);
    source->held = !put;
    if (put)
        begin_anew(source);
    else
        __atomic_store_n(&source->blocked, true, __ATOMIC_RELAXED);
}

void line_end(struct console_source *source)
{
    end_or_hold(source, true);
}

bool line_release(struct console_source *source)
{
    screen_lock(&console.lock);
    bool drained = screen_drained(source);
    screen_unlock(&console.lock);
    if (!drained)
        return false;
    if (source->held)
        line_end(source);
    __atomic_store_n(&source->blocked, false, __ATOMIC_RELAXED);
    return true;
}

/* A line that is on the screen, or was and comes back when it goes on, changes with the screen locked. */
static bool lock_shown(const struct console_source *source)
{
    if (!screen_live(source) && !(source->shown_partial && screen_keyboard() == source))
        return false;
    screen_lock(&console.lock);
    return true;
}

/* The line goes on where it stands on the screen; one that is not there any more is shown again whole. */
static void echo(struct console_source *source, const char *text, size_t length)
{
    if (console.partial == source) {
        screen_put(text, length);
        screen_queued(source, length);
    } else if (console.keyboard == source) {
        screen_show(source);
    }
    screen_unlock(&console.lock);
}

/* CR, and now something that is not LF: the line is written anew, on the screen over what is there. */
static void leave_return(struct console_source *source)
{
    if (!source->returned)
        return;
    source->returned = false;
    bool locked = lock_shown(source);
    store_relaxed(&source->length, 0);
    bool live = locked && console.partial == source;
    if (!live || source->coloured)
        source->shown = 0;
    if (live) {
        screen_rewind(source);
        screen_queued(source, 1);
    }
    if (locked)
        screen_unlock(&console.lock);
}

static void start_line(struct console_source *source)
{
    source->line_started = arch_timer_now();
    if (screen_keyboard() == source)
        store_relaxed64(&console.waiting_since, source->line_started);
}

/* Over what stands right of the cursor. Where a byte is not a column that is forgotten: the guest draws it anew. */
static void put_at_cursor(struct console_source *source, const char *text, size_t length)
{
    char *at = &source->line[source->length];
    uint32_t end = source->length + (uint32_t)length;

    if (end > source->shown || text_plain(text, length) != length || text_plain(at, length) != length)
        source->shown = end;
    memcpy(at, text, length);
    store_relaxed(&source->length, end);
}

/* What is appended at once stays together on one line. */
static void append(struct console_source *source, const char *text, size_t length)
{
    leave_return(source);
    if (source->length + length > CONSOLE_LINE_MAX)
        line_end(source);
    if (source->length == 0)
        start_line(source);
    bool locked = lock_shown(source);
    put_at_cursor(source, text, length);
    if (locked)
        echo(source, text, length);
}

/* What others wrote, as it may be shown. A character of several bytes stays whole. */
static void append_shown(struct console_source *source, const char *text, size_t length)
{
    while (length > 0) {
        struct text_shown shown = text_show(text, length);
        append(source, shown.text, shown.length);
        text += shown.taken;
        length -= shown.taken;
    }
}

void line_end_character(struct console_source *source)
{
    bool unfinished = source->escape == CONSOLE_CHARACTER;

    source->escape = CONSOLE_TEXT;
    if (unfinished)
        append_shown(source, source->sequence, source->sequence_length);
}

static void append_tab(struct console_source *source)
{
    static const char spaces[TAB_STOP + 1] = "        ";

    leave_return(source);
    append(source, spaces, TAB_STOP - source->length % TAB_STOP);
}

/* A colour sequence takes no column: it goes with the character before it. @return bytes of one before @p end, or 0 */
static uint32_t trailing_colour(const struct console_source *source, uint32_t end)
{
    uint32_t start = end;

    if (start == 0 || source->line[start - 1] != 'm')
        return 0;
    while (start > 0 && end - start < CONSOLE_ESCAPE_MAX)
        if (source->line[--start] == ESC)
            return end - start;
    return 0;
}

static bool is_continuation(char character)
{
    return ((uint8_t)character & 0xc0) == 0x80;
}

static uint32_t column_before(const struct console_source *source)
{
    uint32_t colour, end = source->length;

    while ((colour = trailing_colour(source, end)) != 0)
        end -= colour;
    while (end > 1 && is_continuation(source->line[end - 1]))
        end--;
    return end > 0 ? end - 1 : 0;
}

/* The cursor goes back one column. Whatever stood right of it is written again by the guest if it moves on: what is
 * left of the cursor is the line, and what is right of it only stays on the screen. */
static void backspace(struct console_source *source)
{
    leave_return(source);
    if (source->length == 0)
        return;
    uint32_t end = column_before(source);
    bool locked = lock_shown(source);
    store_relaxed(&source->length, end);
    if (source->coloured)
        source->shown = end;
    if (locked)
        echo(source, "\b", 1);
}

static void bell(struct console_source *source)
{
    if (screen_live(source) && lock_shown(source))
        echo(source, "\a", 1);
}

static void start_sequence(struct console_source *source, enum console_escape kind, char first)
{
    source->escape = kind;
    source->sequence[0] = first;
    source->sequence_length = 1;
}

static void control(struct console_source *source, char character)
{
    switch (character) {
    case '\n':
        end_or_hold(source, false);
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
        start_sequence(source, CONSOLE_ESCAPE, ESC);
        break;
    case '\0': /* padding */
        break;
    default:
        append_shown(source, &character, 1);
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

/* Modes that an interactive program sets and that harm nobody: inserting; keys, wrapping, cursor, the other screen,
 * pasting. */
static bool is_harmless_mode(const char *parameters, size_t length)
{
    static const uint16_t private_modes[] = {1, 7, 12, 25, 47, 1047, 1048, 1049, 2004};
    bool is_private = *parameters == '?';
    uint32_t mode = 0;

    for (size_t i = is_private; i < length; i++) {
        if (parameters[i] < '0' || parameters[i] > '9')
            return false;
        mode = mode * 10 + (uint32_t)(parameters[i] - '0');
    }
    for (size_t i = 0; is_private && i < ARRAY_SIZE(private_modes); i++)
        if (private_modes[i] == mode)
            return true;
    return !is_private && mode == 4;
}

#define FINAL(character) (1ULL << ((character) - '@'))

/* What a program that edits a line or draws on the screen sends: moves the cursor, erases, scrolls, asks where the
 * cursor is. Not: what resets, prints, names or moves windows, changes the character set for all, or lets the terminal
 * type. */
static bool is_harmless(const struct console_source *source)
{
    const uint64_t finals = (FINAL('P' + 1) - 1) | FINAL('S') | FINAL('T') | FINAL('X') | FINAL('Z') | FINAL('`') |
                            FINAL('a') | FINAL('d') | FINAL('e') | FINAL('f') | FINAL('m') | FINAL('n') | FINAL('r') |
                            FINAL('s') | FINAL('u');
    const char *sequence = source->sequence;
    size_t last = source->sequence_length - 1u;
    char final = sequence[last];

    if (sequence[1] != '[')
        return last == 1 ? strchr("78M=>", final) != NULL : last == 2 && sequence[1] == '(' && final == 'B';
    if (final == 'h' || final == 'l')
        return is_harmless_mode(&sequence[2], last - 2);
    for (size_t i = 2; i < last; i++)
        if (sequence[i] < '0' || sequence[i] > ';')
            return false;
    return (finals >> (final - '@') & 1) != 0;
}

/* Colours are part of the line. Everything else moves the cursor or asks the terminal: an interactive program, whose
 * line must be on the screen now, and which must not be sent twice. Only where somebody sits at it: a domain that has
 * the keyboard because it is the first has nobody to draw for. */
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
    if (!__atomic_load_n(&source->attended, __ATOMIC_RELAXED) || !is_harmless(source))
        return;
    leave_return(source);
    screen_lock(&console.lock);
    if (console.partial != source)
        screen_show(source);
    screen_put(source->sequence, source->sequence_length);
    source->shown = source->length;
    screen_queued(source, source->sequence_length);
    screen_unlock(&console.lock);
}

/* Those that take what follows an escape, or begins a character of more bytes, return whether it is text after all, and
 * is to be looked at as such. */

/* Not a sequence after all, or too long a one: what was gathered is dropped, and text is text again. */
static bool escape_abandoned(struct console_source *source)
{
    source->escape = CONSOLE_TEXT;
    return true;
}

static bool swallow_string(struct console_source *source, char character)
{
    if (character == BEL)
        source->escape = CONSOLE_TEXT;
    else if (character == ESC)
        start_sequence(source, CONSOLE_ESCAPE, ESC);
    else if (character == '\n' || ++source->sequence_length == STRING_MAX)
        return escape_abandoned(source);
    return false;
}

static bool gather(struct console_source *source, char character, char final)
{
    if ((uint8_t)character < ' ' || (uint8_t)character >= DEL || source->sequence_length == CONSOLE_ESCAPE_MAX)
        return escape_abandoned(source);
    source->sequence[source->sequence_length++] = character;
    if (character >= final)
        escape_done(source);
    return false;
}

/* A byte that cannot go on ends the character: what there is of it is shown, and the byte is looked at by itself. */
static bool gather_character(struct console_source *source, char character)
{
    bool more = is_continuation(character);

    if (more)
        source->sequence[source->sequence_length++] = character;
    if (!more || source->sequence_length == text_character_length(source->sequence[0]))
        line_end_character(source);
    return !more;
}

static bool take_escape(struct console_source *source, char character)
{
    if (source->escape == CONSOLE_CHARACTER)
        return gather_character(source, character);
    if (source->escape == CONSOLE_STRING)
        return swallow_string(source, character);
    if (source->escape == CONSOLE_SEQUENCE)
        return gather(source, character, '@');
    if (source->sequence_length == 1 && character == '[') {
        source->sequence[source->sequence_length++] = character;
        source->escape = CONSOLE_SEQUENCE;
    } else if (source->sequence_length == 1 && character != '\0' && strchr("]PX^_", character) != NULL) {
        source->escape = CONSOLE_STRING;
    } else if (source->sequence_length == 1 && character == '\\') {
        source->escape = CONSOLE_TEXT; /* the end of a string */
    } else {
        return gather(source, character, '0');
    }
    return false;
}

static void take(struct console_source *source, char character)
{
    if (source->escape != CONSOLE_TEXT && !take_escape(source, character))
        return;
    if ((uint8_t)character < ' ')
        control(source, character);
    else if (text_character_length(character) > 1)
        start_sequence(source, CONSOLE_CHARACTER, character);
    else
        append_shown(source, &character, 1);
}

/* What can be appended in one go: most of what the hypervisor prints. */
static size_t plain_run(const struct console_source *source, const char *text, size_t length)
{
    if (source->escape != CONSOLE_TEXT || source->length == CONSOLE_LINE_MAX)
        return 0;
    return text_plain(text, min_u64(length, CONSOLE_LINE_MAX - source->length));
}

size_t line_put(struct console_source *source, const char *text, size_t length, bool *changed)
{
    uint64_t lines = source->lines;
    bool idle = source->length == 0;
    size_t taken = 0;

    if (source->blocked && !line_release(source))
        return 0;
    while (taken < length && !source->blocked) {
        size_t plain = plain_run(source, &text[taken], length - taken);
        if (plain > 0)
            append(source, &text[taken], plain);
        else
            take(source, text[taken]);
        taken += max_u64(plain, 1);
    }
    *changed = source->lines != lines || (idle && source->length > 0);
    return taken;
}
