// SPDX-License-Identifier: Apache-2.0
/* A guest's interrupt controller as a part of each domain: its frames, of the version that the host has. How it works
 * is core/vgic. */
#include "config/part.h"
#include "domain/domain.h"
#include "dt/dt_writer.h"
#include "plan/claims.h"

static void claim_frame(struct claimant *claimant, uint64_t base, uint64_t size, const char *what)
{
    claim_for(claimant, CLAIM_GUEST_ADDRESS, CLAIM_EXCLUSIVE, range_of(base, size), what);
}

static void claim(struct claimant *claimant)
{
    const struct machine_gic *gic = &claimant->plan->machine->gic;
    const struct guest_map *map = claimant->domain->map;

    if (gic->version == GIC_V3) {
        claim_frame(claimant, map->gicd_v3.base, map->gicd_v3.size, "gicd");
        claim_frame(claimant, map->gicr.base, claimant->domain->vcpu_count * (uint64_t)GUEST_GICR_STRIDE, "gicr");
        return;
    }
    claim_frame(claimant, map->gicd.base, map->gicd.size, "gicd");
    claim_frame(claimant, map->gicc.base, map->gicc.size, "gicc");
    if (gic->version == GIC_V2)
        claim_for(claimant, CLAIM_FRAME, CLAIM_SHARED, /* where in it the registers are, the driver knows */
                  range_of(gic->virtual_interface.base, gic->virtual_interface.size), "gicv");
}

static void add_frame(struct domain *domain, uint64_t base, uint64_t size,
                      enum mmio_result (*handler)(void *, struct mmio_access *))
{
    domain_add_device(domain, ipa(base), (uint32_t)size, &domain->vgic, handler);
}

static void create(struct domain *domain, void *state)
{
    const struct guest_map *map = domain->plan->map;

    (void)state;
    if (!gic_is_v3()) {
        add_frame(domain, map->gicd.base, map->gicd.size, vgic_distributor_access);
        return;
    }
    add_frame(domain, map->gicd_v3.base, map->gicd_v3.size, vgic_v3_distributor_access);
    add_frame(domain, map->gicr.base, domain->vcpu_count * (uint64_t)GUEST_GICR_STRIDE, vgic_redistributor_access);
}

/** A GICv2's virtual CPU interface stands where the guest looks for a CPU interface (IHI 0048B 5.5). */
static hv_status map(struct domain *domain, void *state)
{
    const struct guest_range *gicc = &domain->plan->map->gicc;

    (void)state;
    if (gic_is_v3())
        return HV_OK;
    return stage2_map(&domain->stage2, ipa(gicc->base), host_gic.virtual_interface, gicc->size, STAGE2_DEVICE);
}

static void describe(struct dt_writer *tree, const struct plan_domain *plan, const struct machine *machine)
{
    const struct guest_map *map = plan->map;
    bool v3 = machine->gic.version == GIC_V3;
    const struct guest_range *distributor = v3 ? &map->gicd_v3 : &map->gicd, *second = v3 ? &map->gicr : &map->gicc;
    const struct dt_range frames[] = {{distributor->base, distributor->size}, {second->base, second->size}};

    if (plan->config->hardware) /* it has the host's node */
        return;
    dt_begin_node_at(tree, "interrupt-controller", distributor->base);
    dt_put_u32(tree, "#address-cells", 0);
    dt_put_u32(tree, "#interrupt-cells", 3);
    dt_put_flag(tree, "interrupt-controller");
    dt_put_string(tree, "compatible", v3 ? "arm,gic-v3" : "arm,gic-400");
    if (v3)
        dt_put_u32(tree, "#redistributor-regions", 1);
    dt_put_reg(tree, frames, ARRAY_SIZE(frames));
    dt_put_u32(tree, "linux,phandle", map->gic_phandle);
    dt_put_u32(tree, "phandle", map->gic_phandle);
    dt_end_node(tree);
}

const struct part vgic_part = {
    .name = "vgic",
    .claim = claim,
    .create = create,
    .map = map,
    .describe = describe,
};
