// SPDX-License-Identifier: Apache-2.0
/* The plan as JSON. Stable: fields are added, never renamed or removed. Addresses and the digest are hexadecimal
 * strings, sizes and counts are numbers, what is not there is null. */
#include <stdio.h>
#include <string.h>

#include "boot/version.h"
#include "config/part.h"
#include "desk.h"
#include "lib/text.h"
#include "plan/claims.h"

/** Where we are in the text: commas and indentation. */
struct json {
    unsigned depth;
    bool first; /* nothing in this object or array yet */
};

/* As it is shown elsewhere: a byte that must not be is "\\xNN". ASCII's control characters are JSON's own escapes. */
static void quoted(const char *text)
{
    size_t left = strlen(text);

    putchar('"');
    while (left > 0) {
        struct text_shown shown = text_show(text, left);

        if (*text == '"' || *text == '\\')
            printf("\\%c", *text);
        else if (*text > 0 && (*text < 0x20 || *text == 0x7f))
            printf("\\u%04x", (unsigned)*text);
        else
            printf("%s%.*s", shown.text[0] == '\\' ? "\\" : "", shown.length, shown.text);
        text += shown.taken;
        left -= shown.taken;
    }
    putchar('"');
}

/** Begins a member (or an element, where @p name is NULL). */
static void member(struct json *json, const char *name)
{
    printf("%s\n%*s", json->first ? "" : ",", (int)json->depth * 2, "");
    json->first = false;
    if (name != NULL) {
        quoted(name);
        fputs(": ", stdout);
    }
}

static void begin(struct json *json, const char *name, char bracket)
{
    if (json->depth != 0)
        member(json, name);
    putchar(bracket);
    json->depth++;
    json->first = true;
}

static void end(struct json *json, char bracket)
{
    json->depth--;
    if (!json->first)
        printf("\n%*s", (int)json->depth * 2, "");
    putchar(bracket);
    json->first = false;
}

static void text(struct json *json, const char *name, const char *value)
{
    member(json, name);
    if (value != NULL)
        quoted(value);
    else
        fputs("null", stdout);
}

static void number(struct json *json, const char *name, uint64_t value)
{
    member(json, name);
    printf("%llu", (unsigned long long)value);
}

static void address(struct json *json, const char *name, uint64_t value)
{
    member(json, name);
    printf("\"0x%llx\"", (unsigned long long)value);
}

static void boolean(struct json *json, const char *name, bool value)
{
    member(json, name);
    fputs(value ? "true" : "false", stdout);
}

static void range(struct json *json, const char *name, struct region region)
{
    begin(json, name, '{');
    address(json, "base", region.base);
    number(json, "size", region_size(region));
    end(json, '}');
}

static void ranges(struct json *json, const char *name, const struct region_set *set)
{
    begin(json, name, '[');
    for (unsigned i = 0; i < set->count; i++)
        range(json, NULL, set->list[i]);
    end(json, ']');
}

static void device(struct json *json, const char *name, struct dt_range frame)
{
    range(json, name, (struct region){frame.base, frame.base + frame.size});
}

static void machine(struct json *json, const struct machine *machine)
{
    begin(json, "machine", '{');
    ranges(json, "memory", &machine->memory);
    range(json, "image", machine->image);
    range(json, "device_tree", machine->dtb);
    begin(json, "reservations", '[');
    for (unsigned i = 0; i < machine->reservation_count; i++) {
        begin(json, NULL, '{');
        text(json, "name", machine->reservations[i].name);
        address(json, "base", machine->reservations[i].range.base);
        number(json, "size", region_size(machine->reservations[i].range));
        end(json, '}');
    }
    end(json, ']');
    begin(json, "cpus", '[');
    for (unsigned i = 0; i < machine->cpu_count; i++) {
        begin(json, NULL, '{');
        number(json, "id", i);
        address(json, "mpidr", machine->cpus[i].mpidr);
        text(json, "compatible", machine->cpus[i].compatible);
        end(json, '}');
    }
    end(json, ']');
    begin(json, "gic", '{');
    number(json, "version", machine->gic.version == GIC_V3 ? 3 : machine->gic.version == GIC_V2 ? 2 : 0);
    device(json, "distributor", machine->gic.distributor);
    device(json, "virtual_interface", machine->gic.virtual_interface);
    end(json, '}');
    number(json, "pa_bits", machine->pa_bits);
    end(json, '}');
}

static void image(struct json *json, const char *name, const struct plan_image *image)
{
    if (!image->present) {
        text(json, name, NULL);
        return;
    }
    begin(json, name, '{');
    address(json, "source", image->source.raw);
    number(json, "source_size", image->source_size);
    address(json, "load", image->load.raw);
    number(json, "file_size", image->file_size);
    number(json, "memory_size", image->memory_size);
    boolean(json, "gzip", image->format == IMAGE_ARM64_GZIP);
    end(json, '}');
}

static void domain_memory(struct json *json, const struct plan_domain *domain)
{
    begin(json, "ram", '[');
    for (unsigned i = 0; i < ARRAY_SIZE(domain->guest_ram); i++) {
        if (region_size(domain->guest_ram[i]) != 0)
            range(json, NULL, domain->guest_ram[i]);
    }
    end(json, ']');
    begin(json, "extents", '[');
    for (unsigned i = 0; i < domain->extent_count; i++) {
        begin(json, NULL, '{');
        address(json, "guest", domain->extents[i].base.raw);
        address(json, "host", domain->extents[i].target.raw);
        number(json, "size", domain->extents[i].size);
        end(json, '}');
    }
    end(json, ']');
}

static void domain(struct json *json, const struct plan_domain *domain)
{
    begin(json, NULL, '{');
    text(json, "name", domain->config->name);
    number(json, "domid", domain->domid);
    boolean(json, "valid", domain->valid);
    if (domain->valid) {
        number(json, "memory", domain->config->memory);
        FOR_EACH_PART(i)
            if (part_table[i]->property != NULL)
                boolean(json, part_table[i]->name, (domain->config->parts >> i & 1) != 0);
        begin(json, "vcpus", '[');
        for (unsigned i = 0; i < domain->vcpu_count; i++) {
            begin(json, NULL, '{');
            number(json, "id", i);
            number(json, "cpu", domain->vcpu_cpu[i]);
            end(json, '}');
        }
        end(json, ']');
        domain_memory(json, domain);
        image(json, "kernel", &domain->kernel);
        image(json, "ramdisk", &domain->ramdisk);
        begin(json, "device_tree", '{');
        address(json, "load", domain->dtb.raw);
        number(json, "size", domain->dtb_size);
        end(json, '}');
        address(json, "entry", domain->entry.raw);
        text(json, "bootargs", domain->config->bootargs);
        if (domain->spi_count != PLAN_SPIS_AS_HOST)
            number(json, "spis", domain->spi_count);
        else
            text(json, "spis", NULL);
        range(json, "control", domain->control);
        number(json, "stage2_pages", domain->stage2_pages);
        number(json, "ipa_bits", domain->ipa_bits);
    }
    end(json, '}');
}

/** Who owns what. Interrupts and CPUs are ranges as well: the first, and how many. */
static void ledger(struct json *json, const struct system_plan *plan)
{
    static const char *const modes[] = {"exclusive", "shared", "read-only"};

    begin(json, "ledger", '[');
    for (const struct claim *claim = plan->ledger.list; claim != ledger_end(&plan->ledger); claim++) {
        begin(json, NULL, '{');
        text(json, "kind", ledger_kind_name((enum claim_kind)claim->kind));
        address(json, "base", claim->base);
        number(json, "size", claim->size);
        text(json, "owner", claim_owner_name(plan, claim));
        text(json, "what", claim->what);
        text(json, "mode", modes[claim->mode]);
        end(json, '}');
    }
    end(json, ']');
}

static void diagnostics(struct json *json, const struct desk *desk)
{
    static const char *const names[] = {"path", "property", "found", "expected", "message", "hint"};

    begin(json, "diagnostics", '[');
    for (unsigned i = 0; i < desk->report_count; i++) {
        begin(json, NULL, '{');
        text(json, "severity", diag_severity_name(desk->reports[i].severity));
        for (size_t j = 0; j < ARRAY_SIZE(names); j++)
            text(json, names[j], desk->reports[i].texts[j]);
        end(json, '}');
    }
    end(json, ']');
}

void desk_print_json(const struct desk *desk)
{
    struct json json = {0, true};

    begin(&json, NULL, '{');
    text(&json, "bulkhead", HV_VERSION);
    if (desk->planned) {
        member(&json, "digest");
        printf("\"0x%016llx\"", (unsigned long long)desk->plan.digest);
        machine(&json, &desk->machine);
        begin(&json, "domains", '[');
        for (unsigned i = 0; i < desk->plan.domain_count; i++)
            domain(&json, &desk->plan.domains[i]);
        end(&json, ']');
        ranges(&json, "free", &desk->plan.free);
        ledger(&json, &desk->plan);
    }
    diagnostics(&json, desk);
    end(&json, '}');
    putchar('\n');
}
