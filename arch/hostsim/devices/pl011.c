// SPDX-License-Identifier: Apache-2.0
/* A PL011 (DDI 0183): register file, FIFOs, interrupt. */
#include "hostsim/devices/uart.h"

#define UART_DR 0x000
#define UART_RSR 0x004
#define UART_FR 0x018
#define UART_IBRD 0x024
#define UART_FBRD 0x028
#define UART_LCR_H 0x02c
#define UART_CR 0x030
#define UART_IFLS 0x034
#define UART_IMSC 0x038
#define UART_RIS 0x03c
#define UART_MIS 0x040
#define UART_ICR 0x044
#define UART_DMACR 0x048
#define UART_ID 0xfe0

#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)
#define FR_RXFF (1u << 6)
#define FR_TXFE (1u << 7)
#define FR_BUSY (1u << 3)
#define CR_UARTEN (1u << 0)
#define CR_TXE (1u << 8)
#define CR_RXE (1u << 9)
#define LCR_FEN (1u << 4)
#define INT_RX (1u << 4)
#define INT_TX (1u << 5)
#define INT_RT (1u << 6)
#define INT_FE (1u << 7)
#define INT_OE (1u << 10)
#define DR_FE (1u << 8)

#define FIFO_DEPTH 32
#define REFERENCE_CLOCK 24000000u /* as on QEMU */

struct pl011 {
    struct sim_uart line;
    uint32_t integer_baud, fraction_baud, line_control, control, fifo_select, mask, raw, dma;
    uint32_t receive_status;
    uint16_t rx[FIFO_DEPTH]; /* as DR shows them */
    unsigned rx_head, rx_count;
    unsigned tx_count; /* characters in the FIFO and the shift register */
    struct sim_event transmit, receive_timeout;
};

static unsigned depth(const struct pl011 *uart)
{
    return (uart->line_control & LCR_FEN) != 0 ? FIFO_DEPTH : 1;
}

static void update_line(struct pl011 *uart)
{
    sim_uart_set_line(&uart->line, (uart->raw & uart->mask) != 0);
}

static void receive_level(struct pl011 *uart)
{
    static const unsigned eighths[] = {1, 2, 4, 6, 7, 7, 7, 7};
    unsigned trigger = depth(uart) == 1 ? 1 : FIFO_DEPTH * eighths[uart->fifo_select >> 3 & 7] / 8;
    if (uart->rx_count >= trigger)
        uart->raw |= INT_RX;
    else
        uart->raw &= ~INT_RX;
    if (uart->rx_count == 0)
        uart->raw &= ~INT_RT;
}

/* IBRD.FBRD = clock / (16 x baud rate) (DDI 0183 3.3.6); both are 0 as long as nobody sets them. */
static unsigned baud(const struct pl011 *uart)
{
    unsigned option = uart->line.machine->options.uart_baud;
    uint32_t divisor = uart->integer_baud << 6 | (uart->fraction_baud & 0x3f);
    if (option != SIM_BAUD_DIVISORS)
        return option;
    return divisor != 0 ? REFERENCE_CLOCK * 4 / divisor : SIM_UART_TYPING_BAUD;
}

/* ---- Sending */

static void character_sent(struct sim_machine *machine, struct sim_event *event)
{
    struct pl011 *uart = event->context;
    if (--uart->tx_count > 0)
        sim_event_schedule(machine, &uart->transmit, machine->now + sim_uart_character_time(baud(uart)));
    if (uart->tx_count <= depth(uart) / 2)
        uart->raw |= INT_TX;
    update_line(uart);
}

static void send(struct pl011 *uart, uint8_t byte)
{
    struct sim_machine *machine = uart->line.machine;
    if ((uart->control & (CR_UARTEN | CR_TXE)) != (CR_UARTEN | CR_TXE)) {
        sim_uart_misused(&uart->line, "character sent while the transmitter is off");
        return;
    }
    if (sim_uart_stuck(&uart->line)) {
        if (uart->tx_count < depth(uart))
            uart->tx_count++;
        return;
    }
    if (uart->tx_count >= depth(uart)) {
        sim_uart_misused(&uart->line, "character written to a full transmit FIFO is lost");
        return;
    }
    sim_uart_capture(&uart->line, (char)byte);
    if (machine->options.uart_baud == 0) {
        uart->raw |= INT_TX;
        return;
    }
    if (uart->tx_count++ == 0)
        sim_event_schedule(machine, &uart->transmit, machine->now + sim_uart_character_time(baud(uart)));
    uart->raw &= ~INT_TX;
}

/* ---- Receiving */

static void receive_timed_out(struct sim_machine *machine, struct sim_event *event)
{
    struct pl011 *uart = event->context;
    (void)machine;
    if (uart->rx_count > 0)
        uart->raw |= INT_RT;
    update_line(uart);
}

static void receive(struct sim_uart *line, uint8_t byte, bool damaged)
{
    struct pl011 *uart = (struct pl011 *)line;
    if ((uart->control & (CR_UARTEN | CR_RXE)) != (CR_UARTEN | CR_RXE))
        return;
    if (uart->rx_count >= depth(uart)) {
        uart->raw |= INT_OE;
        uart->receive_status |= 8;
    } else {
        uart->rx[(uart->rx_head + uart->rx_count++) % FIFO_DEPTH] = (uint16_t)(byte | (damaged ? DR_FE : 0));
        uart->raw |= damaged ? INT_FE : 0;
    }
    receive_level(uart);
    /* 32 bit times without another character (DDI 0183 2.4.2) */
    sim_event_schedule(uart->line.machine, &uart->receive_timeout,
                       uart->line.machine->now + 32 * 1000000000ULL / SIM_UART_TYPING_BAUD);
    update_line(uart);
}

/* ---- Registers */

static uint32_t flags(const struct pl011 *uart)
{
    uint32_t value = 0;
    value |= uart->rx_count == 0 ? FR_RXFE : 0;
    value |= uart->rx_count >= depth(uart) ? FR_RXFF : 0;
    value |= uart->tx_count == 0 ? FR_TXFE : FR_BUSY;
    value |= uart->tx_count >= depth(uart) ? FR_TXFF : 0;
    return value;
}

static uint32_t take(struct pl011 *uart)
{
    if (uart->rx_count == 0)
        return 0;
    uint32_t byte = uart->rx[uart->rx_head];
    uart->rx_head = (uart->rx_head + 1) % FIFO_DEPTH;
    uart->rx_count--;
    receive_level(uart);
    update_line(uart);
    return byte;
}

static uint32_t *plain_register(struct pl011 *uart, uint64_t offset)
{
    switch (offset) {
    case UART_IBRD:
        return &uart->integer_baud;
    case UART_FBRD:
        return &uart->fraction_baud;
    case UART_LCR_H:
        return &uart->line_control;
    case UART_CR:
        return &uart->control;
    case UART_IFLS:
        return &uart->fifo_select;
    case UART_IMSC:
        return &uart->mask;
    case UART_DMACR:
        return &uart->dma;
    case UART_RSR:
        return &uart->receive_status;
    default:
        return NULL;
    }
}

static bool uart_read(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value)
{
    static const uint8_t id[] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1}; /* r1p5: 32-deep FIFOs */
    struct pl011 *uart = context;
    const uint32_t *plain = plain_register(uart, offset);
    (void)cpu;
    if (size == 8)
        return false;
    if (offset == UART_FR)
        sim_uart_looked_at(&uart->line, uart->tx_count >= depth(uart));
    if (plain != NULL)
        *value = *plain;
    else if (offset == UART_DR)
        *value = take(uart);
    else if (offset == UART_FR)
        *value = flags(uart);
    else if (offset == UART_RIS)
        *value = uart->raw;
    else if (offset == UART_MIS)
        *value = uart->raw & uart->mask;
    else if (offset >= UART_ID && offset < UART_ID + 4 * sizeof(id))
        *value = id[(offset - UART_ID) / 4];
    return true;
}

static bool uart_write(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value)
{
    struct pl011 *uart = context;
    uint32_t *plain = plain_register(uart, offset);
    (void)cpu;
    if (size == 8)
        return false;
    if (offset == UART_DR)
        send(uart, (uint8_t)value);
    else if (offset == UART_ICR)
        uart->raw &= ~(uint32_t)value;
    else if (offset == UART_RSR)
        uart->receive_status = 0;
    else if (plain != NULL)
        *plain = (uint32_t)value & 0xffff;
    receive_level(uart);
    update_line(uart);
    return true;
}

struct sim_uart *sim_pl011_create(struct sim_machine *machine, uint64_t base, uint64_t size, unsigned intid)
{
    struct pl011 *uart = sim_uart_create(machine, intid, sizeof(*uart));
    uart->line.name = "UART";
    uart->line.arrives = receive;
    uart->control = CR_UARTEN | CR_TXE | CR_RXE; /* as a boot loader leaves it */
    uart->line_control = 0x70;
    uart->fifo_select = 0x12;
    uart->transmit.happen = character_sent;
    uart->transmit.context = uart;
    uart->receive_timeout.happen = receive_timed_out;
    uart->receive_timeout.context = uart;
    struct sim_device device = {base, size, uart_read, uart_write, uart, "PL011"};
    sim_device_add(machine, &device);
    return &uart->line;
}
