/* SPDX-License-Identifier: Apache-2.0 */
/* The hardware domain: what of the machine no other domain and not the hypervisor has. What its files share. */
#ifndef BULKHEAD_PARTS_HARDWARE_H
#define BULKHEAD_PARTS_HARDWARE_H

#include "config/part.h"
#include "plan/claims.h"

/* Of the boot half. */

/** part::inspect: what it will need, before RAM is given out. */
HV_DOOR hv_status hardware_inspect(struct inspection *inspection);
/** part::claim: pages of all devices, and all SPIs, that nobody has yet; after all other domains. */
HV_DOOR void hardware_claim(struct claimant *claimant);
/** part::root, part::aliases */
HV_DOOR void hardware_root(struct dt_writer *tree, const struct plan_domain *plan, const struct machine *machine);
HV_DOOR void hardware_aliases(struct dt_writer *tree, const struct plan_domain *plan);

/** A walk over the nodes of the host's tree that the domain has. */
struct hardware_walk {
    const struct machine *machine;
    const struct system_plan *plan; /* NULL: nothing is given to others */
    struct dt_scan at;
};

void hardware_start(struct hardware_walk *walk, const struct machine *machine, const struct system_plan *plan);
/** To the next one that it has. @return false at the end */
bool hardware_next(struct hardware_walk *walk);
/** @return whether the node that @p walk is at is the interrupt controller. */
bool hardware_is_gic(const struct hardware_walk *walk);

#endif
