// SPDX-License-Identifier: Apache-2.0
#include "vcpu/cpu.h"

#include <string.h>

#include "drivers/gic.h"

struct cpu cpu_table[HV_MAX_CPUS];
uint32_t cpu_stopping;

HV_ONCE void cpu_init(void)
{
    memset(cpu_table, 0, sizeof(cpu_table));
    for (unsigned cpu = 0; cpu < HV_MAX_CPUS; cpu++)
        cpu_table[cpu].id = cpu;
    cpu_table[0].online = 1;
    cpu_stopping = 0;
}

void cpu_look_again(unsigned cpu)
{
    if (cpu == arch_cpu_id())
        cpu_table[cpu].reschedule = true;
    else
        cpu_kick(cpu);
}

void cpu_kick(unsigned cpu)
{
    if (host_gic.ops != NULL)
        host_gic.ops->send_kick(&host_gic, cpu);
    arch_cpu_signal();
}

HV_RARE void cpu_stop_others(void)
{
    store_release(&cpu_stopping, 1);
    for (unsigned cpu = 0; cpu < HV_MAX_CPUS; cpu++)
        if (cpu != arch_cpu_id() && load_acquire(&cpu_table[cpu].online) != 0)
            cpu_kick(cpu);
    arch_cpu_signal();
}
