// SPDX-License-Identifier: Apache-2.0
/* Every fault of hostsim's table in the boot of two domains: the hypervisor stays whole, says what it can know, and the
 * domain that the fault does not concern does its work. FAULTS_SWEEP=N tries every N-th bit and byte of the tree and
 * the images, rather than the usual few, and more seeds; FAULTS_VERBOSE=1 prints a line for each boot; FAULT=NAME@N
 * shows one boot, with the seed SEED. */
#include <check.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/types.h"
#include "scenario/support/system.h"
#include "support/suite.h"

#define EARLY_UART 0x9000000
#define TIME_LIMIT_US 4000000
#define STEP_LIMIT 1000000         /* a boot takes some 10,000 */
#define STUCK_STEP_LIMIT 100000000 /* polling a UART until it is taken for stuck takes 20 million */
#define LATE_TICKS 125000          /* 2 ms; the event stream comes every millisecond */
#define NUMBERS 8
#define USUAL_DTB_BOOTS 240
#define USUAL_MODULE_BOOTS 48
#define ROUNDS 8 /* a sweep's boots in so many processes, beside each other */

static const struct system_domain domains[] = {
    {.name = "first",
     .program = "timer",
     .bootargs = "ticks=3 period-us=200",
     .memory = 0x4000,
     .kernel_size = 0x2000,
     .packed = true},
    {.name = "second", .program = "hello", .memory = 0x4000, .kernel_size = 0x2000, .ramdisk_size = 4096},
};
static const char *const done[] = {"first: timer: done, 3 ticks*", "second: hello: done"};

/* For what goes wrong with a device that a guest has. */
static const struct system_domain device_domains[] = {
    {.name = "first", .program = "dma", .bootargs = "idle=50", .memory = 0x1000, .devices = "master0"},
    {.name = "second", .program = "hello", .memory = 0x4000, .kernel_size = 0x2000, .ramdisk_size = 4096},
};
static const char *const device_done[] = {"first: dma: round 4*", "second: hello: done"};

enum harm {
    NOBODY,
    ONE,     /* at most one domain; the other does its work */
    MACHINE, /* no domain need run */
};

/* What is expected of each fault, at each of the numbers. */
static const struct expectation {
    enum sim_fault_kind kind;
    enum harm harm;
    const char *text;          /* in the output; NULL: cannot be noticed, or only at some of the numbers */
    uint64_t numbers[NUMBERS]; /* ended by 0; only 0: the usual number, or none */
} expectations[] = {
    {SIM_FAULT_DTB_TRUNCATED, MACHINE, "device tree", {4, 39, 56, 1000, 3000, 6000}},
    {SIM_FAULT_DTB_BIT, MACHINE, NULL, {7, 40, 300, 8 * 60, 8 * 1000, 8 * 3000 + 1}},
    /* the packed kernel, the other kernel from its header to its end, the ramdisk */
    {SIM_FAULT_MODULE_TRUNCATED, ONE, NULL, {1, 4000, 8000, 8400, 9000, 16000, 18000}},
    {SIM_FAULT_MODULE_BIT, ONE, NULL, {1, 8 * 4000, 8 * 8000, 8 * 8400, 8 * 9000, 8 * 16000, 8 * 18000}},
    {SIM_FAULT_CPU_NEVER_STARTS, NOBODY, "CPU 1 (affinity 0x1) did not come up within", {1}},
    {SIM_FAULT_CPU_LATE, NOBODY, NULL, {1, 1000, 10000, 999999, 1000001, 1003000}},
    {SIM_FAULT_CPU_REFUSED, NOBODY, "CPU 1 (affinity 0x1) cannot be started and is left out", {1}},
    {SIM_FAULT_CPU_STARTS_TWICE, MACHINE, "panic: CPU 1: CPU 1 started again", {1, 10, 100, 500}},
    {SIM_FAULT_CPU_ON_ERROR, NOBODY, "cannot be started and is left out", {1, 2, 3, 4, 6, 8, 9, 77}},
    {SIM_FAULT_PSCI_MISSING, NOBODY, "the firmware did not power the machine off", {0}},
    {SIM_FAULT_PSCI_0_1, NOBODY, "the firmware did not power the machine off", {0}},
    {SIM_FAULT_SMC_GARBAGE, NOBODY, NULL, {0}},
    {SIM_FAULT_SYSTEM_OFF_RETURNS, NOBODY, "the firmware did not power the machine off", {0}},
    {SIM_FAULT_SERROR_GUEST, ONE, "asynchronous external abort (SError) while it ran", {1, 2, 3, 50, 100, 200}},
    {SIM_FAULT_SERROR_HYPERVISOR, ONE, "asynchronous external abort (SError) while it ran", {1, 2, 3, 50, 100, 200}},
    {SIM_FAULT_WALK_SERROR, ONE, "asynchronous external abort (SError) while it ran", {1, 2, 3, 50, 200, 500}},
    {SIM_FAULT_WALK_ABORT, ONE, "memory error in a table: external abort", {1, 2, 3, 50, 200, 500}},
    {SIM_FAULT_KICK_LOST, NOBODY, NULL, {1, 2, 3, 4, 5, 6}},
    {SIM_FAULT_KICK_REPEATED, NOBODY, NULL, {1, 2, 3, 4, 5, 6}},
    {SIM_FAULT_UART_STUCK, NOBODY, NULL, {1, 1000}},
    {SIM_FAULT_UART_STORM, NOBODY, "interrupt 33 storms: turned off", {1, 2, 100, 200, 300}},
    {SIM_FAULT_SPURIOUS_NONE, NOBODY, NULL, {1, 2, 3, 4, 5, 6}},
    {SIM_FAULT_SPURIOUS_SPI, NOBODY, "is nobody's: turned off", {1, 2, 3}},
    {SIM_FAULT_SPI_STORM, NOBODY, "is nobody's: turned off", {1, 2, 3}},
    {SIM_FAULT_PPI_STORM, NOBODY, "interrupt 22 is nobody's: turned off", {1, 2, 3}},
    {SIM_FAULT_LEVEL_LATE, NOBODY, NULL, {1, 2, 3, 10, 30}},
    {SIM_FAULT_MAINTENANCE_GROUP, NOBODY, NULL, {0}},
    {SIM_FAULT_MAINTENANCE_STORM, NOBODY, NULL, {1, 2}},
    {SIM_FAULT_LR_BIT, ONE, NULL, {28, 29, 31, 64 + 28, 64 + 29, 64 + 31, 4 * 64 + 28, 7 * 64 + 29}},
    {SIM_FAULT_LR_PENDING, ONE, NULL, {1, 2, 3, 4, 5, 6}},
    {SIM_FAULT_LR_LOST, ONE, NULL, {1, 2, 3, 4, 5, 6}},
    {SIM_FAULT_TIMER_EARLY, NOBODY, NULL, {1, 10, 100, 1000}},
    {SIM_FAULT_TIMER_NEVER, NOBODY, NULL, {1, 2, 3}},
    {SIM_FAULT_TIMER_STORM, NOBODY, "interrupt 26 storms: turned off", {1}},
    {SIM_FAULT_COUNTER_AHEAD, NOBODY, NULL, {1, 100, 1000, 5000, 6000, 6400}},
    {SIM_FAULT_COUNTER_BACK, ONE, NULL, {1, 100, 1000, 5000, 6000, 6400}},
    {SIM_FAULT_DEVICE_STUCK, ONE, "first: dma: the device does not work", {1, 3, 5}},
    {SIM_FAULT_DEVICE_DISABLED, NOBODY, NULL, {1, 2, 3, 4, 5, 8, 13}},
    {SIM_FAULT_DEVICE_SILENT, ONE, "first: dma: the device does not work", {1, 2, 5, 10, 15, 20}},
};

static const struct expectation *expected_of(enum sim_fault_kind kind)
{
    for (unsigned i = 0; i < ARRAY_SIZE(expectations); i++)
        if (expectations[i].kind == kind)
            return &expectations[i];
    return NULL;
}

static void explain(const struct system_run *run, const struct sim_fault_info *info, const char *what)
{
    fprintf(stderr, "%s\n", run->output);
    ck_abort_msg("--fault %s@%llu, seed %llu: %s; ended: %s after %llu us: %s", info->name,
                 (unsigned long long)run->options.faults[0].n, (unsigned long long)run->options.seed, what,
                 sim_end_name(run->end), (unsigned long long)(sim_time_ns(run->machine) / 1000),
                 sim_message(run->machine));
}

static bool has(const struct system_run *run, const char *text)
{
    return strstr(run->output, text) != NULL;
}

/* Where the tree gives the interrupt controller registers that are others, EL2 can but break their rules. */
static bool has_other_registers(const struct system_run *run)
{
    int length;
    const uint8_t *reg = fdt_getprop(run->dtb, fdt_path_offset(run->dtb, "/intc@8000000"), "reg", &length);
    uint64_t first = reg != NULL ? (uint64_t)(reg - (const uint8_t *)run->dtb) * 8 : 0;
    uint64_t bit = run->options.faults[0].n;
    return reg != NULL && run->options.faults[0].kind == SIM_FAULT_DTB_BIT && bit >= first &&
           bit < first + (uint64_t)length * 8;
}

/* Whatever went wrong: an end that core chose, in time, and with a reason where nothing ran. */
static void check_whole(const struct system_run *run, const struct sim_fault_info *info, unsigned finished)
{
    bool said = has(run, "panic: ") || has(run, "halted") || has(run, "no domain is started");
    bool lied = info->kind == SIM_FAULT_DTB_BIT || info->kind == SIM_FAULT_DTB_TRUNCATED;
    /* A tree may tell of registers that are others, whose interrupts never end, or of no interrupt for the console's
     * keys: it is then asked from time to time, for good. */
    bool ended = run->end == SIM_END_POWER_OFF || run->end == SIM_END_IDLE || run->end == SIM_END_HALTED;
    if (run->end == SIM_END_FAILED && has_other_registers(run))
        return;
    if (!ended && !(run->end == SIM_END_LIMIT && lied))
        explain(run, info, "not an end in order");
    if (*run->output == '\0' && lied)
        return; /* its console is not where the tree says */
    if (run->end == SIM_END_HALTED && !said)
        explain(run, info, "halted without a word");
    if (finished == 0 && !said && !has(run, "error: ") && !has(run, "warning: ") && !has(run, ": failed: "))
        explain(run, info, "no domain did its work, and nothing says why");
}

static bool is_of_device(enum sim_fault_kind kind)
{
    return kind >= SIM_FAULT_DEVICE_STUCK && kind <= SIM_FAULT_DEVICE_SILENT;
}

static void check_harm(const struct system_run *run, const struct sim_fault_info *info,
                       const struct expectation *expected)
{
    const char *const *lines = is_of_device(info->kind) ? device_done : done;
    unsigned finished = count_lines(run, lines[0]) + count_lines(run, lines[1]);
    if (info->kind == SIM_FAULT_UART_STUCK) /* swallows what says so: that both went off must do */
        finished = run->end == SIM_END_POWER_OFF ? 2 : 0;
    check_whole(run, info, finished);
    if (finished < (expected->harm == NOBODY ? 2u : expected->harm == ONE ? 1u : 0u))
        explain(run, info, "a domain that it does not concern did not do its work");
    if (expected->text != NULL && !has(run, expected->text)) {
        fprintf(stderr, "expected: %s\n", expected->text);
        explain(run, info, "the cause is not named");
    }
}

static const struct sim_fault_info *info_of(enum sim_fault_kind kind)
{
    unsigned i = 0;
    while (sim_fault_info(i)->kind != kind)
        i++;
    return sim_fault_info(i);
}

static void boot_with(struct system_run *run, enum sim_fault_kind kind, uint64_t n, uint64_t seed)
{
    *run = (struct system_run){.cpus = 2,
                               .options = {.faults = {{kind, n}},
                                           .seed = seed,
                                           .early_uart = EARLY_UART,
                                           .time_limit_us = TIME_LIMIT_US,
                                           .step_limit = kind == SIM_FAULT_UART_STUCK ? STUCK_STEP_LIMIT : STEP_LIMIT}};
    clock_t start = clock();
    system_boot(run, is_of_device(kind) ? device_domains : domains, ARRAY_SIZE(domains));
    if (getenv("FAULTS_VERBOSE") != NULL && kind != 0)
        fprintf(stderr, "%5ld ms %8llu steps %s %s@%llu seed %llu\n", (clock() - start) * 1000 / CLOCKS_PER_SEC,
                (unsigned long long)sim_steps(run->machine), sim_end_name(run->end), info_of(kind)->name,
                (unsigned long long)n, (unsigned long long)seed);
}

START_TEST(every_fault)
{
    static const uint64_t seeds[] = {0, 12, 1, 2, 3, 4, 5, 6};
    const struct sim_fault_info *info = sim_fault_info((unsigned)_i);
    /* A machine that waits for its UART until the end of its time takes as long as all others together. */
    const unsigned usual = info->kind == SIM_FAULT_UART_STUCK ? 1 : 2;
    const unsigned seed_count = getenv("FAULTS_SWEEP") != NULL ? ARRAY_SIZE(seeds) : usual;
    const struct expectation *expected = expected_of(info->kind);
    ck_assert_msg(expected != NULL, "--fault %s: nothing is said here of what is expected", info->name);
    for (unsigned i = 0; i == 0 || (i < NUMBERS && expected->numbers[i] != 0); i++)
        for (unsigned s = 0; s < seed_count; s++) {
            struct system_run run;
            boot_with(&run, info->kind, expected->numbers[i] != 0 ? expected->numbers[i] : info->usual, seeds[s]);
            check_harm(&run, info, expected);
            system_destroy(&run);
        }
}
END_TEST

/* ---- Sweeps */

static uint64_t step_of(uint64_t total, uint64_t usual)
{
    const char *asked = getenv("FAULTS_SWEEP");
    uint64_t step = asked != NULL ? strtoull(asked, NULL, 0) : total / usual | 1;
    return step != 0 ? step : 1;
}

static void sweep(enum sim_fault_kind kind, uint64_t total, uint64_t usual, unsigned round)
{
    const struct sim_fault_info *info = info_of(kind);
    struct expectation expected = *expected_of(kind);
    uint64_t step = step_of(total, usual);
    expected.text = NULL;
    for (uint64_t n = round * step; n < total; n += ROUNDS * step) {
        struct system_run run;
        boot_with(&run, kind, n, 0);
        check_harm(&run, info, &expected);
        system_destroy(&run);
    }
}

static void sizes(uint64_t *dtb, uint64_t *modules)
{
    struct system_run run;
    boot_with(&run, SIM_FAULT_NONE, 0, 0);
    ck_assert_int_eq(run.end, SIM_END_POWER_OFF);
    *dtb = fdt_totalsize(run.dtb);
    *modules = 0;
    struct sim_module module;
    for (unsigned i = 0; sim_module(run.dtb, i, &module); i++)
        *modules += module.size;
    system_destroy(&run);
}

START_TEST(damaged_trees)
{
    uint64_t dtb, modules;
    sizes(&dtb, &modules);
    sweep(SIM_FAULT_DTB_BIT, dtb * 8, USUAL_DTB_BOOTS, (unsigned)_i);
    sweep(SIM_FAULT_DTB_TRUNCATED, dtb, USUAL_DTB_BOOTS / 8, (unsigned)_i);
}
END_TEST

START_TEST(damaged_images)
{
    uint64_t dtb, modules;
    sizes(&dtb, &modules);
    sweep(SIM_FAULT_MODULE_BIT, modules * 8, USUAL_MODULE_BOOTS, (unsigned)_i);
    sweep(SIM_FAULT_MODULE_TRUNCATED, modules, USUAL_MODULE_BOOTS, (unsigned)_i);
}
END_TEST

/* What the panic is about may be the interrupt controller, through which the other CPUs would be told: it is said
 * first. */
START_TEST(interrupt_controller_elsewhere)
{
    struct system_run run;
    boot_with(&run, SIM_FAULT_NONE, 0, 0);
    int length;
    const uint8_t *reg = fdt_getprop(run.dtb, fdt_path_offset(run.dtb, "/intc@8000000"), "reg", &length);
    ck_assert_int_eq(length, 64);                                    /* GICD, GICC, GICH, GICV: address, size */
    uint64_t bit = (uint64_t)(reg + 4 - (uint8_t *)run.dtb) * 8 + 4; /* of GICD's address: bit 28, where nothing is */
    system_destroy(&run);
    boot_with(&run, SIM_FAULT_DTB_BIT, bit, 0);
    ck_assert_msg(has(&run, "panic: CPU 0: exception at EL2"), "ended: %s: %s", sim_end_name(run.end), run.output);
    ck_assert_int_eq(run.end, SIM_END_HALTED);
    system_destroy(&run);
}
END_TEST

/* Of two that sleep on one CPU only one has its timer in the hardware. The EL2 timer, which would wake the other, had
 * to be turned off: it is woken all the same, by the event stream. */
START_TEST(sleepers_outlive_their_timer)
{
    static const struct system_domain sleepers[] = {
        {.name = "short", .program = "timer", .bootargs = "ticks=2 period-us=1000", .memory = 0x4000},
        {.name = "long", .program = "timer", .bootargs = "ticks=2 period-us=20000", .memory = 0x4000}};
    static const char *const results[] = {"short: timer: done, 2 ticks, worst ", "long: timer: done, 2 ticks, worst "};
    const struct sim_fault_info *info = info_of(SIM_FAULT_TIMER_STORM);
    struct system_run run = {.cpus = 1,
                             .options = {.faults = {{SIM_FAULT_TIMER_STORM, (uint64_t)_i + 1}},
                                         .time_limit_us = TIME_LIMIT_US,
                                         .step_limit = STEP_LIMIT}};
    system_boot(&run, sleepers, ARRAY_SIZE(sleepers));
    if (!has(&run, "interrupt 26 storms: turned off"))
        explain(&run, info, "the timer was not needed");
    for (unsigned i = 0; i < ARRAY_SIZE(results); i++) {
        const char *worst = strstr(run.output, results[i]);
        if (worst == NULL || strtoull(worst + strlen(results[i]), NULL, 10) > LATE_TICKS)
            explain(&run, info, "a sleeping domain did not wake in time");
    }
    ck_assert_int_eq(run.end, SIM_END_POWER_OFF);
    system_destroy(&run);
}
END_TEST

/* A guest does what makes the virtual interface call, beside neighbours on its CPU: with a call that is no call, with
 * one that never ends, and with levels that dropped and come once more. */
START_TEST(maintenance_that_never_ends)
{
    static const struct system_domain neighbours[] = {
        {.name = "active", .program = "active", .bootargs = "stay-us=300", .memory = 0x4000},
        {.name = "spin", .program = "spin", .bootargs = "lines=20 period-us=5000", .memory = 0x4000},
        {.name = "timer", .program = "timer", .bootargs = "ticks=20 period-us=2000", .memory = 0x4000}};
    static const struct sim_fault faults[] = {
        {SIM_FAULT_NONE, 0},
        {SIM_FAULT_MAINTENANCE_GROUP, 0},
        {SIM_FAULT_MAINTENANCE_STORM, 1},
        {SIM_FAULT_MAINTENANCE_STORM, 5},
        {SIM_FAULT_LEVEL_LATE, 1},
    };
    for (unsigned kind = 0; kind < 8; kind++) {
        struct system_run run = {.cpus = 1,
                                 .tree = (kind & 1) != 0 ? "ok/machine-gicv3.dtb" : "ok/two-domains.dtb",
                                 .options = {.faults = {faults[_i]},
                                             .seed = kind >> 1 & 1,
                                             .list_registers = (kind & 4) != 0 ? 4 : 1,
                                             .time_limit_us = TIME_LIMIT_US,
                                             .step_limit = 2 * STEP_LIMIT}};
        system_boot(&run, neighbours, ARRAY_SIZE(neighbours));
        expect_end(&run, SIM_END_POWER_OFF);
        expect_lines(&run, "active: active: done", 1);
        expect_lines(&run, "spin: spin: done", 1);
        expect_lines(&run, "timer: timer: done, 20 ticks*", 1);
        expect_lines(&run, "bulkhead: warning: CPU 0: interrupt 25 storms: turned off",
                     faults[_i].kind == SIM_FAULT_MAINTENANCE_STORM);
        ck_assert(!has(&run, "interrupt 26"));
        system_destroy(&run);
    }
}
END_TEST

/* FAULT=NAME[@N], SEED=N: one boot, as it looks. */
static int show(const char *text)
{
    struct sim_fault fault;
    struct system_run run;
    if (!sim_fault_read(&fault, text))
        return EXIT_FAILURE;
    boot_with(&run, fault.kind, fault.n, getenv("SEED") != NULL ? strtoull(getenv("SEED"), NULL, 0) : 0);
    printf("%s\nended: %s after %llu us: %s\n", run.output, sim_end_name(run.end),
           (unsigned long long)(sim_time_ns(run.machine) / 1000), sim_message(run.machine));
    system_destroy(&run);
    return EXIT_SUCCESS;
}

static Suite *suite(void)
{
    Suite *suite = suite_create("faults");
    TCase *tcase = tcase_create("faults");
    int count = 0;
    while (sim_fault_info((unsigned)count) != NULL)
        count++;
    tcase_set_timeout(tcase, getenv("FAULTS_SWEEP") != NULL ? 36000 : 60);
    tcase_add_loop_test(tcase, every_fault, 0, count);
    tcase_add_test(tcase, interrupt_controller_elsewhere);
    tcase_add_loop_test(tcase, maintenance_that_never_ends, 0, 5);
    tcase_add_loop_test(tcase, sleepers_outlive_their_timer, 0, 4);
    tcase_add_loop_test(tcase, damaged_trees, 0, ROUNDS);
    tcase_add_loop_test(tcase, damaged_images, 0, ROUNDS);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return getenv("FAULT") != NULL ? show(getenv("FAULT")) : suite_execute(suite());
}
