// SPDX-License-Identifier: Apache-2.0
/* One domain of the dom0less binding: its properties. Its child nodes are read in module_config.c. */
#include <string.h>

#include "config/config_reader.h"
#include "config/options.h"
#include "config/part.h"
#include "lib/build.h"
#include "lib/text.h"

/** Properties whose value is used. */
enum slot {
    SLOT_NONE, /* known, with no meaning of its own here */
    SLOT_MEMORY,
    SLOT_CPUS,
    SLOT_NR_SPIS,
    SLOT_EAGER_MEMORY,
    SLOT_STATIC_MEM,
    SLOT_STATIC_ADDRESS_CELLS,
    SLOT_STATIC_SIZE_CELLS,
    SLOT_DIRECT_MAP,
    SLOT_CAPABILITIES,
    SLOT_ADDRESS_CELLS,
    SLOT_SIZE_CELLS,
    SLOT_COUNT,
};

struct domain_reader {
    struct config_reader *reader;
    struct domain_config *domain;
    struct dt_property values[SLOT_COUNT];
    struct dt_property parts[HV_MAX_PARTS];
};

/** A property of the binding that is used, or harmless. */
struct known_property {
    const char *name;
    enum slot slot;
};

/** A property of the binding that is not supported, or only in part. */
struct property_rule {
    const char *name;
    enum config_verdict (*judge)(struct dt_property value);
    const char *expected;
    const char *message;
    const char *hint;
};

static const struct known_property known_properties[] = {
    {"memory", SLOT_MEMORY},
    {"cpus", SLOT_CPUS},
    {"nr_spis", SLOT_NR_SPIS},
    {"#address-cells", SLOT_ADDRESS_CELLS},
    {"#size-cells", SLOT_SIZE_CELLS},
    {"compatible", SLOT_NONE},
    {"status", SLOT_NONE},
    {"bootargs", SLOT_NONE},
    {"phandle", SLOT_NONE},
    {"linux,phandle", SLOT_NONE},
    {"name", SLOT_NONE},
    {"xen,static-mem", SLOT_STATIC_MEM},
    {"#xen,static-mem-address-cells", SLOT_STATIC_ADDRESS_CELLS},
    {"#xen,static-mem-size-cells", SLOT_STATIC_SIZE_CELLS},
    {"direct-map", SLOT_DIRECT_MAP},
    {"capabilities", SLOT_CAPABILITIES},
    {"bulkhead,eager-memory", SLOT_EAGER_MEMORY},
};

static enum config_verdict warn(struct dt_property value)
{
    (void)value;
    return CONFIG_WARN;
}

static enum config_verdict refuse(struct dt_property value)
{
    (void)value;
    return CONFIG_REFUSE;
}

static bool is_cell(struct dt_property value, uint32_t number)
{
    return value.length == sizeof(uint32_t) && dt_cells_value(value.data, 1) == number;
}

static enum config_verdict refuse_unless_zero(struct dt_property value)
{
    return is_cell(value, 0) ? CONFIG_ACCEPT : CONFIG_REFUSE;
}

static enum config_verdict refuse_unless_one(struct dt_property value)
{
    return is_cell(value, 1) ? CONFIG_ACCEPT : CONFIG_REFUSE;
}

static enum config_verdict refuse_unless_none(struct dt_property value)
{
    return dt_value_contains(value, "none") ? CONFIG_ACCEPT : CONFIG_REFUSE;
}

/** Xen takes any other text for "disabled". What "enabled" asks for beside a partial device tree is an IOMMU. */
static enum config_verdict judge_passthrough(struct dt_property value)
{
    return dt_value_contains(value, "disabled") ? CONFIG_ACCEPT : CONFIG_WARN;
}

/** ImageBuilder writes it for every domain; a guest that has no PV device runs without. */
static enum config_verdict judge_enhanced(struct dt_property value)
{
    return dt_value_contains(value, "disabled") ? CONFIG_ACCEPT : CONFIG_WARN;
}

#define GRANT_MESSAGE "grant tables are not supported yet; the limit has no effect"

static const struct property_rule property_rules[] = {
    {"domain-cpupool", .judge = warn,
     .message = "CPU pools are not supported yet; the domain may share its CPU with any other"},
    {"passthrough", .judge = judge_passthrough, .expected = "\"disabled\"",
     .message = "IOMMUs are not supported yet: nothing contains what devices of the domain do",
     .hint = "devices are given to a domain by a module of multiboot,device-tree, whatever the property says"},
    {"xen,enhanced", .judge = judge_enhanced, .expected = "\"disabled\"",
     .message = "Xen's interface for guests is not supported yet; the domain starts without it"},
    {"xen,domain-p2m-mem-mb", .judge = warn,
     .message = "the memory for page tables cannot be chosen: not supported yet; the domain gets what it needs"},
    {"max_grant_version", .judge = warn, .message = GRANT_MESSAGE},
    {"max_grant_frames", .judge = warn, .message = GRANT_MESSAGE},
    {"max_maptrack_frames", .judge = warn, .message = GRANT_MESSAGE},
    {"sve", .judge = refuse_unless_zero, .expected = "<0x0>", .message = "SVE in domains is not supported yet",
     .hint = "remove the property if the guest does without SVE"},
    {"llc-colors", .judge = refuse,
     .message = "cache colouring is not supported yet: the domain would share the cache with all others",
     .hint = "remove the property if the domain may share the cache"},
    {"trap-unmapped-accesses", .judge = refuse_unless_one, .expected = "<0x1>",
     .message = "ignoring accesses to addresses that hold nothing is not supported yet: they abort",
     .hint = "remove the property if the guest touches only what its device tree describes"},
    {"xen,sci_type", .judge = refuse_unless_none, .expected = "\"none\"",
     .message = "SCMI for domains is not supported yet"},
    {"v8r_el1_msa", .judge = refuse, .message = "the property is for Armv8-R processors, which are not supported yet"},
};

static void unknown_property(struct domain_reader *self, const char *name)
{
    struct text_nearest nearest = text_nearest_start(name, strlen(name));

    for (unsigned i = 0; i < ARRAY_SIZE(known_properties); i++)
        text_nearest_offer(&nearest, known_properties[i].name);
    for (unsigned i = 0; i < ARRAY_SIZE(property_rules); i++)
        text_nearest_offer(&nearest, property_rules[i].name);
    FOR_EACH_PART(i)
        if (part_table[i]->property != NULL)
            text_nearest_offer(&nearest, part_table[i]->property);
    config_unknown(self->reader, self->domain->node, name, "unknown property, ignored", nearest.best);
}

static void apply_rule(struct domain_reader *self, const struct property_rule *rule, struct dt_property value)
{
    enum config_verdict verdict = rule->judge(value);

    if (verdict != CONFIG_ACCEPT)
        config_complain(self->reader, self->domain,
                        &(struct complaint){.severity = verdict == CONFIG_REFUSE ? DIAG_ERROR : DIAG_WARNING,
                                            .node = self->domain->node,
                                            .property = rule->name,
                                            .value = value,
                                            .expected = rule->expected,
                                            .message = rule->message,
                                            .hint = rule->hint});
}

static void property_error(struct domain_reader *self, const char *property, struct dt_property value,
                           const char *expected, const char *message, const char *hint)
{
    config_complain(self->reader, self->domain,
                    &(struct complaint){.severity = DIAG_ERROR,
                                        .node = self->domain->node,
                                        .property = property,
                                        .value = value,
                                        .expected = expected,
                                        .message = message,
                                        .hint = hint});
}

/** A property of a part: kept until the part reads it. @return false where it is none */
static bool keep_part(struct domain_reader *self, const char *name, struct dt_property value)
{
    FOR_EACH_PART(i) {
        if (part_table[i]->property == NULL || !text_equal(name, part_table[i]->property))
            continue;
        self->parts[i] = value;
        return true;
    }
    for (const struct part_absent *absent = part_absent; absent->part != NULL; absent++) {
        if (!text_equal(name, absent->property))
            continue;
        property_error(self, absent->property, value, NULL, "not in this build",
                       "build with this part: BULKHEAD_PARTS");
        return true;
    }
    return false;
}

static bool visit_property(void *context, const char *name, struct dt_property value)
{
    struct domain_reader *self = context;

    if (keep_part(self, name, value))
        return true;
    for (unsigned i = 0; i < ARRAY_SIZE(known_properties); i++) {
        if (text_equal(name, known_properties[i].name)) {
            self->values[known_properties[i].slot] = value;
            return true;
        }
    }
    for (unsigned i = 0; i < ARRAY_SIZE(property_rules); i++) {
        if (text_equal(name, property_rules[i].name)) {
            apply_rule(self, &property_rules[i], value);
            return true;
        }
    }
    unknown_property(self, name);
    return true;
}

static void read_memory(struct domain_reader *self)
{
    static const char expected[] = "KiB in two cells, or in one";
    static const char hint[] = "for 256 MiB write memory = <0x0 0x40000>;";
    struct dt_property value = self->values[SLOT_MEMORY];
    uint64_t kib;

    self->domain->memory = 0;
    if (value.data == NULL) {
        property_error(self, "memory", value, expected, "the domain has no memory size", hint);
        return;
    }
    if (value.length != 4 && value.length != 8) {
        property_error(self, "memory", value, expected, "the domain's memory size cannot be read", hint);
        return;
    }
    kib = dt_cells_value(value.data, value.length / 4);
    if (kib == 0)
        property_error(self, "memory", value, expected, "the domain's memory size is zero", hint);
    else if (kib > UINT64_MAX >> 10)
        property_error(self, "memory", value, expected, "the domain's memory size is more than any machine has", hint);
    else
        self->domain->memory = kib << 10;
}

static void read_cpus(struct domain_reader *self)
{
    static const char expected[] = "number of vCPUs, one cell, 1 to " TEXT_OF(HV_MAX_VCPUS);
    struct dt_property value = self->values[SLOT_CPUS];
    uint64_t cpus;

    self->domain->cpus = 0;
    if (value.data == NULL) {
        property_error(self, "cpus", value, expected, "the domain has no number of vCPUs", "add cpus = <1>;");
        return;
    }
    if (value.length != 4) {
        property_error(self, "cpus", value, expected, "the number of vCPUs cannot be read", "write cpus = <1>;");
        return;
    }
    cpus = dt_cells_value(value.data, 1);
    if (cpus == 0 || cpus > HV_MAX_VCPUS) {
        property_error(self, "cpus", value, expected,
                       cpus == 0 ? "the domain has no vCPU" : "the domain has too many vCPUs", "write cpus = <1>;");
        return;
    }
    self->domain->cpus = (uint32_t)cpus;
}

static void read_spis(struct domain_reader *self)
{
    static const char expected[] = "number of SPIs, one cell, 0 to " TEXT_OF(HV_MAX_SPIS);
    struct dt_property value = self->values[SLOT_NR_SPIS];

    self->domain->nr_spis = CONFIG_SPIS_AS_HOST;
    if (value.data == NULL)
        return;
    uint64_t number = value.length == 4 ? dt_cells_value(value.data, 1) : CONFIG_SPIS_AS_HOST;
    if (number > HV_MAX_SPIS)
        property_error(self, "nr_spis", value, expected,
                       value.length == 4 ? "more SPIs than a GIC can have" : "the number of SPIs cannot be read", NULL);
    else
        self->domain->nr_spis = (uint32_t)number;
}

/** Whether a value may be meant to say no. <1> and "pl011" do not. */
static bool says_no(struct dt_property value)
{
    static const char *const words[] = {"no", "off", "disabled"};

    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        if (dt_value_contains(value, words[i]))
            return true;
    }
    return value.length == 4 && dt_cells_value(value.data, 1) == 0;
}

/** Properties that count by being there; a value of <0> does not take them back. */
static bool read_flag(struct domain_reader *self, const char *name, struct dt_property value)
{
    if (value.data != NULL && says_no(value))
        config_complain(self->reader, self->domain,
                        &(struct complaint){.severity = DIAG_WARNING,
                                            .node = self->domain->node,
                                            .property = name,
                                            .value = value,
                                            .expected = "no value",
                                            .message = "the property is on wherever it is present, whatever its value",
                                            .hint = "write it without a value, or remove it"});
    return value.data != NULL;
}

static void read_part(struct domain_reader *self, unsigned index)
{
    const struct part *part = part_table[index];
    struct dt_property value = self->parts[index];
    struct domain_config *domain = self->domain;

    if (part_of_each(part))
        domain->parts |= 1u << index;
    if (part->property == NULL || value.data == NULL)
        return;
    domain->parts |= 1u << index;
    if (part->read == NULL)
        (void)read_flag(self, part->property, value);
    else if (!part->read(value, &domain->part_values[index]))
        property_error(self, part->property, value, part->expected, "the property cannot be read", NULL);
}

static void read_one_cells(struct domain_reader *self, const char *name, struct dt_property value, uint32_t inherited,
                           uint32_t *number, bool *valid, const char *message)
{
    *number = inherited;
    if (value.data != NULL)
        *number = value.length == 4 ? (uint32_t)dt_cells_value(value.data, 1) : 0;
    if (*number == 1 || *number == 2)
        return;
    *valid = false;
    property_error(self, name, value, "one cell, 1 or 2", message,
                   "write #address-cells = <2>; #size-cells = <2>; and reg = <0x0 address 0x0 size>;");
}

static struct config_cells read_cells(struct domain_reader *self)
{
    static const char message[] = "the modules' addresses cannot be read";
    struct config_cells cells = {.valid = true};

    read_one_cells(self, "#address-cells", self->values[SLOT_ADDRESS_CELLS], self->reader->address_cells,
                   &cells.address, &cells.valid, message);
    read_one_cells(self, "#size-cells", self->values[SLOT_SIZE_CELLS], self->reader->size_cells, &cells.size,
                   &cells.valid, message);
    return cells;
}

bool config_static_range(const struct domain_config *config, unsigned index, struct dt_range *range)
{
    uint32_t address = config->static_cells[0], size = config->static_cells[1];
    uint32_t tuple = (address + size) * (uint32_t)sizeof(uint32_t);

    if (config->static_mem.data == NULL || index >= config->static_mem.length / tuple)
        return false;
    const uint8_t *data = config->static_mem.data + index * tuple;
    *range = (struct dt_range){dt_cells_value(data, address), dt_cells_value(data + address * sizeof(uint32_t), size)};
    return true;
}

/** @return what is wrong with the ranges, NULL: nothing. RAM is given out in blocks, so only the last may end within
 * one. */
static const char *judge_static(const struct domain_config *domain)
{
    struct dt_range range;
    uint64_t sum = 0;

    for (unsigned i = 0; config_static_range(domain, i, &range); i++) {
        if (range.size == 0 || range.base + range.size < range.base)
            return "a range of the domain's RAM is empty, or beyond all addresses";
        if (!is_aligned(range.base, BLOCK_SIZE) || !is_aligned(range.size, PAGE_SIZE) || !is_aligned(sum, BLOCK_SIZE))
            return "a range of the domain's RAM does not begin at a multiple of 2 MiB, or end at one of 4 KiB (all but "
                   "the last: of 2 MiB)";
        sum += range.size;
    }
    return sum == domain->memory ? NULL : "memory is not the sum of the ranges of the domain's RAM";
}

/** In the cells of /chosen, as Xen reads it; older trees say them in the domain's node. */
static void read_static(struct domain_reader *self)
{
    static const char expected[] = "address and size of each range, in the cells of /chosen";
    static const char message[] = "the domain's RAM cannot be read";
    struct domain_config *domain = self->domain;
    struct dt_property value = self->values[SLOT_STATIC_MEM];
    uint32_t address, size;
    bool valid = true;

    domain->direct_map = read_flag(self, "direct-map", self->values[SLOT_DIRECT_MAP]);
    if (value.data == NULL) {
        if (domain->direct_map)
            property_error(self, "direct-map", self->values[SLOT_DIRECT_MAP], NULL,
                           "nothing says which RAM of the host the domain has", "add xen,static-mem");
        return;
    }
    read_one_cells(self, "#xen,static-mem-address-cells", self->values[SLOT_STATIC_ADDRESS_CELLS],
                   self->reader->address_cells, &address, &valid, message);
    read_one_cells(self, "#xen,static-mem-size-cells", self->values[SLOT_STATIC_SIZE_CELLS], self->reader->size_cells,
                   &size, &valid, message);
    if (!valid)
        return;
    domain->static_cells[0] = (uint8_t)address;
    domain->static_cells[1] = (uint8_t)size;
    domain->static_mem = value;
    if (value.length == 0 || value.length % ((address + size) * sizeof(uint32_t)) != 0)
        property_error(self, "xen,static-mem", value, expected, message, NULL);
    else if (judge_static(domain) != NULL)
        property_error(self, "xen,static-mem", value, expected, judge_static(domain), NULL);
}

/** dtc refuses two nodes of one name, but a tree may be made otherwise. */
static void check_name(struct domain_reader *self)
{
    const struct system_config *config = self->reader->config;

    for (const struct domain_config *other = config->domains; other < self->domain; other++) {
        if (!text_equal(other->name, self->domain->name))
            continue;
        config_complain(self->reader, self->domain,
                        &(struct complaint){.severity = DIAG_ERROR,
                                            .node = self->domain->node,
                                            .message = "there is another domain of this name; this one, the later, is "
                                                       "left out",
                                            .hint = "give each domain a name of its own"});
        return;
    }
}

static void read_bootargs(struct domain_reader *self)
{
    struct domain_config *domain = self->domain;
    const char *own = NULL;

    if (!config_read_bootargs(self->reader, domain, domain->node, &own))
        return;
    domain->bootargs = domain->kernel.bootargs != NULL ? domain->kernel.bootargs : own;
}

static void read_children(struct domain_reader *self, struct config_cells cells)
{
    struct domain_config *domain = self->domain;

    DT_FOR_EACH_CHILD(node, domain->node)
    {
        config_read_child(self->reader, domain, node, cells);
    }
    if (!domain->kernel.present)
        config_complain(
            self->reader, domain,
            &(struct complaint){
                .severity = DIAG_ERROR,
                .node = domain->node,
                .expected = "a child node with compatible = \"multiboot,kernel\", \"multiboot,module\" and reg",
                .message = "the domain has no kernel",
                .hint = "add the node; its reg says where the boot loader put the kernel, and its size"});
}

/** The last console= is where a kernel prints its prompt. */
static bool find_console(const char *line, struct option *console)
{
    struct option option;
    bool found = false;

    while (line != NULL && option_next(&line, &option)) {
        if (!option_is(&option, "console") || option.value == NULL)
            continue;
        *console = option;
        found = true;
    }
    return found;
}

/** hvc0 and the host's own UARTs are not there: such a kernel would run in silence. */
void config_check_console(struct config_reader *reader, const struct domain_config *domain)
{
    const struct part *part = part_console(domain);
    struct dt_node node = domain->kernel.bootargs != NULL ? domain->kernel.node : domain->node;
    struct option console;
    char found[48], expected[48];

    if (!find_console(domain->bootargs, &console))
        return;
    if (part != NULL && console.value_length >= strlen(part->console) &&
        memcmp(console.value, part->console, strlen(part->console)) == 0)
        return;
    format_string(found, sizeof(found), "console=%.*s", (int)min_u64(console.value_length, 32), console.value);
    if (part != NULL)
        format_string(expected, sizeof(expected), "console=%s", part->console);
    dt_report(reader->diag, DIAG_WARNING, node, "bootargs", found, part != NULL ? expected : NULL,
              "the domain has no such console", part != NULL ? NULL : "add vpl011 to the domain");
}

struct domain_config *config_add_domain(struct config_reader *reader, struct dt_node node, const char *name)
{
    struct system_config *config = reader->config;

    if (config->domain_count == HV_MAX_DOMAINS) {
        config->beyond_count++;
        config_complain(reader, NULL,
                        &(struct complaint){.severity = DIAG_ERROR,
                                            .node = node,
                                            .expected = "at most " TEXT_OF(HV_MAX_DOMAINS) " domains",
                                            .message = "there are more domains than this build can hold; this one is "
                                                       "left out"});
        return NULL;
    }
    struct domain_config *domain = &config->domains[config->domain_count++];
    *domain = (struct domain_config){.name = name, .node = node, .valid = true};
    return domain;
}

void config_make_hardware(struct config_reader *reader, struct domain_config *domain, struct dt_node node)
{
    const struct system_config *config = reader->config;
    struct complaint complaint = {.severity = DIAG_ERROR,
                                  .node = node,
                                  .message = "not in this build",
                                  .hint = "build with the part hardware: BULKHEAD_PARTS"};
    bool another = false;

    for (const struct domain_config *other = config->domains; other < domain; other++)
        another |= other->hardware;
    FOR_EACH_PART(i)
        if (part_table[i]->hardware && !another) {
            domain->parts |= 1u << i;
            domain->hardware = true;
        }
    if (another) {
        complaint.message = "there is another hardware domain";
        complaint.hint = "remove capabilities = <2> from one of them, or the boot modules directly below /chosen";
    }
    if (!domain->hardware)
        config_complain(reader, domain, &complaint);
}

/** It has all that nobody else has; to have some of it alone, as a partial tree asks, says nothing. */
static void check_hardware(struct config_reader *reader, struct domain_config *domain)
{
    if (domain->hardware && domain->device_tree.present)
        config_complain(reader, domain,
                        &(struct complaint){.severity = DIAG_ERROR,
                                            .node = domain->node,
                                            .message = "the hardware domain has its devices by the host's tree",
                                            .hint = "remove the module of multiboot,device-tree"});
}

/** 2 is the hardware domain; the others are Xen's own. */
static void read_capabilities(struct domain_reader *self)
{
    struct dt_property value = self->values[SLOT_CAPABILITIES];

    if (value.data == NULL || is_cell(value, 0))
        return;
    if (BUILD_DEVICES && is_cell(value, 2))
        config_make_hardware(self->reader, self->domain, self->domain->node);
    else
        property_error(self, "capabilities", value, BUILD_DEVICES ? "<0x0> or <0x2>" : "<0x0>",
                       BUILD_DEVICES ? "control and xenstore domains are not supported yet" : "not in this build",
                       NULL);
}

void config_read_domain(struct config_reader *reader, struct dt_node node)
{
    struct domain_reader self = {.reader = reader};

    self.domain = config_add_domain(reader, node, dt_name(node));
    if (self.domain == NULL)
        return;
    check_name(&self);
    dt_for_each_property(node, visit_property, &self);
    read_memory(&self);
    read_cpus(&self);
    FOR_EACH_PART(i)
        read_part(&self, i);
    read_spis(&self);
    self.domain->eager_memory = read_flag(&self, "bulkhead,eager-memory", self.values[SLOT_EAGER_MEMORY]);
    read_capabilities(&self);
    read_static(&self);
    read_children(&self, read_cells(&self));
    if (BUILD_DEVICES)
        check_hardware(reader, self.domain);
    read_bootargs(&self);
    config_check_console(self.reader, self.domain);
}
