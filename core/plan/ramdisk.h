/* SPDX-License-Identifier: Apache-2.0 */
/* A look at a domain's ramdisk, through the plan_reader. Inside of plan/. */
#ifndef BULKHEAD_PLAN_RAMDISK_H
#define BULKHEAD_PLAN_RAMDISK_H

#include "plan/plan.h"

/**
 * Sets domain->ramdisk but for its load address. An open-ended module is cut to what it holds, where that is of a
 * format that says how long it is: a cpio archive, or several; a uImage; an Android boot image; a FIT; a squashfs.
 * Where a packed archive ends, only unpacking it would tell.
 */
void ramdisk_inspect(struct system_plan *plan, struct plan_domain *domain, struct plan_reader *reader);

#endif
