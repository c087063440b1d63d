/* SPDX-License-Identifier: Apache-2.0 */
/* The device tree that a domain gets: the same nodes as on Xen, plus what Linux likes to find. It is written once,
 * while the hypervisor boots, and copied at each start of the domain; only the seeds are new then. */
#ifndef BULKHEAD_DOMAIN_GUEST_DT_H
#define BULKHEAD_DOMAIN_GUEST_DT_H

#include "plan/plan.h"

/** Per-domain entropy, never shared and never faked: length 0 leaves the seeds out. */
struct guest_seeds {
    uint8_t rng[32];
    uint8_t kaslr[8];
    uint32_t rng_length;   /* 0 or 32 */
    uint32_t kaslr_length; /* 0 or 8 */
};

/** Affinity fields of the MPIDR of vCPU @p index: Aff0 counts to 15, as the SGIs of a GICv3 reach, then Aff1. As on
 * Xen. */
uint64_t guest_dt_vcpu_affinity(unsigned index);

/** A tree that was written. */
struct guest_dt {
    const uint8_t *blob;
    uint32_t size;             /* bytes; 0: it could not be written */
    uint32_t rng_at, kaslr_at; /* offsets of the seeds' values in it; 0: it has none */
};

/**
 * Writes the tree with libfdt's sequential writer. All of [buffer, buffer + size) is overwritten, up to
 * DT_MAX_SIZE. Boot only.
 * @param buffer  aligned to 8 bytes
 * @param dt      where the tree is then, and its seeds in it
 * @return HV_E_NOMEM if it does not fit @p size, HV_E_UNSUPPORTED for a machine whose GIC no guest can be given
 */
HV_CHECK hv_status guest_dt_write(void *buffer, size_t size, const struct plan_domain *plan,
                                  const struct machine *machine, const struct guest_seeds *seeds, struct guest_dt *dt);
/** Copies @p dt to @p to, with @p seeds in the place of those that it was written with; the properties of those that
 * are not to be had become FDT_NOP. @p to has room for dt->size bytes. */
void guest_dt_copy(void *to, const struct guest_dt *dt, const struct guest_seeds *seeds);

#endif
