// SPDX-License-Identifier: Apache-2.0
/* How domains and the machine end. */
#include "arch/cpu.h"
#include "arch/smc.h"
#include "boot/boot.h"
#include "console/console.h"
#include "trace/trace.h"

static uint32_t all_off; /* the last domain has stopped, and that was reported */

static bool any_alive(void)
{
    for (uint16_t domid = 1; domid <= HV_MAX_DOMAINS; domid++) {
        const struct domain *domain = domain_find(domid);
        if (domain != NULL && load_acquire(&domain->announced) == 0)
            return true;
    }
    return false;
}

HV_RARE static void end_machine(void)
{
    if (hv_boot.config.all_off != ALL_OFF_POWER_OFF)
        return;
    trace_print(console_sink(), domain_name);
    hv_power_off();
}

HV_ONCE void hv_domains_created(void)
{
    all_off = 0;
    if (!any_alive())
        end_machine();
}

HV_RARE void hv_domain_stopped(struct domain *domain)
{
    console_printf("%s: %s: %s\n", domain->name, domain_state_name(load_acquire(&domain->state)),
                   domain->reason != NULL ? domain->reason : "no reason given");
    console_close(&domain->console);
    /* In one order for all CPUs: of two that stop the last domains at once, one sees both. */
    __atomic_store_n(&domain->announced, 1, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (any_alive() || __atomic_exchange_n(&all_off, 1, __ATOMIC_ACQ_REL) != 0)
        return; /* the last ones may stop at the same time on two CPUs: one of them says so */
    console_printf("all domains are off\n");
    end_machine();
}

void hv_power_off(void)
{
    cpu_stop_others();
    console_drain();
    arch_smc(PSCI_SYSTEM_OFF, 0, 0, 0);
    console_printf("the firmware did not power the machine off: halted\n");
    console_drain();
    arch_cpu_halt();
}
