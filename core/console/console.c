// SPDX-License-Identifier: Apache-2.0
#include "console/console.h"

#include "arch/timer.h"
#include "console/keyboard.h"
#include "console/line.h"
#include "console/screen.h"
#include "console/transmit.h"

#include <string.h>

#define TAKE_OVER_US 30000 /* the longest line takes less, at 115200 baud */

struct console console;

/** What one CPU prints on behalf of the hypervisor: its own line, so that lines of two CPUs do not mix. */
struct own_output {
    struct console_source source;
    struct text_sink sink;
};

static struct own_output own_outputs[HV_MAX_CPUS];

static void emit_report(struct diag *diag, const struct diag_report *report)
{
    (void)diag;
    diag_format(console_sink(), report);
}

static struct diag reports;

static void tick(struct deadline *deadline)
{
    uint64_t due = console_tick(arch_timer_now());

    if (console.uart != NULL && !console.uart->interrupts) {
        console_poll();
        due = min_u64(due, arch_timer_now() + arch_timer_ticks(CONSOLE_POLL_US));
    }
    deadline_bring_forward(deadline, due);
}

void console_init(void)
{
    memset(&console, 0, offsetof(struct console, log));
    memset(own_outputs, 0, sizeof(own_outputs));
    reports = (struct diag){.emit = emit_report};
    deadline_add(&console.tick, 0, tick);
    deadline_set(&console.tick, 0);
}

void console_attach(struct uart *uart)
{
    screen_lock(&console.lock);
    console.uart = uart;
    screen_replay();
    screen_unlock(&console.lock);
}

void console_add_source(struct console_source *source)
{
    struct console_source **link = &console.sources;
    bool first;

    screen_lock(&console.lock);
    while (*link != NULL)
        link = &(*link)->next;
    source->next = NULL;
    *link = source;
    first = !console.keyboard_chosen && source->input != NULL;
    if (first) {
        console.keyboard_chosen = true;
        __atomic_store_n(&console.keyboard, source, __ATOMIC_RELAXED);
    }
    screen_unlock(&console.lock);
    if (first)
        keyboard_announce();
}

void transmit_tick_at(uint64_t when)
{
    deadline_bring_forward(&console.tick, when);
}

/* When the unfinished line of the keyboard's owner is to be shown: once the screen is quiet, or after all. */
static uint64_t prompt_due(void)
{
    uint64_t since = load_relaxed64(&console.waiting_since);
    uint64_t quiet = max_u64(since, load_relaxed64(&console.last_line)) + arch_timer_ticks(CONSOLE_PROMPT_US);

    return min_u64(quiet, since + arch_timer_ticks(CONSOLE_PATIENCE_US));
}

/* Without locks: whoever makes a line begin or end calls this afterwards, so the last one sees what is true. */
static void request_tick(void)
{
    const struct console_source *source = screen_keyboard();

    if (source != NULL && load_relaxed(&source->length) > 0 && !screen_live(source))
        deadline_bring_forward(&console.tick, prompt_due());
}

size_t console_write(struct console_source *source, const char *text, size_t length)
{
    bool changed = false;

    screen_lock(&source->lock);
    size_t taken = line_put(source, text, length, &changed);
    screen_unlock(&source->lock);
    if (changed)
        request_tick();
    return taken;
}

static __attribute__((noinline)) bool put_special(struct console_source *source, char character)
{
    bool changed = false;
    bool taken = line_put(source, &character, 1, &changed) != 0;

    screen_unlock(&source->lock);
    if (changed)
        request_tick();
    return taken;
}

bool console_put(struct console_source *source, char character)
{
    screen_lock(&source->lock);
    if (!line_is_plain(source, character))
        return put_special(source, character);
    source->line[source->length] = character;
    store_relaxed(&source->length, source->length + 1);
    screen_unlock(&source->lock);
    return true;
}

/* Even where it would have to wait: it ends, and its last words are not many. */
void console_flush(struct console_source *source)
{
    screen_lock(&source->lock);
    if (source->held)
        line_end(source);
    line_end_character(source);
    if (source->length > 0 || screen_live(source))
        line_end(source);
    __atomic_store_n(&source->blocked, false, __ATOMIC_RELAXED);
    screen_unlock(&source->lock);
}

void console_close(struct console_source *source)
{
    console_flush(source);
    keyboard_leave(source);
}

void console_open(struct console_source *source)
{
    console_flush(source);
    screen_lock(&console.lock);
    store_relaxed64(&source->mark, console.log_end);
    screen_unlock(&console.lock);
    __atomic_store_n(&source->closed, false, __ATOMIC_RELAXED);
}

bool console_settled(const struct console_source *source)
{
    return console.uart == NULL || load_relaxed64(&console.sent) >= load_relaxed64(&source->mark);
}

static void put_own(struct text_sink *sink, const char *text, size_t length)
{
    (void)console_write(&CONTAINER_OF(sink, struct own_output, sink)->source, text, length);
}

struct text_sink *console_sink(void)
{
    struct text_sink *sink = &own_outputs[arch_cpu_id()].sink;

    sink->put = put_own;
    return sink;
}

void console_printf(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    format_to_v(console_sink(), format, arguments);
    va_end(arguments);
}

struct diag *console_diag(void)
{
    return &reports;
}

bool console_take_over(void)
{
    const uint64_t patience = arch_timer_ticks(TAKE_OVER_US);
    uint64_t start = arch_timer_now();
    uint32_t self = arch_cpu_id() + 1, first = 0;

    if (!__atomic_compare_exchange_n(&console.taken_over, &first, self, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
        first != self)
        return false;
    /* A line that another CPU is sending would be mixed up with what comes now; but that CPU may be the reason. Who has
     * the screen after it is muted. */
    uint32_t owner = load_acquire(&console.lock.owner);
    while (load_acquire(&console.lock.owner) == owner && load_acquire(&console.lock.next) != owner &&
           arch_timer_now() - start <= patience)
        ;
    console_flush(&own_outputs[self - 1].source);
    return true;
}

/* One CPU at a time reads the UART, so that what is typed keeps its order; one that comes meanwhile has it look again.
 */
static bool enter_poll(void)
{
    return console.uart != NULL && __atomic_fetch_add(&console.polls, 1, __ATOMIC_ACQ_REL) == 0;
}

static bool leave_poll(uint32_t served)
{
    return __atomic_sub_fetch(&console.polls, served, __ATOMIC_ACQ_REL) == 0;
}

void console_poll(void)
{
    uint32_t served;

    if (!enter_poll())
        return;
    do {
        served = load_acquire(&console.polls);
        keyboard_serve();
    } while (!leave_poll(served));
    if (console.held_keys > 0)
        deadline_bring_forward(&console.tick, console.held_since + arch_timer_ticks(CONSOLE_HELD_KEYS_US));
    else if (console.more_input)
        deadline_bring_forward(&console.tick, 0);
}

static uint64_t serve_keyboard(uint64_t now)
{
    uint64_t due = UINT64_MAX;

    if (console.held_keys == 0 && !console.more_input)
        return due;
    if (!enter_poll())
        return now + arch_timer_ticks(CONSOLE_PROMPT_US);
    uint32_t served;
    do {
        served = load_acquire(&console.polls);
        keyboard_serve();
        due = keyboard_tick(now);
    } while (!leave_poll(served));
    return console.more_input ? now : due;
}

static uint64_t show_prompt(uint64_t now)
{
    struct console_source *source = screen_keyboard();
    uint64_t due = UINT64_MAX;

    if (source == NULL)
        return due;
    screen_lock(&source->lock);
    screen_lock(&console.lock);
    if (source->length > 0 && console.partial != source && console.keyboard == source) {
        due = prompt_due();
        if (now >= due) {
            screen_show(source);
            due = UINT64_MAX;
        }
    }
    screen_unlock(&console.lock);
    screen_unlock(&source->lock);
    return due;
}

static void release(struct console_source *source)
{
    screen_lock(&source->lock);
    bool free = line_release(source);
    screen_unlock(&source->lock);
    request_tick();
    if (free && source->drained != NULL)
        source->drained(source);
}

static void transmit(uint64_t now)
{
    screen_lock(&console.lock);
    console.served = true;
    screen_pump(now);
    screen_unlock(&console.lock);
    for (struct console_source *source = console.sources; source != NULL; source = source->next)
        if (console_blocked(source))
            release(source);
}

void console_transmit(void)
{
    transmit(arch_timer_now());
}

void console_drain(void)
{
    screen_lock(&console.lock);
    transmit_drain();
    screen_unlock(&console.lock);
}

void console_uart_interrupts(bool on)
{
    screen_lock(&console.lock);
    console.uart->interrupts = on;
    if (console.draining && on)
        console.uart->ops->enable_transmit_interrupt(console.uart, true);
    screen_unlock(&console.lock);
}

void console_interrupt(void)
{
    console.uart->ops->acknowledge(console.uart);
    console_transmit();
    console_poll();
}

HV_RARE void console_interrupt_lost(void)
{
    console_uart_interrupts(false);
    deadline_bring_forward(&console.tick, 0);
}

uint64_t console_tick(uint64_t now)
{
    transmit(now);
    uint64_t due = serve_keyboard(now);

    return min_u64(due, show_prompt(now));
}

void console_set_keys(const struct console_key *keys, size_t count)
{
    console.keys = keys;
    console.key_count = count;
}

size_t console_log_read(uint64_t *position, char *buffer, size_t size)
{
    size_t count = 0;

    screen_lock(&console.lock);
    if (console.log_end > CONSOLE_LOG_SIZE)
        *position = max_u64(*position, console.log_end - CONSOLE_LOG_SIZE);
    while (count < size && *position < console.log_end)
        buffer[count++] = console.log[(*position)++ % CONSOLE_LOG_SIZE];
    screen_unlock(&console.lock);
    return count;
}
