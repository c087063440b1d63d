// SPDX-License-Identifier: Apache-2.0
/* The interrupt controller as programs use it: GICv2 (IHI 0048B). */
#include "program.h"

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
#define PRIORITY_MIDDLE 0x80
#define FIRST_SPI 32

void gic_init(const struct platform *platform)
{
    write32(platform->distributor + GICD_CTLR, 1);
    write32(platform->cpu_interface + GICC_PMR, 0xff);
    write32(platform->cpu_interface + GICC_CTLR, 1);
}

bool gic_is_reset(const struct platform *platform)
{
    return (read32(platform->cpu_interface + GICC_CTLR) & 3) == 0 && read32(platform->cpu_interface + GICC_PMR) == 0;
}

void gic_set_priority(const struct platform *platform, uint32_t intid, uint8_t priority)
{
    write8(platform->distributor + GICD_IPRIORITYR + intid, priority);
}

void gic_enable(const struct platform *platform, uint32_t intid)
{
    gic_set_priority(platform, intid, PRIORITY_MIDDLE);
    if (intid >= FIRST_SPI)
        write8(platform->distributor + GICD_ITARGETSR + intid, 1);
    write32(platform->distributor + GICD_ISENABLER + intid / 32 * 4, 1u << intid % 32);
}

void gic_send(const struct platform *platform, uint32_t sgi, uint32_t targets)
{
    write32(platform->distributor + GICD_SGIR, targets << 16 | sgi);
}

void gic_send_others(const struct platform *platform, uint32_t sgi)
{
    write32(platform->distributor + GICD_SGIR, GICD_SGIR_OTHERS | sgi);
}

void gic_set_target(const struct platform *platform, uint32_t intid, unsigned target)
{
    write8(platform->distributor + GICD_ITARGETSR + intid, (uint8_t)(1u << target));
}

void gic_set_pending(const struct platform *platform, uint32_t intid)
{
    write32(platform->distributor + GICD_ISPENDR + intid / 32 * 4, 1u << intid % 32);
}

void gic_send_self(const struct platform *platform, uint32_t sgi)
{
    write32(platform->distributor + GICD_SGIR, GICD_SGIR_SELF | sgi);
}

uint32_t gic_acknowledge(const struct platform *platform)
{
    return read32(platform->cpu_interface + GICC_IAR);
}

void gic_end(const struct platform *platform, uint32_t acknowledged)
{
    write32(platform->cpu_interface + GICC_EOIR, acknowledged);
}
