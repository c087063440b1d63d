/* SPDX-License-Identifier: Apache-2.0 */
/* Guest RAM as the builder and the fault handler see it: which host memory an IPA is, windows on it, blocks of it. */
#ifndef BULKHEAD_DOMAIN_GUEST_MEMORY_H
#define BULKHEAD_DOMAIN_GUEST_MEMORY_H

#include "plan/plan.h"

/* The contract's two windows: what is copied from, and the guest RAM it is copied to. */
#define WINDOW_SOURCE 0
#define WINDOW_GUEST 1

/** The unit in which guest RAM is zeroed and mapped: an aligned 2 MiB of IPA space, cut at the ends of its extent. */
struct guest_block {
    ipa_t base;
    pa_t target;
    uint64_t size;
};

/** @return HV_E_MISSING where @p address is not RAM of the domain. */
HV_CHECK hv_status guest_memory_block(const struct plan_domain *plan, ipa_t address, struct guest_block *block);

/**
 * Opens the guest window, writable, on [address, address + *size), cut at the end of what one window can show.
 * @param size  in: bytes wanted, not 0; out: bytes that the window shows
 * @return NULL where @p address is not RAM of the domain
 */
void *guest_memory_open(const struct plan_domain *plan, ipa_t address, uint64_t *size);
void guest_memory_close(void);

/** Zeroes [base, base + size) and cleans it to the point of coherency. HV_E_MISSING where part of it is no RAM. */
HV_CHECK hv_status guest_memory_zero(const struct plan_domain *plan, ipa_t base, uint64_t size);

#endif
