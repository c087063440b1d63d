/* SPDX-License-Identifier: Apache-2.0 */
/* Where a domain's seeds come from: the CPU's random numbers, else the host's seed through a one-way function, else
 * nowhere. */
#ifndef BULKHEAD_DOMAIN_ENTROPY_H
#define BULKHEAD_DOMAIN_ENTROPY_H

#include "config/machine.h"
#include "domain/guest_dt.h"

/**
 * Fills in seeds that no other domain, and no other start of the same domain, gets.
 * Where the host has no entropy both lengths are 0: a guest is told nothing rather than something predictable.
 * @param start  number of this start of the domain: 0, and one more for each restart
 */
void entropy_seeds(struct guest_seeds *seeds, const struct machine *machine, uint16_t domid, uint32_t start);
/** @return whether this machine has entropy at all. */
bool entropy_available(const struct machine *machine);

#endif
