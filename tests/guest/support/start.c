/* A program from its beginning to its end. */
#include "program.h"

void platform_start(struct platform *platform, void (*program)(struct platform *platform))
{
    if (tree_read(platform, backend_tree(platform)))
        program(platform);
    power_off(platform);
}

uint64_t psci(const struct platform *platform, uint64_t function)
{
    return platform->smc ? smc(function, 0, 0, 0).x[0] : hvc(function, 0, 0, 0).x[0];
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
    if (platform->handler != NULL)
        platform->handler(platform->handler_context, intid, entered);
    gic_end(platform, acknowledged);
}
