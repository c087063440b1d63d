// SPDX-License-Identifier: Apache-2.0
/* A Cadence UART as ZynqMP has it (Xilinx UG1085 chapter 21, UG1087 module UART). What its manual forbids or leaves
 * open ends the run. */
#include "hostsim/devices/uart.h"

#define REG_CR 0x00
#define REG_MR 0x04
#define REG_IER 0x08
#define REG_IDR 0x0c
#define REG_IMR 0x10
#define REG_ISR 0x14
#define REG_BAUDGEN 0x18
#define REG_RXTOUT 0x1c
#define REG_RXWM 0x20
#define REG_MODEMCR 0x24
#define REG_MODEMSR 0x28
#define REG_SR 0x2c
#define REG_FIFO 0x30
#define REG_BDIV 0x34
#define REG_FDEL 0x38
#define REG_TXWM 0x44
#define REG_RXBS 0x48 /* r1p12: error status of the byte that is read next */
#define REGISTERS (REG_RXBS / 4 + 1)

#define CR_RXRES (1u << 0)
#define CR_TXRES (1u << 1)
#define CR_RXEN (1u << 2)
#define CR_RXDIS (1u << 3)
#define CR_TXEN (1u << 4)
#define CR_TXDIS (1u << 5)
#define CR_TORST (1u << 6)
#define CR_STTBRK (1u << 7)
#define CR_STPBRK (1u << 8)

#define MR_CLKS (1u << 0)          /* reference clock / 8 */
#define MR_UNMODELLED (0x3fu << 8) /* echo, loop-back, infrared, and FIFO accesses of several bytes (WSIZE) */

#define ISR_RTRIG (1u << 0)
#define ISR_REMPTY (1u << 1)
#define ISR_RFUL (1u << 2)
#define ISR_TEMPTY (1u << 3)
#define ISR_TFUL (1u << 4)
#define ISR_ROVR (1u << 5)
#define ISR_FRAME (1u << 6)
#define ISR_TIMEOUT (1u << 8)
#define ISR_TTRIG (1u << 10)
#define ISR_TNFUL (1u << 11)
#define ISR_ALL 0x3fffu

#define SR_FIFO_MASK 0x1fu /* of these bits SR shows what ISR latches */
#define SR_TACTIVE (1u << 11)
#define SR_TTRIG (1u << 13)
#define SR_TNFUL (1u << 14)

#define RXBS_FRAME (1u << 1)

#define FIFO_DEPTH 64
#define REFERENCE_CLOCK 100000000u /* UART_REF_CLK as the boards of Xilinx have it */
#define RESET_NS 1000              /* how long CR_RXRES and CR_TXRES stay set */

enum access {
    RESERVED,
    READ_WRITE,
    READ_ONLY,
    WRITE_ONLY,
    SETTING, /* READ_WRITE while neither path is enabled (UG1085, "Configure the baud rate") */
};

struct cadence {
    struct sim_uart line;
    uint32_t registers[REGISTERS]; /* what is plain storage */
    uint32_t mask, latched, conditions;
    struct {
        uint8_t byte;
        bool damaged;
    } rx[FIFO_DEPTH];
    unsigned rx_head, rx_count;
    unsigned tx_count; /* in the FIFO, without what is being shifted out */
    bool shifting;
    bool timed_out; /* no further time-out before CR_TORST */
    struct sim_event transmit, receive_timeout, reset;
};

static const struct {
    const char *name;
    enum access access;
    uint32_t bits; /* the others are reserved: written as 0 */
} layout[REGISTERS] = {
    [REG_CR / 4] = {"CR", READ_WRITE, 0x1ff},
    [REG_MR / 4] = {"MR", SETTING, 0x3fff},
    [REG_IER / 4] = {"IER", WRITE_ONLY, ISR_ALL},
    [REG_IDR / 4] = {"IDR", WRITE_ONLY, ISR_ALL},
    [REG_IMR / 4] = {"IMR", READ_ONLY, ISR_ALL},
    [REG_ISR / 4] = {"ISR", READ_WRITE, ISR_ALL},
    [REG_BAUDGEN / 4] = {"BAUDGEN", SETTING, 0xffff},
    [REG_RXTOUT / 4] = {"RXTOUT", READ_WRITE, 0xff},
    [REG_RXWM / 4] = {"RXWM", READ_WRITE, 0x3f},
    [REG_MODEMCR / 4] = {"MODEMCR", READ_WRITE, 0x23},
    [REG_MODEMSR / 4] = {"MODEMSR", READ_WRITE, 0x1ff},
    [REG_SR / 4] = {"SR", READ_ONLY, 0},
    [REG_FIFO / 4] = {"FIFO", READ_WRITE, 0xff},
    [REG_BDIV / 4] = {"BDIV", SETTING, 0xff},
    [REG_FDEL / 4] = {"FDEL", READ_WRITE, 0x3f},
    [REG_TXWM / 4] = {"TXWM", READ_WRITE, 0x3f},
    [REG_RXBS / 4] = {"RXBS", READ_ONLY, 0},
};

static uint32_t *reg(struct cadence *uart, uint64_t offset)
{
    return &uart->registers[offset / 4];
}

static bool transmitter_on(struct cadence *uart)
{
    return (*reg(uart, REG_CR) & (CR_TXEN | CR_TXDIS | CR_TXRES)) == CR_TXEN;
}

static bool receiver_on(struct cadence *uart)
{
    return (*reg(uart, REG_CR) & (CR_RXEN | CR_RXDIS | CR_RXRES)) == CR_RXEN;
}

/* ---- Time. UG1085: baud rate = clock / (CD x (BDIV + 1)) */

/* @return 0: the generator is off */
static unsigned baud(struct cadence *uart)
{
    unsigned option = uart->line.machine->options.uart_baud;
    if (option != SIM_BAUD_DIVISORS)
        return option != 0 ? option : SIM_UART_TYPING_BAUD;
    uint32_t clock = (*reg(uart, REG_MR) & MR_CLKS) != 0 ? REFERENCE_CLOCK / 8 : REFERENCE_CLOCK;
    uint32_t divisor = *reg(uart, REG_BAUDGEN) * (*reg(uart, REG_BDIV) + 1);
    return divisor != 0 ? clock / divisor : 0;
}

/* ---- Interrupts */

static uint32_t conditions(struct cadence *uart)
{
    uint32_t receive_level = *reg(uart, REG_RXWM), transmit_level = *reg(uart, REG_TXWM), value = 0;
    value |= receive_level != 0 && uart->rx_count >= receive_level ? ISR_RTRIG : 0;
    value |= uart->rx_count == 0 ? ISR_REMPTY : 0;
    value |= uart->rx_count == FIFO_DEPTH ? ISR_RFUL : 0;
    value |= uart->tx_count == 0 ? ISR_TEMPTY : 0;
    value |= uart->tx_count == FIFO_DEPTH ? ISR_TFUL : 0;
    value |= transmit_level != 0 && uart->tx_count >= transmit_level ? ISR_TTRIG : 0;
    value |= uart->tx_count == FIFO_DEPTH - 1 ? ISR_TNFUL : 0;
    return value;
}

/* ISR latches events: a level that is reached, not one that still holds when its bit is cleared. */
static void update(struct cadence *uart, uint32_t events)
{
    uint32_t now = conditions(uart);
    uart->latched |= events | (now & ~uart->conditions);
    uart->conditions = now;
    sim_uart_set_line(&uart->line, (uart->latched & uart->mask) != 0);
}

static uint32_t status(struct cadence *uart)
{
    uint32_t value = uart->conditions & SR_FIFO_MASK;
    value |= uart->shifting ? SR_TACTIVE : 0;
    value |= (uart->conditions & ISR_TTRIG) != 0 ? SR_TTRIG : 0;
    value |= (uart->conditions & ISR_TNFUL) != 0 ? SR_TNFUL : 0;
    return value;
}

/* ---- Sending */

static void start_shifting(struct cadence *uart)
{
    struct sim_machine *machine = uart->line.machine;
    unsigned rate = baud(uart);
    if (uart->shifting || uart->tx_count == 0 || rate == 0 || !transmitter_on(uart))
        return;
    uart->tx_count--;
    uart->shifting = true;
    sim_event_schedule(machine, &uart->transmit, machine->now + sim_uart_character_time(rate));
}

static void character_sent(struct sim_machine *machine, struct sim_event *event)
{
    struct cadence *uart = event->context;
    (void)machine;
    uart->shifting = false;
    start_shifting(uart);
    update(uart, 0);
}

static void send(struct cadence *uart, uint8_t byte)
{
    if (!transmitter_on(uart) || baud(uart) == 0) {
        sim_uart_misused(&uart->line, "character sent while the transmitter is off or in reset, or has no baud rate");
        return;
    }
    if (sim_uart_stuck(&uart->line)) {
        uart->tx_count += uart->tx_count < FIFO_DEPTH ? 1 : 0;
        return;
    }
    if (uart->tx_count == FIFO_DEPTH) {
        sim_uart_misused(&uart->line, "character written to a full transmit FIFO is lost");
        return;
    }
    sim_uart_capture(&uart->line, (char)byte);
    if (uart->line.machine->options.uart_baud == 0)
        return;
    uart->tx_count++;
    start_shifting(uart);
}

/* ---- Receiving */

static void receive_timed_out(struct sim_machine *machine, struct sim_event *event)
{
    struct cadence *uart = event->context;
    (void)machine;
    uart->timed_out = true;
    update(uart, ISR_TIMEOUT);
}

/* UG1085, "Receiver Timeout Mechanism": counts RXTOUT x 4 + 3 bits down from a start bit or a restart, whether anything
 * was received or not. */
static void restart_timeout(struct cadence *uart, unsigned bits_ago)
{
    struct sim_machine *machine = uart->line.machine;
    uint64_t bits = *reg(uart, REG_RXTOUT) * 4ULL + 3;
    sim_event_cancel(machine, &uart->receive_timeout);
    unsigned rate = baud(uart);
    if (*reg(uart, REG_RXTOUT) == 0 || uart->timed_out || rate == 0)
        return;
    bits -= bits_ago < bits ? bits_ago : bits;
    sim_event_schedule(machine, &uart->receive_timeout, machine->now + bits * 1000000000ULL / rate);
}

static void receive(struct sim_uart *line, uint8_t byte, bool damaged)
{
    struct cadence *uart = (struct cadence *)line;
    uint32_t events = damaged ? ISR_FRAME : 0;
    if (!receiver_on(uart))
        return;
    if (uart->rx_count == FIFO_DEPTH) {
        events |= ISR_ROVR;
    } else {
        unsigned place = (uart->rx_head + uart->rx_count++) % FIFO_DEPTH;
        uart->rx[place].byte = byte;
        uart->rx[place].damaged = damaged;
    }
    restart_timeout(uart, SIM_UART_CHARACTER_BITS);
    update(uart, events);
}

static uint8_t take(struct cadence *uart)
{
    if (uart->rx_count == 0) {
        sim_uart_misused(&uart->line, "read of an empty receive FIFO");
        return 0;
    }
    uint8_t byte = uart->rx[uart->rx_head].byte;
    uart->rx_head = (uart->rx_head + 1) % FIFO_DEPTH;
    uart->rx_count--;
    update(uart, 0);
    return byte;
}

/* ---- Registers */

static void reset_done(struct sim_machine *machine, struct sim_event *event)
{
    struct cadence *uart = event->context;
    (void)machine;
    *reg(uart, REG_CR) &= ~(CR_RXRES | CR_TXRES);
}

static void reset_paths(struct cadence *uart, uint32_t control)
{
    struct sim_machine *machine = uart->line.machine;
    if ((control & CR_RXRES) != 0)
        uart->rx_count = 0;
    if ((control & CR_TXRES) != 0) {
        uart->tx_count = 0;
        uart->shifting = false;
        sim_event_cancel(machine, &uart->transmit);
    }
    if ((control & (CR_RXRES | CR_TXRES)) != 0)
        sim_event_schedule(machine, &uart->reset, machine->now + RESET_NS);
}

static void write_control(struct cadence *uart, uint32_t value)
{
    uint32_t *control = reg(uart, REG_CR);
    bool sends = (value & (CR_TXEN | CR_TXDIS | CR_TXRES)) == CR_TXEN;
    if ((value & CR_STTBRK) != 0 && (value & CR_STPBRK) != 0)
        sim_uart_misused(&uart->line, "a break is started and stopped at once");
    if (!sends && (uart->tx_count > 0 || uart->shifting) && !sim_uart_stuck(&uart->line))
        sim_uart_misused(&uart->line, "the transmitter is turned off or reset while it sends");
    if ((value & CR_TORST) != 0) {
        uart->timed_out = false;
        restart_timeout(uart, 0);
    }
    *control = (value & ~CR_TORST) | (*control & (CR_RXRES | CR_TXRES)); /* a reset under way is not recalled */
    reset_paths(uart, value);
    start_shifting(uart);
}

static void write_setting(struct cadence *uart, uint64_t offset, uint32_t value)
{
    if (transmitter_on(uart) || receiver_on(uart))
        sim_uart_misused(&uart->line, "%s written while the UART is enabled", layout[offset / 4].name);
    if (offset == REG_MR && (value & MR_UNMODELLED) != 0)
        sim_uart_misused(&uart->line, "MR = %#x: loop-back, wide FIFO accesses and others are not modelled", value);
    if (offset == REG_BDIV && value < 4)
        sim_uart_misused(&uart->line, "BDIV below 4 is ignored");
    else
        *reg(uart, offset) = value;
}

static void write_register(struct cadence *uart, uint64_t offset, uint32_t value)
{
    if (layout[offset / 4].access == SETTING)
        write_setting(uart, offset, value);
    else if (offset == REG_CR)
        write_control(uart, value);
    else if (offset == REG_IER)
        uart->mask |= value;
    else if (offset == REG_IDR)
        uart->mask &= ~value;
    else if (offset == REG_ISR)
        uart->latched &= ~value;
    else if (offset == REG_FIFO)
        send(uart, (uint8_t)value);
    else if (offset == REG_MODEMSR)
        *reg(uart, offset) &= ~value;
    else
        *reg(uart, offset) = value;
}

static uint32_t read_register(struct cadence *uart, uint64_t offset)
{
    switch (offset) {
    case REG_IMR:
        return uart->mask;
    case REG_ISR:
        return uart->latched;
    case REG_SR:
        sim_uart_looked_at(&uart->line, uart->tx_count == FIFO_DEPTH);
        return status(uart);
    case REG_FIFO:
        return take(uart);
    case REG_RXBS:
        return uart->rx_count > 0 && uart->rx[uart->rx_head].damaged ? RXBS_FRAME : 0;
    default:
        return *reg(uart, offset);
    }
}

/* @return whether there is anything to read or write */
static bool is_possible(const struct cadence *uart, uint64_t offset, unsigned size, enum access refused,
                        const char *what)
{
    bool reserved = offset / 4 >= REGISTERS || layout[offset / 4].access == RESERVED;
    if (size != 4)
        sim_uart_misused(&uart->line, "%u-byte %s at offset %#llx", size, what, (unsigned long long)offset);
    else if (reserved)
        sim_uart_misused(&uart->line, "%s of a reserved register, offset %#llx", what, (unsigned long long)offset);
    else if (layout[offset / 4].access == refused)
        sim_uart_misused(&uart->line, "%s of %s", what, layout[offset / 4].name);
    else
        return true;
    return false;
}

static bool cadence_read(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value)
{
    (void)cpu;
    *value = is_possible(context, offset, size, WRITE_ONLY, "read") ? read_register(context, offset) : 0;
    return true;
}

static bool cadence_write(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value)
{
    struct cadence *uart = context;
    (void)cpu;
    if (!is_possible(uart, offset, size, READ_ONLY, "write"))
        return true;
    if ((value & ~(uint64_t)layout[offset / 4].bits) != 0)
        sim_uart_misused(&uart->line, "reserved bits of %s written: %#llx", layout[offset / 4].name,
                         (unsigned long long)value);
    write_register(uart, offset, (uint32_t)value & layout[offset / 4].bits);
    update(uart, 0);
    return true;
}

struct sim_uart *sim_cadence_create(struct sim_machine *machine, uint64_t base, uint64_t size, unsigned intid)
{
    static const struct {
        uint8_t offset;
        uint32_t value;
    } boot_loader[] = {/* 8N1, 115200 baud; no time-out, a level nobody reaches by typing */
                       {REG_CR, CR_RXEN | CR_TXEN | CR_STPBRK},
                       {REG_MR, 0x20},
                       {REG_BAUDGEN, 124},
                       {REG_BDIV, 6},
                       {REG_RXWM, 32},
                       {REG_TXWM, 32}};
    struct cadence *uart = sim_uart_create(machine, intid, sizeof(*uart));
    for (unsigned i = 0; i < ARRAY_SIZE(boot_loader); i++)
        *reg(uart, boot_loader[i].offset) = boot_loader[i].value;
    uart->line.name = "Cadence UART";
    uart->line.arrives = receive;
    uart->conditions = conditions(uart);
    uart->latched = ISR_TEMPTY | ISR_REMPTY | ISR_TIMEOUT; /* as polling leaves it */
    uart->transmit = (struct sim_event){.happen = character_sent, .context = uart};
    uart->receive_timeout = (struct sim_event){.happen = receive_timed_out, .context = uart};
    uart->reset = (struct sim_event){.happen = reset_done, .context = uart};
    struct sim_device device = {base, size, cadence_read, cadence_write, uart, "Cadence UART"};
    sim_device_add(machine, &device);
    return &uart->line;
}
