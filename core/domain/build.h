/* SPDX-License-Identifier: Apache-2.0 */
/* plan -> live domain, in bounded steps. */
#ifndef BULKHEAD_DOMAIN_BUILD_H
#define BULKHEAD_DOMAIN_BUILD_H

#include "domain/domain.h"

/* At most this much is copied, zeroed or unpacked in one step: 100 us of a Cortex-A53. Nobody else runs meanwhile. */
#define BUILD_STEP_BYTES KIB(128)
#define BUILD_UNPACK_BYTES KIB(8)

enum build_result {
    BUILD_MORE,   /* call again */
    BUILD_DONE,   /* DOMAIN_RUNNING, vCPU 0 ready at its entry */
    BUILD_FAILED, /* DOMAIN_FAILED, reported */
};

/** Does the next step of @p domain on the CPU of its vCPU 0; of one that has ended, before it was ready or after, the
 * last: it is taken apart. No vCPU may be loaded (unpacking uses FP registers). */
enum build_result build_step(struct domain *domain);

#endif
