// SPDX-License-Identifier: Apache-2.0
/* KVM's own interrupt controller in the place of core's: whether it is to be used, and where it goes. */
#include "hostsim/kvm/kvm_gic.h"

#include <libfdt.h>

const char *kvm_gic_choose(enum sim_kvm_gic wanted, unsigned version, const struct kvm_gic_abilities *abilities,
                           bool *own)
{
    *own = wanted == SIM_KVM_GIC_HOST || (wanted == SIM_KVM_GIC_DEFAULT && !abilities->none);
    if (version == 3)
        return "domains in KVM need a machine with a GICv2: of GICv3, KVM knows only its own, and that only on 64 KiB "
               "boundaries, which the domains' memory map does not keep";
    if (*own && !abilities->own)
        return wanted == SIM_KVM_GIC_HOST
                   ? "the host's KVM has no GICv2 of its own for domains: no KVM_DEV_TYPE_ARM_VGIC_V2"
                   : "the host's KVM neither does without an interrupt controller of its own (KVM_CAP_ARM_USER_IRQ) "
                     "nor "
                     "has a GICv2 (KVM_DEV_TYPE_ARM_VGIC_V2)";
    if (!*own && !abilities->none)
        return "the host's KVM cannot do without an interrupt controller of its own: no KVM_CAP_ARM_USER_IRQ";
    return NULL;
}

static uint64_t read_cells(const fdt32_t *cells, int count)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 32 | fdt32_to_cpu(cells[i]);
    return value;
}

bool kvm_gic_find(const void *dtb, struct kvm_gic_frames *frames)
{
    int length, node = fdt_node_offset_by_compatible(dtb, -1, "arm,gic-400");
    if (node < 0)
        node = fdt_node_offset_by_compatible(dtb, -1, "arm,cortex-a15-gic");
    int bus = node >= 0 ? fdt_parent_offset(dtb, node) : -1;
    if (bus < 0)
        return false;
    int address_cells = fdt_address_cells(dtb, bus), entry = address_cells + fdt_size_cells(dtb, bus);
    const fdt32_t *reg = fdt_getprop(dtb, node, "reg", &length);
    if (reg == NULL || address_cells < 1 || address_cells > 2 || length < 2 * entry * (int)sizeof(*reg))
        return false;
    frames->distributor = read_cells(reg, address_cells);
    frames->cpu_interface = read_cells(reg + entry, address_cells);
    return true;
}
