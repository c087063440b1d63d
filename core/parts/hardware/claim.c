// SPDX-License-Identifier: Apache-2.0
/* What the hardware domain has: the registers of its nodes, the windows of its PCI hosts, all interrupts. */
#include "parts/hardware/hardware.h"

#define PCI_CHILD_CELLS 3u
#define TREE_ROOM KIB(64) /* of its device tree, beside what is taken over of the host's */
#define TABLES_OF_RANGE 4 /* of level 2 and 3, at both ends */

static struct region pages_of(struct dt_range range)
{
    return (struct region){align_down(range.base, PAGE_SIZE), align_up(range.base + range.size, PAGE_SIZE)};
}

/** The windows through which the CPU reaches what is behind a PCI host, in the cells of the root.
 * @return false past the end */
static bool pci_window(struct dt_node node, unsigned index, struct dt_range *window)
{
    struct dt_property ranges = dt_property(node, "ranges");
    const uint32_t cells = PCI_CHILD_CELLS + 2 + 2, bytes = cells * (uint32_t)sizeof(uint32_t);

    if (!dt_list_contains(node, "device_type", "pci") || index >= ranges.length / bytes)
        return false;
    const uint8_t *at = ranges.data + index * bytes + PCI_CHILD_CELLS * sizeof(uint32_t);
    *window = (struct dt_range){dt_cells_value(at, 2), dt_cells_value(at + 2 * sizeof(uint32_t), 2)};
    return true;
}

/** Calls @p visit for each range of addresses of the node that @p walk is at. */
static void for_each_range(const struct hardware_walk *walk, void *context,
                           void (*visit)(void *context, struct region pages))
{
    const struct machine *machine = walk->machine;
    struct dt_range range;
    hv_status status = HV_OK;

    for (unsigned i = 0; status != HV_E_MISSING && status != HV_E_FORMAT && status != HV_E_UNSUPPORTED; i++) {
        status = dt_scan_reg_cpu(&walk->at, i, &range);
        if (status == HV_OK && range.size != 0 && regions_overlap(&machine->memory, range.base, range.size) == NULL)
            visit(context, pages_of(range));
    }
    for (unsigned i = 0; pci_window(walk->at.node, i, &range); i++)
        if (range.size != 0 && range.base + range.size > range.base &&
            range.base + range.size <= 1ULL << machine->pa_bits &&
            regions_overlap(&machine->memory, range.base, range.size) == NULL)
            visit(context, pages_of(range));
}

static void count(void *context, struct region pages)
{
    (void)pages;
    *(unsigned *)context += TABLES_OF_RANGE;
}

hv_status hardware_inspect(struct inspection *inspection)
{
    struct plan_domain *domain = inspection->domain;
    const struct machine *machine = inspection->plan->machine;
    struct hardware_walk walk;
    uint32_t address_cells, size_cells;

    if (dt_cells(dt_root(machine->tree), false, &address_cells, &size_cells) != HV_OK || address_cells != 2 ||
        size_cells != 2) {
        dt_report(inspection->diag, DIAG_ERROR, dt_root(machine->tree), "#address-cells", NULL,
                  "2, and #size-cells of 2",
                  "a hardware domain is not supported on a machine whose tree has other cells", NULL);
        return HV_E_UNSUPPORTED;
    }
    domain->ipa_bits = (uint8_t)machine->pa_bits;
    domain->eager_memory = true;
    domain->spi_count = PLAN_SPIS_AS_HOST;
    domain->dtb_size = align_up(machine->tree->size + TREE_ROOM, KIB(64));
    domain->more_tables = machine->pa_bits > 43 ? 1u << (machine->pa_bits - 39) : 0;
    /* Who asks for a device may still be left out: it is this domain's then. */
    hardware_start(&walk, machine, NULL);
    while (hardware_next(&walk)) {
        uint32_t phandle;
        for_each_range(&walk, &domain->more_tables, count);
        if (hardware_is_gic(&walk) && dt_read_u32(walk.at.node, "phandle", &phandle) == HV_OK)
            domain->own_map.gic_phandle = phandle;
    }
    return HV_OK;
}

static void claim_pages(void *context, struct region pages)
{
    claim_rest_for(context, CLAIM_FRAME, pages, HV_KEPT_TEXT("device"));
}

void hardware_claim(struct claimant *claimant)
{
    struct hardware_walk walk;

    hardware_start(&walk, claimant->plan->machine, claimant->plan);
    while (hardware_next(&walk))
        for_each_range(&walk, claimant, claim_pages);
    claim_rest_for(claimant, CLAIM_INTID, (struct region){GUEST_SPI_BASE, GUEST_SPI_BASE + HV_MAX_SPIS},
                   HV_KEPT_TEXT("device"));
}
