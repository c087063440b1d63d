// SPDX-License-Identifier: Apache-2.0
/* KVM's memory slots, where the host has KVM for x86-64 code: what core invalidates comes back when it is used. */
#include "unit/hostsim/mini.h"

#define PAGE 0x1000ULL
#define TOUCHED (SPARE_IPA + PAGE)

/* Behind the header: writes to TOUCHED, then calls (kvm_abi.h), for ever. */
static const uint8_t payload[64 + 21] = {
    [64] = 0xc7, 0x04, 0x25, 0x00, 0x10, 0x20, 0x40, 0x01, 0x00, 0x00, 0x00, /* movl $1, 0x40201000 */
    0x31,        0xc0,                                                       /* xor %eax, %eax */
    0xba,        0x10, 0x05, 0x00, 0x00,                                     /* mov $0x510, %edx */
    0xef,                                                                    /* out %eax, (%dx) */
    0xeb,        0xeb,                                                       /* jmp */
};

static void begin(struct mini *mini)
{
    memset(mini, 0, sizeof(*mini));
    mini_tables(mini, 1);
    memcpy(arch_window_open(0, pa(KERNEL_PA), PAGE, ARCH_MAP_READ_WRITE), payload, sizeof(payload));
    arch_window_close(0);
    arch_icache_invalidate_all();
    mini_map(mini, KERNEL_IPA, KERNEL_PA, NORMAL);
    mini_map(mini, SPARE_IPA, SPARE_PA, NORMAL);
    mini->vcpu.stage2 = &mini->stage2;
    arch_vcpu_init(&mini->vcpu, KERNEL_IPA, TREE_IPA);
    arch_vcpu_load(&mini->vcpu);
}

static void run_to_call(struct mini *mini)
{
    struct arch_exit exit = mini_run(mini);
    ck_assert_uint_eq(exit_class(&exit), CLASS_HVC);
}

static uint8_t take_touched(uint64_t target)
{
    uint8_t *window = arch_window_open(0, pa(target + PAGE), PAGE, ARCH_MAP_READ_WRITE), value = *window;
    *window = 0;
    arch_window_close(0);
    return value;
}

/* Part of a block is invalidated, and what is left of its slot is in the way of the whole; or so is the code that runs.
 */
static void part_of_a_block(void *context)
{
    static const uint64_t ranges[][2] = {
        {TOUCHED, PAGE}, {SPARE_IPA, 2 * PAGE}, {TOUCHED, BLOCK_SIZE - PAGE}, {KERNEL_IPA, 2 * BLOCK_SIZE}};
    struct mini mini;
    (void)context;
    begin(&mini);
    run_to_call(&mini);
    for (unsigned i = 0; i < ARRAY_SIZE(ranges); i++) {
        ck_assert_uint_eq(take_touched(SPARE_PA), 1);
        arch_stage2_invalidate(&mini.stage2, ipa(ranges[i][0]), ranges[i][1]);
        run_to_call(&mini);
    }
    ck_assert_uint_eq(take_touched(SPARE_PA), 1);
    arch_vcpu_put(&mini.vcpu);
}

static void another_block(void *context)
{
    struct mini mini;
    (void)context;
    begin(&mini);
    run_to_call(&mini);
    ck_assert_uint_eq(take_touched(SPARE_PA), 1);
    mini.level2[SPARE_IPA >> 21 & 511] = 0;
    arch_stage2_invalidate(&mini.stage2, ipa(SPARE_IPA), BLOCK_SIZE);
    struct arch_exit exit = mini_run(&mini);
    ck_assert_uint_eq(exit_class(&exit), 0x24);
    ck_assert_uint_eq(exit.hpfar, TOUCHED >> 12 << 4);
    mini_map(&mini, SPARE_IPA, SPARE_PA + BLOCK_SIZE, NORMAL);
    run_to_call(&mini);
    ck_assert_uint_eq(take_touched(SPARE_PA), 0);
    ck_assert_uint_eq(take_touched(SPARE_PA + BLOCK_SIZE), 1);
    arch_vcpu_put(&mini.vcpu);
}

static void (*const runs[])(void *context) = {part_of_a_block, another_block};

START_TEST(test_run)
{
#if !defined(__x86_64__)
    fprintf(stderr, "skipped: the payload is x86-64 code\n");
#else
    if (access("/dev/kvm", R_OK | W_OK) != 0) {
        fprintf(stderr, "skipped: no /dev/kvm\n");
        return;
    }
    struct sim_machine *machine = make_machine(&(struct sim_options){.kvm = true});
    enum sim_end end = sim_run_with(machine, runs[_i], NULL, NULL);
    ck_assert_msg(end == SIM_END_RETURNED, "%s: %s", sim_end_name(end), sim_message(machine));
    sim_destroy(machine);
#endif
}
END_TEST

START_TEST(test_no_threads)
{
    size_t size;
    void *dtb = read_file("ok/two-domains.dtb", &size);
    ck_assert_ptr_null(sim_create(dtb, size, &(struct sim_options){.kvm = true, .threads = true}));
    ck_assert_str_eq(sim_create_error(), "guests in KVM and CPUs in threads do not go together");
    free(dtb);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, test_no_threads);
    tcase_add_loop_test(tests, test_run, 0, (int)ARRAY_SIZE(runs));
}

int main(void)
{
    return suite_run("hostsim KVM", add_tests, NULL);
}
