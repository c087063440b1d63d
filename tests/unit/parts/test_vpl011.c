// SPDX-License-Identifier: Apache-2.0
/* The guests' UART, register by register, and as the drivers that Linux has for it use it. */
#include "support/suite.h"
#include "unit/parts/vpl011_guest.h"

static bool type(char character)
{
    return domain.console.input(&domain.console, character);
}

START_TEST(test_output)
{
    const char *text = "hello\r\n";

    for (size_t i = 0; text[i] != '\0'; i++)
        out(DR, (uint8_t)text[i]);
    ck_assert_str_eq(screen, "domU1: hello\r\n");
}
END_TEST

START_TEST(test_flags_when_idle)
{
    ck_assert_uint_eq(in(FR)&0xf8, FR_RXFE | FR_TXFE); /* never busy, never full */
    out(DR, 'x');
    ck_assert_uint_eq(in(FR)&0xf8, FR_RXFE | FR_TXFE);
}
END_TEST

START_TEST(test_access_sizes)
{
    static const uint8_t sizes[] = {1, 2, 4};

    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        write_n(DR, sizes[i], 'a' + i);
        ck_assert_uint_eq(read_n(FR, sizes[i]) & 0xf8, FR_RXFE | FR_TXFE);
        write_n(IMSC, sizes[i], 0x50);
        ck_assert_uint_eq(read_n(IMSC, sizes[i]), 0x50);
        ck_assert(type((char)('A' + i)));
        ck_assert_uint_eq(read_n(DR, sizes[i]), 'A' + i);
    }
    out(DR, '\n');
    ck_assert_str_eq(screen, "domU1: abc\r\n");
}
END_TEST

START_TEST(test_parts_of_a_register)
{
    out(CR, 0xc301);
    ck_assert_uint_eq(read_n(CR, 1), 0x01);
    ck_assert_uint_eq(read_n(CR + 1, 1), 0xc3);
    ck_assert_uint_eq(read_n(CR + 2, 2), 0);
    write_n(CR + 1, 1, 0x03);
    ck_assert_uint_eq(in(CR), 0x0301);
    write_n(CR, 1, 0x00);
    ck_assert_uint_eq(in(CR), 0x0300);
    write_n(DR + 1, 1, 'x'); /* not where the character is */
    ck_assert_uint_eq(domain.console.length, 0);
}
END_TEST

START_TEST(test_accesses_that_abort)
{
    static const struct {
        uint32_t offset;
        uint8_t size;
    } wrong[] = {{DR, 8}, {IMSC + 2, 4}, {IMSC + 3, 2}, {IMSC + 1, 4}, {0xff8, 8}};

    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct mmio_access access = {.offset = wrong[i].offset, .size = wrong[i].size};
        ck_assert_int_eq(vpl011_access(uart, &access), MMIO_ABORT);
        access.write = true;
        ck_assert_int_eq(vpl011_access(uart, &access), MMIO_ABORT);
    }
}
END_TEST

START_TEST(test_storage)
{
    static const struct {
        uint32_t offset, bits;
    } stored[] = {{ILPR, 0xff}, {IBRD, 0xffff}, {FBRD, 0x3f},  {LCR_H, 0xff},
                  {CR, 0xff87}, {IFLS, 0x3f},   {IMSC, 0x7ff}, {DMACR, 7}};

    for (unsigned i = 0; i < ARRAY_SIZE(stored); i++) {
        out(stored[i].offset, UINT32_MAX);
        ck_assert_uint_eq(in(stored[i].offset), stored[i].bits);
        out(stored[i].offset, 0);
        ck_assert_uint_eq(in(stored[i].offset), 0);
    }
}
END_TEST

START_TEST(test_reset_state)
{
    ck_assert_uint_eq(in(CR), 0x301); /* as an SBSA driver, which never writes it, needs it */
    ck_assert_uint_eq(in(IFLS), 0x12);
    ck_assert_uint_eq(in(IMSC), 0);
    ck_assert_uint_eq(in(RIS), 0);
    ck_assert_uint_eq(in(DR), 0);
    ck_assert_uint_ne(in(IBRD), 0); /* the baud rate a full driver computes from it divides by it */
}
END_TEST

START_TEST(test_identification)
{
    static const uint8_t expected[] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

    for (uint32_t i = 0; i < ARRAY_SIZE(expected); i++) {
        out(0xfe0 + 4 * i, 0xff);
        ck_assert_uint_eq(in(0xfe0 + 4 * i), expected[i]);
    }
}
END_TEST

START_TEST(test_reserved_offsets)
{
    static const uint32_t listed[] = {DR, RSR, FR, ILPR, IBRD, FBRD, LCR_H, CR, IFLS, IMSC, RIS, MIS, ICR, DMACR};

    for (uint32_t offset = 0; offset < 0xfe0; offset += 4) {
        bool reserved = true;
        for (unsigned i = 0; i < ARRAY_SIZE(listed); i++)
            reserved = reserved && listed[i] != offset;
        if (!reserved)
            continue;
        out(offset, UINT32_MAX);
        ck_assert_uint_eq(in(offset), 0);
    }
    ck_assert_uint_eq(in(CR), 0x301);
}
END_TEST

START_TEST(test_read_only_registers)
{
    out(FR, UINT32_MAX);
    out(RIS, UINT32_MAX);
    out(MIS, UINT32_MAX);
    ck_assert_uint_eq(in(FR)&0xf8, FR_RXFE | FR_TXFE);
    ck_assert_uint_eq(in(RIS), 0);
    ck_assert_uint_eq(in(ICR), 0);
}
END_TEST

START_TEST(test_input)
{
    ck_assert(type('a'));
    ck_assert(type('b'));
    ck_assert_uint_eq(in(FR)&FR_RXFE, 0);
    ck_assert_uint_eq(in(DR), 'a');
    ck_assert_uint_eq(in(FR)&FR_RXFE, 0);
    ck_assert_uint_eq(in(DR), 'b');
    ck_assert_uint_eq(in(FR)&FR_RXFE, FR_RXFE);
    ck_assert_uint_eq(in(DR), 0);
}
END_TEST

START_TEST(test_receive_interrupt_levels)
{
    static const uint8_t triggers[] = {4, 8, 16, 24, 28};

    for (uint32_t level = 0; level < ARRAY_SIZE(triggers); level++) {
        out(LCR_H, 0x70);
        out(IFLS, level << 3);
        out(IMSC, RX);
        for (unsigned i = 1; i <= triggers[level]; i++) {
            ck_assert(!line());
            type('x');
        }
        ck_assert(line());
        ck_assert_uint_eq(in(MIS), RX);
        in(DR); /* below the trigger again */
        ck_assert(!line());
        while ((in(FR)&FR_RXFE) == 0)
            in(DR);
    }
}
END_TEST

START_TEST(test_without_fifo_every_character_interrupts)
{
    out(LCR_H, 0x60);
    out(IMSC, RX);
    type('x');
    ck_assert(line());
    ck_assert_uint_eq(in(FR)&FR_RXFF, FR_RXFF);
    in(DR);
    ck_assert(!line());
}
END_TEST

START_TEST(test_receive_timeout)
{
    out(IMSC, RT);
    type('x');
    type('y');
    ck_assert(line());
    ck_assert_uint_eq(in(MIS), RT);
    in(DR);
    ck_assert(line()); /* one is left */
    in(DR);
    ck_assert(!line());
    type('z');
    ck_assert(line());
    out(ICR, RT);
    ck_assert(!line());
    ck_assert_uint_eq(in(DR), 'z'); /* cleared, not taken away */
}
END_TEST

START_TEST(test_masking)
{
    type('x');
    ck_assert_uint_eq(in(RIS)&RT, RT);
    ck_assert_uint_eq(in(MIS), 0);
    ck_assert(!line());
    out(IMSC, RT);
    ck_assert(line());
    out(IMSC, 0);
    ck_assert(!line());
}
END_TEST

START_TEST(test_line_changes_only_when_it_changes)
{
    out(IMSC, RX | RT | TX);
    domain.vgic.spis[0].line = true; /* what the UART does not tell the vGIC again stays as it is here */
    in(RIS);
    out(ICR, 0);
    ck_assert(line());
    type('x');
    in(DR);
    ck_assert(!line());
}
END_TEST

START_TEST(test_transmit_interrupt)
{
    out(IMSC, TX);
    ck_assert(!line()); /* not before a first character (DDI 0183 2.4.4) */
    out(DR, 'x');
    ck_assert(line());
    out(ICR, TX);
    ck_assert(!line());
    out(DR, 'y'); /* the next one raises it again */
    ck_assert(line());
    out(IMSC, 0);
    ck_assert(!line());
    ck_assert_uint_eq(in(RIS), TX);
}
END_TEST

START_TEST(test_overrun)
{
    unsigned taken = 0;

    out(IMSC, OE);
    while (type('x'))
        ck_assert_uint_le(++taken, VPL011_RX_FIFO);
    ck_assert_uint_eq(taken, VPL011_RX_FIFO);
    ck_assert(line());
    ck_assert_uint_eq(in(RSR), 8);
    ck_assert_uint_eq(in(FR)&FR_RXFF, FR_RXFF);
    ck_assert_uint_eq(in(DR), 0x800 | 'x');
    ck_assert_uint_eq(in(DR), 'x');
    ck_assert_uint_eq(in(RSR), 0);
    ck_assert(type('y')); /* there is room again */
    out(ICR, OE);
    ck_assert(!line());
}
END_TEST

START_TEST(test_error_clear)
{
    while (type('x'))
        ;
    out(RSR, 0); /* ECR: any value clears */
    ck_assert_uint_eq(in(RSR), 0);
    ck_assert_uint_eq(in(DR), 'x');
}
END_TEST

START_TEST(test_switched_off)
{
    out(CR, 0x300);
    out(DR, 'x');
    ck_assert(!type('x'));
    out(CR, 0x201); /* no transmitter */
    out(DR, 'x');
    out(CR, 0x101); /* no receiver */
    ck_assert(!type('x'));
    ck_assert_uint_eq(domain.console.length, 0);
    ck_assert_uint_eq(in(RIS), 0);
    ck_assert_uint_eq(in(FR)&FR_RXFE, FR_RXFE);
}
END_TEST

START_TEST(test_loopback)
{
    out(CR, 0x381);
    out(DR, 'L');
    ck_assert_uint_eq(in(DR), 'L');
    ck_assert_uint_eq(domain.console.length, 0);
    out(CR, 0x301);
    out(DR, 'x');
    ck_assert_uint_eq(domain.console.length, 1);
}
END_TEST

/* drivers/tty/serial/amba-pl011.c of Linux, full UART: probe, startup, interrupt-driven output, input, shutdown. */
START_TEST(test_as_linux_pl011)
{
    const char *text = "interrupt driven output\r\n";
    size_t sent = 0;

    out(IMSC, 0);
    out(ICR, 0x7f0);
    uint32_t modem = in(IMSC);
    out(IMSC, 0x50);
    out(IMSC, modem);
    out(IBRD, 13);
    out(FBRD, 1);
    out(LCR_H, 0x70);
    out(CR, 0xb01);
    ck_assert_uint_eq(in(CR)&0x301, 0x301);
    out(ICR, RT | RX);
    out(IMSC, RT | RX);
    out(DR, (uint8_t)text[sent++]); /* start_tx: primes, then lets the interrupt take over */
    out(IMSC, RT | RX | TX);
    while (line()) {
        uint32_t status = in(RIS)&in(IMSC);
        ck_assert_uint_ne(status & TX, 0);
        out(ICR, status & ~(TX | RT | RX));
        if (sent < strlen(text))
            out(DR, (uint8_t)text[sent++]);
        else
            out(IMSC, RT | RX);
    }
    ck_assert_str_eq(screen, "domU1: interrupt driven output\r\n");
    type('k');
    ck_assert(line());
    ck_assert_uint_eq(in(MIS), RT);
    ck_assert_uint_eq(in(DR), 'k');
    ck_assert(!line());
}
END_TEST

/* The same driver on an SBSA UART: only DR, FR, IMSC, RIS, MIS, ICR. */
START_TEST(test_as_linux_sbsa)
{
    out(ICR, 0x7f0);
    out(IMSC, RT | RX);
    type('k');
    ck_assert(line());
    ck_assert_uint_eq(read_n(DR, 2), 'k');
    ck_assert(!line());
    write_n(DR, 2, 'o');
    write_n(DR, 2, 'k');
    write_n(DR, 2, '\n');
    ck_assert_str_eq(screen, "domU1: ok\r\n");
}
END_TEST

START_TEST(test_restart)
{
    out(IMSC, RT | TX);
    out(CR, 0);
    out(CR, 0x301);
    out(DR, 'u');
    out(DR, 'n');
    type('x');
    ck_assert(line());
    vpl011_quiesce(uart); /* as a build does */
    ck_assert(!line());
    console_flush(&domain.console);
    vgic_reset(&domain.vgic, 32);
    vpl011_reset(uart);
    ck_assert_str_eq(screen, "domU1: un\r\n");
    ck_assert_uint_eq(in(RIS) | in(IMSC), 0);
    ck_assert_uint_eq(in(FR)&FR_RXFE, FR_RXFE);
    ck_assert_ptr_eq(console.sources, &domain.console);
    ck_assert_ptr_null(domain.console.next);
    out(IMSC, RT);
    type('y');
    ck_assert(line());
    ck_assert_uint_eq(in(DR), 'y');
}
END_TEST

START_TEST(test_input_through_the_console)
{
    static const char text[] = "ls\r";
    out(IMSC, RT);
    for (size_t i = 0; i < 3; i++)
        ck_assert(console.keyboard->input(console.keyboard, text[i]));
    ck_assert(line());
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(in(DR), (uint8_t)text[i]);
}
END_TEST

/* Whatever a guest does, the line is what the masked status says, and what is typed comes out in order or not at all.
 */
START_TEST(test_random_accesses)
{
    uint8_t next_in = 0, next_out = 0;

    srand((unsigned)_i);
    for (unsigned step = 0; step < 5000; step++) {
        uint32_t offset = (uint32_t)rand() % 8 == 0 ? (uint32_t)rand() & 0xfff : (uint32_t)rand() % 0x13 * 4;
        struct mmio_access access = {.offset = offset,
                                     .size = (uint8_t)(1 << rand() % 4),
                                     .write = rand() % 2 == 0,
                                     .value = (uint32_t)rand() & (uint32_t)rand()};
        bool loopback = (uart->control & 0x80) != 0;
        if (offset < 4 && (access.write ? loopback : false))
            continue; /* its own characters would mix with those typed */
        uint32_t tail = uart->rx_tail;
        enum mmio_result result = vpl011_access(uart, &access);
        if (uart->rx_tail != tail) { /* any byte of the register takes the character */
            if (offset == DR)
                ck_assert_uint_eq((uint8_t)access.value, next_out);
            ck_assert(!access.write && result == MMIO_HANDLED && offset < 4);
            next_out++;
        }
        if (rand() % 3 == 0 && type((char)next_in))
            next_in++;
        ck_assert_int_eq(line(), (in(RIS)&in(IMSC)) != 0);
        screen_length = 0;
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vpl011");
    TCase *registers = tcase_create("registers");
    TCase *interrupts = tcase_create("interrupts");
    TCase *drivers = tcase_create("drivers");

    tcase_add_checked_fixture(registers, setup, NULL);
    tcase_add_test(registers, test_output);
    tcase_add_test(registers, test_flags_when_idle);
    tcase_add_test(registers, test_access_sizes);
    tcase_add_test(registers, test_parts_of_a_register);
    tcase_add_test(registers, test_accesses_that_abort);
    tcase_add_test(registers, test_storage);
    tcase_add_test(registers, test_reset_state);
    tcase_add_test(registers, test_identification);
    tcase_add_test(registers, test_reserved_offsets);
    tcase_add_test(registers, test_read_only_registers);
    tcase_add_test(registers, test_input);
    tcase_add_test(registers, test_error_clear);
    tcase_add_test(registers, test_switched_off);
    tcase_add_test(registers, test_loopback);
    tcase_add_checked_fixture(interrupts, setup, NULL);
    tcase_add_test(interrupts, test_receive_interrupt_levels);
    tcase_add_test(interrupts, test_without_fifo_every_character_interrupts);
    tcase_add_test(interrupts, test_receive_timeout);
    tcase_add_test(interrupts, test_masking);
    tcase_add_test(interrupts, test_line_changes_only_when_it_changes);
    tcase_add_test(interrupts, test_transmit_interrupt);
    tcase_add_test(interrupts, test_overrun);
    tcase_add_checked_fixture(drivers, setup, NULL);
    tcase_add_test(drivers, test_as_linux_pl011);
    tcase_add_test(drivers, test_as_linux_sbsa);
    tcase_add_test(drivers, test_restart);
    tcase_add_test(drivers, test_input_through_the_console);
    tcase_add_loop_test(drivers, test_random_accesses, 0, 6);
    suite_add_tcase(suite, registers);
    suite_add_tcase(suite, interrupts);
    suite_add_tcase(suite, drivers);

    return suite_execute(suite);
}
