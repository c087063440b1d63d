/* SPDX-License-Identifier: Apache-2.0 */
/* Guest RAM: its banks, and where images and device tree go in them. Inside of plan/. */
#ifndef BULKHEAD_PLAN_LAYOUT_H
#define BULKHEAD_PLAN_LAYOUT_H

#include "plan/plan.h"

/** Sets guest_ram, rounded up to whole pages (with a warning), and ipa_bits. @return HV_E_RANGE: too much, reported. */
HV_CHECK hv_status layout_ram(const struct system_plan *plan, struct plan_domain *domain, struct diag *diag);
/**
 * Sets the load addresses of kernel and ramdisk, dtb and entry, at the same places as Xen. The images' sizes are known
 * before; an open-ended ramdisk is cut to what fits.
 * @return HV_E_RANGE: they do not fit, reported
 */
HV_CHECK hv_status layout_images(struct system_plan *plan, struct plan_domain *domain, struct diag *diag);

#endif
