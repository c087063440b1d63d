// SPDX-License-Identifier: Apache-2.0
/* The whole way: boot loader's device tree, hypervisor, domains, power off. */
#include <check.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/support/system.h"
#include "support/suite.h"

static const struct system_domain two_hellos[] = {
    {.name = "first", .program = "hello", .bootargs = "one", .ramdisk_size = 100000},
    {.name = "second", .program = "hello", .bootargs = "two", .memory = 0x40000},
};

static void two_domains(unsigned cpus)
{
    struct system_run run = {.cpus = cpus};
    system_boot(&run, two_hellos, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_intact(&run, two_hellos, 2);
    expect_lines(&run, "first: hello: image *", 1);
    expect_lines(&run, "first: hello: memory 40000000 size 4000000", 1);
    expect_lines(&run, "second: hello: memory 40000000 size 10000000", 1);
    expect_lines(&run, "first: hello: ramdisk *", 1);
    expect_lines(&run, "second: hello: ramdisk *", 0);
    expect_lines(&run, "first: hello: done", 1);
    expect_lines(&run, "second: hello: done", 1);
    expect_lines(&run, "bulkhead: all domains are off", 1);
    system_destroy(&run);
}

START_TEST(two_domains_on_one_cpu)
{
    two_domains(1);
}
END_TEST

START_TEST(two_domains_on_two_cpus)
{
    two_domains(2);
}
END_TEST

/* Each domain count on 1, 2 and 4 CPUs. */
static unsigned occurrences(const char *text, const char *what)
{
    unsigned count = 0;

    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        count++;
    return count;
}

/* However many steps a stage takes, it is one line of the timeline. */
START_TEST(a_stage_is_marked_once)
{
    static const char *const stages[] = {"copy kernel", "copy ramdisk", "map images", "zero memory"};
    const struct system_domain domains[] = {
        {.name = "large", .program = "hello", .kernel_size = 5 << 20, .ramdisk_size = 3 << 20, .eager = true},
        {.name = "other", .program = "hello", .kernel_size = 3 << 20, .ramdisk_size = 5 << 20, .eager = true},
    };
    struct system_run run = {.cpus = 2};

    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
        ck_assert_msg(occurrences(run.output, stages[i]) == 2, "%s: %u times", stages[i],
                      occurrences(run.output, stages[i]));
    system_destroy(&run);
}
END_TEST

START_TEST(one_to_eight_domains)
{
    struct system_domain domains[8];
    char names[8][24];
    unsigned count = (unsigned)_i + 1;
    for (unsigned i = 0; i < count; i++) {
        snprintf(names[i], sizeof(names[i]), "domain%u", i);
        domains[i] = (struct system_domain){
            .name = names[i], .program = i % 2 == 0 ? "hello" : "timer", .bootargs = "ticks=3 period-us=2000"};
    }
    for (unsigned cpus = 1; cpus <= 4; cpus *= 2) {
        struct system_run run = {.cpus = cpus};
        system_boot(&run, domains, count);
        expect_end(&run, SIM_END_POWER_OFF);
        expect_intact(&run, domains, count);
        for (unsigned i = 0; i < count; i++) {
            char line[64];
            snprintf(line, sizeof(line), "%s: %s: done*", names[i], domains[i].program);
            expect_lines(&run, line, 1);
        }
        system_destroy(&run);
    }
}
END_TEST

/* The same inputs give the same run. */
START_TEST(runs_repeat)
{
    uint64_t fingerprints[2], others[2];
    for (unsigned i = 0; i < 2; i++) {
        struct system_run run = {.cpus = 2, .options.seed = 7}, other = {.cpus = 2, .options.seed = 8};
        system_boot(&run, two_hellos, 2);
        expect_end(&run, SIM_END_POWER_OFF);
        fingerprints[i] = sim_fingerprint(run.machine);
        system_destroy(&run);
        system_boot(&other, two_hellos, 2);
        expect_end(&other, SIM_END_POWER_OFF);
        others[i] = sim_fingerprint(other.machine);
        system_destroy(&other);
    }
    ck_assert_uint_eq(fingerprints[0], fingerprints[1]);
    ck_assert_uint_eq(others[0], others[1]);
    ck_assert_uint_ne(fingerprints[0], others[0]);
}
END_TEST

START_TEST(cpu_that_never_starts)
{
    struct system_run run = {.cpus = 3, .options.faults = {{SIM_FAULT_CPU_NEVER_STARTS, 1}}};
    system_boot(&run, two_hellos, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_lines(&run, "bulkhead: warning: CPU 1 (affinity 0x1) did not come up within *", 1);
    expect_lines(&run, "first: hello: done", 1);
    expect_lines(&run, "second: hello: done", 1);
    system_destroy(&run);
}
END_TEST

START_TEST(cpu_that_firmware_refuses)
{
    struct system_run run = {.cpus = 2, .options.faults = {{SIM_FAULT_CPU_REFUSED, 1}}};
    system_boot(&run, two_hellos, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_lines(&run, "bulkhead: warning: CPU 1 (affinity 0x1) cannot be started and is left out*", 1);
    expect_lines(&run, "first: hello: done", 1);
    expect_lines(&run, "second: hello: done", 1);
    system_destroy(&run);
}
END_TEST

/* Without the option the hypervisor's own console stays when the last domain is off. */
START_TEST(stays_when_all_domains_are_off)
{
    struct system_run run = {.cpus = 2, .stay = true};
    system_boot(&run, two_hellos, 2);
    expect_end(&run, SIM_END_IDLE);
    expect_lines(&run, "bulkhead: all domains are off", 1);
    system_destroy(&run);
}
END_TEST

/* Not one domain that can be: a sentence says so, and the machine does what it was told to do when all are off. */
START_TEST(no_domain_can_be)
{
    static const struct system_domain too_large[] = {{.name = "large", .program = "hello", .memory = 1 << 30}};

    for (unsigned cpus = 1; cpus <= 4; cpus++) {
        for (unsigned stay = 0; stay < 2; stay++) {
            struct system_run run = {.cpus = cpus, .stay = stay != 0};
            system_boot(&run, too_large, 1);
            expect_end(&run, stay != 0 ? SIM_END_IDLE : SIM_END_POWER_OFF);
            expect_lines(&run, "bulkhead: no domain is started: none of those described can be", 1);
            expect_lines(&run, "bulkhead: error: /chosen/large: memory: *", 1);
            system_destroy(&run);
        }
    }
}
END_TEST

static void hide_domains(void *dtb)
{
    ck_assert_int_eq(fdt_del_node(dtb, fdt_path_offset(dtb, "/chosen/large")), 0);
}

START_TEST(no_domain_is_described)
{
    static const struct system_domain gone[] = {{.name = "large", .program = "hello"}};
    struct system_run run = {.cpus = 2, .edit = hide_domains};

    system_boot(&run, gone, 1);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_lines(&run, "bulkhead: no domain is started: the device tree describes none", 1);
    system_destroy(&run);
}
END_TEST

/* What ImageBuilder writes for each board, on one without that alias. */
static void name_no_uart(void *dtb)
{
    ck_assert_int_eq(fdt_setprop_string(dtb, fdt_path_offset(dtb, "/chosen"), "xen,xen-bootargs",
                                        "console=dtuart dtuart=serial0 bulkhead.all-off=power-off"),
                     0);
}

START_TEST(the_console_has_another_name)
{
    struct system_run run = {.cpus = 1, .edit = name_no_uart};

    system_boot(&run, two_hellos, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_lines(
        &run, "bulkhead: warning: /chosen: dtuart=: the console's UART does not exist; stdout-path is used instead *",
        1);
    expect_lines(&run, "bulkhead: all domains are off", 1);
    system_destroy(&run);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("boot");
    TCase *tcase = tcase_create("boot");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, two_domains_on_one_cpu);
    tcase_add_test(tcase, two_domains_on_two_cpus);
    tcase_add_test(tcase, a_stage_is_marked_once);
    tcase_add_loop_test(tcase, one_to_eight_domains, 0, 8);
    tcase_add_test(tcase, runs_repeat);
    tcase_add_test(tcase, cpu_that_never_starts);
    tcase_add_test(tcase, cpu_that_firmware_refuses);
    tcase_add_test(tcase, stays_when_all_domains_are_off);
    tcase_add_test(tcase, no_domain_can_be);
    tcase_add_test(tcase, no_domain_is_described);
    tcase_add_test(tcase, the_console_has_another_name);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_execute(suite());
}
