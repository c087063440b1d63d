// SPDX-License-Identifier: Apache-2.0
/* One CPU panics while others build, print, wait for the console, sleep or run a guest: what it says comes whole and
 * last, nobody runs on, and all that within bounded time. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "arch/cpu.h"
#include "arch/timer.h"
#include "boot/boot.h"
#include "boot/hv_main.h"
#include "console/console.h"
#include "console/panic.h"
#include "hostsim/machine/machine.h"
#include "scenario/support/system.h"
#include "support/seeds.h"

#define PANICKER 3  /* has no domain */
#define STEPS 60000 /* of which most look whether the UART has room */
#define WORDS "a defect, in words that make a line of some length: %llu"
#define PATIENCE_US 30000     /* of console_take_over() */
#define HALT_US 3000          /* all the rest: two lines, an exit of each guest */
#define HALT_UNFAIR_US 500000 /* the same, if the CPU that panics is passed over again and again */

/** What at least one other CPU is doing at the moment of the panic. */
enum moment {
    IN_GUEST,
    IDLE,
    BUILDING,
    PRINTING,
    WAITING, /* for a lock */
    MOMENTS
};

static struct {
    uint64_t seed, began_ns;
    enum moment moment;
    bool holding; /* the CPU that panics has the console's lock */
    bool both;    /* another CPU panics right behind it */
    bool within;  /* what prints panics, too */
    bool met;
    uint32_t begun;
} panic;

static bool holds(const struct sim_cpu *cpu, const struct arch_spinlock *lock)
{
    for (unsigned i = 0; i < cpu->held_count; i++)
        if (cpu->held[i] == lock)
            return true;
    return false;
}

static bool has_window(const struct sim_cpu *cpu)
{
    for (unsigned i = 0; i < ARCH_WINDOW_SLOTS; i++)
        if (cpu->windows[i].open)
            return true;
    return false;
}

static bool is_at(const struct sim_cpu *cpu, enum moment moment)
{
    switch (moment) {
    case IN_GUEST:
        return cpu->guest != NULL;
    case IDLE:
        return cpu->state == SIM_CPU_IDLE;
    case BUILDING:
        return has_window(cpu);
    case PRINTING:
        return holds(cpu, &console.lock);
    default:
        return cpu->state == SIM_CPU_LOCK;
    }
}

static bool any_is_at(enum moment moment)
{
    const struct sim_machine *machine = sim_this_machine();

    for (unsigned i = 0; i < PANICKER; i++)
        if (is_at(&machine->cpus[i], moment))
            return true;
    return false;
}

/** At some time after the start, and then at the moment that is looked for. */
static void await_moment(void)
{
    uint64_t wait_us = 50 + panic.seed * 2654435761u % 1000;
    uint64_t start = arch_timer_now(), frequency = arch_timer_frequency();

    while (arch_timer_now() - start < wait_us * frequency / 1000000)
        ;
    for (unsigned i = 0; i < 20000 && !any_is_at(panic.moment); i++)
        (void)arch_timer_now();
    panic.met = any_is_at(panic.moment);
}

static const struct uart_ops *sound;

static size_t fail_to_write(struct uart *uart, const uint8_t *bytes, size_t count)
{
    if (arch_cpu_id() != PANICKER)
        return sound->write(uart, bytes, count);
    hv_panic("the UART, with %zu bytes", count);
}

static void break_uart(void)
{
    static struct uart_ops broken;

    sound = hv_boot.uart.ops;
    broken = *sound;
    broken.write = fail_to_write;
    hv_boot.uart.ops = &broken;
}

static void be_first(void)
{
    if (panic.holding)
        arch_spin_lock(&console.lock);
    else
        await_moment();
    if (panic.within)
        break_uart();
    panic.began_ns = sim_time_ns(sim_this_machine());
    store_release(&panic.begun, 1);
}

static void be_second(void)
{
    while (load_acquire(&panic.begun) == 0)
        (void)arch_timer_now();
}

static void secondary(unsigned cpu)
{
    if (cpu < PANICKER)
        hv_secondary_main(cpu);
    cpu_table[cpu].id = cpu;
    store_release(&cpu_table[cpu].online, 1);
    arch_cpu_signal();
    while (load_acquire(&hv_boot.started) == 0)
        arch_cpu_wait();
    if (cpu == PANICKER)
        be_first();
    else
        be_second();
    hv_panic(WORDS, (unsigned long long)panic.seed);
}

/** Nothing comes after the message, of which there is one. */
static void expect_last_words(const struct system_run *run)
{
    char line[128];
    unsigned cpu = count_lines(run, "bulkhead: panic: CPU 4: *") != 0 ? PANICKER + 1 : PANICKER;

    snprintf(line, sizeof(line), "bulkhead: panic: CPU %u: " WORDS, cpu, (unsigned long long)panic.seed);
    if (*find_line(run, line) != '\0')
        expect_lines(run, "(nothing after the message)", 1);
    expect_lines(run, "bulkhead: panic: *", 1);
}

/** No CPU did anything any more when so much time had passed. */
static void expect_soon(const struct system_run *run)
{
    bool fair = run->options.schedule != SIM_SCHEDULE_PCT;
    uint64_t limit_us = (panic.holding ? PATIENCE_US : 0) + (fair ? HALT_US : HALT_UNFAIR_US);

    for (unsigned i = 0; i < run->cpus; i++) {
        uint64_t time = run->machine->cpus[i].time;
        if (time > panic.began_ns + 1000 * limit_us)
            ck_abort_msg("seed %llu: CPU %u goes on for %llu us", (unsigned long long)panic.seed, i,
                         (unsigned long long)(time - panic.began_ns) / 1000);
    }
}

static void boot_and_panic(uint64_t seed)
{
    static const struct system_domain domains[] = {
        {.name = "still", .program = "echo", .memory = 0x4000},
        {.name = "loud", .program = "spin", .bootargs = "lines=1000000 period-us=20", .memory = 0x4000},
        {.name = "again", .program = "reset", .bootargs = "until-ms=100000 pause-us=20", .memory = 0x4000},
    };
    struct system_run run = {.cpus = PANICKER + (panic.both ? 2 : 1),
                             .secondary = secondary,
                             .options = {.seed = seed,
                                         .schedule = seed % 4 == 0 ? SIM_SCHEDULE_RANDOM : SIM_SCHEDULE_PCT,
                                         .pct_depth = 2 + (unsigned)(seed % 3),
                                         .pct_steps = STEPS,
                                         .uart_baud = 8000000,
                                         .time_limit_us = 2000000}};

    panic.seed = seed;
    panic.met = false;
    panic.begun = 0;
    system_boot(&run, domains, 3);
    if (!panic.holding || run.end != SIM_END_DEADLOCK) /* who waits for that lock does so for ever */
        expect_end(&run, SIM_END_HALTED);
    if (!panic.within) { /* else the UART stopped in the middle of a line */
        expect_last_words(&run);
        expect_intact(&run, domains, 3);
    }
    expect_soon(&run);
    system_destroy(&run);
}

static unsigned met[MOMENTS];

static void panic_at_a_moment(uint64_t seed)
{
    panic.moment = (enum moment)(seed % MOMENTS);
    panic.holding = false;
    boot_and_panic(seed);
    met[panic.moment] += panic.met;
}

START_TEST(moments)
{
    seeds_run("moments", 40, panic_at_a_moment);
    for (unsigned i = 0; i < MOMENTS && !seeds_single(); i++)
        ck_assert_msg(met[i] * 6 * MOMENTS > seeds_count(40), "moment %u was met %u times", i, met[i]);
}
END_TEST

static void panic_with_the_lock(uint64_t seed)
{
    panic.holding = true;
    boot_and_panic(seed);
}

START_TEST(holding)
{
    seeds_run("holding", 4, panic_with_the_lock);
}
END_TEST

static void panic_twice(uint64_t seed)
{
    panic.moment = (enum moment)(seed % MOMENTS);
    panic.both = true;
    boot_and_panic(seed);
}

START_TEST(both)
{
    seeds_run("both", 20, panic_twice);
}
END_TEST

static void panic_within(uint64_t seed)
{
    panic.moment = (enum moment)(seed % MOMENTS);
    panic.within = true;
    boot_and_panic(seed);
}

/* Nothing can be printed any more. All halt, all the same. */
START_TEST(within)
{
    seeds_run("within", 10, panic_within);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("panics");

    seeds_add(suite, "moments", moments);
    seeds_add(suite, "holding", holding);
    seeds_add(suite, "both", both);
    seeds_add(suite, "within", within);
    return seeds_execute(suite);
}
