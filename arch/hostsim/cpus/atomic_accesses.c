// SPDX-License-Identifier: Apache-2.0
/* Apart from the scheduler: a program that uses core without a machine has this and nothing else of it. */
#include "hostsim/cpus/atomic_accesses.h"

#include <stdint.h>

const struct hostsim_atomics *hostsim_atomics;

void *hostsim_atomic_load(const void *word, size_t size, int order)
{
    if (hostsim_atomics != NULL) {
        hostsim_atomics->access();
        word = hostsim_atomics->load(word, size, order);
    }
    return (void *)(uintptr_t)word; /* to be cast back: the macro does not know whether it is const */
}

void hostsim_atomic_store(const void *word, size_t size)
{
    if (hostsim_atomics == NULL)
        return;
    hostsim_atomics->access();
    hostsim_atomics->store(word, size);
}

void hostsim_atomic_exchange(const void *word)
{
    if (hostsim_atomics == NULL)
        return;
    hostsim_atomics->access();
    hostsim_atomics->exchange(word);
}

void hostsim_atomic_fence(void)
{
    if (hostsim_atomics != NULL)
        hostsim_atomics->fence();
}
