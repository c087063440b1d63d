// SPDX-License-Identifier: Apache-2.0
/* GICv3 (IHI 0069): affinity routing, system registers, all interrupts in group 1. The bits of GICD_CTLR are the same
 * in the only security state and in the non-secure one, where IGROUPR ignores what is written (12.9). */
#include "gic.h"

#define GICD_CTLR 0x0000
#define GICD_CTLR_GROUP1 (1u << 1)
#define GICD_CTLR_AFFINITY (1u << 4)
#define GICD_IROUTER 0x6000
#define GIC_IGROUPR 0x0080 /* these in the distributor and, for private interrupts, in the redistributor's SGI_base */
#define GIC_ISENABLER 0x0100
#define GIC_ISPENDR 0x0200
#define GIC_IPRIORITYR 0x0400
#define GICR_WAKER 0x0014
#define GICR_WAKER_SLEEP (1u << 1)
#define GICR_WAKER_ASLEEP (1u << 2)
#define SGI_OTHERS (1ul << 40)
#define SGI_SHIFT 24
#define PRIORITY_MIDDLE 0x80
#define FIRST_SPI 32

#define ICC_PMR_EL1 3, 0, 4, 6, 0
#define ICC_SRE_EL1 3, 0, 12, 12, 5
#define ICC_CTLR_EL1 3, 0, 12, 12, 4
#define ICC_CTLR_EOIMODE (1u << 1)
#define ICC_IGRPEN0_EL1 3, 0, 12, 12, 6
#define ICC_EOIR0_EL1 3, 0, 12, 8, 1
#define ICC_DIR_EL1 3, 0, 12, 11, 1
#define ICC_IGRPEN1_EL1 3, 0, 12, 12, 7
#define ICC_IAR1_EL1 3, 0, 12, 12, 0
#define ICC_EOIR1_EL1 3, 0, 12, 12, 1
#define ICC_SGI1R_EL1 3, 0, 12, 11, 5

/* Where the word, or the byte, of @p intid lies that belongs to an array at @p base with @p bits an interrupt. */
static uint64_t place(const struct platform *platform, uint32_t base, uint32_t intid, unsigned bits)
{
    return gic_frame(platform, intid) + base + (bits == 1 ? intid / 32 * 4 : intid * bits / 8);
}

static void wake_up(const struct platform *platform)
{
    uint64_t waker = gic_redistributor(platform) + GICR_WAKER;

    write32(waker, read32(waker) & ~GICR_WAKER_SLEEP);
    while ((read32(waker) & GICR_WAKER_ASLEEP) != 0)
        compute();
}

static void init(const struct platform *platform)
{
    WRITE_SYSREG(READ_SYSREG(ICC_SRE_EL1) | 1, ICC_SRE_EL1);
    barrier();
    write32(platform->distributor + GICD_CTLR, GICD_CTLR_AFFINITY | GICD_CTLR_GROUP1);
    wake_up(platform);
    WRITE_SYSREG(0xff, ICC_PMR_EL1);
    WRITE_SYSREG(1, ICC_IGRPEN1_EL1);
    barrier();
}

static bool is_reset(const struct platform *platform)
{
    (void)platform;
    return READ_SYSREG(ICC_IGRPEN1_EL1) == 0 && READ_SYSREG(ICC_PMR_EL1) == 0;
}

static void set_priority(const struct platform *platform, uint32_t intid, uint8_t priority)
{
    write8(place(platform, GIC_IPRIORITYR, intid, 8), priority);
}

static void set_target(const struct platform *platform, uint32_t intid, unsigned target)
{
    write64(platform->distributor + GICD_IROUTER + 8 * intid, target);
}

static void enable(const struct platform *platform, uint32_t intid)
{
    uint64_t group = place(platform, GIC_IGROUPR, intid, 1);

    set_priority(platform, intid, PRIORITY_MIDDLE);
    if (intid >= FIRST_SPI)
        set_target(platform, intid, 0);
    write32(group, read32(group) | 1u << intid % 32);
    write32(place(platform, GIC_ISENABLER, intid, 1), 1u << intid % 32);
}

static void send_value(uint64_t value)
{
    WRITE_SYSREG(value, ICC_SGI1R_EL1);
    barrier();
}

static void send(const struct platform *platform, uint32_t sgi, uint32_t targets)
{
    (void)platform;
    send_value((uint64_t)sgi << SGI_SHIFT | targets);
}

static void send_others(const struct platform *platform, uint32_t sgi)
{
    (void)platform;
    send_value((uint64_t)sgi << SGI_SHIFT | SGI_OTHERS);
}

static void send_self(const struct platform *platform, uint32_t sgi)
{
    send(platform, sgi, 1u << (READ_SYSREG(MPIDR_EL1) & 0xf));
}

static void set_pending(const struct platform *platform, uint32_t intid)
{
    write32(place(platform, GIC_ISPENDR, intid, 1), 1u << intid % 32);
}

static void set_interface(const struct platform *platform, uint32_t groups, bool separate_ends)
{
    (void)platform;
    WRITE_SYSREG(separate_ends ? ICC_CTLR_EOIMODE : 0, ICC_CTLR_EL1);
    WRITE_SYSREG(groups & 1, ICC_IGRPEN0_EL1);
    WRITE_SYSREG(groups >> 1, ICC_IGRPEN1_EL1);
    barrier();
}

static void deactivate(const struct platform *platform, uint32_t intid)
{
    (void)platform;
    WRITE_SYSREG(intid, ICC_DIR_EL1);
    barrier();
}

static void end_group(const struct platform *platform, uint32_t intid, unsigned group)
{
    (void)platform;
    if (group == 0)
        WRITE_SYSREG(intid, ICC_EOIR0_EL1);
    else
        WRITE_SYSREG(intid, ICC_EOIR1_EL1);
    barrier();
}

static uint32_t acknowledge(const struct platform *platform)
{
    uint32_t intid = (uint32_t)READ_SYSREG(ICC_IAR1_EL1);

    (void)platform;
    barrier();
    return intid;
}

static void end(const struct platform *platform, uint32_t acknowledged)
{
    (void)platform;
    WRITE_SYSREG(acknowledged, ICC_EOIR1_EL1);
    barrier();
}

const struct gic_functions gicv3_functions = {
    .init = init,
    .is_reset = is_reset,
    .enable = enable,
    .set_priority = set_priority,
    .send = send,
    .send_others = send_others,
    .send_self = send_self,
    .set_target = set_target,
    .set_pending = set_pending,
    .set_interface = set_interface,
    .deactivate = deactivate,
    .end_group = end_group,
    .acknowledge = acknowledge,
    .end = end,
};
