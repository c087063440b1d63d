/* SPDX-License-Identifier: Apache-2.0 */
/* What a CPU has stored and others do not see yet. */
#ifndef BULKHEAD_HOSTSIM_STORE_BUFFER_H
#define BULKHEAD_HOSTSIM_STORE_BUFFER_H

#include <stdint.h>

#define SIM_STORE_BUFFER 16 /* stores; one more, and the first is seen */

struct sim_machine;
struct sim_cpu;

struct sim_pending_store {
    const void *word;
    uint64_t before; /* its bytes, as others see them */
    uint64_t until;  /* virtual time at which they see the store at the latest */
};

/** In the order of the stores. */
struct sim_store_buffer {
    struct sim_pending_store stores[SIM_STORE_BUFFER];
    unsigned count;
};

/** Hooks of the machine that runs. */
void sim_store_buffers_begin(struct sim_machine *machine);
/** A barrier, an unlocked lock, a CPU that sleeps: all that @p cpu stored is seen. */
void sim_store_buffer_drain(struct sim_cpu *cpu);

#endif
