#include "console/screen.h"

#include "arch/timer.h"

#include <string.h>

#define COLOUR_OFF "\x1b[0m"

void screen_lock(struct arch_spinlock *lock)
{
    if (console.taken_over == 0)
        arch_spin_lock(lock);
}

void screen_unlock(struct arch_spinlock *lock)
{
    if (console.taken_over == 0)
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
    uint32_t taken_over = console.taken_over;

    log_put(text, length);
    if (console.uart != NULL && (taken_over == 0 || taken_over == arch_cpu_id() + 1))
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

static void put_prefix(const struct console_source *source)
{
    put_string(source->name != NULL ? source->name : "bulkhead");
    put_string(": ");
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
