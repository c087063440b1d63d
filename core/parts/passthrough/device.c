// SPDX-License-Identifier: Apache-2.0
/* One node of a partial device tree, and the device of the host that it asks for: by xen,path which one, by xen,reg
 * which of its pages the guest finds where. Its interrupts are those that the host's tree says. */
#include <string.h>

#include "lib/text.h"
#include "parts/passthrough/passthrough.h"
#include "plan/show.h"

#define FORCE "xen,force-assign-without-iommu"
#define PATH "xen,path"
#define REG "xen,reg"
#define TRIGGER_EDGES 3u /* dt_interrupt::flags */

static const char *node_name(const struct fragment *fragment)
{
    return dt_name(fragment->at.node);
}

/** Of several nodes of that name the first: a bus may be called otherwise in this board's tree. */
static void report_missing(struct fragment *fragment, const char *path)
{
    const struct dt *host = fragment->inspection->plan->machine->tree;
    const char *wanted = strrchr(path, '/');
    char expected[DT_PATH_MAX];
    struct dt_node node = dt_first_child(dt_root(host));

    wanted = wanted != NULL ? wanted + 1 : path;
    while (dt_node_valid(node) && !text_equal(dt_name(node), wanted))
        node = dt_next(node);
    if (dt_node_valid(node))
        dt_path(node, expected, sizeof(expected));
    fragment_report(fragment, DIAG_ERROR, PATH, path, dt_node_valid(node) ? expected : NULL,
                    "the host's device tree has no such node", NULL);
}

/** Finds the node of the host's tree, @p host: an invalid one where there is none, which was reported where there
 * should be. */
static void find_host(struct fragment *fragment, struct dt_scan *host)
{
    const struct dt *tree = fragment->inspection->plan->machine->tree;
    const char *path;
    char found[64];

    dt_scan_start(host, tree);
    host->node.offset = -1;
    hv_status status = dt_read_string(fragment->at.node, PATH, &path);
    if (status == HV_E_MISSING)
        return;
    if (status != HV_OK || path[0] == '\0') {
        fragment_report(fragment, DIAG_ERROR, PATH, dt_show(dt_property(fragment->at.node, PATH), found, sizeof(found)),
                        "the path of a node of the host's device tree", "the path cannot be read", NULL);
        return;
    }
    if (!dt_scan_find(host, tree, path))
        report_missing(fragment, path);
}

static struct region pages_of(struct dt_range range)
{
    uint64_t end = range.base + range.size;

    return (struct region){align_down(range.base, PAGE_SIZE), max_u64(align_up(end, PAGE_SIZE), end)};
}

/** How much of its pages a device's registers are taken to be. */
enum extent {
    EXACT,
    WHOLE_PAGES,
};

/** @return how far, from @p at on, the registers of the node that @p scan is at reach; @p at where they do not begin
 * there */
static uint64_t covered_by(const struct dt_scan *scan, uint64_t at, enum extent extent)
{
    struct dt_range range;
    hv_status status = HV_OK;

    for (unsigned i = 0; status != HV_E_MISSING; i++) {
        status = dt_scan_reg_cpu(scan, i, &range);
        if (status == HV_E_FORMAT || status == HV_E_UNSUPPORTED)
            return at;
        if (status != HV_OK || range.size == 0)
            continue;
        struct region own = extent == EXACT ? range_of(range.base, range.size) : pages_of(range);
        if (own.base <= at && at < own.end)
            return own.end;
    }
    return at;
}

/** @return the first address of @p range that belongs neither to @p host nor to a node below it; its end: none */
static uint64_t first_foreign(const struct dt_scan *host, struct region range, enum extent extent)
{
    uint64_t at = range.base, before;

    do {
        struct dt_scan scan = *host;
        before = at;
        do {
            at = max_u64(at, covered_by(&scan, at, extent));
            dt_scan_next(&scan);
        } while (at < range.end && dt_node_valid(scan.node) && scan.depth > host->depth);
    } while (at < range.end && at != before);
    return min_u64(at, range.end);
}

/** Of the devices of the host the first that all of @p range belongs to. @return whether there is one */
static bool find_owner(const struct dt *host, struct region range, struct dt_scan *owner)
{
    for (dt_scan_start(owner, host); dt_node_valid(owner->node); dt_scan_next(owner))
        if (covered_by(owner, range.base, WHOLE_PAGES) != range.base &&
            first_foreign(owner, range, WHOLE_PAGES) == range.end)
            return true;
    return false;
}

/** @return whether the node that @p scan is at has registers in @p frame that are less than a page: not a bus's */
static bool has_some_of(const struct dt_scan *scan, struct region frame)
{
    struct dt_range range;
    hv_status status = HV_OK;

    for (unsigned i = 0; status == HV_OK || status == HV_E_RANGE; i++) {
        status = dt_scan_reg_cpu(scan, i, &range);
        if (status == HV_OK && range.size != 0 && range.size < PAGE_SIZE && range.base < frame.end &&
            range.base + range.size > frame.base)
            return true;
    }
    return false;
}

/** Who else has registers in the pages of @p frame, which is @p host's. */
static void warn_of_neighbours(struct fragment *fragment, struct dt_node host, struct region frame)
{
    struct dt_scan scan;
    char path[DT_PATH_MAX], message[DT_PATH_MAX + 64];
    unsigned others = 0;

    dt_scan_start(&scan, host.tree);
    while (dt_node_valid(scan.node)) {
        bool own = scan.node.offset == host.offset;
        if (!own && has_some_of(&scan, frame) && others++ == 0)
            dt_path(scan.node, path, sizeof(path));
        if (own)
            dt_scan_skip(&scan);
        else
            dt_scan_next(&scan);
    }
    if (others == 0)
        return;
    format_string(message, sizeof(message), "the guest reaches %u other device%s in the same pages: %s%s", others,
                  others == 1 ? "" : "s", path, others == 1 ? "" : " ...");
    fragment_report(fragment, DIAG_WARNING, REG, show_range(frame).text, NULL, message, NULL);
}

static bool same_frame(const struct plan_frame *a, const struct plan_frame *b)
{
    return a->base.raw == b->base.raw && a->target.raw == b->target.raw && a->size == b->size;
}

/** Two devices of a domain may share their pages. */
static void add_frame(struct fragment *fragment, const struct plan_frame *frame)
{
    struct system_plan *plan = fragment->inspection->plan;
    struct plan_domain *domain = fragment->inspection->domain;

    for (unsigned i = 0; i < domain->frame_count; i++)
        if (same_frame(&domain->frames[i], frame))
            return;
    if (plan->frame_count == PLAN_MAX_FRAMES) {
        fragment_report(fragment, DIAG_ERROR, REG, NULL, NULL,
                        "more than " TEXT_OF(PLAN_MAX_FRAMES) " ranges of devices are given to domains", NULL);
        return;
    }
    plan->frames[plan->frame_count++] = *frame;
    domain->frame_count++;
}

/** The guest's addresses must be those that its stage 2 translates. */
static bool reach(struct fragment *fragment, struct region guest)
{
    struct plan_domain *domain = fragment->inspection->domain;
    unsigned needed = 64 - (unsigned)__builtin_clzll(guest.end - 1);

    if (needed > fragment->inspection->plan->machine->pa_bits)
        return false;
    domain->ipa_bits = (uint8_t)max_u64(domain->ipa_bits, needed);
    return true;
}

static void frame_error(struct fragment *fragment, struct region found, const char *expected, const char *message)
{
    fragment_report(fragment, DIAG_ERROR, REG, show_range(found).text, expected, message, NULL);
}

/** Device trees for Xen give a domain the pages of other devices in this way, behind the device's own, such as those of
 * a timer that a driver changes its clock by. */
static bool is_of_another(struct fragment *fragment, struct region range)
{
    struct dt_scan owner;
    char path[DT_PATH_MAX], message[DT_PATH_MAX + 96];

    if (!find_owner(fragment->inspection->plan->machine->tree, range, &owner))
        return false;
    format_string(message, sizeof(message),
                  "the range belongs to another device, whose interrupts the guest does not get: %s",
                  dt_path(owner.node, path, sizeof(path)));
    fragment_report(fragment, DIAG_WARNING, REG, show_range(range).text, NULL, message, NULL);
    return true;
}

/** @return whether @p range, the one of xen,reg with that @p index, may be the guest's; else it was reported */
static bool judge_owner(struct fragment *fragment, const struct dt_scan *host, struct region range, unsigned index)
{
    struct dt_range own;

    if (first_foreign(host, range, WHOLE_PAGES) == range.end) {
        if (first_foreign(host, range, EXACT) != range.end)
            warn_of_neighbours(fragment, host->node, range);
        return true;
    }
    if (index != 0 && is_of_another(fragment, range))
        return true;
    frame_error(fragment, range, dt_scan_reg_cpu(host, 0, &own) == HV_OK ? show_range(pages_of(own)).text : NULL,
                "not all of the range belongs to the device that xen,path names");
    return false;
}

/** The range of xen,reg with that @p index. @param host  invalid: no node says whose it is */
static void read_frame(struct fragment *fragment, const struct dt_scan *host, unsigned index, uint64_t base,
                       uint64_t size, uint64_t guest)
{
    const struct machine *machine = fragment->inspection->plan->machine;
    struct region range = range_of(base, size);
    char found[80];

    if (size == 0 || !is_aligned(base | size | guest, PAGE_SIZE)) {
        format_string(found, sizeof(found), "host 0x%lx, size 0x%lx, guest 0x%lx", base, size, guest);
        fragment_report(fragment, DIAG_ERROR, REG, found, "multiples of 4 KiB",
                        "a guest is given whole pages of a device", NULL);
        return;
    }
    if (range.end < base || range.end - 1 > (1ULL << machine->pa_bits) - 1 || guest + size < guest) {
        format_string(found, sizeof(found), "host 0x%lx, size 0x%lx, guest 0x%lx", base, size, guest);
        fragment_report(fragment, DIAG_ERROR, REG, found, NULL, "there are no such addresses", NULL);
        return;
    }
    if (regions_overlap(&machine->memory, base, size) != NULL) {
        frame_error(fragment, range, NULL, "the range is RAM, no device");
        return;
    }
    if (dt_node_valid(host->node) && !judge_owner(fragment, host, range, index))
        return;
    if (!reach(fragment, range_of(guest, size))) {
        frame_error(fragment, range_of(guest, size), NULL, "this CPU cannot translate such addresses for a guest");
        return;
    }
    add_frame(fragment, &(struct plan_frame){ipa(guest), pa(base), size, node_name(fragment)});
}

/** xen,reg: tuples of host address, size and guest address, in the cells that the parent node sets. */
static void read_frames(struct fragment *fragment, const struct dt_scan *host)
{
    const struct dt_scan *at = &fragment->at;
    const struct dt_node parent = {at->node.tree, at->ancestors[at->depth - 1]};
    struct dt_property value = dt_property(at->node, REG);
    uint32_t address_cells = 0, size_cells = 0;
    char found[96];

    if (dt_cells(parent, false, &address_cells, &size_cells) != HV_OK ||
        !fragment_cells_usable(address_cells, size_cells)) {
        fragment_report(fragment, DIAG_ERROR, REG, NULL, "#address-cells and #size-cells of 1 or 2 in the parent node",
                        "the ranges of the device cannot be read", NULL);
        return;
    }
    uint32_t tuple = (2 * address_cells + size_cells) * (uint32_t)sizeof(uint32_t);
    if (value.length == 0 &&
        dt_node_valid(host->node)) /* its pages are another node's, too; it has interrupts of its own */
        return;
    if (value.length < tuple || value.length % tuple != 0)
        fragment_report(fragment, value.length < tuple ? DIAG_ERROR : DIAG_WARNING, REG,
                        dt_show(value, found, sizeof(found)), "host address, size, guest address",
                        value.length < tuple ? "the ranges of the device cannot be read"
                                             : "the last range is not whole, and not used",
                        "the cells are those that the parent node sets, by default 2 and 1");
    for (uint32_t i = 0; i < value.length / tuple; i++) {
        const uint8_t *data = value.data + i * tuple;
        const uint8_t *size = data + address_cells * sizeof(uint32_t);
        const uint8_t *guest = size + size_cells * sizeof(uint32_t);
        read_frame(fragment, host, i, dt_cells_value(data, address_cells), dt_cells_value(size, size_cells),
                   dt_cells_value(guest, address_cells));
    }
}

static bool has_interrupt(const struct fragment *fragment, uint32_t intid)
{
    const struct plan_domain *domain = fragment->inspection->domain;

    for (unsigned i = 0; i < domain->interrupt_count; i++)
        if (domain->interrupts[i].intid == intid)
            return true;
    return false;
}

static void add_interrupt(struct fragment *fragment, const struct dt_interrupt *interrupt)
{
    struct inspection *inspection = fragment->inspection;
    struct system_plan *plan = inspection->plan;
    struct plan_domain *domain = inspection->domain;
    char found[32];

    if (has_interrupt(fragment, interrupt->intid))
        return;
    if (interrupt->intid < GUEST_SPI_BASE || interrupt->intid >= GUEST_SPI_BASE + HV_MAX_SPIS) {
        format_string(found, sizeof(found), "interrupt %u", interrupt->intid);
        fragment_report(fragment, DIAG_ERROR, PATH, found, "SPIs",
                        "a device with an interrupt of that kind cannot be given to a guest", NULL);
        return;
    }
    if (plan->interrupt_count == PLAN_MAX_INTERRUPTS) {
        fragment_report(fragment, DIAG_ERROR, PATH, NULL, NULL,
                        "more than " TEXT_OF(PLAN_MAX_INTERRUPTS) " interrupts are given to domains", NULL);
        return;
    }
    plan->interrupts[plan->interrupt_count++] = (struct plan_interrupt){
        (uint16_t)interrupt->intid, (interrupt->flags & TRIGGER_EDGES) != 0, node_name(fragment)};
    domain->interrupt_count++;
    if (domain->spi_count != PLAN_SPIS_AS_HOST)
        domain->spi_count = (uint32_t)max_u64(
            domain->spi_count, min_u64(align_up(interrupt->intid + 1 - GUEST_SPI_BASE, 32), HV_MAX_SPIS));
}

/** Whether the guest will ask its interrupt controller, and nobody else, for the interrupts of this node. */
static bool asks_gic(const struct fragment *fragment)
{
    const struct dt_scan *at = &fragment->at;
    uint32_t phandle;

    for (unsigned depth = at->depth; depth > 0; depth--) {
        const struct dt_node node = {at->node.tree, at->ancestors[depth]};
        if (dt_read_u32(node, "interrupt-parent", &phandle) == HV_OK)
            return phandle == fragment->inspection->domain->map->gic_phandle;
    }
    return false;
}

#define INTERRUPTS "interrupts"
#define EXTENDED "interrupts-extended"
#define CELL ((uint32_t)sizeof(uint32_t))
#define GIC_CELLS 3u /* of a specifier of the guest's: kind, number, trigger */

/** What the guest is told must be what it gets: the interrupts are the host's, by the same numbers. */
static void check_specifier(struct fragment *fragment, const char *property, const uint8_t *specifier)
{
    uint64_t kind = dt_cells_value(specifier, 1), number = dt_cells_value(specifier + CELL, 1);
    char found[64];

    if (kind == 0 && number < HV_MAX_SPIS && has_interrupt(fragment, GUEST_SPI_BASE + (uint32_t)number))
        return;
    format_string(found, sizeof(found), "<0x%lx 0x%lx ...>", kind, number);
    fragment_report(fragment, DIAG_ERROR, property, found, NULL,
                    "the device in the host's device tree has no such interrupt",
                    "the interrupts are those of the node that xen,path names, by the same numbers");
}

static void warn_of_length(struct fragment *fragment, const char *property, struct dt_property value,
                           const char *expected)
{
    char found[64];

    fragment_report(fragment, DIAG_WARNING, property, dt_show(value, found, sizeof(found)), expected,
                    "the guest cannot read the interrupts", NULL);
}

static void check_told(struct fragment *fragment)
{
    struct dt_property value = dt_property(fragment->at.node, INTERRUPTS);

    if (value.data == NULL || !asks_gic(fragment))
        return;
    if (value.length % (GIC_CELLS * CELL) != 0)
        warn_of_length(fragment, INTERRUPTS, value, "three cells for each interrupt");
    for (uint32_t i = 0; i < value.length / (GIC_CELLS * CELL); i++)
        check_specifier(fragment, INTERRUPTS, value.data + i * GIC_CELLS * CELL);
}

/** @return how many cells a specifier of the controller with @p phandle has in the guest's tree; 0: nobody knows */
static uint32_t cells_of(const struct fragment *fragment, uint32_t phandle)
{
    const struct plan_domain *domain = fragment->inspection->domain;
    uint32_t cells;

    if (phandle == domain->map->gic_phandle)
        return GIC_CELLS;
    struct dt_node controller = dt_find_phandle(&domain->fragment, phandle);
    return dt_read_u32(controller, "#interrupt-cells", &cells) == HV_OK && cells <= DT_MAX_SIZE / CELL ? cells : 0;
}

/** The same, each with its controller. */
static void check_told_extended(struct fragment *fragment)
{
    struct dt_property value = dt_property(fragment->at.node, EXTENDED);
    uint32_t gic = fragment->inspection->domain->map->gic_phandle;

    for (uint32_t at = 0; at < value.length;) {
        uint32_t phandle = value.length - at < CELL ? 0 : (uint32_t)dt_cells_value(value.data + at, 1);
        uint32_t cells = cells_of(fragment, phandle);
        if (cells == 0 || value.length - at < (1 + cells) * CELL) {
            warn_of_length(fragment, EXTENDED, value,
                           "for each interrupt its controller and as many cells as that has");
            return;
        }
        if (phandle == gic)
            check_specifier(fragment, EXTENDED, value.data + at + CELL);
        at += (1 + cells) * CELL;
    }
}

/** Those of other controllers are not the GIC's: they are passed over. */
static void read_interrupts(struct fragment *fragment, struct dt_scan *host)
{
    uint32_t extended = dt_property(host->node, EXTENDED).length;
    uint32_t most = (extended != 0 ? extended : dt_property(host->node, INTERRUPTS).length) / CELL;
    struct dt_interrupt interrupt;
    hv_status status = HV_OK;

    for (uint32_t i = 0; i <= most && (status == HV_OK || status == HV_E_UNSUPPORTED); i++) {
        status = dt_scan_interrupt(host, i, &interrupt);
        if (status == HV_OK)
            add_interrupt(fragment, &interrupt);
    }
    if (status != HV_E_MISSING && status != HV_E_UNSUPPORTED)
        fragment_report(fragment, DIAG_ERROR, PATH, NULL, NULL,
                        "the interrupts of this node of the host's device tree cannot be read", NULL);
    check_told(fragment);
    check_told_extended(fragment);
}

void fragment_device(struct fragment *fragment)
{
    struct dt_node node = fragment->at.node;
    bool has_path = dt_has(node, PATH), has_reg = dt_has(node, REG), forced = dt_has(node, FORCE);

    if (!has_path && !has_reg)
        return;
    if (!has_reg || (!has_path && !forced)) {
        fragment_report(fragment, DIAG_ERROR, has_reg ? PATH : REG, NULL, NULL,
                        has_reg ? "nothing says which device of the host the pages belong to"
                                : "the device has no pages for the guest",
                        has_reg ? "add xen,path, or " FORCE " for pages that no node describes" : "add xen,reg");
        return;
    }
    struct dt_scan host;
    find_host(fragment, &host);
    if (has_path && !dt_node_valid(host.node))
        return;
    read_frames(fragment, &host);
    if (dt_node_valid(host.node))
        read_interrupts(fragment, &host);
}
