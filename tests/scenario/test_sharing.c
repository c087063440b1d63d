// SPDX-License-Identifier: Apache-2.0
/* What domains on one CPU must not notice of each other, and the hypervisor's own console. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/boot.h"
#include "hostsim/guest.h"
#include "plan/ledger.h"
#include "program.h"
#include "scenario/support/system.h"
#include "support/guest_abi.h"
#include "support/suite.h"

/* ---- a timer interrupt that its guest leaves waiting ---- */

struct late {
    struct platform *platform;
    unsigned fired;
};

static void take_late(void *context, uint32_t intid, uint64_t entered)
{
    struct late *late = context;

    (void)entered;
    if (intid != INTERRUPT_VIRTUAL_TIMER)
        program_fail(late->platform, "another interrupt than the timer's", intid);
    timer_stop();
    late->fired++;
}

/* The timer fires while interrupts are masked, and the guest goes on for several time slices: its interrupt is in
 * flight whenever the neighbour has the CPU. */
static void program_masked(struct platform *platform)
{
    struct late late = {.platform = platform};

    on_interrupt(platform, take_late, &late);
    gic_init(platform);
    gic_enable(platform, INTERRUPT_VIRTUAL_TIMER);
    for (unsigned round = 1; round <= 5; round++) {
        timer_arm(counter() + counter_frequency() / 1000);
        for (unsigned i = 0; i < 45; i++)
            guest_spin(1000000);
        if (late.fired != round - 1)
            program_fail(platform, "an interrupt was taken while masked, in round", round);
        interrupts_on();
        guest_spin(1000);
        interrupts_off();
        if (late.fired != round)
            program_fail(platform, "the timer's interrupt was lost in round", round);
    }
    print(platform, "masked: done\n");
}

static void enter_masked(uint64_t device_tree)
{
    program_run("masked", program_masked, device_tree);
}

START_TEST(a_timer_in_flight_does_not_keep_the_neighbour_from_its_own)
{
    const struct system_domain domains[] = {
        {.name = "first", .program = "masked"},
        {.name = "second", .program = "masked"},
        {.name = "clock", .program = "timer", .bootargs = "ticks=40 period-us=1000"},
    };
    struct system_run run = {.cpus = 1};

    sim_register_guest("masked", enter_masked);
    system_boot(&run, domains, 3);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_lines(&run, "first: masked: done", 1);
    expect_lines(&run, "second: masked: done", 1);
    expect_lines(&run, "clock: timer: tick *", 40);
    system_destroy(&run);
}
END_TEST

/* ---- the hypervisor's keys ---- */

static void press_every_key(struct system_run *run)
{
    sim_input_after(run->machine, "talk: echo: ready", "\x01\x01\x01hdmtxq");
}

START_TEST(every_key_of_the_hypervisors_console)
{
    const struct system_domain domains[] = {{.name = "talk", .program = "echo", .bootargs = "lines=1"},
                                            {.name = "past", .program = "hello"}};
    struct system_run run = {.cpus = 2, .stay = true, .prepare = press_every_key};

    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_lines(&run, "bulkhead: q  quit*", 1);
    expect_lines(&run, "bulkhead: 1   talk             running *", 1);
    ck_assert_uint_ge(count_lines(&run, "bulkhead: domain 1 talk*") + count_lines(&run, "bulkhead: domain talk*"), 1);
    /* t, and once more before q powers off */
    expect_lines(&run, "bulkhead: boot timeline, from entry*", 2);
    system_destroy(&run);
}
END_TEST

/* ---- what a domain reaches is what the ledger gives it ---- */

static owner_t dropped; /* whose claims are gone when the guest goes on */

static void enter_outlaw(uint64_t device_tree)
{
    (void)device_tree;
    guest_write32(GUEST_RAM0_BASE + MIB(40), 1);
    ledger_drop(&hv_boot.plan.ledger, dropped);
    guest_write32(GUEST_RAM0_BASE + MIB(48), 1);
    guest_hvc(0x84000008, 0, 0, 0); /* SYSTEM_OFF */
}

static const struct {
    owner_t dropped;
    enum sim_end end;
} outlaws[] = {
    {OWNER_FIRMWARE, SIM_END_POWER_OFF},
    {OWNER_HYPERVISOR + 1, SIM_END_FAILED},
};

START_TEST(a_domain_reaches_what_the_ledger_gives_it)
{
    const struct system_domain domains[] = {{.name = "first", .program = "outlaw", .mute = true}};
    struct system_run run = {.cpus = 1};

    dropped = outlaws[_i].dropped;
    sim_register_guest("outlaw", enter_outlaw);
    system_boot(&run, domains, 1);
    expect_end(&run, outlaws[_i].end);
    if (run.end == SIM_END_FAILED)
        ck_assert_msg(strstr(sim_message(run.machine), "which the ledger does not give it") != NULL, "%s",
                      sim_message(run.machine));
    system_destroy(&run);
}
END_TEST

/* ---- all of it on a terminal of 80 columns, in the largest system ---- */

#define MANY 32
#define COLUMNS 80

static void press_keys_at_the_end(struct system_run *run)
{
    sim_input_after(run->machine, "bulkhead: all domains are off", "hdmtq");
}

/** Of what the keys print; what is longer than a row of the terminal is shown. */
static unsigned longest_line(const struct system_run *run)
{
    unsigned longest = 0;

    for (const char *at = strstr(run->output, "bulkhead: h  this list"); *at != '\0';) {
        size_t length = strcspn(at, "\r\n");
        if (length > COLUMNS)
            fprintf(stderr, "%u columns: %.*s\n", (unsigned)length, (int)length, at);
        longest = length > longest ? (unsigned)length : longest;
        at += strcspn(at, "\n");
        at += *at == '\n';
    }
    return longest;
}

START_TEST(the_largest_system_fits_80_columns)
{
    static char names[MANY][64];
    struct system_domain domains[MANY];
    struct system_run run = {.cpus = 8, .stay = true, .prepare = press_keys_at_the_end};

    for (unsigned i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "domain-%u-with-a-name-that-is-far-too-long", i + 1);
        domains[i] = (struct system_domain){
            .name = names[i], .program = "hello", .vcpus = 8, .memory = 0x2000, .ramdisk_size = 0x10000};
    }
    system_boot(&run, domains, MANY);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_lines(&run, "bulkhead: 32  domain-32-with-~ off *", 1);
    expect_lines(&run, "bulkhead:       7 *", MANY);
    ck_assert_uint_le(longest_line(&run), COLUMNS);
    system_destroy(&run);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("sharing");
    TCase *tcase = tcase_create("sharing");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_timer_in_flight_does_not_keep_the_neighbour_from_its_own);
    tcase_add_test(tcase, the_largest_system_fits_80_columns);
    tcase_add_test(tcase, every_key_of_the_hypervisors_console);
    tcase_add_loop_test(tcase, a_domain_reaches_what_the_ledger_gives_it, 0, ARRAY_SIZE(outlaws));
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_execute(suite());
}
