/* SPDX-License-Identifier: Apache-2.0 */
/* The contract, CPUs: identity, start, idle, interrupt mask, locks.
 *
 * Core runs at EL2 with interrupts masked at all times. A physical interrupt is seen only as the reason why a guest
 * came out (arch/vcpu.h) or why arch_cpu_idle() returned; so no code below core is ever re-entered. */
#ifndef BULKHEAD_ARCH_CPU_H
#define BULKHEAD_ARCH_CPU_H

#include "lib/status.h"
#include "lib/types.h"

/** @return the logical number of the CPU that executes this, 0 <= id < HV_MAX_CPUS. The boot CPU is 0. */
unsigned arch_cpu_id(void);

#define ARCH_MPIDR_AFFINITY 0xff00ffffffULL /* Aff3, Aff2, Aff1, Aff0: Arm ARM D19.2.101 */

/** @return ARCH_MPIDR_AFFINITY of the MPIDR_EL1 of the CPU that executes this. */
uint64_t arch_cpu_mpidr(void);

/**
 * Asks the firmware to start a CPU (PSCI CPU_ON, DEN0022 5.1.4); it enters hv_secondary_main(@p cpu) with its MMU on.
 * Returns at once. The CPU need not have arrived: the caller waits for it to check in.
 * @param cpu    logical number, not 0 and not started before
 * @param mpidr  affinity as in the device tree's reg
 * @return HV_OK, or HV_E_DENIED / HV_E_INVALID / HV_E_BUSY as the firmware's answer says
 */
HV_CHECK hv_status arch_cpu_start(unsigned cpu, uint64_t mpidr);

/** Waits until an interrupt is pending for this CPU (WFI). Interrupts stay masked: the caller acknowledges it. */
void arch_cpu_idle(void);

/** Waits for an event from arch_cpu_signal() (WFE); returns at the latest after about a millisecond (event stream of
 * the generic timer), and may return early. For loops that await another CPU. */
void arch_cpu_wait(void);

/** Wakes all CPUs that are in arch_cpu_wait() (DSB ISH; SEV). Everything written before is visible to them. */
void arch_cpu_signal(void);

/** Stops this CPU for good, interrupts masked. */
HV_NORETURN void arch_cpu_halt(void);

/** A lock between CPUs. Zero is unlocked. Fair (ticket); waits with WFE. Not recursive. */
struct arch_spinlock {
    uint32_t next;
    uint32_t owner;
};

void arch_spin_lock(struct arch_spinlock *lock);
void arch_spin_unlock(struct arch_spinlock *lock);

/** Acquire load and release store of one word shared between CPUs. */
static inline uint32_t load_acquire(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void store_release(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/** One word that some CPU reads without the lock that its writers hold: read and written whole, in no order with
 * anything else. */
static inline uint32_t load_relaxed(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void store_relaxed(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static inline uint64_t load_relaxed64(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void store_relaxed64(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

#endif
