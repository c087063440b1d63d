// SPDX-License-Identifier: Apache-2.0
/* The interrupt controller as programs use it, of the version that the device tree names. */
#include "gic.h"

static const struct gic_functions *functions(const struct platform *platform)
{
    return platform->redistributors != 0 ? &gicv3_functions : &gicv2_functions;
}

void gic_init(const struct platform *platform)
{
    functions(platform)->init(platform);
}

bool gic_is_reset(const struct platform *platform)
{
    return functions(platform)->is_reset(platform);
}

void gic_enable(const struct platform *platform, uint32_t intid)
{
    functions(platform)->enable(platform, intid);
}

void gic_disable(const struct platform *platform, uint32_t intid)
{
    write32(platform->distributor + 0x180 + intid / 32 * 4, 1u << intid % 32); /* GICD_ICENABLER */
}

void gic_clear_pending(const struct platform *platform, uint32_t intid)
{
    write32(platform->distributor + 0x280 + intid / 32 * 4, 1u << intid % 32); /* GICD_ICPENDR */
}

void gic_set_priority(const struct platform *platform, uint32_t intid, uint8_t priority)
{
    functions(platform)->set_priority(platform, intid, priority);
}

void gic_send(const struct platform *platform, uint32_t sgi, uint32_t targets)
{
    functions(platform)->send(platform, sgi, targets);
}

void gic_send_others(const struct platform *platform, uint32_t sgi)
{
    functions(platform)->send_others(platform, sgi);
}

void gic_send_self(const struct platform *platform, uint32_t sgi)
{
    functions(platform)->send_self(platform, sgi);
}

void gic_set_target(const struct platform *platform, uint32_t intid, unsigned target)
{
    functions(platform)->set_target(platform, intid, target);
}

void gic_set_pending(const struct platform *platform, uint32_t intid)
{
    functions(platform)->set_pending(platform, intid);
}

void gic_set_interface(const struct platform *platform, uint32_t groups, bool separate_ends)
{
    functions(platform)->set_interface(platform, groups, separate_ends);
}

void gic_deactivate(const struct platform *platform, uint32_t intid)
{
    functions(platform)->deactivate(platform, intid);
}

void gic_end_group(const struct platform *platform, uint32_t intid, unsigned group)
{
    functions(platform)->end_group(platform, intid, group);
}

uint32_t gic_acknowledge(const struct platform *platform)
{
    return functions(platform)->acknowledge(platform);
}

void gic_end(const struct platform *platform, uint32_t acknowledged)
{
    functions(platform)->end(platform, acknowledged);
}
