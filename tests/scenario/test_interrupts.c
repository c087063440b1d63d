// SPDX-License-Identifier: Apache-2.0
/* A device on one CPU drives interrupt lines of a domain whose guest, on another CPU, acknowledges, ends, disables and
 * retargets them, sleeps and powers off. With more interrupts than list registers, GICv2 and GICv3.
 *
 * Device and guest count what they did, before and after each step. So the guest knows at each acknowledge, and at each
 * register that it reads, which interrupts may be pending, and which must be: those of which it was told, by an exit
 * that came after the line had changed. */
#include "scenario/support/interrupted.h"

#define SPIS 7  /* of the device */
#define EDGES 2 /* the last ones of them */
#define FIRST 40
#define DEVICE_STEPS 60
#define GUEST_STEPS 70

/* ---- The device */

/** How often a line was raised and dropped: counted before the call, and after it. */
struct line {
    uint32_t raises_begun, raises, drops_begun, drops;
    uint32_t served; /* the guest asks for its drop */
};

static struct line lines[SPIS];
static uint32_t finishing, leaving;

static bool is_edge(unsigned i)
{
    return i >= SPIS - EDGES;
}

static void count(uint32_t *counter)
{
    store_release(counter, *counter + 1);
}

static void set_line(unsigned i, bool level)
{
    struct line *line = &lines[i];

    count(level ? &line->raises_begun : &line->drops_begun);
    vgic_set_spi(&domain_table[0]->vgic, FIRST + i, level);
    count(level ? &line->raises : &line->drops);
}

static void drop_if_served(unsigned i)
{
    if (lines[i].drops != lines[i].raises && load_acquire(&lines[i].served) == lines[i].raises)
        set_line(i, false);
}

static void device_step(void)
{
    unsigned i = device_draw(SPIS);
    bool high = lines[i].drops != lines[i].raises;

    if (!high)
        set_line(i, true);
    else if (is_edge(i) || device_draw(3) == 0)
        set_line(i, false);
    for (unsigned other = 0; other < SPIS; other++)
        drop_if_served(other);
    for (unsigned pause = device_draw(8); pause > 0; pause--)
        (void)arch_timer_now();
}

/** All that are level-sensitive come once more, and go when they were served. The guest is not woken by anything else.
 */
static void finish_lines(void)
{
    store_release(&finishing, 1);
    for (unsigned i = 0; i < SPIS; i++) {
        drop_if_served(i);
        if (lines[i].drops == lines[i].raises)
            set_line(i, true);
    }
    for (unsigned high = 1; high != 0;) {
        high = 0;
        for (unsigned i = 0; i < SPIS - EDGES; i++) {
            drop_if_served(i);
            high += lines[i].drops != lines[i].raises;
        }
        arch_cpu_wait();
    }
}

static void drive_lines(void)
{
    for (unsigned i = 0; i < DEVICE_STEPS; i++)
        device_step();
    finish_lines();
    while (load_acquire(&leaving) == 0)
        arch_cpu_wait();
    for (;;) /* until the machine is turned off, with the domain gone */
        device_step();
}

/* ---- The guest */

static struct known {
    bool enabled, targeted, active;
    uint8_t priority;
    /* When the guest last came out, before that: what it was told of then. */
    uint32_t raises, drops;
    /* Around the last acknowledge of an edge: of those before it none is left, of those behind it each must come. */
    uint32_t consumed, seen;
} known[SPIS];

static unsigned stack[SPIS], depth;

static void about_to_exit(void)
{
    for (unsigned i = 0; i < SPIS; i++) {
        known[i].raises = load_acquire(&lines[i].raises);
        known[i].drops = load_acquire(&lines[i].drops);
    }
}

static bool may_be_pending(unsigned i)
{
    uint32_t begun = load_acquire(&lines[i].raises_begun);

    return is_edge(i) ? begun > known[i].consumed : begun > known[i].drops;
}

static bool must_be_pending(unsigned i)
{
    return known[i].raises > (is_edge(i) ? known[i].seen : load_acquire(&lines[i].drops_begun));
}

static bool forwarded(unsigned i)
{
    return known[i].enabled && known[i].targeted && !known[i].active;
}

static unsigned running_priority(void)
{
    return depth == 0 ? 0x100 : known[stack[depth - 1]].priority;
}

/** One that must be offered, @p than that or more urgent. */
static int more_urgent(unsigned than)
{
    for (unsigned i = 0; i < SPIS; i++)
        if (forwarded(i) && known[i].priority < than && must_be_pending(i))
            return (int)i;
    return -1;
}

static void check_acknowledged(unsigned i)
{
    int better = more_urgent(known[i].priority);

    if (i >= SPIS || !forwarded(i))
        guest_fail("INTID %u comes, which is off, elsewhere or active", FIRST + i);
    if (!may_be_pending(i))
        guest_fail("INTID %u comes, of which the guest was told that it is no longer pending", FIRST + i);
    if (better >= 0)
        guest_fail("INTID %u comes before %u, which is more urgent", FIRST + i, FIRST + (unsigned)better);
    if (known[i].priority >= running_priority())
        guest_fail("INTID %u comes in one that is as urgent", FIRST + i);
}

static void take(void)
{
    uint32_t done[SPIS];

    for (unsigned i = 0; i < SPIS; i++)
        done[i] = load_acquire(&lines[i].raises);
    uint32_t intid = acknowledge();
    if (intid == NOTHING) {
        int lost = more_urgent(running_priority());
        if (lost >= 0 && depth < list_registers) /* where all of them hold what is active, none can be offered */
            guest_fail("INTID %u does not come", FIRST + (unsigned)lost);
        return;
    }
    unsigned i = intid - FIRST;
    check_acknowledged(i);
    known[i].active = true;
    known[i].consumed = done[i];
    known[i].seen = load_acquire(&lines[i].raises_begun);
    stack[depth++] = i;
}

/** Its handler ends, having served the device or not. */
static void finish_one(void)
{
    unsigned i = stack[--depth];

    if (guest_draw(3) != 0 || finishing != 0)
        store_release(&lines[i].served, load_acquire(&lines[i].raises));
    if (guest_draw(4) == 0)
        guest_spin(guest_draw(2000));
    known[i].active = false;
    end(FIRST + i);
}

static void set_enabled(unsigned i, bool on)
{
    about_to_exit();
    set_bit(on ? GICD_ISENABLER : GICD_ICENABLER, FIRST + i);
    known[i].enabled = on;
}

static void set_targeted(unsigned i, bool self)
{
    about_to_exit();
    set_targets(FIRST + i, self);
    known[i].targeted = self;
}

static void read_registers(void)
{
    uint32_t consumed[SPIS];

    about_to_exit();
    for (unsigned i = 0; i < SPIS; i++)
        consumed[i] = known[i].consumed;
    uint32_t pending = guest_read32(GICD + GICD_ISPENDR + 4), active = guest_read32(GICD + GICD_ISACTIVER + 4);
    for (unsigned i = 0; i < SPIS; i++) {
        bool is_pending = pending >> (FIRST + i - 32) & 1, is_active = active >> (FIRST + i - 32) & 1;
        if (is_pending ? !may_be_pending(i) : must_be_pending(i) && !(is_edge(i) && consumed[i] != known[i].consumed))
            guest_fail("INTID %u reads as %spending", FIRST + i, is_pending ? "" : "not ");
        if (is_active != known[i].active)
            guest_fail("INTID %u reads as %sactive", FIRST + i, is_active ? "" : "not ");
    }
}

/** Nothing is active, and SPI 0, which comes once more when the device finishes, may wake it. */
static void sleep_a_while(void)
{
    if (load_acquire(&finishing) != 0)
        return;
    while (depth > 0)
        finish_one();
    if (!known[0].enabled)
        set_enabled(0, true);
    if (!known[0].targeted)
        set_targeted(0, true);
    if (load_acquire(&finishing) == 0)
        guest_wfi();
}

static void guest_step(void)
{
    unsigned i = guest_draw(SPIS);

    switch (guest_draw(12)) {
    case 0:
        set_enabled(i, !known[i].enabled);
        break;
    case 1:
        set_targeted(i, !known[i].targeted);
        break;
    case 2:
        read_registers();
        break;
    case 3:
        sleep_a_while();
        break;
    case 4:
        guest_spin(guest_draw(1000));
        break;
    case 5:
    case 6:
    case 7:
        if (depth > 0)
            finish_one();
        break;
    default:
        take();
        break;
    }
}

static void begin(void)
{
    memset(known, 0, sizeof(known));
    depth = 0;
    guest_write32(GICD + GICD_CTLR, 3);
    open_interface();
    for (unsigned i = SPIS - EDGES; i < SPIS; i++)
        known[i].consumed = load_acquire(&lines[i].raises);
    guest_write32(GICD + GICD_ICFGR + FIRST / 16 * 4,
                  2u << 2 * (FIRST + SPIS - 2 - 32) % 32 | 2u << 2 * (FIRST + SPIS - 1 - 32) % 32);
    for (unsigned i = SPIS - EDGES; i < SPIS; i++)
        known[i].seen = load_acquire(&lines[i].raises_begun); /* an edge that came before was none */
    for (unsigned i = 0; i < SPIS; i++) {
        known[i].priority = (uint8_t)(0x20 + 8 * guest_draw(4));
        guest_write8(GICD + GICD_IPRIORITYR + FIRST + i, known[i].priority);
        set_targeted(i, true);
        set_enabled(i, true);
    }
}

/** @return whether something is still to come that ends a WFI. */
static bool more_to_wake(void)
{
    bool more = load_acquire(&finishing) == 0;

    for (unsigned i = 0; i < SPIS; i++)
        more = more || lines[i].raises_begun != (is_edge(i) ? known[i].seen : load_acquire(&lines[i].served));
    return more;
}

/** @return whether something is still to come, or to go. */
static bool more_to_come(void)
{
    bool more = more_to_wake();

    for (unsigned i = 0; i < SPIS - EDGES; i++)
        more = more || load_acquire(&lines[i].drops) != lines[i].raises_begun;
    return more;
}

static void enter_lines(uint64_t device_tree)
{
    (void)device_tree;
    begin();
    for (unsigned i = 0; i < GUEST_STEPS; i++)
        guest_step();
    while (depth > 0)
        finish_one();
    for (unsigned i = 0; i < SPIS; i++) {
        set_targeted(i, true);
        set_enabled(i, true);
    }
    while (more_to_come()) {
        take();
        if (depth > 0)
            finish_one();
        else if (more_to_wake())
            guest_wfi();
        else
            guest_spin(200);
    }
    read_registers();
    store_release(&leaving, 1);
}

static void drive_and_take(uint64_t seed)
{
    static const struct system_domain domain = {.name = "taker", .program = "lines", .memory = 0x4000};
    struct system_run run = new_run(seed, 12000);

    memset(lines, 0, sizeof(lines));
    finishing = leaving = 0;
    device = drive_lines;
    sim_register_guest("lines", enter_lines);
    system_boot(&run, &domain, 1);
    expect_end(&run, SIM_END_POWER_OFF);
    system_destroy(&run);
}

START_TEST(levels)
{
    seeds_run("levels", 40, drive_and_take);
}
END_TEST

/* ---- A guest that sleeps until one line rises, at any time around that */

#define ROUNDS 120

static struct {
    bool in_step; /* the device waits until the guest is about to sleep; else until it is rid of the one before */
    uint32_t asleep, served, dropped;
} sleeper;

static void wake_again_and_again(void)
{
    struct domain *domain = domain_table[0];

    for (uint32_t round = 1;; round++) {
        while (sleeper.in_step && load_acquire(&sleeper.asleep) < round)
            (void)arch_timer_now();
        for (unsigned pause = device_draw(40); pause > 0; pause--)
            (void)arch_timer_now();
        vgic_set_spi(&domain->vgic, FIRST, true);
        while (load_acquire(&sleeper.served) < round)
            arch_cpu_wait();
        vgic_set_spi(&domain->vgic, FIRST, false);
        store_release(&sleeper.dropped, round);
    }
}

static void enter_sleeper(uint64_t device_tree)
{
    (void)device_tree;
    guest_write32(GICD + GICD_CTLR, 3);
    open_interface();
    set_targets(FIRST, true);
    set_bit(GICD_ISENABLER, FIRST);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        uint32_t intid;
        store_release(&sleeper.asleep, round);
        guest_spin(round);
        do {
            guest_wfi();
            intid = acknowledge();
        } while (intid == NOTHING);
        store_release(&sleeper.served, round);
        while (load_acquire(&sleeper.dropped) < round)
            guest_spin(5000);
        end(intid);
    }
}

static void sleep_and_wake(uint64_t seed)
{
    static const struct system_domain domain = {.name = "sleeper", .program = "sleeper", .memory = 0x4000};
    struct system_run run = new_run(seed, 20000);

    if (seed % 3 == 1)
        run.options.schedule = SIM_SCHEDULE_BY_TIME;
    memset(&sleeper, 0, sizeof(sleeper));
    sleeper.in_step = seed % 6 == 1;
    device = wake_again_and_again;
    sim_register_guest("sleeper", enter_sleeper);
    system_boot(&run, &domain, 1);
    expect_end(&run, SIM_END_POWER_OFF);
    system_destroy(&run);
}

START_TEST(wakes)
{
    seeds_run("wakes", 40, sleep_and_wake);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("interrupts");

    seeds_add(suite, "levels", levels);
    seeds_add(suite, "wakes", wakes);
    return seeds_execute(suite);
}
