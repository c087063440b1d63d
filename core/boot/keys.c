// SPDX-License-Identifier: Apache-2.0
#include "boot/boot.h"
#include "console/console.h"
#include "console/keyboard.h"
#include "trace/trace.h"

HV_RARE static void show_vcpu(const struct vcpu *vcpu, unsigned index)
{
    const struct vcpu_statistics *statistics = &vcpu->statistics;

    console_printf("%7u %3u %10llu %10llu %10llu %10llu %10llu\n", index, vcpu->cpu,
                   (unsigned long long)statistics->exits, (unsigned long long)statistics->hypercalls,
                   (unsigned long long)statistics->mmio, (unsigned long long)statistics->wfi,
                   (unsigned long long)statistics->interrupts);
}

HV_RARE static void show_domain(const struct domain *domain)
{
    console_printf("%-3u %-16.16s %-9s %9llu %8u\n", domain->domid, domain->name,
                   domain_state_name(load_acquire(&domain->state)),
                   (unsigned long long)domain->plan->config->memory >> 10, domain->restarts);
    if (domain->reason != NULL)
        console_printf("    %1.66s\n", domain->reason);
    for (unsigned i = 0; i < domain->vcpu_count; i++)
        show_vcpu(domain->vcpus[i], i);
}

HV_RARE static void show_domains(void)
{
    console_printf("id  domain           state           KiB restarts\n"
                   "   vcpu cpu      exits hypercalls       mmio        wfi interrupts\n");
    for (unsigned i = 0; i < hv_boot.plan.domain_count; i++) {
        const struct domain *domain = domain_find((uint16_t)(i + 1));
        if (domain != NULL)
            show_domain(domain);
        else
            console_printf("%-3u %-16.16s left out\n", i + 1, hv_boot.config.domains[i].name);
    }
    keyboard_announce();
}

static void show_memory(void)
{
    plan_print(console_sink(), &hv_boot.plan);
}

static void show_timeline(void)
{
    trace_print(console_sink(), domain_name);
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
    {'q', "quit: boot timeline, then power off", quit},
};

void hv_keys_init(void)
{
    console_set_keys(keys, ARRAY_SIZE(keys));
}
