/* The interrupt controller as programs use it: GICv2 (IHI 0048B) here, GICv3 in gicv3.c. */
#include "gicv3.h"

#define GICD_CTLR 0x000
#define GICD_ISENABLER 0x100
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR 0x800
#define GICD_SGIR 0xf00
#define GICD_SGIR_SELF (2u << 24)
#define GICC_CTLR 0x00
#define GICC_PMR 0x04
#define GICC_IAR 0x0c
#define GICC_EOIR 0x10
#define PRIORITY_MIDDLE 0x80
#define FIRST_SPI 32

static bool is_gicv3(const struct platform *platform)
{
    return platform->redistributors != 0;
}

void gic_init(const struct platform *platform)
{
    if (is_gicv3(platform)) {
        gicv3_init(platform);
        return;
    }
    write32(platform->distributor + GICD_CTLR, 1);
    write32(platform->cpu_interface + GICC_PMR, 0xff);
    write32(platform->cpu_interface + GICC_CTLR, 1);
}

void gic_set_priority(const struct platform *platform, uint32_t intid, uint8_t priority)
{
    if (is_gicv3(platform)) {
        gicv3_set_priority(platform, intid, priority);
        return;
    }
    write8(platform->distributor + GICD_IPRIORITYR + intid, priority);
}

void gic_enable(const struct platform *platform, uint32_t intid)
{
    gic_set_priority(platform, intid, PRIORITY_MIDDLE);
    if (is_gicv3(platform)) {
        gicv3_enable(platform, intid);
        return;
    }
    if (intid >= FIRST_SPI)
        write8(platform->distributor + GICD_ITARGETSR + intid, 1);
    write32(platform->distributor + GICD_ISENABLER + intid / 32 * 4, 1u << intid % 32);
}

void gic_send_self(const struct platform *platform, uint32_t sgi)
{
    if (is_gicv3(platform)) {
        gicv3_send_self(sgi);
        return;
    }
    write32(platform->distributor + GICD_SGIR, GICD_SGIR_SELF | sgi);
}

uint32_t gic_acknowledge(const struct platform *platform)
{
    return is_gicv3(platform) ? gicv3_acknowledge() : read32(platform->cpu_interface + GICC_IAR);
}

void gic_end(const struct platform *platform, uint32_t acknowledged)
{
    if (is_gicv3(platform))
        gicv3_end(acknowledged);
    else
        write32(platform->cpu_interface + GICC_EOIR, acknowledged);
}
