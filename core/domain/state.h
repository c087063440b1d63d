/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a domain: its states, and what moves it from one to the next, as a table. */
#ifndef BULKHEAD_DOMAIN_STATE_H
#define BULKHEAD_DOMAIN_STATE_H

#include "lib/types.h"

enum domain_state {
    DOMAIN_PLANNED, /* waits to be built */
    DOMAIN_BUILDING,
    DOMAIN_RUNNING,
    DOMAIN_OFF,    /* PSCI SYSTEM_OFF */
    DOMAIN_FAILED, /* its build failed, or it did what hardware would not survive */
    DOMAIN_STATES,
};

enum domain_event {
    DOMAIN_BEGIN, /* its CPU begins to build it */
    DOMAIN_BUILT, /* and has done all of it */
    DOMAIN_RESET, /* it restarts */
    DOMAIN_QUIT,  /* it went off */
    DOMAIN_FAIL,
    DOMAIN_EVENTS,
};

/**
 * Moves on by @p event. Any CPU, several at once: each event happens to the state that the one before it left.
 * @param state  the word of a domain
 * @return false, and nothing happened, where its state does not know @p event
 */
bool state_move(uint32_t *state, enum domain_event event);

/** @return whether there is something to be built of a domain in @p state */
static inline bool state_unbuilt(uint32_t state)
{
    return state == DOMAIN_PLANNED || state == DOMAIN_BUILDING;
}

/** @return whether @p state is final */
static inline bool state_ended(uint32_t state)
{
    return state == DOMAIN_OFF || state == DOMAIN_FAILED;
}

#endif
