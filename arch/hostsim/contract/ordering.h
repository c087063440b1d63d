/* SPDX-License-Identifier: Apache-2.0 */
/* What the contract orders between CPUs, and what core reads and writes through it, told to ThreadSanitizer where
 * hostsim is built for it (HOSTSIM_TSAN): the detector watches core alone, and the models here are not its business. */
#ifndef BULKHEAD_HOSTSIM_ORDERING_H
#define BULKHEAD_HOSTSIM_ORDERING_H

#include <stddef.h>

#ifdef HOSTSIM_TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
void __tsan_read_range(void *address, unsigned long size);
void __tsan_write_range(void *address, unsigned long size);
#else
static inline void __tsan_acquire(void *address)
{
    (void)address;
}

static inline void __tsan_release(void *address)
{
    (void)address;
}

static inline void __tsan_read_range(void *address, unsigned long size)
{
    (void)address, (void)size;
}

static inline void __tsan_write_range(void *address, unsigned long size)
{
    (void)address, (void)size;
}
#endif

/** What this CPU did so far comes before what others do after sim_ordered_after() of the same @p thing. */
static inline void sim_ordered_before(const void *thing)
{
    __tsan_release((void *)(size_t)thing);
}

static inline void sim_ordered_after(const void *thing)
{
    __tsan_acquire((void *)(size_t)thing);
}

/** The contract reads or writes memory in core's name. */
static inline void sim_core_reads(const void *memory, size_t size)
{
    __tsan_read_range((void *)(size_t)memory, size);
}

static inline void sim_core_writes(const void *memory, size_t size)
{
    __tsan_write_range((void *)(size_t)memory, size);
}

#endif
