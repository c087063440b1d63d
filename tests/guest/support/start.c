// SPDX-License-Identifier: Apache-2.0
/* A program from its beginning to its end. */
#include "program.h"

void platform_start(struct platform *platform, void (*program)(struct platform *platform))
{
    if (tree_read(platform, backend_tree(platform)))
        program(platform);
    power_off(platform);
}

uint64_t psci_with(const struct platform *platform, uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
    return platform->smc ? smc(function, x1, x2, x3).x[0] : hvc(function, x1, x2, x3).x[0];
}

uint64_t psci(const struct platform *platform, uint64_t function)
{
    return psci_with(platform, function, 0, 0, 0);
}

void power_off(const struct platform *platform)
{
    psci(platform, PSCI_SYSTEM_OFF);
    backend_halt();
}

void interrupt_take(struct platform *platform, uint64_t entered)
{
    uint32_t acknowledged = gic_acknowledge(platform);
    uint32_t intid = acknowledged & 0x3ff;

    if (intid >= INTERRUPT_NONE)
        return;
    platform->acknowledged = acknowledged;
    if (platform->handler != NULL)
        platform->handler(platform->handler_context, intid, entered);
    gic_end(platform, acknowledged);
}
