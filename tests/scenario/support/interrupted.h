/* SPDX-License-Identifier: Apache-2.0 */
/* A device on one CPU and the guest that it interrupts on another, with either version of the GIC and few list
 * registers. */
#ifndef BULKHEAD_TESTS_SCENARIO_INTERRUPTED_H
#define BULKHEAD_TESTS_SCENARIO_INTERRUPTED_H

#include <string.h>

#include "arch/cpu.h"
#include "arch/timer.h"
#include "boot/boot.h"
#include "hostsim/contract/ordering.h"
#include "hostsim/guest.h"
#include "scenario/support/system.h"
#include "support/seeds.h"

#define GICD 0x03001000ULL
#define GICC 0x03002000ULL
#define GICR_SGI (0x03020000ULL + 0x10000)
#define UART 0x22000000ULL
#define GICD_CTLR 0x000
#define GICD_ISENABLER 0x100
#define GICD_ICENABLER 0x180
#define GICD_ISPENDR 0x200
#define GICD_ISACTIVER 0x300
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR 0x800
#define GICD_ICFGR 0xc00
#define GICD_SGIR 0xf00
#define GICD_IROUTER 0x6000
#define GICC_CTLR 0x00
#define GICC_PMR 0x04
#define GICC_IAR 0x0c
#define GICC_EOIR 0x10
#define NOTHING 1023
#define PSCI_SYSTEM_OFF 0x84000008
#define PSCI_SYSTEM_RESET 0x84000009

/* ---- Either version, as the guest uses it */

static bool v3;
static unsigned list_registers;

static inline void open_interface(void)
{
    if (!v3) {
        guest_write32(GICC + GICC_PMR, 0xff);
        guest_write32(GICC + GICC_CTLR, 1);
        return;
    }
    guest_msr(GUEST_ICC_PMR_EL1, 0xff);
    guest_msr(GUEST_ICC_IGRPEN1_EL1, 1);
}

static inline uint32_t acknowledge(void)
{
    return v3 ? (uint32_t)guest_mrs(GUEST_ICC_IAR1_EL1) : guest_read32(GICC + GICC_IAR);
}

static inline void end(uint32_t value)
{
    if (v3)
        guest_msr(GUEST_ICC_EOIR1_EL1, value);
    else
        guest_write32(GICC + GICC_EOIR, value);
}

static inline void set_targets(uint32_t intid, bool self)
{
    if (v3)
        guest_write64(GICD + GICD_IROUTER + 8 * intid, self ? 0 : 0x100); /* where nobody is */
    else
        guest_write8(GICD + GICD_ITARGETSR + intid, self);
}

static inline void set_bit(uint32_t base, uint32_t intid)
{
    uint64_t frame = v3 && intid < 32 ? GICR_SGI : GICD;

    guest_write32(frame + base + intid / 32 * 4, 1u << intid % 32);
}

static inline void send_self(uint32_t intid)
{
    if (v3)
        guest_msr(GUEST_ICC_SGI1R_EL1, (uint64_t)intid << 24 | 1);
    else
        guest_write32(GICD + GICD_SGIR, 2u << 24 | intid);
}

/* ---- Numbers of their own for the device and for the guest */

static inline uint64_t next_number(uint64_t *state)
{
    *state = *state * 6364136223846793005 + 1442695040888963407;
    return *state >> 33;
}

static uint64_t device_numbers, guest_numbers;

static inline unsigned device_draw(unsigned below)
{
    return (unsigned)(next_number(&device_numbers) % below);
}

static inline unsigned guest_draw(unsigned below)
{
    return (unsigned)(next_number(&guest_numbers) % below);
}

/* ---- The machine: CPU 0 has the domain, CPU 1 is the device */

static void (*device)(void);

static inline void secondary(unsigned cpu)
{
    cpu_table[cpu].id = cpu;
    store_release(&cpu_table[cpu].online, 1);
    arch_cpu_signal();
    while (load_acquire(&hv_boot.started) == 0)
        arch_cpu_wait();
    sim_ordered_after(&hv_boot.started); /* a race detector does not watch this file */
    host_gic.ops->init_cpu(&host_gic);   /* it sends kicks */
    device();
    arch_cpu_halt();
}

static inline struct system_run new_run(uint64_t seed, uint64_t steps)
{
    v3 = seed % 2 == 0;
    list_registers = 1 + seed / 2 % 4;
    device_numbers = seed;
    guest_numbers = ~seed;
    return (struct system_run){.cpus = 2,
                               .tree = v3 ? "ok/machine-gicv3.dtb" : NULL,
                               .secondary = secondary,
                               .options = {.seed = seed,
                                           .schedule = seed % 3 == 0 ? SIM_SCHEDULE_RANDOM : SIM_SCHEDULE_PCT,
                                           .pct_depth = 2 + (unsigned)(seed % 3),
                                           .pct_steps = steps,
                                           .list_registers = list_registers,
                                           .time_limit_us = 1000000,
                                           .step_limit = 1000000}};
}

#endif
