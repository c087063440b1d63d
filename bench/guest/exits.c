// SPDX-License-Identifier: Apache-2.0
/* What it costs to come out, for each reason, and to be interrupted. In a domain of two vCPUs the other one is on and
 * idle meanwhile. */
#include "bench.h"

#define ROUNDS 101
#define SLOW_ROUNDS 31 /* of what takes a power cycle */
#define TIMER_TICKS 5000
#define SETTLE_MS 20 /* until the hypervisor has built and printed what it has to */
#define LINE_LENGTH 32
#define FIRST_FRESH (16 * MIB) /* of RAM: all that was loaded lies below */
#define LAST_FRESH (112 * MIB)
#define STACK_BYTES 4096

static volatile unsigned taken[2]; /* interrupts, by vCPU */
static volatile bool stays_on;     /* vCPU 1, at its next start */
static volatile bool ends_first;   /* the handler: the timer's line is still high then */
static _Alignas(16) uint8_t further_stack[STACK_BYTES];

__attribute__((visibility("hidden"))) void further_start(void);

/* The windows that end in a handler. Of those not begun the stop-watch takes no notice. */
void take_interrupt(void)
{
    if (vcpu_number() == 0) {
        MARK(MARK_END + OP_TIMER);
        MARK(MARK_END + OP_TIMER_WFI);
    } else {
        MARK(MARK_END + OP_IPI);
    }
    uint32_t acknowledged = gic_acknowledge();
    if (ends_first)
        gic_end(acknowledged);
    if ((acknowledged & 0x3ff) == TIMER_INTID)
        timer_stop();
    if (!ends_first)
        gic_end(acknowledged);
    taken[vcpu_number()]++;
}

/* With interrupts masked. */
static void sleep_until_interrupt(void)
{
    for (unsigned before = taken[vcpu_number()]; taken[vcpu_number()] == before;)
        await_interrupt();
}

/* Times each of ROUNDS executions of a statement. */
#define MEASURE(operation, statement)                                                                                  \
    for (unsigned round = 0; round < ROUNDS; round++) {                                                                \
        MARK(MARK_BEGIN + operation);                                                                                  \
        statement;                                                                                                     \
        MARK(MARK_END + operation);                                                                                    \
    }

static void registers(void)
{
    MEASURE(OP_HVC, hvc(PSCI_VERSION, 0, 0, 0))
    MEASURE(OP_TYPER, read32(GICD + 4))
    MEASURE(OP_ENABLED, read32(GICD + 0x104))
    MEASURE(OP_ENABLE_NOTHING, write32(GICD + 0x104, 0))
    MEASURE(OP_ENABLE, write32(GICD + 0x104, 1u << 31))
#if BENCH_GIC == 3
    MEASURE(OP_GICR_TYPER, read32(GICR + 8))
#endif
    MEASURE(OP_ID_REGISTER, READ_SYSREG(id_aa64isar0_el1))
    MEASURE(OP_UART_STATUS, read32(UART + 0x18))
    MEASURE(OP_UART_CHARACTER, write32(UART, round % LINE_LENGTH == LINE_LENGTH - 1 ? '\n' : 'x'))
}

static void interrupts(void)
{
    interrupts_on();
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned before = taken[0];

        MARK(MARK_BEGIN + OP_SELF_SGI);
        gic_send(0);
        while (taken[0] == before)
            continue;
        MARK(MARK_END + OP_SELF_SGI);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned before = taken[0];

        MARK(MARK_BEGIN + OP_TIMER);
        MARK(MARK_BEGIN + OP_TIMER_END);
        timer_arm(TIMER_TICKS);
        while (taken[0] == before)
            continue;
        MARK(MARK_END + OP_TIMER_END);
    }
    ends_first = true;
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned before = taken[0];

        MARK(MARK_BEGIN + OP_TIMER_AGAIN);
        timer_arm(TIMER_TICKS);
        while (taken[0] - before < 2)
            continue;
        MARK(MARK_END + OP_TIMER_AGAIN);
    }
    ends_first = false;
    interrupts_off();
    for (unsigned round = 0; round < ROUNDS; round++) {
        timer_arm(TIMER_TICKS);
        MARK(MARK_BEGIN + OP_TIMER_WFI);
        sleep_until_interrupt();
    }
}

static void memory(void)
{
    for (uint64_t at = RAM + FIRST_FRESH; at < RAM + LAST_FRESH; at += 2 * MIB) {
        MARK(MARK_BEGIN + OP_TOUCH);
        read32(at);
        MARK(MARK_END + OP_TOUCH);
    }
}

/* ---- The second vCPU */

void further_main(void)
{
    bool on = stays_on;

    if (on)
        gic_init();
    gic_send(0); /* it is up */
    while (on) {
        sleep_until_interrupt();
        gic_send(0); /* the answer */
    }
    hvc(PSCI_CPU_OFF, 0, 0, 0);
    while (true)
        continue;
}

/* @return false: there is none. */
static bool start_further(bool to_stay)
{
    stays_on = to_stay;
    MARK(MARK_BEGIN + OP_CPU_ON);
    if (hvc(PSCI_CPU_ON, 1, (uintptr_t)further_start, (uintptr_t)(further_stack + STACK_BYTES)) != 0)
        return false;
    sleep_until_interrupt();
    return true;
}

static bool power(void)
{
    for (unsigned round = 1; round < SLOW_ROUNDS; round++) {
        if (!start_further(false))
            return false;
        while (hvc(PSCI_AFFINITY_INFO, 1, 0, 0) != PSCI_OFF) {
            timer_arm(TIMER_TICKS);
            sleep_until_interrupt();
        }
    }
    return start_further(true);
}

static void messages(void)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        timer_arm(TIMER_TICKS); /* until the other one sleeps again */
        sleep_until_interrupt();
        MARK(MARK_BEGIN + OP_IPI);
        gic_send(1);
        sleep_until_interrupt();
    }
}

void bench_main(void)
{
    gic_init();
    timer_arm(SETTLE_MS * TICKS_PER_MS);
    sleep_until_interrupt();
    if (power())
        messages();
    registers();
    interrupts();
    memory();
    MARK(MARK_DONE);
    while (true)
        continue;
}
