/* SPDX-License-Identifier: Apache-2.0 */
/* A domain's bus: which emulated device answers at which IPA. */
#ifndef BULKHEAD_BUS_MMIO_H
#define BULKHEAD_BUS_MMIO_H

#include "lib/status.h"
#include "lib/types.h"

/** One access of a guest, decoded. */
struct mmio_access {
    ipa_t address;
    uint32_t offset; /* from the region's base; filled in by the bus */
    uint8_t size;    /* bytes: 1, 2, 4, 8 */
    uint8_t vcpu;    /* index of the vCPU that makes it */
    bool write;
    uint64_t value; /* write: zero-extended; read: what the handler answers, of which size bytes count */
};

enum mmio_result {
    MMIO_HANDLED,
    MMIO_ABORT, /* answered with a synchronous external abort, as on hardware */
};

struct mmio_region {
    ipa_t base;
    uint32_t size;
    enum mmio_result (*handler)(void *device, struct mmio_access *access);
    void *device;
};

#define MMIO_MAX_REGIONS 8

struct mmio_bus {
    unsigned count;
    struct mmio_region regions[MMIO_MAX_REGIONS];
};

/** Copies @p region. @return HV_E_INVALID (empty, no handler), HV_E_RANGE (wraps), HV_E_OVERLAP, HV_E_FULL */
HV_CHECK hv_status mmio_bus_add(struct mmio_bus *bus, const struct mmio_region *region);
/** Dispatches; an access that hits no region, or crosses its end, is MMIO_ABORT. */
enum mmio_result mmio_bus_access(const struct mmio_bus *bus, struct mmio_access *access);

#endif
