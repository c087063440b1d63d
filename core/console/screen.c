// SPDX-License-Identifier: Apache-2.0
#include "console/screen.h"

#include "arch/timer.h"
#include "console/transmit.h"

#include <string.h>

#define COLOUR_OFF "\x1b[0m"
#define CLEAR_ROW "\r\x1b[K"
#define SCREEN_COLUMNS 80      /* a terminal's, if it is no wider */
#define SCREEN_BACKLOG_MAX 512 /* 45 ms at 115200 baud */

/** Whether this CPU panics. */
static bool asks_nobody(void)
{
    uint32_t taken_over = load_relaxed(&console.taken_over);

    return taken_over != 0 && taken_over == arch_cpu_id() + 1;
}

/* Beside a CPU that panics the others keep to the locks: who waits for one gets it, goes on, and halts. */
void screen_lock(struct arch_spinlock *lock)
{
    if (asks_nobody())
        return;
    arch_spin_lock(lock);
    if (load_acquire(&console.taken_over) != 0 && lock == &console.lock)
        store_relaxed(&console.muted, 1);
}

void screen_unlock(struct arch_spinlock *lock)
{
    if (!asks_nobody())
        arch_spin_unlock(lock);
}

static void put_in_panic(const char *text, size_t length)
{
    transmit_drain();
    transmit_put(text, length);
    transmit_drain();
}

/** Whether this CPU no longer prints, because another one panics. */
static bool is_muted(void)
{
    return load_relaxed(&console.muted) != 0 && !asks_nobody();
}

void screen_pump(uint64_t now)
{
    if (!is_muted())
        transmit_pump(now);
}

void screen_put(const char *text, size_t length)
{
    if (is_muted())
        return;
    if (asks_nobody())
        put_in_panic(text, length);
    else if (console.uart != NULL && transmit_room() < length)
        console.lost += length;
    else
        transmit_put(text, length);
}

static void put_string(const char *text)
{
    screen_put(text, strlen(text));
}

void screen_replay(void)
{
    while (console.sent > 0 && console.sent < console.log_end && console.log[console.sent++ % CONSOLE_LOG_SIZE] != '\n')
        ; /* begins with a whole line */
    screen_pump(arch_timer_now());
}

bool screen_drained(const struct console_source *source)
{
    return load_relaxed64(&console.sent) >= source->queued_end || console.uart == NULL;
}

static bool is_domain(const struct console_source *source)
{
    return source->name != NULL;
}

void screen_queued(struct console_source *source, size_t length)
{
    if (screen_drained(source))
        source->burst = 0;
    source->queued_end = console.log_end;
    source->burst += (uint32_t)length;
    if (!console.draining || !console.served)
        screen_pump(arch_timer_now());
    if (is_domain(source) && source->burst >= CONSOLE_BURST && !screen_drained(source))
        __atomic_store_n(&source->blocked, true, __ATOMIC_RELAXED);
}

static void sink_put(struct text_sink *sink, const char *text, size_t length)
{
    (void)sink;
    screen_put(text, length);
}

static void put_prefix(const struct console_source *source)
{
    struct text_sink sink = {sink_put};

    format_to(&sink, "%s: ", source->name != NULL ? source->name : "bulkhead");
}

static void end_line(const struct console_source *source)
{
    if (source->coloured)
        put_string(COLOUR_OFF);
    put_string("\r\n");
    __atomic_store_n(&console.partial, NULL, __ATOMIC_RELAXED);
    store_relaxed64(&console.last_line, arch_timer_now());
}

/* Whether the line can come back behind another's: somebody types there, and it is on one row of the terminal. */
static bool can_come_back(const struct console_source *source)
{
    return source == console.keyboard && __atomic_load_n(&source->attended, __ATOMIC_RELAXED) && !asks_nobody() &&
           strlen(source->name) + 2 + source->shown < SCREEN_COLUMNS;
}

/* An unfinished line makes room. It is shown again when the screen has been quiet for a while, or when it is continued.
 * @return one that was taken off the screen, NULL where it was broken off */
static struct console_source *make_room(void)
{
    struct console_source *live = console.partial;

    if (live == NULL)
        return NULL;
    store_relaxed64(&console.waiting_since, arch_timer_now());
    if (!can_come_back(live)) {
        end_line(live);
        return NULL;
    }
    if (live->coloured)
        put_string(COLOUR_OFF);
    put_string(CLEAR_ROW);
    __atomic_store_n(&console.partial, NULL, __ATOMIC_RELAXED);
    return live;
}

static void draw(struct console_source *source)
{
    put_prefix(source);
    screen_put(source->line, source->shown);
    for (uint32_t i = source->length; i < source->shown; i++)
        if (((uint8_t)source->line[i] & 0xc0) != 0x80) /* the first byte of a character */
            put_string("\b");
    __atomic_store_n(&console.partial, source, __ATOMIC_RELAXED);
}

void screen_rewind(const struct console_source *source)
{
    put_string("\r");
    put_prefix(source);
}

void screen_show(struct console_source *source)
{
    (void)make_room();
    if (!source->shown_partial)
        source->shown = source->length;
    source->shown_partial = true;
    draw(source);
    screen_queued(source, source->length);
}

/** Whether all of the line fits: half a line is worse than none. */
static bool fits(const struct console_source *source)
{
    return console.uart == NULL || asks_nobody() || transmit_room() >= source->length + SCREEN_FRAME_MAX;
}

/* Behind little: where much waits for the UART, a line that comes back each time would only add to it. */
static void come_back(struct console_source *live)
{
    if (live != NULL && CONSOLE_LOG_SIZE - transmit_room() <= SCREEN_BACKLOG_MAX && console.lost == 0)
        draw(live);
}

/** Ends it where it stands on the screen, or puts all of it there. */
static void put_line(struct console_source *source)
{
    struct console_source *live = NULL;

    if (console.partial != source) {
        if (!fits(source)) {
            console.lost += source->length;
            return;
        }
        live = make_room();
        put_prefix(source);
        screen_put(source->line, source->length);
    }
    end_line(source);
    come_back(live);
}

bool screen_line(struct console_source *source, bool now)
{
    if (!now && console.partial != source && is_domain(source) && !screen_drained(source))
        return false;
    put_line(source);
    source->lines++;
    screen_queued(source, source->length);
    if (console.uart != NULL && console.uart->stuck)
        source->dropped_lines++;
    return true;
}
