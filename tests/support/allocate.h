/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BULKHEAD_TESTS_SUPPORT_ALLOCATE_H
#define BULKHEAD_TESTS_SUPPORT_ALLOCATE_H

#include <stddef.h>

/** malloc() of what will be filled, with all its pages at once: a fault for each takes ten times as long. */
void *allocate_pages(size_t size);

/**
 * Zeros, of which only what is touched is there: for large arrays that most tests use little of. As static data all of
 * them would be looked through for pointers when a test's process ends.
 * @param old  what an earlier call with the same @p size returned, which is gone then; NULL: nothing
 */
void *renew_pages(void *old, size_t size);

#endif
