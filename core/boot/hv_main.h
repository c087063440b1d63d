/* SPDX-License-Identifier: Apache-2.0 */
/* Where the backend enters core. */
#ifndef BULKHEAD_BOOT_HV_MAIN_H
#define BULKHEAD_BOOT_HV_MAIN_H

#include "lib/types.h"

/**
 * On the boot CPU, MMU and stack up.
 * @param dtb          mapped and readable for @p dtb_space bytes
 * @param dtb_address  where it lies in RAM
 * Returns only where the machine cannot run any domain and has no console to stay on, or (hostsim) after power-off.
 */
void hv_main(const void *dtb, uint64_t dtb_space, pa_t dtb_address, uint64_t entry_ticks);
/** Where a CPU started by arch_cpu_start() enters core. */
void hv_secondary_main(unsigned cpu);

#endif
