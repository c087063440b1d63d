/* SPDX-License-Identifier: Apache-2.0 */
/* The machine root: the one place where state lives that nobody passed in. */
#ifndef BULKHEAD_BOOT_HYPERVISOR_H
#define BULKHEAD_BOOT_HYPERVISOR_H

#include "config/machine.h"
#include "config/system_config.h"
#include "console/panic.h"
#include "domain/domain.h"
#include "drivers/gic.h"
#include "drivers/uart.h"
#include "plan/plan.h"
#include "trace/trace.h"
#include "vcpu/sched.h"

struct hypervisor {
    struct dt tree;
    struct machine machine;
    struct system_config config;
    struct system_plan plan;
    struct gic gic;
    struct uart uart;
    struct cpu cpus[HV_MAX_CPUS];
    struct domain *domains[HV_MAX_DOMAINS]; /* by domid - 1; NULL: not built */
    uint32_t started;                       /* release: the plan is final, secondary CPUs may go to work */
    uint32_t all_off;                       /* the last domain has stopped, and that was reported */
    uint32_t shutting_down;
    uint32_t interrupts_off; /* how often an interrupt was turned off because it came when it should not */
};

extern struct hypervisor hypervisor;

/** The per-CPU root of the CPU that executes this. */
struct cpu *cpu_this(void);

/**
 * Where the backend enters core, on the boot CPU, MMU and stack up.
 * @param dtb          mapped and readable for @p dtb_space bytes
 * @param dtb_address  where it lies in RAM
 * Returns only where the machine cannot run any domain and has no console to stay on, or (hostsim) after power-off.
 */
void hv_main(const void *dtb, uint64_t dtb_space, pa_t dtb_address, uint64_t entry_ticks);
/** Where a CPU started by arch_cpu_start() enters core. */
void hv_secondary_main(unsigned cpu);

/** Told by domain_stop() after @p domain stopped: reports it and, when none is left, does what bulkhead.all-off asks
 * for. */
void hv_domain_stopped(struct domain *domain);
/** Told when all domains are created: where there is none, does what bulkhead.all-off asks for. */
void hv_domains_created(void);
/** @return the name of the domain with number @p domid, "bulkhead" for DOMID_HYPERVISOR. */
const char *hv_domain_name(uint16_t domid);
/** The keys of the hypervisor's console. */
void hv_keys_init(void);

/** Powers the machine off (PSCI SYSTEM_OFF by SMC). */
HV_NORETURN void hv_power_off(void);
/** The other CPUs leave their guests and halt. */
void hv_stop_other_cpus(void);

#endif
