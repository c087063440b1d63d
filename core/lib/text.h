/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing words: equal, starting alike, nearly the same; the last is for "did you mean". And what may be shown of
 * text that others wrote. */
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

/** What is shown of a piece of text. */
struct text_shown {
    uint8_t taken;  /* bytes of the text: 1..4 */
    uint8_t length; /* 1..4 */
    char text[4];
};

/**
 * The one filter for all that is shown. A printable character in valid UTF-8 is shown as it is. Everything else is
 * shown byte by byte, as "\xNN": control characters (C0 and C1), characters that change the direction of writing,
 * separate lines or are not seen (Unicode's categories Cc, Cf, Zl, Zp), surrogates, noncharacters, and what is no
 * UTF-8.
 * @param length  not 0
 */
struct text_shown text_show(const char *text, size_t length);
/** @return how many bytes at the start of @p text are printable ASCII, which are shown as they are. */
size_t text_plain(const char *text, size_t length);
/** @return length in bytes of the UTF-8 character that begins with @p first: 2..4; 1 where it is ASCII or none begins
 * so.
 */
unsigned text_character_length(char first);

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
