/* SPDX-License-Identifier: Apache-2.0 */
/* The modules of all domains: where each one really ends, and whether it lies where it may. Inside of plan/. */
#ifndef BULKHEAD_PLAN_MODULES_H
#define BULKHEAD_PLAN_MODULES_H

#include "plan/plan.h"

/**
 * Fills in plan->modules. A module whose declared size runs past its RAM bank, or is 0xffffffff or more, is open-ended:
 * it ends where the next thing begins, until somebody knows better. A module with an exact size that lies in nobody's
 * way is taken as it is; one that overlaps another, the hypervisor, its device tree or reserved memory is an error of
 * its domain (of the later one). Modules of one base are one module. plan->domains and their validity are filled in
 * before.
 */
void modules_resolve(struct system_plan *plan, struct diag *diag);
/** An open-ended module turns out to need only @p size bytes. @param ended_by  why, for the warning */
void modules_shrink(struct plan_module *module, uint64_t size, const char *ended_by);
/** Warns of each open-ended module that is used, and says what was taken for it. */
void modules_warn(const struct system_plan *plan, struct diag *diag);

#endif
