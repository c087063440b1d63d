/* SPDX-License-Identifier: Apache-2.0 */
/* A UART whose other end is a terminal: what was sent, and what a person would see of it. */
#ifndef BULKHEAD_TESTS_UNIT_CONSOLE_TERMINAL_H
#define BULKHEAD_TESTS_UNIT_CONSOLE_TERMINAL_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/timer.h"
#include "console/console.h"
#include "support/allocate.h"
#include "support/core_state.h"

#define TERMINAL_ROWS 4096
#define TERMINAL_COLUMNS 600
#define TERMINAL_SENT (1u << 20)

static struct terminal {
    struct uart uart;
    char *sent; /* TERMINAL_SENT bytes */
    size_t sent_length;
    char (*rows)[TERMINAL_COLUMNS];
    unsigned row, column, width; /* width 0: lines are never wrapped */
    int escape;                  /* 0: text, 1: after ESC, 2: in a control sequence */
    char typed[4096];
    size_t typed_length, typed_read;
    bool full; /* the transmitter takes nothing */
    bool transmit_interrupt;
} terminal;

static inline void terminal_escape(char character)
{
    static char first;

    if (terminal.escape == 1) {
        terminal.escape = character == '[' ? 2 : 0;
        first = 0;
        return;
    }
    if (first == 0)
        first = character;
    if (character < '@')
        return;
    terminal.escape = 0;
    if ((character == 'J' || character == 'K') && first == character) /* erase from the cursor on */
        memset(&terminal.rows[terminal.row][terminal.column], 0, TERMINAL_COLUMNS - terminal.column);
}

static inline void terminal_show(char character)
{
    if (terminal.escape != 0) {
        terminal_escape(character);
        return;
    }
    switch (character) {
    case 0x1b:
        terminal.escape = 1;
        break;
    case '\r':
        terminal.column = 0;
        break;
    case '\n':
        ck_assert_uint_lt(++terminal.row, TERMINAL_ROWS);
        break;
    case '\b':
        ck_assert_uint_gt(terminal.column, 0);
        terminal.column--;
        break;
    case '\a':
        break;
    default:
        ck_assert_msg((unsigned char)character >= ' ', "control character 0x%02x reached the terminal", character);
        if (terminal.width != 0 && terminal.column == terminal.width) {
            ck_assert_uint_lt(++terminal.row, TERMINAL_ROWS);
            terminal.column = 0;
        }
        ck_assert_uint_lt(terminal.column, TERMINAL_COLUMNS - 1);
        terminal.rows[terminal.row][terminal.column++] = character;
        break;
    }
}

/** Takes at most three bytes at a time, so that the driver's caller has to go on by itself. */
static inline size_t terminal_write(struct uart *uart, const uint8_t *bytes, size_t count)
{
    (void)uart;
    if (terminal.full)
        return 0;
    size_t taken = count < 3 ? count : 3;
    for (size_t i = 0; i < taken; i++) {
        ck_assert_uint_lt(terminal.sent_length, TERMINAL_SENT - 1);
        terminal.sent[terminal.sent_length++] = (char)bytes[i];
        terminal_show((char)bytes[i]);
    }
    return taken;
}

static inline bool terminal_try_get(struct uart *uart, uint8_t *byte)
{
    (void)uart;
    if (terminal.typed_read == terminal.typed_length)
        return false;
    *byte = (uint8_t)terminal.typed[terminal.typed_read++];
    return true;
}

static inline void terminal_nothing(struct uart *uart)
{
    (void)uart;
}

static inline void terminal_transmit_interrupt(struct uart *uart, bool on)
{
    (void)uart;
    terminal.transmit_interrupt = on;
}

static const struct uart_ops terminal_ops = {terminal_write, terminal_try_get, terminal_nothing,
                                             terminal_transmit_interrupt, terminal_nothing};

/** A domain at the console, as vpl011 is one: what it is given is kept. */
struct peer {
    struct console_source source;
    char given[1024];
    size_t given_length;
    bool refuses;
    bool echoes; /* as a shell does: at once, from within the input call */
};

static inline bool peer_input(struct console_source *source, char character)
{
    struct peer *peer = CONTAINER_OF(source, struct peer, source);

    if (peer->refuses)
        return false;
    ck_assert_uint_lt(peer->given_length, sizeof(peer->given) - 1);
    peer->given[peer->given_length++] = character;
    if (peer->echoes)
        console_write(source, character == '\r' ? "\r\n" : &character, character == '\r' ? 2 : 1);
    return true;
}

static struct peer peers[3];

/** As if nothing had been shown. */
static inline void terminal_clear(void)
{
    for (unsigned row = 0; row <= terminal.row; row++)
        memset(terminal.rows[row], 0, TERMINAL_COLUMNS);
    terminal.row = 0;
}

/** A console with a terminal and the domains dom1 to dom<count>; the announcement of the keyboard is off the screen. */
static inline void start(unsigned count)
{
    static const char *const names[] = {"dom1", "dom2", "dom3"};

    char *sent = renew_pages(terminal.sent, TERMINAL_SENT);
    char(*rows)[TERMINAL_COLUMNS] = renew_pages(terminal.rows, TERMINAL_ROWS * TERMINAL_COLUMNS);
    terminal = (struct terminal){.sent = sent, .rows = rows};
    memset(peers, 0, sizeof(peers));
    core_reset();
    terminal.uart.ops = &terminal_ops;
    console_init();
    console_attach(&terminal.uart);
    for (unsigned i = 0; i < count; i++) {
        peers[i].source.name = names[i];
        peers[i].source.domid = (uint16_t)(i + 1);
        peers[i].source.input = peer_input;
        console_add_source(&peers[i].source);
    }
    console.tick.when = UINT64_MAX;
    terminal_clear();
    terminal.sent_length = 0;
}

static inline void say(unsigned peer, const char *text)
{
    console_write(&peers[peer].source, text, strlen(text));
}

static inline void type(const char *text)
{
    size_t length = strlen(text);

    memcpy(&terminal.typed[terminal.typed_length], text, length);
    terminal.typed_length += length;
    console_poll();
}

static inline uint64_t ticks_of(uint64_t microseconds)
{
    return arch_timer_frequency() * microseconds / 1000000;
}

/** So much later, as the scheduler would call it. */
static inline uint64_t tick_after(uint64_t microseconds)
{
    return console_tick(arch_timer_now() + ticks_of(microseconds));
}

static inline void quiet(void)
{
    tick_after(CONSOLE_PROMPT_US + 1000);
}

/** As long as something waits for the UART. */
static inline void drain(void)
{
    for (unsigned i = 0; i < 1000 && console.sent < console.log_end; i++)
        tick_after(0);
}

static inline const char *sent(void)
{
    terminal.sent[terminal.sent_length] = '\0';
    return terminal.sent;
}

#define assert_row(number, text) ck_assert_str_eq(terminal.rows[number], text)

#endif
