// SPDX-License-Identifier: Apache-2.0
/* A domain that starts again and again beside one that prints without a break, while the keyboard is moved between them
 * and typed on: each is sent what is typed for it, no line is torn or lost, and none waits for the other. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "arch/cpu.h"
#include "program.h"
#include "scenario/support/system.h"
#include "support/seeds.h"

#define STEPS 60000
#define WORDS 5
#define LINES 30
#define NEXT "\001\001\001"

static uint32_t talker_done, lives;

/** Types its words back in the order in which they come, between lines of its own. */
static void program_talk(struct platform *platform)
{
    unsigned words = 0, lines = 0;

    while (words < WORDS || lines < LINES) {
        int character = get_char(platform);
        if (character >= 0 && character != 'a' + (int)words)
            program_fail(platform, "another character than was typed", (uint64_t)character);
        if (character >= 0)
            print(platform, "talk: word %u\n", ++words);
        if (character < 0 || lines < LINES)
            print(platform, "talk: line %u\n", ++lines);
    }
    print(platform, "talk: done\n");
    store_release(&talker_done, 1);
}

/** What it is sent is lost with the life in which it comes. */
static void program_loop(struct platform *platform)
{
    print(platform, "loop: life %u\n", ++lives);
    uart_receive_interrupt(platform, true);
    compute();
    print(platform, "loop: no end of li");
    if (load_acquire(&talker_done) == 0)
        psci(platform, PSCI_SYSTEM_RESET);
    print(platform, "ne\n");
}

static void enter_talk(uint64_t device_tree)
{
    program_run("talk", program_talk, device_tree);
}

static void enter_loop(uint64_t device_tree)
{
    program_run("loop", program_loop, device_tree);
}

/** Each word a character, for whoever talks; in between the keyboard visits the other and the hypervisor. */
static void type_words(struct system_run *run)
{
    char text[WORDS * 24] = "";
    bool talker_first = run->options.seed % 2 == 0;

    for (unsigned i = 0; i < WORDS; i++) {
        size_t length = strlen(text);
        snprintf(text + length, sizeof(text) - length,
                 talker_first ? "%c" NEXT "xyz" NEXT NEXT : "xyz" NEXT "%c" NEXT NEXT, (int)('a' + i));
    }
    sim_input_after(run->machine, "talk: line 2", text);
}

static bool is_torn(const char *line)
{
    static const char *const prefixes[] = {"talker: ", "looper: ", "bulkhead: "};
    unsigned begins = 0, inside = 0;

    for (unsigned i = 0; i < 3; i++) {
        begins += strncmp(line, prefixes[i], strlen(prefixes[i])) == 0;
        inside += strstr(line + 1, prefixes[i]) != NULL;
    }
    return begins != 1 || (inside != 0 && *line != 'b'); /* the hypervisor names domains */
}

static void expect_no_torn_line(const struct system_run *run)
{
    char line[512];

    for (const char *at = run->output; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        snprintf(line, sizeof(line), "%.*s", (int)(length < sizeof(line) ? length : sizeof(line) - 1), at);
        if (is_torn(line))
            expect_lines(run, "(no line that is torn)", 1);
        at += length + (at[length] == '\n');
    }
}

/** Each came, in order. One that was broken off by a move of the keyboard is shown again. */
static void expect_numbered(const struct system_run *run, const char *what, unsigned count)
{
    const char *last = run->output;

    for (unsigned i = 1; i <= count; i++) {
        char line[64];
        snprintf(line, sizeof(line), "%s %u", what, i);
        const char *found = find_line(run, line);
        if (found < last)
            expect_lines(run, "(lines in their order)", 1);
        last = found;
    }
}

static void talk_and_start_again(uint64_t seed)
{
    const struct system_domain talker = {.name = "talker", .program = "talk", .memory = 0x2000};
    const struct system_domain looper = {.name = "looper", .program = "loop", .memory = 0x2000};
    const struct system_domain domains[] = {seed % 2 == 0 ? talker : looper, seed % 2 == 0 ? looper : talker};
    struct system_run run = {.cpus = 2,
                             .prepare = type_words,
                             .options = {.seed = seed,
                                         .schedule = seed % 3 == 0 ? SIM_SCHEDULE_RANDOM : SIM_SCHEDULE_PCT,
                                         .pct_depth = 2 + (unsigned)(seed / 2 % 3),
                                         .pct_steps = STEPS,
                                         .uart_baud = seed % 4 == 1 ? 4000000 : 0,
                                         .time_limit_us = 1000000}};

    talker_done = lives = 0;
    sim_register_guest("talk", enter_talk);
    sim_register_guest("loop", enter_loop);
    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_no_torn_line(&run);
    expect_numbered(&run, "talker: talk: word", WORDS);
    expect_numbered(&run, "talker: talk: line", LINES);
    expect_numbered(&run, "looper: loop: life", lives);
    find_line(&run, "bulkhead: looper: restarts");
    system_destroy(&run);
}

START_TEST(moves)
{
    seeds_run("moves", 24, talk_and_start_again);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("consoles");

    seeds_add(suite, "moves", moves);
    return seeds_execute(suite);
}
