/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest knows of the example part: where its registers are, and its interrupt. */
#ifndef BULKHEAD_TESTS_PARTS_SCRATCH_H
#define BULKHEAD_TESTS_PARTS_SCRATCH_H

#define SCRATCH_BASE 0x22100000
#define SCRATCH_SIZE 0x1000
#define SCRATCH_INTID 40

#define SCRATCH_VALUE 0 /* 32 bits: a write is kept, and raises the interrupt */
#define SCRATCH_CLEAR 4 /* a write lowers it */

#endif
