// SPDX-License-Identifier: Apache-2.0
/* Store buffers (total store order), with SIM_SCHEDULE_PCT: what a CPU stores by an atomic access others see late, in
 * the order of the stores; it sees it at once. So a CPU may load what others have before they see what it stored,
 * unless there is a fence between. The store of memory_order_seq_cst is such a store, too: it is in one order with
 * loads of memory_order_seq_cst alone (C11 7.17.3; STLR with LDAR, DDI 0487 B2.3).
 *
 * Turned inside out: memory has the new value, so that plain accesses of core and of the models need not be known, and
 * for each store the value before is kept for the atomic loads of others. A store is seen by all others at once. What
 * is stored to a word, or exchanged, comes behind all that was stored to it: a CPU that waits with such a store has it
 * seen. */
#include "hostsim/cpus/store_buffer.h"

#include <string.h>

#include "hostsim/cpus/atomic_accesses.h"
#include "hostsim/machine/machine.h"

#define LONGEST_NS 50000 /* hardware has written its buffer back long before; a CPU that PCT holds up has not */

void sim_store_buffer_drain(struct sim_cpu *cpu)
{
    cpu->stores.count = 0;
}

/* Others see the first @p count. */
static void see(struct sim_store_buffer *buffer, unsigned count)
{
    buffer->count -= count;
    memmove(buffer->stores, buffer->stores + count, buffer->count * sizeof(*buffer->stores));
}

static void see_old(struct sim_store_buffer *buffer, uint64_t now)
{
    unsigned count = 0;
    while (count < buffer->count && buffer->stores[count].until <= now)
        count++;
    see(buffer, count);
}

static void see_word(struct sim_store_buffer *buffer, const void *word)
{
    for (unsigned i = buffer->count; i > 0; i--)
        if (buffer->stores[i - 1].word == word) {
            see(buffer, i);
            return;
        }
}

/* @return the machine in which another CPU may see things late, or NULL */
static struct sim_machine *late_machine(void)
{
    struct sim_machine *machine = sim_this_machine();
    return machine != NULL && machine->running && machine->pct.on ? machine : NULL;
}

static void see_word_of_others(struct sim_machine *machine, const void *word)
{
    for (unsigned i = 0; i < machine->cpu_count; i++)
        if (&machine->cpus[i] != machine->turn)
            see_word(&machine->cpus[i].stores, word);
}

/* By numbers of its own: the machine's would give existing seeds another order of turns. */
static uint64_t draw_delay(struct sim_machine *machine)
{
    machine->store_delays = machine->store_delays * 6364136223846793005 + 1442695040888963407;
    return (machine->store_delays >> 33) % LONGEST_NS;
}

static const void *load(const void *word, size_t size, int order)
{
    static uint64_t seen;
    struct sim_machine *machine = late_machine();
    (void)size;
    if (machine == NULL)
        return word;
    if (order == __ATOMIC_SEQ_CST)
        sim_store_buffer_drain(machine->turn);
    for (unsigned i = 0; i < machine->cpu_count; i++) {
        struct sim_store_buffer *buffer = &machine->cpus[i].stores;
        if (&machine->cpus[i] == machine->turn)
            continue;
        see_old(buffer, machine->now);
        for (unsigned j = 0; j < buffer->count; j++) {
            if (buffer->stores[j].word != word)
                continue;
            seen = buffer->stores[j].before;
            return &seen;
        }
    }
    return word;
}

static void store(const void *word, size_t size)
{
    struct sim_machine *machine = sim_this_machine();
    if (machine == NULL || !machine->running)
        return;
    machine->turn->unfenced = true;
    if (!machine->pct.on)
        return;
    struct sim_store_buffer *buffer = &machine->turn->stores;
    see_word_of_others(machine, word);
    see_old(buffer, machine->now);
    if (buffer->count == SIM_STORE_BUFFER)
        see(buffer, 1);
    struct sim_pending_store *pending = &buffer->stores[buffer->count];
    uint64_t earliest = buffer->count > 0 ? pending[-1].until : 0;
    *pending = (struct sim_pending_store){.word = word, .until = max_u64(earliest, machine->now + draw_delay(machine))};
    memcpy(&pending->before, word, size);
    buffer->count++;
}

static void exchange(const void *word)
{
    struct sim_machine *machine = sim_this_machine();
    if (machine == NULL || !machine->running)
        return;
    machine->turn->unfenced = true;
    sim_store_buffer_drain(machine->turn);
    see_word_of_others(machine, word);
}

static void fence(void)
{
    struct sim_machine *machine = sim_this_machine();
    if (machine == NULL || !machine->running)
        return;
    machine->turn->unfenced = false;
    sim_store_buffer_drain(machine->turn);
}

void sim_store_buffers_begin(struct sim_machine *machine)
{
    static const struct hostsim_atomics hooks = {
        .access = sim_pct_atomic_access, .load = load, .store = store, .exchange = exchange, .fence = fence};
    machine->store_delays = machine->options.seed;
    hostsim_atomics = &hooks;
}
