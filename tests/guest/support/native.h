/* SPDX-License-Identifier: Apache-2.0 */
/* Between native.c and the backends of payloads (a64/, x86_64/). */
#ifndef BULKHEAD_GUEST_NATIVE_H
#define BULKHEAD_GUEST_NATIVE_H

#include "program.h"

extern struct platform platform;
extern struct platform *native_platforms[MAX_VCPUS]; /* of further vCPUs, by their number */
extern char image_start[], image_end[];              /* of the linker script */

/* Of each payload: main.c. */
extern const char native_name[];
void native_program(struct platform *platform);

/** Called by start.S with a stack and a zeroed BSS. */
__attribute__((noreturn)) void native_start(uint64_t tree, uint64_t first_ticks);
/** Notes an exception. @return whether the program expects some. */
bool native_exception(uint64_t esr, uint64_t far);
/** Asks the machine for exceptions, where they do not come by themselves, and notes them. */
void native_poll_exception(void);

#endif
