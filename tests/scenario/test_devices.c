// SPDX-License-Identifier: Apache-2.0
/* Domains with devices of the host: a clock with an alarm, bus masters that do DMA, interrupts by level and by edge.
 * Guests use them as they should, or do not. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "lib/types.h"
#include "scenario/support/expect.h"
#include "scenario/support/system.h"
#include "support/suite.h"

static const char *const trees[] = {"ok/two-domains.dtb", "ok/machine-gicv3.dtb"};

static void boot_and_power_off(struct system_run *run, const struct system_domain *domains, unsigned count)
{
    system_boot(run, domains, count);
    expect_end(run, SIM_END_POWER_OFF);
}

/* ---- Two domains with a device each, and a third one without. The machine has one more device, which is nobody's. */

START_TEST(side_by_side)
{
    const unsigned cpus = 1 + (unsigned)_i % 4, vcpus = 1 + (unsigned)_i / 4 % 4;
    const struct system_domain domains[] = {
        {.name = "clock", .program = "rtc", .vcpus = vcpus, .devices = "rtc", .memory = 0x4000},
        {.name = "mover", .program = "dma", .vcpus = vcpus, .devices = "master0", .memory = 0x4000},
        {.name = "plain", .program = "timer", .bootargs = "ticks=5", .memory = 0x4000},
    };
    for (unsigned kind = 0; kind < 2; kind++) {
        struct system_run run = {.tree = trees[kind], .cpus = cpus, .options.list_registers = _i % 2 == 0 ? 1 : 4};
        boot_and_power_off(&run, domains, 3);
        expect_program(run.output, "clock", "rtc");
        expect_program(run.output, "mover", "dma");
        expect_program(run.output, "plain", "timer");
        system_destroy(&run);
    }
}
END_TEST

/* One domain has them all. */
START_TEST(several_devices)
{
    const struct system_domain domains[] = {
        {.name = "mover", .program = "dma", .devices = "rtc master1", .memory = 0x4000},
        {.name = "other", .program = "dma", .devices = "master0", .memory = 0x4000},
    };
    struct system_run run = {.tree = trees[_i % 2], .cpus = 1 + (unsigned)_i / 2, .options.seed = (unsigned)_i};
    boot_and_power_off(&run, domains, 2);
    expect_program(run.output, "mover", "dma");
    expect_program(run.output, "other", "dma");
    system_destroy(&run);
}
END_TEST

static void add(Suite *suite, const char *name, const TTest *test, int count)
{
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 240);
    tcase_add_loop_test(tcase, test, 0, count);
    suite_add_tcase(suite, tcase);
}

static Suite *suite(void)
{
    Suite *suite = suite_create("devices");
    add(suite, "side_by_side", side_by_side, 16);
    add(suite, "several_devices", several_devices, 4);
    return suite;
}

int main(void)
{
    return suite_execute(suite());
}
