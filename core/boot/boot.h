/* SPDX-License-Identifier: Apache-2.0 */
/* The table of boot stages: what happens between the entry and the first guest, in order. */
#ifndef BULKHEAD_BOOT_BOOT_H
#define BULKHEAD_BOOT_BOOT_H

#include "lib/status.h"
#include "lib/types.h"

/** What the backend hands over. */
struct boot_input {
    const void *dtb;
    uint64_t dtb_space;
    pa_t dtb_address;
};

/** A stage finds in `hypervisor` what the ones before it left there. */
struct boot_stage {
    const char *name;
    const char *failure; /* what its failure means, a sentence for the user; NULL: it cannot fail */
    /** @return HV_OK to go on; anything else ends the boot: the hypervisor stays on its console, without domains. */
    hv_status (*run)(const struct boot_input *input);
};

/** Starts the other CPUs; they come up while the boot CPU reads on. */
hv_status boot_start_cpus(const struct boot_input *input);
/** Waits until they checked in; one that does not is reported and left out of machine.cpus[].online. */
hv_status boot_await_cpus(const struct boot_input *input);

#endif
