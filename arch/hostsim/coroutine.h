/* Stacks that take turns in one thread: simulated CPUs and guests. */
#ifndef BULKHEAD_HOSTSIM_COROUTINE_H
#define BULKHEAD_HOSTSIM_COROUTINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** One stack. All zero is the stack of the thread itself: the desk. */
struct coroutine {
    void *stack_pointer; /* where it goes on; meaningful while it does not run */
    uint8_t *stack;      /* lowest usable byte, a guard page below; NULL: the desk, or not started */
    size_t stack_size;
    void (*entry)(void *argument);
    void *argument;
    void *fake_stack; /* AddressSanitizer's */
    const void *bottom;
    size_t bottom_size;
};

/** Gives @p coroutine a stack on which @p entry will begin at the first switch to it. @p entry must never return. */
void coroutine_start(struct coroutine *coroutine, void (*entry)(void *argument), void *argument);
/** Goes on with @p to; returns when somebody switches back to @p from, which must be the stack that runs now. */
void coroutine_switch(struct coroutine *from, struct coroutine *to);
/** Gives the stack back, wherever it stopped. Not the one that runs. */
void coroutine_release(struct coroutine *coroutine);

#endif
