// SPDX-License-Identifier: Apache-2.0
/* What instruction caches may hold of what was written, by core, by the guest itself, and whose it is to drop. */
#include "unit/hostsim/caches.h"

#define CODE_IPA (SPARE_IPA + 0x180000)
#define CODE_PA (SPARE_PA + 0x180000)

static void program_code(uint64_t device_tree)
{
    (void)device_tree;
    guest_fetch(CODE_IPA + 4 * LINE);
    guest_hvc(0, 0, 0, 0);
    guest_fetch(CODE_IPA + 3 * LINE);
    guest_fetch(CODE_IPA + 5 * LINE);
    guest_hvc(0, 0, 0, 0);
    guest_fetch(CODE_IPA + 4 * LINE);
    guest_hvc(0, 0, 0, 0);
}

static void write_code(uint8_t value, bool zeros)
{
    uint8_t *code = arch_window_open(0, pa(CODE_PA), 0x1000, ARCH_MAP_READ_WRITE);
    if (zeros)
        arch_zero_and_clean(code + 4 * LINE, LINE);
    memset(code + 4 * LINE, value, LINE);
    if (!zeros)
        arch_cache_clean_invalidate(code + 4 * LINE, LINE);
    arch_window_close(0);
}

static void stale_line(void *context)
{
    struct mini mini;
    (void)context;
    begin(&mini, "code");
    write_code(0x11, false);
    end_with_hvc(&mini); /* the lines beside it are as they were */
    mini_run(&mini);
}

static void stale_zeros(void *context)
{
    struct mini mini;
    (void)context;
    begin(&mini, "code");
    write_code(0, true); /* what the guest has fetched there may still be in an instruction cache */
    end_with_hvc(&mini);
    mini_run(&mini);
}

static void uncleaned_line(void *context)
{
    struct mini mini;
    (void)context;
    begin(&mini, "code");
    uint8_t *code = arch_window_open(0, pa(CODE_PA), 0x1000, ARCH_MAP_READ_WRITE);
    code[4 * LINE] = 1;
    arch_window_close(0);
    arch_icache_invalidate_all();
    end_with_hvc(&mini);
    mini_run(&mini);
}

static void fresh_code(void *context)
{
    struct mini mini;
    (void)context;
    mini_begin(&mini, "code");
    mini_map(&mini, SPARE_IPA, SPARE_PA, NORMAL);
    write_code(0, true); /* nobody can have fetched from it since instruction caches were dropped */
    arch_vcpu_load(&mini.vcpu);
    end_with_hvc(&mini);
    write_code(0x11, false);
    end_with_hvc(&mini);
    arch_icache_invalidate_all();
    end_with_hvc(&mini);
}

/* What one guest drops from instruction caches is its own: another's may be kept with the other VMID. */
static void program_drop(uint64_t device_tree)
{
    (void)device_tree;
    guest_maintain(GUEST_IC_IALLU, 0);
    guest_hvc(0, 0, 0, 0);
}

static void run_other(struct mini *other)
{
    memset(other, 0, sizeof(*other));
    mini_tables(other, 2);
    mini_map(other, KERNEL_IPA, KERNEL_PA + 0x600000, NORMAL);
    other->vcpu.stage2 = &other->stage2;
    arch_vcpu_init(&other->vcpu, KERNEL_IPA, TREE_IPA);
    arch_vcpu_load(&other->vcpu);
    end_with_hvc(other);
    arch_vcpu_put(&other->vcpu);
}

static void dropped_by_another(void *context)
{
    struct mini mini, other;
    (void)context;
    mini_image("drop", KERNEL_PA + 0x600000);
    begin(&mini, "code");
    write_code(0x11, false);
    arch_vcpu_put(&mini.vcpu);
    run_other(&other);
    arch_vcpu_load(&mini.vcpu);
    end_with_hvc(&mini);
    mini_run(&mini);
}

static void program_drop_own(uint64_t device_tree)
{
    (void)device_tree;
    guest_fetch(CODE_IPA + 4 * LINE);
    guest_hvc(0, 0, 0, 0);
    guest_maintain(GUEST_IC_IALLU, 0);
    guest_fetch(CODE_IPA + 4 * LINE); /* core wrote it before */
    guest_hvc(0, 0, 0, 0);
    guest_fetch(CODE_IPA + 4 * LINE); /* and again */
    guest_hvc(0, 0, 0, 0);
}

static void dropped_by_itself(void *context)
{
    struct mini mini;
    (void)context;
    begin(&mini, "drop own");
    write_code(0x11, false);
    end_with_hvc(&mini);
}

static void dropped_too_early(void *context)
{
    struct mini mini;
    (void)context;
    begin(&mini, "drop own");
    write_code(0x11, false);
    end_with_hvc(&mini);
    write_code(0x12, false);
    mini_run(&mini);
}

/* What a guest does to its own code. */
static void program_self(uint64_t device_tree)
{
    (void)device_tree;
    guest_hvc(0, 0, 0, 0);
    guest_write32(CODE_IPA, 1); /* with its caches off: nothing to clean */
    guest_maintain(GUEST_IC_IVAU, CODE_IPA);
    guest_fetch(CODE_IPA);
    paging_tables();
    paging_on();
    guest_write32(CODE_IPA, 2);
    guest_maintain(GUEST_DC_CVAU, CODE_IPA);
    guest_maintain(GUEST_IC_IVAU, CODE_IPA);
    guest_fetch(CODE_IPA);
    guest_write32(CODE_IPA, 3);
    guest_maintain(GUEST_DC_CVAU, CODE_IPA);
    guest_maintain(GUEST_IC_IALLU, 0);
    guest_fetch(CODE_IPA);
    guest_hvc(0, 0, 0, 0);
}

static void self(void *context)
{
    struct mini mini;
    (void)context;
    begin(&mini, "self");
    end_with_hvc(&mini);
}

static void program_no_ivau(uint64_t device_tree)
{
    (void)device_tree;
    guest_write32(CODE_IPA, 1);
    guest_maintain(GUEST_IC_IVAU, CODE_IPA + LINE);
    guest_fetch(CODE_IPA);
}

static void program_no_cvau(uint64_t device_tree)
{
    (void)device_tree;
    paging_tables();
    paging_on();
    guest_write32(CODE_IPA, 1);
    guest_maintain(GUEST_IC_IVAU, CODE_IPA);
    guest_fetch(CODE_IPA);
}

/* To the point of unification only, then with the caches off: those fetches come from memory. */
static void program_cvau_off(uint64_t device_tree)
{
    (void)device_tree;
    paging_tables();
    paging_on();
    guest_write32(CODE_IPA, 1);
    guest_maintain(GUEST_DC_CVAU, CODE_IPA);
    guest_maintain(GUEST_IC_IVAU, CODE_IPA);
    guest_fetch(CODE_IPA);
    paging_off();
    guest_fetch(CODE_IPA);
}

static void no_ivau(void *context)
{
    struct mini mini;
    (void)context;
    paging_begin(&mini, "no ivau");
}

static void no_cvau(void *context)
{
    struct mini mini;
    (void)context;
    paging_begin(&mini, "no cvau");
}

static void cvau_off(void *context)
{
    struct mini mini;
    (void)context;
    paging_begin(&mini, "cvau off");
}

static const struct cache_case cases[] = {
    {stale_line, "at 0x50380100, which CPU 0 wrote at"},
    {stale_zeros, "at 0x50380100, which CPU 0 wrote at"},
    {uncleaned_line, "fetches instructions from memory at 0x50380100: a dirty line"},
    {fresh_code, NULL},
    {dropped_by_another, "at 0x50380100, which CPU 0 wrote at"},
    {dropped_by_itself, NULL},
    {dropped_too_early, "at 0x50380100, which CPU 0 wrote at"},
    {self, NULL},
    {no_ivau, "invalidated in the instruction caches: its own fault"},
    {no_cvau, "cleaned to where its instructions come from: its own fault"},
    {cvau_off, "cleaned to where its instructions come from: its own fault"},
};

START_TEST(test_case)
{
    static const struct {
        const char *name;
        void (*main)(uint64_t device_tree);
    } programs[] = {
        {"code", program_code},         {"self", program_self},         {"no ivau", program_no_ivau},
        {"no cvau", program_no_cvau},   {"cvau off", program_cvau_off}, {"drop", program_drop},
        {"drop own", program_drop_own},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(programs); i++)
        sim_register_guest(programs[i].name, programs[i].main);
    struct sim_machine *machine = make_machine(&(struct sim_options){.clean_ram = true});
    enum sim_end end = sim_run_with(machine, cases[_i].main, NULL, NULL);
    expect_end(machine, end, cases[_i].message);
    sim_destroy(machine);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, test_case, 0, (int)ARRAY_SIZE(cases));
}

int main(void)
{
    return suite_run("hostsim instruction caches", add_tests, NULL);
}
