// SPDX-License-Identifier: Apache-2.0
/* The same systems in many orders of what happens at one time. */
#include <check.h>

#include "scenario/support/system.h"
#include "support/seeds.h"

#define USUAL_SEEDS 40

static const struct system_domain mixed[] = {
    {.name = "clock", .program = "timer", .bootargs = "ticks=4 period-us=300"},
    {.name = "talk", .program = "hello", .ramdisk_size = 4096},
    {.name = "again", .program = "reset", .bootargs = "until-ms=4"},
    {.name = "busy", .program = "spin", .bootargs = "lines=3 period-us=700"},
    {.name = "probe", .program = "memory", .memory = 0x8000},
};

static void type_something(struct system_run *run)
{
    sim_input(run->machine, 200, "\001\001\001\001\001\001xyz\rdef\001\001\001");
}

static void boot_with_seed(uint64_t seed)
{
    bool typing = seed % 2 == 0;
    struct system_run run = {.options.seed = seed, .prepare = typing ? type_something : NULL};
    run.cpus = 1 + (unsigned)(seed % 4);
    run.options.list_registers = seed % 3 == 0 ? 1 : 4;
    run.options.gic_security = seed % 5 == 0;
    run.options.uart_baud = seed % 7 == 0 ? 1000000 : 0;
    system_boot(&run, mixed, 5);
    expect_end(&run, SIM_END_POWER_OFF);
    if (!typing) /* a domain that gets the keyboard shows its unfinished line, and others may then cut it */
        expect_intact(&run, mixed, 5);
    expect_lines(&run, "clock: timer: done*", 1);
    expect_lines(&run, "talk: hello: done", 1);
    expect_lines(&run, "again: reset: done", 1);
    expect_lines(&run, "busy: spin: done", 1);
    expect_lines(&run, "probe: memory: done", 1);
    system_destroy(&run);
}

START_TEST(many_orders)
{
    seeds_run("seeds", USUAL_SEEDS, boot_with_seed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("seeds");

    seeds_add(suite, "seeds", many_orders);
    return seeds_execute(suite);
}
