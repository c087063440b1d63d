/* Host UARTs behind one small interface. */
#ifndef BULKHEAD_DRIVERS_UART_H
#define BULKHEAD_DRIVERS_UART_H

#include "arch/mmio.h"
#include "config/machine.h"
#include "lib/status.h"

struct uart;

struct uart_ops {
    /** Writes one byte if there is room. @return false if the transmitter is full. */
    bool (*try_put)(struct uart *uart, uint8_t byte);
    /** @return whether a byte was received; it is then in @p byte. */
    bool (*try_get)(struct uart *uart, uint8_t *byte);
    /** Lets the UART interrupt on received bytes. */
    void (*enable_receive_interrupt)(struct uart *uart);
    /** Clears what the interrupt is raised for. */
    void (*acknowledge)(struct uart *uart);
};

struct uart {
    const struct uart_ops *ops;
    struct arch_mmio mmio;
    bool stuck; /* the transmitter did not drain for UART_STUCK_US: output is dropped, not waited for, until it takes a
                   byte */
};

#define UART_STUCK_US 100000

/**
 * Maps and takes over the UART as the boot loader left it: baud rate kept, receiver and FIFOs on, interrupts off.
 * @return HV_E_MISSING (there is none), HV_E_UNSUPPORTED (no driver), HV_E_NOMEM (cannot be mapped)
 */
HV_CHECK hv_status uart_open(struct uart *uart, const struct machine_uart *description);
/** Writes one byte, waiting for room at most UART_STUCK_US; a transmitter that is stuck is not waited for again. */
void uart_put(struct uart *uart, uint8_t byte);

HV_CHECK hv_status pl011_open(struct uart *uart, const struct machine_uart *description);

#endif
