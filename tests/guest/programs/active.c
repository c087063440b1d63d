// SPDX-License-Identifier: Apache-2.0
/* More interrupts active, pending or both than a controller has room for, while the CPU interface signals either group,
 * both or none, and ends in either mode: whatever that is good for, the vCPU goes on, and takes interrupts afterwards.
 * Argument: stay-us=N (2000), in each state. */
#include "programs.h"

#define IGROUPR 0x080
#define ISENABLER 0x100
#define ISPENDR 0x200
#define ISACTIVER 0x300
#define CLEAR 0x80 /* from a set register to its clear register */
#define WORDS 3    /* of interrupts: 0 to 95, those that are there */
#define SGI 3

enum { SHARED_ACTIVE, ALL_ACTIVE, ALL_PENDING, ALL_BOTH, KINDS };

struct active {
    const struct platform *platform;
    unsigned taken;
};

static void on_sgi(void *context, uint32_t intid, uint64_t entered)
{
    struct active *active = context;

    (void)entered;
    if (intid != SGI)
        program_fail(active->platform, "an interrupt that was withdrawn", intid);
    active->taken++;
}

static void set_all(const struct platform *platform, uint32_t base, uint32_t value)
{
    for (unsigned word = 0; word < WORDS; word++)
        write32(gic_frame(platform, 32 * word) + base + 4 * word, value);
}

static void stay(uint64_t ticks)
{
    uint64_t end = counter() + ticks;

    while (counter() < end)
        compute();
}

static void begin(const struct platform *platform, unsigned kind)
{
    set_all(platform, IGROUPR, kind == ALL_BOTH ? 0x5555aaaa : UINT32_MAX);
    if (kind == SHARED_ACTIVE)
        write32(platform->distributor + ISACTIVER + 4, UINT32_MAX);
    if (kind == ALL_PENDING || kind == ALL_BOTH) {
        set_all(platform, ISENABLER, UINT32_MAX);
        set_all(platform, ISPENDR, UINT32_MAX);
    }
    if (kind == ALL_ACTIVE || kind == ALL_BOTH)
        set_all(platform, ISACTIVER, UINT32_MAX);
}

/* Ends of what was never acknowledged, by either group's register, and deactivations. */
static void end_all(const struct platform *platform)
{
    for (uint32_t intid = 0; intid < 32 * WORDS; intid++) {
        gic_end_group(platform, intid, intid & 1);
        gic_deactivate(platform, intid);
    }
}

static void withdraw(const struct platform *platform)
{
    set_all(platform, ISENABLER + CLEAR, UINT32_MAX);
    set_all(platform, ISPENDR + CLEAR, UINT32_MAX);
    set_all(platform, ISACTIVER + CLEAR, UINT32_MAX);
    set_all(platform, IGROUPR, 0);
    for (unsigned i = 0; i < 16 && platform->redistributors == 0; i += 4) /* GICv2's SGIs: CPENDSGIR */
        write32(platform->distributor + 0xf10 + i, UINT32_MAX);
}

static void try(const struct platform *platform, unsigned kind, uint64_t ticks)
{
    for (unsigned state = 0; state < 8; state++) {
        gic_set_interface(platform, state & 3, state >> 2);
        begin(platform, kind);
        stay(ticks);
        gic_set_interface(platform, ~state & 3, state >> 2); /* while they wait */
        stay(ticks);
        gic_set_interface(platform, state & 3, ~state >> 2 & 1);
        end_all(platform);
        stay(ticks);
        withdraw(platform);
    }
}

void program_active(struct platform *platform)
{
    static const char *const names[KINDS] = {"shared ones active", "all active", "all pending",
                                             "all pending and active"};
    struct active active = {.platform = platform};
    uint64_t ticks = counter_frequency() * argument(platform, "stay-us", 2000) / 1000000;

    on_interrupt(platform, on_sgi, &active);
    gic_init(platform);
    write32(platform->distributor, read32(platform->distributor) | 3); /* GICD_CTLR: both groups */
    for (unsigned kind = 0; kind < KINDS; kind++) {
        try(platform, kind, ticks);
        print(platform, "active: %s: goes on\n", names[kind]);
    }
    gic_set_interface(platform, 3, false);
    gic_enable(platform, SGI);
    gic_send_self(platform, SGI);
    while (active.taken == 0)
        await_interrupt();
    print(platform, "active: takes an interrupt\n");
    print(platform, "active: done\n");
}
