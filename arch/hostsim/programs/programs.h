/* The guest programs that come with hostsim. Each prints lines that begin with its name, the last one "NAME: done", and
 * powers its domain off; arguments are boot arguments. The A64 payloads of tests/guest with these names do the same. */
#ifndef BULKHEAD_HOSTSIM_PROGRAMS_H
#define BULKHEAD_HOSTSIM_PROGRAMS_H

#include <stdint.h>

void program_hello(uint64_t device_tree); /* what it was given */
void program_timer(uint64_t device_tree); /* ticks=N (10), period-us=N (10000): virtual timer interrupts */
void program_echo(uint64_t device_tree);  /* lines=N (1): repeats lines typed at it, by receive interrupts */
void program_memory(
    uint64_t device_tree); /* stride=N: RAM is zero where nothing was put, all there, and keeps what is written */
void program_hostile(uint64_t device_tree); /* rounds=N (20): everything that a guest must not do */
void program_reset(uint64_t device_tree);   /* until-ms=N (20): PSCI SYSTEM_RESET until the counter says enough */
void program_mmu(uint64_t device_tree); /* until-ms=N (0): MMU and caches on, restarts with dirty lines until then */
void program_spin(uint64_t device_tree);
void program_off(uint64_t device_tree);   /* lines=N (5), period-us=N (5000): never waits */
void program_linux(uint64_t device_tree); /* looks like Linux from outside: timer, console, shell prompt, "poweroff" */

void sim_register_programs(void);

#endif
