/* SPDX-License-Identifier: Apache-2.0 */
/* Host RAM: what of it is free, and who gets it. Inside of plan/. */
#ifndef BULKHEAD_PLAN_ALLOT_H
#define BULKHEAD_PLAN_ALLOT_H

#include "plan/plan.h"

/** Sets plan->free: RAM without reservations, the hypervisor, its device tree (both in whole blocks) and all modules.
 */
void allot_free(struct system_plan *plan, struct diag *diag);
/**
 * Gives @p domain its control area and its RAM. What it needs is decided before: guest_ram, kernel format, vCPUs,
 * ipa_bits.
 * @return HV_OK, or HV_E_NOMEM: reported, and the domain owns nothing
 */
HV_CHECK hv_status allot_domain(struct system_plan *plan, struct plan_domain *domain, struct diag *diag);
/**
 * Gives @p domain the RAM that its node asks for by address; before allot_domain(), and before any other domain has
 * RAM.
 * @return HV_OK, or an error: reported, and the domain owns nothing
 */
HV_CHECK hv_status allot_static(struct system_plan *plan, struct plan_domain *domain, struct diag *diag);
/** The same for one whose RAM has the host's addresses, wherever there is some: in one piece, as low as possible, for
 * devices that reach 4 GiB. Its images are placed in it then. */
HV_CHECK hv_status allot_direct(struct system_plan *plan, struct plan_domain *domain, struct diag *diag);
/** Makes all RAM that @p domain was given free again. */
void allot_give_back(struct system_plan *plan, struct plan_domain *domain);

#endif
