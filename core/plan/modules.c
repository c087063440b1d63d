// SPDX-License-Identifier: Apache-2.0
#include "plan/modules.h"

#include "dt/dt.h"
#include "lib/text.h"
#include "plan/show.h"

#define MAX_MODULES (HV_MAX_DOMAINS * PLAN_MODULE_KINDS)

/* What the protocol's own examples write where nobody knows the size yet. */
#define SIZE_UNKNOWN 0xffffffffULL

#define HINT_SIZE "write the file's size into reg; U-Boot has it in ${filesize} after each load"
#define HINT_PLACE "load it to another address"

/** A module on its way through the checks. */
struct entry {
    struct plan_module *module;
    struct plan_domain *domain;
};

/** All modules, sorted by base, of equal ones the earlier domain's first. */
struct table {
    struct system_plan *plan;
    struct diag *diag;
    unsigned count;
    struct entry list[MAX_MODULES];
};

/** Something that a module must not overlap. */
struct obstacle {
    struct region range;
    const char *name;
};

static uint64_t base_of(const struct entry *entry)
{
    return entry->module->config->base.raw;
}

static bool region_empty(struct region range)
{
    return range.end <= range.base;
}

static bool overlap(struct region a, struct region b)
{
    return !region_empty(a) && !region_empty(b) && a.base < b.end && b.base < a.end;
}

static void refuse(struct table *table, const struct entry *entry, const char *expected, const char *message,
                   const char *hint)
{
    const struct module_config *config = entry->module->config;
    char found[48];

    format_string(found, sizeof(found), "0x%lx, size 0x%lx", config->base.raw, config->size);
    dt_report(table->diag, DIAG_ERROR, config->node, "reg", found, expected, message, hint);
    entry->domain->valid = false;
}

static void insert(struct table *table, struct entry entry)
{
    unsigned place = table->count++;

    /* Loaders fill memory upwards, so this is rarely more than one comparison. */
    for (; place > 0 && base_of(&table->list[place - 1]) > base_of(&entry); place--)
        table->list[place] = table->list[place - 1];
    table->list[place] = entry;
}

static void collect(struct table *table, struct plan_domain *domain, struct plan_module *slot,
                    const struct module_config *config)
{
    *slot = (struct plan_module){.config = config->present ? config : NULL};
    if (config->present)
        insert(table, (struct entry){slot, domain});
}

static void collect_all(struct table *table)
{
    struct system_plan *plan = table->plan;

    for (unsigned i = 0; i < plan->domain_count; i++) {
        const struct domain_config *config = plan->domains[i].config;
        collect(table, &plan->domains[i], &plan->modules[i][MODULE_KERNEL], &config->kernel);
        collect(table, &plan->domains[i], &plan->modules[i][MODULE_RAMDISK], &config->ramdisk);
        collect(table, &plan->domains[i], &plan->modules[i][MODULE_DEVICE_TREE], &config->device_tree);
    }
}

/** Whether a declared size can be one: not unknown, and not past the end of its bank. */
static bool size_exact(const struct entry *entry, uint64_t bank_end)
{
    uint64_t size = entry->module->config->size;

    return size != 0 && size < SIZE_UNKNOWN && size <= bank_end - base_of(entry);
}

/** Where an open-ended module ends at the latest: as another domain says of the same module, or where the next one
 * begins. */
static uint64_t open_end(const struct table *table, unsigned index, uint64_t bank_end)
{
    uint64_t base = base_of(&table->list[index]);
    uint64_t end = bank_end;

    while (index > 0 && base_of(&table->list[index - 1]) == base)
        index--;
    for (; index < table->count && base_of(&table->list[index]) == base; index++) {
        if (size_exact(&table->list[index], bank_end))
            end = min_u64(end, base + table->list[index].module->config->size);
    }
    return index < table->count ? min_u64(end, base_of(&table->list[index])) : end;
}

/** Gives the module at @p index its range, as far as its bank and the other modules let it. */
static void bound(struct table *table, unsigned index)
{
    struct entry *entry = &table->list[index];
    uint64_t base = base_of(entry);
    const struct region *bank = regions_find(&table->plan->machine->memory, base);

    if (entry->module->config->size == 0) {
        entry->domain->valid = false; /* config has said why */
    } else if (bank == NULL) {
        refuse(table, entry, "an address in RAM", "the module lies outside RAM", HINT_PLACE);
    } else if (size_exact(entry, bank->end)) {
        entry->module->range = (struct region){base, base + entry->module->config->size};
    } else {
        entry->module->range = (struct region){base, open_end(table, index, bank->end)};
        entry->module->open_ended = true;
        entry->module->ended_by = "up to where something else begins";
    }
}

/** Keeps in @p nearest the lower one of it and @p candidate, if that is in the way of @p range. */
static void consider(struct obstacle *nearest, struct region range, struct region candidate, const char *name)
{
    if (overlap(range, candidate) && (nearest->name == NULL || candidate.base < nearest->range.base))
        *nearest = (struct obstacle){candidate, name};
}

/**
 * Whether @p reservation is there for the module's sake: a /memreserve/ entry around it is how a user keeps the boot
 * loader away from what it loaded before.
 */
static bool protects(const struct machine_reservation *reservation, const struct plan_module *module)
{
    return reservation->range.base <= module->range.base && reservation->range.end > module->range.base &&
           (module->open_ended || reservation->range.end >= module->range.end) &&
           text_equal(reservation->name, "/memreserve/");
}

/** What begins lowest of all that is in the way of @p module; without a name: nothing. */
static struct obstacle nearest_obstacle(const struct machine *machine, const struct plan_module *module)
{
    struct region range = module->range;
    struct obstacle nearest = {.name = NULL};

    consider(&nearest, range, machine->image, "the hypervisor");
    consider(&nearest, range, machine->dtb, "the device tree");
    for (unsigned i = 0; i < machine->reservation_count; i++) {
        const struct machine_reservation *reservation = &machine->reservations[i];
        if (!protects(reservation, module))
            consider(&nearest, range, reservation->range, reservation->name);
    }
    return nearest;
}

static void check_obstacles(struct table *table, struct entry *entry)
{
    struct plan_module *module = entry->module;
    char message[96];

    if (region_empty(module->range))
        return;
    struct obstacle obstacle = nearest_obstacle(table->plan->machine, module);
    if (obstacle.name == NULL)
        return;
    if (module->open_ended && obstacle.range.base > module->range.base) {
        module->range.end = obstacle.range.base;
        return;
    }
    format_string(message, sizeof(message), "the module overlaps %s at %s", obstacle.name,
                  show_range(obstacle.range).text);
    refuse(table, entry, "memory that nobody else uses", message, HINT_PLACE);
    module->range.end = module->range.base;
}

/** Of two modules that overlap, the one of the later domain is refused. */
static void refuse_later(struct table *table, const struct entry *a, const struct entry *b)
{
    const struct entry *later = a->domain > b->domain ? a : b;
    const struct entry *other = later == a ? b : a;
    char message[160];

    format_string(message, sizeof(message), "the module overlaps %s of %s at %s", dt_name(other->module->config->node),
                  other->domain->config->name, show_range(other->module->range).text);
    refuse(table, later, "a range of its own", message, HINT_PLACE);
}

/** The first of the modules before @p index that overlaps it and does not begin where it does. */
static const struct entry *overlapped_by(const struct table *table, unsigned index)
{
    const struct entry *entry = &table->list[index];

    for (unsigned i = 0; i < index; i++) {
        const struct entry *other = &table->list[i];
        if (base_of(other) != base_of(entry) && overlap(other->module->range, entry->module->range))
            return other;
    }
    return NULL;
}

static void check_each_other(struct table *table)
{
    uint64_t highest = 0;

    for (unsigned i = 0; i < table->count; i++) {
        const struct entry *entry = &table->list[i];
        /* Nothing before reaches as far in a sound system, and there is nothing to search. */
        const struct entry *other = base_of(entry) < highest ? overlapped_by(table, i) : NULL;
        if (other != NULL)
            refuse_later(table, other, entry);
        highest = max_u64(highest, entry->module->range.end);
    }
}

void modules_resolve(struct system_plan *plan, struct diag *diag)
{
    struct table table; /* not initialised as a whole: the list is long and mostly unused */

    table.plan = plan;
    table.diag = diag;
    table.count = 0;
    collect_all(&table);
    for (unsigned i = 0; i < table.count; i++) {
        bound(&table, i);
        check_obstacles(&table, &table.list[i]);
    }
    check_each_other(&table);
}

void modules_shrink(struct plan_module *module, uint64_t size, const char *ended_by)
{
    if (!module->open_ended || size >= region_size(module->range))
        return;
    module->range.end = module->range.base + size;
    module->ended_by = ended_by;
}

static void warn_of_size(const struct plan_module *module, struct diag *diag)
{
    char found[32];
    char expected[32];
    char message[160];

    format_string(found, sizeof(found), "size 0x%lx", module->config->size);
    format_string(expected, sizeof(expected), "at most 0x%lx", region_size(module->range));
    format_string(message, sizeof(message), "the module's size cannot be right; 0x%lx..0x%lx is taken, %s",
                  module->range.base, module->range.end - 1, module->ended_by);
    dt_report(diag, DIAG_WARNING, module->config->node, "reg", found, expected, message, HINT_SIZE);
}

void modules_warn(const struct system_plan *plan, struct diag *diag)
{
    for (unsigned i = 0; i < plan->domain_count; i++) {
        for (unsigned kind = 0; kind < PLAN_MODULE_KINDS; kind++) {
            const struct plan_module *module = &plan->modules[i][kind];
            if (module->open_ended && !region_empty(module->range))
                warn_of_size(module, diag);
        }
    }
}
