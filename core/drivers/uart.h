/* SPDX-License-Identifier: Apache-2.0 */
/* Host UARTs behind one small interface. */
#ifndef BULKHEAD_DRIVERS_UART_H
#define BULKHEAD_DRIVERS_UART_H

#include "arch/mmio.h"
#include "config/machine.h"
#include "lib/status.h"

struct uart;

struct uart_ops {
    /** Writes as many of @p count bytes as there is room for now. @return their number */
    size_t (*write)(struct uart *uart, const uint8_t *bytes, size_t count);
    /** @return whether a byte was received; it is then in @p byte. */
    bool (*try_get)(struct uart *uart, uint8_t *byte);
    /** Lets the UART interrupt on received bytes. */
    void (*enable_receive_interrupt)(struct uart *uart);
    /** Lets it interrupt when there is room again for bytes to send, or not. After the FIFO was filled. */
    void (*enable_transmit_interrupt)(struct uart *uart, bool on);
    /** Clears what the interrupt is raised for. */
    void (*acknowledge)(struct uart *uart);
};

struct uart {
    const struct uart_ops *ops;
    struct arch_mmio mmio;
    bool interrupts; /* its interrupt reaches a CPU; false: it has none, or that was turned off: it is polled */
    bool stuck; /* the transmitter did not drain for UART_STUCK_US: output is dropped, not waited for, until it takes a
                   byte */
};

#define UART_STUCK_US 100000

/**
 * Maps and takes over the UART as the boot loader left it: baud rate kept, receiver and FIFOs on, interrupts off.
 * @return HV_E_MISSING (there is none), HV_E_NOMEM (cannot be mapped)
 */
HV_CHECK hv_status uart_open(struct uart *uart, const struct machine_uart *description);
/** Writes @p length bytes, waiting for room, at most UART_STUCK_US for any; a transmitter that is stuck is not waited
 * for again. */
void uart_write(struct uart *uart, const void *bytes, size_t length);
void uart_put(struct uart *uart, uint8_t byte);

/** For drivers of a transmitter with a FIFO: writes bytes to the register at @p offset as long as there is room.
 * @param room  how many it takes without being looked at again; 0: none now
 * @return bytes written */
size_t uart_fill(const struct arch_mmio *mmio, uint32_t offset, size_t (*room)(const struct arch_mmio *mmio),
                 const uint8_t *bytes, size_t count);

HV_CHECK hv_status pl011_open(struct uart *uart, const struct machine_uart *description);
HV_CHECK hv_status cadence_open(struct uart *uart, const struct machine_uart *description);

#endif
