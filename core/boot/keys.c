// SPDX-License-Identifier: Apache-2.0
#include "boot/hypervisor.h"

#include "arch/timer.h"
#include "console/console.h"

HV_RARE static void show_domains(void)
{
    console_printf("%-3s %-16s %-9s %-6s %8s %10s %10s %9s %8s %9s\n", "id", "domain", "state", "cpu", "restarts",
                   "exits", "hypercalls", "mmio", "wfi", "interrupts");
    for (unsigned i = 0; i < hypervisor.plan.domain_count; i++) {
        const struct domain *domain = hypervisor.domains[i];
        if (domain == NULL) {
            console_printf("%-3u %-16s left out\n", i + 1, hypervisor.config.domains[i].name);
            continue;
        }
        const struct vcpu_statistics *statistics = &domain->vcpus[0]->statistics;
        console_printf("%-3u %-16s %-9s %-6u %8u %10llu %10llu %9llu %8llu %9llu%s%s\n", domain->domid, domain->name,
                       domain_state_name(load_acquire(&domain->state)), domain->vcpus[0]->cpu, domain->restarts,
                       (unsigned long long)statistics->exits, (unsigned long long)statistics->hypercalls,
                       (unsigned long long)statistics->mmio, (unsigned long long)statistics->wfi,
                       (unsigned long long)statistics->interrupts, domain->reason != NULL ? "  " : "",
                       domain->reason != NULL ? domain->reason : "");
    }
}

static void show_memory(void)
{
    plan_print(console_sink(), &hypervisor.plan);
}

static void show_timeline(void)
{
    trace_print(console_sink(), hv_domain_name);
}

static void quit(void)
{
    show_timeline();
    hv_power_off();
}

static const struct console_key keys[] = {
    {'d', "domains and their state", show_domains},
    {'m', "memory map: who owns what", show_memory},
    {'t', "boot timeline", show_timeline},
    {'q', "quit: print the boot timeline and power the machine off", quit},
};

void hv_keys_init(void)
{
    console_set_keys(keys, ARRAY_SIZE(keys));
}
