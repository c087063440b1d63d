/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks that take turns: simulated CPUs and guests. All in one thread, or some in threads of their own; also then only
 * one of them runs at any time, and the same one. */
#ifndef BULKHEAD_HOSTSIM_COROUTINE_H
#define BULKHEAD_HOSTSIM_COROUTINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct carrier;

/** One stack. All zero is the stack of the thread itself: the desk. */
struct coroutine {
    void *stack_pointer; /* where it goes on; meaningful while it does not run */
    uint8_t *stack;      /* lowest usable byte, a guard page below; NULL: the desk, or not started */
    size_t stack_size;
    void (*entry)(void *argument);
    void *argument;
    void *fake_stack;        /* AddressSanitizer's */
    bool entered;            /* its thread runs on it */
    struct carrier *carrier; /* the thread that it runs in; NULL: whichever switches to it */
    const void *bottom;
    size_t bottom_size;
};

/** Gives @p coroutine a stack on which @p entry will begin at the first switch to it. @p entry must never return. */
void coroutine_start(struct coroutine *coroutine, void (*entry)(void *argument), void *argument);
/** Gives @p coroutine, before its start, a thread of its own. What the caller has written is visible there, and what
 * others write is not because of a switch: for a race detector the threads know nothing of each other. */
void coroutine_create_thread(struct coroutine *coroutine);
/** @p coroutine is the stack that runs now, and stays in the thread that runs now. */
void coroutine_bind_thread(struct coroutine *coroutine);
/** Goes on with @p to; returns when somebody switches back to @p from, which must be the stack that runs now. */
void coroutine_switch(struct coroutine *from, struct coroutine *to);
/** Gives the stack back, wherever it stopped, and ends its thread. Not the one that runs. */
void coroutine_release(struct coroutine *coroutine);

#endif
