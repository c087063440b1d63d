// SPDX-License-Identifier: Apache-2.0
#include "domain/state.h"

#include "arch/cpu.h"

#define MOVE(state) ((state) + 1) /* 0: what is not in the table does not happen */

static const uint8_t moves[DOMAIN_STATES][DOMAIN_EVENTS] = {
    [DOMAIN_PLANNED] =
        {[DOMAIN_BEGIN] = MOVE(DOMAIN_BUILDING), [DOMAIN_QUIT] = MOVE(DOMAIN_OFF), [DOMAIN_FAIL] = MOVE(DOMAIN_FAILED)},
    [DOMAIN_BUILDING] =
        {[DOMAIN_BUILT] = MOVE(DOMAIN_RUNNING), [DOMAIN_QUIT] = MOVE(DOMAIN_OFF), [DOMAIN_FAIL] = MOVE(DOMAIN_FAILED)},
    [DOMAIN_RUNNING] =
        {[DOMAIN_RESET] = MOVE(DOMAIN_PLANNED), [DOMAIN_QUIT] = MOVE(DOMAIN_OFF), [DOMAIN_FAIL] = MOVE(DOMAIN_FAILED)},
    /* DOMAIN_OFF and DOMAIN_FAILED: an end is final. */
};

bool state_move(uint32_t *state, enum domain_event event)
{
    uint32_t from = load_acquire(state);
    uint8_t move;

    do {
        move = moves[from][event];
        if (move == 0)
            return false;
    } while (!__atomic_compare_exchange_n(state, &from, move - 1u, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    return true;
}
