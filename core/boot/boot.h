/* SPDX-License-Identifier: Apache-2.0 */
/* What happens between the entry and the first guest: the table of boot stages, and what they find out. */
#ifndef BULKHEAD_BOOT_BOOT_H
#define BULKHEAD_BOOT_BOOT_H

#include "config/machine.h"
#include "config/system_config.h"
#include "domain/domain.h"
#include "drivers/uart.h"
#include "lib/status.h"
#include "lib/types.h"
#include "plan/plan.h"

/** What the backend hands over. */
struct boot_input {
    const void *dtb;
    uint64_t dtb_space;
    pa_t dtb_address;
};

/** A stage finds in `hv_boot` what the ones before it left there. */
struct boot_stage {
    const char *failure; /* what its failure means, a sentence for the user; NULL: it cannot fail */
    /** @return HV_OK to go on; anything else ends the boot: the hypervisor stays on its console, without domains. */
    hv_status (*run)(const struct boot_input *input);
};

/** What the stages find out and decide. Written by them alone: constant once the first domain is built. */
struct boot {
    struct dt tree;
    struct machine machine;
    struct system_config config;
    struct system_plan plan;
    struct uart uart;
    uint32_t started; /* release: the plan is final, the other CPUs may go to work */
};

extern struct boot hv_boot;

/** Runs the stages in order, up to the first that fails, which is reported. The one way from what stays into what only
 * boots. */
HV_DOOR void boot_run(const struct boot_input *input);
/** Starts the other CPUs; they come up while the boot CPU reads on. */
hv_status boot_start_cpus(const struct boot_input *input);
/** Waits until they checked in; one that does not is reported and left out of machine.cpus[].online. */
hv_status boot_await_cpus(const struct boot_input *input);

/** Leads the interrupts of `hv_boot.machine` that the hypervisor takes itself to who handles them. @return that of
 * irq_connect() */
HV_CHECK hv_status boot_connect_interrupts(void);
/** This CPU's part of the interrupt controller, with the interrupts that every CPU takes. */
void boot_init_cpu_interrupts(void);

/** Told by domain_stop() after @p domain stopped: reports it and, when none is left, does what bulkhead.all-off asks
 * for. */
void hv_domain_stopped(struct domain *domain);
/** Told when all domains are created: where there is none, does what bulkhead.all-off asks for. */
void hv_domains_created(void);
/** Powers the machine off (PSCI SYSTEM_OFF by SMC). */
HV_NORETURN void hv_power_off(void);
/** The keys of the hypervisor's console. */
void hv_keys_init(void);

#endif
