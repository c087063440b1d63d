// SPDX-License-Identifier: Apache-2.0
/* Apart from the scheduler: a program that uses core without a machine has this and nothing else of it. */
#include "hostsim/cpus/atomic_accesses.h"

#include <stddef.h>

void (*hostsim_on_atomic_access)(void);

void hostsim_atomic_access(void)
{
    if (hostsim_on_atomic_access != NULL)
        hostsim_on_atomic_access();
}

void (*hostsim_on_store_or_fence)(bool fence);

void hostsim_atomic_store(void)
{
    hostsim_atomic_access();
    if (hostsim_on_store_or_fence != NULL)
        hostsim_on_store_or_fence(false);
}

void hostsim_fence(void)
{
    if (hostsim_on_store_or_fence != NULL)
        hostsim_on_store_or_fence(true);
}
