/* What guest programs share: what their device tree says, a console, the interrupt controller. */
#ifndef BULKHEAD_HOSTSIM_PROGRAMS_SUPPORT_H
#define BULKHEAD_HOSTSIM_PROGRAMS_SUPPORT_H

#include "hostsim/guest.h"

/** Addresses are 0 where the tree has no such thing. */
struct platform {
    const void *tree; /* a copy */
    uint64_t tree_address, tree_size;
    uint64_t ram_base[2], ram_size[2];
    uint64_t initrd_start, initrd_end;
    uint64_t uart, distributor, cpu_interface;
    bool smc; /* PSCI by SMC rather than HVC */
    const char *bootargs;
    char name[24]; /* in front of printed lines */
};

/** Copies the tree out of guest memory and reads it. Fails the run if it is none. */
struct platform *platform_read(uint64_t device_tree, const char *name);
/** Value of "NAME=number" in the boot arguments, or @p fallback. */
uint64_t argument(const struct platform *platform, const char *name, uint64_t fallback);

/** Prints to the UART, waiting for room in its FIFO. */
void print(const struct platform *platform, const char *format, ...) __attribute__((format(printf, 2, 3)));
void put_char(const struct platform *platform, char character);
/** @return the next character received, or -1. */
int get_char(const struct platform *platform);
void uart_receive_interrupt_on(const struct platform *platform);

#define INTERRUPT_VIRTUAL_TIMER 27
#define INTERRUPT_UART 32
#define GICC_IAR 0x0c
#define GICC_EOIR 0x10

void gic_init(const struct platform *platform);
void gic_enable(const struct platform *platform, unsigned intid);
/** @return the INTID, 1023 if none. */
unsigned gic_acknowledge(const struct platform *platform);
void gic_end(const struct platform *platform, unsigned intid);

/** The virtual timer fires at counter value @p deadline. */
void timer_arm(uint64_t deadline);
void timer_stop(void);

#define PSCI_VERSION 0x84000000
#define PSCI_SYSTEM_OFF 0x84000008
#define PSCI_SYSTEM_RESET 0x84000009
uint64_t psci(const struct platform *platform, uint64_t function);

#endif
