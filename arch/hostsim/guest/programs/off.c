// SPDX-License-Identifier: Apache-2.0
/* The shortest program: for boot times, where nothing but the way to the first instruction counts. */
#include "hostsim/guest/programs/register.h"

void program_off(uint64_t device_tree)
{
    (void)device_tree;
    guest_hvc(PSCI_SYSTEM_OFF, 0, 0, 0);
    guest_fail("SYSTEM_OFF returned");
}
