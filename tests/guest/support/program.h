/* SPDX-License-Identifier: Apache-2.0 */
/* What guest programs are written against, whatever runs them: a domain on QEMU or a board (A64), a coroutine of
 * hostsim, a KVM vCPU of an x86-64 host. A program is
 *
 *     void program_NAME(struct platform *platform);
 *
 * It prints lines that begin with "NAME: ", ends with "NAME: done" and returns, which powers its domain off. All it
 * knows of the machine comes from the device tree; its arguments are boot arguments.
 *
 * No static variables: two domains of hostsim may run one program. Code between two of these functions takes no time
 * there and cannot be interrupted: a loop that waits needs one of them inside. */
#ifndef BULKHEAD_GUEST_PROGRAM_H
#define BULKHEAD_GUEST_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* @p entered: the virtual counter when the exception was taken. */
typedef void interrupt_handler(void *context, uint32_t intid, uint64_t entered);

/** What devices call memory that the guest has at @c base. */
struct dma_range {
    uint64_t bus, base, size;
};

#define MAX_DMA_RANGES 4

/** What the device tree says, and the state of this header's functions. Addresses are 0 where there is no such thing.
 */
struct platform {
    const char *name;                /* of the program */
    uint64_t image_start, image_end; /* with BSS and stack */
    uint64_t tree, tree_size;
    uint64_t ram_base[2], ram_size[2]; /* banks */
    uint64_t initrd_start, initrd_end;
    uint64_t uart; /* arm,pl011 or arm,sbsa-uart */
    uint64_t distributor;
    uint64_t cpu_interface;                           /* GICv2 */
    uint64_t redistributors;                          /* GICv3 */
    uint64_t rtc;                                     /* arm,pl031 */
    uint64_t bus_master;                              /* bulkhead,bus-master, of hostsim */
    uint32_t rtc_interrupt, bus_master_interrupts[2]; /* INTIDs */
    struct dma_range dma_ranges[MAX_DMA_RANGES];      /* of /passthrough; size 0: none */
    bool smc;                                         /* PSCI conduit: SMC rather than HVC */
    const char *bootargs;                             /* "" if none */
    uint64_t first_ticks;  /* CNTPCT_EL0 as the very first instruction read it, where there is one; else 0 */
    uint32_t acknowledged; /* what is being handled, as the controller gave it: GICv2 has an SGI's source in 12:10 */
    interrupt_handler *handler;
    void *handler_context;
};

/* backend.h: one of support/{a64,hostsim,x86_64}, by include path. It gives
 * - READ_SYSREG(op0, op1, crn, crm, op2), WRITE_SYSREG(value, ...) and SYSTEM_INSTRUCTION(value, op1, crn, crm, op2),
 * - BACKEND_*: what the machine has, and
 * - read8() .. read64(), write8() .. write64(): loads and stores of a width, one instruction each. */
#include "backend.h"

#define MIDR_EL1 3, 0, 0, 0, 0
#define MPIDR_EL1 3, 0, 0, 0, 5
#define CNTFRQ_EL0 3, 3, 14, 0, 0
#define CNTPCT_EL0 3, 3, 14, 0, 1
#define CNTVCT_EL0 3, 3, 14, 0, 2
#define CNTP_CTL_EL0 3, 3, 14, 2, 1
#define CNTP_CVAL_EL0 3, 3, 14, 2, 2
#define CNTV_CTL_EL0 3, 3, 14, 3, 1
#define CNTV_CVAL_EL0 3, 3, 14, 3, 2

/** Where the backend's entry code goes once there is a stack: reads the tree, runs @p program, powers off. */
__attribute__((noreturn)) void platform_start(struct platform *platform, void (*program)(struct platform *platform));

/** Value of "NAME=number" in the boot arguments, decimal or 0x hexadecimal, or @p fallback. */
uint64_t argument(const struct platform *platform, const char *name, uint64_t fallback);

/** Conversions: %s %c %d (int) %u (unsigned) %x (unsigned) %lu %lx (64 bit), and %%. */
void print(const struct platform *platform, const char *format, ...) __attribute__((format(printf, 2, 3)));
void put_char(const struct platform *platform, char character);
/** @return the next character received, or -1. */
int get_char(const struct platform *platform);
/** Whether the UART asks for an interrupt while it has received something. */
void uart_receive_interrupt(const struct platform *platform, bool on);
/** Prints "NAME: FAILED: " and why, and ends the program; in hostsim the run. */
__attribute__((noreturn)) void program_fail(const struct platform *platform, const char *why, uint64_t value);

/* Loads and stores that may abort, of 1, 2, 4 or 8 bytes, aligned or not. A load that aborts gives 0. */
uint64_t try_read(uint64_t address, unsigned width);
void try_write(uint64_t address, unsigned width, uint64_t value);
/** An access that leaves no syndrome to emulate it by (LDP, writeback, exclusive ...). @return false: no such @p kind;
 * they are numbered from 0. */
bool try_without_syndrome(uint64_t address, unsigned kind);
/** Branches to @p address and comes back. */
void try_fetch(uint64_t address);

/** An exception that the guest took. What took it was skipped. */
struct exception {
    uint64_t esr; /* ESR_EL1 */
    uint64_t far; /* FAR_EL1 */
};
/** Unless allowed, an exception ends the program. */
void exceptions_allow(struct platform *platform, bool allow);
/** @return whether an exception was taken since the last question; then tells the latest. */
bool exception_taken(struct exception *exception);

/** x0..x3 after a call. */
struct call_result {
    uint64_t x[4];
};
struct call_result hvc(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3);
struct call_result smc(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3);
/** One of Xen's hypercalls, where there are interrupts. @return x0 */
int64_t call_xen(uint64_t number, uint64_t x0, uint64_t x1, uint64_t x2);
/** HVC and SMC with immediates other than 0. */
void calls_with_immediate(void);

#define PSCI_VERSION 0x84000000
#define PSCI_CPU_OFF 0x84000002
#define PSCI_CPU_ON 0xc4000003
#define PSCI_AFFINITY_INFO 0xc4000004
#define PSCI_SYSTEM_OFF 0x84000008
#define PSCI_SYSTEM_RESET 0x84000009
/** By the conduit that the device tree names. */
uint64_t psci(const struct platform *platform, uint64_t function);
uint64_t psci_with(const struct platform *platform, uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3);
__attribute__((noreturn)) void power_off(const struct platform *platform);

/** A piece of work that neither waits nor exits. */
void compute(void);

/* Further vCPUs, where there are interrupts. They share memory with the one that starts them: words that both use are
 * read and written by __atomic_load_n() and __atomic_store_n(), and by nothing else (the MMU is off: no exclusives). */
#define MAX_VCPUS 8
typedef void vcpu_program(struct platform *platform, void *context);
/** PSCI CPU_ON: vCPU @p index runs @p program with a platform of its own, like @p platform but without a handler;
 * returning turns it off. @return PSCI's answer */
int64_t vcpu_start(const struct platform *platform, unsigned index, vcpu_program *program, void *context);

/* Interrupts, where BACKEND_INTERRUPTS. They are off when a program begins. An interrupt that is taken is acknowledged,
 * handed to the handler, and ended. */
void on_interrupt(struct platform *platform, interrupt_handler *handler, void *context);
void interrupts_on(void);
void interrupts_off(void);
/** Called with interrupts off, so that none comes between a test and the wait: waits for one, takes it, and comes back
 * with interrupts off. It may come back early. */
void await_interrupt(void);
/** Acknowledges, handles and ends one interrupt; for backends. */
void interrupt_take(struct platform *platform, uint64_t entered);

#define INTERRUPT_VIRTUAL_TIMER 27
#define INTERRUPT_PHYSICAL_TIMER 30
#define INTERRUPT_UART 32
#define INTERRUPT_NONE 1020 /* and above */

/* GICv3: a redistributor's two frames, which lie in the order of the vCPUs. */
#define GICR_SGI_BASE 0x10000
#define GICR_SIZE 0x20000

/** The redistributor of the vCPU that asks; its frame for private interrupts (SGI_base). */
static inline uint64_t gic_redistributor(const struct platform *platform)
{
    return platform->redistributors + (READ_SYSREG(MPIDR_EL1) & 0xf) * GICR_SIZE;
}

static inline uint64_t gic_private_frame(const struct platform *platform)
{
    return gic_redistributor(platform) + GICR_SGI_BASE;
}

/* gic.c: the interrupt controller, whichever there is; all priorities, one end for both steps, group 1 on GICv3. */
void gic_init(const struct platform *platform);
/** @return whether the CPU interface is as after reset. */
bool gic_is_reset(const struct platform *platform);
void gic_enable(const struct platform *platform, uint32_t intid);
/** Both of a shared interrupt. */
void gic_disable(const struct platform *platform, uint32_t intid);
void gic_clear_pending(const struct platform *platform, uint32_t intid);
void gic_set_priority(const struct platform *platform, uint32_t intid, uint8_t priority);
/** To each vCPU of the bits @p targets. */
void gic_send(const struct platform *platform, uint32_t sgi, uint32_t targets);
void gic_send_others(const struct platform *platform, uint32_t sgi);
/** Where a shared interrupt goes; makes one pending. */
void gic_set_target(const struct platform *platform, uint32_t intid, unsigned target);
void gic_set_pending(const struct platform *platform, uint32_t intid);
void gic_send_self(const struct platform *platform, uint32_t sgi);
/** @return what was acknowledged: the INTID in bits 9:0; it goes back to gic_end() as it is. */
/** Which groups the CPU interface signals (bit 0: group 0; bit 1: group 1), and whether an end only drops the priority,
 * so that gic_deactivate() has to follow (EOImode 1). The distributor's groups stay as they are. */
void gic_set_interface(const struct platform *platform, uint32_t groups, bool separate_ends);
void gic_deactivate(const struct platform *platform, uint32_t intid);
/** Drops a priority and, unless ends are separate, deactivates: as gic_end(), of that group. */
void gic_end_group(const struct platform *platform, uint32_t intid, unsigned group);
/** Where the arrays with the fields of @p intid are. */
static inline uint64_t gic_frame(const struct platform *platform, uint32_t intid)
{
    return intid < 32 && platform->redistributors != 0 ? gic_private_frame(platform) : platform->distributor;
}
uint32_t gic_acknowledge(const struct platform *platform);
void gic_end(const struct platform *platform, uint32_t acknowledged);

/** The virtual counter and its ticks per second. */
static inline uint64_t counter(void)
{
    barrier();
    return READ_SYSREG(CNTVCT_EL0);
}

static inline uint64_t counter_frequency(void)
{
    return READ_SYSREG(CNTFRQ_EL0);
}

/** Arms the virtual timer; a deadline that has passed fires at once. */
static inline void timer_arm(uint64_t deadline)
{
    WRITE_SYSREG(deadline, CNTV_CVAL_EL0);
    WRITE_SYSREG(1, CNTV_CTL_EL0);
    barrier();
}

/** The same for the physical timer, which compares with CNTPCT_EL0. */
static inline void physical_timer_arm(uint64_t deadline)
{
    WRITE_SYSREG(deadline, CNTP_CVAL_EL0);
    WRITE_SYSREG(1, CNTP_CTL_EL0);
    barrier();
}

static inline void physical_timer_stop(void)
{
    WRITE_SYSREG(0, CNTP_CTL_EL0);
    barrier();
}

static inline void timer_stop(void)
{
    WRITE_SYSREG(0, CNTV_CTL_EL0);
    barrier();
}

/* For support/ only. */
/** Reads the tree at platform->tree by @p blob, where the program can read it byte by byte. @return false: none. */
bool tree_read(struct platform *platform, const uint8_t *blob);
/** @return where the tree of platform->tree can be read byte by byte. */
const uint8_t *backend_tree(const struct platform *platform);
/** Where nothing follows: PSCI SYSTEM_OFF came back. */
__attribute__((noreturn)) void backend_halt(void);

#endif
