// SPDX-License-Identifier: Apache-2.0
/* What it costs to take the interrupt of an assigned device: a PL031, which interrupts at once where it is told that
 * the time of its alarm is now. Its registers are reached without an exit. In a domain of two vCPUs the other one is
 * the target for a while. */
#include "bench.h"

#define ROUNDS 101
#define SLOW_ROUNDS 11 /* of a second each, which the domain sleeps through */
#define SETTLE_MS 20   /* until the hypervisor has built and printed what it has to */
#define STACK_BYTES 4096

#define RTC 0x09010000
#define RTC_TIME (RTC + 0x0)
#define RTC_MATCH (RTC + 0x4)
#define RTC_MASK (RTC + 0x10)
#define RTC_CLEAR (RTC + 0x1c)
#define RTC_INTID 34

static volatile unsigned taken[2]; /* interrupts, by vCPU */
static _Alignas(16) uint8_t further_stack[STACK_BYTES];

__attribute__((visibility("hidden"))) void further_start(void);

void take_interrupt(void)
{
    if (vcpu_number() == 0) {
        MARK(MARK_END + OP_DEVICE);
        MARK(MARK_END + OP_DEVICE_WFI);
    } else {
        MARK(MARK_END + OP_DEVICE_OTHER);
    }
    uint32_t acknowledged = gic_acknowledge();
    if ((acknowledged & 0x3ff) == TIMER_INTID)
        timer_stop();
    if ((acknowledged & 0x3ff) == RTC_INTID)
        write32(RTC_CLEAR, 1);
    gic_end(acknowledged);
    taken[vcpu_number()]++;
}

/* With interrupts masked. */
static void sleep_until_interrupt(void)
{
    for (unsigned before = taken[vcpu_number()]; taken[vcpu_number()] == before;)
        await_interrupt();
}

static void settle(void)
{
    timer_arm(SETTLE_MS * TICKS_PER_MS);
    sleep_until_interrupt();
}

static void alarm_in(uint32_t seconds)
{
    write32(RTC_MATCH, read32(RTC_TIME) + seconds);
}

static void send_to(unsigned vcpu)
{
#if BENCH_GIC == 2
    __asm__ volatile("strb %w0, [%1]" ::"r"(1u << vcpu), "r"((uint64_t)GICD + 0x800 + RTC_INTID)
                     : "memory"); /* GICD_ITARGETSR */
#else
    __asm__ volatile("str %0, [%1]" ::"r"((uint64_t)vcpu), "r"((uint64_t)GICD + 0x6000 + 8 * RTC_INTID)
                     : "memory"); /* GICD_IROUTER */
#endif
}

static void own(void)
{
    interrupts_on();
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned before = taken[0];

        MARK(MARK_BEGIN + OP_DEVICE);
        MARK(MARK_BEGIN + OP_DEVICE_END);
        alarm_in(0);
        while (taken[0] == before)
            continue;
        MARK(MARK_END + OP_DEVICE_END);
    }
    interrupts_off();
    for (unsigned round = 0; round < SLOW_ROUNDS; round++) {
        alarm_in(1);
        MARK(MARK_BEGIN + OP_DEVICE_WFI);
        sleep_until_interrupt();
    }
}

/* ---- The second vCPU */

void further_main(void)
{
    gic_init();
    while (true) {
        gic_send(0); /* it is up, or has taken one */
        sleep_until_interrupt();
    }
}

/* The host's interrupt comes to the CPU of vCPU 0, which sleeps. */
static void others(void)
{
    if (hvc(PSCI_CPU_ON, 1, (uintptr_t)further_start, (uintptr_t)(further_stack + STACK_BYTES)) != 0)
        return;
    sleep_until_interrupt();
    send_to(1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        settle(); /* until the other one sleeps again */
        MARK(MARK_BEGIN + OP_DEVICE_OTHER);
        alarm_in(0);
        sleep_until_interrupt();
    }
}

void bench_main(void)
{
    gic_init();
    write32(RTC_MASK, 1);
    send_to(0);
    write32(GICD + 0x104, 1u << (RTC_INTID - 32)); /* GICD_ISENABLER1 */
    settle();
    own();
    others();
    MARK(MARK_DONE);
    while (true)
        continue;
}
