/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a module, wherever they lie. Inside of plan/. */
#ifndef BULKHEAD_PLAN_PEEK_H
#define BULKHEAD_PLAN_PEEK_H

#include "plan/plan.h"

/** Bytes from @p address to the next 2 MiB boundary, which no single read crosses. */
static inline uint64_t peek_room(uint64_t address)
{
    return BLOCK_SIZE - address % BLOCK_SIZE;
}

/**
 * Copies @p size bytes, at most IMAGE_PROBE_SIZE, across such a boundary too.
 * @param reader  NULL: nothing can be read
 * @return false where they are not to be had
 */
bool peek(struct plan_reader *reader, uint64_t base, uint8_t *bytes, uint64_t size);

#endif
