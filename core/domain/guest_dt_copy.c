// SPDX-License-Identifier: Apache-2.0
/* What of the guest's tree is done at each start. */
#include <string.h>

#include "domain/guest_dt.h"

#define FDT_NOP 4u       /* Devicetree Specification v0.4, 5.4.1 */
#define BEFORE_VALUE 12u /* FDT_PROP, length, name */

static void put_seed(uint8_t *tree, uint32_t at, const uint8_t *seed, uint32_t length, uint32_t room)
{
    static const uint8_t nop[] = {0, 0, 0, FDT_NOP};

    if (at == 0)
        return;
    memcpy(tree + at, seed, length);
    for (uint32_t i = 0; length == 0 && i < BEFORE_VALUE + room; i += sizeof(nop))
        memcpy(tree + at - BEFORE_VALUE + i, nop, sizeof(nop));
}

void guest_dt_copy(void *to, const struct guest_dt *dt, const struct guest_seeds *seeds)
{
    memcpy(to, dt->blob, dt->size);
    put_seed(to, dt->rng_at, seeds->rng, seeds->rng_length, sizeof(seeds->rng));
    put_seed(to, dt->kaslr_at, seeds->kaslr, seeds->kaslr_length, sizeof(seeds->kaslr));
}

uint64_t guest_dt_vcpu_affinity(unsigned index)
{
    return (index >> 4) << 8 | (index & 15);
}
