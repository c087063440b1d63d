// SPDX-License-Identifier: Apache-2.0
/* What of a domain's characters, sequences and name reaches the terminal. */
#include "support/suite.h"
#include "terminal.h"

START_TEST(test_control_characters)
{
    start(2);
    say(1, "a\x01"
           "b\x7f"
           "c\x0e\v\fd\ae\n");
    console_write(&peers[1].source, "nul\0ls\n", 7);
    say(1, "tab\tstop\n");
    assert_row(0, "dom2: a\\x01b\\x7fc\\x0e\\x0b\\x0cde");
    assert_row(1, "dom2: nulls");
    assert_row(2, "dom2: tab     stop");
}
END_TEST

START_TEST(test_upper_control_characters)
{
    start(2);
    say(1, "caf\xc3\xa9 \xe2\x82\xac \xc3\x9f\n"); /* UTF-8: continuation bytes may be 0x80..0x9f */
    say(1, "\x9b"
           "31m \xc2\x9b"
           "31m\n");
    assert_row(0, "dom2: caf\xc3\xa9 \xe2\x82\xac \xc3\x9f");
    assert_row(1, "dom2: \\x9b31m \\xc2\\x9b31m");
}
END_TEST

/* Bytes come one at a time; what begins like a character and is none is shown byte by byte. */
START_TEST(test_what_is_no_character)
{
    static const char text[] = "\xe9\x9b"
                               "2J \xe2\x80\xae \xe2\x80\xa8 \xe2\x82"
                               "x \xe2\x82\xc3\xa9\n";

    start(1);
    for (size_t i = 0; text[i] != '\0'; i++)
        console_put(&peers[0].source, text[i]);
    say(0, "cut \xf0\x9f\n");
    say(0, "end \xe2\x82");
    console_flush(&peers[0].source);
    say(0, "\x9b\x1b");
    say(0, "c next\n");
    ck_assert_str_eq(sent(), "dom1: \\xe9\\x9b2J \\xe2\\x80\\xae \\xe2\\x80\\xa8 \\xe2\\x82x \\xe2\\x82\xc3\xa9\r\n"
                             "dom1: cut \\xf0\\x9f\r\ndom1: end \\xe2\\x82\r\ndom1: \\x9b next\r\n");
}
END_TEST

/* A character stays whole where a long line is continued. */
START_TEST(test_character_at_the_end_of_a_long_line)
{
    start(1);
    for (unsigned i = 0; i < CONSOLE_LINE_MAX - 1; i++)
        say(0, "x");
    say(0, "\xe2\x82\xac\n");
    assert_row(1, "dom1: \xe2\x82\xac");
}
END_TEST

START_TEST(test_name_of_a_domain)
{
    start(1);
    peers[0].source.name = "a\x1b[2J\xe2\x80\xae";
    say(0, "hello\n");
    console_printf("%s: off\n", peers[0].source.name);
    ck_assert_str_eq(sent(), "a\\x1b[2J\\xe2\\x80\\xae: hello\r\nbulkhead: a\\x1b[2J\\xe2\\x80\\xae: off\r\n");
}
END_TEST

/* Who has the keyboard only because it is the first, or because it just moved there, has nobody to draw for. */
START_TEST(test_nobody_sits_at_the_owner)
{
    start(2);
    say(0, "a\x1b[2Jb\n");
    type("x");
    say(0, "\x1b[2J");
    type("\x01\x01\x01\x01\x01\x01\x01\x01\x01"); /* once around */
    terminal.sent_length = 0;
    say(0, "c\x1b[2Jd\n");
    ck_assert_str_eq(sent(), "dom1: cd\r\n");
}
END_TEST

/* An interactive program may draw; nobody resets the terminal, prints, makes it type, or changes it for all others. */
START_TEST(test_harmful_sequences_of_the_owner)
{
    static const char *const harmful[] = {"\x1b"
                                          "c",
                                          "\x1b#8",
                                          "\x1bZ",
                                          "\x1b(0",
                                          "\x1b)0",
                                          "\x1bn",
                                          "\x1b[5i",
                                          "\x1b[21t",
                                          "\x1b[c",
                                          "\x1b[>c",
                                          "\x1b[0q",
                                          "\x1b[!p",
                                          "\x1b[?5h",
                                          "\x1b[?1000h",
                                          "\x1b[20h",
                                          "\x1b[=1h",
                                          "\x1b[1$x",
                                          "\x1b[?1;9h"};
    static const char *const harmless[] = {"\x1b[2J",
                                           "\x1b[10;20H",
                                           "\x1b[K",
                                           "\x1b[?1049h",
                                           "\x1b[?25l",
                                           "\x1b"
                                           "7",
                                           "\x1bM",
                                           "\x1b(B"};

    start(1);
    type("x");
    say(0, "$ ");
    quiet();
    size_t before = terminal.sent_length;
    for (size_t i = 0; i < ARRAY_SIZE(harmful); i++)
        say(0, harmful[i]);
    ck_assert_uint_eq(terminal.sent_length, before);
    for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
        before = terminal.sent_length;
        say(0, harmless[i]);
        ck_assert_str_eq(&sent()[before], harmless[i]);
    }
}
END_TEST

START_TEST(test_sequences_of_others_are_taken_out)
{
    start(2);
    say(1, "a\x1b[2Jb\x1b"
           "cd\x1b(Be\x1b]0;title\x07"
           "f\x1b]0;t\x1b\\g\n");
    ck_assert_str_eq(sent(), "dom2: abdefg\r\n");
}
END_TEST

START_TEST(test_unfinished_sequences_swallow_little)
{
    start(2);
    say(1, "\x1b[12\nnext\n"); /* ended by a control character */
    assert_row(0, "dom2: ");
    assert_row(1, "dom2: next");
    say(1, "\x1b[111111111111111111111111111111111111111111x\n"); /* longer than any real one */
    ck_assert_ptr_nonnull(strstr(terminal.rows[2], "1111x"));
    say(1, "\x1b]0;no end\nvisible\n");
    assert_row(4, "dom2: visible");
    for (unsigned i = 0; i < 400; i++)
        say(1, i == 0 ? "\x1bP" : "z");
    say(1, "\n");
    ck_assert_ptr_nonnull(strstr(terminal.rows[5], "zzzzzzzz"));
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, test_control_characters);
    tcase_add_test(tests, test_upper_control_characters);
    tcase_add_test(tests, test_what_is_no_character);
    tcase_add_test(tests, test_character_at_the_end_of_a_long_line);
    tcase_add_test(tests, test_name_of_a_domain);
    tcase_add_test(tests, test_nobody_sits_at_the_owner);
    tcase_add_test(tests, test_harmful_sequences_of_the_owner);
    tcase_add_test(tests, test_sequences_of_others_are_taken_out);
    tcase_add_test(tests, test_unfinished_sequences_swallow_little);
}

int main(void)
{
    return suite_run("console characters", add_tests, NULL);
}
