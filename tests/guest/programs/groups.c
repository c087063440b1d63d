// SPDX-License-Identifier: Apache-2.0
/* GICv3's interrupt groups, as three kinds of guests use them: one that knows itself on the non-secure side of two
 * security states and leaves IGROUPR zero (where there is one state only: under Bulkhead); one that puts all into group
 * 1; one that uses both groups. Interrupts stay masked, and are asked for. */
#include "programs.h"

#define IGROUPR 0x080
#define ISENABLER 0x100
#define GROUP1 2u
#define ROUTING (1u << 4) /* GICD_CTLR of GICv3 */
#define PRIVATE_A 3
#define PRIVATE_B 4
#define SHARED_A 40
#define SHARED_B 41
#define NONE 1020 /* and above */
#define ICC_IAR0_EL1 3, 0, 12, 8, 0
#define ICC_IAR1_EL1 3, 0, 12, 12, 0

static uint32_t acknowledge(unsigned group)
{
    uint32_t intid = (uint32_t)(group == 0 ? READ_SYSREG(ICC_IAR0_EL1) : READ_SYSREG(ICC_IAR1_EL1));

    barrier();
    return intid;
}

/* What is there to be had, now or soon. */
static uint32_t take(const struct platform *platform, unsigned group)
{
    uint64_t end = counter() + counter_frequency() / 1000;
    uint32_t intid;

    do {
        intid = acknowledge(group);
        compute();
    } while (intid >= NONE && counter() < end);
    if (intid < NONE)
        gic_end_group(platform, intid, group);
    return intid;
}

static void expect(const struct platform *platform, unsigned group, uint32_t intid)
{
    uint32_t taken = take(platform, group);

    if (taken != intid)
        program_fail(platform, group == 0 ? "taken from group 0" : "taken from group 1", taken);
}

static void expect_none(const struct platform *platform, unsigned group)
{
    uint32_t taken = take(platform, group);

    if (taken < NONE)
        program_fail(platform, "in a group that is off", taken);
}

static void set_groups(const struct platform *platform, uint32_t private, uint32_t shared)
{
    write32(gic_frame(platform, 0) + IGROUPR, private);
    write32(gic_frame(platform, SHARED_A) + IGROUPR + SHARED_A / 32 * 4, shared);
}

static void enable(const struct platform *platform, uint32_t intid)
{
    write32(gic_frame(platform, intid) + ISENABLER + intid / 32 * 4, 1u << intid % 32);
    gic_set_priority(platform, intid, 0x80);
    if (intid >= 32)
        gic_set_target(platform, intid, 0);
}

static void set_control(const struct platform *platform, uint32_t groups)
{
    write32(platform->distributor, ROUTING | groups);
}

/* An SGI, a shared interrupt, and the timer's line, which is taken down before the end. */
static void take_each_kind(const struct platform *platform, unsigned group)
{
    gic_send_self(platform, PRIVATE_A);
    expect(platform, group, PRIVATE_A);
    gic_set_pending(platform, SHARED_A);
    expect(platform, group, SHARED_A);
    timer_arm(counter());
    while (acknowledge(group) != INTERRUPT_VIRTUAL_TIMER)
        compute();
    timer_stop();
    gic_end_group(platform, INTERRUPT_VIRTUAL_TIMER, group);
    expect_none(platform, group);
}

static void both_groups(const struct platform *platform)
{
    set_groups(platform, ~(1u << PRIVATE_A), ~(1u << SHARED_A % 32));
    set_control(platform, 3);
    gic_set_interface(platform, 3, false);
    gic_send_self(platform, PRIVATE_A);
    expect(platform, 0, PRIVATE_A);
    gic_set_pending(platform, SHARED_A);
    expect(platform, 0, SHARED_A);
    gic_send_self(platform, PRIVATE_B);
    expect(platform, 1, PRIVATE_B);
    gic_set_pending(platform, SHARED_B);
    expect(platform, 1, SHARED_B);
    print(platform, "groups: each in its own\n");
    set_control(platform, GROUP1);
    gic_set_pending(platform, SHARED_A);
    gic_set_pending(platform, SHARED_B);
    expect(platform, 1, SHARED_B);
    expect_none(platform, 0);
    expect_none(platform, 1);
    set_control(platform, 3);
    expect(platform, 0, SHARED_A);
    print(platform, "groups: one that is off waits\n");
}

static void three_kinds(const struct platform *platform)
{
    static const uint32_t used[] = {PRIVATE_A, PRIVATE_B, INTERRUPT_VIRTUAL_TIMER, SHARED_A, SHARED_B};

    gic_init(platform);
    gic_set_interface(platform, GROUP1, false);
    set_groups(platform, 0, 0);
    for (unsigned i = 0; i < sizeof(used) / sizeof(used[0]); i++)
        enable(platform, used[i]);
    set_control(platform, GROUP1);
    take_each_kind(platform, 1);
    print(platform, "groups: group 1 is all there is\n");
    set_groups(platform, UINT32_MAX, UINT32_MAX);
    set_control(platform, GROUP1);
    take_each_kind(platform, 1);
    print(platform, "groups: all in group 1\n");
    both_groups(platform);
}

void program_groups(struct platform *platform)
{
    if (platform->redistributors != 0)
        three_kinds(platform);
    print(platform, "groups: done\n");
}
