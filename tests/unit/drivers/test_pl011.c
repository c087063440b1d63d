// SPDX-License-Identifier: Apache-2.0
/* The PL011 driver on a line with noise: a device of its own, because the simulator's has none. */
#include <string.h>

#include "arch/mmio.h"
#include "arch/timer.h"
#include "drivers/uart.h"
#include "support/suite.h"

#define DR 0x00
#define FR 0x18
#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)
#define FR_TXFE (1u << 7)
#define FIFO_DEPTH 16 /* of the oldest revision */

#define FRAMING (1u << 8)
#define PARITY (1u << 9)
#define BREAK (1u << 10)
#define OVERRUN (1u << 11)

/** What waits in the receive FIFO, as DR shows it. */
static struct {
    const uint32_t *data;
    size_t count, reads;
} line;

/** The transmit FIFO, which sends as many bytes as @c speed says whenever the driver looks at it. */
static struct {
    char sent[256];
    size_t count, speed, waiting, looks;
} transmitter;

static uint32_t transmitter_flags(void)
{
    transmitter.looks++;
    transmitter.waiting -= transmitter.waiting < transmitter.speed ? transmitter.waiting : transmitter.speed;
    return (transmitter.waiting == 0 ? FR_TXFE : 0) | (transmitter.waiting >= FIFO_DEPTH ? FR_TXFF : 0);
}

static void transmit(uint32_t byte)
{
    ck_assert_uint_lt(transmitter.waiting, FIFO_DEPTH); /* or it would be lost */
    ck_assert_uint_lt(transmitter.count, sizeof(transmitter.sent));
    transmitter.sent[transmitter.count++] = (char)byte;
    transmitter.waiting++;
}

bool arch_mmio_map(struct arch_mmio *mmio, pa_t base, uint64_t size)
{
    mmio->base = base.raw;
    return size != 0;
}

uint32_t arch_mmio_read32(const struct arch_mmio *mmio, uint32_t offset)
{
    (void)mmio;
    if (offset == FR)
        return (line.reads == line.count ? FR_RXFE : 0) | transmitter_flags();
    return offset == DR && line.reads < line.count ? line.data[line.reads++] : 0;
}

void arch_mmio_write32(const struct arch_mmio *mmio, uint32_t offset, uint32_t value)
{
    (void)mmio;
    if (offset == DR)
        transmit(value);
}

uint64_t arch_timer_now(void)
{
    static uint64_t now;
    return now++;
}

uint64_t arch_timer_frequency(void)
{
    return 62500000;
}

static struct uart open_with(const uint32_t *data, size_t count)
{
    struct uart uart;

    line.data = data;
    line.count = count;
    line.reads = 0;
    ck_assert_int_eq(uart_open(&uart, &(struct machine_uart){.type = UART_PL011, .frame = {0x9000000, 0x1000}}), HV_OK);
    ck_assert_uint_eq(line.reads, 0);
    return uart;
}

START_TEST(noise_is_not_taken_for_typed)
{
    static const uint32_t data[] = {FRAMING | 'a', 'o', PARITY | 'b', BREAK, OVERRUN | 'k', FRAMING | PARITY | 'c'};
    struct uart uart = open_with(data, ARRAY_SIZE(data));
    uint8_t byte;

    ck_assert(uart.ops->try_get(&uart, &byte));
    ck_assert_uint_eq(byte, 'o');
    ck_assert(uart.ops->try_get(&uart, &byte)); /* an overrun lost what came after it, not this one */
    ck_assert_uint_eq(byte, 'k');
    ck_assert(!uart.ops->try_get(&uart, &byte));
    ck_assert_uint_eq(line.reads, line.count);
}
END_TEST

START_TEST(a_line_that_is_all_noise_holds_nobody)
{
    static uint32_t data[1000];
    uint8_t byte;

    for (size_t i = 0; i < ARRAY_SIZE(data); i++)
        data[i] = BREAK;
    struct uart uart = open_with(data, ARRAY_SIZE(data));
    ck_assert(!uart.ops->try_get(&uart, &byte));
    ck_assert_uint_le(line.reads, 32);
}
END_TEST

/* However fast it sends: no byte is lost, and where it is empty one look does for all that it takes. */
START_TEST(fills_the_smallest_fifo)
{
    static const size_t speeds[] = {1, 3, FIFO_DEPTH};
    struct uart uart = open_with(NULL, 0);
    char text[200];

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)('A' + i % 50);
    memset(&transmitter, 0, sizeof(transmitter));
    transmitter.speed = speeds[_i];
    uart_write(&uart, text, sizeof(text));
    ck_assert_uint_eq(transmitter.count, sizeof(text));
    ck_assert_mem_eq(transmitter.sent, text, sizeof(text));
    if (transmitter.speed == FIFO_DEPTH)
        ck_assert_uint_le(transmitter.looks, (sizeof(text) + FIFO_DEPTH - 1) / FIFO_DEPTH);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, fills_the_smallest_fifo, 0, 3);
    tcase_add_test(tests, noise_is_not_taken_for_typed);
    tcase_add_test(tests, a_line_that_is_all_noise_holds_nobody);
}

int main(void)
{
    return suite_run("pl011", add_tests, NULL);
}
