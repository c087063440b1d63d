/* SPDX-License-Identifier: Apache-2.0 */
/* In which order locks are taken. Two CPUs that take two locks in different orders may wait for each other for ever;
 * most runs are lucky. So a run fails as soon as both orders were seen, at whatever times and on whichever CPUs. */
#ifndef HOSTSIM_CONTRACT_LOCK_ORDER_H
#define HOSTSIM_CONTRACT_LOCK_ORDER_H

#include "arch/cpu.h"

#define SIM_MAX_LOCK_PAIRS 512

/** Of one machine; zero is nothing seen. */
struct sim_lock_order {
    unsigned count;
    struct sim_lock_pair {
        const struct arch_spinlock *outer, *inner;
    } pairs[SIM_MAX_LOCK_PAIRS];
};

/** Notes that @p inner is taken while @p outer is held. @return false where @p outer is taken, by whatever detour,
 * inside
 * @p inner */
bool sim_lock_pair(struct sim_lock_order *order, const struct arch_spinlock *outer, const struct arch_spinlock *inner);

#endif
