// SPDX-License-Identifier: Apache-2.0
/* GICv2 (IHI 0048B). */
#include "gic.h"

#define GICD_CTLR 0x000
#define GICD_ISENABLER 0x100
#define GICD_ISPENDR 0x200
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR 0x800
#define GICD_SGIR 0xf00
#define GICD_SGIR_OTHERS (1u << 24)
#define GICD_SGIR_SELF (2u << 24)
#define GICC_CTLR 0x00
#define GICC_PMR 0x04
#define GICC_IAR 0x0c
#define GICC_EOIR 0x10
#define GICC_AEOIR 0x24 /* of group 1 */
#define GICC_DIR 0x1000
#define GICC_CTLR_EOIMODE (1u << 9)
#define PRIORITY_MIDDLE 0x80
#define FIRST_SPI 32

static void init(const struct platform *platform)
{
    write32(platform->distributor + GICD_CTLR, 1);
    write32(platform->cpu_interface + GICC_PMR, 0xff);
    write32(platform->cpu_interface + GICC_CTLR, 1);
}

static bool is_reset(const struct platform *platform)
{
    return (read32(platform->cpu_interface + GICC_CTLR) & 3) == 0 && read32(platform->cpu_interface + GICC_PMR) == 0;
}

static void set_priority(const struct platform *platform, uint32_t intid, uint8_t priority)
{
    write8(platform->distributor + GICD_IPRIORITYR + intid, priority);
}

static void enable(const struct platform *platform, uint32_t intid)
{
    set_priority(platform, intid, PRIORITY_MIDDLE);
    if (intid >= FIRST_SPI)
        write8(platform->distributor + GICD_ITARGETSR + intid, 1);
    write32(platform->distributor + GICD_ISENABLER + intid / 32 * 4, 1u << intid % 32);
}

static void send(const struct platform *platform, uint32_t sgi, uint32_t targets)
{
    write32(platform->distributor + GICD_SGIR, targets << 16 | sgi);
}

static void send_others(const struct platform *platform, uint32_t sgi)
{
    write32(platform->distributor + GICD_SGIR, GICD_SGIR_OTHERS | sgi);
}

static void set_target(const struct platform *platform, uint32_t intid, unsigned target)
{
    write8(platform->distributor + GICD_ITARGETSR + intid, (uint8_t)(1u << target));
}

static void set_pending(const struct platform *platform, uint32_t intid)
{
    write32(platform->distributor + GICD_ISPENDR + intid / 32 * 4, 1u << intid % 32);
}

static void send_self(const struct platform *platform, uint32_t sgi)
{
    write32(platform->distributor + GICD_SGIR, GICD_SGIR_SELF | sgi);
}

static void set_interface(const struct platform *platform, uint32_t groups, bool separate_ends)
{
    write32(platform->cpu_interface + GICC_CTLR, groups | (separate_ends ? GICC_CTLR_EOIMODE : 0));
}

static void deactivate(const struct platform *platform, uint32_t intid)
{
    write32(platform->cpu_interface + GICC_DIR, intid);
}

static void end_group(const struct platform *platform, uint32_t intid, unsigned group)
{
    write32(platform->cpu_interface + (group == 0 ? GICC_EOIR : GICC_AEOIR), intid);
}

static uint32_t acknowledge(const struct platform *platform)
{
    return read32(platform->cpu_interface + GICC_IAR);
}

static void end(const struct platform *platform, uint32_t acknowledged)
{
    write32(platform->cpu_interface + GICC_EOIR, acknowledged);
}

const struct gic_functions gicv2_functions = {
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
