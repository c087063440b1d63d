/* SPDX-License-Identifier: Apache-2.0 */
/* Makes every atomic access a point where another simulated CPU may get the turn, and lets others see a store late
 * (SIM_SCHEDULE_PCT only: pct.c, store_buffer.c). The build puts this before each file of core in a host process; a
 * test that has a protocol of its own includes it. What goes on between two CPUs without a lock goes through these
 * builtins, so here is where an unlucky order can come between. Macros, because the builtins have no other handle. */
#ifndef BULKHEAD_HOSTSIM_ATOMIC_ACCESSES_H
#define BULKHEAD_HOSTSIM_ATOMIC_ACCESSES_H

#include <stdbool.h>
#include <stddef.h>

/** What a simulated machine does at atomic accesses; NULL: nothing. */
struct hostsim_atomics {
    void (*access)(void); /* before each */
    /** @return where the value of @p word is that this CPU sees */
    const void *(*load)(const void *word, size_t size, int order);
    void (*store)(const void *word, size_t size);
    void (*exchange)(const void *word); /* and other accesses that read and write */
    void (*fence)(void);
};
extern const struct hostsim_atomics *hostsim_atomics;

void *hostsim_atomic_load(const void *word, size_t size, int order);
void hostsim_atomic_store(const void *word, size_t size);
void hostsim_atomic_exchange(const void *word);
void hostsim_atomic_fence(void);

#define __atomic_load_n(word, order)                                                                                   \
    __atomic_load_n((__typeof__(word))hostsim_atomic_load(word, sizeof(__typeof__(*(word))), order), order)
#define __atomic_store_n(word, value, order)                                                                           \
    __extension__({                                                                                                    \
        const __typeof__(value) hostsim_value = (value);                                                               \
        hostsim_atomic_store(word, sizeof(__typeof__(*(word))));                                                       \
        __atomic_store_n(word, hostsim_value, order);                                                                  \
    })
#define __atomic_exchange_n(word, ...) (hostsim_atomic_exchange(word), __atomic_exchange_n(word, __VA_ARGS__))
#define __atomic_compare_exchange_n(word, ...)                                                                         \
    (hostsim_atomic_exchange(word), __atomic_compare_exchange_n(word, __VA_ARGS__))
#define __atomic_fetch_add(word, ...) (hostsim_atomic_exchange(word), __atomic_fetch_add(word, __VA_ARGS__))
#define __atomic_add_fetch(word, ...) (hostsim_atomic_exchange(word), __atomic_add_fetch(word, __VA_ARGS__))
#define __atomic_sub_fetch(word, ...) (hostsim_atomic_exchange(word), __atomic_sub_fetch(word, __VA_ARGS__))
#define __atomic_thread_fence(...) (hostsim_atomic_fence(), __atomic_thread_fence(__VA_ARGS__))

#endif
