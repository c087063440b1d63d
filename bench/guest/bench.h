/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmark guests in C share. Their surroundings are the guest map of Xen's dom0less protocol, at fixed
 * addresses; built once for each version of the GIC (BENCH_GIC). Only the hypervisor's instructions are counted, so
 * what a guest does between two marks costs nothing, as long as it does not come out. */
#ifndef BULKHEAD_BENCH_GUEST_H
#define BULKHEAD_BENCH_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "marks.h"

#define MARK(number) __asm__ volatile("movz xzr, %0" ::"i"(number) : "memory")

#define GICD 0x03001000
#define GICC 0x03002000
#define GICR 0x03020000
#define GICR_STRIDE 0x20000 /* of one vCPU: its registers and, 64 KiB above, its SGIs and PPIs */
#define UART 0x22000000
#define RAM 0x40000000
#define MIB (1u << 20)

#define PSCI_VERSION 0x84000000
#define PSCI_CPU_OFF 0x84000002
#define PSCI_CPU_ON 0xc4000003
#define PSCI_AFFINITY_INFO 0xc4000004
#define PSCI_OFF 1 /* answer of AFFINITY_INFO */

#define TIMER_INTID 27
#define TICKS_PER_MS 62500

/* Of each program. */
__attribute__((noreturn)) void bench_main(void);
__attribute__((noreturn)) void further_main(void); /* vCPU 1 */
void take_interrupt(void);

static inline uint32_t read32(uint64_t address)
{
    uint32_t value;

    __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline void write32(uint64_t address, uint32_t value)
{
    __asm__ volatile("str %w0, [%1]" ::"r"(value), "r"(address) : "memory");
}

static inline uint64_t hvc(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = a;
    register uint64_t x2 __asm__("x2") = b;
    register uint64_t x3 __asm__("x3") = c;

    __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    return x0;
}

#define READ_SYSREG(name)                                                                                              \
    ({                                                                                                                 \
        uint64_t sysreg_value;                                                                                         \
        __asm__ volatile("mrs %0, " #name : "=r"(sysreg_value)::"memory");                                             \
        sysreg_value;                                                                                                  \
    })
#define WRITE_SYSREG(name, value) __asm__ volatile("msr " #name ", %0; isb" ::"r"((uint64_t)(value)) : "memory")

static inline uint64_t counter(void)
{
    __asm__ volatile("isb" ::: "memory");
    return READ_SYSREG(cntvct_el0);
}

static inline void timer_arm(uint64_t ticks)
{
    WRITE_SYSREG(cntv_cval_el0, counter() + ticks);
    WRITE_SYSREG(cntv_ctl_el0, 1);
}

static inline void timer_stop(void)
{
    WRITE_SYSREG(cntv_ctl_el0, 0);
}

/** 0 or 1. */
static inline unsigned vcpu_number(void)
{
    return READ_SYSREG(mpidr_el1) & 1;
}

static inline void interrupts_on(void)
{
    __asm__ volatile("msr daifclr, #2" ::: "memory");
}

static inline void interrupts_off(void)
{
    __asm__ volatile("msr daifset, #2" ::: "memory");
}

/** Sleeps with interrupts masked until there is one, and takes it. */
static inline void await_interrupt(void)
{
    __asm__ volatile("dsb sy; wfi; msr daifclr, #2; isb; msr daifset, #2" ::: "memory");
}

/** All interrupts of this vCPU on, any priority. */
static inline void gic_init(void)
{
#if BENCH_GIC == 2
    write32(GICD, 1);                  /* GICD_CTLR */
    write32(GICD + 0x100, 0xffffffff); /* GICD_ISENABLER0 */
    write32(GICC + 4, 0xf0);           /* GICC_PMR */
    write32(GICC, 1);                  /* GICC_CTLR */
#else
    uint64_t own = GICR + vcpu_number() * GICR_STRIDE;

    write32(GICD, 0x13);                                   /* GICD_CTLR: ARE, both groups */
    write32(own + 0x10000 + 0x80, 0xffffffff);             /* GICR_IGROUPR0 */
    write32(own + 0x10000 + 0x100, 0xffffffff);            /* GICR_ISENABLER0 */
    WRITE_SYSREG(s3_0_c4_c6_0, 0xf0);                      /* ICC_PMR_EL1 */
    WRITE_SYSREG(s3_0_c12_c12_7, 1);                       /* ICC_IGRPEN1_EL1 */
#endif
}

static inline uint32_t gic_acknowledge(void)
{
#if BENCH_GIC == 2
    return read32(GICC + 0xc);
#else
    return (uint32_t)READ_SYSREG(s3_0_c12_c12_0);          /* ICC_IAR1_EL1 */
#endif
}

static inline void gic_end(uint32_t acknowledged)
{
#if BENCH_GIC == 2
    write32(GICC + 0x10, acknowledged);
#else
    WRITE_SYSREG(s3_0_c12_c12_1, acknowledged);            /* ICC_EOIR1_EL1 */
#endif
}

/** Software generated interrupt 3 to vCPU @p target. */
static inline void gic_send(unsigned target)
{
#if BENCH_GIC == 2
    write32(GICD + 0xf00, 1u << (16 + target) | 3); /* GICD_SGIR */
#else
    WRITE_SYSREG(s3_0_c12_c11_5, 3u << 24 | 1u << target); /* ICC_SGI1R_EL1 */
#endif
}

#endif
