// SPDX-License-Identifier: Apache-2.0
/* Debug events that a program takes to its own EL1: software step, also over instructions that are emulated for it,
 * each breakpoint and each watchpoint; while others, which do the same, have the CPU in between. Arguments: rounds=N
 * (4), pause-us=N (15000), longer than a slice of others; bare=1: without a hypervisor, where SMC may be undefined. */
#include "native.h"
#include "programs.h"

#define VBAR_EL1 3, 0, 12, 0, 0
#define MDSCR_EL1 2, 0, 0, 2, 2
#define OSLAR_EL1 2, 0, 1, 0, 4
#define DBGBVR0_EL1 2, 0, 0, 0, 4
#define ID_AA64DFR0_EL1 3, 0, 0, 5, 0
#define MDSCR_SS (1ul << 0)
#define MDSCR_KDE (1ul << 13)
#define MDSCR_MDE (1ul << 15)
#define BREAKPOINT_ON (1ul << 0 | 1ul << 1 | 0xful << 5)             /* E, PMC: EL1, BAS: A64 */
#define WATCHPOINT_ON (1ul << 0 | 1ul << 1 | 2ul << 3 | 0xfful << 5) /* E, PAC: EL1, LSC: stores, BAS: 8 bytes */
#define EC_BREAKPOINT 0x31
#define EC_STEP 0x33
#define EC_WATCHPOINT 0x35
#define MAX_EVENTS 32

/** What the vectors below write down. */
struct event {
    uint64_t esr, elr, far, unused;
};

struct {
    uint64_t count;
    uint64_t stop; /* stepping ends here */
    uint64_t unused[2];
    struct event events[MAX_EVENTS];
} debug_log __attribute__((visibility("hidden")));

extern char debug_vectors[], debug_code[], debug_code_smc[], debug_code_end[], debug_target[], vectors[];
void debug_step(uint64_t distributor);

/* debug_step(): runs debug_code with PSTATE.SS = 1 and D clear. */
__asm__("    .text\n"
        "    .global debug_step\n"
        "    .hidden debug_step\n"
        "debug_step:\n"
        "    mov x1, x0\n"
        "    stp x29, x30, [sp, #-16]!\n"
        "    adr x9, debug_code\n"
        "    msr elr_el1, x9\n"
        "    mov x9, #0x1c5\n" /* EL1h; A, I, F */
        "    orr x9, x9, #(1 << 21)\n"
        "    msr spsr_el1, x9\n"
        "    adr x30, 1f\n"
        "    eret\n"
        "1:  msr daifset, #8\n"
        "    ldp x29, x30, [sp], #16\n"
        "    ret\n"

        "    .global debug_code, debug_code_smc, debug_code_end, debug_target\n"
        "    .hidden debug_code, debug_code_smc, debug_code_end, debug_target\n"
        "debug_code:\n"
        "    nop\n"
        "    mrs x2, s3_0_c0_c4_0\n" /* trapped: ID_AA64PFR0_EL1 */
        "    add x2, x2, #1\n"
        "    ldr w2, [x1, #4]\n" /* trapped: GICD_TYPER */
        "    ldr w3, [x1, #4]\n"
        "    dc isw, xzr\n"
        "    mov w0, #0x84000000\n" /* PSCI_VERSION */
        "    hvc #0\n"
        "    mov w0, #0x84000000\n"
        "debug_code_smc:\n"
        "    smc #0\n"
        "    nop\n"
        "debug_code_end:\n"
        "    ret\n"
        "debug_target:\n"
        "    nop\n"
        "    ret\n"

        "    .balign 2048\n"
        "    .global debug_vectors\n"
        "    .hidden debug_vectors\n"
        "debug_vectors:\n"
        "    .skip 0x200\n"
        "    stp x9, x10, [sp, #-32]!\n" /* synchronous, current level, SP_EL1 */
        "    stp x11, x12, [sp, #16]\n"
        "    adrp x9, debug_log\n"
        "    add x9, x9, :lo12:debug_log\n"
        "    ldr x10, [x9]\n"
        "    and x11, x10, #31\n"
        "    add x11, x9, x11, lsl #5\n"
        "    add x10, x10, #1\n"
        "    str x10, [x9]\n"
        "    mrs x12, far_el1\n"
        "    str x12, [x11, #48]\n"
        "    mrs x10, esr_el1\n"
        "    mrs x12, elr_el1\n"
        "    stp x10, x12, [x11, #32]\n"
        "    lsr x10, x10, #26\n"
        "    cmp x10, #0x33\n"
        "    b.ne 2f\n"
        "    ldr x10, [x9, #8]\n"
        "    cmp x10, x12\n"
        "    b.eq 2f\n"
        "    mrs x10, spsr_el1\n" /* the next one */
        "    orr x10, x10, #(1 << 21)\n"
        "    msr spsr_el1, x10\n"
        "    b 3f\n"
        "2:  msr mdscr_el1, xzr\n" /* no more of it */
        "    isb\n"
        "3:  ldp x11, x12, [sp, #16]\n"
        "    ldp x9, x10, [sp], #32\n"
        "    eret\n");

static __attribute__((noreturn)) void fail(const struct platform *of, const char *why, uint64_t value)
{
    WRITE_SYSREG((uintptr_t)vectors, VBAR_EL1);
    barrier();
    print(of, "debug: %lu events, the last esr %lx, elr %lx, far %lx\n", debug_log.count,
          debug_log.events[(debug_log.count - 1) % MAX_EVENTS].esr,
          debug_log.events[(debug_log.count - 1) % MAX_EVENTS].elr,
          debug_log.events[(debug_log.count - 1) % MAX_EVENTS].far);
    program_fail(of, why, value);
}

static unsigned class_of(const struct event *event)
{
    return (unsigned)(event->esr >> 26) & 0x3f;
}

/** Each instruction is one step, whoever does it. */
static void step(const struct platform *of)
{
    uint64_t start = (uintptr_t)debug_code, count = (uint64_t)(debug_code_end - debug_code) / 4;

    debug_log.count = 0;
    debug_log.stop = (uintptr_t)debug_code_end;
    WRITE_SYSREG(MDSCR_SS | MDSCR_KDE, MDSCR_EL1);
    barrier();
    debug_step(of->distributor);
    if (debug_log.count != count)
        fail(of, "steps", debug_log.count);
    for (uint64_t i = 0; i < count; i++) {
        if (class_of(&debug_log.events[i]) != EC_STEP)
            fail(of, "not a step but", debug_log.events[i].esr);
        if (debug_log.events[i].elr != start + 4 * (i + 1))
            fail(of, "a step too far, or none, at", i);
    }
}

/** DBGBVRn, DBGBCRn, DBGWVRn or DBGWCRn: @p kind 0 to 3. A register's number is part of the instruction. */
static void write_debug(unsigned number, unsigned kind, uint64_t value)
{
#define WRITE(n)                                                                                                       \
    case n:                                                                                                            \
        if (kind == 0)                                                                                                 \
            WRITE_SYSREG(value, 2, 0, 0, n, 4);                                                                        \
        else if (kind == 1)                                                                                            \
            WRITE_SYSREG(value, 2, 0, 0, n, 5);                                                                        \
        else if (kind == 2)                                                                                            \
            WRITE_SYSREG(value, 2, 0, 0, n, 6);                                                                        \
        else                                                                                                           \
            WRITE_SYSREG(value, 2, 0, 0, n, 7);                                                                        \
        break;
    switch (number) {
        WRITE(0)
        WRITE(1)
        WRITE(2)
        WRITE(3)
        WRITE(4)
        WRITE(5)
    default:
        break;
    }
}

static void pause_for(const struct platform *of)
{
    uint64_t ticks = argument(of, "pause-us", 15000) * (counter_frequency() / 1000) / 1000, start = counter();

    while (counter() - start < ticks)
        continue;
}

static uint64_t watched;

static void expect_one(const struct platform *of, unsigned class, const char *why, unsigned number)
{
    if (debug_log.count != 1 || class_of(&debug_log.events[0]) != class)
        fail(of, why, number);
}

/** The break- or watchpoint number @p number, alone; set long before it is reached. */
static void one_point(const struct platform *of, unsigned number, bool watchpoint)
{
    debug_log.count = 0;
    write_debug(number, watchpoint ? 2 : 0, watchpoint ? (uintptr_t)&watched : (uintptr_t)debug_target);
    write_debug(number, watchpoint ? 3 : 1, watchpoint ? WATCHPOINT_ON : BREAKPOINT_ON);
    WRITE_SYSREG(MDSCR_KDE | MDSCR_MDE, MDSCR_EL1);
    barrier();
    if (number == 0)
        pause_for(of);
    __asm__ volatile("msr daifclr, #8; isb" ::: "memory");
    if (watchpoint)
        *(volatile uint64_t *)&watched = number;
    else
        ((void (*)(void))(uintptr_t)debug_target)();
    __asm__ volatile("msr daifset, #8; isb" ::: "memory");
    write_debug(number, watchpoint ? 3 : 1, 0);
    if (watchpoint) {
        expect_one(of, EC_WATCHPOINT, "no watchpoint, or something else", number);
        if (debug_log.events[0].far != (uintptr_t)&watched)
            fail(of, "a watchpoint at", debug_log.events[0].far);
    } else {
        expect_one(of, EC_BREAKPOINT, "no breakpoint, or something else", number);
        if (debug_log.events[0].elr != (uintptr_t)debug_target)
            fail(of, "a breakpoint at", debug_log.events[0].elr);
    }
}

void program_debug(struct platform *of)
{
    uint64_t features = READ_SYSREG(ID_AA64DFR0_EL1);
    unsigned breakpoints = (features >> 12 & 15) + 1, watchpoints = (features >> 20 & 15) + 1;

    if (READ_SYSREG(MDSCR_EL1) != 0 || READ_SYSREG(DBGBVR0_EL1) != 0)
        program_fail(of, "not as after a reset", READ_SYSREG(MDSCR_EL1));
    if (argument(of, "bare", 0) != 0) {
        *(volatile uint32_t *)(uintptr_t)debug_code_smc = 0xd503201f; /* NOP */
        WRITE_SYSREG(0, OSLAR_EL1);
    }
    WRITE_SYSREG((uintptr_t)debug_vectors, VBAR_EL1);
    barrier();
    for (uint64_t round = 0; round < argument(of, "rounds", 4); round++) {
        step(of);
        for (unsigned i = 0; i < breakpoints; i++)
            one_point(of, i, false);
        for (unsigned i = 0; i < watchpoints; i++)
            one_point(of, i, true);
    }
    WRITE_SYSREG((uintptr_t)vectors, VBAR_EL1);
    barrier();
    print(of, "debug: steps, %u breakpoints and %u watchpoints\n", breakpoints, watchpoints);
    print(of, "debug: done\n");
}
