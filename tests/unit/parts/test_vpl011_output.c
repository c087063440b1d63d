// SPDX-License-Identifier: Apache-2.0
/* The guests' UART beside a host's UART that is slower than the guest. */
#include "support/suite.h"
#include "unit/parts/vpl011_guest.h"

/** As a driver that asks before each character. @return how many it could send */
static unsigned send_while_there_is_room(const char *text, unsigned most)
{
    unsigned count = 0;

    for (; count < most && (in(FR)&FR_TXFF) == 0; count++)
        out(DR, (uint8_t)text[count % strlen(text)]);
    return count;
}

/* Nobody loses anything for the host's UART being slow: a line waits in the console, one is complete, 32 characters
 * fill the FIFO, and the driver waits. It goes on by the interrupt, in the order in which it wrote. */
START_TEST(test_output_waits_for_the_host)
{
    static const char text[] = "0123456789012\r\n";
    char expected[4096] = "";

    host_full = true;
    out(IMSC, TX);
    unsigned sent = send_while_there_is_room(text, 1000);
    ck_assert_uint_eq(sent, 2 * 15 + 32);
    ck_assert_uint_eq(in(FR) & (FR_TXFE | FR_TXFF | FR_BUSY), FR_TXFF | FR_BUSY);
    ck_assert(!line());
    ck_assert_uint_eq(in(RIS)&TX, 0);
    host_full = false;
    console_transmit();
    ck_assert(line());
    ck_assert_uint_eq(in(FR) & (FR_TXFF | FR_BUSY), 0);
    while (sent < 300)
        out(DR, (uint8_t)text[sent++ % strlen(text)]);
    for (unsigned i = 0; i < 20; i++)
        strcat(expected, "domU1: 0123456789012\r\n");
    ck_assert_str_eq(screen, expected);
}
END_TEST

/* The interrupt comes at half of the FIFO, and Linux then writes as much without looking. */
START_TEST(test_interrupt_leaves_room_for_half)
{
    host_full = true;
    out(IMSC, TX);
    ck_assert_uint_eq(send_while_there_is_room("a\n", 4), 4);
    while ((in(RIS)&TX) != 0)
        out(DR, 'b');
    for (unsigned i = 0; i < 15; i++) {
        ck_assert_uint_eq(in(FR)&FR_TXFF, 0);
        out(DR, 'c');
    }
    ck_assert_uint_ne(in(FR)&FR_TXFF, 0);
    out(DR, 'X'); /* lost, as on a board */
    host_full = false;
    console_transmit();
    out(DR, '\n');
    ck_assert_str_eq(screen, "domU1: a\r\ndomU1: a\r\ndomU1: bbbbbbbbbbbbbbbbbccccccccccccccc\r\n");
}
END_TEST

START_TEST(test_last_words_do_not_wait)
{
    host_full = true;
    send_while_there_is_room("one\n", 1000);
    vpl011_quiesce(uart);
    ck_assert_uint_eq(in(FR)&FR_TXFE, FR_TXFE);
    host_full = false;
    console_transmit();
    unsigned lines = 0;
    for (size_t i = 0; i < screen_length; i++)
        lines += screen[i] == '\n';
    ck_assert_uint_eq(lines, 2 + 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vpl011 output");
    TCase *all = tcase_create("slow host");

    tcase_add_checked_fixture(all, setup, NULL);
    tcase_add_test(all, test_output_waits_for_the_host);
    tcase_add_test(all, test_interrupt_leaves_room_for_half);
    tcase_add_test(all, test_last_words_do_not_wait);
    suite_add_tcase(suite, all);
    return suite_execute(suite);
}
