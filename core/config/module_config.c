// SPDX-License-Identifier: Apache-2.0
/* The child nodes of a domain: boot modules, and what is not supported yet. */
#include <string.h>

#include "config/config_reader.h"
#include "config/part.h"
#include "lib/text.h"

#define GENERIC "multiboot,module"
#define GENERIC_LEGACY "xen,multiboot-module"

/** What a value of compatible makes of a node. */
struct child_rule {
    const char *compatible;
    bool module;
    enum module_kind kind;
    enum config_verdict verdict;
    const char *message;
    const char *hint;
};

#define EVENT_MESSAGE "event channels between domains are not supported yet"

static const struct child_rule child_rules[] = {
    {"multiboot,kernel", .module = true, .kind = MODULE_KERNEL},
    {"xen,linux-zimage", .module = true, .kind = MODULE_KERNEL},
    {"multiboot,ramdisk", .module = true, .kind = MODULE_RAMDISK},
    {"xen,linux-initrd", .module = true, .kind = MODULE_RAMDISK},
    {"multiboot,device-tree", .module = true, .kind = MODULE_DEVICE_TREE},
    {"xen,vcpu", .verdict = CONFIG_WARN,
     .message = "binding a vCPU to physical CPUs is not supported yet; the CPU is chosen for it"},
    {"xen,domain-shared-memory-v1", .verdict = CONFIG_REFUSE,
     .message = "memory shared between domains is not supported yet",
     .hint = "remove the node if the guest does without the memory"},
    {"xen,evtchn-v1", .verdict = CONFIG_REFUSE, .message = EVENT_MESSAGE},
    {"xen,evtchn", .verdict = CONFIG_REFUSE, .message = EVENT_MESSAGE},
};

static const char *const module_properties[] = {
    "compatible", "reg", "bootargs", "status", "phandle", "linux,phandle", "name", "xen,uefi-binary",
};

static const struct child_rule *find_rule(struct dt_property compatible)
{
    for (unsigned i = 0; i < ARRAY_SIZE(child_rules); i++) {
        if (dt_value_contains(compatible, child_rules[i].compatible))
            return &child_rules[i];
    }
    return NULL;
}

bool config_is_kernel(struct dt_node node)
{
    struct dt_property compatible = dt_property(node, "compatible");
    const struct child_rule *rule = compatible.data != NULL ? find_rule(compatible) : NULL;

    return rule != NULL && rule->module && rule->kind == MODULE_KERNEL;
}

bool config_is_dom0_module(struct dt_node node)
{
    struct dt_property compatible = dt_property(node, "compatible");

    return compatible.data != NULL &&
           (dt_value_contains(compatible, GENERIC) || dt_value_contains(compatible, GENERIC_LEGACY) ||
            dt_value_contains(compatible, "xen,xsm-policy") || find_rule(compatible) != NULL);
}

bool config_read_bootargs(struct config_reader *reader, struct domain_config *domain, struct dt_node node,
                          const char **bootargs)
{
    struct complaint complaint = {.severity = DIAG_ERROR, .node = node, .property = "bootargs"};
    char found[24], expected[16];
    size_t length;

    switch (dt_read_string(node, "bootargs", bootargs)) {
    case HV_OK:
        break;
    case HV_E_MISSING:
        return true;
    default:
        complaint.value = dt_property(node, "bootargs");
        complaint.expected = "a string";
        complaint.message = "the kernel's command line cannot be read";
        config_complain(reader, domain, &complaint);
        return false;
    }
    length = strlen(*bootargs);
    if (length < CONFIG_BOOTARGS_MAX)
        return true;
    format_string(found, sizeof(found), "%zu characters", length);
    format_string(expected, sizeof(expected), "at most %u", CONFIG_BOOTARGS_MAX - 1);
    dt_report(reader->diag, DIAG_ERROR, node, "bootargs", found, expected, "the kernel's command line is too long",
              "shorten it, or move options into the ramdisk");
    domain->valid = false;
    *bootargs = NULL;
    return false;
}

static void module_error(struct config_reader *reader, struct domain_config *domain, struct dt_node node,
                         const char *message)
{
    config_complain(reader, domain,
                    &(struct complaint){.severity = DIAG_ERROR,
                                        .node = node,
                                        .property = "reg",
                                        .value = dt_property(node, "reg"),
                                        .expected = "address and size, in the cells that the domain node sets",
                                        .message = message,
                                        .hint = "write where the boot loader put the file, and how long it is"});
}

/** Where the module lies. A size that reaches beyond the address space stands for "to the end", as 0xffffffff does. */
static void read_reg(struct config_reader *reader, struct domain_config *domain, struct module_config *module,
                     struct config_cells cells)
{
    struct dt_range range = {0, 0};
    struct dt_range second;

    switch (dt_reg_cells(module->node, 0, cells.address, cells.size, &range)) {
    case HV_OK:
        break;
    case HV_E_RANGE:
        range.size = UINT64_MAX - range.base;
        break;
    case HV_E_MISSING:
        module_error(reader, domain, module->node, "the module has no address");
        return;
    default:
        module_error(reader, domain, module->node, "the module's address and size cannot be read");
        return;
    }
    module->base = pa(range.base);
    module->size = range.size;
    if (range.size == 0)
        module_error(reader, domain, module->node, "the module is empty");
    if (dt_reg_cells(module->node, 1, cells.address, cells.size, &second) != HV_E_MISSING)
        config_complain(reader, domain,
                        &(struct complaint){.severity = DIAG_WARNING,
                                            .node = module->node,
                                            .property = "reg",
                                            .value = dt_property(module->node, "reg"),
                                            .expected = "one address and one size",
                                            .message = "a module is one range of memory; only the first is used"});
}

static struct module_config *module_place(struct domain_config *domain, enum module_kind kind)
{
    switch (kind) {
    case MODULE_RAMDISK:
        return &domain->ramdisk;
    case MODULE_DEVICE_TREE:
        return &domain->device_tree;
    default:
        return &domain->kernel;
    }
}

struct module_visit {
    struct config_reader *reader;
    const struct module_config *module;
};

static bool visit_property(void *context, const char *name, struct dt_property value)
{
    const struct module_visit *visit = context;
    struct text_nearest nearest;

    for (unsigned i = 0; i < ARRAY_SIZE(module_properties); i++) {
        if (text_equal(name, module_properties[i]))
            return true;
    }
    (void)value;
    nearest = text_nearest_start(name, strlen(name));
    for (unsigned i = 0; i < ARRAY_SIZE(module_properties); i++)
        text_nearest_offer(&nearest, module_properties[i]);
    config_unknown(visit->reader, visit->module->node, name, "unknown property, ignored", nearest.best);
    return true;
}

static void check_module(struct config_reader *reader, struct domain_config *domain, struct module_config *module)
{
    struct module_visit visit = {reader, module};
    struct complaint complaint = {.node = module->node};

    dt_for_each_property(module->node, visit_property, &visit);
    if (!dt_compatible(module->node, GENERIC) && !dt_compatible(module->node, GENERIC_LEGACY)) {
        complaint.severity = DIAG_WARNING;
        complaint.property = "compatible";
        complaint.value = dt_property(module->node, "compatible");
        complaint.expected = "\"multiboot,module\" as well";
        complaint.message = "the module is used, but Xen would not find it";
        config_complain(reader, domain, &complaint);
    }
    if (dt_has(module->node, "xen,uefi-binary")) {
        complaint.severity = DIAG_ERROR;
        complaint.property = "xen,uefi-binary";
        complaint.value = dt_property(module->node, "xen,uefi-binary");
        complaint.expected = NULL;
        complaint.message = "modules that the hypervisor loads through UEFI are not supported yet";
        complaint.hint = "let the boot loader load the file, and write its address to reg";
        config_complain(reader, domain, &complaint);
    }
}

/** A module that a part is for: the domain has that part. */
static void want_part(struct config_reader *reader, struct domain_config *domain, const struct module_config *module)
{
    struct dt_property compatible = dt_property(module->node, "compatible");

    FOR_EACH_PART(i)
        if (part_table[i]->module != NULL && dt_value_contains(compatible, part_table[i]->module))
            domain->parts |= 1u << i;
    for (const struct part_absent *absent = part_absent; absent->part != NULL; absent++)
        if (dt_value_contains(compatible, absent->property))
            config_complain(reader, domain,
                            &(struct complaint){.severity = DIAG_ERROR,
                                                .node = module->node,
                                                .property = "compatible",
                                                .value = compatible,
                                                .message = "not in this build",
                                                .hint = "build with this part: BULKHEAD_PARTS"});
}

static void read_module(struct config_reader *reader, struct domain_config *domain, struct dt_node node,
                        enum module_kind kind, struct config_cells cells)
{
    struct module_config *module = module_place(domain, kind);

    if (module->present) {
        config_complain(reader, domain,
                        &(struct complaint){.severity = DIAG_ERROR,
                                            .node = node,
                                            .message = "the domain has a second module of this kind",
                                            .hint = "remove one, or set its status to \"disabled\""});
        return;
    }
    *module = (struct module_config){.present = true, .kind = kind, .node = node};
    check_module(reader, domain, module);
    want_part(reader, domain, module);
    if (cells.valid && !dt_has(node, "xen,uefi-binary"))
        read_reg(reader, domain, module, cells);
    if (kind == MODULE_KERNEL)
        (void)!config_read_bootargs(reader, domain, node, &module->bootargs);
    else if (dt_has(node, "bootargs"))
        config_complain(reader, domain,
                        &(struct complaint){.severity = DIAG_WARNING,
                                            .node = node,
                                            .property = "bootargs",
                                            .value = dt_property(node, "bootargs"),
                                            .message = "only the kernel has a command line; this one is not used",
                                            .hint = "move it to the kernel's module"});
}

/** The compatible that a child's misspelt one most likely stands for, in quotes; else an example. */
static void expect_compatible(const char *found, char *expected, size_t size)
{
    struct text_nearest nearest = text_nearest_start(found, strlen(found));

    for (unsigned i = 0; i < ARRAY_SIZE(child_rules); i++)
        text_nearest_offer(&nearest, child_rules[i].compatible);
    if (nearest.best != NULL)
        format_string(expected, size, "\"%s\"", nearest.best);
    else
        format_string(expected, size, "\"multiboot,kernel\" or the like");
}

/** A child whose compatible says nothing that is known. */
static void unknown_child(struct config_reader *reader, struct dt_node node, struct dt_property compatible)
{
    const char *message = "the node is not known and is ignored";
    char expected[TEXT_WORD_MAX + 3];

    if (compatible.data == NULL || compatible.length == 0 || compatible.data[compatible.length - 1] != '\0') {
        config_unknown(reader, node, "compatible", "the node does not say what it is and is ignored", NULL);
        return;
    }
    expect_compatible((const char *)compatible.data, expected, sizeof(expected));
    if (dt_value_contains(compatible, GENERIC) || dt_value_contains(compatible, GENERIC_LEGACY))
        message = "the module does not say of which kind it is and is ignored";
    config_complain(reader, NULL,
                    &(struct complaint){.severity = DIAG_WARNING,
                                        .node = node,
                                        .property = "compatible",
                                        .value = compatible,
                                        .expected = expected,
                                        .message = message});
}

void config_read_child(struct config_reader *reader, struct domain_config *domain, struct dt_node node,
                       struct config_cells cells)
{
    struct dt_property compatible = dt_property(node, "compatible");
    const struct child_rule *rule;

    if (!dt_enabled(node))
        return;
    rule = compatible.data != NULL ? find_rule(compatible) : NULL;
    if (rule == NULL && domain == &reader->dom0 &&
        (dt_value_contains(compatible, GENERIC) || dt_value_contains(compatible, GENERIC_LEGACY))) {
        /* As Xen takes them: first the kernel, then the ramdisk. */
        read_module(reader, domain, node, domain->kernel.present ? MODULE_RAMDISK : MODULE_KERNEL, cells);
        return;
    }
    if (rule == NULL) {
        unknown_child(reader, node, compatible);
        return;
    }
    if (rule->verdict != CONFIG_ACCEPT)
        config_complain(reader, domain,
                        &(struct complaint){.severity = rule->verdict == CONFIG_REFUSE ? DIAG_ERROR : DIAG_WARNING,
                                            .node = node,
                                            .property = "compatible",
                                            .value = compatible,
                                            .message = rule->message,
                                            .hint = rule->hint});
    if (rule->module)
        read_module(reader, domain, node, rule->kind, cells);
}
