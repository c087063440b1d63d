// SPDX-License-Identifier: Apache-2.0
/* The PL011 driver on a line with noise: a device of its own, because the simulator's has none. */
#include "arch/mmio.h"
#include "arch/timer.h"
#include "drivers/uart.h"
#include "support/suite.h"

#define DR 0x00
#define FR 0x18
#define FR_RXFE (1u << 4)

#define FRAMING (1u << 8)
#define PARITY (1u << 9)
#define BREAK (1u << 10)
#define OVERRUN (1u << 11)

/** What waits in the receive FIFO, as DR shows it. */
static struct {
    const uint32_t *data;
    size_t count, reads;
} line;

bool arch_mmio_map(struct arch_mmio *mmio, pa_t base, uint64_t size)
{
    mmio->base = base.raw;
    return size != 0;
}

uint32_t arch_mmio_read32(const struct arch_mmio *mmio, uint32_t offset)
{
    (void)mmio;
    if (offset == FR)
        return line.reads == line.count ? FR_RXFE : 0;
    return offset == DR && line.reads < line.count ? line.data[line.reads++] : 0;
}

void arch_mmio_write32(const struct arch_mmio *mmio, uint32_t offset, uint32_t value)
{
    (void)mmio;
    (void)offset;
    (void)value;
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

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, noise_is_not_taken_for_typed);
    tcase_add_test(tests, a_line_that_is_all_noise_holds_nobody);
}

int main(void)
{
    return suite_run("pl011", add_tests, NULL);
}
