/* What must hold whenever a vCPU is loaded, entered, left and put: each rule broken once, and what is right beside it.
 */
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

static void changed_by_contract(void *context)
{
    struct mini mini;
    (void)context;
    begin_and_put(&mini);
    arch_vcpu_sysreg_write(&mini.vcpu, VCPU_TTBR0_EL1, 0x5000);
    arch_vcpu_load(&mini.vcpu);
    ck_assert_uint_eq(arch_vcpu_sysreg_read(&mini.vcpu, VCPU_TTBR0_EL1), 0x5000);
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
    struct mini mini, second;
    begin(&mini);
    write_register(GICH, GICH_LR0 + 8, LR_PENDING | 27);
    arch_vcpu_put(&mini.vcpu);
    arch_vcpu_load(&mini.vcpu); /* its own: not wrong */
    arch_vcpu_put(&mini.vcpu);
    write_register(GICH, GICH_LR0 + 8, left_behind);
    memset(&second, 0, sizeof(second));
    mini_tables(&second, 2);
    second.vcpu.stage2 = &second.stage2;
    arch_vcpu_init(&second.vcpu, KERNEL_IPA, TREE_IPA);
    arch_vcpu_load(&second.vcpu);
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

static const struct {
    void (*main)(void *context);
    const char *message; /* NULL: nothing is wrong */
} cases[] = {
    {changed_sysreg, "is not what arch_vcpu_put() saved"},
    {changed_vector_register, "is not what arch_vcpu_put() saved"},
    {changed_by_contract, NULL},
    {left_behind, "list register 2 still holds INTID 27 of VMID 1"},
    {nothing_left, NULL},
    {linked_to_inactive, "linked to physical INTID 40, which is not active"},
    {linked, NULL},
    {linked_twice, "physical INTID 40 is linked to list registers of CPU 0 and CPU 1"},
    {beside_the_hypervisor, "reaches 0x503ff000, a page of the hypervisor"},
    {map_what_a_guest_reaches, "VMID 1 reaches that page"},
    {map_what_it_reached, NULL},
};

START_TEST(test_case)
{
    struct sim_machine *machine = make_machine(NULL);
    const char *message = cases[_i].message;
    sim_register_guest("touch", program_touch);
    enum sim_end end = sim_run_with(machine, cases[_i].main, NULL, link_second);
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
