#include "drivers/uart.h"

#include "arch/timer.h"

hv_status uart_open(struct uart *uart, const struct machine_uart *description)
{
    *uart = (struct uart){0};
    switch (description->type) {
    case UART_PL011:
        return pl011_open(uart, description);
    case UART_CADENCE:
        return HV_E_UNSUPPORTED;
    case UART_NONE:
        break;
    }
    return HV_E_MISSING;
}

void uart_put(struct uart *uart, uint8_t byte)
{
    if (uart->ops->try_put(uart, byte)) {
        uart->stuck = false;
        return;
    }
    if (uart->stuck)
        return;

    uint64_t patience = arch_timer_frequency() * UART_STUCK_US / 1000000;
    uint64_t start = arch_timer_now();
    while (!uart->ops->try_put(uart, byte)) {
        if (arch_timer_now() - start > patience) {
            uart->stuck = true;
            return;
        }
    }
}
