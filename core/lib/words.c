// SPDX-License-Identifier: Apache-2.0
/* Words compared: what reads a tree needs of lib/text.h. */
#include "lib/text.h"

#include <string.h>

const char *text_after(const char *text, const char *prefix)
{
    while (*prefix != '\0')
        if (*text++ != *prefix++)
            return NULL;
    return text;
}

static uint32_t smallest(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t least = a < b ? a : b;

    return least < c ? least : c;
}

uint32_t text_distance(const char *a, size_t length, const char *b)
{
    /* the rows of the optimal string alignment table for the last two characters of a and for the current one */
    uint8_t rows[3][TEXT_WORD_MAX + 1];
    size_t other = strlen(b);

    if (length > TEXT_WORD_MAX || other > TEXT_WORD_MAX)
        return UINT32_MAX;
    for (size_t j = 0; j <= other; j++)
        rows[0][j] = (uint8_t)j;
    for (size_t i = 1; i <= length; i++) {
        uint8_t *row = rows[i % 3];
        const uint8_t *above = rows[(i - 1) % 3];
        const uint8_t *two_above = rows[(i + 1) % 3];

        row[0] = (uint8_t)i;
        for (size_t j = 1; j <= other; j++) {
            uint32_t cost = above[j - 1] + (a[i - 1] != b[j - 1]);

            cost = smallest(cost, above[j] + 1u, row[j - 1] + 1u);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost = smallest(cost, two_above[j - 2] + 1u, cost);
            row[j] = (uint8_t)cost;
        }
    }
    return rows[length % 3][other];
}

struct text_nearest text_nearest_start(const char *word, size_t length)
{
    uint32_t allowed = length / 3 < 3 ? (uint32_t)(length / 3) : 3;

    return (struct text_nearest){.word = word, .length = length, .distance = allowed + 1};
}

void text_nearest_offer(struct text_nearest *nearest, const char *name)
{
    uint32_t distance = text_distance(nearest->word, nearest->length, name);

    if (distance < nearest->distance) {
        nearest->distance = distance;
        nearest->best = name;
    }
}
