/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BULKHEAD_TESTS_SUPPORT_ALLOCATE_H
#define BULKHEAD_TESTS_SUPPORT_ALLOCATE_H

#include <stddef.h>

/** malloc() of what will be filled, with all its pages at once: a fault for each takes ten times as long. */
void *allocate_pages(size_t size);

#endif
