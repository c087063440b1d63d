// SPDX-License-Identifier: Apache-2.0
/* One vCPU ends its domain while another one computes and never comes out by itself: hostsim's rule that no vCPU of a
 * domain that is off is in its guest a millisecond later, on every kind of machine. */
#include <check.h>

#include "domain/domain.h"
#include "hostsim/guest/programs/register.h"
#include "scenario/support/system.h"
#include "support/suite.h"

#define AFTERWARDS 3000000 /* ns, of the restarted one: its other vCPU of before would be noticed */

static void compute_for_ever(struct platform *platform, void *context)
{
    (void)platform, (void)context;
    for (;;)
        guest_spin(1000000000);
}

static void end_soon(struct platform *platform, void *context)
{
    (void)context;
    guest_spin(100000);
    psci(platform, PSCI_SYSTEM_OFF);
}

/* resets=1: restarts for two milliseconds, then off. other=1: it is another vCPU that ends them, while the first one
 * computes. */
static void program_ends(struct platform *platform)
{
    bool again = argument(platform, "resets", 0) != 0 && READ_SYSREG(CNTPCT_EL0) < counter_frequency() / 500;

    if (argument(platform, "other", 0) != 0) {
        if (vcpu_start(platform, 1, end_soon, NULL) != 0)
            program_fail(platform, "a vCPU that does not start", 1);
        compute_for_ever(platform, NULL);
    }
    for (unsigned i = 1; i < 3; i++)
        if (vcpu_start(platform, i, compute_for_ever, NULL) != 0)
            program_fail(platform, "a vCPU that does not start", i);
    guest_spin(100000);
    if (again)
        psci(platform, PSCI_SYSTEM_RESET);
    guest_spin(AFTERWARDS);
}

static void enter_ends(uint64_t device_tree)
{
    program_run("ends", program_ends, device_tree);
}

START_TEST(nobody_computes_on)
{
    const bool resets = (_i & 1) != 0, neighbour = (_i & 2) != 0, v3 = (_i & 4) != 0, other = _i >= 8;
    const struct system_domain domains[] = {
        {.name = "ends",
         .program = "ends",
         .bootargs = other    ? "other=1"
                     : resets ? "resets=1"
                              : "resets=0",
         .vcpus = 3},
        {.name = "other", .program = "timer", .bootargs = "ticks=10 period-us=1000"},
    };

    sim_register_guest("ends", enter_ends);
    for (unsigned cpus = 3; cpus <= 4; cpus++) {
        struct system_run run = {.cpus = cpus, .tree = v3 ? "ok/machine-gicv3.dtb" : NULL, .stay = true};

        system_boot(&run, domains, neighbour && !v3 ? 2 : 1);
        expect_end(&run, SIM_END_IDLE);
        expect_lines(&run, "bulkhead: ends: off: powered off", 1);
        ck_assert_int_eq(count_lines(&run, "bulkhead: ends: restarts") != 0, resets && !other);
        for (unsigned i = 0; i < 2 && domain_table[i] != NULL; i++)
            ck_assert_uint_eq(domain_table[i]->taken_apart, 1);
        system_destroy(&run);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ends");
    TCase *tcase = tcase_create("ends");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, nobody_computes_on, 0, 12);
    suite_add_tcase(suite, tcase);
    return suite_execute(suite);
}
