/* SPDX-License-Identifier: Apache-2.0 */
/* The programs, one a file. Which machine each is built for: tests/guest/CMakeLists.txt. */
#ifndef BULKHEAD_GUEST_PROGRAMS_H
#define BULKHEAD_GUEST_PROGRAMS_H

#include "program.h"

void program_hello(struct platform *platform);
void program_memory(struct platform *platform);
void program_hostile(struct platform *platform);
void program_mmio(struct platform *platform);
void program_reset(struct platform *platform);
void program_spin(struct platform *platform);

void program_timer(struct platform *platform);
void program_active(struct platform *platform);
void program_groups(struct platform *platform);
void program_ipi(struct platform *platform);
void program_smp(struct platform *platform);
void program_echo(struct platform *platform);
void program_scratch(struct platform *platform);
void program_rtc(struct platform *platform);
void program_dma(struct platform *platform);

/* A64 only. */
void program_cost(struct platform *platform);
void program_first(struct platform *platform);
void program_registers(struct platform *platform);
void program_debug(struct platform *platform);

#endif
