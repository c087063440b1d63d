/* SPDX-License-Identifier: Apache-2.0 */
/* The end that only a defect of the hypervisor can bring about. */
#ifndef BULKHEAD_CONSOLE_PANIC_H
#define BULKHEAD_CONSOLE_PANIC_H

#include "lib/types.h"

/** @param stop_others  makes the other CPUs leave their guests and halt; may panic itself */
void panic_init(void (*stop_others)(void));
/** Prints @p format and halts all. Of several panics only the first is printed: it is the cause. What panics in a panic
 * of its own CPU, printing or stopping the others, is left out: a CPU is in here three times at most. */
HV_NORETURN void hv_panic(const char *format, ...) HV_PRINTF(1, 2);

#endif
