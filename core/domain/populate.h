/* SPDX-License-Identifier: Apache-2.0 */
/* How guest RAM gets into the guest's tables: nothing of it before all of it is an image's or zero. */
#ifndef BULKHEAD_DOMAIN_POPULATE_H
#define BULKHEAD_DOMAIN_POPULATE_H

#include "domain/domain.h"
#include "domain/guest_memory.h"

/**
 * Does the next piece of giving a block of which nothing is mapped yet, to a domain that does not run. If images fill
 * little of it, only their pages are given: to zero the rest of it would take longer than all the rest of a small
 * domain's build, and many a guest never looks there. At most PLAN_SPARSE_BLOCKS of a build.
 * @param done  bytes that were dealt with; begins at 0; block->size: given
 */
HV_CHECK hv_status populate_image_block(struct domain *domain, const struct guest_block *block, uint64_t *done);

/** Gives the whole block, unless @p address is mapped already. Whatever of it is mapped keeps its contents. */
HV_CHECK hv_status populate_block(struct domain *domain, ipa_t address, const struct guest_block *block);

#endif
