// SPDX-License-Identifier: Apache-2.0
#include "early.h"

#include "config/machine.h"
#include "drivers/uart.h"
#include "dt/dt.h"
#include "lib/diag.h"
#include "lib/format.h"

#define FDT_MAGIC_BE 0xedfe0dd0 /* 0xd00dfeed as a little-endian load sees it */

#ifndef EARLY_CONSOLE_BASE
#define EARLY_CONSOLE_BASE 0
#endif
#ifndef EARLY_CONSOLE_CADENCE
#define EARLY_CONSOLE_CADENCE 0
#endif

struct arch_early_uart arch_early_uart(void)
{
    return (struct arch_early_uart){.base = pa(EARLY_CONSOLE_BASE), .cadence = EARLY_CONSOLE_CADENCE != 0};
}

uint64_t early_tree_size(const struct boot_tree *tree)
{
    const uint32_t *header = tree->blob;

    return header[0] == FDT_MAGIC_BE ? __builtin_bswap32(header[1]) : 0;
}

static void ignore(struct diag *diag, const struct diag_report *report)
{
    (void)diag;
    (void)report;
}

struct uart *early_open(struct uart *uart, const struct boot_tree *tree)
{
    struct dt dt;
    struct machine_uart description = {0};
    struct diag diag = {.emit = ignore};

    if (dt_open(&dt, tree->blob, tree->space, &diag) != HV_OK || machine_read_uart(&description, &dt, &diag) != HV_OK) {
        description.type = EARLY_CONSOLE_CADENCE != 0 ? UART_CADENCE : UART_PL011;
        description.frame = (struct dt_range){.base = EARLY_CONSOLE_BASE, .size = PAGE_SIZE};
    }
    if (description.frame.base == 0 || uart_open(uart, &description) != HV_OK)
        return NULL;
    return uart;
}

/** Passes text on to the UART, with the carriage returns that terminals want. */
struct early_sink {
    struct text_sink sink;
    struct uart *uart;
};

static void put(struct text_sink *sink, const char *text, size_t length)
{
    struct uart *uart = CONTAINER_OF(sink, struct early_sink, sink)->uart;

    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n')
            uart_put(uart, '\r');
        uart_put(uart, (uint8_t)text[i]);
    }
}

void early_printf(struct uart *uart, const char *format, ...)
{
    struct early_sink sink = {.sink.put = put, .uart = uart};
    va_list arguments;

    if (uart == NULL)
        return;
    va_start(arguments, format);
    format_to_v(&sink.sink, format, arguments);
    va_end(arguments);
}
