/* The device tree that a domain gets: the same nodes as on Xen, plus what Linux likes to find. */
#ifndef BULKHEAD_DOMAIN_GUEST_DT_H
#define BULKHEAD_DOMAIN_GUEST_DT_H

#include "plan/plan.h"

#define GUEST_DT_MAX_SIZE KIB(64)

/** Per-domain entropy, never shared and never faked: length 0 leaves the seeds out. */
struct guest_seeds {
    uint8_t rng[32];
    uint8_t kaslr[8];
    uint32_t rng_length;   /* 0 or 32 */
    uint32_t kaslr_length; /* 0 or 8 */
};

/**
 * Writes the tree with libfdt's sequential writer.
 * @param ramdisk_size  bytes of the ramdisk, 0: none
 * @return HV_E_NOMEM if it does not fit @p size
 */
HV_CHECK hv_status guest_dt_write(void *buffer, size_t size, const struct plan_domain *plan, const struct machine *machine,
                                  const struct guest_seeds *seeds);

#endif
