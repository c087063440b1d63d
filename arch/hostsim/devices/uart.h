/* SPDX-License-Identifier: Apache-2.0 */
/* What all UARTs of the machine share: the other end of their line. What they send is captured, what they receive comes
 * from the test. A model embeds it as its first member. */
#ifndef BULKHEAD_HOSTSIM_UART_H
#define BULKHEAD_HOSTSIM_UART_H

#include "hostsim/machine/machine.h"

#define SIM_UART_TYPING_BAUD 115200 /* how fast a keyboard's text arrives */
#define SIM_UART_CHARACTER_BITS 10

struct sim_input;

struct sim_uart {
    struct sim_machine *machine;
    const char *name;
    unsigned intid; /* 0: none */
    /** A character has arrived; @p damaged: with a framing error. */
    void (*arrives)(struct sim_uart *uart, uint8_t byte, bool damaged);
    struct sim_input *inputs;
    char *output;
    size_t length, capacity;
    void (*callback)(void *context, char character);
    void *callback_context;
};

/** Allocates a model of @p model_size bytes, all zero but for its struct sim_uart. */
void *sim_uart_create(struct sim_machine *machine, unsigned intid, size_t model_size);
void sim_uart_destroy(struct sim_uart *uart);
/** A character has left for good. */
void sim_uart_capture(struct sim_uart *uart, char character);
void sim_uart_set_line(struct sim_uart *uart, bool level);
/** Software did to it what the manual does not allow: the hypervisor must not, and the run fails. A guest may: it is to
 * happen what the caller does next. */
void sim_uart_misused(const struct sim_uart *uart, const char *format, ...) HV_PRINTF(2, 3);
/** Software has asked whether the transmit FIFO is @p full: core does not wait for it. */
void sim_uart_looked_at(const struct sim_uart *uart, bool full);
/** Core leaves EL2: it must not have waited for a UART meanwhile. Before the first guest and at the end it may. */
void sim_uart_check_no_wait(struct sim_cpu *cpu);
/** @return whether the transmitter never drains. */
bool sim_uart_stuck(const struct sim_uart *uart);
uint64_t sim_uart_character_time(unsigned baud);

/* The models, as a boot loader leaves them: the transmitter and the receiver on. */
struct sim_uart *sim_pl011_create(struct sim_machine *machine, uint64_t base, uint64_t size, unsigned intid);
struct sim_uart *sim_cadence_create(struct sim_machine *machine, uint64_t base, uint64_t size, unsigned intid);

#endif
