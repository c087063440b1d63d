// SPDX-License-Identifier: Apache-2.0
/* Caches between the hypervisor and its guests: what each must have cleaned or invalidated for the other to see. Each
 * rule is broken once; what is right beside it must pass. */
#include "unit/hostsim/caches.h"

#define DATA_PA (SPARE_PA + 0x100000)

static struct sim_machine *machine;

static uint8_t *open_data(void)
{
    return arch_window_open(0, pa(DATA_PA), 0x1000, ARCH_MAP_READ_WRITE);
}

static void fill_data(uint8_t value)
{
    memset(open_data(), value, 0x1000);
}

/* ---- A guest with its caches off finds memory */

static void program_read(uint64_t device_tree)
{
    (void)device_tree;
    guest_hvc(0, 0, 0, 0);
    ck_assert_uint_eq(guest_read(DATA_IPA + 0x800, 1), 0x11);
    guest_hvc(0, 0, 0, 0);
}

static void program_write(uint64_t device_tree)
{
    (void)device_tree;
    guest_hvc(0, 0, 0, 0);
    guest_write(DATA_IPA + 0x800, 1, 5);
    guest_hvc(0, 0, 0, 0);
}

static void leave_dirty(struct mini *mini, const char *program)
{
    begin(mini, program);
    fill_data(0x11);
    arch_window_close(0);
    mini_run(mini);
}

static void read_over_dirty(void *context)
{
    struct mini mini;
    (void)context;
    leave_dirty(&mini, "read");
}

static void write_over_dirty(void *context)
{
    struct mini mini;
    (void)context;
    leave_dirty(&mini, "write");
}

/* Cleaned line by line: the lines that were not stay behind. */
static void clean_some(struct mini *mini, unsigned from, unsigned to)
{
    begin(mini, "read");
    fill_data(0x11);
    arch_cache_clean(open_data() + from, to - from);
    arch_window_close(0);
}

static void cleaned_beside(void *context)
{
    struct mini mini;
    (void)context;
    clean_some(&mini, 0, 0x800);
    mini_run(&mini);
}

static void cleaned(void *context)
{
    struct mini mini;
    (void)context;
    clean_some(&mini, 0x83f, 0x840);
    end_with_hvc(&mini);
}

/* ---- A guest that wrote with its caches off and then turns them on */

static void program_write_then_look(uint64_t device_tree)
{
    (void)device_tree;
    paging_tables();
    guest_hvc(0, 0, 0, 0);
    ck_assert_uint_eq(guest_read(DATA_IPA, 1), 0x11);
    guest_write(DATA_IPA, 1, 0x22);
    paging_on();
    ck_assert_uint_eq(guest_read(DATA_IPA, 1), 0x22);
    guest_hvc(0, 0, 0, 0);
}

static void leave_lines(struct mini *mini, void (*maintain)(uint8_t *data))
{
    begin(mini, "write then look");
    uint8_t *data = open_data();
    memset(data, 0x11, LINE);
    maintain(data);
    arch_window_close(0);
}

static void only_clean(uint8_t *data)
{
    arch_cache_clean(data, LINE);
}

static void clean_and_invalidate(uint8_t *data)
{
    arch_cache_clean_invalidate(data, LINE);
}

static void shadowed(void *context)
{
    struct mini mini;
    (void)context;
    leave_lines(&mini, only_clean);
    mini_run(&mini);
}

static void not_shadowed(void *context)
{
    struct mini mini;
    (void)context;
    leave_lines(&mini, clean_and_invalidate);
    end_with_hvc(&mini);
    /* Core's view is not stale either: it holds no line of what the guest wrote behind it */
    ck_assert_uint_eq(open_data()[0], 0x22);
    arch_window_close(0);
}

/* A mapping is of pages: what lies beside the range that a window was opened for may be fetched as well. */
static void program_write_beside(uint64_t device_tree)
{
    (void)device_tree;
    paging_tables();
    guest_hvc(0, 0, 0, 0);
    guest_write(DATA_IPA + 0x800, 1, 0x22);
    paging_on();
    ck_assert_uint_eq(guest_read(DATA_IPA + 0x800, 1), 0x22);
    guest_hvc(0, 0, 0, 0);
}

static void open_one_line(struct mini *mini, uint64_t address)
{
    begin(mini, "write beside");
    uint8_t *data = arch_window_open(0, pa(address), LINE, ARCH_MAP_READ_WRITE);
    arch_cache_clean_invalidate(data, LINE);
    arch_window_close(0);
}

static void shadowed_beside(void *context)
{
    struct mini mini;
    (void)context;
    open_one_line(&mini, DATA_PA);
    mini_run(&mini);
}

static void beside_the_page(void *context)
{
    struct mini mini;
    (void)context;
    open_one_line(&mini, DATA_PA + 0x1000);
    end_with_hvc(&mini);
}

/* ---- Both through caches: coherent, whoever writes */

static void program_coherent(uint64_t device_tree)
{
    (void)device_tree;
    paging_tables();
    paging_on();
    guest_write32(DATA_IPA + 4, 0x01020304);
    guest_hvc(0, 0, 0, 0);
    ck_assert_uint_eq(guest_read32(DATA_IPA + 4), 0x55555555);
    guest_write32(DATA_IPA + 8, 0x66666666);
    guest_hvc(0, 0, 0, 0);
    ck_assert_uint_eq(guest_read32(DATA_IPA + 4), 0x55555555);
    guest_hvc(0, 0, 0, 0);
}

static uint32_t in_memory(uint64_t address)
{
    uint32_t word;
    ck_assert(sim_peek(machine, address, &word, 4));
    return word;
}

static void coherent(void *context)
{
    struct mini mini;
    (void)context;
    begin(&mini, "coherent");
    ck_assert_uint_eq(in_memory(DATA_PA + 4), 0); /* it is in a cache only */
    uint32_t *data = (uint32_t *)(void *)open_data();
    ck_assert_uint_eq(data[1], 0x01020304);
    data[1] = 0x55555555;
    arch_window_close(0);
    end_with_hvc(&mini);
    ck_assert_uint_eq(in_memory(DATA_PA + 8), 0);
    data = (uint32_t *)(void *)arch_window_open(0, pa(DATA_PA), 0x1000, ARCH_MAP_READ);
    ck_assert_uint_eq(data[2], 0x66666666);
    arch_window_close(0);
    end_with_hvc(&mini);
}

/* ---- While another CPU has the page in its window */

static void hold_window(unsigned cpu)
{
    (void)cpu;
    uint8_t *data = open_data();
    while (data[0] != 0x77)
        arch_cpu_wait();
    data[LINE] = 0x78;
    for (unsigned i = 0; i < 100; i++)
        arch_cpu_wait();
    arch_window_close(0);
}

static void program_shared(uint64_t device_tree)
{
    (void)device_tree;
    paging_tables();
    paging_on();
    guest_write(DATA_IPA, 1, 0x77);
    while (guest_read(DATA_IPA + LINE, 1) != 0x78)
        guest_spin(1000);
    paging_off();
    guest_read(DATA_IPA + LINE, 1);
}

static void dirty_while_mapped(void *context)
{
    struct mini mini;
    (void)context;
    ck_assert_int_eq(arch_cpu_start(1, 1), HV_OK);
    for (unsigned i = 0; i < 10; i++)
        arch_cpu_wait();
    paging_begin(&mini, "shared");
}

/* ---- The guest's own maintenance */

static uint32_t memory_word(uint64_t address)
{
    paging_off();
    uint32_t word = guest_read32(address);
    paging_on();
    return word;
}

static void program_maintenance(uint64_t device_tree)
{
    (void)device_tree;
    paging_tables();
    paging_on();
    for (uint32_t i = 0; i < 4; i++)
        guest_write32(DATA_IPA + LINE * i, i + 1);
    ck_assert_uint_eq(memory_word(DATA_IPA), 0); /* its own doing, and no failure */
    guest_maintain(GUEST_DC_CVAC, DATA_IPA + 8);
    ck_assert_uint_eq(memory_word(DATA_IPA), 1);
    ck_assert_uint_eq(memory_word(DATA_IPA + LINE), 0);
    guest_maintain(GUEST_DC_CIVAC, DATA_IPA + LINE);
    ck_assert_uint_eq(memory_word(DATA_IPA + LINE), 2);
    guest_maintain(GUEST_DC_IVAC, DATA_IPA + 2 * LINE); /* HCR_EL2.VM: nothing is thrown away */
    ck_assert_uint_eq(memory_word(DATA_IPA + 2 * LINE), 3);
    guest_maintain(GUEST_DC_CVAU, DATA_IPA + 3 * LINE);
    ck_assert_uint_eq(memory_word(DATA_IPA + 3 * LINE), 0);
    paging_off();
    guest_write32(DATA_IPA, 7);
    guest_write32(DATA_IPA + LINE, 8);
    paging_on();
    ck_assert_uint_eq(guest_read32(DATA_IPA), 1); /* its own line, cleaned only */
    ck_assert_uint_eq(guest_read32(DATA_IPA + LINE), 8);
    guest_maintain(GUEST_DC_IVAC, DATA_IPA);
    ck_assert_uint_eq(guest_read32(DATA_IPA), 7);
    guest_hvc(0, 0, 0, 0);
    guest_msr(GUEST_SYSREG(1, 0, 7, 14, 2), 0); /* DC CISW */
}

static void maintenance(void *context)
{
    struct mini mini;
    (void)context;
    begin(&mini, "maintenance");
    struct arch_exit exit = mini_run(&mini);
    ck_assert_uint_eq(exit_class(&exit), 0x18);
}

/* A line that memory overtook, and that was written and cleaned since, is what core finds. */
static void program_overtake(uint64_t device_tree)
{
    (void)device_tree;
    paging_tables();
    paging_on();
    ck_assert_uint_eq(guest_read32(DATA_IPA), 0);
    paging_off();
    guest_write32(DATA_IPA, 5);
    paging_on();
    guest_write32(DATA_IPA, 6);
    guest_maintain(GUEST_DC_CVAC, DATA_IPA);
    guest_hvc(0, 0, 0, 0);
}

static void overtaken_and_cleaned(void *context)
{
    struct mini mini;
    (void)context;
    begin(&mini, "overtake");
    ck_assert_uint_eq(open_data()[0], 6);
    arch_window_close(0);
}

/* ---- A life that leaves dirty lines, and the next one */

static void program_leave(uint64_t device_tree)
{
    (void)device_tree;
    paging_off();
    ck_assert_uint_eq(guest_read32(DATA_IPA), 0);
    paging_tables();
    paging_on();
    ck_assert_uint_eq(guest_read32(DATA_IPA), 0);
    guest_write32(DATA_IPA, 0xdead);
    guest_hvc(0, 0, 0, 0);
}

static void begin_again(struct mini *mini, void (*maintain)(uint8_t *block))
{
    begin(mini, "leave");
    arch_vcpu_put(&mini->vcpu);
    arch_stage2_invalidate(&mini->stage2, ipa(0), 1ULL << 32);
    arch_vcpu_init(&mini->vcpu, KERNEL_IPA, TREE_IPA);
    uint8_t *block = arch_window_open(0, pa(SPARE_PA), 0x200000, ARCH_MAP_READ_WRITE);
    maintain(block);
    arch_window_close(0);
    arch_vcpu_load(&mini->vcpu);
    end_with_hvc(mini);
}

static void do_nothing(uint8_t *block)
{
    (void)block;
}

static void zero_without_clean(uint8_t *block)
{
    memset(block, 0, 0x200000);
}

static void zero(uint8_t *block)
{
    arch_zero_and_clean(block, 0x200000);
}

static void left_over(void *context)
{
    struct mini mini;
    (void)context;
    begin_again(&mini, do_nothing);
}

static void zeros_left_in_cache(void *context)
{
    struct mini mini;
    (void)context;
    begin_again(&mini, zero_without_clean);
}

static void a_new_life(void *context)
{
    struct mini mini;
    (void)context;
    begin_again(&mini, zero);
}

static const struct cache_case cases[] = {
    {read_over_dirty, "reads memory at 0x50300800: a dirty line"},
    {write_over_dirty, "writes memory at 0x50300800: a dirty line"},
    {cleaned_beside, "a dirty line"},
    {cleaned, NULL},
    {shadowed, "hides what was written"},
    {not_shadowed, NULL},
    {shadowed_beside, "hides what was written"},
    {beside_the_page, NULL},
    {coherent, NULL},
    {dirty_while_mapped, "reads memory at 0x50300040: a dirty line"},
    {maintenance, NULL},
    {overtaken_and_cleaned, NULL},
    {left_over, "a dirty line"},
    {zeros_left_in_cache, "a dirty line"},
    {a_new_life, NULL},
};

static void register_programs(void)
{
    static const struct {
        const char *name;
        void (*main)(uint64_t device_tree);
    } programs[] = {
        {"read", program_read},         {"write", program_write},       {"write then look", program_write_then_look},
        {"coherent", program_coherent}, {"shared", program_shared},     {"maintenance", program_maintenance},
        {"leave", program_leave},       {"overtake", program_overtake}, {"write beside", program_write_beside},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(programs); i++)
        sim_register_guest(programs[i].name, programs[i].main);
}

START_TEST(test_case)
{
    register_programs();
    machine = make_machine(&(struct sim_options){.clean_ram = true});
    enum sim_end end = sim_run_with(machine, cases[_i].main, NULL, hold_window);
    expect_end(machine, end, cases[_i].message);
    sim_destroy(machine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostsim caches");
    TCase *tcase = tcase_create("caches");
    tcase_add_loop_test(tcase, test_case, 0, (int)ARRAY_SIZE(cases));
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
