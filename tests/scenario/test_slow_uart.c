// SPDX-License-Identifier: Apache-2.0
/* UARTs at 115200 baud, where a line takes 7 ms: nobody waits for one at EL2 (hostsim ends the run), nothing is lost,
 * and a domain that prints without a break delays its neighbour's lines by no more than a few of its own. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "scenario/support/system.h"
#include "support/suite.h"

#define LINES 8
#define FLOOD_LINES 15 /* or as many as SLOW_UART_LINES says */
#define PERIOD_US 12000
#define LONGEST_DELAY_US 30000 /* of a line: its own, and those of two others, of 80 characters */

static uint64_t longest_us;
static unsigned flood_lines;

static uint64_t microseconds(uint64_t ticks)
{
    return ticks * 1000000 / counter_frequency();
}

/** A line now and then. It waits in its own UART for as long as the line before it waits in the console. */
static void program_quiet(struct platform *platform)
{
    for (unsigned i = 1; i <= LINES; i++) {
        uint64_t begin = counter();
        print(platform, "quiet: line %u\n", i);
        uint64_t took = microseconds(counter() - begin);
        longest_us = took > longest_us ? took : longest_us;
        while (microseconds(counter() - begin) < PERIOD_US)
            compute();
    }
    print(platform, "quiet: done\n");
}

/** All it can, and nothing else. */
static void program_flood(struct platform *platform)
{
    for (unsigned i = 1; i <= flood_lines; i++)
        print(platform, "flood: line %u of many, as long as a line of a kernel's log mostly is\n", i);
    print(platform, "flood: done\n");
}

static void enter_quiet(uint64_t device_tree)
{
    program_run("quiet", program_quiet, device_tree);
}

static void enter_flood(uint64_t device_tree)
{
    program_run("flood", program_flood, device_tree);
}

static const struct {
    const char *tree;
    bool storms; /* the UART's interrupt is turned off: it is asked from time to time */
    unsigned cpus;
} machines[] = {
    {"ok/two-domains.dtb", false, 2}, {"ok/two-domains.dtb", false, 1}, {"ok/machine-gicv3.dtb", false, 2},
    {"ok/zynqmp.dtb", false, 2},      {"ok/two-domains.dtb", true, 2},
};

static void expect_all(const struct system_run *run, const char *what, unsigned count)
{
    const char *last = run->output;

    for (unsigned i = 1; i <= count; i++) {
        char line[64];
        snprintf(line, sizeof(line), "%s %u", what, i);
        const char *found = strstr(last, line);
        ck_assert_msg(found != NULL, "%s is missing, or not in its order", line);
        last = found;
    }
}

START_TEST(a_flood_beside_a_quiet_domain)
{
    const struct system_domain domains[] = {{.name = "left", .program = "flood", .memory = 0x2000},
                                            {.name = "right", .program = "quiet", .memory = 0x2000}};
    struct system_run run = {.tree = machines[_i].tree,
                             .cpus = machines[_i].cpus,
                             .options = {.uart_baud = 115200, .time_limit_us = 10000000}};

    if (machines[_i].storms)
        run.options.faults[0] = (struct sim_fault){SIM_FAULT_UART_STORM, 1000};
    const char *asked = getenv("SLOW_UART_LINES");
    flood_lines = asked != NULL ? (unsigned)strtoul(asked, NULL, 0) : FLOOD_LINES;
    longest_us = 0;
    sim_register_guest("quiet", enter_quiet);
    sim_register_guest("flood", enter_flood);
    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_all(&run, "right: quiet: line", LINES);
    expect_all(&run, "left: flood: line", flood_lines);
    expect_lines(&run, "bulkhead: [* characters lost]", 0);
    ck_assert_msg(longest_us <= LONGEST_DELAY_US, "a line took %llu us", (unsigned long long)longest_us);
    system_destroy(&run);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_flood_beside_a_quiet_domain, 0, sizeof(machines) / sizeof(machines[0]));
}

int main(void)
{
    return suite_run("slow UART", add_tests, NULL);
}
