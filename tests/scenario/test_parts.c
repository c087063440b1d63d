// SPDX-License-Identifier: Apache-2.0
/* A build with a part more, which core knows nothing of: tests/parts. */
#include <check.h>
#include <libfdt.h>
#include <stdio.h>

#include "hostsim/guest/guest_runtime.h"
#include "programs.h"
#include "scenario/support/expect.h"
#include "scenario/support/system.h"
#include "support/suite.h"

static void enter_scratch(uint64_t device_tree)
{
    program_run("scratch", program_scratch, device_tree);
}

static void give(void *dtb, const char *domain, const void *value, int length)
{
    char path[64];

    snprintf(path, sizeof(path), "/chosen/%s", domain);
    ck_assert_int_eq(fdt_setprop(dtb, fdt_path_offset(dtb, path), "bulkhead,scratch", value, length), 0);
}

static void give_guest(void *dtb)
{
    const fdt32_t value = cpu_to_fdt32(0x1234);

    give(dtb, "guest", &value, sizeof(value));
}

static const char *const trees[] = {"ok/two-domains.dtb", "ok/machine-gicv3.dtb"};

START_TEST(a_register_with_an_interrupt)
{
    static const struct system_domain domains[] = {{.name = "guest", .program = "scratch"},
                                                   {.name = "other", .program = "hello"}};
    struct system_run run = {.tree = trees[_i], .cpus = 2, .edit = give_guest};

    sim_register_guest("scratch", enter_scratch);
    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_program(run.output, "guest", "scratch");
    expect_program(run.output, "other", "hello");
    system_destroy(&run);
}
END_TEST

START_TEST(each_life_begins_at_reset)
{
    static const struct system_domain domains[] = {{.name = "guest", .program = "scratch", .bootargs = "until-ms=100"}};
    struct system_run run = {.tree = trees[_i], .cpus = 1, .edit = give_guest};

    sim_register_guest("scratch", enter_scratch);
    system_boot(&run, domains, 1);
    expect_end(&run, SIM_END_POWER_OFF);
    unsigned lives = count_lines(&run, "guest: scratch: begins with *");
    ck_assert_uint_gt(lives, 2);
    expect_lines(&run, "guest: scratch: begins with 1234", lives);
    expect_lines(&run, "guest: scratch: done", 1);
    system_destroy(&run);
}
END_TEST

static void give_two_cells(void *dtb)
{
    const fdt64_t value = cpu_to_fdt64(0x1234);

    give(dtb, "guest", &value, sizeof(value));
}

/* Who was not given it finds nothing there; and a value that cannot be read ends its domain alone. */
START_TEST(not_given)
{
    static const struct system_domain domains[] = {{.name = "guest", .program = "hello"},
                                                   {.name = "other", .program = "scratch"}};
    struct system_run run = {.tree = trees[_i], .cpus = 1, .edit = give_two_cells};

    sim_register_guest("scratch", enter_scratch);
    system_boot(&run, domains, 2);
    expect_lines(&run, "bulkhead: error: /chosen/guest: bulkhead,scratch: the property cannot be read *", 1);
    expect_lines(&run, "guest: *", 0);
    expect_lines(&run, "bulkhead: other: vCPU 0: read at 0x22100000, *", 1);
    expect_lines(&run, "other: scratch: begins with *", 0);
    system_destroy(&run);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_register_with_an_interrupt, 0, 2);
    tcase_add_loop_test(tests, each_life_begins_at_reset, 0, 2);
    tcase_add_loop_test(tests, not_given, 0, 2);
}

int main(void)
{
    return suite_run("parts", add_tests, NULL);
}
