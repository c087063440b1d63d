// SPDX-License-Identifier: Apache-2.0
/* Time, firmware calls, a second CPU. */
#include <string.h>

#include "arch/cpu.h"
#include "arch/mem.h"
#include "arch/smc.h"
#include "arch/timer.h"
#include "boot/boot.h"
#include "seam.h"

#define SMCCC_UNKNOWN 0xc200ff42 /* an OEM function nobody has */
#define ROUNDS 30000

static void check_idle(void)
{
    struct gic *gic = &host_gic;
    uint64_t start = arch_timer_now(), wait = arch_timer_frequency() / 200;
    uint32_t token, intid;

    gic->ops->enable(gic, hv_boot.machine.timer_hypervisor_intid);
    arch_timer_set_deadline(start + wait);
    arch_cpu_idle();
    CHECK(arch_timer_now() >= start + wait);
    intid = gic->ops->acknowledge(gic, &token);
    CHECK_EQUAL(intid, hv_boot.machine.timer_hypervisor_intid);
    arch_timer_set_deadline(ARCH_TIMER_NEVER);
    gic->ops->priority_drop(gic, token);
    gic->ops->deactivate(gic, token);
    CHECK_EQUAL(gic->ops->acknowledge(gic, &token), GIC_SPURIOUS);
}

void seam_time(void)
{
    uint64_t words[4] = {0}, frequency = arch_timer_frequency();
    uint64_t before = arch_timer_now();

    CHECK(frequency >= 1000000);
    arch_cpu_wait(); /* comes back without anybody's signal */
    CHECK(arch_timer_now() > before);
    check_idle();
    arch_timer_set_frequency(12345678);
    CHECK_EQUAL(arch_timer_frequency(), 12345678);
    arch_timer_set_frequency(frequency);
    if (arch_random(words, 4))
        CHECK(words[0] != words[1] && words[1] != words[2] && words[2] != words[3]);
    else
        CHECK_EQUAL(words[0] | words[1] | words[2] | words[3], 0);
    CHECK(arch_smc(PSCI_VERSION, 0, 0, 0) >> 16 != 0);
    CHECK_EQUAL((int32_t)arch_smc(SMCCC_UNKNOWN, 0, 0, 0), -1);
    CHECK(arch_smc(PSCI_VERSION, 0, 0, 0) >> 16 != 0);
}

static struct arch_spinlock lock;
static uint64_t counter;
static uint32_t arrived, go, finished;
static uint64_t second_mpidr, second_id;
static uint32_t second_saw;

static void count_under_lock(void)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        arch_spin_lock(&lock);
        uint64_t value = counter;
        for (volatile unsigned delay = 0; delay < 50; delay++)
            continue; /* long enough for the other CPU to come in between */
        counter = value + 1;
        arch_spin_unlock(&lock);
    }
}

void seam_second_cpu(unsigned cpu)
{
    uint32_t *window = arch_window_open(0, pa_add(seam_scratch(), PAGE_SIZE), 8, ARCH_MAP_READ_WRITE);

    second_id = cpu == arch_cpu_id() ? cpu : UINT64_MAX;
    second_mpidr = arch_cpu_mpidr();
    store_release(&arrived, 1);
    arch_cpu_signal();
    while (load_acquire(&go) == 0)
        arch_cpu_wait();
    second_saw = window[0]; /* its own window, though the other CPU's slot 0 shows another page */
    window[1] = 0x5ec0d;
    arch_window_close(0);
    count_under_lock();
    store_release(&finished, 1);
    arch_cpu_signal();
    arch_cpu_halt();
}

static bool await(const uint32_t *word)
{
    uint64_t end = arch_timer_now() + 10 * arch_timer_frequency();

    while (load_acquire(word) == 0 && arch_timer_now() < end)
        arch_cpu_wait();
    return load_acquire(word) != 0;
}

void seam_cpus(void)
{
    uint64_t mpidr = hv_boot.machine.cpus[1].mpidr;
    uint32_t *window;

    CHECK_EQUAL(arch_cpu_id(), 0);
    CHECK_EQUAL(arch_cpu_mpidr(), hv_boot.machine.cpus[0].mpidr);
    CHECK_EQUAL(arch_cpu_start(0, 0), HV_E_INVALID);
    CHECK_EQUAL(arch_cpu_start(HV_MAX_CPUS, mpidr), HV_E_INVALID);
    CHECK_EQUAL(arch_cpu_start(5, 0xffff00), HV_E_INVALID);
    if (hv_boot.machine.cpu_count < 2)
        return;
    CHECK_EQUAL(arch_cpu_start(1, mpidr), HV_OK);
    CHECK(await(&arrived));
    CHECK_EQUAL(second_id, 1);
    CHECK_EQUAL(second_mpidr, mpidr);
    CHECK_EQUAL(arch_cpu_start(2, mpidr), HV_E_BUSY);

    window = arch_window_open(1, pa_add(seam_scratch(), PAGE_SIZE), 8, ARCH_MAP_READ_WRITE);
    window[0] = 0xf00d;
    arch_window_close(1);
    window = arch_window_open(0, seam_scratch(), 8, ARCH_MAP_READ_WRITE);
    window[0] = window[1] = 0xbad;
    store_release(&go, 1);
    arch_cpu_signal();
    count_under_lock();
    CHECK(await(&finished));
    CHECK_EQUAL(second_saw, 0xf00d);
    CHECK_EQUAL(window[1], 0xbad);
    CHECK_EQUAL(counter, 2 * ROUNDS);
    arch_window_close(0);
}
