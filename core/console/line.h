/* SPDX-License-Identifier: Apache-2.0 */
/* The line discipline: a source's characters become lines. All functions want the source's lock held. */
#ifndef BULKHEAD_CONSOLE_LINE_H
#define BULKHEAD_CONSOLE_LINE_H

#include "console/console.h"

/** @return whether @p character just goes behind the others of a line that is not on the screen: by far the most do. */
static inline bool line_is_plain(const struct console_source *source, char character)
{
    return (uint8_t)(character - ' ') < 0x7f - ' ' && source->length - 1 < CONSOLE_LINE_MAX - 1 &&
           source->escape == CONSOLE_TEXT && !source->returned && !source->shown_partial && !source->blocked;
}

/** Takes output of @p source. @param changed  set where a line began or ended: then a prompt may have to be shown later
 * @return the number of characters taken: the others have to wait */
size_t line_put(struct console_source *source, const char *text, size_t length, bool *changed);
/** Lets a blocked source go on, with its held line. @return false where the UART has not taken its output yet */
bool line_release(struct console_source *source);
/** Ends a character of several bytes, or an escape sequence, that is not finished; nothing will follow. */
void line_end_character(struct console_source *source);
/** Ends the line, whether there is anything in it or not. */
void line_end(struct console_source *source);

#endif
