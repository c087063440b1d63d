// SPDX-License-Identifier: Apache-2.0
#include "console/transmit.h"

#include "arch/timer.h"

#include <string.h>

size_t transmit_room(void)
{
    return CONSOLE_LOG_SIZE - (size_t)(console.log_end - console.sent);
}

void transmit_put(const char *text, size_t length)
{
    while (length > 0) {
        size_t at = console.log_end % CONSOLE_LOG_SIZE;
        size_t part = (size_t)min_u64(length, CONSOLE_LOG_SIZE - at);
        memcpy(&console.log[at], text, part);
        console.log_end += part;
        text += part;
        length -= part;
    }
    if (console.uart == NULL && console.log_end > CONSOLE_LOG_SIZE)
        console.sent = max_u64(console.sent, console.log_end - CONSOLE_LOG_SIZE);
}

/* What is not taken now waits for an interrupt; in case that does not come, and where there is none, for a tick. */
static void expect_more(uint64_t now, bool more)
{
    struct uart *uart = console.uart;

    if (more != console.draining && uart->interrupts)
        uart->ops->enable_transmit_interrupt(uart, more);
    console.draining = more;
    if (more)
        transmit_tick_at(now + arch_timer_ticks(uart->interrupts ? TRANSMIT_PATIENCE_US : TRANSMIT_POLL_US));
}

/** @return the number of bytes from @c sent on that lie in one piece */
static size_t next_piece(void)
{
    return (size_t)min_u64(console.log_end - console.sent, CONSOLE_LOG_SIZE - console.sent % CONSOLE_LOG_SIZE);
}

/* A transmitter that has not taken anything for so long is not waited for: it is offered what is new, and that is lost.
 */
static void look_whether_stuck(uint64_t now, size_t written)
{
    if (written != 0) {
        console.uart->stuck = false;
        console.progress = now;
    } else if ((int64_t)(now - console.progress) > (int64_t)arch_timer_ticks(UART_STUCK_US)) {
        console.uart->stuck = true;
    }
    if (console.uart->stuck)
        store_relaxed64(&console.sent, console.log_end);
}

static void note_what_was_lost(void)
{
    char note[TRANSMIT_NOTE_MAX];

    if (console.lost == 0 || transmit_room() < CONSOLE_LOG_SIZE / 2 || console.partial != NULL)
        return;
    size_t length =
        format_string(note, sizeof(note), "bulkhead: [%llu characters lost]\r\n", (unsigned long long)console.lost);
    console.lost = 0;
    transmit_put(note, length);
}

void transmit_pump(uint64_t now)
{
    struct uart *uart = console.uart;
    size_t total = 0, written = 1;

    if (uart == NULL)
        return;
    note_what_was_lost();
    if (!console.draining)
        console.progress = now;
    while (console.sent < console.log_end && written != 0 && total < TRANSMIT_PUMP_MAX) {
        written = uart->ops->write(uart, (const uint8_t *)&console.log[console.sent % CONSOLE_LOG_SIZE], next_piece());
        store_relaxed64(&console.sent, console.sent + written);
        total += written;
    }
    if (console.sent < console.log_end || uart->stuck)
        look_whether_stuck(now, total);
    if (console.sent < console.log_end || console.draining)
        expect_more(now, console.sent < console.log_end);
}

void transmit_drain(void)
{
    struct uart *uart = console.uart;

    while (uart != NULL && console.sent < console.log_end) {
        size_t piece = next_piece();
        uart_write(uart, &console.log[console.sent % CONSOLE_LOG_SIZE], piece);
        store_relaxed64(&console.sent, uart->stuck ? console.log_end : console.sent + piece);
    }
}
