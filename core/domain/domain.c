// SPDX-License-Identifier: Apache-2.0
#include "domain/domain.h"

#include <string.h>

#include "arch/timer.h"
#include "config/part.h"
#include "console/console.h"
#include "domain/build_state.h"
#include "domain/guest_dt.h"
#include "domain/populate.h"

static const struct domain_host *given;
struct domain *domain_table[HV_MAX_DOMAINS];

HV_ONCE void domain_init(const struct domain_host *host)
{
    given = host;
    memset(domain_table, 0, sizeof(domain_table));
}

struct domain *domain_find(uint16_t domid)
{
    return domid != DOMID_HYPERVISOR && domid <= HV_MAX_DOMAINS ? domain_table[domid - 1] : NULL;
}

HV_RARE const char *domain_name(uint16_t domid)
{
    const struct domain *domain = domain_find(domid);

    if (domid == DOMID_HYPERVISOR)
        return "bulkhead";
    return domain != NULL ? domain->name : "?";
}

const struct domain_host *domain_host(void)
{
    return given;
}

#define HOST_INTIDS_MAX 992

/** As many as the host's GIC has, where nothing was said; as Xen, no more than 960 then, but for what it is given. */
static uint32_t count_spis(const struct plan_domain *plan)
{
    uint64_t count = min_u64(given->gic->intid_count, HOST_INTIDS_MAX) - VGIC_PRIVATE;

    if (plan->spi_count != PLAN_SPIS_AS_HOST)
        return plan->spi_count;
    for (unsigned i = 0; i < plan->interrupt_count; i++)
        count = max_u64(count, align_up(plan->interrupts[i].intid + 1u - VGIC_PRIVATE, 32));
    return (uint32_t)min_u64(max_u64(count, plan_part_spis(plan->config, plan->map)), HV_MAX_SPIS);
}

void domain_reset_devices(struct domain *domain)
{
    vgic_reset(&domain->vgic, count_spis(domain->plan));
    FOR_EACH_PART_OF(i, domain->plan->config)
        if (part_table[i]->reset != NULL)
            part_table[i]->reset(domain, domain->parts[i]);
    console_open(&domain->console);
}

HV_RARE void domain_quiesce(struct domain *domain)
{
    FOR_EACH_PART_OF(i, domain->plan->config)
        if (part_table[i]->quiesce != NULL)
            part_table[i]->quiesce(domain, domain->parts[i]);
    console_flush(&domain->console);
}

void domain_reset_vcpus(struct domain *domain)
{
    uint64_t now = arch_timer_now();

    for (unsigned i = 0; i < domain->vcpu_count; i++) {
        struct vcpu *vcpu = domain->vcpus[i];
        vcpu->arch.counter_offset = now; /* the virtual counter starts at 0, the same on all vCPUs */
        if (i == 0)
            arch_vcpu_init(&vcpu->arch, domain->plan->entry.raw, domain->plan->dtb.raw);
        else
            arch_vcpu_init(&vcpu->arch, 0, 0); /* PSCI says where it starts */
        vgic_reset_vcpu(&vcpu->vgic);
        vcpu_timers_reset(vcpu);
        vcpu_power_reset(vcpu);
    }
}

void domain_message(struct domain *domain, const char *format, ...)
{
    char text[CONSOLE_LINE_MAX];
    va_list arguments;

    /* Looked at before it is counted, so that a guest cannot make the counter wrap. */
    if (__atomic_load_n(&domain->messages, __ATOMIC_RELAXED) > DOMAIN_MAX_MESSAGES)
        return;
    uint32_t number = __atomic_fetch_add(&domain->messages, 1, __ATOMIC_RELAXED);
    if (number == DOMAIN_MAX_MESSAGES)
        console_printf("%s: no further messages about this domain\n", domain->name);
    if (number >= DOMAIN_MAX_MESSAGES)
        return;
    va_start(arguments, format);
    format_string_v(text, sizeof(text), format, arguments);
    va_end(arguments);
    console_printf("%s: %s\n", domain->name, text);
}

hv_status domain_touch(struct domain *domain, ipa_t address)
{
    struct guest_block block;

    HV_TRY(guest_memory_block(domain->plan, address, &block));
    arch_spin_lock(&domain->memory_lock);
    hv_status status = populate_block(domain, address, &block);
    arch_spin_unlock(&domain->memory_lock);
    return status;
}

/** Makes the other CPUs that run vCPUs of @p domain see its new state. */
static void kick_vcpus(const struct domain *domain)
{
    for (unsigned i = 0; i < domain->vcpu_count; i++)
        if (domain->vcpus[i]->cpu != arch_cpu_id())
            cpu_kick(domain->vcpus[i]->cpu);
}

HV_RARE void domain_stop(struct domain *domain, enum domain_state state, const char *reason)
{
    if (!state_move(&domain->state, state == DOMAIN_OFF ? DOMAIN_QUIT : DOMAIN_FAIL))
        return;
    domain->reason = reason;
    kick_vcpus(domain);
    domain_quiesce(domain); /* its last words come first */
    given->stopped(domain);
}

/** @return how long the domain that restarts at @p now waits, in microseconds */
HV_RARE static uint32_t restart_delay(struct domain *domain, uint64_t now)
{
    uint64_t lived = now - domain->vcpus[0]->arch.counter_offset; /* the virtual counter began at 0 */

    if (lived >= arch_timer_ticks(DOMAIN_HASTY_US))
        domain->hasty_starts = 0;
    else if (domain->hasty_starts <= DOMAIN_HASTY_STARTS + DOMAIN_RESTART_DOUBLINGS)
        domain->hasty_starts++;
    if (domain->hasty_starts <= DOMAIN_HASTY_STARTS)
        return 0;
    return DOMAIN_RESTART_DELAY_US << (domain->hasty_starts - DOMAIN_HASTY_STARTS - 1);
}

HV_RARE void domain_restart(struct domain *domain)
{
    uint64_t now = arch_timer_now();

    if (!state_move(&domain->state, DOMAIN_RESET))
        return;
    domain->restarts++;
    uint32_t delay = restart_delay(domain, now);
    if (delay == 0)
        domain_message(domain, "restarts");
    else
        domain_message(domain, "restarts in %u ms", delay / 1000);
    kick_vcpus(domain);
    domain_quiesce(domain); /* it may be long until it is taken apart; not after the next life may have begun */
    __atomic_store_n(&domain->build_at, now + arch_timer_ticks(delay), __ATOMIC_RELEASE);
    deadline_set(&domain->restart, now + arch_timer_ticks(delay));
}

const char *domain_state_name(uint32_t state)
{
    static const char *const names[] = {
        [DOMAIN_PLANNED] = "planned", [DOMAIN_BUILDING] = "building", [DOMAIN_RUNNING] = "running",
        [DOMAIN_OFF] = "off",         [DOMAIN_FAILED] = "failed",
    };

    return state < ARRAY_SIZE(names) ? names[state] : "unknown";
}
