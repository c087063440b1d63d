// SPDX-License-Identifier: Apache-2.0
/* A ZynqMP board: RAM at 0 and above 32 GiB, a GIC-400 whose frames repeat every 4 KiB of 64, a Cadence UART, four
 * CPUs. */
#include <check.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "scenario/support/system.h"
#include "support/suite.h"

#define BOARD "ok/zynqmp.dtb"
#define KIB_OF_MIB 1024ULL
#define LONG_LINE "a line that is a good deal longer than the sixty-four bytes which the receive FIFO of the UART takes"

/* The UART as it is set up, and faster and slower ones; each in a few orders of events. */
static const struct sim_options machines[] = {
    {0},
    {.uart_baud = SIM_BAUD_DIVISORS, .seed = 1},
    {.uart_baud = 921600, .seed = 3},
    {.list_registers = 1, .seed = 4},
};

static void type_to_both(struct system_run *run)
{
    sim_input(run->machine, 50000, LONG_LINE "\n");
    sim_input_after(run->machine, "left: echo: got \"" LONG_LINE "\"", "\x01\x01\x01second line\n");
    sim_input_after(run->machine, "right: echo: got \"second line\"", "\x01\x01\x01hq");
}

START_TEST(two_domains_and_a_keyboard)
{
    const struct system_domain domains[] = {
        {.name = "left", .program = "echo", .bootargs = "lines=2"},
        {.name = "right", .program = "echo", .bootargs = "lines=2", .ramdisk_size = 5000},
    };
    struct system_run run = {.tree = BOARD, .options = machines[_i], .prepare = type_to_both};
    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_intact(&run, domains, 2);
    expect_lines(&run, "bulkhead: plan: 2 of 2 domains*", 1);
    expect_lines(&run, "left: echo: got \"" LONG_LINE "\"", 1);
    expect_lines(&run, "right: echo: got \"second line\"", 1);
    expect_lines(&run, "left: echo: got \"second line\"", 0);
    expect_lines(&run, "bulkhead: q  quit*", 1);
    system_destroy(&run);
}
END_TEST

/* Neither fits beside the other below 2 GiB. */
START_TEST(both_banks)
{
    const struct system_domain domains[] = {
        {.name = "one", .program = "memory", .memory = 1200 * KIB_OF_MIB},
        {.name = "two", .program = "memory", .memory = 1200 * KIB_OF_MIB},
    };
    struct system_run run = {.tree = BOARD};
    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_intact(&run, domains, 2);
    expect_lines(&run, "one: memory: done*", 1);
    expect_lines(&run, "two: memory: done*", 1);
    system_destroy(&run);
}
END_TEST

static void noise_and_words(struct system_run *run)
{
    sim_input_damaged(run->machine, 3000, "exit exit exit exit exit exit exit exit exit exit exit\n");
    sim_input(run->machine, 20000, "words\n");
}

START_TEST(noise_on_the_line)
{
    const struct system_domain domains[] = {
        {.name = "ear", .program = "echo", .bootargs = "lines=1"},
        {.name = "clock", .program = "timer", .bootargs = "ticks=20 period-us=1000"},
    };
    struct system_run run = {.tree = BOARD, .prepare = noise_and_words};
    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_lines(&run, "clock: timer: tick *", 20);
    expect_lines(&run, "ear: echo: got \"words\"", 1);
    expect_lines(&run, "ear: echo: *", 3); /* ready, what was typed, done */
    system_destroy(&run);
}
END_TEST

/* Nothing is ever seen, and the domains end all the same. */
START_TEST(stuck_transmitter)
{
    const struct system_domain domains[] = {
        {.name = "talk", .program = "hello"},
        {.name = "clock", .program = "timer", .bootargs = "ticks=5 period-us=1000"},
    };
    struct system_run run = {.tree = BOARD, .options.faults = {{SIM_FAULT_UART_STUCK, 0}}};
    struct sim_guest_info info;
    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    ck_assert_str_eq(run.output, "");
    ck_assert(sim_guest_info(run.machine, 1, &info));
    ck_assert_uint_eq(info.starts, 1);
    ck_assert_uint_lt(sim_time_ns(run.machine), 1000000000ULL);
    system_destroy(&run);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, two_domains_and_a_keyboard, 0, sizeof(machines) / sizeof(machines[0]));
    tcase_add_test(tests, both_banks);
    tcase_add_test(tests, noise_on_the_line);
    tcase_add_test(tests, stuck_transmitter);
}

int main(void)
{
    return suite_run("zynqmp", add_tests, NULL);
}
