// SPDX-License-Identifier: Apache-2.0
#include "console/screen.h"

#include "arch/timer.h"

#include <string.h>

#define COLOUR_OFF "\x1b[0m"

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

static void log_put(const char *text, size_t length)
{
    while (length > 0) {
        size_t at = console.log_end % CONSOLE_LOG_SIZE;
        size_t part = (size_t)min_u64(length, CONSOLE_LOG_SIZE - at);
        memcpy(&console.log[at], text, part);
        console.log_end += part;
        text += part;
        length -= part;
    }
}

void screen_put(const char *text, size_t length)
{
    if (load_relaxed(&console.muted) != 0 && !asks_nobody())
        return;
    log_put(text, length);
    if (console.uart != NULL)
        uart_write(console.uart, text, length);
}

static void put_string(const char *text)
{
    screen_put(text, strlen(text));
}

void screen_replay(void)
{
    uint64_t position = 0;

    if (console.log_end > CONSOLE_LOG_SIZE) { /* begin with a whole line */
        position = console.log_end - CONSOLE_LOG_SIZE;
        while (position < console.log_end && console.log[position++ % CONSOLE_LOG_SIZE] != '\n')
            ;
    }
    while (position < console.log_end) {
        size_t at = position % CONSOLE_LOG_SIZE;
        size_t part = (size_t)min_u64(console.log_end - position, CONSOLE_LOG_SIZE - at);
        uart_write(console.uart, &console.log[at], part);
        position += part;
    }
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

/* The line that is broken off is shown again when the screen has been quiet for a while, or when it is continued. */
static void make_room(void)
{
    if (console.partial == NULL)
        return;
    end_line(console.partial);
    store_relaxed64(&console.waiting_since, console.last_line);
}

void screen_rewind(const struct console_source *source)
{
    put_string("\r");
    put_prefix(source);
}

void screen_show(struct console_source *source)
{
    make_room();
    put_prefix(source);
    screen_put(source->line, source->length);
    source->shown_partial = true;
    __atomic_store_n(&console.partial, source, __ATOMIC_RELAXED);
}

void screen_line(struct console_source *source)
{
    if (console.partial != source) {
        make_room();
        put_prefix(source);
        screen_put(source->line, source->length);
    }
    end_line(source);
    source->lines++;
    if (console.uart != NULL && console.uart->stuck)
        source->dropped_lines++;
}
