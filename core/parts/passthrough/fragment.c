// SPDX-License-Identifier: Apache-2.0
/* The partial device tree as a whole. Of its root's children only these count: /gic, whose phandle stands for the
 * guest's interrupt controller, /aliases, and /passthrough with all that is below. */
#include <string.h>

#include "lib/text.h"
#include "parts/passthrough/dma.h"
#include "plan/modules.h"

/* Beside the partial tree the guest's tree has nodes of its own. */
#define FRAGMENT_MAX_SIZE (GUEST_DT_MAX_SIZE - KIB(16))

static void emit(struct diag *diag, const struct diag_report *report)
{
    struct fragment *fragment = CONTAINER_OF(diag, struct fragment, diag);
    struct diag_report outer = *report;
    char module[DT_PATH_MAX], path[DT_PATH_MAX];

    dt_path(fragment->module, module, sizeof(module));
    format_string(path, sizeof(path), "%s:%s", module, report->path != NULL ? report->path : "");
    outer.path = report->path != NULL ? path : module;
    fragment->failed |= report->severity == DIAG_ERROR;
    if (fragment->inspection->diag != NULL)
        diag_emit(fragment->inspection->diag, &outer);
}

void fragment_report(struct fragment *fragment, enum diag_severity severity, const char *property, const char *found,
                     const char *expected, const char *message, const char *hint)
{
    dt_report(&fragment->diag, severity, fragment->at.node, property, found, expected, message, hint);
}

/** @return false where it cannot be looked at; reported */
static bool open(struct fragment *fragment)
{
    struct inspection *inspection = fragment->inspection;
    struct plan_module *module = &inspection->plan->modules[inspection->domain->index][MODULE_DEVICE_TREE];
    struct plan_reader *reader = inspection->reader;
    uint64_t size = region_size(module->range);
    const void *blob = NULL;

    if (reader != NULL && reader->keep != NULL)
        blob = reader->keep(reader, pa(module->range.base), min_u64(size, DT_MAX_SIZE));
    if (blob == NULL) {
        bool error = reader != NULL && reader->sees_all;
        fragment->failed |= error;
        dt_report(inspection->diag, error ? DIAG_ERROR : DIAG_WARNING, module->config->node, "reg", NULL, NULL,
                  error ? "the hypervisor has no address space left for the partial device tree"
                        : "the partial device tree cannot be looked at: its devices are not in the plan",
                  error ? NULL : "give the file by --module ADDRESS=FILE");
        return false;
    }
    if (dt_open(&inspection->domain->fragment, blob, size, &fragment->diag) != HV_OK) {
        fragment->failed = true; /* with or without a report */
        return false;
    }
    modules_shrink(module, inspection->domain->fragment.size, "as its header says");
    return true;
}

uint32_t fragment_phandle(struct dt_node node)
{
    uint32_t phandle;

    if (dt_read_u32(node, "phandle", &phandle) != HV_OK && dt_read_u32(node, "linux,phandle", &phandle) != HV_OK)
        return 0;
    return phandle == UINT32_MAX ? 0 : phandle;
}

/** Sets the phandle by which the partial tree calls the guest's interrupt controller. */
static void read_gic(struct fragment *fragment)
{
    struct plan_domain *domain = fragment->inspection->domain;
    struct dt_node gic = dt_find(&domain->fragment, "/gic");
    uint32_t phandle = fragment_phandle(gic);

    if (phandle == 0)
        return;
    if (domain->map != &domain->own_map)
        domain->own_map = *domain->map;
    domain->own_map.gic_phandle = phandle;
    domain->map = &domain->own_map;
}

static bool is_taken(const char *name)
{
    /* What dtc adds for overlays is of no use here, and does no harm. */
    static const char *const names[] = {"gic",         "aliases",    PASSTHROUGH_NODE,
                                        "__symbols__", "__fixups__", "__local_fixups__"};

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        if (text_equal(name, names[i]))
            return true;
    return false;
}

static void look_at_root(struct fragment *fragment)
{
    const struct dt *tree = &fragment->inspection->domain->fragment;

    DT_FOR_EACH_CHILD(node, dt_root(tree))
    {
        if (!is_taken(dt_name(node)))
            dt_report(&fragment->diag, DIAG_WARNING, node, NULL, NULL, NULL,
                      "the guest does not get this node: only /gic, /aliases and /passthrough are taken",
                      "move what the devices refer to into /passthrough");
    }
}

static void look_at_devices(struct fragment *fragment)
{
    const struct dt *tree = &fragment->inspection->domain->fragment;

    if (!dt_scan_find(&fragment->at, tree, "/" PASSTHROUGH_NODE)) {
        dt_scan_start(&fragment->at, tree);
        fragment_report(fragment, DIAG_ERROR, NULL, NULL, "a node /passthrough",
                        "the partial device tree gives the domain no device",
                        "remove the module, or put devices there");
        return;
    }
    unsigned depth = fragment->at.depth;
    do {
        fragment_device(fragment);
        dt_scan_next(&fragment->at);
    } while (dt_node_valid(fragment->at.node) && fragment->at.depth > depth);
}

static void check_size(struct fragment *fragment)
{
    struct plan_domain *domain = fragment->inspection->domain;
    uint64_t bytes = passthrough_tree_bytes(&domain->fragment);
    char found[32], expected[32];

    domain->fragment_bytes = (uint32_t)bytes;
    if (bytes <= FRAGMENT_MAX_SIZE)
        return;
    dt_scan_start(&fragment->at, &domain->fragment);
    format_string(found, sizeof(found), "%lu bytes", bytes);
    format_string(expected, sizeof(expected), "at most %lu", FRAGMENT_MAX_SIZE);
    fragment_report(fragment, DIAG_ERROR, NULL, found, expected,
                    "the partial device tree is larger than a guest's tree has room for", NULL);
}

hv_status passthrough_inspect(struct inspection *inspection)
{
    struct system_plan *plan = inspection->plan;
    struct plan_domain *domain = inspection->domain;
    struct fragment fragment = {
        .inspection = inspection, .diag = {.emit = emit}, .module = domain->config->device_tree.node};

    domain->frames = &plan->frames[plan->frame_count];
    domain->interrupts = &plan->interrupts[plan->interrupt_count];
    domain->eager_memory = true; /* a page that is zeroed at its first touch would lose what a device wrote before */
    if (open(&fragment)) {
        check_size(&fragment);
        read_gic(&fragment);
        look_at_root(&fragment);
        look_at_devices(&fragment);
        fragment_references(&fragment);
    }
    return fragment.failed ? HV_E_INVALID : HV_OK;
}

void passthrough_claim(struct claimant *claimant)
{
    const struct plan_domain *domain = claimant->domain;

    if (claimant->status == HV_OK)
        claimant->status = dma_check(domain, claimant->diag);
    for (unsigned i = 0; i < domain->frame_count; i++) {
        const struct plan_frame *frame = &domain->frames[i];
        claim_for(claimant, CLAIM_FRAME, CLAIM_EXCLUSIVE, range_of(frame->target.raw, frame->size), frame->name);
        claim_for(claimant, CLAIM_GUEST_ADDRESS, CLAIM_EXCLUSIVE, range_of(frame->base.raw, frame->size), frame->name);
    }
    for (unsigned i = 0; i < domain->interrupt_count; i++) {
        const struct plan_interrupt *interrupt = &domain->interrupts[i];
        claim_for(claimant, CLAIM_INTID, CLAIM_EXCLUSIVE, range_of(interrupt->intid, 1), interrupt->name);
        claim_for(claimant, CLAIM_GUEST_INTID, CLAIM_EXCLUSIVE, range_of(interrupt->intid, 1), interrupt->name);
    }
}
