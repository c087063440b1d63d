/* SPDX-License-Identifier: Apache-2.0 */
/* Core as it is before it is entered, for tests that use parts of it without hv_main(). */
#ifndef BULKHEAD_TESTS_SUPPORT_CORE_STATE_H
#define BULKHEAD_TESTS_SUPPORT_CORE_STATE_H

#include <string.h>

#include "boot/boot.h"
#include "drivers/gic.h"
#include "time/deadline.h"
#include "vcpu/cpu.h"

static inline void core_reset(void)
{
    memset(&hv_boot, 0, sizeof(hv_boot));
    memset(&host_gic, 0, sizeof(host_gic));
    memset(domain_table, 0, sizeof(domain_table));
    cpu_init();
    deadline_init(cpu_look_again);
}

#endif
