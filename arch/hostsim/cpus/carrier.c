// SPDX-License-Identifier: Apache-2.0
#include "hostsim/cpus/carrier.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

void hostsim_switch_stack(void **save, void *to);

struct carrier {
    pthread_t thread;
    uint32_t turn; /* 1: may go on */
    bool ends;
    void *home;  /* the thread's own stack, while it runs on another */
    void *enter; /* where to begin */
};

static struct carrier main_carrier;
static __thread struct carrier *this_carrier;

struct carrier *carrier_this(void)
{
    return this_carrier != NULL ? this_carrier : &main_carrier;
}

static void await_turn(struct carrier *self)
{
    while (__atomic_exchange_n(&self->turn, 0, __ATOMIC_ACQUIRE) == 0)
        syscall(SYS_futex, &self->turn, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static void *run(void *argument)
{
    struct carrier *self = argument;
    this_carrier = self;
    await_turn(self);
    if (!self->ends)
        hostsim_switch_stack(&self->home, self->enter); /* returns from carrier_pause(), to end */
    return NULL;
}

struct carrier *carrier_create(void)
{
    struct carrier *carrier = calloc(1, sizeof(*carrier));
    if (carrier == NULL || pthread_create(&carrier->thread, NULL, run, carrier) != 0) {
        fputs("hostsim: no thread for a CPU\n", stderr);
        abort();
    }
    return carrier;
}

void carrier_resume(struct carrier *carrier, void *stack_pointer)
{
    if (stack_pointer != NULL)
        carrier->enter = stack_pointer;
    __atomic_store_n(&carrier->turn, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &carrier->turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void carrier_pause(void)
{
    struct carrier *self = carrier_this();
    void *abandoned;
    await_turn(self);
    if (self->ends)
        hostsim_switch_stack(&abandoned, self->home);
}

void carrier_end(struct carrier *carrier)
{
    if (carrier == NULL)
        return;
    carrier->ends = true;
    carrier_resume(carrier, NULL);
    pthread_join(carrier->thread, NULL);
    free(carrier);
}
