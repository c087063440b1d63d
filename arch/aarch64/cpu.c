// SPDX-License-Identifier: Apache-2.0
#include "arch/cpu.h"

#include "boot/hv_main.h"
#include "feature.h"
#include "sysreg.h"

void boot_secondary(unsigned cpu);

/** From head.S to core, on CPUs that arch_cpu_start() started: one that comes late finds no boot half any more. */
void boot_secondary(unsigned cpu)
{
    feature_init_cpu();
    hv_secondary_main(cpu);
}

unsigned arch_cpu_id(void)
{
    return (unsigned)sysreg_read(tpidr_el2);
}

uint64_t arch_cpu_mpidr(void)
{
    return sysreg_read(mpidr_el1) & ARCH_MPIDR_AFFINITY;
}

void arch_cpu_idle(void)
{
    barrier_dsb(sy);
    __asm__ volatile("wfi" ::: "memory");
    barrier_isb();
}

void arch_cpu_wait(void)
{
    __asm__ volatile("wfe" ::: "memory");
}

void arch_cpu_signal(void)
{
    barrier_dsb(ish);
    __asm__ volatile("sev" ::: "memory");
}

void arch_cpu_halt(void)
{
    __asm__ volatile("msr daifset, #0xf");
    for (;;)
        __asm__ volatile("wfi");
}

/* Ticket lock. The waiters sleep in WFE: the load-acquire-exclusive makes the owner's store an event for them (D1.6.1).
 */
void arch_spin_lock(struct arch_spinlock *lock)
{
    uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
    uint32_t owner;

    if (load_acquire(&lock->owner) == ticket)
        return;
    __asm__ volatile("sevl\n"
                     "1: wfe\n"
                     "   ldaxr %w0, %1\n"
                     "   cmp %w0, %w2\n"
                     "   b.ne 1b"
                     : "=&r"(owner)
                     : "Q"(lock->owner), "r"(ticket)
                     : "memory", "cc");
}

void arch_spin_unlock(struct arch_spinlock *lock)
{
    store_release(&lock->owner, lock->owner + 1);
}
