#include "hostsim/pl011.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostsim/gic.h"

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
#define INT_OE (1u << 10)

#define FIFO_DEPTH 32
#define BITS_PER_CHARACTER 10
#define TYPING_BAUD 115200 /* how fast a keyboard's text arrives where the UART itself has no speed */

/** Text that will arrive: from a time on, or once something has been seen in the output. */
struct input {
    struct sim_event event;
    struct sim_uart *uart;
    char *after; /* NULL: by time */
    char *text;
    size_t position;
    struct input *next;
};

struct sim_uart {
    struct sim_machine *machine;
    unsigned intid;
    uint32_t integer_baud, fraction_baud, line_control, control, fifo_select, mask, raw, dma;
    uint32_t receive_status;
    uint8_t rx[FIFO_DEPTH];
    unsigned rx_head, rx_count;
    unsigned tx_count; /* characters in the FIFO and the shift register */
    struct sim_event transmit, receive_timeout;
    struct input *inputs;
    char *output;
    size_t length, capacity;
    void (*callback)(void *context, char character);
    void *callback_context;
};

static unsigned depth(const struct sim_uart *uart)
{
    return (uart->line_control & LCR_FEN) != 0 ? FIFO_DEPTH : 1;
}

static uint64_t character_time(const struct sim_uart *uart, unsigned baud)
{
    (void)uart;
    return BITS_PER_CHARACTER * 1000000000ULL / baud;
}

static void update_line(struct sim_uart *uart)
{
    if (uart->intid != 0)
        sim_gic_set_shared(uart->machine, uart->intid, (uart->raw & uart->mask) != 0);
}

static void receive_level(struct sim_uart *uart)
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

/* ---- Sending */

static void start_inputs_after(struct sim_uart *uart);

static void capture(struct sim_uart *uart, char character)
{
    if (uart->length + 2 > uart->capacity) {
        uart->capacity = uart->capacity != 0 ? uart->capacity * 2 : 4096;
        uart->output = realloc(uart->output, uart->capacity);
        if (uart->output == NULL)
            abort();
    }
    uart->output[uart->length++] = character;
    uart->output[uart->length] = '\0';
    if (uart->machine->options.echo && uart == uart->machine->uarts[0])
        putchar(character);
    if (uart->callback != NULL)
        uart->callback(uart->callback_context, character);
    start_inputs_after(uart);
}

static void character_sent(struct sim_machine *machine, struct sim_event *event)
{
    struct sim_uart *uart = event->context;
    if (--uart->tx_count > 0)
        sim_event_schedule(machine, &uart->transmit, machine->now + character_time(uart, machine->options.uart_baud));
    if (uart->tx_count <= depth(uart) / 2)
        uart->raw |= INT_TX;
    update_line(uart);
}

static void send(struct sim_uart *uart, uint8_t byte)
{
    struct sim_machine *machine = uart->machine;
    if ((uart->control & (CR_UARTEN | CR_TXE)) != (CR_UARTEN | CR_TXE))
        sim_fail("UART: character sent while the transmitter is off");
    if (machine->options.uart_stuck) {
        if (uart->tx_count < depth(uart))
            uart->tx_count++;
        return;
    }
    if (uart->tx_count >= depth(uart))
        sim_fail("UART: character written to a full transmit FIFO is lost");
    capture(uart, (char)byte);
    if (machine->options.uart_baud == 0) {
        uart->raw |= INT_TX;
        return;
    }
    if (uart->tx_count++ == 0)
        sim_event_schedule(machine, &uart->transmit, machine->now + character_time(uart, machine->options.uart_baud));
    uart->raw &= ~INT_TX;
}

/* ---- Receiving */

static void receive_timed_out(struct sim_machine *machine, struct sim_event *event)
{
    struct sim_uart *uart = event->context;
    (void)machine;
    if (uart->rx_count > 0)
        uart->raw |= INT_RT;
    update_line(uart);
}

static void receive(struct sim_uart *uart, uint8_t byte)
{
    if ((uart->control & (CR_UARTEN | CR_RXE)) != (CR_UARTEN | CR_RXE))
        return;
    if (uart->rx_count >= depth(uart)) {
        uart->raw |= INT_OE;
        uart->receive_status |= 8;
    } else {
        uart->rx[(uart->rx_head + uart->rx_count++) % FIFO_DEPTH] = byte;
    }
    receive_level(uart);
    /* 32 bit times without another character (DDI 0183 2.4.2) */
    sim_event_schedule(uart->machine, &uart->receive_timeout, uart->machine->now + 32 * 1000000000ULL / TYPING_BAUD);
    update_line(uart);
}

static void input_arrives(struct sim_machine *machine, struct sim_event *event)
{
    struct input *input = event->context;
    if (input->text[input->position] == '\0')
        return;
    receive(input->uart, (uint8_t)input->text[input->position++]);
    if (input->text[input->position] != '\0')
        sim_event_schedule(machine, event, machine->now + character_time(input->uart, TYPING_BAUD));
}

static void start_inputs_after(struct sim_uart *uart)
{
    for (struct input *input = uart->inputs; input != NULL; input = input->next) {
        size_t length = input->after != NULL ? strlen(input->after) : 0;
        if (length == 0 || uart->length < length || strcmp(uart->output + uart->length - length, input->after) != 0)
            continue;
        free(input->after);
        input->after = NULL;
        sim_event_schedule(uart->machine, &input->event, uart->machine->now + character_time(uart, TYPING_BAUD));
    }
}

static struct input *add_input(struct sim_uart *uart, const char *after, const char *text)
{
    struct input *input = calloc(1, sizeof(*input));
    if (input == NULL || (input->text = strdup(text)) == NULL)
        abort();
    input->uart = uart;
    input->after = after != NULL ? strdup(after) : NULL;
    input->event.happen = input_arrives;
    input->event.context = input;
    input->next = uart->inputs;
    uart->inputs = input;
    return input;
}

/* ---- Registers */

static uint32_t flags(const struct sim_uart *uart)
{
    uint32_t value = 0;
    value |= uart->rx_count == 0 ? FR_RXFE : 0;
    value |= uart->rx_count >= depth(uart) ? FR_RXFF : 0;
    value |= uart->tx_count == 0 ? FR_TXFE : FR_BUSY;
    value |= uart->tx_count >= depth(uart) ? FR_TXFF : 0;
    return value;
}

static uint32_t take(struct sim_uart *uart)
{
    if (uart->rx_count == 0)
        return 0;
    uint8_t byte = uart->rx[uart->rx_head];
    uart->rx_head = (uart->rx_head + 1) % FIFO_DEPTH;
    uart->rx_count--;
    receive_level(uart);
    update_line(uart);
    return byte;
}

static uint32_t *plain_register(struct sim_uart *uart, uint64_t offset)
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
    struct sim_uart *uart = context;
    const uint32_t *plain = plain_register(uart, offset);
    (void)cpu;
    if (size == 8)
        return false;
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
    struct sim_uart *uart = context;
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

struct sim_uart *sim_uart_create(struct sim_machine *machine, uint64_t base, uint64_t size, unsigned intid)
{
    struct sim_uart *uart = calloc(1, sizeof(*uart));
    if (uart == NULL)
        abort();
    uart->machine = machine;
    uart->intid = intid;
    uart->control = CR_UARTEN | CR_TXE | CR_RXE; /* as a boot loader leaves it */
    uart->line_control = 0x70;
    uart->fifo_select = 0x12;
    uart->transmit.happen = character_sent;
    uart->transmit.context = uart;
    uart->receive_timeout.happen = receive_timed_out;
    uart->receive_timeout.context = uart;
    struct sim_device device = {base, size, uart_read, uart_write, uart, "PL011"};
    sim_device_add(machine, &device);
    return uart;
}

void sim_uart_destroy(struct sim_uart *uart)
{
    while (uart->inputs != NULL) {
        struct input *input = uart->inputs;
        uart->inputs = input->next;
        free(input->after);
        free(input->text);
        free(input);
    }
    free(uart->output);
    free(uart);
}

/* ---- The public side: of the console's UART */

void sim_input(struct sim_machine *machine, uint64_t at_us, const char *text)
{
    if (machine->uart_count > 0)
        sim_event_schedule(machine, &add_input(machine->uarts[0], NULL, text)->event, at_us * 1000);
}

void sim_input_after(struct sim_machine *machine, const char *after, const char *text)
{
    if (machine->uart_count > 0)
        add_input(machine->uarts[0], after, text);
}

const char *sim_output(const struct sim_machine *machine)
{
    const struct sim_uart *uart = machine->uart_count > 0 ? machine->uarts[0] : NULL;
    return uart != NULL && uart->output != NULL ? uart->output : "";
}

void sim_on_output(struct sim_machine *machine, void (*callback)(void *context, char character), void *context)
{
    if (machine->uart_count == 0)
        return;
    machine->uarts[0]->callback = callback;
    machine->uarts[0]->callback_context = context;
}
