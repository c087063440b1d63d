/* SPDX-License-Identifier: Apache-2.0 */
/* What goes into the ledger, and what follows from it. */
#ifndef BULKHEAD_PLAN_CLAIMS_H
#define BULKHEAD_PLAN_CLAIMS_H

#include "plan/plan.h"

/** A domain's claims in the making: the first that fails ends it. */
struct claimant {
    struct system_plan *plan;
    const struct plan_domain *domain;
    struct diag *diag;
    hv_status status;
};

static inline struct region range_of(uint64_t base, uint64_t size)
{
    return (struct region){base, base + size};
}

/** For part::claim: enters @p range as the domain's, or reports who has it and ends the domain.
 * @param what  for messages and the plan's text; HV_KEPT, or of what stays */
HV_DOOR void claim_for(struct claimant *claimant, enum claim_kind kind, enum claim_mode mode, struct region range,
                       const char *what);
/** The same for what of @p range nobody has yet. */
HV_DOOR void claim_rest_for(struct claimant *claimant, enum claim_kind kind, struct region range, const char *what);
/** The machine's own: the hypervisor's memory, devices, interrupts; all modules; the firmware's reservations around
 * them.
 */
void claims_begin(struct system_plan *plan);
/**
 * What a valid domain was given: host RAM, CPUs, its own addresses and interrupts.
 * @return HV_E_FULL or HV_E_OVERLAP, reported; then nothing but its modules is in the ledger
 */
HV_CHECK hv_status claims_of_domain(struct system_plan *plan, const struct plan_domain *domain, struct diag *diag);
/** @return the range that nobody else may have because of @p claim: RAM of the hypervisor in whole 2 MiB blocks, of
 * others in whole pages; all else as it is. */
struct region claim_extent(const struct claim *claim);
/** @return the name of who has it: "bulkhead", "firmware", or the domain's. */
const char *claim_owner_name(const struct system_plan *plan, const struct claim *claim);

#endif
