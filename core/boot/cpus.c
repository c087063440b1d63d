// SPDX-License-Identifier: Apache-2.0
#include "boot/boot.h"

#include "arch/cpu.h"
#include "arch/timer.h"
#include "boot/boot.h"
#include "console/console.h"

/* A CPU that the firmware accepted checks in after microseconds, on an emulator that shares its host after much more;
 * one that has not after this long never will. */
#define CPU_ONLINE_TIMEOUT_US 1000000

hv_status boot_start_cpus(const struct boot_input *input)
{
    struct machine *machine = &hv_boot.machine;

    (void)input;
    for (unsigned cpu = 1; cpu < machine->cpu_count; cpu++) {
        hv_status status = machine->psci ? arch_cpu_start(cpu, machine->cpus[cpu].mpidr) : HV_E_UNSUPPORTED;
        machine->cpus[cpu].online = status == HV_OK;
        if (status != HV_OK)
            console_printf("warning: CPU %u (affinity 0x%llx) cannot be started and is left out: %s\n", cpu,
                           (unsigned long long)machine->cpus[cpu].mpidr, hv_status_name(status));
    }
    machine->cpus[0].online = true;
    return HV_OK;
}

hv_status boot_await_cpus(const struct boot_input *input)
{
    struct machine *machine = &hv_boot.machine;
    uint64_t deadline = arch_timer_now() + arch_timer_ticks(CPU_ONLINE_TIMEOUT_US);

    (void)input;
    for (unsigned cpu = 1; cpu < machine->cpu_count; cpu++) {
        if (!machine->cpus[cpu].online)
            continue;
        while (load_acquire(&cpu_table[cpu].online) == 0 && arch_timer_now() < deadline)
            arch_cpu_wait();
        if (load_acquire(&cpu_table[cpu].online) != 0)
            continue;
        machine->cpus[cpu].online = false;
        console_printf("warning: CPU %u (affinity 0x%llx) did not come up within %u ms and is left out\n", cpu,
                       (unsigned long long)machine->cpus[cpu].mpidr, CPU_ONLINE_TIMEOUT_US / 1000);
    }
    return HV_OK;
}
