// SPDX-License-Identifier: Apache-2.0
/* What hostsim holds against stage-2 tables and their invalidation (Arm ARM D8): each rule is broken once; what is
 * right beside it must pass. */
#include "unit/hostsim/mini.h"

#define PAGE 0x1000ULL
#define LEVEL3 (TABLES + 0x100000ULL) /* a level-3 table for SPARE_IPA */
#define PAGE_LEAF (NORMAL | TABLE)
#define WRITABLE 0x80ULL
#define ACCESSED 0x400ULL
#define SHAREABLE 0x300ULL

static uint64_t place; /* that the guest writes to */

static void program_touch(uint64_t device_tree)
{
    (void)device_tree;
    for (;;) {
        guest_write32(place, 1);
        guest_hvc(0, 0, 0, 0);
    }
}

/** What becomes of the guest's next write to @p address: the fault's status, 0 if there is none. */
static unsigned touch(struct mini *mini, uint64_t address)
{
    place = address;
    struct arch_exit exit = mini_run(mini);
    if (exit_class(&exit) == CLASS_HVC)
        return 0;
    ck_assert_uint_eq(exit_class(&exit), 0x24);
    mini->vcpu.regs.pc += 4;
    struct arch_exit next = mini_run(mini);
    ck_assert_uint_eq(exit_class(&next), CLASS_HVC);
    return exit.esr & 0x3f;
}

static uint64_t *spare_entry(const struct mini *mini)
{
    return &mini->level2[SPARE_IPA >> 21 & 511];
}

static void begin(struct mini *mini, uint64_t spare)
{
    mini_begin(mini, "touch");
    *spare_entry(mini) = spare;
    arch_stage2_publish();
    arch_vcpu_load(&mini->vcpu);
}

/** A table in the place of the spare block; nothing is mapped by it yet. */
static uint64_t *begin_pages(struct mini *mini)
{
    uint64_t *table = arch_map(pa(LEVEL3), PAGE, ARCH_MAP_READ_WRITE);
    memset(table, 0, PAGE);
    begin(mini, LEVEL3 | TABLE);
    return table;
}

static void invalidate(const struct mini *mini, uint64_t base, uint64_t size)
{
    arch_stage2_invalidate(&mini->stage2, ipa(base), size);
}

/* ---- Break before make */

static void make_before_break(void *context)
{
    struct mini mini;
    (void)context;
    begin(&mini, SPARE_PA | NORMAL | BLOCK);
    touch(&mini, SPARE_IPA);
    *spare_entry(&mini) = (SPARE_PA + BLOCK_SIZE) | NORMAL | BLOCK;
    invalidate(&mini, SPARE_IPA, BLOCK_SIZE);
}

static void other_type(void *context)
{
    struct mini mini;
    (void)context;
    begin(&mini, SPARE_PA | NORMAL | BLOCK);
    touch(&mini, SPARE_IPA);
    *spare_entry(&mini) = SPARE_PA | (NORMAL & ~0x28ULL) | BLOCK; /* Non-cacheable */
    invalidate(&mini, SPARE_IPA, BLOCK_SIZE);
}

static void fill_pages(uint64_t *table)
{
    for (unsigned i = 0; i < 512; i++)
        table[i] = (SPARE_PA + i * PAGE) | PAGE_LEAF;
}

static void split_without_break(void *context)
{
    struct mini mini;
    (void)context;
    uint64_t *table = begin_pages(&mini);
    fill_pages(table);
    *spare_entry(&mini) = SPARE_PA | NORMAL | BLOCK;
    touch(&mini, SPARE_IPA + PAGE);
    *spare_entry(&mini) = LEVEL3 | TABLE;
    invalidate(&mini, SPARE_IPA, BLOCK_SIZE);
}

static void split(void *context)
{
    struct mini mini;
    (void)context;
    uint64_t *table = begin_pages(&mini);
    fill_pages(table);
    *spare_entry(&mini) = SPARE_PA | NORMAL | BLOCK;
    ck_assert_uint_eq(touch(&mini, SPARE_IPA + PAGE), 0);
    *spare_entry(&mini) = 0;
    invalidate(&mini, SPARE_IPA, BLOCK_SIZE);
    *spare_entry(&mini) = LEVEL3 | TABLE;
    ck_assert_uint_eq(touch(&mini, SPARE_IPA + PAGE), 0);
}

/* Permissions alone may change in place; the invalidation is needed all the same. */
static void forbidden_in_place(void *context)
{
    struct mini mini;
    (void)context;
    begin(&mini, SPARE_PA | NORMAL | BLOCK);
    ck_assert_uint_eq(touch(&mini, SPARE_IPA), 0);
    *spare_entry(&mini) &= ~WRITABLE;
    invalidate(&mini, SPARE_IPA, BLOCK_SIZE);
    ck_assert_uint_eq(touch(&mini, SPARE_IPA), 0x0e);
}

static void still_permitted(void *context)
{
    struct mini mini;
    (void)context;
    begin(&mini, SPARE_PA | NORMAL | BLOCK);
    touch(&mini, SPARE_IPA);
    *spare_entry(&mini) &= ~WRITABLE;
    touch(&mini, SPARE_IPA);
}

/* ---- Entries of tables are held as leaves are, those of nothing and those without access flag are not */

static void table_taken_away(void *context)
{
    struct mini mini;
    (void)context;
    begin_pages(&mini);
    ck_assert_uint_eq(touch(&mini, SPARE_IPA), 0x07); /* nothing at level 3; but the way there is known now */
    *spare_entry(&mini) = 0;
    touch(&mini, SPARE_IPA);
}

static void table_replaced(void *context)
{
    struct mini mini;
    (void)context;
    begin_pages(&mini);
    ck_assert_uint_eq(touch(&mini, SPARE_IPA + 5 * PAGE), 0x07);
    *spare_entry(&mini) = SPARE_PA | NORMAL | BLOCK;
    touch(&mini, SPARE_IPA);
}

static void invalidated_elsewhere(void *context)
{
    struct mini mini;
    (void)context;
    begin_pages(&mini);
    ck_assert_uint_eq(touch(&mini, SPARE_IPA), 0x07);
    *spare_entry(&mini) = 0;
    invalidate(&mini, SPARE_IPA - PAGE, PAGE);
    invalidate(&mini, SPARE_IPA + BLOCK_SIZE, PAGE);
    touch(&mini, SPARE_IPA);
}

/* Any address below the table will do. */
static void table_invalidated(void *context)
{
    struct mini mini;
    (void)context;
    uint64_t *table = begin_pages(&mini);
    ck_assert_uint_eq(touch(&mini, SPARE_IPA), 0x07);
    table[0] = SPARE_PA | PAGE_LEAF; /* nothing has become something: no reason to invalidate */
    ck_assert_uint_eq(touch(&mini, SPARE_IPA), 0);
    table[0] = 0;
    *spare_entry(&mini) = 0;
    invalidate(&mini, SPARE_IPA, PAGE);
    ck_assert_uint_eq(touch(&mini, SPARE_IPA), 0x06);
}

static void access_flag(void *context)
{
    struct mini mini;
    (void)context;
    begin(&mini, SPARE_PA | (NORMAL & ~ACCESSED) | BLOCK);
    ck_assert_uint_eq(touch(&mini, SPARE_IPA), 0x0a);
    *spare_entry(&mini) |= ACCESSED;
    ck_assert_uint_eq(touch(&mini, SPARE_IPA), 0);
    ck_assert_uint_eq(touch(&mini, 1ULL << 32), 0x04); /* beyond the input size: level 0 */
}

/* ---- Entries that are no entries */

static uint64_t wrong_entry;

static void use_wrong_entry(void *context)
{
    struct mini mini;
    (void)context;
    begin(&mini, wrong_entry);
    touch(&mini, SPARE_IPA);
}

static const struct {
    uint64_t entry;
    const char *message;
} wrong_entries[] = {
    {SPARE_PA | NORMAL | BLOCK | 1u << 11, "reserved bits"},
    {SPARE_PA | NORMAL | BLOCK | 1ULL << 48, "reserved bits"},
    {SPARE_PA | NORMAL | BLOCK | 1ULL << 51, "reserved bits"},
    {SPARE_PA | NORMAL | BLOCK | 1ULL << 53, "reserved bits"},
    {SPARE_PA | (NORMAL & ~0x200ULL) | BLOCK, "reserved bits"}, /* shareability 0b01 */
    {SPARE_PA | (NORMAL & ~SHAREABLE) | BLOCK, "is not shareable"},
    {SPARE_PA | (NORMAL & ~0xcULL) | BLOCK, "reserved memory attributes"},
    {SPARE_PA | PAGE | NORMAL | BLOCK, "RES0 address bits set"},
    {SPARE_PA | DEVICE | BLOCK, "as Device memory, but it is RAM"},
    {0x08000000 | NORMAL | BLOCK, "as Normal memory, but it is not RAM"},
    {LEVEL3 | TABLE | 1ULL << 60, "table entry 0x1000000041100003 has RES0 bits set"},
    {0x30000000 | TABLE, "not in RAM that the hypervisor has mapped"},
    {TABLES | NORMAL | BLOCK, "a page of the hypervisor"},
};

/* ---- Roots */

static struct arch_stage2 wrong_root;

static void use_wrong_root(void *context)
{
    struct mini mini;
    (void)context;
    mini_begin(&mini, "touch");
    mini.stage2 = wrong_root;
    arch_vcpu_load(&mini.vcpu);
    touch(&mini, SPARE_IPA);
}

static const struct {
    struct arch_stage2 root;
    const char *message;
} wrong_roots[] = {
    {{.root = {TABLES}, .vmid = 0, .ipa_bits = 32, .start_level = 1}, "VMID 0"},
    {{.root = {TABLES}, .vmid = 256, .ipa_bits = 32, .start_level = 1}, "VMID 256"},
    {{.root = {TABLES}, .vmid = 1, .ipa_bits = 32, .start_level = 3}, "start level 3"},
    {{.root = {TABLES}, .vmid = 1, .ipa_bits = 30, .start_level = 1}, "cannot translate 30 bits"},
    {{.root = {TABLES}, .vmid = 1, .ipa_bits = 35, .start_level = 2}, "cannot translate 35 bits"},
    {{.root = {TABLES}, .vmid = 1, .ipa_bits = 41, .start_level = 1}, "cannot translate 41 bits"},
    {{.root = {TABLES}, .vmid = 1, .ipa_bits = 40, .start_level = 0}, "start level 0"}, /* not with 40 bits of PA */
    {{.root = {TABLES + PAGE}, .vmid = 1, .ipa_bits = 32, .start_level = 2}, "not aligned to its size"},
};

/* ---- Two domains and one block */

static void begin_second(struct mini *second, uint64_t spare)
{
    memset(second, 0, sizeof(*second));
    mini_tables(second, 2);
    mini_image("touch", SPARE_PA + 2 * BLOCK_SIZE);
    mini_map(second, KERNEL_IPA, SPARE_PA + 2 * BLOCK_SIZE, NORMAL);
    *spare_entry(second) = spare;
    second->vcpu.stage2 = &second->stage2;
    arch_vcpu_init(&second->vcpu, KERNEL_IPA, TREE_IPA);
    arch_vcpu_load(&second->vcpu);
}

/* The first domain has one page, which it uses; the second one's block covers it, though it does not go there. */
static void block_over_page(void *context)
{
    struct mini mini, second;
    (void)context;
    uint64_t *table = begin_pages(&mini);
    table[3] = (SPARE_PA + 3 * PAGE) | PAGE_LEAF;
    touch(&mini, SPARE_IPA + 3 * PAGE);
    arch_vcpu_put(&mini.vcpu);
    begin_second(&second, SPARE_PA | NORMAL | BLOCK);
    touch(&second, SPARE_IPA);
}

/* The first domain has the block and uses one page of it, the second one another. */
static void take_another_page(bool given_back)
{
    struct mini mini, second;
    uint64_t *table = begin_pages(&mini);
    *spare_entry(&mini) = SPARE_PA | NORMAL | BLOCK;
    touch(&mini, SPARE_IPA);
    if (given_back) {
        *spare_entry(&mini) = 0;
        invalidate(&mini, SPARE_IPA, BLOCK_SIZE);
    }
    arch_vcpu_put(&mini.vcpu);
    table[3] = (SPARE_PA + 3 * PAGE) | PAGE_LEAF;
    begin_second(&second, LEVEL3 | TABLE);
    ck_assert_uint_eq(touch(&second, SPARE_IPA + 3 * PAGE), 0);
}

static void page_under_block(void *context)
{
    (void)context;
    take_another_page(false);
}

static void page_given_back(void *context)
{
    (void)context;
    take_another_page(true);
}

static void one_block_twice(void *context)
{
    struct mini mini, second;
    (void)context;
    begin(&mini, SPARE_PA | NORMAL | BLOCK);
    touch(&mini, SPARE_IPA);
    arch_vcpu_put(&mini.vcpu);
    begin_second(&second, SPARE_PA | NORMAL | BLOCK);
    touch(&second, SPARE_IPA + PAGE);
}

static const struct {
    void (*main)(void *context);
    const char *message; /* NULL: nothing is wrong */
} cases[] = {
    {make_before_break, "break before make"},
    {other_type, "break before make"},
    {split_without_break, "break before make"},
    {split, NULL},
    {forbidden_in_place, NULL},
    {still_permitted, "stale TLB entry"},
    {table_taken_away, "level 2 table entry was 0x41100003; changed without invalidation"},
    {table_replaced, "level 2 table entry was 0x41100003; changed without invalidation"},
    {invalidated_elsewhere, "level 2 table entry"},
    {table_invalidated, NULL},
    {access_flag, NULL},
    {block_over_page, "VMID 2 reaches 0x50203000, a page of VMID 1"},
    {page_under_block, "VMID 2 reaches 0x50203000, a page of VMID 1"},
    {page_given_back, NULL},
    {one_block_twice, "VMID 2 reaches 0x50200000, a page of VMID 1"},
};

static void run_case(void (*main)(void *context), const char *message)
{
    sim_register_guest("touch", program_touch);
    if (message != NULL) {
        expect_rule(main, message);
        return;
    }
    struct sim_machine *machine = make_machine(NULL);
    enum sim_end end = sim_run_with(machine, main, NULL, NULL);
    ck_assert_msg(end == SIM_END_RETURNED, "%s: %s", sim_end_name(end), sim_message(machine));
    sim_destroy(machine);
}

START_TEST(test_case)
{
    run_case(cases[_i].main, cases[_i].message);
}
END_TEST

START_TEST(test_entry)
{
    wrong_entry = wrong_entries[_i].entry;
    run_case(use_wrong_entry, wrong_entries[_i].message);
}
END_TEST

START_TEST(test_root)
{
    wrong_root = wrong_roots[_i].root;
    run_case(use_wrong_root, wrong_roots[_i].message);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, test_case, 0, (int)ARRAY_SIZE(cases));
    tcase_add_loop_test(tests, test_entry, 0, (int)ARRAY_SIZE(wrong_entries));
    tcase_add_loop_test(tests, test_root, 0, (int)ARRAY_SIZE(wrong_roots));
}

int main(void)
{
    return suite_run("hostsim stage 2", add_tests, NULL);
}
