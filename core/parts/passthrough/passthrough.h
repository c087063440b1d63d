/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of the host that are given to a domain, as a partial device tree says. What its files share. */
#ifndef BULKHEAD_PARTS_PASSTHROUGH_H
#define BULKHEAD_PARTS_PASSTHROUGH_H

#include "config/part.h"
#include "lib/types.h"
#include "plan/claims.h"

#define PASSTHROUGH_NODE "passthrough"

/* Of the boot half. */

/** part::inspect: reads the partial device tree, checks it against the host's, and enters its devices in the plan. */
HV_DOOR hv_status passthrough_inspect(struct inspection *inspection);
/** part::claim */
HV_DOOR void passthrough_claim(struct claimant *claimant);
/** part::describe: /passthrough of the partial tree, without what was meant for the hypervisor. */
HV_DOOR void passthrough_describe(struct dt_writer *tree, const struct plan_domain *plan,
                                  const struct machine *machine);
/** part::aliases: those of the partial tree. */
HV_DOOR void passthrough_aliases(struct dt_writer *tree, const struct plan_domain *plan);

/** @return the most that passthrough_describe() and passthrough_aliases() write of @p fragment, in bytes */
uint64_t passthrough_tree_bytes(const struct dt *fragment);

/** Where a partial tree is read: reports name the module, then the node in it. */
struct fragment {
    struct inspection *inspection;
    struct diag diag;      /* for nodes of the partial tree */
    struct dt_node module; /* in the host's tree */
    struct dt_scan at;     /* the node that is looked at */
    bool failed;
};

/** Reports about the node of the partial tree that @p fragment is at. An error fails it. */
void fragment_report(struct fragment *fragment, enum diag_severity severity, const char *property, const char *found,
                     const char *expected, const char *message, const char *hint);
/** @return the phandle that @p node, which may be invalid, has; 0: none that anybody could refer to */
uint32_t fragment_phandle(struct dt_node node);
/** @return whether addresses and sizes of so many cells can be read */
static inline bool fragment_cells_usable(uint32_t address_cells, uint32_t size_cells)
{
    return (address_cells == 1 || address_cells == 2) && (size_cells == 1 || size_cells == 2);
}

/** The node that @p fragment is at, if it asks for a device of the host's: its frames and interrupts. */
void fragment_device(struct fragment *fragment);
/** Looks for phandles that lead nowhere, in all of the tree. */
void fragment_references(struct fragment *fragment);

#endif
