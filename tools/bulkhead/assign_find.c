// SPDX-License-Identifier: Apache-2.0
/* Which node a word of the command line means, and whether it can be given away at all. */
#include <stdio.h>
#include <string.h>

#include "assign.h"
#include "lib/format.h"
#include "lib/text.h"

static const char GIC[] = "the interrupt controller";

/** @param length  of a name without a unit address, or with one */
static bool is_called(struct dt_node node, const char *name, size_t length)
{
    const char *own = dt_name(node);

    return strncmp(own, name, length) == 0 &&
           (own[length] == '\0' || (own[length] == '@' && memchr(name, '@', length) == NULL));
}

static void ambiguous(struct assign *assign, const char *word, struct dt_node first, struct dt_node second)
{
    char found[2 * ASSIGN_SHOWN_MAX + 8], one[ASSIGN_SHOWN_MAX], other[ASSIGN_SHOWN_MAX];

    format_string(found, sizeof(found), "%s, %s", dt_path(first, one, sizeof(one)),
                  dt_path(second, other, sizeof(other)));
    diag_emit(assign->diag, &(struct diag_report){.severity = DIAG_ERROR,
                                                  .path = word,
                                                  .found = found,
                                                  .message = "several nodes of the host's tree are called so",
                                                  .hint = "give the path, with the unit address"});
}

/** Says what the user may have meant: the same node elsewhere, as between /amba and /axi, or one with a name like it.
 */
static void unknown(struct assign *assign, const char *word)
{
    const char *slash = strrchr(word, '/');
    const char *name = slash != NULL ? slash + 1 : word;
    struct text_nearest nearest = text_nearest_start(name, strlen(name));
    char path[ASSIGN_PATH_MAX], hint[ASSIGN_PATH_MAX + 32];
    struct dt_node best = {assign->tree, -1};

    for (struct dt_node node = dt_root(assign->tree); dt_node_valid(node) && *name != '\0'; node = dt_next(node)) {
        const char *before = nearest.best;

        if (dt_name(node)[0] != '\0')
            text_nearest_offer(&nearest, dt_name(node));
        if (nearest.best != before)
            best = node;
        if (is_called(node, name, strlen(name))) {
            best = node;
            break;
        }
    }
    if (dt_node_valid(best))
        snprintf(hint, sizeof(hint), "did you mean %s?", dt_path(best, path, sizeof(path)));
    diag_emit(assign->diag, &(struct diag_report){.severity = DIAG_ERROR,
                                                  .path = word,
                                                  .expected = "a path, an alias or the name of a node",
                                                  .message = "the host's tree has no such node",
                                                  .hint = dt_node_valid(best) ? hint : NULL});
}

/** A path, where each part without a unit address must be one child's. */
static struct dt_node find_path(struct assign *assign, const char *word, const char *path)
{
    struct dt_node node = dt_root(assign->tree);

    for (path += strspn(path, "/"); *path != '\0' && dt_node_valid(node); path += strspn(path, "/")) {
        size_t length = strcspn(path, "/");
        struct dt_node found = {assign->tree, -1};

        DT_FOR_EACH_CHILD(child, node)
        {
            if (!is_called(child, path, length))
                continue;
            if (dt_node_valid(found)) {
                ambiguous(assign, word, found, child);
                return (struct dt_node){assign->tree, -1};
            }
            found = child;
        }
        node = found;
        path += length;
    }
    if (!dt_node_valid(node))
        unknown(assign, word);
    return node;
}

static struct dt_node find_name(struct assign *assign, const char *name)
{
    struct dt_node found = {assign->tree, -1};

    for (struct dt_node node = dt_root(assign->tree); dt_node_valid(node); node = dt_next(node)) {
        if (!is_called(node, name, strlen(name)))
            continue;
        if (dt_node_valid(found)) {
            ambiguous(assign, name, found, node);
            return (struct dt_node){assign->tree, -1};
        }
        found = node;
    }
    if (!dt_node_valid(found))
        unknown(assign, name);
    return found;
}

struct dt_node assign_find(struct assign *assign, const char *word)
{
    if (word[0] == '/')
        return find_path(assign, word, word);
    struct dt_node alias = dt_find(assign->tree, word);
    return dt_node_valid(alias) ? alias : find_name(assign, word);
}

static void ignore(struct diag *diag, const struct diag_report *report)
{
    (void)diag;
    (void)report;
}

void assign_read_owners(struct assign *assign)
{
    struct diag silent = {.emit = ignore};

    if (machine_read_uart(&assign->console, assign->tree, &silent) != HV_OK)
        assign->console = (struct machine_uart){0};
}

static bool is_console(const struct assign *assign, struct dt_node node)
{
    const char *path;

    if (assign->console.type != UART_NONE)
        return assign->console.node.offset == node.offset;
    return dt_read_string(dt_chosen(assign->tree), "stdout-path", &path) == HV_OK &&
           dt_find(assign->tree, path).offset == node.offset;
}

static const char *owner_by_compatible(struct dt_node node)
{
    static const struct {
        const char *compatible, *owner;
    } owners[] = {
        {"arm,gic-400", GIC},
        {"arm,cortex-a15-gic", GIC},
        {"arm,cortex-a9-gic", GIC},
        {"arm,cortex-a7-gic", GIC},
        {"qcom,msm-qgic2", GIC},
        {"arm,gic-v3", GIC},
        {"arm,armv8-timer", "the timer of the CPUs"},
        {"arm,armv7-timer", "the timer of the CPUs"},
        {"arm,psci", "the firmware's PSCI"},
        {"arm,psci-0.2", "the firmware's PSCI"},
        {"arm,psci-1.0", "the firmware's PSCI"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
        if (dt_compatible(node, owners[i].compatible))
            return owners[i].owner;
    }
    return NULL;
}

/** By its place: whatever is below these top-level nodes is not a device. */
static const char *owner_by_place(struct dt_node node)
{
    static const struct {
        const char *name, *owner;
    } places[] = {
        {"cpus", "the CPUs"},
        {"memory", "memory"},
        {"reserved-memory", "memory"},
        {"chosen", "what the boot loader tells the hypervisor"},
        {"aliases", "names, no device"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        if (is_called(node, places[i].name, strlen(places[i].name)))
            return places[i].owner;
    }
    return NULL;
}

const char *assign_owner(const struct assign *assign, struct dt_node node)
{
    struct dt_scan scan;

    if (!dt_scan_to(&scan, node) || scan.depth == 0)
        return "the whole machine";
    const char *owner = owner_by_place((struct dt_node){assign->tree, scan.ancestors[1]});
    for (unsigned depth = scan.depth; depth > 0 && owner == NULL; depth--)
        owner = owner_by_compatible((struct dt_node){assign->tree, scan.ancestors[depth]});
    if (owner == NULL && dt_list_contains(node, "device_type", "memory"))
        owner = "memory";
    if (owner == NULL && dt_has(node, "#iommu-cells"))
        owner = "an IOMMU";
    if (owner == NULL && is_console(assign, node))
        owner = "the hypervisor's console";
    return owner;
}
