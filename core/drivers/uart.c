// SPDX-License-Identifier: Apache-2.0
#include "drivers/uart.h"

#include "arch/timer.h"
#include "lib/build.h"

hv_status uart_open(struct uart *uart, const struct machine_uart *description)
{
    *uart = (struct uart){0};
    if (BUILD_PL011 && description->type == UART_PL011)
        return pl011_open(uart, description);
    if (BUILD_CADENCE && description->type == UART_CADENCE)
        return cadence_open(uart, description);
    return HV_E_MISSING;
}

size_t uart_fill(const struct arch_mmio *mmio, uint32_t offset, size_t (*room)(const struct arch_mmio *mmio),
                 const uint8_t *bytes, size_t count)
{
    size_t written = 0;

    while (written < count) {
        size_t fitting = room(mmio);
        if (fitting == 0)
            break;
        for (; fitting > 0 && written < count; fitting--)
            arch_mmio_write32(mmio, offset, bytes[written++]);
    }
    return written;
}

/* @return bytes written: 0 where there was no room for as long as patience lasts */
static size_t write_patiently(struct uart *uart, const uint8_t *bytes, size_t length)
{
    size_t written = uart->ops->write(uart, bytes, length);

    if (written != 0 || uart->stuck)
        return written;
    uint64_t patience = arch_timer_ticks(UART_STUCK_US);
    uint64_t start = arch_timer_now();
    while (written == 0 && arch_timer_now() - start <= patience)
        written = uart->ops->write(uart, bytes, length);
    return written;
}

void uart_write(struct uart *uart, const void *bytes, size_t length)
{
    const uint8_t *next = bytes;

    while (length > 0) {
        size_t written = write_patiently(uart, next, length);
        uart->stuck = written == 0;
        if (uart->stuck)
            return;
        next += written;
        length -= written;
    }
}

void uart_put(struct uart *uart, uint8_t byte)
{
    uart_write(uart, &byte, 1);
}
