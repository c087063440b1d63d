/* SPDX-License-Identifier: Apache-2.0 */
/* The boot timeline: when each stage of the hypervisor and of each domain began, in counter ticks. One format on both
 * backends. */
#ifndef BULKHEAD_TRACE_TRACE_H
#define BULKHEAD_TRACE_TRACE_H

#include "lib/format.h"
#include "lib/types.h"

#define TRACE_MAX_MARKS 384

struct trace_mark {
    uint64_t ticks; /* CNTPCT_EL0 */
    uint16_t domid; /* DOMID_HYPERVISOR or the domain's */
    uint8_t cpu;
    const char *name; /* static text: "entry", "device tree", "first instruction" ... */
};

/** All that was noted; zero: nothing. */
struct timeline {
    uint64_t start; /* counter at the hypervisor's entry; times are relative to it */
    uint32_t count;
    struct trace_mark marks[TRACE_MAX_MARKS];
};

extern struct timeline trace_timeline;

/** @param start  the counter at the hypervisor's entry */
void trace_begin(uint64_t start);
/** Notes that @p name begins now. Any CPU, lock-free; silently full after TRACE_MAX_MARKS. */
void trace_mark(uint16_t domid, const char *name);
/**
 * Prints the timeline: one line a mark, in order of time: microseconds since entry, duration, CPU, whose, name.
 * No line is longer than 70 characters as long as the machine is up for less than 11 days.
 * @param domain_name  gives a domain's name for its number
 */
void trace_print(struct text_sink *sink, const char *(*domain_name)(uint16_t domid));

#endif
