// SPDX-License-Identifier: Apache-2.0
/* What domains do once they run: time, keyboard, memory, restarts, and everything that they must not. */
#include <check.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/support/system.h"
#include "support/suite.h"

#define MAX_HOSTILE_LINES 40 /* of the hypervisor about one hostile domain */

/* Boots, expects power-off with whole lines and the last line of each program. */
static void boot_and_finish(struct system_run *run, const struct system_domain *domains, unsigned count)
{
    system_boot(run, domains, count);
    expect_end(run, SIM_END_POWER_OFF);
    expect_intact(run, domains, count);
    for (unsigned i = 0; i < count; i++) {
        char line[128];
        snprintf(line, sizeof(line), "%s: %s: done*", domains[i].name, domains[i].program);
        expect_lines(run, line, 1);
    }
}

static const struct sim_options machines[] = {
    {0},
    {.list_registers = 1},
    {.list_registers = 16},
    {.gic_security = true},
    {.timer_frequency = 100000000},
    {.uart_baud = 460800}, /* scenario-slow_uart has a slower one */
    {.coherent = true, .clean_ram = true},
    {.random = true},
};

/* Timer, text and memory on each kind of machine. */
START_TEST(every_machine)
{
    const struct system_domain domains[] = {
        {.name = "clock", .program = "timer", .bootargs = "ticks=20 period-us=1000"},
        {.name = "talk", .program = "hello", .ramdisk_size = 5000},
        {.name = "probe", .program = "memory", .ramdisk_size = 70000},
    };
    for (unsigned cpus = 1; cpus <= 2; cpus++) {
        struct system_run run = {.cpus = cpus, .options = machines[_i]};
        boot_and_finish(&run, domains, 3);
        expect_lines(&run, "clock: timer: tick *", 20);
        system_destroy(&run);
    }
}
END_TEST

static unsigned long spin_rounds(const struct system_run *run, const char *line)
{
    const char *found = strstr(run->output, line);
    ck_assert_msg(found != NULL, "%s", line);
    return strtoul(found + strlen(line), NULL, 10);
}

/* Two domains that never wait share one CPU: when one is done with its 20 lines, the other has printed a fair part of
 * its own, and both have computed as much. */
START_TEST(round_robin)
{
    const struct system_domain domains[] = {
        {.name = "left", .program = "spin", .bootargs = "lines=20 period-us=5000"},
        {.name = "right", .program = "spin", .bootargs = "lines=20 period-us=5000"},
    };
    struct system_run run = {.cpus = 1};
    boot_and_finish(&run, domains, 2);
    ck_assert(find_line(&run, "left: spin: 15 of 20, *") < find_line(&run, "right: spin: done"));
    ck_assert(find_line(&run, "right: spin: 15 of 20, *") < find_line(&run, "left: spin: done"));
    unsigned long left = spin_rounds(&run, "left: spin: 20 of 20, "),
                  right = spin_rounds(&run, "right: spin: 20 of 20, ");
    ck_assert_msg(left < right * 5 / 4 && right < left * 5 / 4, "%lu and %lu rounds", left, right);
    system_destroy(&run);
}
END_TEST

/* A timer is not lost while its domain waits and another has the CPU. */
START_TEST(timer_beside_a_busy_domain)
{
    const struct system_domain domains[] = {
        {.name = "busy", .program = "spin", .bootargs = "lines=10 period-us=10000"},
        {.name = "clock", .program = "timer", .bootargs = "ticks=5 period-us=3000"},
        {.name = "other", .program = "timer", .bootargs = "ticks=5 period-us=3100"},
    };
    struct system_run run = {.cpus = 1};
    boot_and_finish(&run, domains, 3);
    expect_lines(&run, "clock: timer: tick *", 5);
    expect_lines(&run, "other: timer: tick *", 5);
    system_destroy(&run);
}
END_TEST

static void type_to_both(struct system_run *run)
{
    sim_input_after(run->machine, "left: echo: ready", "first line\n");
    sim_input_after(run->machine, "left: echo: got \"first line\"", "\x01\x01\x01second line\n");
    sim_input_after(run->machine, "right: echo: got \"second line\"", "\x01\x01\x01hq");
}

START_TEST(keyboard_moves_between_domains)
{
    const struct system_domain domains[] = {{.name = "left", .program = "echo", .bootargs = "lines=2"},
                                            {.name = "right", .program = "echo", .bootargs = "lines=2"}};
    for (unsigned cpus = 1; cpus <= 2; cpus++) {
        struct system_run run = {.cpus = cpus, .prepare = type_to_both};
        system_boot(&run, domains, 2);
        expect_end(&run, SIM_END_POWER_OFF);
        expect_lines(&run, "left: echo: got \"first line\"", 1);
        expect_lines(&run, "right: echo: got \"second line\"", 1);
        expect_lines(&run, "left: echo: got \"second line\"", 0);
        expect_lines(&run, "bulkhead: q  quit*", 1);
        system_destroy(&run);
    }
}
END_TEST

/* Everything else runs on beside a domain that does what it must not, and the console is not flooded. */
START_TEST(hostile_domain)
{
    const struct system_domain domains[] = {
        {.name = "bad", .program = "hostile", .bootargs = "rounds=10"},
        {.name = "clock", .program = "timer", .bootargs = "ticks=10 period-us=1000"},
        {.name = "probe", .program = "memory"},
    };
    for (unsigned cpus = 1; cpus <= 2; cpus++) {
        struct system_run run = {.cpus = cpus};
        system_boot(&run, domains, 3);
        expect_end(&run, SIM_END_POWER_OFF);
        expect_lines(&run, "bad: hostile: unowned addresses abort", 1);
        expect_lines(&run, "bad: hostile: unknown calls refused", 1);
        expect_lines(&run, "bad: hostile: flooded", 1);
        expect_lines(&run, "bad: hostile: done", 1);
        expect_lines(&run, "clock: timer: done*", 1);
        expect_lines(&run, "probe: memory: done", 1);
        ck_assert_uint_le(count_lines(&run, "bulkhead: bad: *"), MAX_HOSTILE_LINES);
        ck_assert_uint_le(count_lines(&run, "bad: *"), MAX_HOSTILE_LINES);
        system_destroy(&run);
    }
}
END_TEST

/* Memory is given at first touch, or before the start; both ways it is all there and zero. */
START_TEST(memory_lazy_and_eager)
{
    const struct system_domain domains[] = {
        {.name = "lazy",
         .program = "memory",
         .memory = 0x40000,
         .ramdisk_size = 3000000,
         .bootargs = "stride=0x101000"},
        {.name = "eager", .program = "memory", .memory = 0x20000, .eager = true},
        {.name = "odd", .program = "memory", .memory = 0x10004},
    };
    struct system_run run = {.cpus = 2};
    boot_and_finish(&run, domains, 3);
    system_destroy(&run);
}
END_TEST

/* A restart begins afresh: its memory is zero again, and the others do not notice. */
START_TEST(restarts)
{
    const struct system_domain domains[] = {
        {.name = "again", .program = "reset", .bootargs = "until-ms=100", .ramdisk_size = 10000},
        {.name = "clock", .program = "timer", .bootargs = "ticks=10 period-us=2000"},
    };
    for (unsigned cpus = 1; cpus <= 2; cpus++) {
        struct system_run run = {.cpus = cpus};
        struct sim_guest_info info;
        boot_and_finish(&run, domains, 2);
        unsigned starts = 0;
        for (unsigned i = 0; sim_guest_info(run.machine, i, &info); i++)
            starts = strcmp(info.program, "reset") == 0 ? info.starts : starts;
        ck_assert_uint_gt(starts, 3);
        expect_lines(&run, "again: reset: up, start 1, scratch 0", starts);
        system_destroy(&run);
    }
}
END_TEST

/* Guests with their MMU and caches on, which restart and leave dirty lines everywhere: nothing of that reaches their
 * next life, whichever way it looks. */
START_TEST(mmu_and_caches)
{
    const struct system_domain domains[] = {
        {.name = "again", .program = "mmu", .bootargs = "until-ms=30", .ramdisk_size = 10000},
        {.name = "eager", .program = "mmu", .bootargs = "until-ms=30", .memory = 0x5000, .eager = true},
        {.name = "clock", .program = "timer", .bootargs = "ticks=10 period-us=2000"},
    };
    struct system_run run = {.cpus = 1 + (unsigned)_i % 2, .options = {.seed = (uint64_t)_i / 2, .coherent = _i == 6}};
    boot_and_finish(&run, domains, 3);
    ck_assert_uint_gt(count_lines(&run, "again: mmu: begins"), 2);
    ck_assert_uint_gt(count_lines(&run, "eager: mmu: caches on"), 2);
    system_destroy(&run);
}
END_TEST

/* A kernel file of each size arrives whole: hostsim compares every word with what a CPU with its caches off reads. */
START_TEST(kernels_arrive)
{
    static const uint64_t sizes[] = {4096, 65536 + 8, 0x1fffff, 0x200000, 0x200001, 5000000, 16000000};
    const struct system_domain domain = {.name = "kernel", .program = "hello", .kernel_size = sizes[_i]};
    struct system_run run = {.cpus = 1};
    boot_and_finish(&run, &domain, 1);
    system_destroy(&run);
}
END_TEST

/* A stuck UART costs its output, nothing else. */
START_TEST(stuck_uart)
{
    const struct system_domain domains[] = {{.name = "a", .program = "hello"}, {.name = "b", .program = "timer"}};
    struct system_run run = {.cpus = 2, .options.faults = {{SIM_FAULT_UART_STUCK, 0}}};
    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    ck_assert(sim_time_ns(run.machine) < 2000000000ULL);
    system_destroy(&run);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("guests");
    TCase *tcase = tcase_create("guests");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, every_machine, 0, (int)(sizeof(machines) / sizeof(machines[0])));
    tcase_add_test(tcase, round_robin);
    tcase_add_test(tcase, timer_beside_a_busy_domain);
    tcase_add_test(tcase, keyboard_moves_between_domains);
    tcase_add_test(tcase, hostile_domain);
    tcase_add_test(tcase, memory_lazy_and_eager);
    tcase_add_test(tcase, restarts);
    tcase_add_loop_test(tcase, mmu_and_caches, 0, 7);
    tcase_add_loop_test(tcase, kernels_arrive, 0, 7);
    tcase_add_test(tcase, stuck_uart);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_execute(suite());
}
