/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets what is typed. */
#ifndef BULKHEAD_CONSOLE_KEYBOARD_H
#define BULKHEAD_CONSOLE_KEYBOARD_H

#include "console/console.h"

#define KEYBOARD_POLL_MAX 64 /* characters taken in one go: twice a PL011's FIFO */

/** Takes what the UART received. One caller at a time; no lock held. */
void keyboard_serve(void);
/** Passes on Ctrl-A that were held long enough. The same rules. @return when to call again, UINT64_MAX: no need */
uint64_t keyboard_tick(uint64_t now);
/** Takes the keyboard away from @p source, if it has it, and never gives it to it again until it is opened. */
void keyboard_leave(struct console_source *source);
/** Says on a line of its own who has the keyboard. */
void keyboard_announce(void);

#endif
