/* SPDX-License-Identifier: Apache-2.0 */
/* The guest programs that hostsim can run as kernels: those of tests/guest/programs, and some of its own. */
#ifndef BULKHEAD_HOSTSIM_PROGRAMS_REGISTER_H
#define BULKHEAD_HOSTSIM_PROGRAMS_REGISTER_H

#include "program.h"

/** Looks like Linux from outside: timer, console, shell prompt, "poweroff" and "reboot". */
void program_linux(struct platform *platform);
/** until-ms=N (0): turns its MMU and caches on, and is restarted until the counter says enough. */
void program_mmu(struct platform *platform);
/** Powers off at once, without a look at the device tree. */
void program_off(uint64_t device_tree);

void sim_register_programs(void);

#endif
