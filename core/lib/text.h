/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing words: equal, starting alike, nearly the same. The last is for "did you mean". */
#ifndef BULKHEAD_LIB_TEXT_H
#define BULKHEAD_LIB_TEXT_H

#include "lib/types.h"

/** The digits of a constant, for messages that name a limit. */
#define TEXT_OF(constant) TEXT_OF_TOKEN(constant)
#define TEXT_OF_TOKEN(token) #token

#define TEXT_WORD_MAX 48 /* a longer word is near to nothing */

/** strcmp() == 0; inline, because a device tree is mostly names that differ in their first character. */
static inline bool text_equal(const char *a, const char *b)
{
    while (*a == *b && *a != '\0') {
        a++;
        b++;
    }
    return *a == *b;
}

/** @return what follows @p prefix in @p text, or NULL if it does not start with it. */
const char *text_after(const char *text, const char *prefix);

/** Edits (insert, delete, replace, swap neighbours) that make @p length characters at @p a into @p b; UINT32_MAX: too
 * long. */
uint32_t text_distance(const char *a, size_t length, const char *b);

/** The search for the name that a misspelt word most likely stands for. */
struct text_nearest {
    const char *word;
    size_t length;
    const char *best; /* NULL: nothing is near enough */
    uint32_t distance;
};

/** Starts a search; a word may differ from a name in a third of its characters, at most in 3. */
struct text_nearest text_nearest_start(const char *word, size_t length);
void text_nearest_offer(struct text_nearest *nearest, const char *name);

#endif
