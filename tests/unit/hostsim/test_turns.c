// SPDX-License-Identifier: Apache-2.0
/* The rules of oracle/turns.c, broken once each: who wants to run, does; and that no CPU stays awake for what is past.
 */
#include "unit/hostsim/mini.h"

#define CPU_ON 0xc4000003u
#define MILLISECONDS 1000000ULL

static void program_spin(uint64_t device_tree)
{
    (void)device_tree;
    for (;;)
        guest_spin(MILLISECONDS);
}

static void program_on(uint64_t device_tree)
{
    (void)device_tree;
    guest_hvc(CPU_ON, 1, KERNEL_IPA, 0);
    program_spin(0);
}

static void program_sleep(uint64_t device_tree)
{
    (void)device_tree;
    guest_msr(GUEST_CNTV_CVAL_EL0, guest_mrs(GUEST_CNTVCT_EL0) + guest_mrs(GUEST_CNTFRQ_EL0) / 1000);
    guest_msr(GUEST_CNTV_CTL_EL0, 1);
    guest_wfi();
}

static void program_doze(uint64_t device_tree)
{
    (void)device_tree;
    for (;;)
        guest_wfi();
}

static void pass(uint64_t milliseconds)
{
    uint64_t end = arch_timer_now() + milliseconds * arch_timer_frequency() / 1000;

    while (arch_timer_now() < end)
        arch_cpu_wait();
}

/** EL2's timer interrupts from here on; @p mini and a second vCPU of its domain are ready. */
static void begin(struct mini *mini, struct arch_vcpu *second, const char *program)
{
    struct arch_mmio mmio;

    mini_begin(mini, program);
    *second = (struct arch_vcpu){.stage2 = &mini->stage2, .vmpidr = 1u << 31 | 1};
    arch_vcpu_init(second, KERNEL_IPA, TREE_IPA);
    (void)arch_mmio_map(&mmio, pa(GICD), 0x1000);
    arch_mmio_write32(&mmio, 0, 1);
    arch_mmio_write32(&mmio, 0x100, 1u << 26);
    (void)arch_mmio_map(&mmio, pa(GICC), 0x2000);
    arch_mmio_write32(&mmio, 4, 0xff);
    arch_mmio_write32(&mmio, 0, 1);
}

/** @p vcpu runs for so long, until the timer brings it out. */
static void run_for(struct arch_vcpu *vcpu, uint64_t milliseconds)
{
    struct arch_exit exit;

    arch_timer_set_deadline(arch_timer_now() + milliseconds * arch_timer_frequency() / 1000);
    arch_vcpu_load(vcpu);
    do
        arch_vcpu_run(vcpu, &exit);
    while (exit.reason != ARCH_EXIT_IRQ);
    arch_timer_set_deadline(ARCH_TIMER_NEVER);
    arch_vcpu_put(vcpu);
}

static void never_goes_on(void *context)
{
    struct mini mini;
    struct arch_vcpu second;
    (void)context;
    begin(&mini, &second, "spin");
    run_for(&mini.vcpu, 1);
    pass(100);
}

static void never_turned_on(void *context)
{
    struct mini mini;
    struct arch_vcpu second;
    (void)context;
    begin(&mini, &second, "on");
    arch_vcpu_load(&mini.vcpu);
    mini_run(&mini);
    mini.vcpu.regs.x[0] = 0;
    arch_vcpu_put(&mini.vcpu);
    for (unsigned i = 0; i < 20; i++)
        run_for(&mini.vcpu, 5);
}

static void never_woken(void *context)
{
    struct mini mini;
    struct arch_vcpu second;
    (void)context;
    begin(&mini, &second, "sleep");
    mini.vcpu.trap_wfi = true;
    arch_vcpu_load(&mini.vcpu);
    mini_run(&mini);
    arch_vcpu_put(&mini.vcpu);
    pass(100);
}

/* As if each of its WFIs were over at once. */
static void cannot_sleep(void *context)
{
    struct mini mini;
    struct arch_vcpu second;
    (void)context;
    begin(&mini, &second, "doze");
    mini.vcpu.trap_wfi = true;
    arch_vcpu_load(&mini.vcpu);
    for (unsigned i = 0; i < 30; i++) {
        mini_run(&mini);
        mini.vcpu.regs.pc += 4;
    }
}

static void idle_past_its_deadline(void *context)
{
    uint64_t deadline = arch_timer_now();
    (void)context;
    while (arch_timer_now() < deadline + arch_timer_frequency() / 1000)
        arch_cpu_wait();
    arch_timer_set_deadline(deadline);
    arch_cpu_idle();
}

/* Both have their turns, in time; but the first one's are longer. */
static void uneven(void *context)
{
    struct mini mini;
    struct arch_vcpu second;
    (void)context;
    begin(&mini, &second, "spin");
    for (unsigned i = 0; i < 100; i++) {
        run_for(&mini.vcpu, 9);
        run_for(&second, 5);
    }
}

static const struct {
    void (*main)(void *context);
    const char *message;
} rules[] = {
    {never_goes_on, "vCPU 0 of VMID 1 wants to run for"},    {never_turned_on, "vCPU 1 of VMID 1 wants to run for"},
    {never_woken, "vCPU 0 of VMID 1 wants to run for"},      {cannot_sleep, "WFIs ended without cause"},
    {idle_past_its_deadline, "with a deadline that passed"}, {uneven, "vCPU 1 of VMID 1 wants to run all the time"},
};

static void register_programs(void)
{
    sim_register_guest("spin", program_spin);
    sim_register_guest("on", program_on);
    sim_register_guest("sleep", program_sleep);
    sim_register_guest("doze", program_doze);
}

START_TEST(test_rule)
{
    register_programs();
    expect_rule(rules[_i].main, rules[_i].message);
}
END_TEST

/* What must not be reported: turns of either, one that is refused, one that sleeps until it is due. */
static void all_right(void *context)
{
    struct mini mini;
    struct arch_vcpu second;
    (void)context;
    begin(&mini, &second, "on");
    arch_vcpu_load(&mini.vcpu);
    mini_run(&mini);
    mini.vcpu.regs.x[0] = (uint64_t)-4; /* ALREADY_ON */
    arch_vcpu_put(&mini.vcpu);
    for (unsigned i = 0; i < 20; i++)
        run_for(&mini.vcpu, 10);
    arch_vcpu_init(&second, KERNEL_IPA, TREE_IPA);
    mini_image("spin", KERNEL_PA);
    for (unsigned i = 0; i < 120; i++) {
        run_for(&mini.vcpu, 10);
        run_for(&second, 10);
    }
    mini_image("sleep", KERNEL_PA);
    arch_vcpu_init(&mini.vcpu, KERNEL_IPA, TREE_IPA);
    mini.vcpu.trap_wfi = true;
    arch_vcpu_load(&mini.vcpu);
    mini_run(&mini);
    arch_vcpu_put(&mini.vcpu);
    arch_vcpu_init(&second, KERNEL_IPA, TREE_IPA);
    pass(10);
}

START_TEST(test_no_false_alarm)
{
    struct sim_machine *machine = make_machine(NULL);
    register_programs();
    enum sim_end end = sim_run_with(machine, all_right, NULL, NULL);
    ck_assert_msg(end == SIM_END_RETURNED, "%s: %s", sim_end_name(end), sim_message(machine));
    sim_destroy(machine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostsim turns");
    TCase *tcase = tcase_create("turns");
    tcase_add_loop_test(tcase, test_rule, 0, (int)ARRAY_SIZE(rules));
    tcase_add_test(tcase, test_no_false_alarm);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
