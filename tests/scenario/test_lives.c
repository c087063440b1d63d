// SPDX-License-Identifier: Apache-2.0
/* A guest starts again and again, of itself or from another CPU, while interrupts of its UART, its timer and from
 * itself are pending, active, and on their way: each life finds nothing of the one before, and none waits in vain. */
#include "scenario/support/interrupted.h"

#define UART_INTID 32
#define TIMER_INTID 27
#define UART_DR 0x00
#define UART_FR 0x18
#define UART_IMSC 0x38
#define UART_RIS 0x3c
#define FR_RXFE (1u << 4)
#define RECEIVE_INTERRUPTS (1u << 4 | 1u << 6)
#define LIFE_STEPS 60

static unsigned resets_left, restarts_left;

static bool is_up(struct domain *domain)
{
    return load_acquire(&domain->state) == DOMAIN_RUNNING;
}

static void pause_while(bool up, unsigned times)
{
    struct domain *domain = domain_table[0];

    for (; times > 0 && is_up(domain) == up; times--)
        (void)arch_timer_now();
}

/** Sleeps while the domain waits because it restarts again and again. */
static void await_rebuild(const struct domain *domain)
{
    for (;;) {
        uint64_t due = __atomic_load_n(&domain->build_at, __ATOMIC_ACQUIRE);
        if (due == ARCH_TIMER_NEVER || due <= arch_timer_now())
            return;
        arch_cpu_wait();
    }
}

/** Types as long as there is somebody, in each life's last moment and just behind it, and sometimes has the domain
 * started anew. */
static void type_on(void)
{
    struct domain *domain = domain_table[0];
    struct console_source *keyboard = &domain->console;

    for (;;) {
        bool up = is_up(domain);
        pause_while(up, up ? device_draw(32) << device_draw(5) : device_draw(64) << device_draw(6));
        (void)keyboard->input(keyboard, 'x');
        await_rebuild(domain);
        if (restarts_left == 0 || device_draw(16) != 0)
            continue;
        restarts_left--;
        domain_restart(domain);
    }
}

static uint32_t read_private(uint32_t base)
{
    return guest_read32((v3 ? GICR_SGI : GICD) + base);
}

/** @return whether nothing of @p base is set in the private interrupts @p mask and the shared ones. */
static bool is_clear(uint32_t base, uint32_t mask)
{
    return (read_private(base) & mask) == 0 && guest_read32(GICD + base + 4) == 0;
}

static void check_fresh(void)
{
    if (!is_clear(GICD_ISENABLER, 0xffff0000) || !is_clear(GICD_ISPENDR, UINT32_MAX) ||
        !is_clear(GICD_ISACTIVER, UINT32_MAX))
        guest_fail("starts with an interrupt enabled, pending or active");
    guest_write32(GICD + GICD_CTLR, 3);
    open_interface();
    set_bit(GICD_ISENABLER, TIMER_INTID);
    for (uint32_t intid = 0; intid < 4; intid++)
        set_bit(GICD_ISENABLER, intid);
    set_bit(GICD_ISENABLER, UART_INTID);
    set_targets(UART_INTID, true);
    uint32_t intid = acknowledge();
    if (intid != NOTHING)
        guest_fail("INTID %u comes from an earlier life", intid);
    guest_write32(UART + UART_IMSC, RECEIVE_INTERRUPTS);
}

static bool is_typed(void)
{
    return (guest_read32(UART + UART_FR) & FR_RXFE) == 0;
}

/** It has to be pending when something was typed, and not when nothing was. */
static void check_uart(bool active)
{
    bool typed = is_typed();
    (void)guest_read32(UART + UART_RIS); /* comes after the interrupt of what is in the FIFO */
    bool pending = guest_read32(GICD + GICD_ISPENDR + 4) & 1;

    if (typed && !pending && !active)
        guest_fail("something was typed, and the UART's interrupt is not pending");
    if (pending && !is_typed())
        guest_fail("nothing was typed, and the UART's interrupt is pending");
}

static void check_timer(bool active)
{
    bool fires = guest_mrs(GUEST_CNTV_CTL_EL0) == 5; /* enabled, and the time has come */

    if (fires && !active && (read_private(GICD_ISPENDR) >> TIMER_INTID & 1) == 0)
        guest_fail("the timer fires, and its interrupt is not pending");
}

static void serve(uint32_t intid)
{
    if (intid == TIMER_INTID)
        guest_msr(GUEST_CNTV_CTL_EL0, 0);
    for (unsigned i = 0; i < 8 && intid == UART_INTID && is_typed(); i++)
        (void)guest_read32(UART + UART_DR);
}

static void arm_timer(void)
{
    guest_msr(GUEST_CNTV_CVAL_EL0, guest_mrs(GUEST_CNTVCT_EL0) + guest_draw(200));
    guest_msr(GUEST_CNTV_CTL_EL0, 1);
}

/** @return what is active, or NOTHING, after one more step. All have one priority: one is active at a time. */
static uint32_t life_step(uint32_t active)
{
    switch (guest_draw(8)) {
    case 0:
        send_self(guest_draw(4));
        return active;
    case 1:
        arm_timer();
        return active;
    case 2:
        check_uart((active & 0x3ff) == UART_INTID);
        check_timer((active & 0x3ff) == TIMER_INTID);
        return active;
    case 3:
        if (active == NOTHING)
            guest_wfi();
        return active;
    default:
        if (active == NOTHING)
            return acknowledge();
        serve(active & 0x3ff);
        end(active);
        return NOTHING;
    }
}

static void enter_lives(uint64_t device_tree)
{
    uint32_t active = NOTHING;

    (void)device_tree;
    check_fresh();
    for (unsigned steps = guest_draw(LIFE_STEPS); steps > 0; steps--)
        active = life_step(active);
    if (guest_draw(2) == 0)
        serve(UART_INTID); /* so that the line rises again while the domain is taken apart */
    if (resets_left-- > 0)
        guest_hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
    guest_hvc(PSCI_SYSTEM_OFF, 0, 0, 0);
}

static void type_and_restart(uint64_t seed)
{
    static const struct system_domain domain = {.name = "phoenix", .program = "lives", .memory = 0x4000};
    struct system_run run = new_run(seed, 15000);

    device = type_on;
    resets_left = 1 + (unsigned)(seed % 4);
    restarts_left = (unsigned)(seed / 4 % 3);
    sim_register_guest("lives", enter_lives);
    system_boot(&run, &domain, 1);
    expect_end(&run, SIM_END_POWER_OFF);
    system_destroy(&run);
}

START_TEST(lives)
{
    seeds_run("lives", 280, type_and_restart);
}
END_TEST

/* ---- One character comes while the guest reads: once both are done, the interrupt's line is what the UART's registers
 * say, whoever was in the middle of what. ---- */

#define READ_ROUNDS 30

static uint32_t wanted, typed;

static void type_when_asked(void)
{
    struct console_source *keyboard = &domain_table[0]->console;

    for (;;) {
        while (load_acquire(&wanted) == load_relaxed(&typed))
            arch_cpu_wait();
        for (uint32_t pauses = device_draw(8); pauses > 0; pauses--)
            (void)arch_timer_now();
        (void)keyboard->input(keyboard, 'x');
        store_release(&typed, load_relaxed(&typed) + 1);
    }
}

static void enter_reads(uint64_t device_tree)
{
    (void)device_tree;
    guest_write32(UART + UART_IMSC, RECEIVE_INTERRUPTS);
    for (uint32_t round = 1; round <= READ_ROUNDS; round++) {
        store_release(&wanted, round);
        while (load_acquire(&typed) != round)
            (void)guest_read32(UART + UART_DR);
        bool raised = (guest_read32(UART + UART_RIS) & RECEIVE_INTERRUPTS) != 0;
        if (raised != (guest_read32(GICD + GICD_ISPENDR + 4) & 1))
            guest_fail(raised ? "the UART raises its interrupt, and it is not pending"
                              : "the UART's interrupt is pending, and nothing raises it");
    }
    guest_hvc(PSCI_SYSTEM_OFF, 0, 0, 0);
}

static void type_while_read(uint64_t seed)
{
    static const struct system_domain domain = {.name = "reader", .program = "reads", .memory = 0x4000};
    struct system_run run = new_run(seed, 0);

    run.options.schedule = SIM_SCHEDULE_RANDOM; /* many switches, each between two steps of one short call */
    device = type_when_asked;
    wanted = typed = 0;
    sim_register_guest("reads", enter_reads);
    system_boot(&run, &domain, 1);
    expect_end(&run, SIM_END_POWER_OFF);
    system_destroy(&run);
}

START_TEST(reads)
{
    seeds_run("reads", 60, type_while_read);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lives");

    seeds_add(suite, "lives", lives);
    seeds_add(suite, "reads", reads);
    return seeds_execute(suite);
}
