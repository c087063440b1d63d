// SPDX-License-Identifier: Apache-2.0
/* bulkhead assign: a partial device tree that gives devices of the host to a domain. */
#include "assign.h"

#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "plan/guest_map.h"

struct assign_item *assign_item(const struct assign *assign, struct dt_node host)
{
    for (struct assign_item *item = assign->items; item != NULL; item = item->next) {
        if (item->host.offset == host.offset)
            return item;
    }
    return NULL;
}

/** A name may be anything in a blob, but not in source text. */
static bool can_be_written(const char *name)
{
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,._+?#-@")] == '\0';
}

struct assign_item *assign_add(struct assign *assign, struct dt_node host, enum assign_kind kind,
                               struct assign_item *parent, const char *name)
{
    struct assign_item *item = out_alloc(&assign->out, sizeof(*item));

    if (!can_be_written(name))
        assign_error(assign, host, NULL, NULL, "the node's name cannot be written", NULL);
    *item = (struct assign_item){.host = host, .kind = kind, .parent = parent};
    item->node = out_node(&assign->out, parent != NULL ? parent->node : assign->passthrough, name);
    *assign->last_item = item;
    assign->last_item = &item->next;
    return item;
}

void assign_list(struct assign *assign, struct dt_node node, const char *property, const char *found, const char *done)
{
    dt_report(assign->diag, DIAG_WARNING, node, property, found, NULL, done, NULL);
}

void assign_error(struct assign *assign, struct dt_node node, const char *property, const char *found,
                  const char *message, const char *hint)
{
    dt_report(assign->diag, DIAG_ERROR, node, property, found, NULL, message, hint);
}

/** Whether the CPU reaches registers of a child through its parent, which was asked for; or of what is below it. */
static bool is_mapped_child(struct dt_node bus, struct dt_node child)
{
    struct dt_range range;

    if (!dt_has(bus, "ranges") || !dt_enabled(child))
        return false;
    if (!dt_has(child, "reg"))
        return dt_has(child, "ranges");
    return dt_reg_cpu(child, 0, &range) == HV_OK && range.size != 0;
}

/** Adds what is below a node. What is disabled there is left out. */
static void add_children(struct assign *assign, struct assign_item *item)
{
    DT_FOR_EACH_CHILD(child, item->host)
    {
        bool mapped = item->kind == ASSIGN_DEVICE && is_mapped_child(item->host, child);
        char shown[ASSIGN_SHOWN_MAX];

        item->bus = item->bus || mapped;
        if (dt_enabled(child))
            add_children(assign, assign_add(assign, child, mapped ? ASSIGN_DEVICE : ASSIGN_PART, item, dt_name(child)));
        else
            assign_list(assign, child, "status", dt_show(dt_property(child, "status"), shown, sizeof(shown)),
                        "the node is left out");
    }
}

static bool can_be_given(struct assign *assign, struct dt_node node)
{
    const char *owner = assign_owner(assign, node);
    char shown[ASSIGN_SHOWN_MAX];

    if (owner != NULL) {
        assign_error(assign, node, NULL, owner, "cannot be given to a domain: the hypervisor has it", NULL);
        return false;
    }
    if (dt_list_contains(node, "device_type", "pci") || dt_has(node, "msi-controller")) {
        assign_error(assign, node, NULL, NULL,
                     "host bridges and interrupt controllers of PCI cannot be given to a domain", NULL);
        return false;
    }
    if (!dt_enabled(node))
        assign_list(assign, node, "status", dt_show(dt_property(node, "status"), shown, sizeof(shown)),
                    "the board does not use the device: it is written with \"okay\" all the same");
    return true;
}

/** Whether @p node is or lies in one that was asked for, which brings it along; of two of the same the first counts. */
static bool comes_along(const struct assign *assign, unsigned index)
{
    struct dt_node node = assign->asked[index];

    for (unsigned i = 0; i < index; i++) {
        if (assign->asked[i].offset == node.offset)
            return true;
    }
    for (node = dt_parent(node); dt_node_valid(node); node = dt_parent(node)) {
        for (unsigned i = 0; i < assign->asked_count; i++) {
            if (assign->asked[i].offset == node.offset)
                return true;
        }
    }
    return false;
}

static void find_asked(struct assign *assign)
{
    const struct options *options = assign->desk->options;

    for (unsigned i = 0; i < options->node_count; i++) {
        struct dt_node node = assign_find(assign, options->nodes[i]);

        if (dt_node_valid(node) && can_be_given(assign, node))
            assign->asked[assign->asked_count++] = node;
    }
}

static void add_asked(struct assign *assign)
{
    for (unsigned i = 0; i < assign->asked_count; i++) {
        if (comes_along(assign, i))
            continue;
        struct assign_item *item = assign_add(assign, assign->asked[i], ASSIGN_DEVICE, NULL, dt_name(assign->asked[i]));
        item->asked = true;
        add_children(assign, item);
    }
    for (struct assign_item *item = assign->items; item != NULL; item = item->next) {
        const char *owner = item->kind == ASSIGN_DEVICE && !item->asked ? assign_owner(assign, item->host) : NULL;

        if (owner != NULL)
            assign_error(assign, item->host, NULL, owner, "cannot be given to a domain: the hypervisor has it",
                         "ask for the other devices of the bus one by one");
    }
}

static void open_tree(struct assign *assign)
{
    struct out_tree *out = &assign->out;

    out_open(out);
    assign->last_item = &assign->items;
    assign->size_cells = 1;
    assign->passthrough = out_node(out, &out->root, "passthrough");
}

/** The unit address is the guest's: a bus of the host may have called the device something else. */
static void name_devices(struct assign *assign)
{
    for (struct assign_item *item = assign->items; item != NULL; item = item->next) {
        struct out_node *parent = item->parent != NULL ? item->parent->node : assign->passthrough;
        const char *name = dt_name(item->host);
        struct dt_range range;

        if (item->kind != ASSIGN_DEVICE)
            continue;
        name = out_text(&assign->out, "%.*s", (int)strcspn(name, "@"), name);
        if (dt_reg_cpu(item->host, 0, &range) == HV_OK)
            name =
                out_text(&assign->out, "%s@%llx", name, (unsigned long long)assign_guest_address(assign, range.base));
        out_rename(&assign->out, parent, item->node, name);
    }
}

/** The heads of the tree, once it is known how many cells a size takes. */
static void put_heads(struct assign *assign)
{
    struct out_tree *out = &assign->out;
    struct out_node *passthrough = assign->passthrough;

    out_u32(out, &out->root, "#address-cells", 2);
    out_u32(out, &out->root, "#size-cells", assign->size_cells);
    out_string(out, passthrough, "compatible", "simple-bus");
    out_property(out, passthrough, "ranges");
    out_u32(out, passthrough, "#address-cells", 2);
    out_u32(out, passthrough, "#size-cells", assign->size_cells);
}

/** @return 0, or the exit status */
static int write_blob(struct assign *assign, const char *file)
{
    uint8_t *blob = out_alloc(&assign->out, DT_MAX_SIZE);

    if (out_write_blob(&assign->out, blob, DT_MAX_SIZE) != 0) {
        assign_error(assign, dt_root(assign->tree), NULL, NULL, "the partial device tree is too large", NULL);
        return EXIT_FAILURE;
    }
    return desk_write_file(file, blob, fdt_totalsize(blob));
}

static int write_source(struct assign *assign, const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    if (file == NULL)
        abort();
    fprintf(file,
            "// Devices for a domain, written by bulkhead assign. Phandle 0x%x is the domain's interrupt controller:\n"
            "// it is the hypervisor that adds that node, so dtc says of interrupt-parent \"Bad phandle\".\n\n"
            "/dts-v1/;\n\n",
            guest_map_xen.gic_phandle);
    out_write_source(&assign->out, file);
    if (fclose(file) != 0)
        abort();
    int status = desk_write_file(path, text, size);
    free(text);
    return status;
}

static int write_result(struct assign *assign)
{
    const char *path = assign->desk->options->output;
    const char *ending = path != NULL ? strrchr(path, '.') : NULL;

    if (!out_number(&assign->out, guest_map_xen.gic_phandle)) {
        assign_error(assign, dt_root(assign->tree), NULL, NULL, "too many nodes are referred to", NULL);
        return EXIT_FAILURE;
    }
    return ending != NULL && strcmp(ending, ".dtb") == 0 ? write_blob(assign, path) : write_source(assign, path);
}

static void make_tree(struct assign *assign)
{
    open_tree(assign);
    assign_read_owners(assign);
    find_asked(assign);
    if (assign->diag->errors == 0)
        add_asked(assign);
    if (assign->diag->errors != 0)
        return;
    assign_plan_pages(assign);
    if (assign->diag->errors != 0)
        return;
    put_heads(assign);
    name_devices(assign);
    for (struct assign_item *item = assign->items; item != NULL; item = item->next) {
        if (item->kind != ASSIGN_COPY) /* those are filled when they are made */
            assign_fill(assign, item);
    }
}

int command_assign(struct desk *desk)
{
    static struct assign assign; /* large: sets of regions */
    int status = EXIT_FAILURE;

    if (dt_open(&desk->tree, desk->file.data, desk->file.size, &desk->diag) != HV_OK)
        return EXIT_FAILURE;
    assign = (struct assign){.desk = desk, .tree = &desk->tree, .diag = &desk->diag};
    make_tree(&assign);
    if (desk->diag.errors == 0)
        status = write_result(&assign);
    out_close(&assign.out);
    return status;
}
