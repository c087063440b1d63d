// SPDX-License-Identifier: Apache-2.0
#include "hostsim/contract/lock_order.h"

#include "hostsim/machine/machine.h"
#include "hostsim/sim.h"

static bool seen(const struct sim_lock_order *order, const struct arch_spinlock *outer,
                 const struct arch_spinlock *inner)
{
    for (unsigned i = 0; i < order->count; i++)
        if (order->pairs[i].outer == outer && order->pairs[i].inner == inner)
            return true;
    return false;
}

/* What was noted before has no circle, so this comes to its end. */
static bool leads_to(const struct sim_lock_order *order, const struct arch_spinlock *from,
                     const struct arch_spinlock *to)
{
    for (unsigned i = 0; i < order->count; i++)
        if (order->pairs[i].outer == from &&
            (order->pairs[i].inner == to || leads_to(order, order->pairs[i].inner, to)))
            return true;
    return false;
}

bool sim_lock_pair(struct sim_lock_order *order, const struct arch_spinlock *outer, const struct arch_spinlock *inner)
{
    if (seen(order, outer, inner))
        return true;
    if (leads_to(order, inner, outer))
        return false;
    if (order->count == SIM_MAX_LOCK_PAIRS)
        sim_fail("more than %d pairs of locks", SIM_MAX_LOCK_PAIRS);
    order->pairs[order->count++] = (struct sim_lock_pair){outer, inner};
    return true;
}
