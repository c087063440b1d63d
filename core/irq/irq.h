/* SPDX-License-Identifier: Apache-2.0 */
/* Where each physical interrupt goes: an INTID has a sink, or is nobody's. Boot connects them. */
#ifndef BULKHEAD_IRQ_IRQ_H
#define BULKHEAD_IRQ_IRQ_H

#include "lib/status.h"
#include "lib/types.h"

#define IRQ_MAX_AT_ONCE 32 /* interrupts that are handled before the CPU looks at something else */
#define IRQ_STORM 16       /* of them with the same sink, though each time its cause was taken away */
#define IRQ_MAX_REPORTS 16 /* of interrupts that had to be turned off */
#define IRQ_MAX_SINKS 16

enum irq_result {
    IRQ_ENDED,     /* it can come again */
    IRQ_PASSED_ON, /* it stays active until a guest ends it, which is what is to go on now */
};

/** What interrupts lead to. Lives as long as the hypervisor. */
struct irq_sink {
    /**
     * On the CPU that took the interrupt, no vCPU in its guest; priority has dropped.
     * @param count  how often interrupts of this sink came just now, with this one; 1 where it has no storm()
     * @return IRQ_ENDED where it has one
     */
    enum irq_result (*handle)(unsigned cpu, uint32_t intid, unsigned count);
    /** Told when @c handle was of no use IRQ_STORM times: the interrupt has been turned off. NULL: it may come at any
     * rate. */
    void (*storm)(unsigned cpu);
};

/**
 * No INTID has a sink.
 * @param report  told of each interrupt that had to be turned off, and why: the rest of a sentence that begins with it.
 * On the CPU that took it, IRQ_MAX_REPORTS times in all
 */
void irq_init(void (*report)(unsigned cpu, uint32_t intid, const char *why));
/**
 * Leads @p intid to @p sink from now on. Boot CPU.
 * @param intid  0..1019
 * @return HV_E_NOMEM on the IRQ_MAX_SINKS-th sink, since nobody counts as one: @p intid is led where it was
 */
HV_CHECK hv_status irq_connect(uint32_t intid, const struct irq_sink *sink);
/** Takes and handles the physical interrupts that wait for this CPU, at most IRQ_MAX_AT_ONCE of them, up to one that is
 * passed on: what else waits comes at the next entry to a guest. What is nobody's is turned off. */
void irq_take(unsigned cpu);

#endif
