/* SPDX-License-Identifier: Apache-2.0 */
/* A look at a domain's kernel, through the plan_reader. Inside of plan/. */
#ifndef BULKHEAD_PLAN_KERNEL_H
#define BULKHEAD_PLAN_KERNEL_H

#include "plan/plan.h"

/**
 * Sets domain->kernel but for its load address, and @p text_offset. Where the kernel cannot be looked at, it is taken
 * for a raw Image without BSS, with a note. An open-ended module is cut to what its header says it needs.
 * @return an error where it is no kernel that can be started; reported
 */
HV_CHECK hv_status kernel_inspect(struct system_plan *plan, struct plan_domain *domain, struct plan_reader *reader,
                                  uint64_t *text_offset, struct diag *diag);

#endif
