// SPDX-License-Identifier: Apache-2.0
/* What reaches the screen: whole lines with their owner's name, prompts, what an interactive program draws. */
#include "support/suite.h"
#include "terminal.h"

START_TEST(test_line_is_written_whole)
{
    start(2);
    say(0, "hello");
    ck_assert_uint_eq(terminal.sent_length, 0);
    say(0, " world\r\n");
    ck_assert_str_eq(sent(), "dom1: hello world\r\n");
}
END_TEST

START_TEST(test_two_sources_character_by_character)
{
    static const char first[] = "the quick brown fox\n", second[] = "jumps over the lazy\n";

    start(2);
    for (size_t i = 0; first[i] != '\0'; i++) {
        console_put(&peers[0].source, first[i]);
        console_put(&peers[1].source, second[i]);
    }
    ck_assert_str_eq(sent(), "dom1: the quick brown fox\r\ndom2: jumps over the lazy\r\n");
}
END_TEST

START_TEST(test_hypervisor_lines)
{
    start(1);
    console_printf("%u domains", 2);
    ck_assert_uint_eq(terminal.sent_length, 0);
    console_printf(" of %u\nand more\n", 3);
    ck_assert_str_eq(sent(), "bulkhead: 2 domains of 3\r\nbulkhead: and more\r\n");
}
END_TEST

START_TEST(test_empty_lines)
{
    start(1);
    say(0, "\n\r\n");
    ck_assert_str_eq(sent(), "dom1: \r\ndom1: \r\n");
}
END_TEST

START_TEST(test_long_line_is_continued)
{
    char text[CONSOLE_LINE_MAX + 11];

    start(1);
    memset(text, 'x', sizeof(text));
    console_write(&peers[0].source, text, sizeof(text));
    say(0, "\n");
    ck_assert_uint_eq(strlen(terminal.rows[0]), CONSOLE_LINE_MAX + 6);
    assert_row(1, "dom1: xxxxxxxxxxx");
    ck_assert_uint_eq(peers[0].source.lines, 2);
}
END_TEST

START_TEST(test_line_of_exactly_the_maximum)
{
    char text[CONSOLE_LINE_MAX];

    start(1);
    memset(text, 'x', sizeof(text));
    console_write(&peers[0].source, text, sizeof(text));
    say(0, "\r\n");
    ck_assert_uint_eq(terminal.row, 1);
}
END_TEST

START_TEST(test_carriage_return_writes_anew)
{
    start(1);
    say(0, " 10%\r 50%\r100%\r\n");
    say(0, "done\r\r\n");
    ck_assert_str_eq(sent(), "dom1: 100%\r\ndom1: done\r\n");
}
END_TEST

START_TEST(test_backspace_takes_back)
{
    start(1);
    say(0, "abx\b \bc\n");
    say(0, "\b\b\bstart\n");
    say(0, "caf\xc3\xa9\b \be\n");
    ck_assert_str_eq(sent(), "dom1: abc\r\ndom1: start\r\ndom1: cafe\r\n");
}
END_TEST

START_TEST(test_colours)
{
    start(2);
    say(0, "\x1b[1;32mgreen\x1b[m and plain\n");
    say(1, "\x1b[1;32mgreen\x1b[m and plain\n");
    say(0, "next\n");
    ck_assert_str_eq(sent(), "dom1: \x1b[1;32mgreen\x1b[m and plain\x1b[0m\r\n"
                             "dom2: green and plain\r\n"
                             "dom1: next\r\n");
}
END_TEST

START_TEST(test_backspace_over_a_colour)
{
    start(1);
    say(0, "ab\x1b[31mc\x1b[0m\b\bX\n");
    assert_row(0, "dom1: aX");
}
END_TEST

START_TEST(test_prompt_is_shown_when_quiet)
{
    start(2);
    say(0, "/ # ");
    uint64_t due = console.tick.when;
    ck_assert_uint_lt(due, UINT64_MAX);
    ck_assert_uint_eq(console_tick(due - 1), due);
    ck_assert_uint_eq(terminal.sent_length, 0);
    ck_assert_uint_eq(console_tick(due), UINT64_MAX);
    ck_assert_str_eq(sent(), "dom1: / # ");
    quiet();
    ck_assert_str_eq(sent(), "dom1: / # ");
}
END_TEST

START_TEST(test_only_the_keyboards_owner_has_prompts)
{
    start(2);
    say(1, "login: ");
    ck_assert_uint_eq(console.tick.when, UINT64_MAX);
    quiet();
    ck_assert_uint_eq(terminal.sent_length, 0);
}
END_TEST

START_TEST(test_echo_goes_straight_out)
{
    start(2);
    say(0, "/ # ");
    quiet();
    say(0, "l");
    ck_assert_str_eq(sent(), "dom1: / # l");
    say(0, "s\r\n");
    ck_assert_str_eq(sent(), "dom1: / # ls\r\n");
    say(0, "bin   dev\r\n/ # ");
    quiet();
    ck_assert_str_eq(sent(), "dom1: / # ls\r\ndom1: bin   dev\r\ndom1: / # ");
}
END_TEST

START_TEST(test_prompt_makes_room_and_comes_back)
{
    start(2);
    say(0, "/ # ");
    quiet();
    say(0, "l");
    say(1, "noise\n");
    ck_assert_str_eq(sent(), "dom1: / # l\r\ndom2: noise\r\n");
    ck_assert_uint_lt(console.tick.when, UINT64_MAX);
    quiet();
    ck_assert_str_eq(sent(), "dom1: / # l\r\ndom2: noise\r\ndom1: / # l");
    say(0, "s\n");
    assert_row(2, "dom1: / # ls");
}
END_TEST

START_TEST(test_broken_line_is_shown_again_when_continued)
{
    start(2);
    say(0, "/ # ");
    quiet();
    say(1, "noise\n");
    say(0, "x"); /* no time has passed: who types must see it */
    assert_row(2, "dom1: / # x");
    say(1, "more\n");
    say(0, "\r\n"); /* ended while it is not on the screen */
    assert_row(4, "dom1: / # x");
    ck_assert_uint_eq(terminal.row, 5);
}
END_TEST

START_TEST(test_prompt_waits_for_quiet_but_not_for_ever)
{
    unsigned shown = 0;

    start(2);
    say(0, "/ # ");
    for (unsigned i = 0; i < 100 && shown == 0; i++) { /* a line every 10 ms */
        say(1, "noise\n");
        console.last_line = console.waiting_since + ticks_of(10000 * i);
        console_tick(console.last_line + ticks_of(9000));
        if (console.partial == &peers[0].source)
            shown = i;
    }
    ck_assert_uint_ge(shown, CONSOLE_PATIENCE_US / 10000 - 2);
    ck_assert_uint_le(shown, CONSOLE_PATIENCE_US / 10000 + 1);
}
END_TEST

START_TEST(test_return_on_a_live_line_keeps_the_prefix)
{
    start(1);
    type("x");
    say(0, "/ # lx");
    quiet();
    say(0, "\r/ # ls\x1b[J"); /* as busybox draws its line anew */
    assert_row(0, "dom1: / # ls");
    say(0, "\r\n");
    say(0, "out\n");
    assert_row(1, "dom1: out");
}
END_TEST

START_TEST(test_backspace_on_a_live_line)
{
    start(2);
    type("x");
    say(0, "/ # abc");
    quiet();
    say(0, "\b\x1b[J");
    assert_row(0, "dom1: / # ab");
    say(1, "noise\n");
    assert_row(1, "dom1: / # ab");
    say(0, "\b\b\b\b\b\b\b\b\b\b\b\b"); /* the terminal fails the test if the cursor leaves the line */
    say(0, "Z");
    assert_row(1, "dom1: Z # ab");
}
END_TEST

START_TEST(test_editing_in_the_middle)
{
    start(2);
    say(0, "/ # lsX");
    quiet();
    say(0, "\b\b");    /* two to the left */
    say(0, "AsX\b\b"); /* A is inserted: the rest is drawn again, the cursor goes back */
    assert_row(0, "dom1: / # lAsX");
    say(0, "sX\r\n"); /* the shell moves to the end before it ends the line */
    assert_row(0, "dom1: / # lAsX");
    say(0, "/ # a");
    quiet();
    say(1, "noise\n");
    quiet();
    assert_row(3, "dom1: / # a");
}
END_TEST

START_TEST(test_cursor_sequences_of_the_owner_pass_once)
{
    start(2);
    type("x");
    say(0, "/ # \x1b[6n"); /* asks the terminal where its cursor is: shows the line at once */
    ck_assert_str_eq(sent(), "dom1: / # \x1b[6n");
    say(1, "noise\n");
    ck_assert_str_eq(sent(), "dom1: / # \x1b[6n\r\x1b[Kdom2: noise\r\ndom1: / # ");
}
END_TEST

START_TEST(test_colour_is_off_where_another_breaks_in)
{
    start(2);
    say(0, "\x1b[31mred");
    quiet();
    say(1, "noise\n");
    ck_assert_str_eq(sent(), "dom1: \x1b[31mred\x1b[0m\r\ndom2: noise\r\n");
}
END_TEST

START_TEST(test_bell)
{
    start(2);
    say(0, "/ # ");
    quiet();
    say(0, "\a");
    ck_assert_str_eq(sent(), "dom1: / # \a");
}
END_TEST

START_TEST(test_flush_ends_an_unfinished_line)
{
    start(2);
    say(1, "last words");
    console_flush(&peers[1].source);
    console_flush(&peers[1].source);
    ck_assert_str_eq(sent(), "dom2: last words\r\n");
    say(0, "/ # ");
    quiet();
    console_flush(&peers[0].source);
    assert_row(1, "dom1: / # ");
    ck_assert_uint_eq(terminal.row, 2);
}
END_TEST

START_TEST(test_early_output_is_kept)
{
    start(0);
    console_init();
    console_printf("before the UART is known\n");
    ck_assert_uint_eq(terminal.sent_length, 0);
    console_attach(&terminal.uart);
    console_printf("after\n");
    ck_assert_str_eq(sent(), "bulkhead: before the UART is known\r\nbulkhead: after\r\n");
}
END_TEST

START_TEST(test_early_output_keeps_its_end)
{
    start(0);
    console_init();
    for (unsigned i = 0; i < 4000; i++)
        console_printf("early line %u\n", i);
    console_attach(&terminal.uart);
    drain();
    ck_assert_uint_gt(terminal.sent_length, CONSOLE_LOG_SIZE - 64);
    ck_assert_int_eq(strncmp(sent(), "bulkhead: early line ", 21), 0);
    ck_assert_str_eq(terminal.rows[terminal.row - 1], "bulkhead: early line 3999");
}
END_TEST

START_TEST(test_log_holds_what_was_sent)
{
    char text[100];
    uint64_t position = 0;

    start(2);
    uint64_t before = console.log_end;
    say(0, "one\n");
    say(1, "two\n");
    position = before;
    size_t length = console_log_read(&position, text, sizeof(text));
    ck_assert_uint_eq(length, terminal.sent_length);
    ck_assert_mem_eq(text, terminal.sent, length);
    ck_assert_uint_eq(console_log_read(&position, text, sizeof(text)), 0);
    for (unsigned i = 0; i < 3000; i++)
        say(0, "fill the ring, all of it\n");
    position = before; /* overwritten long ago: goes on with the oldest there is */
    ck_assert_uint_eq(console_log_read(&position, text, 10), 10);
    ck_assert_uint_eq(position, console.log_end - CONSOLE_LOG_SIZE + 10);
    static char ring[CONSOLE_LOG_SIZE];
    position = 0;
    ck_assert_uint_eq(console_log_read(&position, ring, sizeof(ring)), sizeof(ring));
    ck_assert_mem_eq(ring, sent() + terminal.sent_length - sizeof(ring), sizeof(ring));
}
END_TEST

START_TEST(test_stuck_uart_is_not_waited_for)
{
    start(1);
    terminal.full = true;
    uint64_t before = arch_timer_now();
    say(0, "nobody reads this\n");
    ck_assert(!terminal.uart.stuck);
    say(0, "nor this\n");
    ck_assert(console_blocked(&peers[0].source));
    ck_assert_uint_eq(console_write(&peers[0].source, "x", 1), 0);
    tick_after(UART_STUCK_US / 2);
    ck_assert(!terminal.uart.stuck);
    tick_after(UART_STUCK_US + 1000);
    ck_assert(terminal.uart.stuck);
    ck_assert(!console_blocked(&peers[0].source));
    before = arch_timer_now();
    for (unsigned i = 0; i < 100; i++)
        say(0, "nor this\n");
    ck_assert_uint_lt(arch_timer_now() - before, ticks_of(UART_STUCK_US) / 100);
    ck_assert_uint_eq(peers[0].source.dropped_lines, 101);
    terminal.full = false;
    say(0, "back\n");
    assert_row(0, "dom1: back");
    ck_assert(!terminal.uart.stuck);
}
END_TEST

START_TEST(test_diagnostics_are_lines)
{
    const struct diag_report report = {.severity = DIAG_ERROR,
                                       .path = "/chosen/domU1",
                                       .property = "memory",
                                       .message = "domain has no memory",
                                       .hint = "give it some"};

    start(1);
    diag_emit(console_diag(), &report);
    ck_assert_int_eq(strncmp(sent(), "bulkhead: error: /chosen/domU1: memory: domain has no memory", 60), 0);
    ck_assert_uint_eq(console_diag()->errors, 1);
    ck_assert_uint_eq(terminal.row, 2);
}
END_TEST

START_TEST(test_panic_prints_whatever_is_locked)
{
    start(1);
    console_printf("half a line");
    console.lock.next++; /* held, and never given back */
    console_take_over();
    console_printf("panic\n");
    ck_assert_str_eq(sent(), "bulkhead: half a line\r\nbulkhead: panic\r\n");
}
END_TEST

/* Any bytes from three domains, in any pieces, with time passing and keys typed: every screen line belongs to one
 * source, and what the domains without the keyboard say arrives whole and in order. */
START_TEST(test_random_interleaving)
{
    unsigned count[3] = {0}, at[3] = {0}, seen[3] = {0};
    char line[3][64];

    srand((unsigned)_i);
    start(3);
    for (unsigned step = 0; step < 1500; step++) {
        unsigned who = (unsigned)rand() % 3;
        if (at[who] == 0)
            snprintf(line[who], sizeof(line[who]), "line %u of dom%u\r\n", count[who]++, who + 1);
        for (unsigned n = 1 + (unsigned)rand() % 9; n > 0 && line[who][at[who]] != '\0'; n--)
            console_put(&peers[who].source, line[who][at[who]++]);
        if (line[who][at[who]] == '\0')
            at[who] = 0;
        if (rand() % 10 == 0)
            quiet();
        if (rand() % 100 == 0)
            type("\x01\x01\x01");
        if (rand() % 50 == 0)
            console_printf("hypervisor %u\n", step);
    }
    for (unsigned row = 0; row < terminal.row; row++) {
        unsigned who, number;
        char name[8];
        if (strncmp(terminal.rows[row], "bulkhead: ", 10) == 0)
            continue;
        ck_assert_msg(sscanf(terminal.rows[row], "dom%u: ", &who) == 1, "row %u: %s", row, terminal.rows[row]);
        if (sscanf(terminal.rows[row] + 6, "line %u of %7s", &number, name) < 2 || strlen(name) < 4)
            continue; /* broken off by another's line; comes again */
        ck_assert_int_eq(name[3], '0' + (int)who);
        who--;
        if (number == seen[who])
            seen[who]++;
        else
            ck_assert_uint_eq(number + 1, seen[who]); /* shown again after it was broken off */
    }
    for (unsigned who = 0; who < 3; who++)
        ck_assert_uint_ge(seen[who] + 1, count[who]);
}
END_TEST

START_TEST(test_random_bytes)
{
    char bytes[64];

    srand((unsigned)_i + 100);
    start(3);
    for (unsigned step = 0; step < 500; step++) {
        size_t length = (size_t)rand() % sizeof(bytes);
        for (size_t i = 0; i < length; i++)
            bytes[i] = rand() % 4 == 0 ? "\x1b\r\n\b[;m0"[rand() % 8] : (char)rand();
        console_write(&peers[rand() % 3].source, bytes, length); /* the terminal checks what it gets */
        if (rand() % 8 == 0)
            quiet();
        ck_assert_uint_lt(terminal.row, TERMINAL_ROWS - 200);
        if (terminal.row > TERMINAL_ROWS - 500)
            terminal_clear();
        terminal.sent_length = 0;
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("console lines");
    TCase *lines = tcase_create("lines");
    TCase *prompts = tcase_create("prompts");
    TCase *rest = tcase_create("log, faults");
    TCase *random = tcase_create("random");

    tcase_add_test(lines, test_line_is_written_whole);
    tcase_add_test(lines, test_two_sources_character_by_character);
    tcase_add_test(lines, test_hypervisor_lines);
    tcase_add_test(lines, test_empty_lines);
    tcase_add_test(lines, test_long_line_is_continued);
    tcase_add_test(lines, test_line_of_exactly_the_maximum);
    tcase_add_test(lines, test_carriage_return_writes_anew);
    tcase_add_test(lines, test_backspace_takes_back);
    tcase_add_test(lines, test_colours);
    tcase_add_test(lines, test_backspace_over_a_colour);
    tcase_add_test(prompts, test_prompt_is_shown_when_quiet);
    tcase_add_test(prompts, test_only_the_keyboards_owner_has_prompts);
    tcase_add_test(prompts, test_echo_goes_straight_out);
    tcase_add_test(prompts, test_prompt_makes_room_and_comes_back);
    tcase_add_test(prompts, test_broken_line_is_shown_again_when_continued);
    tcase_add_test(prompts, test_prompt_waits_for_quiet_but_not_for_ever);
    tcase_add_test(prompts, test_return_on_a_live_line_keeps_the_prefix);
    tcase_add_test(prompts, test_backspace_on_a_live_line);
    tcase_add_test(prompts, test_editing_in_the_middle);
    tcase_add_test(prompts, test_cursor_sequences_of_the_owner_pass_once);
    tcase_add_test(prompts, test_colour_is_off_where_another_breaks_in);
    tcase_add_test(prompts, test_bell);
    tcase_add_test(rest, test_flush_ends_an_unfinished_line);
    tcase_add_test(rest, test_early_output_is_kept);
    tcase_add_test(rest, test_early_output_keeps_its_end);
    tcase_add_test(rest, test_log_holds_what_was_sent);
    tcase_add_test(rest, test_stuck_uart_is_not_waited_for);
    tcase_add_test(rest, test_diagnostics_are_lines);
    tcase_add_test(rest, test_panic_prints_whatever_is_locked);
    tcase_add_loop_test(random, test_random_interleaving, 0, 5);
    tcase_add_loop_test(random, test_random_bytes, 0, 3);
    suite_add_tcase(suite, lines);
    suite_add_tcase(suite, prompts);
    suite_add_tcase(suite, rest);
    suite_add_tcase(suite, random);

    return suite_execute(suite);
}
