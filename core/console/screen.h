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

/** Writes to the UART and the log. */
void screen_put(const char *text, size_t length);
/** Writes what the log holds to a UART that has just become known. */
void screen_replay(void);
/** Moves the cursor to the start of @p source's live line, behind its prefix. */
void screen_rewind(const struct console_source *source);
/** Puts @p source's unfinished line on the screen; another's that is there is ended first and shown again later. */
void screen_show(struct console_source *source);
/** Puts @p source's line on the screen and ends it; what is there of it already is not repeated. */
void screen_line(struct console_source *source);

#endif
