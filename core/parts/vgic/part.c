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

    if (gic->version == GIC_V3) {
        claim_frame(claimant, GUEST_GICD_BASE, GUEST_GICD_V3_SIZE, "gicd");
        claim_frame(claimant, GUEST_GICR_BASE, claimant->domain->vcpu_count * (uint64_t)GUEST_GICR_STRIDE, "gicr");
        return;
    }
    claim_frame(claimant, GUEST_GICD_BASE, GUEST_GICD_SIZE, "gicd");
    claim_frame(claimant, GUEST_GICC_BASE, GUEST_GICC_SIZE, "gicc");
    if (gic->version == GIC_V2)
        claim_for(claimant, CLAIM_FRAME, CLAIM_SHARED, /* where in it the registers are, the driver knows */
                  range_of(gic->virtual_interface.base, gic->virtual_interface.size), "gicv");
}

static void create(struct domain *domain, void *state)
{
    struct vgic *vgic = &domain->vgic;

    (void)state;
    if (domain_host()->gic->version != GIC_V3) {
        domain_add_device(domain, ipa(GUEST_GICD_BASE), GUEST_GICD_SIZE, vgic, vgic_distributor_access);
        return;
    }
    domain_add_device(domain, ipa(GUEST_GICD_BASE), GUEST_GICD_V3_SIZE, vgic, vgic_v3_distributor_access);
    domain_add_device(domain, ipa(GUEST_GICR_BASE), domain->vcpu_count * GUEST_GICR_STRIDE, vgic,
                      vgic_redistributor_access);
}

/** A GICv2's virtual CPU interface stands where the guest looks for a CPU interface (IHI 0048B 5.5). */
static hv_status map(struct domain *domain, void *state)
{
    const struct gic *gic = domain_host()->gic;

    (void)state;
    if (gic->version != GIC_V2)
        return HV_OK;
    return stage2_map(&domain->stage2, ipa(GUEST_GICC_BASE), gic->virtual_interface, GUEST_GICC_SIZE, STAGE2_DEVICE);
}

static void describe(struct dt_writer *tree, const struct plan_domain *plan, const struct machine *machine)
{
    static const struct dt_range v2_frames[] = {
        {GUEST_GICD_BASE, GUEST_GICD_SIZE},
        {GUEST_GICC_BASE, GUEST_GICC_SIZE},
    };
    static const struct dt_range v3_frames[] = {
        {GUEST_GICD_BASE, GUEST_GICD_V3_SIZE},
        {GUEST_GICR_BASE, GUEST_GICR_SIZE},
    };
    bool v3 = machine->gic.version == GIC_V3;

    (void)plan;
    dt_begin_node_at(tree, "interrupt-controller", GUEST_GICD_BASE);
    dt_put_u32(tree, "#address-cells", 0);
    dt_put_u32(tree, "#interrupt-cells", 3);
    dt_put_flag(tree, "interrupt-controller");
    dt_put_string(tree, "compatible", v3 ? "arm,gic-v3" : "arm,gic-400");
    if (v3)
        dt_put_u32(tree, "#redistributor-regions", 1);
    dt_put_reg(tree, v3 ? v3_frames : v2_frames, 2);
    dt_put_u32(tree, "linux,phandle", GUEST_PHANDLE_GIC);
    dt_put_u32(tree, "phandle", GUEST_PHANDLE_GIC);
    dt_end_node(tree);
}

const struct part vgic_part = {
    .name = "vgic",
    .claim = claim,
    .create = create,
    .map = map,
    .describe = describe,
};
