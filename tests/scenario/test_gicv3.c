/* The same systems on a machine with a GICv3. */
#include <check.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/support/system.h"
#include "support/seeds.h"

#define USUAL_SEEDS 20
#define TREE "ok/machine-gicv3.dtb"

static const struct system_domain two_hellos[] = {
    {.name = "first", .program = "hello", .bootargs = "one", .ramdisk_size = 100000},
    {.name = "second", .program = "hello", .bootargs = "two", .memory = 0x40000},
};

static const struct system_domain mixed[] = {
    {.name = "clock", .program = "timer", .bootargs = "ticks=4 period-us=300"},
    {.name = "talk", .program = "ipi"},
    {.name = "again", .program = "reset", .bootargs = "until-ms=4"},
    {.name = "busy", .program = "spin", .bootargs = "lines=3 period-us=700"},
    {.name = "probe", .program = "memory", .memory = 0x8000},
};

static void two_domains(const char *tree, unsigned cpus)
{
    struct system_run run = {.tree = tree, .cpus = cpus};

    system_boot(&run, two_hellos, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_intact(&run, two_hellos, 2);
    expect_lines(&run, "first: hello: done", 1);
    expect_lines(&run, "second: hello: done", 1);
    expect_lines(&run, "bulkhead: all domains are off", 1);
    system_destroy(&run);
}

START_TEST(two_domains_on_one_to_twelve_cpus)
{
    for (unsigned cpus = 1; cpus <= 12; cpus += cpus < 2 ? 1 : 5)
        two_domains(TREE, cpus);
}
END_TEST

START_TEST(redistributors_in_two_ranges)
{
    two_domains("ok/machine-gicv3-regions.dtb", 0);
}
END_TEST

/** @param room  bytes that the boot loader's tree has for redistributors */
static void describe_redistributors(struct system_run *run, uint64_t room)
{
    const fdt64_t reg[] = {cpu_to_fdt64(0x8000000), cpu_to_fdt64(0x10000), cpu_to_fdt64(0x80a0000), cpu_to_fdt64(room)};
    size_t size = fdt_totalsize(run->dtb);
    void *copy = malloc(size);

    memcpy(copy, run->dtb, size);
    ck_assert_int_eq(fdt_setprop_inplace(copy, fdt_path_offset(copy, "/intc@8000000"), "reg", reg, sizeof(reg)), 0);
    ck_assert(sim_set_boot_dtb(run->machine, copy, size));
    free(copy);
}

/** The tree has room for the redistributor of one CPU ... */
static void forget_the_second(struct system_run *run)
{
    describe_redistributors(run, 0x20000);
}

START_TEST(a_cpu_without_redistributor)
{
    struct system_run run = {.tree = TREE, .cpus = 2, .prepare = forget_the_second};

    system_boot(&run, two_hellos, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_lines(&run, "bulkhead: warning: CPU 1 (affinity 0x1) has no redistributor and is left out", 1);
    expect_lines(&run, "first: hello: done", 1);
    expect_lines(&run, "second: hello: done", 1);
    system_destroy(&run);
}
END_TEST

/** ... of none. */
static void forget_all(struct system_run *run)
{
    describe_redistributors(run, 0x10000);
}

START_TEST(no_cpu_has_a_redistributor)
{
    struct system_run run = {.tree = TREE, .cpus = 2, .prepare = forget_all};

    system_boot(&run, two_hellos, 2);
    expect_lines(&run, "bulkhead: error: CPU 0 (affinity 0x0) has no redistributor", 1);
    expect_lines(&run, "bulkhead: no domain is started: interrupts: *", 1);
    ck_assert_int_ne(run.end, SIM_END_FAILED);
    system_destroy(&run);
}
END_TEST

static void type_something(struct system_run *run)
{
    sim_input(run->machine, 200, "\001\001\001\001\001\001xyz\rdef\001\001\001");
}

static void boot_with_seed(uint64_t seed)
{
    struct system_run run = {.tree = TREE, .options.seed = seed, .prepare = seed % 2 == 0 ? type_something : NULL};

    run.cpus = 1 + (unsigned)(seed % 4);
    run.options.list_registers = seed % 3 == 0 ? 1 : 4;
    run.options.gic_security = seed % 5 == 0;
    system_boot(&run, mixed, 5);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_lines(&run, "clock: timer: done*", 1);
    expect_lines(&run, "talk: ipi: done", 1);
    expect_lines(&run, "again: reset: done", 1);
    expect_lines(&run, "busy: spin: done", 1);
    expect_lines(&run, "probe: memory: done", 1);
    system_destroy(&run);
}

START_TEST(many_orders)
{
    seeds_run("gicv3", USUAL_SEEDS, boot_with_seed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gicv3");
    TCase *tests = tcase_create("gicv3");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, two_domains_on_one_to_twelve_cpus);
    tcase_add_test(tests, redistributors_in_two_ranges);
    tcase_add_test(tests, a_cpu_without_redistributor);
    tcase_add_test(tests, no_cpu_has_a_redistributor);
    suite_add_tcase(suite, tests);
    seeds_add(suite, "gicv3", many_orders);
    return seeds_execute(suite);
}
