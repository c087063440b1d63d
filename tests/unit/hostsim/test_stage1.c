// SPDX-License-Identifier: Apache-2.0
/* A guest's own translation: faults that its EL1 takes, faults that EL2 takes, and what the syndrome registers say. */
#include "unit/hostsim/paging.h"

#define UNMAPPED_IPA 0x50000000ULL
#define EC_DATA_SAME 0x25
#define EC_FETCH_SAME 0x21

/* What lies in PAGES_VA. */
enum {
    PLAIN,
    READ_ONLY,
    NOT_ACCESSED,
    NO_EXECUTE,
    DEVICE_PAGE,
    NONCACHEABLE,
    STAGE2_HOLE,
    NOTHING,
    USER,
    TOO_FAR,
    SECOND, /* next to PLAIN in memory, but not in virtual addresses */
    LAST,   /* the next one is a stage-2 hole */
    BEHIND_LAST,
};

static uint64_t page_va(unsigned index)
{
    return PAGES_VA + index * 0x1000ULL;
}

static void begin_paging(void)
{
    paging_page(PLAIN, DATA_IPA, S1_PLAIN);
    paging_page(READ_ONLY, DATA_IPA, S1_PLAIN | S1_READ_ONLY);
    paging_page(NOT_ACCESSED, DATA_IPA, S1_CACHEABLE | S1_SHARED);
    paging_page(NO_EXECUTE, DATA_IPA, S1_PLAIN | S1_PXN);
    paging_page(DEVICE_PAGE, DATA_IPA, S1_DEVICE | S1_ACCESSED);
    paging_page(NONCACHEABLE, DATA_IPA, S1_NONCACHEABLE | S1_ACCESSED);
    paging_page(STAGE2_HOLE, UNMAPPED_IPA + 0x5000, S1_PLAIN);
    paging_page(USER, DATA_IPA, S1_PLAIN | S1_USER);
    paging_page(TOO_FAR, 1ULL << 40, S1_PLAIN);
    paging_page(SECOND, DATA_IPA + 0x1000, S1_PLAIN);
    paging_page(LAST, DATA_IPA + 0x2000, S1_PLAIN);
    paging_page(BEHIND_LAST, UNMAPPED_IPA, S1_PLAIN);
    paging_tables();
    guest_write64(S1_ROOT + 16, (UNMAPPED_IPA + 0x3000) | 3); /* 2 to 3 GiB: tables that stage 2 does not have */
    guest_write64(S1_ROOT + 24, 1ULL << 42 | 3);              /* 3 to 4 GiB: tables at no physical address */
    paging_on();
}

/* ---- Faults that the guest takes itself */

enum what { READ, WRITE, FETCH, ATOMIC, ZERO, INVALIDATE, CLEAN };

static const struct own_fault {
    uint64_t address;
    enum what what;
    unsigned class, iss; /* FSC, WnR, CM */
} own_faults[] = {
    {0x40400000 + NOTHING * 0x1000 + 8, READ, EC_DATA_SAME, 0x07},
    {0x40400000 + NOTHING * 0x1000 + 8, WRITE, EC_DATA_SAME, 0x47},
    {0x40400000 + NOTHING * 0x1000 + 8, FETCH, EC_FETCH_SAME, 0x07},
    {0x40400000 + NOTHING * 0x1000 + 8, CLEAN, EC_DATA_SAME, 0x147},
    {0x40600000, READ, EC_DATA_SAME, 0x06},
    {0x00000000, READ, EC_DATA_SAME, 0x05},
    {0x100000000, READ, EC_DATA_SAME, 0x04},        /* beyond T0SZ */
    {0xffffffff40400000, READ, EC_DATA_SAME, 0x04}, /* EPD1 */
    {0xc0000000, READ, EC_DATA_SAME, 0x01},         /* table beyond the output size */
    {0x40400000 + TOO_FAR * 0x1000, READ, EC_DATA_SAME, 0x03},
    {0x40400000 + NOT_ACCESSED * 0x1000, READ, EC_DATA_SAME, 0x0b},
    {0x40400000 + READ_ONLY * 0x1000, WRITE, EC_DATA_SAME, 0x4f},
    {0x40400000 + READ_ONLY * 0x1000, ATOMIC, EC_DATA_SAME, 0x4f},
    {0x40400000 + READ_ONLY * 0x1000, ZERO, EC_DATA_SAME, 0x4f},
    {0x40400000 + READ_ONLY * 0x1000, INVALIDATE, EC_DATA_SAME, 0x14f},
    {0x40400000 + NO_EXECUTE * 0x1000, FETCH, EC_FETCH_SAME, 0x0f},
    {0x40400000 + USER * 0x1000, FETCH, EC_FETCH_SAME, 0x0f}, /* what EL0 writes EL1 does not execute */
    {0x40400000 + DEVICE_PAGE * 0x1000 + 2, READ, EC_DATA_SAME, 0x21},
    {0x40400000 + DEVICE_PAGE * 0x1000 + 2, WRITE, EC_DATA_SAME, 0x61},
    {0x40400000 + DEVICE_PAGE * 0x1000, ZERO, EC_DATA_SAME, 0x61},
    {0x40400000 + DEVICE_PAGE * 0x1000, ATOMIC, EC_DATA_SAME, 0x75},
    {0x40400000 + NONCACHEABLE * 0x1000, ATOMIC, EC_DATA_SAME, 0x75},
    {0x40400000 + PLAIN * 0x1000 + 2, ATOMIC, EC_DATA_SAME, 0x61},
};

static void act(uint64_t address, enum what what)
{
    switch (what) {
    case READ:
        guest_read32(address);
        break;
    case WRITE:
        guest_write32(address, 1);
        break;
    case FETCH:
        guest_fetch(address);
        break;
    case ATOMIC:
        guest_atomic_add(address, 4, 1);
        break;
    case ZERO:
        guest_zero_line(address);
        break;
    case INVALIDATE:
        guest_maintain(GUEST_DC_IVAC, address);
        break;
    case CLEAN:
        guest_maintain(GUEST_DC_CVAC, address);
        break;
    }
}

static void program_faults(uint64_t device_tree)
{
    (void)device_tree;
    begin_paging();
    guest_allow_exceptions(true);
    for (unsigned i = 0; i < ARRAY_SIZE(own_faults); i++) {
        const struct own_fault *fault = &own_faults[i];
        struct guest_exception exception;
        act(fault->address, fault->what);
        uint64_t esr = (uint64_t)fault->class << 26 | 1u << 25 | fault->iss;
        if (!guest_took_exception(&exception))
            guest_fail("fault %u: no exception", i);
        if (exception.esr != esr || exception.far != fault->address || exception.vector != 0x200)
            guest_fail("fault %u: ESR_EL1 %#llx, FAR_EL1 %#llx", i, (unsigned long long)exception.esr,
                       (unsigned long long)exception.far);
        if (guest_mrs(GUEST_ESR_EL1) != esr || guest_mrs(GUEST_FAR_EL1) != fault->address)
            guest_fail("fault %u: ESR_EL1 and FAR_EL1 do not say so", i);
    }
    guest_hvc(0, 0, 0, 0);
}

/* A root table beyond the output size is level 0's fault, whichever level it is of. */
static void program_far_root(uint64_t device_tree)
{
    (void)device_tree;
    begin_paging();
    guest_allow_exceptions(true);
    for (unsigned narrow = 16; narrow <= 39; narrow++) {
        struct guest_exception exception;
        guest_msr(GUEST_TCR_EL1, (S1_TCR & ~63ULL) | narrow);
        guest_msr(GUEST_TTBR0_EL1, 1ULL << 40);
        guest_maintain(GUEST_TLBI_VMALLE1, 0);
        guest_read32(0x1000);
        if (!guest_took_exception(&exception) || exception.esr != 0x96000000)
            guest_fail("T0SZ %u: ESR_EL1 %#llx", narrow, (unsigned long long)exception.esr);
    }
    guest_hvc(0, 0, 0, 0);
}

static void run_far_root(void *context)
{
    struct mini mini;
    (void)context;
    struct arch_exit exit = paging_begin(&mini, "far_root");
    ck_assert_uint_eq(exit_class(&exit), CLASS_HVC);
}

/* No address has a translation where TxSZ says that there are fewer or more bits than there can be. */
static void program_sizes(uint64_t device_tree)
{
    static const uint8_t wrong[] = {0, 15, 40, 63};
    struct guest_exception exception;
    (void)device_tree;
    begin_paging();
    guest_allow_exceptions(true);
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        guest_msr(GUEST_TCR_EL1, (S1_TCR & ~63ULL) | wrong[i]);
        guest_read32(0x1000);
        if (!guest_took_exception(&exception) || exception.esr != 0x96000004)
            guest_fail("T0SZ %u: ESR_EL1 %#llx", wrong[i], (unsigned long long)exception.esr);
        guest_msr(GUEST_TCR_EL1, (S1_TCR & ~(1ULL << 23)) | (uint64_t)wrong[i] << 16 | 2ULL << 30);
        guest_read32(0xfffffffffffff000);
        if (!guest_took_exception(&exception) || exception.esr != 0x96000004)
            guest_fail("T1SZ %u: ESR_EL1 %#llx", wrong[i], (unsigned long long)exception.esr);
    }
    guest_hvc(0, 0, 0, 0);
}

static void run_sizes(void *context)
{
    struct mini mini;
    (void)context;
    struct arch_exit exit = paging_begin(&mini, "sizes");
    ck_assert_uint_eq(exit_class(&exit), CLASS_HVC);
}

/* SCTLR_EL1.WXN: what EL1 may write it does not execute. */
static void program_wxn(uint64_t device_tree)
{
    struct guest_exception exception;
    (void)device_tree;
    begin_paging();
    guest_allow_exceptions(true);
    guest_fetch(0x40400000 + PLAIN * 0x1000);
    ck_assert(!guest_took_exception(&exception));
    guest_msr(GUEST_SCTLR_EL1, SCTLR_ON | 1u << 19);
    guest_fetch(0x40400000 + READ_ONLY * 0x1000);
    ck_assert(!guest_took_exception(&exception));
    guest_fetch(0x40400000 + PLAIN * 0x1000);
    ck_assert(guest_took_exception(&exception));
    ck_assert_uint_eq(exception.esr, 0x8600000f);
    guest_hvc(0, 0, 0, 0);
}

static void run_wxn(void *context)
{
    struct mini mini;
    (void)context;
    struct arch_exit exit = paging_begin(&mini, "wxn");
    ck_assert_uint_eq(exit_class(&exit), CLASS_HVC);
}

static void run_faults(void *context)
{
    struct mini mini;
    (void)context;
    struct arch_exit exit = paging_begin(&mini, "faults");
    ck_assert_uint_eq(exit_class(&exit), CLASS_HVC); /* EL2 has seen none of them */
}

/* With the MMU off every access is to Device memory at an address that must be physical. */
static void program_flat(uint64_t device_tree)
{
    struct guest_exception exception;
    (void)device_tree;
    guest_allow_exceptions(true);
    guest_read32(SPARE_IPA + 1);
    ck_assert(guest_took_exception(&exception));
    ck_assert_uint_eq(exception.esr, 0x96000021);
    guest_atomic_add(SPARE_IPA, 8, 1);
    ck_assert(guest_took_exception(&exception));
    ck_assert_uint_eq(exception.esr, 0x96000075);
    guest_zero_line(SPARE_IPA);
    ck_assert(guest_took_exception(&exception));
    ck_assert_uint_eq(exception.esr, 0x96000061);
    guest_read32(1ULL << 40);
    ck_assert(guest_took_exception(&exception));
    ck_assert_uint_eq(exception.esr, 0x96000000);
    guest_msr(GUEST_SCTLR_EL1, SCTLR_OFF | 1u << 2 | 1u << 12);
    guest_read32(SPARE_IPA + 2); /* C and I alone change nothing for data */
    ck_assert(guest_took_exception(&exception));
    guest_hvc(0, 0, 0, 0);
}

static void run_flat(void *context)
{
    struct mini mini;
    (void)context;
    struct arch_exit exit = paging_begin(&mini, "flat");
    ck_assert_uint_eq(exit_class(&exit), CLASS_HVC);
}

/* ---- Accesses that succeed */

static void program_accesses(uint64_t device_tree)
{
    (void)device_tree;
    begin_paging();
    guest_write64(page_va(PLAIN) + 0xff8, 0x1122334455667788);
    guest_write64(page_va(SECOND), 0xaabbccddeeff0011);
    ck_assert_uint_eq(guest_read64(page_va(READ_ONLY) + 0xff8), 0x1122334455667788);
    ck_assert_uint_eq(guest_read(DATA_IPA + 0xffd, 8), 0xddeeff0011112233); /* crosses into the next page */
    guest_write(DATA_IPA + 0xffe, 4, 0x01020304);
    ck_assert_uint_eq(guest_read(DATA_IPA + 0xffe, 2), 0x0304);
    ck_assert_uint_eq(guest_read(page_va(SECOND), 2), 0x0102);
    guest_msr(GUEST_SCTLR_EL1, SCTLR_ON | 2);
    guest_allow_exceptions(true);
    guest_read(DATA_IPA + 0xffd, 8); /* SCTLR_EL1.A */
    ck_assert(guest_took_exception(NULL));
    guest_allow_exceptions(false);
    paging_on();
    guest_write64(page_va(PLAIN), 40);
    ck_assert_uint_eq(guest_atomic_add(page_va(PLAIN), 8, 2), 40);
    ck_assert_uint_eq(guest_read64(page_va(PLAIN)), 42);
    guest_zero_line(page_va(PLAIN) + 17);
    ck_assert_uint_eq(guest_read64(page_va(PLAIN)), 0);
    ck_assert_uint_eq(guest_read64(page_va(PLAIN) + 0xff8) >> 48, 0x0304);
    guest_hvc(0, 0, 0, 0);
}

static void run_accesses(void *context)
{
    struct mini mini;
    (void)context;
    struct arch_exit exit = paging_begin(&mini, "accesses");
    ck_assert_uint_eq(exit_class(&exit), CLASS_HVC);
}

/* ---- Faults that EL2 takes: FAR is the virtual address, HPFAR the IPA that stage 2 was asked for */

#define ISS_ISV (1u << 24)
#define ISS_S1PTW (1u << 7)

static void program_exits(uint64_t device_tree)
{
    (void)device_tree;
    begin_paging();
    ck_assert_uint_eq(guest_read32(page_va(STAGE2_HOLE) + 0x124), 0x87654321);
    guest_read(page_va(LAST) + 0xffe, 4);
    guest_atomic_add(page_va(STAGE2_HOLE), 4, 1);
    guest_maintain(GUEST_DC_CIVAC, page_va(STAGE2_HOLE) + 0x40);
    guest_fetch(page_va(STAGE2_HOLE) + 0x10);
    guest_write32(0x80000ff0, 5);
    guest_fetch(0x80000ff0);
}

/** The next exit; the instruction is then skipped. */
static struct arch_exit next_exit(struct mini *mini, unsigned class, uint64_t far, uint64_t ipa)
{
    struct arch_exit exit = mini_run(mini);
    ck_assert_uint_eq(exit_class(&exit), class);
    ck_assert_uint_eq(exit.far, far);
    ck_assert_uint_eq(exit.hpfar, ipa >> 12 << 4);
    mini->vcpu.regs.pc += 4;
    return exit;
}

static void run_exits(void *context)
{
    struct mini mini;
    (void)context;
    mini_begin(&mini, "exits");
    mini_map(&mini, SPARE_IPA, SPARE_PA, NORMAL);
    arch_vcpu_load(&mini.vcpu);
    uint64_t hole = UNMAPPED_IPA + 0x5000, hole_va = page_va(STAGE2_HOLE);
    struct arch_exit exit = next_exit(&mini, 0x24, hole_va + 0x124, hole);
    ck_assert_uint_eq(exit.esr & 0x3f, 0x06);
    ck_assert(exit.esr & ISS_ISV);
    mini.vcpu.regs.x[exit.esr >> 16 & 31] = 0x87654321;
    exit = next_exit(&mini, 0x24, page_va(BEHIND_LAST), UNMAPPED_IPA); /* of an access that began in the page before */
    mini.vcpu.regs.x[exit.esr >> 16 & 31] = 0;
    exit = next_exit(&mini, 0x24, hole_va, hole);
    ck_assert(!(exit.esr & ISS_ISV)); /* an exclusive has no syndrome */
    exit = next_exit(&mini, 0x24, hole_va + 0x40, hole);
    ck_assert_uint_eq(exit.esr & 0x1ff, 0x146);
    ck_assert(!(exit.esr & ISS_ISV));
    exit = next_exit(&mini, 0x20, hole_va + 0x10, hole);
    exit = next_exit(&mini, 0x24, 0x80000ff0, UNMAPPED_IPA + 0x3000);
    ck_assert_uint_eq(exit.esr & 0x1ffffff, ISS_S1PTW | 0x06); /* the walk reads, and has no transfer register */
    exit = next_exit(&mini, 0x20, 0x80000ff0, UNMAPPED_IPA + 0x3000);
    ck_assert_uint_eq(exit.esr & 0x1ffffff, ISS_S1PTW | 0x06);
}

/* Where stage 2 forbids, HPFAR_EL2 is unknown: it must not name the right page. */
static void program_forbidden(uint64_t device_tree)
{
    (void)device_tree;
    guest_write32(SPARE_IPA + 0x18, 1);
    guest_maintain(GUEST_DC_IVAC, SPARE_IPA);
    guest_maintain(GUEST_DC_CIVAC, SPARE_IPA);
    guest_hvc(0, 0, 0, 0);
}

static void run_forbidden(void *context)
{
    struct mini mini;
    (void)context;
    mini_begin(&mini, "forbidden");
    mini_map(&mini, SPARE_IPA, SPARE_PA, NORMAL & ~0x80ULL);
    arch_vcpu_load(&mini.vcpu);
    struct arch_exit exit = mini_run(&mini);
    ck_assert_uint_eq(exit.esr & 0x3f, 0x0e);
    ck_assert_uint_ne(exit.hpfar, SPARE_IPA >> 12 << 4);
    mini.vcpu.regs.pc += 4;
    exit = mini_run(&mini);
    ck_assert_uint_eq(exit.esr & 0x1ff, 0x14e); /* to invalidate is to write */
    mini.vcpu.regs.pc += 4;
    exit = mini_run(&mini);
    ck_assert_uint_eq(exit_class(&exit), CLASS_HVC);
}

/* ---- TLB */

static void remap(uint64_t ipa, uint64_t attributes)
{
    paging_off();
    guest_maintain(GUEST_DC_CIVAC, S1_LEVEL3);
    paging_page(PLAIN, ipa, attributes);
    paging_on();
}

static void program_tlb(uint64_t device_tree)
{
    (void)device_tree;
    begin_paging();
    guest_write32(DATA_IPA, 1);
    guest_write32(DATA_IPA + 0x1000, 2);
    ck_assert_uint_eq(guest_read32(PAGES_VA), 1);
    remap(DATA_IPA + 0x1000, S1_PLAIN);
    ck_assert_uint_eq(guest_read32(PAGES_VA), 1); /* nothing told the TLB */
    guest_maintain(GUEST_TLBI_ASIDE1, 0);         /* a global translation has no ASID */
    guest_maintain(GUEST_TLBI_VAE1, (PAGES_VA + 0x1000) >> 12);
    ck_assert_uint_eq(guest_read32(PAGES_VA), 1);
    guest_maintain(GUEST_TLBI_VAE1, PAGES_VA >> 12);
    ck_assert_uint_eq(guest_read32(PAGES_VA), 2);
    remap(DATA_IPA, S1_PLAIN | S1_NOT_GLOBAL);
    guest_maintain(GUEST_TLBI_VMALLE1, 0);
    ck_assert_uint_eq(guest_read32(PAGES_VA), 1);
    remap(DATA_IPA + 0x1000, S1_PLAIN | S1_NOT_GLOBAL);
    guest_maintain(GUEST_TLBI_VAE1, 7ULL << 48 | PAGES_VA >> 12);
    ck_assert_uint_eq(guest_read32(PAGES_VA), 1);
    guest_msr(GUEST_TTBR0_EL1, 7ULL << 48 | S1_ROOT);
    ck_assert_uint_eq(guest_read32(PAGES_VA), 2); /* for ASID 7 */
    guest_msr(GUEST_TTBR0_EL1, S1_ROOT);
    guest_maintain(GUEST_TLBI_VAAE1, PAGES_VA >> 12);
    ck_assert_uint_eq(guest_read32(PAGES_VA), 2);
    guest_hvc(0, 0, 0, 0);
}

static void run_tlb(void *context)
{
    struct mini mini;
    (void)context;
    struct arch_exit exit = paging_begin(&mini, "tlb");
    ck_assert_uint_eq(exit_class(&exit), CLASS_HVC);
}

/* A domain that starts again must not find translations of its life before. */
static void start_again(struct mini *mini)
{
    paging_begin(mini, "accesses");
    arch_vcpu_put(&mini->vcpu);
    arch_vcpu_init(&mini->vcpu, KERNEL_IPA, TREE_IPA);
}

static void clean_start(void *context)
{
    struct mini mini;
    (void)context;
    start_again(&mini);
    arch_stage2_invalidate(&mini.stage2, ipa(0), 1ULL << 32);
    void *window = arch_window_open(0, pa(SPARE_PA), 0x200000, ARCH_MAP_READ_WRITE);
    arch_zero_and_clean(window, 0x200000);
    arch_window_close(0);
    arch_vcpu_load(&mini.vcpu);
    struct arch_exit exit = mini_run(&mini);
    ck_assert_uint_eq(exit_class(&exit), CLASS_HVC);
}

static void old_translations(void *context)
{
    struct mini mini;
    (void)context;
    start_again(&mini);
    arch_vcpu_load(&mini.vcpu);
    mini_run(&mini);
}

/* Two vCPUs of one domain on one CPU: neither may use what the other's tables gave. */
static void take_turns(bool told)
{
    struct mini mini;
    static struct arch_vcpu second;
    paging_begin(&mini, "accesses");
    arch_vcpu_put(&mini.vcpu);
    second = (struct arch_vcpu){.stage2 = &mini.stage2, .shares_vmid = told};
    arch_vcpu_init(&second, KERNEL_IPA, TREE_IPA);
    arch_vcpu_load(&second);
    arch_vcpu_put(&second);
    mini.vcpu.shares_vmid = told;
    arch_vcpu_load(&mini.vcpu);
}

static void shared_vmid(void *context)
{
    (void)context;
    take_turns(true);
}

static void unknown_sharer(void *context)
{
    (void)context;
    take_turns(false);
}

static void other_granule(uint64_t device_tree)
{
    (void)device_tree;
    begin_paging();
    guest_msr(GUEST_TCR_EL1, S1_TCR | 1u << 14);
    guest_read32(0x40600000);
}

static void run_other_granule(void *context)
{
    struct mini mini;
    (void)context;
    paging_begin(&mini, "granule");
}

static void (*const runs[])(void *context) = {run_faults,   run_far_root, run_wxn,    run_flat,
                                              run_accesses, run_exits,    run_tlb,    run_forbidden,
                                              clean_start,  run_sizes,    shared_vmid};

static void register_programs(void)
{
    sim_register_guest("faults", program_faults);
    sim_register_guest("flat", program_flat);
    sim_register_guest("far_root", program_far_root);
    sim_register_guest("wxn", program_wxn);
    sim_register_guest("sizes", program_sizes);
    sim_register_guest("accesses", program_accesses);
    sim_register_guest("exits", program_exits);
    sim_register_guest("tlb", program_tlb);
    sim_register_guest("forbidden", program_forbidden);
    sim_register_guest("granule", other_granule);
}

START_TEST(test_run)
{
    struct sim_machine *machine = make_machine(NULL);
    register_programs();
    enum sim_end end = sim_run_with(machine, runs[_i], NULL, NULL);
    ck_assert_msg(end == SIM_END_RETURNED, "%s: %s", sim_end_name(end), sim_message(machine));
    sim_destroy(machine);
}
END_TEST

START_TEST(test_rules)
{
    register_programs();
    expect_rule(old_translations, "translations of its earlier life");
    expect_rule(run_other_granule, "not modelled");
    expect_rule(unknown_sharer, "translations of another vCPU of VMID 1");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostsim stage 1");
    TCase *tcase = tcase_create("stage 1");
    tcase_add_loop_test(tcase, test_run, 0, (int)ARRAY_SIZE(runs));
    tcase_add_test(tcase, test_rules);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
