/* SPDX-License-Identifier: Apache-2.0 */
/* What is on the UART. All functions but screen_lock() and screen_live() want console.lock held. */
#ifndef BULKHEAD_CONSOLE_SCREEN_H
#define BULKHEAD_CONSOLE_SCREEN_H

#include "console/console.h"

/** Takes a lock of the console; does nothing on the CPU that has called console_take_over(). */
void screen_lock(struct arch_spinlock *lock);
void screen_unlock(struct arch_spinlock *lock);

/** @return whether the cursor stands behind @p source's unfinished line. Without the lock: a hint. */
static inline bool screen_live(const struct console_source *source)
{
    return __atomic_load_n(&console.partial, __ATOMIC_RELAXED) == source;
}

static inline struct console_source *screen_keyboard(void)
{
    return __atomic_load_n(&console.keyboard, __ATOMIC_RELAXED);
}

#define SCREEN_FRAME_MAX 256 /* around a line: a name, colours, the end of another line */

/** Gives the UART what it takes now. */
void screen_pump(uint64_t now);
/** Appends to what the UART is to be given. */
void screen_put(const char *text, size_t length);
/** Writes what the log holds to a UART that has just become known. */
void screen_replay(void);
/** Moves the cursor to the start of @p source's live line, behind its prefix. */
void screen_rewind(const struct console_source *source);
/** Puts @p source's unfinished line on the screen; another's that is there is ended first and shown again later. */
void screen_show(struct console_source *source);
/** Puts @p source's line on the screen and ends it; what is there of it already is not repeated.
 * @param now  even where its last line waits for the UART
 * @return false where it has to wait */
bool screen_line(struct console_source *source, bool now);
/** @return whether the UART has taken all of its output. */
bool screen_drained(const struct console_source *source);
/** @p length characters of @p source were put: it may have to wait from now on. Starts the UART. */
void screen_queued(struct console_source *source, size_t length);

#endif
