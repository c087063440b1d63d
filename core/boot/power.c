// SPDX-License-Identifier: Apache-2.0
#include "boot/hypervisor.h"

#include "arch/cpu.h"
#include "arch/smc.h"
#include "console/console.h"
#include "domain/domain.h"

const char *hv_domain_name(uint16_t domid)
{
    if (domid == DOMID_HYPERVISOR)
        return "bulkhead";
    if (domid > HV_MAX_DOMAINS || hypervisor.domains[domid - 1] == NULL)
        return "?";
    return hypervisor.domains[domid - 1]->name;
}

static bool any_alive(void)
{
    for (unsigned i = 0; i < HV_MAX_DOMAINS; i++) {
        const struct domain *domain = hypervisor.domains[i];
        if (domain != NULL && load_acquire(&domain->announced) == 0)
            return true;
    }
    return false;
}

HV_RARE static void end_machine(void)
{
    if (hypervisor.config.all_off != ALL_OFF_POWER_OFF)
        return;
    trace_print(console_sink(), hv_domain_name);
    hv_power_off();
}

HV_ONCE void hv_domains_created(void)
{
    if (!any_alive())
        end_machine();
}

HV_RARE void hv_domain_stopped(struct domain *domain)
{
    console_printf("%s: %s: %s\n", domain->name, domain_state_name(load_acquire(&domain->state)),
                   domain->reason != NULL ? domain->reason : "no reason given");
    console_close(&domain->console);
    store_release(&domain->announced, 1);
    if (any_alive() || __atomic_exchange_n(&hypervisor.all_off, 1, __ATOMIC_ACQ_REL) != 0)
        return; /* the last ones may stop at the same time on two CPUs: one of them says so */
    console_printf("all domains are off\n");
    end_machine();
}

void hv_stop_other_cpus(void)
{
    store_release(&hypervisor.shutting_down, 1);
    for (unsigned cpu = 0; cpu < hypervisor.machine.cpu_count; cpu++)
        if (cpu != arch_cpu_id() && load_acquire(&hypervisor.cpus[cpu].online) != 0)
            sched_kick(cpu);
    arch_cpu_signal();
}

void hv_power_off(void)
{
    hv_stop_other_cpus();
    console_drain();
    arch_smc(PSCI_SYSTEM_OFF, 0, 0, 0);
    console_printf("the firmware did not power the machine off: halted\n");
    console_drain();
    arch_cpu_halt();
}
