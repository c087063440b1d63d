// SPDX-License-Identifier: Apache-2.0
/* Who gets what is typed. */
#include "support/suite.h"
#include "terminal.h"

static const char *given(unsigned peer)
{
    peers[peer].given[peers[peer].given_length] = '\0';
    return peers[peer].given;
}

static unsigned pressed;

static void press_x(void)
{
    pressed++;
    console_printf("x was pressed\n");
}

static void press_y(void)
{
    pressed += 100;
}

static const struct console_key keys[] = {{'x', "does x", press_x}, {'y', "does y", press_y}};

START_TEST(test_first_domain_has_the_keyboard)
{
    start(2);
    type("ls\r");
    ck_assert_str_eq(given(0), "ls\r");
    ck_assert_str_eq(given(1), "");
}
END_TEST

START_TEST(test_first_that_takes_input_has_it)
{
    start(0);
    peers[0].source.name = "mute";
    console_add_source(&peers[0].source);
    ck_assert_ptr_null(console.keyboard);
    peers[1].source.name = "dom2";
    peers[1].source.input = peer_input;
    console_add_source(&peers[1].source);
    ck_assert_ptr_eq(console.keyboard, &peers[1].source);
    assert_row(0, "bulkhead: keyboard -> dom2 (Ctrl-A three times to move on)");
    type("\x01\x01\x01"); /* to the hypervisor */
    type("\x01\x01\x01"); /* and past the one that takes none */
    ck_assert_ptr_eq(console.keyboard, &peers[1].source);
}
END_TEST

START_TEST(test_rotation)
{
    start(2);
    type("a\x01\x01\x01"
         "b\x01\x01\x01"
         "\x01\x01\x01"
         "d");
    ck_assert_str_eq(given(0), "ad");
    ck_assert_str_eq(given(1), "b");
    assert_row(0, "bulkhead: keyboard -> dom2 (Ctrl-A three times to move on)");
    assert_row(1, "bulkhead: keyboard -> bulkhead (h: keys, Ctrl-A three times to move on)");
    assert_row(2, "bulkhead: keyboard -> dom1 (Ctrl-A three times to move on)");
}
END_TEST

START_TEST(test_rotation_from_the_hypervisor_swallows_nothing_else)
{
    start(1);
    type("\x01\x01\x01");
    ck_assert_ptr_null(console.keyboard);
    type("\x01\x01\x01z");
    ck_assert_str_eq(given(0), "z");
}
END_TEST

START_TEST(test_fewer_are_for_the_domain)
{
    start(2);
    type("\x01");
    ck_assert_str_eq(given(0), "");
    type("x\x01\x01y");
    ck_assert_str_eq(given(0), "\x01x\x01\x01y");
    ck_assert_ptr_eq(console.keyboard, &peers[0].source);
}
END_TEST

START_TEST(test_two_and_a_number_go_straight_there)
{
    start(3);
    type("\x01\x01"
         "3c");
    ck_assert_str_eq(given(2), "c");
    assert_row(0, "bulkhead: keyboard -> dom3 (Ctrl-A three times to move on)");
    type("\x01\x01"
         "0");
    ck_assert_ptr_null(console.keyboard);
    type("\x01\x01"
         "1"
         "a");
    ck_assert_str_eq(given(0), "a");
    type("\x01\x01"
         "1"
         "1"); /* stays; a domain 11 is not there */
    ck_assert_str_eq(given(0), "a1");
    type("\x01\x01"
         "2\x01\x01"
         "1z");
    ck_assert_str_eq(given(0), "a1z");
    ck_assert_str_eq(given(1), "");
}
END_TEST

START_TEST(test_two_and_a_number_that_takes_nothing)
{
    start(2);
    console_close(&peers[1].source);
    type("\x01\x01"
         "2"); /* is off: what is typed next is for whoever had the keyboard, this is for nobody */
    ck_assert_ptr_nonnull(strstr(sent(), "dom2 takes no input"));
    type("\x01\x01"
         "9");
    type("\x01"
         "1");
    type("1");
    type("\x01\x01");
    console_tick(console.tick.when);
    type("0");
    ck_assert_str_eq(given(0), "\x01\x01"
                               "9\x01"
                               "11\x01\x01"
                               "0");
    ck_assert_ptr_eq(console.keyboard, &peers[0].source);
}
END_TEST

START_TEST(test_numbers_of_two_digits)
{
    start(3);
    peers[1].source.domid = 12;
    peers[2].source.domid = 30;
    type("\x01\x01"
         "12b");
    ck_assert_str_eq(given(1), "b");
    type("\x01\x01"
         "30"); /* there is no domain 3 on the way to it */
    ck_assert_str_eq(given(1), "b\x01\x01"
                               "30");
    type("\x01\x01"
         "1");
    console.held_since -= ticks_of(CONSOLE_HELD_KEYS_US); /* so much later it is text */
    type("2");
    ck_assert_str_eq(given(0), "2");
}
END_TEST

START_TEST(test_long_names_fit_80_columns)
{
    start(2);
    peers[1].source.name = "a-domain-with-a-name-that-nobody-can-remember";
    type("\x01\x01\x01");
    assert_row(0, "bulkhead: keyboard -> a-domain-with-a~ (Ctrl-A three times to move on)");
    console_close(&peers[0].source);
    console_open(&peers[0].source);
    type("\x01\x01\x01"
         "\x01\x01\x01");
    peers[1].source.name = "sixteen-is-whole";
    console_close(&peers[0].source);
    for (unsigned row = 0; row < terminal.row; row++)
        ck_assert_uint_le(strlen(terminal.rows[row]), 80);
    assert_row(terminal.row - 1, "bulkhead: keyboard goes on to sixteen-is-whole (Ctrl-A three times to move on)");
}
END_TEST

START_TEST(test_held_keys_are_passed_on_after_a_while)
{
    start(2);
    type("\x01\x01");
    uint64_t due = console.tick.when;
    ck_assert_uint_lt(due, UINT64_MAX);
    ck_assert_uint_eq(console_tick(due - 1), due);
    ck_assert_str_eq(given(0), "");
    ck_assert_uint_eq(console_tick(due), UINT64_MAX);
    ck_assert_str_eq(given(0), "\x01\x01");
    type("\x01"); /* one later is not the third */
    ck_assert_ptr_eq(console.keyboard, &peers[0].source);
}
END_TEST

START_TEST(test_prompt_of_the_next_is_shown_at_once)
{
    start(2);
    say(0, "one# ");
    say(1, "two# ");
    quiet();
    assert_row(0, "dom1: one# ");
    type("\x01\x01\x01");
    assert_row(1, "bulkhead: keyboard -> dom2 (Ctrl-A three times to move on)");
    assert_row(2, "dom2: two# ");
    say(0, "!"); /* no longer the owner: not echoed */
    ck_assert_uint_eq(terminal.row, 2);
    say(1, "!");
    assert_row(2, "dom2: two# !");
}
END_TEST

START_TEST(test_echo_appears_behind_the_prompt)
{
    start(2);
    peers[0].echoes = true;
    say(0, "/ # ");
    quiet();
    type("echo hi");
    assert_row(0, "dom1: / # echo hi");
    type("\r");
    ck_assert_uint_eq(terminal.row, 1);
}
END_TEST

START_TEST(test_full_domain_loses_characters_alone)
{
    start(2);
    peers[0].refuses = true;
    type("abc\x01\x01\x01"
         "d");
    ck_assert_str_eq(given(0), "");
    ck_assert_uint_eq(peers[0].source.dropped_input, 3);
    ck_assert_str_eq(given(1), "d");
}
END_TEST

START_TEST(test_hypervisor_keys)
{
    start(1);
    pressed = 0;
    console_set_keys(keys, ARRAY_SIZE(keys));
    type("\x01\x01\x01"
         "xy");
    ck_assert_uint_eq(pressed, 101);
    assert_row(1, "bulkhead: x was pressed");
    type("h");
    assert_row(2, "bulkhead: Ctrl-A three times: next domain; twice and an id: that, 0: here");
    assert_row(3, "bulkhead: h  this list");
    assert_row(4, "bulkhead: x  does x");
    assert_row(5, "bulkhead: y  does y");
    type("?\r");
    assert_row(7, "bulkhead: keyboard -> bulkhead (h: keys, Ctrl-A three times to move on)");
    assert_row(6, "bulkhead: keyboard -> bulkhead (h: keys, Ctrl-A three times to move on)");
    ck_assert_str_eq(given(0), "");
}
END_TEST

START_TEST(test_keys_without_any_domain)
{
    start(0);
    pressed = 0;
    console_set_keys(keys, ARRAY_SIZE(keys));
    type("x\x01\x01\x01x");
    ck_assert_uint_eq(pressed, 2);
}
END_TEST

START_TEST(test_keyboard_leaves_a_domain_that_ended)
{
    start(3);
    say(1, "two# ");
    say(0, "bye");
    console_close(&peers[0].source);
    assert_row(0, "dom1: bye");
    assert_row(1, "bulkhead: keyboard goes on to dom2 (Ctrl-A three times to move on)");
    assert_row(2, "dom2: two# ");
    console_close(&peers[2].source); /* has it not: nothing is said */
    ck_assert_uint_eq(terminal.row, 2);
    type("a\x01\x01\x01"); /* the hypervisor: dom3 is passed by */
    ck_assert_ptr_null(console.keyboard);
    type("\x01\x01\x01" /* dom2 again: so is dom1 */
         "b");
    ck_assert_str_eq(given(1), "ab");
    console_close(&peers[1].source);
    ck_assert_ptr_null(console.keyboard);
    ck_assert_ptr_nonnull(strstr(sent(), "keyboard goes on to bulkhead (h: keys, Ctrl-A three times"));
    console_open(&peers[0].source); /* it was restarted */
    type("\x01\x01\x01"
         "c");
    ck_assert_str_eq(given(0), "c");
}
END_TEST

START_TEST(test_keyboard_goes_round_to_an_earlier_domain)
{
    start(2);
    type("\x01\x01\x01");
    ck_assert_ptr_eq(console.keyboard, &peers[1].source);
    console_close(&peers[1].source);
    ck_assert_ptr_eq(console.keyboard, &peers[0].source);
}
END_TEST

START_TEST(test_a_flood_is_taken_in_pieces)
{
    char flood[500];

    start(1);
    memset(flood, 'f', sizeof(flood) - 1);
    flood[sizeof(flood) - 1] = '\0';
    type(flood);
    ck_assert_uint_lt(peers[0].given_length, 100);
    ck_assert_uint_eq(console.tick.when, 0); /* and at once again */
    for (unsigned i = 0; i < 20; i++)
        console_tick(arch_timer_now());
    ck_assert_uint_eq(peers[0].given_length, 499);
    ck_assert_uint_eq(console_tick(arch_timer_now()), UINT64_MAX);
}
END_TEST

static bool poll_again(struct console_source *source, char character)
{
    peer_input(source, character);
    console_poll(); /* as another CPU would, while this one is at it */
    return true;
}

START_TEST(test_only_one_reads_at_a_time)
{
    start(1);
    peers[0].source.input = poll_again;
    type("in order");
    ck_assert_str_eq(given(0), "in order");
    ck_assert_uint_eq(console.polls, 0);
    type("!");
    ck_assert_str_eq(given(0), "in order!");
}
END_TEST

START_TEST(test_poll_without_uart)
{
    start(0);
    console_init();
    console_poll();
    ck_assert_uint_eq(console_tick(arch_timer_now()), UINT64_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("console keyboard");
    TCase *all = tcase_create("keyboard");

    tcase_add_test(all, test_first_domain_has_the_keyboard);
    tcase_add_test(all, test_first_that_takes_input_has_it);
    tcase_add_test(all, test_rotation);
    tcase_add_test(all, test_rotation_from_the_hypervisor_swallows_nothing_else);
    tcase_add_test(all, test_fewer_are_for_the_domain);
    tcase_add_test(all, test_two_and_a_number_go_straight_there);
    tcase_add_test(all, test_two_and_a_number_that_takes_nothing);
    tcase_add_test(all, test_numbers_of_two_digits);
    tcase_add_test(all, test_long_names_fit_80_columns);
    tcase_add_test(all, test_held_keys_are_passed_on_after_a_while);
    tcase_add_test(all, test_prompt_of_the_next_is_shown_at_once);
    tcase_add_test(all, test_echo_appears_behind_the_prompt);
    tcase_add_test(all, test_full_domain_loses_characters_alone);
    tcase_add_test(all, test_hypervisor_keys);
    tcase_add_test(all, test_keys_without_any_domain);
    tcase_add_test(all, test_keyboard_leaves_a_domain_that_ended);
    tcase_add_test(all, test_keyboard_goes_round_to_an_earlier_domain);
    tcase_add_test(all, test_a_flood_is_taken_in_pieces);
    tcase_add_test(all, test_only_one_reads_at_a_time);
    tcase_add_test(all, test_poll_without_uart);
    suite_add_tcase(suite, all);

    return suite_execute(suite);
}
