/* SPDX-License-Identifier: Apache-2.0 */
/* A live domain: what a plan_domain becomes. Lies in plan_domain::control; nothing is allocated after the plan. */
#ifndef BULKHEAD_DOMAIN_DOMAIN_H
#define BULKHEAD_DOMAIN_DOMAIN_H

#include "bus/mmio.h"
#include "config/machine.h"
#include "console/console.h"
#include "domain/guest_dt.h"
#include "domain/state.h"
#include "drivers/gic.h"
#include "lib/diag.h"
#include "mem/stage2.h"
#include "plan/plan.h"
#include "time/deadline.h"
#include "vcpu/cpu.h"
#include "vcpu/vcpu.h"
#include "vgic/vgic.h"

/** The root of all that belongs to one domain. */
struct domain {
    const struct plan_domain *plan;
    const char *name;
    uint16_t domid;
    uint32_t state;       /* enum domain_state; release/acquire */
    const char *reason;   /* why it is in DOMAIN_OFF or DOMAIN_FAILED: static text, printed once */
    uint32_t taken_apart; /* after its end: nothing of it is left that could do anything */
    uint32_t announced;   /* its end was printed; release/acquire. The machine is not turned off before */
    uint32_t restarts;    /* PSCI SYSTEM_RESET */
    struct stage2 stage2;
    struct arch_spinlock memory_lock; /* a block is zeroed and mapped by one CPU at a time. Taken before stage2.lock */
    struct mmio_bus bus;
    struct vgic vgic;
    struct console_source console; /* what it prints, by a UART or by calls */
    void *parts[HV_MAX_PARTS];     /* state of each of part_table[] that it has */
    uint32_t vcpu_count;
    struct vcpu *vcpus[HV_MAX_VCPUS];
    struct cpu_share shares[HV_MAX_CPUS];
    struct guest_dt dt;      /* what its guest is handed at each start */
    struct build *build;     /* progress while DOMAIN_BUILDING */
    uint64_t build_at;       /* when it may be built; 0: the first time; ARCH_TIMER_NEVER: not before a restart says */
    struct deadline restart; /* its CPU looks at it then */
    uint32_t hasty_starts;   /* that a restart followed soon, in a row; bounded */
    uint32_t messages;       /* guest-triggered messages printed so far: bounded */
};

/** What the room is handed at boot. */
struct domain_host {
    const struct machine *machine;
    const struct gic *gic;
    const struct system_plan *plan;
    /** Told after a domain stopped, once of each. */
    void (*stopped)(struct domain *domain);
};

/** @param host  lives as long as the hypervisor. Before any other function of the room. */
void domain_init(const struct domain_host *host);
/** What domain_init() was given. */
const struct domain_host *domain_host(void);

#define DOMAIN_MAX_MESSAGES 16

/* A domain that restarts soon after each start waits in between, so that it does not keep its CPU busy with its builds.
 */
#define DOMAIN_HASTY_US 1000000       /* a start that was followed by a restart within this time was hasty */
#define DOMAIN_HASTY_STARTS 4         /* so many in a row are free */
#define DOMAIN_RESTART_DELAY_US 10000 /* of the next one; each further one waits twice as long */
#define DOMAIN_RESTART_DOUBLINGS 6    /* but no more than 2^this times the first delay */

/**
 * Maps the control area and fills in the structures; the domain is then DOMAIN_PLANNED. Boot CPU. Cannot fail on user
 * input.
 * @return NULL where the hypervisor's own address space has no room for the control area
 */
struct domain *domain_create(const struct plan_domain *plan);
/** For part::create: puts a device on the domain's bus. Panics where that has no room, or the device overlaps another,
 * which the plan's claims exclude.
 * @param size  bytes, not 0 */
HV_DOOR void domain_add_device(struct domain *domain, ipa_t base, uint32_t size, void *device,
                               enum mmio_result (*handler)(void *device, struct mmio_access *access));
/** One message about what a guest did, a line without its end, prefixed with its name. After DOMAIN_MAX_MESSAGES says
 * so once and goes quiet for ever. */
void domain_message(struct domain *domain, const char *format, ...) HV_PRINTF(2, 3);
/**
 * Guest RAM at @p address: gives the block that holds it, zeroed, at the first touch. Any CPU, several at once.
 * @return HV_OK, also where it is mapped already; HV_E_MISSING if it is not its RAM
 */
HV_CHECK hv_status domain_touch(struct domain *domain, ipa_t address);

#define DOMAIN_SERROR "asynchronous external abort (SError) while it ran"

/** Ends a domain that is not at its end yet: none of its vCPUs enters the guest again. Any CPU.
 * @param state  DOMAIN_OFF or DOMAIN_FAILED
 * @param reason static text */
void domain_stop(struct domain *domain, enum domain_state state, const char *reason);
/** PSCI SYSTEM_RESET: takes the memory of a running domain back and has it built again from its images, by the CPU of
 * its vCPU 0: at once, or later where it restarts again and again. Any CPU. */
void domain_restart(struct domain *domain);
const char *domain_state_name(uint32_t state);
/** By domid - 1; NULL: not created. Written by domain_create(). */
extern struct domain *domain_table[HV_MAX_DOMAINS];
/** @return the domain with number @p domid; NULL where there is none, or it was left out. */
struct domain *domain_find(uint16_t domid);
/** @return the name of the domain with number @p domid, "bulkhead" for DOMID_HYPERVISOR. */
const char *domain_name(uint16_t domid);

#endif
