// SPDX-License-Identifier: Apache-2.0
/* A line that is being typed beside neighbours that print: there is one copy of it, below what they print, with the
 * cursor where it was. */
#include "support/suite.h"
#include "terminal.h"

/** A shell's prompt, at which somebody types on a terminal of 80 columns. */
static void start_typing(const char *text)
{
    start(3);
    terminal.width = 80;
    type("?"); /* not echoed: somebody is there */
    peers[0].echoes = true;
    say(0, "/ # ");
    quiet();
    type(text);
}

static unsigned rows_with(const char *text)
{
    unsigned count = 0;

    for (unsigned row = 0; row <= terminal.row; row++)
        count += strstr(terminal.rows[row], text) != NULL;
    return count;
}

START_TEST(one_copy_beside_a_chatty_neighbour)
{
    const char *command = "echo one line";
    char line[32];

    start_typing("");
    for (unsigned i = 0; command[i] != '\0'; i++) {
        char key[2] = {command[i], '\0'};
        type(key);
        snprintf(line, sizeof(line), "noise %u\r\n", i);
        say(1, line);
        if (i % 3 == 0)
            console_printf("and the hypervisor\n");
    }
    ck_assert_uint_eq(rows_with("dom1: "), 1);
    assert_row(terminal.row, "dom1: / # echo one line");
    ck_assert_uint_eq(terminal.column, strlen("dom1: / # echo one line"));
    type("\r");
    ck_assert_uint_eq(rows_with("dom1: "), 1);
    ck_assert_uint_eq(rows_with("dom2: noise"), (unsigned)strlen(command));
    ck_assert_uint_eq(rows_with("bulkhead: and"), 5);
}
END_TEST

START_TEST(the_cursor_stays_in_the_middle)
{
    start_typing("lsX\xc3\xa9Y");
    say(0, "\b\b\b");
    say(1, "noise\n");
    assert_row(1, "dom1: / # lsX\xc3\xa9Y");
    /* The model counts bytes: two columns, but behind the two bytes of one of them. */
    ck_assert_uint_eq(terminal.column, strlen("dom1: / # lsX\xc3\xa9Y") - 3);
    start_typing("lsXY");
    say(0, "\b\b");
    say(1, "noise\n");
    assert_row(1, "dom1: / # lsXY");
    ck_assert_uint_eq(terminal.column, strlen("dom1: / # ls"));
    say(0, "AXY\b\b"); /* A is inserted: as a shell draws it */
    say(2, "noise\n");
    assert_row(2, "dom1: / # lsAXY");
    ck_assert_uint_eq(terminal.column, strlen("dom1: / # lsA"));
    say(0, "XY\r\n");
    assert_row(2, "dom1: / # lsAXY");
    say(0, "out\n");
    assert_row(3, "dom1: out");
}
END_TEST

START_TEST(what_was_erased_does_not_come_back)
{
    start_typing("lsXY");
    say(0, "\b\b\x1b[J");
    say(1, "noise\n");
    assert_row(1, "dom1: / # ls");
    say(0, "\r$ "); /* over the prompt: what is right of it stays, as on any terminal */
    say(1, "noise\n");
    assert_row(2, "dom1: $ # ls");
    ck_assert_uint_eq(terminal.column, strlen("dom1: $ "));
}
END_TEST

START_TEST(colours_do_not_reach_the_neighbour)
{
    start_typing("a");
    say(0, "\x1b[31mb");
    terminal.sent_length = 0;
    say(1, "noise\n");
    ck_assert_str_eq(sent(), "\x1b[0m\r\x1b[Kdom2: noise\r\ndom1: / # a\x1b[31mb");
    say(0, "\b\b");
    say(1, "noise\n");
    assert_row(2, "dom1: / # ");
}
END_TEST

START_TEST(a_line_that_wraps_is_broken_off)
{
    char text[81];

    memset(text, 'w', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    start_typing("");
    say(0, text);
    ck_assert_uint_eq(terminal.row, 1);
    say(1, "noise\n");
    assert_row(2, "dom2: noise");
    ck_assert_uint_eq(terminal.row, 3);
    ck_assert_uint_eq(terminal.column, 0);
    quiet();
    ck_assert_uint_eq(terminal.row, 4);
}
END_TEST

/* Who keeps a log, and does not type, wants no row to be cleared. */
START_TEST(nothing_is_cleared_where_nobody_types)
{
    start(2);
    say(0, "login: ");
    quiet();
    say(1, "noise\n");
    ck_assert_str_eq(sent(), "dom1: login: \r\ndom2: noise\r\n");
    type("\x01\x01\x01");
    ck_assert_ptr_null(strstr(sent(), "\x1b"));
}
END_TEST

START_TEST(a_copy_stays_where_the_keyboard_moves_on)
{
    start_typing("half");
    type("\x01\x01\x01");
    assert_row(0, "dom1: / # half");
    assert_row(1, "bulkhead: keyboard -> dom2 (Ctrl-A three times to move on)");
}
END_TEST

/* A UART that has much to send is not given the line again and again; but once it is through. */
START_TEST(behind_a_flood_it_waits_for_quiet)
{
    char line[CONSOLE_LINE_MAX + 1];
    unsigned before;

    memset(line, 'n', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    start_typing("half");
    terminal.width = 0;
    terminal.full = true;
    for (unsigned i = 0; i < 10; i++)
        console_printf("%s\n", line);
    uint64_t length = console.log_end;
    console_printf("%s\n", line);
    ck_assert_uint_lt(console.log_end - length, CONSOLE_LINE_MAX + 20);
    terminal.full = false;
    drain();
    before = terminal.row;
    assert_row(before, "");
    ck_assert_uint_lt(console.tick.when, UINT64_MAX);
    quiet();
    assert_row(before, "dom1: / # half");
    ck_assert_uint_eq(rows_with("dom1: "), 1);
}
END_TEST

/* The note of what was lost stands on a line of its own: the typed line makes room for it. */
START_TEST(what_was_lost_is_told_all_the_same)
{
    start_typing("half");
    terminal.full = true;
    for (unsigned i = 0; i < CONSOLE_LOG_SIZE / 10; i++)
        console_printf("more than fits, and yet more\n");
    terminal.full = false;
    drain();
    console_printf("again\n");
    drain();
    quiet();
    ck_assert_uint_eq(rows_with("characters lost]"), 1);
    assert_row(terminal.row, "dom1: / # half");
}
END_TEST

/* Held lines of a neighbour are put by the UART's interrupt: the typed line that they push off is asked for again. */
START_TEST(an_interrupt_that_puts_a_held_line_asks_for_the_typed_one)
{
    start_typing("half");
    terminal.full = true;
    char line[CONSOLE_LINE_MAX - 1];
    memset(line, 'n', sizeof(line) - 2);
    line[sizeof(line) - 2] = '\0';
    for (unsigned i = 0; i < 2; i++) {
        say(1, line);
        say(1, "\n");
    }
    ck_assert(console_blocked(&peers[1].source));
    console_printf("%s%s\n", line, line);
    terminal.full = false;
    console.tick.when = UINT64_MAX;
    for (unsigned i = 0; i < 100; i++)
        console_transmit();
    if (console.partial != &peers[0].source)
        ck_assert_uint_lt(console.tick.when, UINT64_MAX);
    quiet();
    ck_assert_uint_eq(rows_with("dom1: "), 1);
}
END_TEST

/* Any mixture of typing, editing, neighbours and time: the screen never holds a second copy, and the cursor is where
 * the shell left it. */
START_TEST(any_mixture)
{
    char model[40] = "", row[64];
    unsigned cursor = 0, length = 0;

    srand((unsigned)_i);
    start_typing("");
    for (unsigned step = 0; step < 400; step++) {
        unsigned what = (unsigned)rand() % 8;
        if (what < 3 && cursor < sizeof(model) - 1) {
            char key[2] = {(char)('a' + rand() % 26), '\0'};
            model[cursor++] = key[0];
            length = cursor > length ? cursor : length;
            type(key);
        } else if (what == 3 && cursor > 0) {
            say(0, "\b");
            cursor--;
        } else if (what == 4) {
            say(0, "\x1b[K");
            length = cursor;
        } else if (what == 5) {
            console_printf("hypervisor\n");
        } else if (what == 6) {
            quiet();
        } else {
            say(1 + step % 2, "noise of a neighbour\n");
        }
        drain();
        if (console.partial != &peers[0].source)
            continue;
        snprintf(row, sizeof(row), "dom1: / # %.*s", (int)length, model);
        assert_row(terminal.row, row);
        ck_assert_uint_eq(terminal.column, 10 + cursor);
        ck_assert_uint_eq(rows_with("dom1: "), 1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("console typing");
    TCase *all = tcase_create("typing");

    tcase_add_test(all, one_copy_beside_a_chatty_neighbour);
    tcase_add_test(all, the_cursor_stays_in_the_middle);
    tcase_add_test(all, what_was_erased_does_not_come_back);
    tcase_add_test(all, colours_do_not_reach_the_neighbour);
    tcase_add_test(all, a_line_that_wraps_is_broken_off);
    tcase_add_test(all, nothing_is_cleared_where_nobody_types);
    tcase_add_test(all, a_copy_stays_where_the_keyboard_moves_on);
    tcase_add_test(all, behind_a_flood_it_waits_for_quiet);
    tcase_add_test(all, what_was_lost_is_told_all_the_same);
    tcase_add_test(all, an_interrupt_that_puts_a_held_line_asks_for_the_typed_one);
    tcase_add_loop_test(all, any_mixture, 0, 30);
    suite_add_tcase(suite, all);

    return suite_execute(suite);
}
