// SPDX-License-Identifier: Apache-2.0
#include "lib/text.h"

size_t text_plain(const char *text, size_t length)
{
    size_t plain = 0;

    while (plain < length && text[plain] >= ' ' && text[plain] < 0x7f)
        plain++;
    return plain;
}

unsigned text_character_length(char first)
{
    uint8_t byte = (uint8_t)first;

    if (byte < 0xc2 || byte > 0xf4)
        return 1;
    return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/** @return the code point of @p length bytes, or 0 where they are no character (Unicode 15.0, table 3-7). */
static uint32_t decode(const char *text, unsigned length)
{
    uint32_t point = (uint8_t)text[0] & (0xffu >> (length + 1));

    for (unsigned i = 1; i < length; i++) {
        if (((uint8_t)text[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | ((uint8_t)text[i] & 0x3f);
    }
    /* A shorter form would do: of two bytes, the first has told that already. */
    return point >> (5 * length - 4) != 0 && point <= 0x10ffff ? point : 0;
}

/* Ranges of code points in a word each: the first, and how many follow, at most 2047. */
#define HIDDEN(first, last) ((uint32_t)(first) << 11 | ((last) - (first)))

/* Beyond ASCII. */
static bool is_printable(uint32_t point)
{
    static const uint32_t hidden[] = {
        HIDDEN(0x0, 0x9f),        HIDDEN(0xad, 0xad),       HIDDEN(0x600, 0x605),     HIDDEN(0x61c, 0x61c),
        HIDDEN(0x6dd, 0x6dd),     HIDDEN(0x70f, 0x70f),     HIDDEN(0x890, 0x891),     HIDDEN(0x8e2, 0x8e2),
        HIDDEN(0x180e, 0x180e),   HIDDEN(0x200b, 0x200f),   HIDDEN(0x2028, 0x202e),   HIDDEN(0x2060, 0x206f),
        HIDDEN(0xd800, 0xdfff),   HIDDEN(0xfdd0, 0xfdef),   HIDDEN(0xfeff, 0xfeff),   HIDDEN(0xfff0, 0xfffb),
        HIDDEN(0x110bd, 0x110bd), HIDDEN(0x110cd, 0x110cd), HIDDEN(0x13430, 0x1343f), HIDDEN(0x1bca0, 0x1bca3),
        HIDDEN(0x1d173, 0x1d17a), HIDDEN(0xe0000, 0xe07ff), HIDDEN(0xe0800, 0xe0fff)};

    for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
        if (point - (hidden[i] >> 11) <= (hidden[i] & 0x7ff))
            return false;
    return (point & 0xfffe) != 0xfffe;
}

static struct text_shown escape(char character)
{
    const char *digits = "0123456789abcdef";
    uint8_t byte = (uint8_t)character;

    return (struct text_shown){1, 4, {'\\', 'x', digits[byte >> 4], digits[byte & 15]}};
}

struct text_shown text_show(const char *text, size_t length)
{
    unsigned bytes = text_character_length(text[0]);
    struct text_shown shown = {(uint8_t)bytes, (uint8_t)bytes, {text[0]}};

    if (bytes == 1)
        return text_plain(text, 1) != 0 ? shown : escape(text[0]);
    if (bytes > length || !is_printable(decode(text, bytes)))
        return escape(text[0]);
    for (unsigned i = 1; i < bytes; i++)
        shown.text[i] = text[i];
    return shown;
}
