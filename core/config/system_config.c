// SPDX-License-Identifier: Apache-2.0
#include "config/system_config.h"

#include <string.h>

#include "config/config_reader.h"
#include "config/options.h"
#include "lib/build.h"
#include "lib/text.h"

static const char *const chosen_properties[] = {
    "xen,xen-bootargs",
    "xen,dom0-bootargs",
    "xen,uefi-cfg-load",
    "#xen,static-heap-address-cells",
    "#xen,static-heap-size-cells",
    "xen,static-heap",
};

void config_complain(struct config_reader *reader, struct domain_config *domain, const struct complaint *complaint)
{
    char found[80];

    if (complaint->value.data != NULL)
        dt_show(complaint->value, found, sizeof(found));
    dt_report(reader->diag, complaint->severity, complaint->node, complaint->property,
              complaint->value.data != NULL ? found : NULL, complaint->expected, complaint->message, complaint->hint);
    if (domain != NULL && complaint->severity == DIAG_ERROR)
        domain->valid = false;
}

void config_unknown(struct config_reader *reader, struct dt_node node, const char *property, const char *message,
                    const char *nearest)
{
    char hint[TEXT_WORD_MAX + 32];

    if (nearest != NULL)
        format_string(hint, sizeof(hint), "did you mean \"%s\"?", nearest);
    config_complain(reader, NULL,
                    &(struct complaint){.severity = DIAG_WARNING,
                                        .node = node,
                                        .property = property,
                                        .message = message,
                                        .hint = nearest != NULL ? hint : NULL});
}

/** Whether bootargs is Xen's own command line: it is, where the kernel of a dom0 has one of its own. */
static bool bootargs_are_ours(struct dt_node chosen)
{
    if (dt_has(chosen, "xen,dom0-bootargs"))
        return true;
    DT_FOR_EACH_CHILD(node, chosen)
    {
        if (config_is_kernel(node) && dt_has(node, "bootargs"))
            return true;
    }
    return false;
}

static const char *command_line(struct dt_node chosen)
{
    const char *line = NULL;
    hv_status status = dt_read_string(chosen, "xen,xen-bootargs", &line);

    if (status == HV_E_MISSING && dt_has(chosen, "bootargs") && bootargs_are_ours(chosen))
        status = dt_read_string(chosen, "bootargs", &line);
    return status == HV_OK ? line : NULL;
}

const char *config_command_line(const struct dt *tree)
{
    return command_line(dt_chosen(tree));
}

static void report_option(struct config_reader *reader, enum diag_severity severity, const struct option *option,
                          const char *expected, const char *message, const char *nearest)
{
    char found[64];
    char hint[TEXT_WORD_MAX + 32];

    format_string(found, sizeof(found), "%.*s",
                  (int)(option->name_length + (option->value != NULL ? option->value_length + 1 : 0)), option->name);
    if (nearest != NULL)
        format_string(hint, sizeof(hint), "did you mean \"%s\"?", nearest);
    dt_report(reader->diag, severity, reader->chosen, "xen,xen-bootargs", found, expected, message,
              nearest != NULL ? hint : NULL);
}

/** One of Xen's options that says how domains are kept apart. */
struct xen_option {
    const char *name;
    enum diag_severity severity;
    const char *message;
};

/* None of the others changes what is right here. */
static const struct xen_option xen_options[] = {
    {"sched", DIAG_NOTE, "no effect: vCPUs of a CPU take turns"},
    {"iommu", DIAG_NOTE, "no effect"},
    {"llc-coloring", DIAG_WARNING, "no effect yet: domains share the cache"},
};

static void check_xen_option(struct config_reader *reader, const struct option *option)
{
    for (unsigned i = 0; i < ARRAY_SIZE(xen_options); i++) {
        const struct xen_option *known = &xen_options[i];
        if (option_is(option, known->name) && !option_value_is(option, "no") && !option_value_is(option, "off"))
            report_option(reader, known->severity, option, NULL, known->message, NULL);
    }
}

static void read_option(struct config_reader *reader, const struct option *option)
{
    struct text_nearest nearest;

    if (option_is(option, "bulkhead.all-off")) {
        if (option_value_is(option, "power-off"))
            reader->config->all_off = ALL_OFF_POWER_OFF;
        else if (option_value_is(option, "stay"))
            reader->config->all_off = ALL_OFF_STAY;
        else
            report_option(reader, DIAG_WARNING, option, "power-off or stay",
                          "the option has a value that it cannot have; it is ignored", NULL);
        return;
    }
    if (text_after(option->name, "bulkhead.") == NULL) {
        check_xen_option(reader, option);
        return;
    }
    nearest = text_nearest_start(option->name, option->name_length);
    text_nearest_offer(&nearest, "bulkhead.all-off");
    report_option(reader, DIAG_WARNING, option, NULL, "unknown option, ignored", nearest.best);
}

static void read_command_line(struct config_reader *reader)
{
    const char *cursor = command_line(reader->chosen);
    struct option option;

    reader->config->command_line = cursor;
    while (cursor != NULL && option_next(&cursor, &option))
        read_option(reader, &option);
}

static void check_chosen_property(struct config_reader *reader, const char *name)
{
    struct text_nearest nearest;

    for (unsigned i = 0; i < ARRAY_SIZE(chosen_properties); i++) {
        if (text_equal(name, chosen_properties[i]))
            return;
    }
    nearest = text_nearest_start(name, strlen(name));
    for (unsigned i = 0; i < ARRAY_SIZE(chosen_properties); i++)
        text_nearest_offer(&nearest, chosen_properties[i]);
    config_unknown(reader, reader->chosen, name, "unknown property, ignored", nearest.best);
}

static bool visit_chosen_property(void *context, const char *name, struct dt_property value)
{
    struct config_reader *reader = context;
    struct complaint complaint = {.severity = DIAG_WARNING, .node = reader->chosen, .property = name, .value = value};

    if (text_equal(name, "xen,static-heap")) {
        complaint.message = "a static heap is not supported yet; there is no heap that could need the memory, which is "
                            "given to domains";
        config_complain(reader, NULL, &complaint);
    } else if (text_equal(name, "xen,xen-bootargs") && memchr(value.data, '\0', value.length) == NULL) {
        complaint.expected = "a string";
        complaint.message = "the hypervisor's command line cannot be read and is ignored";
        config_complain(reader, NULL, &complaint);
    } else if (text_after(name, "xen,") != NULL || text_after(name, "#xen,") != NULL ||
               text_after(name, "bulkhead,") != NULL) {
        check_chosen_property(reader, name);
    }
    return true;
}

/** Options for the hypervisor in a bootargs that is not its own. */
static void check_stray_options(struct config_reader *reader)
{
    struct dt_property bootargs = dt_property(reader->chosen, "bootargs");
    const char *line;

    if (reader->config->command_line != NULL || dt_read_string(reader->chosen, "bootargs", &line) != HV_OK)
        return;
    for (struct option option; option_next(&line, &option);) {
        if (text_after(option.name, "bulkhead.") == NULL && !option_is(&option, "dtuart"))
            continue;
        config_complain(reader, NULL,
                        &(struct complaint){.severity = DIAG_WARNING,
                                            .node = reader->chosen,
                                            .property = "bootargs",
                                            .value = bootargs,
                                            .message = "these are not the hypervisor's options without a dom0, and are "
                                                       "not read",
                                            .hint = "move them to xen,xen-bootargs"});
        return;
    }
}

/** Domains that are hidden in another node are not found by Xen either. */
static void check_nested(struct config_reader *reader, struct dt_node node)
{
    DT_FOR_EACH_CHILD(child, node)
    {
        if (dt_compatible(child, "xen,domain"))
            config_complain(reader, NULL,
                            &(struct complaint){.severity = DIAG_WARNING,
                                                .node = child,
                                                .message = "the domain is not directly below /chosen and is ignored",
                                                .hint = "move the node there"});
    }
}

static void check_other_node(struct config_reader *reader, struct dt_node node)
{
    struct dt_property compatible = dt_property(node, "compatible");
    struct text_nearest nearest;

    if (dt_value_contains(compatible, "xen,cpupool")) {
        config_complain(reader, NULL,
                        &(struct complaint){.severity = DIAG_WARNING,
                                            .node = node,
                                            .message = "CPU pools are not supported yet; the node is ignored"});
        return;
    }
    check_nested(reader, node);
    if (compatible.length > 0) {
        nearest = text_nearest_start((const char *)compatible.data, compatible.length - 1);
        text_nearest_offer(&nearest, "xen,domain");
    }
    if ((compatible.length > 0 && nearest.best != NULL) || (dt_has(node, "memory") && dt_has(node, "cpus")))
        config_complain(reader, NULL,
                        &(struct complaint){.severity = DIAG_WARNING,
                                            .node = node,
                                            .property = "compatible",
                                            .value = compatible,
                                            .expected = "\"xen,domain\"",
                                            .message = "the node looks like a domain but does not say that it is one; "
                                                       "it is ignored"});
}

static void read_dom0_module(struct config_reader *reader, struct dt_node node)
{
    if (BUILD_DEVICES)
        config_read_dom0_module(reader, node);
    else
        config_complain(reader, NULL,
                        &(struct complaint){.severity = DIAG_WARNING,
                                            .node = node,
                                            .message = "a dom0 is not in this build; the domains start without it"});
}

static void read_node(struct config_reader *reader, struct dt_node node)
{
    if (!dt_compatible(node, "xen,domain")) {
        if (config_is_dom0_module(node))
            read_dom0_module(reader, node);
        else
            check_other_node(reader, node);
    } else if (!dt_enabled(node)) {
        config_complain(reader, NULL,
                        &(struct complaint){.severity = DIAG_NOTE,
                                            .node = node,
                                            .property = "status",
                                            .message = "the domain is disabled and is left out"});
    } else {
        config_read_domain(reader, node);
    }
}

static hv_status require_domain(struct config_reader *reader, const struct dt *tree)
{
    if (reader->config->domain_count > 0)
        return HV_OK;
    config_complain(reader, NULL,
                    &(struct complaint){.severity = DIAG_ERROR,
                                        .node = dt_node_valid(reader->chosen) ? reader->chosen : dt_root(tree),
                                        .expected = "nodes with compatible = \"xen,domain\" directly below /chosen",
                                        .message = "there is no domain to start",
                                        .hint = "describe each domain in a node such as /chosen/domU1"});
    return HV_E_MISSING;
}

/** The cells that domain nodes inherit: /chosen's, or else the root's. */
static void read_inherited_cells(struct config_reader *reader, const struct dt *tree)
{
    if (dt_cells(dt_root(tree), false, &reader->address_cells, &reader->size_cells) != HV_OK) {
        reader->address_cells = 0; /* no module can be read in these; each says so */
        reader->size_cells = 0;
    }
    (void)!dt_read_u32(reader->chosen, "#address-cells", &reader->address_cells);
    (void)!dt_read_u32(reader->chosen, "#size-cells", &reader->size_cells);
}

hv_status config_read(struct system_config *config, const struct dt *tree, struct diag *diag)
{
    struct config_reader reader = {.config = config, .diag = diag, .chosen = dt_chosen(tree)};

    config->domain_count = 0;
    config->beyond_count = 0;
    config->all_off = ALL_OFF_STAY;
    config->command_line = NULL;
    if (!dt_node_valid(reader.chosen))
        return require_domain(&reader, tree);
    read_inherited_cells(&reader, tree);
    read_command_line(&reader);
    check_stray_options(&reader);
    dt_for_each_property(reader.chosen, visit_chosen_property, &reader);
    DT_FOR_EACH_CHILD(node, reader.chosen)
    {
        read_node(&reader, node);
    }
    if (BUILD_DEVICES)
        config_finish_dom0(&reader);
    return require_domain(&reader, tree);
}
