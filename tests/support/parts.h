/* SPDX-License-Identifier: Apache-2.0 */
/* Domains that are configured by hand. */
#ifndef BULKHEAD_TESTS_SUPPORT_PARTS_H
#define BULKHEAD_TESTS_SUPPORT_PARTS_H

#include <check.h>
#include <string.h>

#include "config/part.h"

/** @return the place of part @p name in part_table[] */
static inline unsigned part_index(const char *name)
{
    FOR_EACH_PART(i)
        if (strcmp(part_table[i]->name, name) == 0)
            return i;
    ck_abort_msg("this build has no part %s", name);
    return 0;
}

/** For domain_config::parts. @return what each domain has, and part @p name, if that is not NULL */
static inline uint32_t part_bits(const char *name)
{
    uint32_t bits = name != NULL ? 1u << part_index(name) : 0;

    FOR_EACH_PART(i)
        if (part_of_each(part_table[i]))
            bits |= 1u << i;
    return bits;
}

static inline bool has_part(const struct domain_config *config, const char *name)
{
    return (config->parts >> part_index(name) & 1) != 0;
}

#endif
