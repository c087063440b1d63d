/* SPDX-License-Identifier: Apache-2.0 */
/* SPIs of the host that are a domain's. */
#ifndef BULKHEAD_DOMAIN_HOST_INTERRUPTS_H
#define BULKHEAD_DOMAIN_HOST_INTERRUPTS_H

#include "lib/types.h"

struct domain;

/** For part::create: from now on @p intid of the host goes to the vGIC of @p domain, once it is linked there
 * (vgic_link_spi()). Panics where the table of sinks is full, which it never is. */
HV_RARE void domain_own_interrupt(struct domain *domain, uint32_t intid, bool edge);

/** This CPU's interface of the interrupt controller is known now (GICv2): the host's interrupts that domains have go to
 * it, where they should. Once on each CPU but the first, when all domains are created. */
void domain_lead_interrupts(void);

#endif
