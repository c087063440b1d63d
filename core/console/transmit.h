/* SPDX-License-Identifier: Apache-2.0 */
/* From the log to the UART. The log is the buffer: what is printed is appended to it, and the UART is given as much as
 * it takes at once, then more each time its transmit interrupt says that there is room. Nobody waits for it, but for a
 * CPU that panics or powers off. All functions want console.lock held. */
#ifndef BULKHEAD_CONSOLE_TRANSMIT_H
#define BULKHEAD_CONSOLE_TRANSMIT_H

#include "console/console.h"

#define TRANSMIT_PUMP_MAX KIB(1)   /* bytes given to the UART in one go */
#define TRANSMIT_POLL_US 1000      /* without an interrupt: 16 bytes take 1.4 ms at 115200 baud */
#define TRANSMIT_PATIENCE_US 20000 /* with one: it may be lost */
#define TRANSMIT_NOTE_MAX 64       /* of the line that says what was lost */

/** @return how many bytes can be appended. */
size_t transmit_room(void);
/** Appends; there must be room, or no UART yet. */
void transmit_put(const char *text, size_t length);
/** Gives the UART what it takes now, and has itself called again for what is left. */
void transmit_pump(uint64_t now);
/** console.c's: has console_tick() called when the counter is at @p when. */
void transmit_tick_at(uint64_t when);
/** Waits until the UART has taken everything, or is stuck. */
void transmit_drain(void);

#endif
