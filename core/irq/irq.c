// SPDX-License-Identifier: Apache-2.0
#include "irq/irq.h"

#include <string.h>

#include "arch/cpu.h"
#include "drivers/gic.h"

static enum irq_result turn_off_stray(unsigned cpu, uint32_t intid, unsigned count);

static const struct irq_sink nobody = {.handle = turn_off_stray};

static struct {
    void (*report)(unsigned cpu, uint32_t intid, const char *why);
    uint32_t turned_off;       /* how often an interrupt was, because it came when it should not */
    uint8_t of[HV_MAX_INTIDS]; /* indices of sinks[] */
    const struct irq_sink *sinks[IRQ_MAX_SINKS];
} irq;

HV_ONCE void irq_init(void (*report)(unsigned cpu, uint32_t intid, const char *why))
{
    memset(&irq, 0, sizeof(irq));
    irq.report = report;
    irq.sinks[0] = &nobody;
}

HV_ONCE hv_status irq_connect(uint32_t intid, const struct irq_sink *sink)
{
    unsigned index = 0;

    while (index < IRQ_MAX_SINKS && irq.sinks[index] != NULL && irq.sinks[index] != sink)
        index++;
    if (index == IRQ_MAX_SINKS)
        return HV_E_NOMEM;
    irq.sinks[index] = sink;
    irq.of[intid] = (uint8_t)index;
    return HV_OK;
}

/** Hardware may break, a guest must not be able to fill the console: what is said of stray interrupts has an end. */
HV_RARE static void turn_off(unsigned cpu, uint32_t intid, const char *why)
{
    host_gic.ops->disable(&host_gic, intid);
    if (__atomic_fetch_add(&irq.turned_off, 1, __ATOMIC_RELAXED) < IRQ_MAX_REPORTS)
        irq.report(cpu, intid, why);
}

HV_RARE static enum irq_result turn_off_stray(unsigned cpu, uint32_t intid, unsigned count)
{
    (void)count;
    turn_off(cpu, intid, "is nobody's");
    return IRQ_ENDED;
}

/** @param counts  how often each sink was called just now */
__attribute__((noinline)) static void handle_and_count(unsigned cpu, uint32_t intid, const struct irq_sink *sink,
                                                       uint8_t *counts)
{
    unsigned count = ++counts[irq.of[intid]];

    (void)sink->handle(cpu, intid, count);
    if (count != IRQ_STORM)
        return;
    turn_off(cpu, intid, "storms"); /* nothing else would ever run on this CPU again */
    sink->storm(cpu);
}

void irq_take(unsigned cpu)
{
    struct gic *gic = &host_gic;
    uint8_t counts[IRQ_MAX_SINKS] = {0};

    for (unsigned i = 0; i < IRQ_MAX_AT_ONCE; i++) {
        uint32_t token, intid = gic->ops->acknowledge(gic, &token);
        if (intid >= HV_MAX_INTIDS)
            return;
        const struct irq_sink *sink = irq.sinks[irq.of[intid]];
        gic->ops->priority_drop(gic, token);
        if (sink->storm != NULL)
            handle_and_count(cpu, intid, sink, counts);
        else if (sink->handle(cpu, intid, 1) == IRQ_PASSED_ON)
            return;
        gic->ops->deactivate(gic, token);
    }
}
