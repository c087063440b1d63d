/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as messages show them. Values are returned in a structure, so that a call can stand in an argument list. */
#ifndef BULKHEAD_PLAN_SHOW_H
#define BULKHEAD_PLAN_SHOW_H

#include "mem/regions.h"

struct shown {
    char text[48];
};

/** "64 MiB", "68 KiB" or "70 bytes": the largest unit that is exact. */
struct shown show_size(uint64_t bytes);
/** "0x44000000..0x45ffffff". */
struct shown show_range(struct region range);

#endif
