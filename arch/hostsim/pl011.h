/* A PL011 (DDI 0183): register file, FIFOs, interrupt; what it sends is captured, what it receives comes from the test.
 */
#ifndef BULKHEAD_HOSTSIM_PL011_H
#define BULKHEAD_HOSTSIM_PL011_H

#include "hostsim/machine.h"

struct sim_uart *sim_uart_create(struct sim_machine *machine, uint64_t base, uint64_t size, unsigned intid);
void sim_uart_destroy(struct sim_uart *uart);

#endif
