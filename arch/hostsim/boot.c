/* Power-on: what the firmware and the boot loader leave behind, then core. Apart from the other files, so that a
 * program which only uses the models does not need all of core. */
#include <stdlib.h>
#include <string.h>

#include "boot/hypervisor.h"
#include "hostsim/machine.h"
#include "hostsim/programs/programs.h"

static void boot_entry(void *argument)
{
    struct sim_cpu *cpu = argument;
    struct sim_machine *machine = cpu->machine;
    uint64_t space = min_u64(machine->boot_dtb_size, MIB(2));
    const void *dtb = sim_map(machine, machine->boot_dtb, space, ARCH_MAP_READ, true);
    hv_main(dtb, space, pa(machine->boot_dtb), sim_ticks(machine, machine->now));
    machine->main_returned = true;
    sim_cpu_block(cpu, SIM_CPU_HALTED);
    abort();
}

enum sim_end sim_run(struct sim_machine *machine)
{
    if (machine->booted)
        sim_fail("sim_run(): this machine has run; make a new one");
    memset(&hypervisor, 0, sizeof(hypervisor));
    machine->booted = true;
    sim_register_programs();
    machine->secondary_main = hv_secondary_main;
    struct sim_cpu *cpu = &machine->cpus[0];
    coroutine_start(&cpu->coroutine, boot_entry, cpu);
    cpu->state = SIM_CPU_READY;
    cpu->starting = true;
    machine->turn = cpu;
    machine->running = true;
    coroutine_switch(&machine->desk, &cpu->coroutine);
    machine->running = false;
    return machine->end;
}
