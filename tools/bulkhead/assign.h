/* SPDX-License-Identifier: Apache-2.0 */
/* The work of `bulkhead assign`, shared by its files: which nodes of the host's tree go into a partial device tree, and
 * as what. */
#ifndef BULKHEAD_TOOL_ASSIGN_H
#define BULKHEAD_TOOL_ASSIGN_H

#include "assign_tree.h"
#include "desk.h"
#include "mem/regions.h"

#define ASSIGN_PATH_MAX 1024
#define ASSIGN_SHOWN_MAX 192 /* what messages show of a value */

/** What a node of the output is. */
enum assign_kind {
    ASSIGN_DEVICE, /* asked for, or below such a node with registers of its own that the CPU reaches */
    ASSIGN_PART,   /* below a device: a PHY, a port, a key */
    ASSIGN_COPY,   /* what a device refers to and works without its host's driver: a fixed clock or regulator */
};

/** A node of the host's tree that is in the output. */
struct assign_item {
    struct assign_item *next;
    struct assign_item *parent; /* NULL: /passthrough */
    struct dt_node host;
    struct out_node *node;
    enum assign_kind kind;
    bool asked; /* named on the command line */
    bool bus;   /* its children have registers of their own */
    bool gic;   /* it has interrupts of the GIC */
};

/** A clock of the host that the output has as a fixed one. */
struct assign_clock {
    struct assign_clock *next;
    struct dt_property specifier; /* one entry of clocks: provider and arguments */
    uint32_t rate;                /* Hz */
    struct out_node *node;
};

struct assign {
    struct desk *desk;
    const struct dt *tree;
    struct diag *diag;
    struct out_tree out;
    struct out_node *passthrough;
    struct dt_node asked[OPTIONS_MAX_NODES];
    unsigned asked_count;
    struct assign_item *items, **last_item;
    struct assign_clock *clocks;
    struct region_set pages;             /* of all devices */
    struct region_set mapped;            /* those that some xen,reg has already */
    uint64_t guest_base[HV_MAX_REGIONS]; /* of each range of pages */
    uint32_t size_cells;         /* of /passthrough and buses: 1, or 2 where a size needs it; addresses take 2 */
    struct machine_uart console; /* type UART_NONE: none that there is a driver for */
};

/* assign_find.c */

/** @return the node that @p word names (path, alias, or name that only one node has); invalid after a report */
struct dt_node assign_find(struct assign *assign, const char *word);
/** @return who has the node instead of a domain ("the console"), or NULL. */
const char *assign_owner(const struct assign *assign, struct dt_node node);
/** Reads what assign_owner() needs to know. */
void assign_read_owners(struct assign *assign);

/* assign.c */

/** @return the item of a node that is in the output, or NULL. */
struct assign_item *assign_item(const struct assign *assign, struct dt_node host);
/** Adds a node to the output, still without properties. @param parent  NULL: /passthrough */
struct assign_item *assign_add(struct assign *assign, struct dt_node host, enum assign_kind kind,
                               struct assign_item *parent, const char *name);
/** Reports what could not be carried over: a line on standard error. @param done  what was done about it */
void assign_list(struct assign *assign, struct dt_node node, const char *property, const char *found, const char *done);
void assign_error(struct assign *assign, struct dt_node node, const char *property, const char *found,
                  const char *message, const char *hint);

/* assign_pages.c */

/** Collects the pages of all devices, decides where the guest sees them, and reports who else lives there. */
void assign_plan_pages(struct assign *assign);
/** @return the guest's address of a host address within a device's pages. */
uint64_t assign_guest_address(const struct assign *assign, uint64_t address);
/** Puts xen,path, xen,reg and reg of a device. */
void assign_put_registers(struct assign *assign, struct assign_item *item);

/* assign_interrupts.c */

/** Puts interrupt-parent, interrupts and interrupt-names; notes in the item whether the GIC is among the parents. */
void assign_put_interrupts(struct assign *assign, struct assign_item *item);

/* assign_references.c */

/** One entry of a list of phandles with arguments. */
struct assign_entry {
    struct dt_property specifier; /* all of it */
    struct dt_node provider;      /* invalid: the phandle is 0 or nobody's */
    uint32_t phandle;
};

/** Takes the next entry of @p list. @param cells  name of the provider's property that says how many arguments follow,
 * NULL: none. @return false at the end, or where it cannot be told how long the entry is (then @p offset is not at the
 * end) */
bool assign_next_entry(const struct dt *tree, struct dt_property list, const char *cells, uint32_t *offset,
                       struct assign_entry *entry);
/** Writes an entry as a message shows it: the provider's path and the arguments. @return @p buffer */
const char *assign_show_entry(const struct assign_entry *entry, char *buffer, size_t size);
/** Puts an entry with the provider's new phandle. */
void assign_put_entry(struct assign *assign, struct out_property *property, const struct assign_entry *entry,
                      struct out_node *provider);
/** Puts those items of the list of names @p name whose entries were kept. */
void assign_put_names(struct assign *assign, struct assign_item *item, const char *name, const bool *kept,
                      unsigned count);
/** Puts a property that refers to other nodes, with what belongs to it. @return false where it is none such */
bool assign_put_references(struct assign *assign, struct assign_item *item, const char *name, struct dt_property value);

#define ASSIGN_MAX_ENTRIES 256 /* of one list; longer ones are cut with a report */

/* assign_clocks.c */

void assign_put_clocks(struct assign *assign, struct assign_item *item, const char *name, struct dt_property value);
/** Puts assigned-clocks and what belongs to it. */
void assign_put_assigned_clocks(struct assign *assign, struct assign_item *item, struct dt_property value);

/* assign_supplies.c */

void assign_put_supply(struct assign *assign, struct assign_item *item, const char *name, struct dt_property value);

/* assign_device.c */

/** Puts all properties of a node. */
void assign_fill(struct assign *assign, struct assign_item *item);

#endif
