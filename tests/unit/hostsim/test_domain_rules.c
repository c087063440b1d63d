// SPDX-License-Identifier: Apache-2.0
/* Rules about the vCPUs of one domain, broken once each. */
#include "unit/hostsim/mini.h"

#define SYSTEM_OFF 0x84000008
#define SYSTEM_RESET 0x84000009

static void end_and_go_on(uint64_t function)
{
    guest_hvc(function, 0, 0, 0);
    guest_spin(900000);
    guest_hvc(0, 0, 0, 0); /* not too late yet */
    guest_spin(200000);
}

static void program_off(uint64_t device_tree)
{
    (void)device_tree;
    end_and_go_on(SYSTEM_OFF);
}

static void program_reset(uint64_t device_tree)
{
    (void)device_tree;
    end_and_go_on(SYSTEM_RESET);
}

static void program_call(uint64_t device_tree)
{
    (void)device_tree;
    for (;;)
        guest_hvc(0, 0, 0, 0);
}

static void run_three_times(const char *program)
{
    struct mini mini;
    mini_begin(&mini, program);
    arch_vcpu_load(&mini.vcpu);
    for (unsigned i = 0; i < 3; i++)
        mini_run(&mini);
}

static void domain_that_is_off(void *context)
{
    (void)context;
    run_three_times("off");
}

static void domain_that_starts_again(void *context)
{
    (void)context;
    run_three_times("reset");
}

/* Two vCPUs of a domain, one after the other; @return with the second one in its guest */
static void run_two(uint64_t second_offset)
{
    struct mini mini;
    mini_begin(&mini, "call");
    struct arch_vcpu first = mini.vcpu;
    arch_vcpu_load(&first);
    arch_vcpu_run(&first, &(struct arch_exit){0});
    arch_vcpu_put(&first);
    arch_vcpu_init(&mini.vcpu, KERNEL_IPA, TREE_IPA);
    mini.vcpu.counter_offset = second_offset;
    arch_vcpu_load(&mini.vcpu);
    mini_run(&mini);
    mini_run(&mini);
    arch_vcpu_put(&mini.vcpu);
}

static void counter_offsets_that_differ(void *context)
{
    (void)context;
    run_two(1);
}

static void all_right(void *context)
{
    (void)context;
    run_two(0);
}

static const struct {
    void (*main)(void *context);
    const char *message;
} rules[] = {
    {domain_that_is_off, "after the domain went off"},
    {domain_that_starts_again, "asked to start again"},
    {counter_offsets_that_differ, "with the counter offsets"},
};

static void register_programs(void)
{
    sim_register_guest("off", program_off);
    sim_register_guest("reset", program_reset);
    sim_register_guest("call", program_call);
}

START_TEST(test_rule)
{
    register_programs();
    expect_rule(rules[_i].main, rules[_i].message);
}
END_TEST

START_TEST(test_no_false_alarm)
{
    register_programs();
    struct sim_machine *machine = make_machine(NULL);
    ck_assert_int_eq(sim_run_with(machine, all_right, NULL, NULL), SIM_END_RETURNED);
    sim_destroy(machine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostsim domain rules");
    TCase *tcase = tcase_create("rules");
    tcase_add_loop_test(tcase, test_rule, 0, (int)(sizeof(rules) / sizeof(rules[0])));
    tcase_add_test(tcase, test_no_false_alarm);
    suite_add_tcase(suite, tcase);
    return suite_execute(suite);
}
