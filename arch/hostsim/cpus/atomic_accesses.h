/* SPDX-License-Identifier: Apache-2.0 */
/* Makes every atomic access a point where another simulated CPU may get the turn (SIM_SCHEDULE_PCT only). The build
 * puts this before each file of core in a host process; a test that has a protocol of its own includes it. What goes on
 * between two CPUs without a lock goes through these builtins, so here is where an unlucky order can come between.
 * Macros, because the builtins have no other handle. */
#ifndef BULKHEAD_HOSTSIM_ATOMIC_ACCESSES_H
#define BULKHEAD_HOSTSIM_ATOMIC_ACCESSES_H

#include <stdbool.h>

/** Called before each atomic access; NULL: nothing. */
extern void (*hostsim_on_atomic_access)(void);
void hostsim_atomic_access(void);
/** Called where a store becomes due, which others may see late (@p fence false), and at a fence, which makes all
 * earlier ones visible; NULL: nothing. */
extern void (*hostsim_on_store_or_fence)(bool fence);
void hostsim_atomic_store(void);
void hostsim_fence(void);

#define __atomic_load_n(...) (hostsim_atomic_access(), __atomic_load_n(__VA_ARGS__))
#define __atomic_store_n(...) (hostsim_atomic_store(), __atomic_store_n(__VA_ARGS__))
#define __atomic_exchange_n(...) (hostsim_atomic_store(), __atomic_exchange_n(__VA_ARGS__))
#define __atomic_compare_exchange_n(...) (hostsim_atomic_store(), __atomic_compare_exchange_n(__VA_ARGS__))
#define __atomic_fetch_add(...) (hostsim_atomic_store(), __atomic_fetch_add(__VA_ARGS__))
#define __atomic_sub_fetch(...) (hostsim_atomic_store(), __atomic_sub_fetch(__VA_ARGS__))
#define __atomic_thread_fence(...) (hostsim_fence(), __atomic_thread_fence(__VA_ARGS__))

#endif
