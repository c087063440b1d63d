// SPDX-License-Identifier: Apache-2.0
/* What the GICv3 model does not let pass: each rule of IHI 0069 that a driver may break is broken here once. Then a
 * guest program, to see that its accesses go where they should. */
#include "unit/hostsim/gicv3.h"

enum step_kind {
    NOTHING,
    SET, /* a system register */
    GET,
    DISTRIBUTOR, /* a word written */
    REDISTRIBUTOR,
    INTERRUPT, /* an SPI made ready and acknowledged */
    ENTER,     /* a guest */
};

struct step {
    enum step_kind kind;
    uint32_t where;
    uint64_t value;
};

struct rule {
    const char *message;
    bool from_reset; /* nothing was set up before */
    struct step steps[4];
};

#define LR(index) (ARCH_ICH_LR0_EL2 + (index))
#define SGI(offset) (SGI_FRAME + (offset))
#define ROUTE(intid) (IROUTER + 8 * (intid))

static const struct rule rules[] = {
    /* Legacy operation, and what affinity routing replaces */
    {"affinity routing turned off", false, {{DISTRIBUTOR, CTLR, 0}}},
    {"no legacy operation", true, {{DISTRIBUTOR, CTLR, GROUP1}}},
    {"GICD_ISENABLER with affinity routing off", true, {{DISTRIBUTOR, ISENABLER + 4, 1}}},
    {"GICR_IGROUPR with affinity routing off", true, {{REDISTRIBUTOR, SGI(IGROUPR), 1}}},
    {"GICD_IROUTER with affinity routing off", true, {{DISTRIBUTOR, ROUTE(40), 1}}},
    {"GICD_ISENABLER before GICD_CTLR.RWP said", true, {{DISTRIBUTOR, CTLR, ARE}, {DISTRIBUTOR, ISENABLER + 4, 1}}},
    {"GICR_ISENABLER before GICD_CTLR.RWP said", true, {{DISTRIBUTOR, CTLR, ARE}, {REDISTRIBUTOR, SGI(ISENABLER), 1}}},
    {"GICD_IROUTER before GICD_CTLR.RWP said", true, {{DISTRIBUTOR, CTLR, ARE}, {DISTRIBUTOR, ROUTE(40), 1}}},
    {"SGIs and PPIs are the redistributor's", false, {{DISTRIBUTOR, ISENABLER, 1}}},
    {"GICD + 0x828 written", false, {{DISTRIBUTOR, 0x828, 1}}}, /* ITARGETSR */
    {"GICD + 0xf00 written", false, {{DISTRIBUTOR, 0xf00, 1}}}, /* SGIR */
    {"GICD_CTLR = 0x32: reserved bits", false, {{DISTRIBUTOR, CTLR, 0x20 | ARE | GROUP1}}},
    {"which GICD_TYPER.No1N denies", false, {{DISTRIBUTOR, ROUTE(40), 1U << 31}}},
    {"GICD_IROUTER = 0x1000000: reserved bits", false, {{DISTRIBUTOR, ROUTE(40), 1U << 24}}},
    {"GICR + 0 = 0x1", false, {{REDISTRIBUTOR, CTLR, 1}}}, /* LPIs, which GICR_TYPER denies */
    {"trigger of INTID 40 changed while it is enabled",
     false,
     {{DISTRIBUTOR, ISENABLER + 4, 1U << 8}, {DISTRIBUTOR, ICFGR + 8, 2U << 16}}},
    {"its disabling is not yet everywhere",
     false,
     {{DISTRIBUTOR, ISENABLER + 4, 1U << 8},
      {DISTRIBUTOR, ICENABLER + 4, 1U << 8},
      {DISTRIBUTOR, ICFGR + 8, 2U << 16}}},
    /* Sleep */
    {"the CPU interface sleeps", true, {{SET, ARCH_ICC_SRE_EL2, 1}, {SET, ARCH_ICC_PMR_EL1, 0xff}}},
    {"ProcessorSleep set with ICC_IGRPEN1_EL1 enabled", false, {{REDISTRIBUTOR, WAKER, 2}}},
    {"before ChildrenAsleep followed", true, {{REDISTRIBUTOR, WAKER, 0}, {REDISTRIBUTOR, WAKER, 2}}},
    /* The CPU interface */
    {"ICC_PMR_EL1 with ICC_SRE_EL2.SRE 0", true, {{SET, ARCH_ICC_PMR_EL1, 0xff}}},
    {"ICH_LR_EL2 with ICC_SRE_EL2.SRE 0", true, {{GET, LR(0), 0}}},
    {"ICC_SRE_EL2.SRE cleared", false, {{SET, ARCH_ICC_SRE_EL2, 8}}},
    {"ICC_SRE_EL1.SRE cleared", false, {{SET, ARCH_ICC_SRE_EL1, 0}}},
    {"ICC_SRE_EL2 = 0x10: reserved bits", false, {{SET, ARCH_ICC_SRE_EL2, 0x10}}},
    {"ICC_IAR1_EL1 is read only", false, {{SET, ARCH_ICC_IAR1_EL1, 0}}},
    {"ICC_EOIR1_EL1 is write only", false, {{GET, ARCH_ICC_EOIR1_EL1, 0}}},
    {"ICH_VTR_EL2 is read only", false, {{SET, ARCH_ICH_VTR_EL2, 0}}},
    {"not the interrupt acknowledged last", false, {{SET, ARCH_ICC_EOIR1_EL1, 40}}},
    {"ICC_EOIR1_EL1 = 0x29: not the interrupt", false, {{INTERRUPT, 40, 0}, {SET, ARCH_ICC_EOIR1_EL1, 41}}},
    {"ICC_DIR_EL1 = 0x28 with EOImode 0", false, {{SET, ARCH_ICC_DIR_EL1, 40}}},
    {"the GIC has no such interrupt", false, {{SET, ARCH_ICC_CTLR_EL1, 2}, {SET, ARCH_ICC_DIR_EL1, 400}}},
    {"before its priority was dropped",
     false,
     {{SET, ARCH_ICC_CTLR_EL1, 2}, {INTERRUPT, 40, 0}, {SET, ARCH_ICC_DIR_EL1, 40}}},
    {"EOImode changed between", false, {{INTERRUPT, 40, 0}, {SET, ARCH_ICC_CTLR_EL1, 2}}},
    {"ICC_CTLR_EL1 = 0x4: reserved bits", false, {{SET, ARCH_ICC_CTLR_EL1, 4}}},
    {"ICC_PMR_EL1 = 0x100: reserved bits", false, {{SET, ARCH_ICC_PMR_EL1, 0x100}}},
    {"ICC_BPR1_EL1 = 0x8: reserved bits", false, {{SET, ARCH_ICC_BPR1_EL1, 8}}},
    {"ICC_IGRPEN1_EL1 = 0x2: reserved bits", false, {{SET, ARCH_ICC_IGRPEN1_EL1, 2}}},
    {"a range that GICD_TYPER.RSS denies", false, {{SET, ARCH_ICC_SGI1R_EL1, 1ULL << 44 | 1}}},
    {"ICC_SGI1R_EL1 = 0x10000001: reserved bits", false, {{SET, ARCH_ICC_SGI1R_EL1, 1ULL << 28 | 1}}},
    {"ICC_AP1R1_EL1 where", false, {{GET, ARCH_ICC_AP1R0_EL1 + 1, 0}}},
    {"neither 0 nor what was read", false, {{SET, ARCH_ICC_AP1R0_EL1, 2}}},
    /* The virtual interface */
    {"ICH_LR4_EL2 where ICH_VTR_EL2.ListRegs says 4", false, {{SET, LR(4), 0}}},
    {"ICH_AP0R1_EL2 where", false, {{GET, ARCH_ICH_AP0R0_EL2 + 1, 0}}},
    {"ICH_AP1R3_EL2 where", false, {{SET, ARCH_ICH_AP1R0_EL2 + 3, 0}}},
    {"of features that ICH_VTR_EL2 denies", false, {{SET, ARCH_ICH_HCR_EL2, 1 << 15}}},
    {"ICH_VMCR_EL2 = 0x400: reserved bits", false, {{SET, ARCH_ICH_VMCR_EL2, 0x400}}},
    {"VAckCtl", false, {{SET, ARCH_ICH_VMCR_EL2, 4}}},
    {"ICH_LR0_EL2 = 0x100000000000000: reserved bits", false, {{SET, LR(0), 1ULL << 56}}},
    {"reserved bits", false, {{SET, LR(0), LR_PENDING | 1ULL << 32 | 40}}}, /* physical INTID without HW */
    {"no virtual INTID", false, {{SET, LR(0), LR_PENDING | 1021}}},
    {"no virtual INTID", false, {{SET, LR(0), LR_PENDING | 0x10000}}},
    {"linked to INTID 3, which is no PPI and no SPI", false, {{SET, LR(0), LR_PENDING | LR_HW | 3ULL << 32 | 40}}},
    {"linked to INTID 288", false, {{SET, LR(0), LR_PENDING | LR_HW | 288ULL << 32 | 40}}},
    {"hardware interrupt pending and active",
     false,
     {{SET, LR(0), LR_STATE | LR_HW | 27ULL << 32 | 27}, {ENTER, 0, 0}}},
    {"ICH_LR0_EL2 and ICH_LR2_EL2 both hold virtual INTID 40",
     false,
     {{SET, LR(0), LR_PENDING | 40}, {SET, LR(2), LR_ACTIVE | 40}, {ENTER, 0, 0}}},
    {"ICH_LR0_EL2 and ICH_LR1_EL2 are both linked to INTID 27",
     false,
     {{SET, LR(0), LR_PENDING | LR_HW | 27ULL << 32 | 27},
      {SET, LR(1), LR_PENDING | LR_HW | 27ULL << 32 | 28},
      {ENTER, 0, 0}}},
    {"both have priority bits 0x4", false, {{SET, ARCH_ICH_AP0R0_EL2, 4}, {SET, ARCH_ICH_AP1R0_EL2, 6}, {ENTER, 0, 0}}},
};

static struct arch_mmio gicd, gicr;

static void prepare(const struct rule *rule)
{
    ck_assert(arch_mmio_map(&gicd, pa(GICD), 0x10000));
    ck_assert(arch_mmio_map(&gicr, pa(GICR), 2 * CPU_FRAMES));
    if (rule != NULL && rule->from_reset)
        return;
    arch_mmio_write32(&gicd, CTLR, ARE);
    wait_until_clear(&gicd, CTLR, RWP);
    arch_mmio_write32(&gicd, IGROUPR + 4, ~0U);
    arch_mmio_write32(&gicd, CTLR, ARE | GROUP1);
    gicv3_enable_cpu(&gicr, 0);
    set_icc(ARCH_ICH_HCR_EL2, 1);
}

static void take_interrupt(unsigned intid)
{
    arch_mmio_write32(&gicd, ISENABLER + 4, 1U << (intid - 32));
    arch_mmio_write32(&gicd, ISPENDR + 4, 1U << (intid - 32));
    ck_assert_uint_eq(icc(ARCH_ICC_IAR1_EL1), intid);
}

static void enter(void)
{
    struct mini mini;
    mini_begin(&mini, "nothing");
    arch_vcpu_load(&mini.vcpu);
    mini_run(&mini);
}

static void take(const struct step *step)
{
    switch (step->kind) {
    case NOTHING:
        break;
    case SET:
        set_icc(step->where, step->value);
        break;
    case GET:
        (void)icc(step->where);
        break;
    case DISTRIBUTOR:
        arch_mmio_write32(&gicd, step->where, (uint32_t)step->value);
        break;
    case REDISTRIBUTOR:
        arch_mmio_write32(&gicr, step->where, (uint32_t)step->value);
        break;
    case INTERRUPT:
        take_interrupt(step->where);
        break;
    case ENTER:
        enter();
        break;
    }
}

static void break_rule(void *context)
{
    const struct rule *rule = context;
    prepare(rule);
    for (unsigned i = 0; i < sizeof(rule->steps) / sizeof(rule->steps[0]); i++)
        take(&rule->steps[i]);
}

static void program_nothing(uint64_t device_tree)
{
    (void)device_tree;
    guest_hvc(1, 0, 0, 0);
}

START_TEST(each_rule)
{
    const struct rule *rule = &rules[_i];
    struct sim_machine *machine = gicv3_machine(&(struct gicv3_shape){0}, NULL);
    sim_register_guest("nothing", program_nothing);
    enum sim_end end = sim_run_with(machine, break_rule, (void *)(uintptr_t)rule, NULL);
    ck_assert_msg(end == SIM_END_FAILED && strstr(sim_message(machine), rule->message) != NULL, "%s: %s, expected: %s",
                  sim_end_name(end), sim_message(machine), rule->message);
    sim_destroy(machine);
}
END_TEST

/* ---- A guest */

#define CLASS_SYSREG 0x18
#define CLASS_WFX 0x01
#define SGI1R_VALUE (5ULL << 24 | 1)

struct seen {
    unsigned count;
    uint64_t intid;
};

static void handle(void *context)
{
    struct seen *seen = context;
    seen->intid = guest_mrs(GUEST_ICC_IAR1_EL1);
    seen->count++;
    guest_msr(GUEST_ICC_EOIR1_EL1, seen->intid);
}

/* x1 of the calls is what was seen. */
static void program_interrupts(uint64_t device_tree)
{
    struct seen seen = {0};
    struct guest_exception exception;
    (void)device_tree;
    guest_on_interrupt(handle, &seen);
    guest_msr(GUEST_ICC_SRE_EL1, 7);
    guest_msr(GUEST_ICC_PMR_EL1, 0xf0);
    guest_msr(GUEST_ICC_IGRPEN1_EL1, 1);
    guest_interrupts_on();
    guest_hvc(1, seen.intid, seen.count, guest_mrs(GUEST_ICC_SRE_EL1));
    guest_msr(GUEST_ICC_SGI1R_EL1, SGI1R_VALUE);
    guest_wfi();
    guest_hvc(2, seen.intid, seen.count, 0);
    guest_allow_exceptions(true);
    guest_msr(GUEST_ICC_IAR1_EL1, 0);
    if (!guest_took_exception(&exception))
        guest_fail("a write to ICC_IAR1_EL1");
    guest_hvc(3, exception.esr, exception.vector, 0);
}

static void expect_call(struct mini *mini, uint64_t x0, uint64_t x1, uint64_t x2)
{
    struct arch_exit exit = mini_run(mini);
    const uint64_t *x = mini->vcpu.regs.x;
    if (exit_class(&exit) != CLASS_HVC || x[0] != x0 || x[1] != x1 || x[2] != x2)
        guest_fail("ESR %#llx, call %llu %#llx %#llx", (unsigned long long)exit.esr, (unsigned long long)x[0],
                   (unsigned long long)x[1], (unsigned long long)x[2]);
}

/* The SGI comes back through a list register, as from a hypervisor. */
static void run_interrupts(void *context)
{
    struct mini mini;
    (void)context;
    prepare(NULL);
    mini_begin(&mini, "interrupts");
    mini.vcpu.trap_wfi = true;
    arch_vcpu_load(&mini.vcpu);
    set_icc(LR(0), LR_PENDING | LR_GROUP1 | 0x80ULL << 48 | 40);
    expect_call(&mini, 1, 40, 1);
    struct arch_exit exit = mini_run(&mini);
    unsigned transfer = exit.esr >> 5 & 31;
    ck_assert_uint_eq(exit_class(&exit), CLASS_SYSREG);
    ck_assert_uint_eq(exit.esr & 0x3ffc1f, 3U << 20 | 5U << 17 | 12U << 10 | 11U << 1);
    ck_assert_uint_eq(mini.vcpu.regs.x[transfer], SGI1R_VALUE);
    mini.vcpu.regs.pc += 4;
    exit = mini_run(&mini);
    ck_assert_uint_eq(exit_class(&exit), CLASS_WFX);
    set_icc(LR(0), LR_PENDING | LR_GROUP1 | 0x80ULL << 48 | 5);
    mini.vcpu.regs.pc += 4;
    expect_call(&mini, 2, 5, 2);
    expect_call(&mini, 3, 1U << 25, 0x200); /* undefined: EC 0 */
    arch_vcpu_put(&mini.vcpu);
}

START_TEST(guest_interrupts)
{
    struct sim_machine *machine = gicv3_machine(&(struct gicv3_shape){0}, NULL);
    sim_register_guest("interrupts", program_interrupts);
    enum sim_end end = sim_run_with(machine, run_interrupts, NULL, NULL);
    ck_assert_msg(end == SIM_END_RETURNED, "%s: %s", sim_end_name(end), sim_message(machine));
    sim_destroy(machine);
}
END_TEST

/* ---- A CPU that waits is woken by an SGI, and the maintenance interrupt brings a guest out */

static void first_cpu(void *context)
{
    (void)context;
    prepare(NULL);
    ck_assert_int_eq(arch_cpu_start(1, 1), HV_OK);
    arch_mmio_write32(&gicr, SGI(ISENABLER), 1U << 4);
    arch_cpu_idle();
    ck_assert_uint_eq(icc(ARCH_ICC_IAR1_EL1), 4);
    set_icc(ARCH_ICC_EOIR1_EL1, 4);
}

static void second_cpu(unsigned cpu)
{
    ck_assert_uint_eq(cpu, 1);
    gicv3_enable_cpu(&gicr, 1);
    set_icc(ARCH_ICC_SGI1R_EL1, 4U << 24 | 1);
}

START_TEST(sgi_wakes)
{
    struct sim_machine *machine = gicv3_machine(&(struct gicv3_shape){0}, NULL);
    enum sim_end end = sim_run_with(machine, first_cpu, NULL, second_cpu);
    ck_assert_msg(end == SIM_END_RETURNED, "%s: %s", sim_end_name(end), sim_message(machine));
    sim_destroy(machine);
}
END_TEST

static void program_end(uint64_t device_tree)
{
    (void)device_tree;
    guest_msr(GUEST_ICC_PMR_EL1, 0xf0);
    guest_msr(GUEST_ICC_IGRPEN1_EL1, 1);
    guest_msr(GUEST_ICC_EOIR1_EL1, guest_mrs(GUEST_ICC_IAR1_EL1));
    guest_hvc(1, 0, 0, 0);
}

static void run_end(void *context)
{
    struct mini mini;
    (void)context;
    prepare(NULL);
    arch_mmio_write32(&gicr, SGI(ISENABLER), 1U << 25);
    mini_begin(&mini, "end");
    arch_vcpu_load(&mini.vcpu);
    set_icc(LR(0), LR_PENDING | LR_GROUP1 | LR_EOI | 40);
    struct arch_exit exit = mini_run(&mini);
    ck_assert_int_eq(exit.reason, ARCH_EXIT_IRQ);
    ck_assert_uint_eq(icc(ARCH_ICC_IAR1_EL1), 25);
    ck_assert_uint_eq(icc(ARCH_ICH_MISR_EL2), 1);
    set_icc(LR(0), 0);
    set_icc(ARCH_ICC_EOIR1_EL1, 25);
    expect_call(&mini, 1, 0, 0);
    arch_vcpu_put(&mini.vcpu);
}

START_TEST(maintenance_comes_out)
{
    struct sim_machine *machine = gicv3_machine(&(struct gicv3_shape){0}, NULL);
    sim_register_guest("end", program_end);
    enum sim_end end = sim_run_with(machine, run_end, NULL, NULL);
    ck_assert_msg(end == SIM_END_RETURNED, "%s: %s", sim_end_name(end), sim_message(machine));
    sim_destroy(machine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostsim GICv3, rules");
    TCase *tcase = tcase_create("rules");
    tcase_add_loop_test(tcase, each_rule, 0, (int)(sizeof(rules) / sizeof(rules[0])));
    tcase_add_test(tcase, guest_interrupts);
    tcase_add_test(tcase, sgi_wakes);
    tcase_add_test(tcase, maintenance_comes_out);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
