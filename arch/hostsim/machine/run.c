// SPDX-License-Identifier: Apache-2.0
/* A run from its beginning to its end. */
#include <stdlib.h>

#include "hostsim/contract/ordering.h"
#include "hostsim/guest/programs/register.h"
#include "hostsim/machine/machine.h"

static void boot_entry(void *argument)
{
    struct sim_cpu *cpu = argument;
    struct sim_machine *machine = cpu->machine;
    machine->main(machine->main_context);
    machine->main_returned = true;
    sim_cpu_block(cpu, SIM_CPU_HALTED);
    abort();
}

/* Before anything runs, so that the start of a thread orders nothing of what CPUs do later. */
static void create_threads(struct sim_machine *machine)
{
    coroutine_bind_thread(&machine->desk);
    for (unsigned i = 0; i < machine->cpu_count; i++)
        coroutine_create_thread(&machine->cpus[i].coroutine);
}

enum sim_end sim_run_with(struct sim_machine *machine, void (*main)(void *context), void *context,
                          void (*secondary)(unsigned cpu))
{
    struct sim_cpu *cpu = &machine->cpus[0];
    if (machine->booted)
        sim_fail("sim_run(): this machine has run; make a new one");
    sim_register_programs();
    machine->booted = true;
    machine->main = main;
    machine->main_context = context;
    machine->secondary_main = secondary;
    if (machine->options.threads)
        create_threads(machine);
    coroutine_start(&cpu->coroutine, boot_entry, cpu);
    cpu->state = SIM_CPU_READY;
    cpu->starting = true;
    machine->turn = cpu;
    machine->horizon = 0;
    sim_pct_begin(machine);
    sim_store_buffers_begin(machine);
    machine->running = true;
    (void)sim_computed(machine->platform); /* what was before is not of this run */
    coroutine_switch(&machine->desk, &cpu->coroutine);
    machine->running = false;
    sim_ordered_after(machine);
    return machine->end;
}
