/* SPDX-License-Identifier: Apache-2.0 */
/* Threads for stacks. One of them runs at a time: who resumes another must pause. They hand over by a futex and nothing
 * else, which a race detector does not see: to it, what two of them do is unordered unless core orders it. */
#ifndef BULKHEAD_HOSTSIM_CARRIER_H
#define BULKHEAD_HOSTSIM_CARRIER_H

struct carrier;

/** @return a new thread, paused. */
struct carrier *carrier_create(void);
/** @return the thread that runs this. */
struct carrier *carrier_this(void);
/** Lets @p carrier go on. @param stack_pointer  of the stack to enter, the first time; else NULL */
void carrier_resume(struct carrier *carrier, void *stack_pointer);
/** Returns when somebody resumes the thread that runs this. */
void carrier_pause(void);
/** Ends a paused thread; NULL is fine. */
void carrier_end(struct carrier *carrier);

#endif
