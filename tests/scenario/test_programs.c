// SPDX-License-Identifier: Apache-2.0
/* Each guest program prints what its file of tests/guest/expect says, as it does on QEMU and in a KVM vCPU. */
#include <check.h>
#include <libfdt.h>
#include <stdlib.h>

#include "scenario/support/expect.h"
#include "scenario/support/system.h"
#include "support/suite.h"

static void say_something(struct system_run *run)
{
    sim_input_after(run->machine, "guest: echo: ready", "hello there\r");
    sim_input_after(run->machine, "guest: echo: got \"hello there\"", "off\r");
}

static const struct {
    const char *program, *bootargs;
    unsigned vcpus;
    void (*prepare)(struct system_run *run);
    const char *devices;
} programs[] = {
    {.program = "hello", .bootargs = "some words"},
    {.program = "timer", .bootargs = "ticks=5 period-us=500 again=2"},
    {.program = "timer", .bootargs = "ticks=5 period-us=500 again=2 physical=1"},
    {.program = "timer", .bootargs = "ticks=5 period-us=500 again=2 physical=2"},
    {.program = "memory"},
    {.program = "hostile", .bootargs = "rounds=5"},
    {.program = "mmio"},
    {.program = "groups"},
    {.program = "ipi"},
    {.program = "active", .bootargs = "stay-us=100"},
    {.program = "smp", .vcpus = 3},
    {.program = "reset", .bootargs = "until-ms=10"},
    {.program = "spin", .bootargs = "lines=3 period-us=1000"},
    {.program = "echo", .bootargs = "calls=1", .prepare = say_something},
    {.program = "rtc", .devices = "rtc"},
    {.program = "dma", .bootargs = "rounds=3 bytes=96", .devices = "master1"},
};

static const struct {
    const char *tree;
    unsigned list_registers;
} controllers[] = {
    {"ok/two-domains.dtb", 1},
    {"ok/two-domains.dtb", 4},
    {"ok/machine-gicv3.dtb", 1},
    {"ok/machine-gicv3.dtb", 4},
};

START_TEST(each_program)
{
    const struct system_domain domains[] = {
        {.name = "guest",
         .program = programs[_i].program,
         .bootargs = programs[_i].bootargs,
         .vcpus = programs[_i].vcpus,
         .memory = 0x8000,
         .ramdisk_size = 3000,
         .devices = programs[_i].devices},
        {.name = "other", .program = "hello"},
    };
    for (unsigned cpus = 1; cpus <= 2; cpus++) {
        for (unsigned kind = 0; kind < sizeof(controllers) / sizeof(controllers[0]); kind++) {
            struct system_run run = {.tree = controllers[kind].tree,
                                     .cpus = cpus,
                                     .options.list_registers = controllers[kind].list_registers,
                                     .prepare = programs[_i].prepare};
            system_boot(&run, domains, 2);
            expect_end(&run, SIM_END_POWER_OFF);
            expect_program(run.output, "guest", programs[_i].program);
            expect_program(run.output, "other", "hello");
            expect_lines(&run, "guest: echo: says by console_io .*", programs[_i].prepare != NULL);
            system_destroy(&run);
        }
    }
}
END_TEST

static const struct {
    const char *program;
    bool waits; /* for a keyboard, which it has not got: for ever */
} mute_programs[] = {
    {"hello", false}, {"timer", false}, {"memory", false}, {"hostile", false}, {"mmio", false}, {"ipi", false},
    {"smp", false},   {"reset", false}, {"spin", false},   {"mmu", false},     {"echo", true},  {"linux", true},
};

/* A domain without vpl011 is a valid one: its program does without, and its neighbour does not notice. */
START_TEST(without_a_uart)
{
    const struct system_domain domains[] = {
        {.name = "mute",
         .program = mute_programs[_i].program,
         .bootargs = "rounds=5 until-ms=10 lines=3 period-us=1000",
         .vcpus = 2,
         .mute = true},
        {.name = "other", .program = "hello"},
    };
    for (unsigned cpus = 2; cpus <= 3; cpus++) {
        struct system_run run = {.cpus = cpus};
        system_boot(&run, domains, 2);
        expect_end(&run, mute_programs[_i].waits ? SIM_END_IDLE : SIM_END_POWER_OFF);
        expect_lines(&run, "bulkhead: mute: off: powered off", !mute_programs[_i].waits);
        expect_program(run.output, "other", "hello");
        system_destroy(&run);
    }
}
END_TEST

static void make_edge(void *dtb)
{
    const fdt32_t rising[] = {cpu_to_fdt32(0), cpu_to_fdt32(1), cpu_to_fdt32(1)};
    ck_assert_int_eq(
        fdt_setprop_inplace(dtb, fdt_path_offset(dtb, "/pl011@9000000"), "interrupts", rising, sizeof(rising)), 0);
}

/* The host's console is edge-triggered: whoever leaves something in it hears nothing more of it. */
START_TEST(keys_by_edges)
{
    static const struct system_domain domains[] = {{.name = "guest", .program = "echo", .memory = 0x8000}};
    for (unsigned kind = 0; kind < sizeof(controllers) / sizeof(controllers[0]); kind++) {
        struct system_run run = {.tree = controllers[kind].tree,
                                 .cpus = 1,
                                 .options.seed = (unsigned)_i,
                                 .options.list_registers = controllers[kind].list_registers,
                                 .prepare = say_something,
                                 .edit = make_edge};
        system_boot(&run, domains, 1);
        expect_end(&run, SIM_END_POWER_OFF);
        expect_program(run.output, "guest", "echo");
        system_destroy(&run);
    }
}
END_TEST

/* As an RTOS has it: kernel, ramdisk and device tree in one block. */
START_TEST(in_a_mebibyte)
{
    const struct system_domain domains[] = {
        {.name = "guest",
         .program = programs[_i].program,
         .bootargs = programs[_i].bootargs,
         .memory = 1024,
         .ramdisk_size = 3000},
        {.name = "other", .program = "hello", .memory = 2048, .eager = true},
    };
    struct system_run run = {.cpus = 1};

    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_program(run.output, "guest", programs[_i].program);
    expect_program(run.output, "other", "hello");
    system_destroy(&run);
}
END_TEST

/* The comparison itself. */
START_TEST(what_is_expected)
{
    static const char expected[] = "p: begins\n+p: line * of 2\n?p: perhaps\np: done ?\n";
    static const struct {
        const char *output;
        bool matches;
    } cases[] = {
        {"d: p: begins\r\nx: p: foreign\nd: p: line 1 of 2\nd: p: line 2 of 2\nd: p: done 1\n", true},
        {"d: p: begins\nd: p: line 1 of 2\nd: p: perhaps\nd: p: done 1\nbulkhead: d: off\n", true},
        {"d: p: begins\nd: p: perhaps\nd: p: done 1\n", false},
        {"d: p: begins\nd: p: line 1 of 2\nd: p: perhaps\nd: p: perhaps\nd: p: done 1\n", false},
        {"d: p: begins\nd: p: line 1 of 2\nd: p: done 12\n", false},
        {"d: p: begins\nd: p: line 1 of 2\nd: p: done 1\nd: p: more\n", false},
        {"d: p: line 1 of 2\nd: p: done 1\n", false},
        {"d: p: begins\nd: p: line 1 of 2\n", false},
        {"", false},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char why[512];
        ck_assert_msg(program_output_matches(cases[i].output, "d", expected, why, sizeof(why)) == cases[i].matches,
                      "case %u", i);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("programs");
    TCase *tcase = tcase_create("programs");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, what_is_expected);
    tcase_add_loop_test(tcase, keys_by_edges, 0, 4);
    tcase_add_loop_test(tcase, each_program, 0, (int)(sizeof(programs) / sizeof(programs[0])));
    tcase_add_loop_test(tcase, without_a_uart, 0, (int)(sizeof(mute_programs) / sizeof(mute_programs[0])));
    tcase_add_loop_test(tcase, in_a_mebibyte, 0, 3); /* what needs no more */
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_execute(suite());
}
