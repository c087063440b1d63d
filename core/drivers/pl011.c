// SPDX-License-Identifier: Apache-2.0
/* Arm PrimeCell UART PL011 (DDI 0183). */
#include "arch/timer.h"
#include "drivers/uart.h"

#define DR 0x00
#define FR 0x18
#define LCR_H 0x2c
#define CR 0x30
#define IMSC 0x38
#define ICR 0x44
#define DMACR 0x48

#define DR_BAD (7u << 8) /* framing, parity, break: the byte is noise. An overrun leaves its byte intact */

#define FR_BUSY (1u << 3)
#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)
#define FR_TXFE (1u << 7)

#define LCR_H_FEN (1u << 4)
#define LCR_H_WLEN_8 (3u << 5)

#define CR_UARTEN (1u << 0)
#define CR_TXE (1u << 8)
#define CR_RXE (1u << 9)

#define INTERRUPT_RECEIVE (1u << 4)
#define INTERRUPT_TRANSMIT (1u << 5)
#define INTERRUPT_RECEIVE_TIMEOUT (1u << 6)
#define INTERRUPT_ALL 0x7ffu

#define FIFO_DEPTH_MIN 16
#define FIFO_DEPTH_MAX 32

/* How many bytes fit without looking again. The FIFO is 16 deep in the oldest revision; it is on since take_over(). */
static size_t room(const struct arch_mmio *mmio)
{
    uint32_t flags = arch_mmio_read32(mmio, FR);

    if ((flags & FR_TXFE) != 0)
        return FIFO_DEPTH_MIN;
    return (flags & FR_TXFF) == 0 ? 1 : 0;
}

static size_t pl011_write(struct uart *uart, const uint8_t *bytes, size_t count)
{
    return uart_fill(&uart->mmio, DR, room, bytes, count);
}

static bool pl011_try_get(struct uart *uart, uint8_t *byte)
{
    for (unsigned damaged = 0; damaged < FIFO_DEPTH_MAX; damaged++) {
        if ((arch_mmio_read32(&uart->mmio, FR) & FR_RXFE) != 0)
            return false;
        uint32_t data = arch_mmio_read32(&uart->mmio, DR);
        if ((data & DR_BAD) == 0) {
            *byte = (uint8_t)data;
            return true;
        }
    }
    return false;
}

static void pl011_enable_receive_interrupt(struct uart *uart)
{
    arch_mmio_write32(&uart->mmio, IMSC, INTERRUPT_RECEIVE | INTERRUPT_RECEIVE_TIMEOUT);
}

/* Raised when the FIFO falls through its level, half of it as the reset value is: it must have been above. */
static void pl011_enable_transmit_interrupt(struct uart *uart, bool on)
{
    arch_mmio_write32(&uart->mmio, IMSC, INTERRUPT_RECEIVE | INTERRUPT_RECEIVE_TIMEOUT | (on ? INTERRUPT_TRANSMIT : 0));
}

/* Before the FIFO is drained, never after: what arrives in between then raises the interrupt anew. */
static void pl011_acknowledge(struct uart *uart)
{
    arch_mmio_write32(&uart->mmio, ICR, INTERRUPT_ALL);
}

static const struct uart_ops pl011_ops = {
    .write = pl011_write,
    .try_get = pl011_try_get,
    .enable_receive_interrupt = pl011_enable_receive_interrupt,
    .enable_transmit_interrupt = pl011_enable_transmit_interrupt,
    .acknowledge = pl011_acknowledge,
};

/* What the boot loader sent last must leave the shifter before the line settings change (DDI 0183 3.3.7). */
static void wait_until_sent(const struct arch_mmio *mmio)
{
    uint64_t patience = arch_timer_ticks(UART_STUCK_US);
    uint64_t start = arch_timer_now();
    while ((arch_mmio_read32(mmio, FR) & FR_BUSY) != 0 && arch_timer_now() - start <= patience)
        ;
}

/* A UART that already runs with FIFOs is left alone; one that was never enabled has no word length yet. */
static void take_over(const struct arch_mmio *mmio)
{
    uint32_t control = arch_mmio_read32(mmio, CR);
    uint32_t line = arch_mmio_read32(mmio, LCR_H);
    uint32_t wanted_control = control | CR_UARTEN | CR_TXE | CR_RXE;
    uint32_t wanted_line = line | LCR_H_FEN;

    if ((control & CR_UARTEN) == 0)
        wanted_line |= LCR_H_WLEN_8;
    if (wanted_line != line) {
        wait_until_sent(mmio);
        arch_mmio_write32(mmio, CR, control & ~CR_UARTEN);
        arch_mmio_write32(mmio, LCR_H, wanted_line);
        arch_mmio_write32(mmio, CR, wanted_control);
    } else if (wanted_control != control) {
        arch_mmio_write32(mmio, CR, wanted_control);
    }
}

hv_status pl011_open(struct uart *uart, const struct machine_uart *description)
{
    if (!arch_mmio_map(&uart->mmio, pa(description->frame.base), description->frame.size))
        return HV_E_NOMEM;
    uart->ops = &pl011_ops;
    arch_mmio_write32(&uart->mmio, IMSC, 0);
    arch_mmio_write32(&uart->mmio, DMACR, 0);
    arch_mmio_write32(&uart->mmio, ICR, INTERRUPT_ALL);
    take_over(&uart->mmio);
    return HV_OK;
}
