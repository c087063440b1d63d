// SPDX-License-Identifier: Apache-2.0
/* Each rule that hostsim watches over is broken here once, and must be noticed: a simulator that misses it proves
 * nothing. */
#include "unit/hostsim/mini.h"

static struct arch_spinlock lock, other_lock, third_lock;

/* ---- Locks and CPUs */

static void lock_twice(void *context)
{
    (void)context;
    arch_spin_lock(&lock);
    arch_spin_lock(&lock);
}

static void unlock_unheld(void *context)
{
    (void)context;
    arch_spin_lock(&other_lock);
    arch_spin_unlock(&lock);
}

static void nest(struct arch_spinlock *outer, struct arch_spinlock *inner)
{
    arch_spin_lock(outer);
    arch_spin_lock(inner);
    arch_spin_unlock(inner);
    arch_spin_unlock(outer);
}

/* Nobody waits for anybody here: it is enough that two CPUs could. */
static void both_orders(void *context)
{
    (void)context;
    nest(&lock, &other_lock);
    nest(&lock, &other_lock);
    nest(&other_lock, &lock);
}

static void round_three_locks(void *context)
{
    (void)context;
    nest(&lock, &other_lock);
    nest(&other_lock, &third_lock);
    nest(&lock, &third_lock);
    nest(&third_lock, &lock);
}

static void idle_with_lock(void *context)
{
    (void)context;
    arch_spin_lock(&lock);
    arch_cpu_idle();
}

/* ---- Memory */

static void window_across_blocks(void *context)
{
    (void)context;
    arch_window_open(0, pa(0x501ff000), 0x2000, ARCH_MAP_READ);
}

static void window_outside_ram(void *context)
{
    (void)context;
    arch_window_open(0, pa(0x1000), 0x1000, ARCH_MAP_READ);
}

static void close_closed_window(void *context)
{
    (void)context;
    arch_window_open(0, pa(KERNEL_PA), 0x1000, ARCH_MAP_READ);
    arch_window_close(1);
}

static void map_outside_ram(void *context)
{
    (void)context;
    (void)arch_map(pa(0xbfffff00), 0x200, ARCH_MAP_READ);
}

static void overlapping_copy(void *context)
{
    (void)context;
    uint8_t *window = arch_window_open(0, pa(KERNEL_PA), 0x1000, ARCH_MAP_READ_WRITE);
    arch_copy_and_clean(window + 64, window, 128);
}

static void zero_odd_size(void *context)
{
    (void)context;
    arch_zero_and_clean(arch_window_open(0, pa(KERNEL_PA), 0x1000, ARCH_MAP_READ_WRITE), 100);
}

/* ---- Devices */

static void ram_as_device(void *context)
{
    struct arch_mmio mmio;
    (void)context;
    (void)arch_mmio_map(&mmio, pa(KERNEL_PA), 0x1000);
}

static void no_device(void *context)
{
    struct arch_mmio mmio;
    (void)context;
    (void)arch_mmio_map(&mmio, pa(0x0a800000), 0x1000);
    (void)arch_mmio_read32(&mmio, 0);
}

static void unmapped_handle(void *context)
{
    struct arch_mmio mmio = {0};
    (void)context;
    (void)arch_mmio_read32(&mmio, 0);
}

static void behind_the_frame(void *context)
{
    struct arch_mmio mmio;
    (void)context;
    (void)arch_mmio_map(&mmio, pa(UART), 0x1000);
    (void)arch_mmio_read32(&mmio, 0x1000);
}

static void byte_of_a_word_register(void *context)
{
    struct arch_mmio mmio;
    (void)context;
    (void)arch_mmio_map(&mmio, pa(GICD), 0x1000);
    arch_mmio_write8(&mmio, 0x100, 1);
}

static void end_of_what_was_not_taken(void *context)
{
    struct arch_mmio mmio;
    (void)context;
    (void)arch_mmio_map(&mmio, pa(GICC), 0x2000);
    arch_mmio_write32(&mmio, 0x10, 27);
}

static void deactivation_in_mode_0(void *context)
{
    struct arch_mmio mmio;
    (void)context;
    (void)arch_mmio_map(&mmio, pa(GICC), 0x2000);
    arch_mmio_write32(&mmio, 0, 1);
    arch_mmio_write32(&mmio, 0x1000, 27);
}

static void trigger_of_an_enabled_interrupt(void *context)
{
    struct arch_mmio mmio;
    (void)context;
    (void)arch_mmio_map(&mmio, pa(GICD), 0x1000);
    arch_mmio_write32(&mmio, 0x104, 2);
    arch_mmio_write32(&mmio, 0xc08, 8);
}

/* ---- vCPUs */

static void load_twice(void *context)
{
    struct mini mini, second;
    (void)context;
    mini_begin(&mini, "hvc");
    second = mini;
    arch_vcpu_load(&mini.vcpu);
    arch_vcpu_load(&second.vcpu);
}

static void run_without_stage2(void *context)
{
    struct mini mini;
    (void)context;
    mini_begin(&mini, "hvc");
    mini.vcpu.stage2 = NULL;
    arch_vcpu_load(&mini.vcpu);
    mini_run(&mini);
}

static void run_unloaded(void *context)
{
    struct mini mini;
    (void)context;
    mini_begin(&mini, "hvc");
    mini_run(&mini);
}

static void run_with_lock(void *context)
{
    struct mini mini;
    (void)context;
    mini_begin(&mini, "hvc");
    arch_vcpu_load(&mini.vcpu);
    arch_spin_lock(&lock);
    mini_run(&mini);
}

static void run_with_window(void *context)
{
    struct mini mini;
    (void)context;
    mini_begin(&mini, "hvc");
    arch_vcpu_load(&mini.vcpu);
    arch_window_open(1, pa(KERNEL_PA), 0x1000, ARCH_MAP_READ);
    mini_run(&mini);
}

static void init_while_loaded(void *context)
{
    struct mini mini;
    (void)context;
    mini_begin(&mini, "hvc");
    arch_vcpu_load(&mini.vcpu);
    arch_vcpu_init(&mini.vcpu, KERNEL_IPA, TREE_IPA);
}

static void put_unloaded(void *context)
{
    struct mini mini;
    (void)context;
    mini_begin(&mini, "hvc");
    arch_vcpu_put(&mini.vcpu);
}

static void program_hvc(uint64_t device_tree)
{
    (void)device_tree;
    for (;;)
        guest_hvc(1, 2, 3, 4);
}

static void changed_register(void *context)
{
    struct mini mini;
    (void)context;
    mini_begin(&mini, "hvc");
    arch_vcpu_load(&mini.vcpu);
    mini_run(&mini);
    mini.vcpu.regs.x[17]++; /* SMCCC 1.1: x4 and up are preserved */
    mini_run(&mini);
}

static void changed_pc(void *context)
{
    struct mini mini;
    (void)context;
    mini_begin(&mini, "hvc");
    arch_vcpu_load(&mini.vcpu);
    mini_run(&mini);
    mini.vcpu.regs.pc += 8;
    mini_run(&mini);
}

static void program_load(uint64_t device_tree)
{
    (void)device_tree;
    guest_read32(0x3f000000);
}

static void load_too_wide(void *context)
{
    struct mini mini;
    (void)context;
    mini_begin(&mini, "load");
    arch_vcpu_load(&mini.vcpu);
    struct arch_exit exit = mini_run(&mini);
    mini.vcpu.regs.x[exit.esr >> 16 & 31] = 0x100000000;
    mini.vcpu.regs.pc += 4;
    mini_run(&mini);
}

static void list_registers_that_agree(void *context)
{
    struct mini mini;
    struct arch_mmio mmio;
    (void)context;
    mini_begin(&mini, "hvc");
    (void)arch_mmio_map(&mmio, pa(GICH), 0x1000);
    arch_mmio_write32(&mmio, 0x100, 1u << 28 | 40);
    arch_mmio_write32(&mmio, 0x104, 1u << 29 | 40);
    arch_vcpu_load(&mini.vcpu);
    mini_run(&mini);
}

static void linked_and_both(void *context)
{
    struct mini mini;
    struct arch_mmio mmio;
    (void)context;
    mini_begin(&mini, "hvc");
    (void)arch_mmio_map(&mmio, pa(GICH), 0x1000);
    arch_mmio_write32(&mmio, 0x100, 1u << 31 | 3u << 28 | 27u << 10 | 27);
    arch_vcpu_load(&mini.vcpu);
    mini_run(&mini);
}

/* ---- Guest memory */

static void image_not_cleaned(void *context)
{
    static uint8_t image[MINI_IMAGE];
    struct mini mini;
    (void)context;
    mini_begin(&mini, "hvc");
    sim_make_image(image, sizeof(image), sizeof(image), "hvc");
    memcpy(arch_window_open(0, pa(SPARE_PA), sizeof(image), ARCH_MAP_READ_WRITE), image, sizeof(image));
    arch_window_close(0);
    mini_map(&mini, SPARE_IPA, SPARE_PA, NORMAL);
    arch_vcpu_init(&mini.vcpu, SPARE_IPA, TREE_IPA);
    arch_vcpu_load(&mini.vcpu);
    mini_run(&mini);
}

static void image_in_stale_instruction_caches(void *context)
{
    struct mini mini;
    (void)context;
    mini_begin(&mini, "hvc");
    uint8_t *window = arch_window_open(0, pa(KERNEL_PA), MINI_IMAGE, ARCH_MAP_READ_WRITE);
    arch_cache_clean(window, 64);
    arch_window_close(0);
    arch_vcpu_load(&mini.vcpu);
    mini_run(&mini);
}

static void image_with_a_hole(void *context)
{
    static uint8_t image[MINI_IMAGE];
    struct mini mini;
    (void)context;
    mini_begin(&mini, "hvc");
    sim_make_image(image, sizeof(image), sizeof(image), "hvc");
    uint8_t *window = arch_window_open(0, pa(KERNEL_PA), sizeof(image), ARCH_MAP_READ_WRITE);
    memset(window + 1024, 0, 64);
    arch_cache_clean(window + 1024, 64);
    arch_window_close(0);
    arch_icache_invalidate_all();
    arch_vcpu_load(&mini.vcpu);
    mini_run(&mini);
}

static void program_touch(uint64_t device_tree)
{
    (void)device_tree;
    for (;;) {
        guest_write32(SPARE_IPA, 1);
        guest_hvc(0, 0, 0, 0);
    }
}

static void begin_touch(struct mini *mini)
{
    mini_begin(mini, "touch");
    mini_map(mini, SPARE_IPA, SPARE_PA, NORMAL);
    arch_vcpu_load(&mini->vcpu);
    mini_run(mini);
}

static void unmapped_without_invalidation(void *context)
{
    struct mini mini;
    (void)context;
    begin_touch(&mini);
    mini.level2[SPARE_IPA >> 21 & 511] = 0;
    mini_run(&mini);
}

static void invalidated_too_little(void *context)
{
    struct mini mini;
    (void)context;
    begin_touch(&mini);
    mini.level2[SPARE_IPA >> 21 & 511] = 0;
    arch_stage2_invalidate(&mini.stage2, ipa(SPARE_IPA + 0x1000), 0x1000);
    mini_run(&mini);
}

static void invalidated_for_another(void *context)
{
    struct mini mini;
    (void)context;
    begin_touch(&mini);
    mini.level2[SPARE_IPA >> 21 & 511] = 0;
    struct arch_stage2 other = mini.stage2;
    other.vmid = 2;
    arch_stage2_invalidate(&other, ipa(SPARE_IPA), 0x200000);
    mini_run(&mini);
}

static void replaced_without_break(void *context)
{
    struct mini mini;
    (void)context;
    begin_touch(&mini);
    mini_map(&mini, SPARE_IPA, SPARE_PA + 0x200000, NORMAL);
    mini_run(&mini);
}

static void page_of_another(void *context)
{
    struct mini mini, second;
    (void)context;
    begin_touch(&mini);
    arch_vcpu_put(&mini.vcpu);
    memset(&second, 0, sizeof(second));
    mini_tables(&second, 2);
    mini_image("touch", SPARE_PA + 0x200000);
    mini_map(&second, KERNEL_IPA, SPARE_PA + 0x200000, NORMAL);
    mini_map(&second, SPARE_IPA, SPARE_PA, NORMAL);
    second.vcpu.stage2 = &second.stage2;
    arch_vcpu_init(&second.vcpu, KERNEL_IPA, TREE_IPA);
    arch_vcpu_load(&second.vcpu);
    mini_run(&second);
}

static void page_of_the_hypervisor(void *context)
{
    struct mini mini;
    (void)context;
    mini_begin(&mini, "touch");
    mini_map(&mini, SPARE_IPA, TABLES, NORMAL);
    arch_vcpu_load(&mini.vcpu);
    mini_run(&mini);
}

static void ram_mapped_as_device(void *context)
{
    struct mini mini;
    (void)context;
    mini_begin(&mini, "touch");
    mini_map(&mini, SPARE_IPA, SPARE_PA, DEVICE);
    arch_vcpu_load(&mini.vcpu);
    mini_run(&mini);
}

static void tables_not_aligned(void *context)
{
    struct mini mini;
    (void)context;
    mini_begin(&mini, "hvc");
    mini.stage2.start_level = 2; /* four concatenated tables, which must be 16 KiB aligned */
    mini.stage2.root.raw += 0x1000;
    arch_vcpu_load(&mini.vcpu);
    mini_run(&mini);
}

static const struct {
    void (*main)(void *context);
    const char *message;
} rules[] = {
    {lock_twice, "a lock that this CPU holds"},
    {unlock_unheld, "a lock that this CPU does not hold"},
    {both_orders, "inside which one was taken that this CPU holds"},
    {round_three_locks, "inside which one was taken that this CPU holds"},
    {idle_with_lock, "with a lock held"},
    {window_across_blocks, "not inside one 2 MiB block"},
    {window_outside_ram, "not RAM"},
    {close_closed_window, "not open"},
    {map_outside_ram, "not RAM"},
    {overlapping_copy, "overlap"},
    {zero_odd_size, "not multiples of 64"},
    {ram_as_device, "RAM as a device"},
    {no_device, "external abort at EL2"},
    {unmapped_handle, "handle"},
    {behind_the_frame, "of a frame of"},
    {byte_of_a_word_register, "external abort at EL2: 1-byte write"},
    {end_of_what_was_not_taken, "GICC_EOIR"},
    {deactivation_in_mode_0, "GICC_DIR"},
    {trigger_of_an_enabled_interrupt, "GICD_ICFGR"},
    {load_twice, "another vCPU is loaded"},
    {run_without_stage2, "without stage 2"},
    {run_unloaded, "not loaded on this CPU"},
    {run_with_lock, "with a lock held"},
    {run_with_window, "with window 1 open"},
    {init_while_loaded, "that is loaded"},
    {put_unloaded, "not loaded on this CPU"},
    {changed_register, "x17 was"},
    {changed_pc, "left at"},
    {load_too_wide, "a load of 4 bytes gave"},
    {list_registers_that_agree, "both hold virtual INTID 40"},
    {linked_and_both, "pending and active"},
    {image_not_cleaned, "not cleaned to the point of coherency"},
    {image_in_stale_instruction_caches, "after the instruction caches were last invalidated"},
    {image_with_a_hole, "byte 0x400 of its image"},
    {unmapped_without_invalidation, "stale TLB entry"},
    {invalidated_too_little, "stale TLB entry"},
    {invalidated_for_another, "stale TLB entry"},
    {replaced_without_break, "break before make"},
    {page_of_another, "a page of VMID 1"},
    {page_of_the_hypervisor, "a page of the hypervisor"},
    {ram_mapped_as_device, "as Device memory"},
    {tables_not_aligned, "not aligned"},
};

START_TEST(test_rule)
{
    sim_register_guest("hvc", program_hvc);
    sim_register_guest("touch", program_touch);
    sim_register_guest("load", program_load);
    lock = other_lock = (struct arch_spinlock){0};
    expect_rule(rules[_i].main, rules[_i].message);
}
END_TEST

/* What must not be reported: the same with everything done right. */
static void all_right(void *context)
{
    struct mini mini;
    (void)context;
    begin_touch(&mini);
    mini.level2[SPARE_IPA >> 21 & 511] = 0;
    arch_stage2_invalidate(&mini.stage2, ipa(SPARE_IPA), 0x200000);
    mini_map(&mini, SPARE_IPA, SPARE_PA + 0x200000, NORMAL);
    ck_assert_uint_eq(exit_class(&(struct arch_exit){.esr = mini_run(&mini).esr}), CLASS_HVC);
    arch_vcpu_put(&mini.vcpu);
}

START_TEST(test_no_false_alarm)
{
    struct sim_machine *machine = make_machine(NULL);
    sim_register_guest("touch", program_touch);
    ck_assert_int_eq(sim_run_with(machine, all_right, NULL, NULL), SIM_END_RETURNED);
    sim_destroy(machine);
}
END_TEST

static void lock_for_ever(void *context)
{
    (void)context;
    lock.next = 1; /* taken by nobody */
    arch_spin_lock(&lock);
}

START_TEST(test_deadlock)
{
    struct sim_machine *machine = make_machine(NULL);
    lock = (struct arch_spinlock){0};
    ck_assert_int_eq(sim_run_with(machine, lock_for_ever, NULL, NULL), SIM_END_DEADLOCK);
    sim_destroy(machine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostsim rules");
    TCase *tcase = tcase_create("rules");
    tcase_add_loop_test(tcase, test_rule, 0, (int)ARRAY_SIZE(rules));
    tcase_add_test(tcase, test_no_false_alarm);
    tcase_add_test(tcase, test_deadlock);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
