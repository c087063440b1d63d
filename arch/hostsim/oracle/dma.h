/* SPDX-License-Identifier: Apache-2.0 */
/* What a device does to memory: only to what the domain has that the device was given to. */
#ifndef BULKHEAD_HOSTSIM_DMA_H
#define BULKHEAD_HOSTSIM_DMA_H

#include "hostsim/devices/given.h"

/**
 * @p device reads or writes [address, address + size), within one page, behind all caches. What is not memory of its
 * domain, or not yet, breaks a rule, or with sim_options::dma_strays is noted: then it happens all the same, as without
 * an IOMMU.
 * @return false where no RAM answers
 */
bool sim_dma(const struct sim_given *device, uint64_t address, void *data, uint64_t size, bool write);

#endif
