/* SPDX-License-Identifier: Apache-2.0 */
/* A guest on whose memory caches and core's windows meet. */
#ifndef BULKHEAD_TESTS_UNIT_HOSTSIM_CACHES_H
#define BULKHEAD_TESTS_UNIT_HOSTSIM_CACHES_H

#include "unit/hostsim/paging.h"

#define LINE 64

static inline void end_with_hvc(struct mini *mini)
{
    struct arch_exit exit = mini_run(mini);
    ck_assert_uint_eq(exit_class(&exit), CLASS_HVC);
}

/** A guest in which the spare block has been, and may be again. */
static inline void begin(struct mini *mini, const char *program)
{
    struct arch_exit exit = paging_begin(mini, program);
    ck_assert_uint_eq(exit_class(&exit), CLASS_HVC);
}

struct cache_case {
    void (*main)(void *context);
    const char *message; /* NULL: nothing is wrong */
};

static inline void expect_end(struct sim_machine *machine, enum sim_end end, const char *message)
{
    ck_assert_msg(end == (message != NULL ? SIM_END_FAILED : SIM_END_RETURNED) &&
                      (message == NULL || strstr(sim_message(machine), message) != NULL),
                  "%s: %s, expected: %s", sim_end_name(end), sim_message(machine),
                  message != NULL ? message : "no failure");
}

#endif
