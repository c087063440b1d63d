// SPDX-License-Identifier: Apache-2.0
#include "parts/vpl011/vpl011.h"

#include "vgic/vgic.h"

#define DR 0x00
#define FR 0x18
#define ID_BASE 0xfe0

#define DR_OVERRUN (1u << 11)
#define RSR_OVERRUN (1u << 3)

#define FR_CONNECTED 0x007u /* clear to send, data set ready, carrier: somebody listens */
#define FR_BUSY (1u << 3)
#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)
#define FR_RXFF (1u << 6)
#define FR_TXFE (1u << 7)

#define LCR_H_FEN (1u << 4)
#define LCR_H_WLEN_8 (3u << 5)

#define CR_UARTEN (1u << 0)
#define CR_LOOPBACK (1u << 7)
#define CR_TXE (1u << 8)
#define CR_RXE (1u << 9)

#define INTERRUPT_RECEIVE (1u << 4)
#define INTERRUPT_TRANSMIT (1u << 5)
#define INTERRUPT_RECEIVE_TIMEOUT (1u << 6)
#define INTERRUPT_OVERRUN (1u << 10)
#define INTERRUPT_ALL 0x7ffu

/* Kept small, and out of the way of what most accesses go through. */
#define HARDLY_EVER __attribute__((cold, noinline))

static bool enabled(const struct vpl011 *uart, uint32_t direction)
{
    return (load_relaxed(&uart->control) & (CR_UARTEN | direction)) == (CR_UARTEN | direction);
}

static uint32_t waiting(const struct vpl011 *uart)
{
    return load_relaxed(&uart->rx_head) - load_relaxed(&uart->rx_tail);
}

/* With the lock held; a guest's output looks at it without. */
static void set_status(struct vpl011 *uart, uint32_t status)
{
    store_relaxed(&uart->raw_status, status);
}

/* Characters at which the receive interrupt is raised: with FIFOs 1/8, 1/4, 1/2, 3/4 or 7/8 of them, without the first
 * one. */
static uint32_t receive_trigger(const struct vpl011 *uart)
{
    static const uint8_t eighths[8] = {1, 2, 4, 6, 7, 7, 7, 7};

    if ((uart->line_control & LCR_H_FEN) == 0)
        return 1;
    return eighths[uart->fifo_select >> 3 & 7] * (VPL011_FIFO_DEPTH / 8);
}

static void update_line(struct vpl011 *uart)
{
    bool level = (uart->raw_status & uart->mask) != 0;

    if (level == uart->line)
        return;
    uart->line = level;
    vgic_set_spi(uart->vgic, uart->intid, level);
}

/* The receive timeout does not wait for its 32 bit times: nobody types at line speed, and a FIFO that is not empty is
 * told of at once. */
static bool receive(struct vpl011 *uart, uint8_t character)
{
    uint32_t count = waiting(uart);

    if (!enabled(uart, CR_RXE))
        return false;
    if (count == VPL011_RX_FIFO) {
        uart->overrun = true;
        uart->receive_status |= RSR_OVERRUN;
        set_status(uart, uart->raw_status | INTERRUPT_OVERRUN);
        return false;
    }
    uart->rx[uart->rx_head % VPL011_RX_FIFO] = character;
    store_relaxed(&uart->rx_head, uart->rx_head + 1);
    set_status(uart, uart->raw_status | INTERRUPT_RECEIVE_TIMEOUT |
                         (count + 1 >= receive_trigger(uart) ? INTERRUPT_RECEIVE : 0));
    return true;
}

static bool take_input(struct console_source *source, char character)
{
    struct vpl011 *uart = source->device;

    arch_spin_lock(&uart->lock);
    bool taken = receive(uart, (uint8_t)character);
    update_line(uart);
    arch_spin_unlock(&uart->lock);
    return taken;
}

static uint32_t read_data(struct vpl011 *uart)
{
    uint32_t value;

    if (waiting(uart) == 0)
        return 0;
    value = uart->rx[uart->rx_tail % VPL011_RX_FIFO];
    store_relaxed(&uart->rx_tail, uart->rx_tail + 1);
    if (waiting(uart) == 0)
        set_status(uart, uart->raw_status & ~INTERRUPT_RECEIVE_TIMEOUT);
    if (waiting(uart) < receive_trigger(uart))
        set_status(uart, uart->raw_status & ~INTERRUPT_RECEIVE);
    uart->receive_status = uart->overrun ? RSR_OVERRUN : 0;
    if (uart->overrun)
        value |= DR_OVERRUN;
    uart->overrun = false;
    return value;
}

/* The character itself goes to the console when the lock is free again. Mostly it leaves the FIFO at once, so the level
 * has fallen through the trigger, which is what raises the interrupt (DDI 0183 2.4.4): not before the first character.
 */
static void write_data(struct vpl011 *uart, uint32_t value)
{
    if (!enabled(uart, CR_TXE))
        return;
    set_status(uart, uart->raw_status | INTERRUPT_TRANSMIT);
    if ((uart->control & CR_LOOPBACK) != 0)
        (void)receive(uart, (uint8_t)value);
}

/* What the console takes now leaves the FIFO, in its order. A full one is what makes a guest wait that is louder than
 * the host's UART: its driver asks, or takes the interrupt that comes at half of it. */
HARDLY_EVER static void send_waiting(struct vpl011 *uart)
{
    while (uart->tx_count > 0 && console_put(uart->console, (char)uart->tx[uart->tx_tail % VPL011_FIFO_DEPTH])) {
        uart->tx_tail++;
        store_relaxed(&uart->tx_count, uart->tx_count - 1);
    }
    bool half = uart->tx_count <= VPL011_FIFO_DEPTH / 2;
    set_status(uart, half ? uart->raw_status | INTERRUPT_TRANSMIT : uart->raw_status & ~INTERRUPT_TRANSMIT);
    update_line(uart);
}

HARDLY_EVER static void on_drained(struct console_source *source)
{
    struct vpl011 *uart = source->device;

    arch_spin_lock(&uart->lock);
    if (uart->tx_count > 0)
        send_waiting(uart);
    arch_spin_unlock(&uart->lock);
}

/* A character that is written to a full FIFO is lost. */
HARDLY_EVER static void queue(struct vpl011 *uart, uint64_t character)
{
    arch_spin_lock(&uart->lock);
    if (uart->tx_count < VPL011_FIFO_DEPTH) {
        uart->tx[(uart->tx_tail + uart->tx_count) % VPL011_FIFO_DEPTH] = (uint8_t)character;
        store_relaxed(&uart->tx_count, uart->tx_count + 1);
    }
    send_waiting(uart); /* there may be room since it was refused */
    arch_spin_unlock(&uart->lock);
}

static void output(struct vpl011 *uart, uint64_t character)
{
    if (load_relaxed(&uart->tx_count) != 0 || !console_put(uart->console, (char)character))
        queue(uart, character);
}

static bool reaches_console(const struct vpl011 *uart)
{
    return (load_relaxed(&uart->control) & (CR_UARTEN | CR_TXE | CR_LOOPBACK)) == (CR_UARTEN | CR_TXE);
}

static uint32_t read_flags(struct vpl011 *uart)
{
    uint32_t count = waiting(uart);
    uint32_t depth = (load_relaxed(&uart->line_control) & LCR_H_FEN) != 0 ? VPL011_FIFO_DEPTH : 1;

    uint32_t sending = load_relaxed(&uart->tx_count);

    return FR_CONNECTED | (sending == 0 ? FR_TXFE : FR_BUSY) | (sending >= depth ? FR_TXFF : 0) |
           (count == 0 ? FR_RXFE : 0) | (count >= depth ? FR_RXFF : 0);
}

static void clear_errors(struct vpl011 *uart, uint32_t value)
{
    (void)value;
    uart->receive_status = 0;
    uart->overrun = false;
}

static uint32_t read_masked_status(struct vpl011 *uart)
{
    return uart->raw_status & uart->mask;
}

static void clear_interrupts(struct vpl011 *uart, uint32_t value)
{
    set_status(uart, uart->raw_status & ~value);
}

/** A register of the file: plain storage, or functions. */
struct vpl011_register {
    uint32_t writable; /* bits of the storage that a write changes */
    uint16_t storage;  /* offset of its word in struct vpl011, 0: none */
    uint32_t (*read)(struct vpl011 *uart);
    void (*write)(struct vpl011 *uart, uint32_t value);
};

#define STORED(member, bits)                                                                                           \
    {                                                                                                                  \
        .storage = offsetof(struct vpl011, member), .writable = (bits)                                                 \
    }

/* By offset / 4. What is not here is reserved. */
static const struct vpl011_register registers[] = {
    [DR / 4] = {.read = read_data, .write = write_data},
    [0x04 / 4] = {.storage = offsetof(struct vpl011, receive_status), .write = clear_errors}, /* RSR, ECR */
    [FR / 4] = {.read = read_flags},
    [0x20 / 4] = STORED(irda, 0xff), /* ILPR */
    [0x24 / 4] = STORED(integer_baud, 0xffff),
    [0x28 / 4] = STORED(fraction_baud, 0x3f),
    [0x2c / 4] = STORED(line_control, 0xff),                       /* LCR_H */
    [0x30 / 4] = STORED(control, 0xff87),                          /* CR */
    [0x34 / 4] = STORED(fifo_select, 0x3f),                        /* IFLS */
    [0x38 / 4] = STORED(mask, INTERRUPT_ALL),                      /* IMSC */
    [0x3c / 4] = {.storage = offsetof(struct vpl011, raw_status)}, /* RIS */
    [0x40 / 4] = {.read = read_masked_status},                     /* MIS */
    [0x44 / 4] = {.write = clear_interrupts},                      /* ICR */
    [0x48 / 4] = STORED(dma_control, 0x7),                         /* DMACR */
};

static uint32_t *storage(struct vpl011 *uart, const struct vpl011_register *entry)
{
    return (uint32_t *)(void *)((char *)uart + entry->storage);
}

static const struct vpl011_register *find_register(uint32_t offset)
{
    static const struct vpl011_register reserved = {0};

    return offset / 4 < ARRAY_SIZE(registers) ? &registers[offset / 4] : &reserved;
}

static uint32_t read_register(struct vpl011 *uart, uint32_t offset)
{
    /* UARTPeriphID0..3: PL011 r1p5, then UARTPCellID0..3 */
    static const uint8_t identification[] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    const struct vpl011_register *entry = find_register(offset);

    if (offset >= ID_BASE && (offset - ID_BASE) / 4 < ARRAY_SIZE(identification))
        return identification[(offset - ID_BASE) / 4];
    if (entry->read != NULL)
        return entry->read(uart);
    return entry->storage != 0 ? *storage(uart, entry) : 0;
}

/* A narrow write leaves the other bytes of a stored register as they are. */
static void write_register(struct vpl011 *uart, uint32_t offset, uint32_t value, uint32_t lanes)
{
    const struct vpl011_register *entry = find_register(offset);

    if (entry->write != NULL) {
        entry->write(uart, value & lanes);
    } else if (entry->writable != 0) {
        uint32_t changed = entry->writable & lanes;
        *storage(uart, entry) = (*storage(uart, entry) & ~changed) | (value & changed);
    }
}

static bool within_register(const struct mmio_access *access)
{
    return access->size <= 4 && (access->offset & 3) + access->size <= 4;
}

static __attribute__((noinline)) enum mmio_result access_register(struct vpl011 *uart, struct mmio_access *access)
{
    uint32_t shift = (access->offset & 3) * 8;
    uint32_t offset = access->offset & ~3u;

    if (!within_register(access))
        return MMIO_ABORT;
    uint32_t lanes = (UINT32_MAX >> (32 - access->size * 8)) << shift;
    bool sends = access->write && access->offset == DR && reaches_console(uart);
    arch_spin_lock(&uart->lock);
    if (access->write)
        write_register(uart, offset, (uint32_t)access->value << shift, lanes);
    else
        access->value = (read_register(uart, offset) & lanes) >> shift;
    update_line(uart);
    arch_spin_unlock(&uart->lock);
    if (sends)
        output(uart, access->value);
    return MMIO_HANDLED;
}

/* Most accesses are to see whether there is room, and to send: neither changes anything once a first character was
 * sent. */
enum mmio_result vpl011_access(void *device, struct mmio_access *access)
{
    struct vpl011 *uart = device;

    if (access->offset == FR && !access->write && access->size <= 4) {
        access->value = read_flags(uart);
        return MMIO_HANDLED;
    }
    if (access->offset == DR && access->write && access->size <= 4 && reaches_console(uart) &&
        (load_relaxed(&uart->raw_status) & INTERRUPT_TRANSMIT) != 0) {
        output(uart, access->value);
        return MMIO_HANDLED;
    }
    return access_register(uart, access);
}

/* A guest that writes meanwhile, on another CPU, waits for as long. */
HARDLY_EVER void vpl011_quiesce(struct vpl011 *uart)
{
    arch_spin_lock(&uart->lock);
    while (uart->tx_count > 0) {
        console_flush(uart->console);
        send_waiting(uart);
    }
    store_relaxed(&uart->control, 0);
    uart->mask = 0;
    update_line(uart);
    arch_spin_unlock(&uart->lock);
}

/* On, in both directions, with FIFOs, 8n1 at 115200 baud of a 24 MHz clock. An SBSA driver never sets any of this (SBSA
 * B.1); a full one finds nothing here that it would divide by zero. */
void vpl011_reset(struct vpl011 *uart)
{
    arch_spin_lock(&uart->lock);
    set_status(uart, 0);
    uart->mask = 0;
    store_relaxed(&uart->control, CR_UARTEN | CR_TXE | CR_RXE);
    store_relaxed(&uart->line_control, LCR_H_FEN | LCR_H_WLEN_8);
    uart->integer_baud = 13;
    uart->fraction_baud = 1;
    uart->fifo_select = 0x12;
    uart->dma_control = 0;
    uart->irda = 0;
    uart->receive_status = 0;
    uart->overrun = false;
    store_relaxed(&uart->rx_tail, uart->rx_head);
    store_relaxed(&uart->tx_count, 0);
    uart->line = false;
    arch_spin_unlock(&uart->lock);
}

void vpl011_init(struct vpl011 *uart, struct vgic *vgic, uint32_t intid, struct console_source *source)
{
    uart->vgic = vgic;
    uart->intid = intid;
    uart->console = source;
    source->device = uart;
    source->input = take_input;
    source->drained = on_drained;
}
