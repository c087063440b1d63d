// SPDX-License-Identifier: Apache-2.0
#include "trace/trace.h"

#include "arch/cpu.h"
#include "arch/timer.h"

struct timeline trace_timeline;

void trace_begin(uint64_t start)
{
    trace_timeline.start = start;
}

void trace_mark(uint16_t domid, const char *name)
{
    struct timeline *trace = &trace_timeline;
    uint32_t slot = __atomic_fetch_add(&trace->count, 1, __ATOMIC_RELAXED);

    if (slot >= TRACE_MAX_MARKS) {
        __atomic_store_n(&trace->count, TRACE_MAX_MARKS, __ATOMIC_RELAXED);
        return;
    }
    struct trace_mark *mark = &trace->marks[slot];
    mark->ticks = arch_timer_now();
    mark->domid = domid;
    mark->cpu = (uint8_t)arch_cpu_id();
    /* Last, and with release: a mark without a name is still being written. */
    __atomic_store_n(&mark->name, name, __ATOMIC_RELEASE);
}

/** Microseconds and thousandths, without a division that overflows for any uptime. */
struct microseconds {
    unsigned long long whole;
    unsigned fraction;
};

static struct microseconds to_microseconds(uint64_t ticks, uint64_t frequency)
{
    uint64_t seconds = ticks / frequency;
    uint64_t nanoseconds = ticks % frequency * 1000000000ULL / frequency;

    return (struct microseconds){seconds * 1000000ULL + nanoseconds / 1000, (unsigned)(nanoseconds % 1000)};
}

/** @return ticks until the next later mark of the same owner, 0 if there is none. */
static uint64_t duration(const struct timeline *trace, uint32_t count, const struct trace_mark *mark)
{
    uint64_t next = UINT64_MAX;

    for (uint32_t i = 0; i < count; i++) {
        const struct trace_mark *other = &trace->marks[i];
        bool later = other->ticks > mark->ticks || (other->ticks == mark->ticks && other > mark);
        if (other->domid == mark->domid && later && other->ticks < next)
            next = other->ticks;
    }
    return next == UINT64_MAX ? 0 : next - mark->ticks;
}

/** @return the mark that follows @p previous in time (ties: in the order they were taken), NULL at the end. */
static const struct trace_mark *following(const struct timeline *trace, uint32_t count,
                                          const struct trace_mark *previous)
{
    const struct trace_mark *best = NULL;

    for (uint32_t i = 0; i < count; i++) {
        const struct trace_mark *mark = &trace->marks[i];
        bool after =
            previous == NULL || mark->ticks > previous->ticks || (mark->ticks == previous->ticks && mark > previous);
        if (after && __atomic_load_n(&mark->name, __ATOMIC_ACQUIRE) != NULL &&
            (best == NULL || mark->ticks < best->ticks))
            best = mark;
    }
    return best;
}

HV_RARE void trace_print(struct text_sink *sink, const char *(*domain_name)(uint16_t domid))
{
    const struct timeline *trace = &trace_timeline;
    uint32_t count = (uint32_t)min_u64(__atomic_load_n(&trace->count, __ATOMIC_RELAXED), TRACE_MAX_MARKS);
    uint64_t frequency = arch_timer_frequency();

    format_to(sink,
              "boot timeline, from entry (0 us: counter %llu, %llu Hz)\n"
              "           us     lasted us cpu  whose            what\n",
              (unsigned long long)trace->start, (unsigned long long)frequency);
    for (const struct trace_mark *mark = following(trace, count, NULL); mark != NULL;
         mark = following(trace, count, mark)) {
        struct microseconds at = to_microseconds(mark->ticks - trace->start, frequency);
        struct microseconds lasted = to_microseconds(duration(trace, count, mark), frequency);
        format_to(sink, "%9llu.%03u %9llu.%03u %3u  %-16.16s %s\n", at.whole, at.fraction, lasted.whole,
                  lasted.fraction, mark->cpu, domain_name(mark->domid), mark->name);
    }
    if (count == TRACE_MAX_MARKS)
        format_to(sink, "(full: later marks were dropped)\n");
}
