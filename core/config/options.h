/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a command line: name, or name=value, between blanks. */
#ifndef BULKHEAD_CONFIG_OPTIONS_H
#define BULKHEAD_CONFIG_OPTIONS_H

#include "lib/types.h"

struct option {
    const char *name; /* not terminated */
    size_t name_length;
    const char *value; /* not terminated; NULL: no '=' */
    size_t value_length;
};

/** Takes the next word from @p cursor, which moves on. @return false at the end. */
bool option_next(const char **cursor, struct option *option);
bool option_is(const struct option *option, const char *name);
bool option_value_is(const struct option *option, const char *value);

/**
 * Copies the value of the last @p name=value in @p line, as later words override earlier ones.
 * @param line  may be NULL
 * @return false where there is none, or where it does not fit into @p size bytes with its NUL
 */
bool option_read(const char *line, const char *name, char *value, size_t size);

#endif
