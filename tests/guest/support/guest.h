/* What the payloads share. Everything about the machine comes from the device tree, so that one binary runs in a domain
 * and bare on QEMU at EL1 (`qemu-system-aarch64 -M virt -kernel NAME.bin`). */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What the device tree says. Addresses are 0 where there is no such thing. */
struct platform {
    uintptr_t tree;
    uint32_t tree_size;
    uint64_t ram_base[2], ram_size[2]; /* banks */
    uint64_t initrd_start, initrd_end;
    uintptr_t uart;        /* arm,pl011 or arm,sbsa-uart */
    uintptr_t distributor; /* GICv2 */
    uintptr_t cpu_interface;
    bool smc;             /* PSCI conduit: SMC rather than HVC */
    const char *bootargs; /* "" if none */
    uint64_t first_ticks; /* CNTPCT_EL0 as the very first instruction read it */
};
extern struct platform platform;
extern char image_start[], image_end[];

/** The payload. Returning powers the machine off. */
void guest_main(void);

/** Reads the tree at @p tree into `platform`; false if it is none. */
bool tree_read(uintptr_t tree);
/** Value of "NAME=number" in the boot arguments, decimal or 0x hexadecimal, or @p fallback. */
uint64_t argument(const char *name, uint64_t fallback);

/** Conversions: %s %c %d (int) %u (unsigned) %x (unsigned) %lu %lx (64 bit), and %%. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void put_char(char character);
/** @return the next character received, or -1. */
int get_char(void);

#define EXCEPTION_SYNC 4 /* kinds of the vectors for "current EL, SP_ELx" */
#define EXCEPTION_IRQ 5

struct exception_frame {
    uint64_t x[31];
    uint64_t pc;
    uint64_t pstate;
    uint64_t entered; /* CNTVCT_EL0 at the vector */
};

/** Handles a synchronous exception and says where to go on by changing frame->pc. NULL: such an exception is fatal. */
extern void (*sync_handler)(struct exception_frame *frame, uint64_t esr, uint64_t far);
/** Handles an interrupt that was acknowledged; it is ended afterwards. */
extern void (*interrupt_handler)(struct exception_frame *frame, uint32_t intid);

#define INTERRUPT_VIRTUAL_TIMER 27

/** Enables the GICv2 for this CPU, all priorities, one EOI. */
void gic_init(void);
void gic_enable(uint32_t intid);
void gic_send_self(uint32_t sgi);

static inline uint32_t read32(uintptr_t address)
{
    return *(volatile uint32_t *)address;
}

static inline void write32(uintptr_t address, uint32_t value)
{
    *(volatile uint32_t *)address = value;
}

#define READ_SYSREG(name)                                                                                              \
    ({                                                                                                                 \
        uint64_t sysreg_value;                                                                                         \
        __asm__ volatile("mrs %0, " #name : "=r"(sysreg_value)::"memory");                                             \
        sysreg_value;                                                                                                  \
    })
#define WRITE_SYSREG(name, value) __asm__ volatile("msr " #name ", %0" ::"r"((uint64_t)(value)) : "memory")

static inline void barrier_isb(void)
{
    __asm__ volatile("isb" ::: "memory");
}

static inline void interrupts_on(void)
{
    __asm__ volatile("msr daifclr, #2" ::: "memory");
}

static inline void interrupts_off(void)
{
    __asm__ volatile("msr daifset, #2" ::: "memory");
}

static inline void wait_for_interrupt(void)
{
    __asm__ volatile("dsb sy; wfi" ::: "memory");
}

static inline uint64_t counter(void)
{
    barrier_isb();
    return READ_SYSREG(cntvct_el0);
}

/** Arms the virtual timer; 0 ticks or less from now fires at once. */
static inline void timer_arm(uint64_t deadline)
{
    WRITE_SYSREG(cntv_cval_el0, deadline);
    WRITE_SYSREG(cntv_ctl_el0, 1);
    barrier_isb();
}

static inline void timer_stop(void)
{
    WRITE_SYSREG(cntv_ctl_el0, 0);
    barrier_isb();
}

uint64_t smccc_hvc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);
uint64_t smccc_smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);

#define PSCI_VERSION 0x84000000
#define PSCI_SYSTEM_OFF 0x84000008
#define PSCI_SYSTEM_RESET 0x84000009

/** By the conduit that the device tree names. */
uint64_t psci(uint64_t function);
__attribute__((noreturn)) void power_off(void);

#endif
