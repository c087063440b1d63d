// SPDX-License-Identifier: Apache-2.0
/* A domain comes into being, once, while the hypervisor boots. */
#include <string.h>

#include "arch/mem.h"
#include "config/part.h"
#include "console/console.h"
#include "console/panic.h"
#include "domain/build_state.h"
#include "domain/domain.h"
#include "domain/entropy.h"
#include "domain/guest_dt.h"
#include "time/deadline.h"

/** The start of the control area; the vCPUs follow at PLAN_DOMAIN_BYTES. */
struct domain_area {
    struct domain domain;
    struct build build;
};

_Static_assert(sizeof(struct domain_area) <= PLAN_DOMAIN_BYTES, "struct domain outgrew its place in the plan");
_Static_assert(sizeof(struct gunzip) <= PLAN_SCRATCH_BYTES, "struct gunzip outgrew its place in the plan");
_Static_assert(sizeof(struct vcpu) <= PLAN_VCPU_BYTES, "struct vcpu outgrew its place in the plan");

#define MPIDR_RES1 (1ULL << 31)

static bool shares_vmid(const struct plan_domain *plan, unsigned index)
{
    for (unsigned i = 0; i < plan->vcpu_count; i++)
        if (i != index && plan->vcpu_cpu[i] == plan->vcpu_cpu[index])
            return true;
    return false;
}

static struct vcpu *create_vcpu(struct domain *domain, uint8_t *area, unsigned index)
{
    struct vcpu *vcpu = (struct vcpu *)(void *)(area + PLAN_DOMAIN_BYTES + index * PLAN_VCPU_BYTES);

    memset(vcpu, 0, sizeof(*vcpu));
    vcpu->domain = domain;
    vcpu->index = (uint8_t)index;
    vcpu->cpu = domain->plan->vcpu_cpu[index];
    vcpu->timer_intids[VCPU_TIMER_VIRTUAL] = (uint8_t)domain->plan->map->timer_virtual;
    vcpu->timer_intids[VCPU_TIMER_PHYSICAL] = (uint8_t)domain->plan->map->timer_physical;
    vcpu->arch.stage2 = &domain->stage2.arch;
    vcpu->arch.shares_vmid = shares_vmid(domain->plan, index);
    vcpu->arch.vmpidr = MPIDR_RES1 | guest_dt_vcpu_affinity(index);
    vgic_add_vcpu(&domain->vgic, &vcpu->vgic, guest_dt_vcpu_affinity(index));
    return vcpu;
}

void domain_add_device(struct domain *domain, ipa_t base, uint32_t size, void *device,
                       enum mmio_result (*handler)(void *, struct mmio_access *))
{
    const struct mmio_region region = {base, size, handler, device};

    if (mmio_bus_add(&domain->bus, &region) != HV_OK)
        hv_panic("%s: no room on the bus for the device at 0x%llx", domain->name, (unsigned long long)base.raw);
}

/** @param state  the parts' place in the control area */
HV_RARE static void create_parts(struct domain *domain, uint8_t *state)
{
    FOR_EACH_PART_OF(i, domain->plan->config) {
        const struct part *part = part_table[i];
        domain->parts[i] = memset(state, 0, part->state_bytes);
        part->create(domain, state);
        state += align_up(part->state_bytes, PART_ALIGNMENT);
    }
}

/** One that cannot be written leaves the domain to fail when it is built. */
HV_RARE static void write_dt(struct domain *domain, uint8_t *area)
{
    const struct plan_domain *plan = domain->plan;
    bool seeded = entropy_available(domain_host()->machine);
    const struct guest_seeds seeds = {.rng_length = seeded ? sizeof(seeds.rng) : 0,
                                      .kaslr_length = seeded ? sizeof(seeds.kaslr) : 0};
    hv_status status = guest_dt_write(area + (plan->tree.base - plan->control.base), region_size(plan->tree), plan,
                                      domain_host()->machine, &seeds, &domain->dt);

    if (status != HV_OK)
        domain->dt.size = 0;
}

struct domain *domain_create(const struct plan_domain *plan)
{
    uint8_t *area = arch_map(pa(plan->control.base), region_size(plan->control), ARCH_MAP_READ_WRITE);

    if (area == NULL)
        return NULL;
    struct domain_area *start = (struct domain_area *)(void *)area;
    struct domain *domain = &start->domain;
    memset(start, 0, sizeof(*start));
    domain->plan = plan;
    domain->name = plan->name;
    domain->domid = plan->domid;
    domain->build = &start->build;
    domain->stage2.pool = area + (plan->stage2_base.raw - plan->control.base);
    if (region_size(plan->scratch) != 0)
        start->build.gunzip = (struct gunzip *)(void *)(area + (plan->scratch.base - plan->control.base));
    domain->vgic.wake = vcpu_wake_for_interrupt;
    domain->vgic.route = vcpu_route_interrupt;
    domain->vcpu_count = plan->vcpu_count;
    for (unsigned i = 0; i < plan->vcpu_count; i++)
        domain->vcpus[i] = create_vcpu(domain, area, i);
    domain->console.name = domain->name;
    domain->console.domid = domain->domid;
    create_parts(domain, area + PLAN_DOMAIN_BYTES + plan->vcpu_count * PLAN_VCPU_BYTES);
    write_dt(domain, area);
    domain_reset_devices(domain);
    console_add_source(&domain->console);
    deadline_add(&domain->restart, domain->vcpus[0]->cpu, NULL);
    domain_table[domain->domid - 1] = domain;
    return domain;
}
