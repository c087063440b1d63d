// SPDX-License-Identifier: Apache-2.0
/* What must hold whenever a vCPU is loaded, entered, left and put, and after each event: each rule broken once, and
 * what is right beside it. */
#include "unit/hostsim/mini.h"

#define GICH_LR0 0x100
#define LR_LINKED (1u << 31)
#define LR_PENDING (1u << 28)
#define SPI 40

static void program_touch(uint64_t device_tree)
{
    (void)device_tree;
    for (;;) {
        guest_read32(SPARE_IPA);
        guest_hvc(0, 0, 0, 0);
    }
}

/** A vCPU that has run on this CPU, and is loaded. */
static void begin(struct mini *mini)
{
    mini_begin(mini, "touch");
    mini_map(mini, SPARE_IPA, SPARE_PA, NORMAL);
    arch_vcpu_load(&mini->vcpu);
    mini_run(mini);
}

static void begin_and_put(struct mini *mini)
{
    begin(mini);
    arch_vcpu_put(&mini->vcpu);
}

/* ---- State between put and load */

static void changed_sysreg(void *context)
{
    struct mini mini;
    (void)context;
    begin_and_put(&mini);
    mini.vcpu.sysregs[VCPU_TTBR0_EL1]++;
    arch_vcpu_load(&mini.vcpu);
}

static void changed_vector_register(void *context)
{
    struct mini mini;
    (void)context;
    begin_and_put(&mini);
    mini.vcpu.fp.q[31][15] ^= 1;
    arch_vcpu_load(&mini.vcpu);
}

/* While a vCPU is loaded its EL1 and FP state is the hardware's: memory holds something else, which is seen when it is
 * used, and what is written there is lost. */

static void read_while_loaded(void *context)
{
    static struct arch_vcpu copy;
    struct mini mini;
    (void)context;
    begin_and_put(&mini);
    copy = mini.vcpu;
    arch_vcpu_load(&mini.vcpu);
    memcpy(&copy.fp, &mini.vcpu.fp, sizeof(copy.fp));
    arch_vcpu_put(&mini.vcpu);
    arch_vcpu_load(&copy);
}

static void read_sysreg_while_loaded(void *context)
{
    static struct arch_vcpu copy;
    struct mini mini;
    (void)context;
    begin_and_put(&mini);
    copy = mini.vcpu;
    arch_vcpu_load(&mini.vcpu);
    copy.sysregs[VCPU_TPIDR_EL1] = mini.vcpu.sysregs[VCPU_TPIDR_EL1];
    arch_vcpu_put(&mini.vcpu);
    arch_vcpu_load(&copy);
}

static void written_while_loaded(void *context)
{
    struct mini mini;
    (void)context;
    begin_and_put(&mini);
    arch_vcpu_load(&mini.vcpu);
    memset(mini.vcpu.fp.q[31], 0, sizeof(mini.vcpu.fp.q[31]));
    arch_vcpu_put(&mini.vcpu);
}

static void control_written_while_loaded(void *context)
{
    struct mini mini;
    (void)context;
    begin_and_put(&mini);
    arch_vcpu_load(&mini.vcpu);
    mini.vcpu.fp.fpcr = 0;
    arch_vcpu_put(&mini.vcpu);
}

/* What was there comes back. */
static void loaded_and_put(void *context)
{
    struct mini mini;
    (void)context;
    begin_and_put(&mini);
    struct arch_vcpu before = mini.vcpu;
    memset(&before.fp, 0, sizeof(before.fp));
    before.fp.q[31][15] = 0x5a;
    before.fp.fpsr = 0x08000000;
    arch_vcpu_load(&before);
    ck_assert_int_ne(before.fp.q[31][15], 0x5a);
    ck_assert_uint_ne(before.fp.fpsr, 0x08000000);
    arch_vcpu_put(&before);
    ck_assert_int_eq(before.fp.q[31][15], 0x5a);
    ck_assert_int_eq(before.fp.q[0][0], 0);
    ck_assert_uint_eq(before.fp.fpsr, 0x08000000);
    ck_assert_mem_eq(before.sysregs, mini.vcpu.sysregs, sizeof(before.sysregs));
}

static void changed_by_contract(void *context)
{
    struct mini mini;
    (void)context;
    begin_and_put(&mini);
    arch_vcpu_sysreg_write(&mini.vcpu, VCPU_VBAR_EL1, 0x5000);
    arch_vcpu_load(&mini.vcpu);
    ck_assert_uint_eq(arch_vcpu_sysreg_read(&mini.vcpu, VCPU_VBAR_EL1), 0x5000);
    arch_vcpu_put(&mini.vcpu);
    arch_vcpu_init(&mini.vcpu, KERNEL_IPA, TREE_IPA);
    arch_vcpu_load(&mini.vcpu);
    arch_vcpu_put(&mini.vcpu);
}

/* ---- List registers */

static void write_register(uint64_t frame, uint32_t offset, uint32_t value)
{
    struct arch_mmio mmio;
    ck_assert(arch_mmio_map(&mmio, pa(frame), 0x1000));
    arch_mmio_write32(&mmio, offset, value);
}

static void load_second(uint32_t left_behind)
{
    struct mini mini, other;
    begin(&mini);
    write_register(GICH, GICH_LR0 + 8, LR_PENDING | 27);
    arch_vcpu_put(&mini.vcpu);
    arch_vcpu_load(&mini.vcpu); /* its own: not wrong */
    arch_vcpu_put(&mini.vcpu);
    write_register(GICH, GICH_LR0 + 8, left_behind);
    memset(&other, 0, sizeof(other));
    mini_tables(&other, 2);
    other.vcpu.stage2 = &other.stage2;
    arch_vcpu_init(&other.vcpu, KERNEL_IPA, TREE_IPA);
    arch_vcpu_load(&other.vcpu);
}

static void left_behind(void *context)
{
    (void)context;
    load_second(LR_PENDING | 27);
}

static void nothing_left(void *context)
{
    (void)context;
    load_second(0);
}

static void set_active(unsigned intid)
{
    write_register(GICD, 0x300 + intid / 32 * 4, 1u << intid % 32);
}

static void link_to(unsigned intid)
{
    write_register(GICH, GICH_LR0, LR_LINKED | LR_PENDING | intid << 10 | intid);
}

static void linked_to_inactive(void *context)
{
    struct mini mini;
    (void)context;
    begin(&mini);
    link_to(SPI);
    mini_run(&mini);
}

static void linked(void *context)
{
    struct mini mini;
    (void)context;
    begin(&mini);
    set_active(SPI);
    link_to(SPI);
    mini_run(&mini);
}

static void link_second(unsigned cpu)
{
    (void)cpu;
    link_to(27);
    link_to(SPI);
}

static void linked_twice(void *context)
{
    struct mini mini;
    (void)context;
    begin(&mini);
    set_active(SPI);
    ck_assert_int_eq(arch_cpu_start(1, 1), HV_OK);
    for (unsigned i = 0; i < 10; i++)
        arch_cpu_wait();
    link_to(SPI);
    mini_run(&mini);
}

/* ---- Pages */

static void beside_the_hypervisor(void *context)
{
    struct mini mini;
    (void)context;
    mini_begin(&mini, "touch");
    (void)arch_map(pa(SPARE_PA + 0x1ff000), 0x1000, ARCH_MAP_READ_WRITE);
    mini_map(&mini, SPARE_IPA, SPARE_PA, NORMAL); /* the guest touches only the first page of the block */
    arch_vcpu_load(&mini.vcpu);
    mini_run(&mini);
}

static void map_what_a_guest_reaches(void *context)
{
    struct mini mini;
    (void)context;
    begin_and_put(&mini);
    (void)arch_map(pa(SPARE_PA), 0x1000, ARCH_MAP_READ);
}

static void map_what_it_reached(void *context)
{
    struct mini mini;
    (void)context;
    begin_and_put(&mini);
    mini.level2[SPARE_IPA >> 21 & 511] = 0;
    arch_stage2_invalidate(&mini.stage2, ipa(SPARE_IPA), 0x200000);
    (void)arch_map(pa(SPARE_PA), 0x1000, ARCH_MAP_READ);
}

/* ---- What another CPU does while a guest runs, and takes back before it comes out */

static struct mini running, second;

static void program_compute(uint64_t device_tree)
{
    (void)device_tree;
    guest_spin(10000000);
    guest_hvc(0, 0, 0, 0);
}

static void beside_another(void *context)
{
    (void)context;
    begin(&running);
    set_active(SPI);
    link_to(SPI);
    arch_vcpu_put(&running.vcpu);
    mini_image("compute", KERNEL_PA);
    arch_vcpu_init(&running.vcpu, KERNEL_IPA, TREE_IPA);
    arch_vcpu_load(&running.vcpu);
    memset(&second, 0, sizeof(second));
    mini_tables(&second, 2);
    ck_assert_int_eq(arch_cpu_start(1, 1), HV_OK);
    struct arch_exit exit = mini_run(&running);
    ck_assert_uint_eq(exit_class(&exit), CLASS_HVC);
}

static void only_wait(unsigned cpu)
{
    (void)cpu;
    arch_cpu_wait();
}

static void end_its_interrupt(unsigned cpu)
{
    arch_cpu_wait();
    write_register(GICD, 0x380 + SPI / 32 * 4, 1u << SPI % 32);
    only_wait(cpu);
    set_active(SPI);
}

static void overwrite_it(unsigned cpu)
{
    running.vcpu.loaded = false;
    only_wait(cpu);
    running.vcpu.loaded = true;
}

static void change_its_vmid(unsigned cpu)
{
    running.stage2.vmid = 3;
    only_wait(cpu);
    running.stage2.vmid = 1;
}

static void load_beside(uint16_t vmid)
{
    second.stage2.vmid = vmid;
    second.vcpu.stage2 = &second.stage2;
    arch_vcpu_init(&second.vcpu, KERNEL_IPA, TREE_IPA);
    arch_vcpu_load(&second.vcpu);
    only_wait(1);
    arch_vcpu_put(&second.vcpu);
}

static void load_its_vmid(unsigned cpu)
{
    (void)cpu;
    load_beside(1);
}

static void load_another_vmid(unsigned cpu)
{
    (void)cpu;
    load_beside(2);
}

static const struct {
    void (*main)(void *context);
    const char *message; /* NULL: nothing is wrong */
    void (*secondary)(unsigned cpu);
} cases[] = {
    {changed_sysreg, "is not what arch_vcpu_put() saved", NULL},
    {changed_vector_register, "is not what arch_vcpu_put() saved", NULL},
    {read_while_loaded, "EL1 or FP state that was read while the hardware held it", NULL},
    {read_sysreg_while_loaded, "EL1 or FP state that was read while the hardware held it", NULL},
    {written_while_loaded, "EL1 or FP state was written while the hardware held it", NULL},
    {control_written_while_loaded, "EL1 or FP state was written while the hardware held it", NULL},
    {loaded_and_put, NULL, NULL},
    {changed_by_contract, NULL, NULL},
    {left_behind, "list register 2 still holds INTID 27 of VMID 1", NULL},
    {nothing_left, NULL, NULL},
    {linked_to_inactive, "linked to physical INTID 40, which is not active", NULL},
    {linked, NULL, NULL},
    {linked_twice, "physical INTID 40 is linked to list registers of CPU 0 and CPU 1", link_second},
    {beside_the_hypervisor, "reaches 0x503ff000, a page of the hypervisor", NULL},
    {map_what_a_guest_reaches, "VMID 1 reaches that page", NULL},
    {map_what_it_reached, NULL, NULL},
    {beside_another, NULL, only_wait},
    {beside_another, NULL, load_another_vmid},
    {beside_another, "linked to physical INTID 40, which is not active", end_its_interrupt},
    {beside_another, "the vCPU that is loaded on CPU 0 was overwritten", overwrite_it},
    {beside_another, "the stage-2 map of VMID 1 changed its VMID while CPU 0 runs the guest", change_its_vmid},
    {beside_another, "CPU 0 and CPU 1 have two stage-2 maps with VMID 1", load_its_vmid},
};

START_TEST(test_case)
{
    struct sim_machine *machine = make_machine(NULL);
    const char *message = cases[_i].message;
    sim_register_guest("touch", program_touch);
    sim_register_guest("compute", program_compute);
    enum sim_end end = sim_run_with(machine, cases[_i].main, NULL, cases[_i].secondary);
    ck_assert_msg(end == (message != NULL ? SIM_END_FAILED : SIM_END_RETURNED) &&
                      (message == NULL || strstr(sim_message(machine), message) != NULL),
                  "%s: %s, expected: %s", sim_end_name(end), sim_message(machine), message);
    sim_destroy(machine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostsim oracle");
    TCase *tcase = tcase_create("oracle");
    tcase_add_loop_test(tcase, test_case, 0, (int)ARRAY_SIZE(cases));
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
