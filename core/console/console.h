/* SPDX-License-Identifier: Apache-2.0 */
/* One UART shared by the hypervisor and all domains: whole lines, each with its owner's name, and a keyboard that goes
 * to one of them. Nobody waits for the UART: output goes to a buffer, which the UART's transmit interrupt empties. A
 * domain cannot delay another's output by being loud: at most one line of each waits there, and its own UART is full
 * meanwhile.
 *
 * Locks, outer to inner: source.lock (its unfinished line), console.lock (the screen). Neither is held while a domain
 * is given input. */
#ifndef BULKHEAD_CONSOLE_CONSOLE_H
#define BULKHEAD_CONSOLE_CONSOLE_H

#include "arch/cpu.h"
#include "drivers/uart.h"
#include "lib/diag.h"
#include "lib/format.h"
#include "time/deadline.h"

#define CONSOLE_LINE_MAX 256     /* a longer line is continued on the next, with its prefix */
#define CONSOLE_LOG_SIZE KIB(16) /* the last output is kept, and what the UART has not taken yet */
#define CONSOLE_BURST                                                                                                  \
    CONSOLE_LINE_MAX /* characters of one domain that may wait for the UART, beside what it ends a line with */
#define CONSOLE_PROMPT_US 60000    /* an unfinished line is shown after the screen was quiet for so long ... */
#define CONSOLE_PATIENCE_US 500000 /* ... and at the latest after this time */
#define CONSOLE_HELD_KEYS_US 400000
#define CONSOLE_POLL_US 10000 /* how often a UART without an interrupt is looked at */
#define CONSOLE_ESCAPE_MAX 24

/** Where a source is in an escape sequence (ECMA-48 5.3, 5.4, 5.6). */
enum console_escape {
    CONSOLE_TEXT,
    CONSOLE_ESCAPE,    /* after ESC */
    CONSOLE_SEQUENCE,  /* after ESC [ */
    CONSOLE_STRING,    /* after ESC ] and the like: swallowed up to its end */
    CONSOLE_CHARACTER, /* in a character of several bytes */
};

/** Who writes: the hypervisor or one domain. Embedded in struct domain. Zero but for name, domid, input, drained
 * and device is its start. */
struct console_source {
    const char *name; /* prefix; NULL: the hypervisor ("bulkhead") */
    uint16_t domid;
    struct arch_spinlock lock;
    char line[CONSOLE_LINE_MAX];
    uint32_t length; /* the cursor stands behind these */
    uint32_t shown;  /* and these are on the screen. Up to there a live line changes with the screen locked too */
    uint64_t
        line_started; /* counter when the first character of an unfinished line came: shown as a prompt after a while */
    bool shown_partial; /* the unfinished line was on the screen: what continues it goes there at once */
    bool returned;      /* CR came last: what follows, unless LF, writes over the line */
    bool coloured;      /* the line has a colour sequence, to be undone at its end */
    bool closed;        /* its domain has ended: the keyboard passes it by */
    bool attended;      /* somebody has typed to it since it got the keyboard: it may draw on the screen */
    enum console_escape escape;
    uint8_t sequence_length;
    char sequence[CONSOLE_ESCAPE_MAX];
    uint64_t lines, dropped_lines; /* statistics: lines written, lines that the UART did not take */
    uint64_t dropped_input;
    uint64_t queued_end; /* of its output in the log: all that the UART has to take before its next line */
    uint64_t mark;       /* end of what its domain's last life put into the log */
    uint32_t burst;      /* characters of it that were put while others waited */
    bool held;           /* the line is complete, and waits until those before it are gone */
    bool blocked;        /* takes nothing until then. Written with the lock held, read without */
    /** Takes a character from the keyboard. @return false if there is no room (it is dropped). NULL: takes none. */
    bool (*input)(struct console_source *source, char character);
    /** Takes output again, having refused some. No lock is held. NULL: tries again by itself. */
    void (*drained)(struct console_source *source);
    void *device; /* that these two work on */
    struct console_source *next;
};

/** A key of the hypervisor's console. */
struct console_key {
    char key;
    const char *help;
    void (*handler)(void);
};

/** The one console. Public for debuggers and tests; only core/console changes it. */
struct console {
    struct arch_spinlock lock;       /* the screen: uart output, log, partial, last_line */
    struct uart *uart;               /* NULL: not known yet */
    struct console_source *partial;  /* whose unfinished line the cursor stands behind; NULL: at the start of a line */
    uint64_t last_line;              /* counter when the last line of any source was ended */
    struct deadline tick;            /* when console_tick() wants to be called, on CPU 0 */
    uint64_t waiting_since;          /* since when the keyboard's owner has an unfinished line that is not shown */
    struct console_source *sources;  /* domains, in the order in which the keyboard visits them */
    struct console_source *keyboard; /* NULL: the hypervisor's console */
    bool keyboard_chosen;
    uint32_t polls;     /* calls of console_poll() that are being served */
    uint32_t held_keys; /* Ctrl-A in a row, not yet passed on */
    uint32_t chosen;    /* the number, behind two of them, by which the keyboard was moved last; 0: none */
    uint64_t held_since;
    bool more_input;     /* the last poll stopped at its bound */
    uint32_t taken_over; /* number, from 1, of the first CPU that panics: it prints without asking */
    uint32_t muted;      /* the screen was locked by another one since: what that one prints is dropped */
    const struct console_key *keys;
    size_t key_count;
    uint64_t sent;     /* of log_end: what the UART has taken, or what was given up; written with the lock held */
    uint64_t progress; /* counter when it last took something */
    uint64_t lost;     /* characters for which there was no room, not told yet */
    bool draining;     /* it has not taken everything; it, or a tick, says when it takes more */
    bool served;       /* interrupts and ticks come */
    uint64_t log_end;  /* characters logged since the start; the last CONSOLE_LOG_SIZE of them are in log[] */
    char log[CONSOLE_LOG_SIZE];
};

extern struct console console;

/** Starts without a UART: output is kept in the log. After deadline_init(). */
void console_init(void);
/** From here on output goes to @p uart; what was kept is written first. */
void console_attach(struct uart *uart);
/** Adds a domain's source to the rotation of the keyboard; the first that takes input has it. @p source lives for ever.
 */
void console_add_source(struct console_source *source);

/**
 * A domain's output, any bytes. Completed lines are written at once, whole. CR returns to the start of the line, BS
 * takes back a character; what is no printable character in UTF-8 is shown as text_show() does. Colours pass for the
 * domain that has the keyboard, sequences that an interactive program draws with once somebody has typed to it; all
 * other escape sequences are taken out.
 * @return how many of them it took: a domain's further output is refused as long as its last line waits for the UART
 */
size_t console_write(struct console_source *source, const char *text, size_t length);
/** The same for one character: what a domain's UART calls for each that the guest sends. @return whether it was taken
 */
bool console_put(struct console_source *source, char character);
/** @return whether @p source's output would be refused now. */
static inline bool console_blocked(const struct console_source *source)
{
    return __atomic_load_n(&source->blocked, __ATOMIC_RELAXED);
}
/** Ends @p source's unfinished line: it writes no more, or starts anew. */
void console_flush(struct console_source *source);
/** Its domain has ended: if it has the keyboard, that goes to the next domain, or else to the hypervisor, and says so.
 */
void console_close(struct console_source *source);
/** Its domain starts, or starts again: the unfinished line of its former self is ended, the keyboard can visit it. */
void console_open(struct console_source *source);
/** @return whether the UART has taken all that was put when it was opened last: before that it is not opened again. */
bool console_settled(const struct console_source *source);

/** The hypervisor's own output. Lines, from any CPU; each ends with '\n'. */
void console_printf(const char *format, ...) HV_PRINTF(1, 2);
/** A sink that writes to the hypervisor's console, for diag_format() and plan_print(). It is the calling CPU's own. */
struct text_sink *console_sink(void);
/** A diag whose reports are printed on the hypervisor's console. */
struct diag *console_diag(void);
/** From here on this CPU prints without waiting for locks, and no other prints: for hv_panic(), which may have come
 * while they were held. @return false where another CPU did so before */
bool console_take_over(void);

/** Gives the UART more of what waits, and lets those go on who waited for that. Called from the UART's interrupt, after
 * it was acknowledged, and from ticks. Any CPU, no lock held. */
void console_transmit(void);
/** Waits until the UART has taken everything: before the machine stops. */
void console_drain(void);
/** The UART's interrupt comes from now on, or does not any more. */
void console_uart_interrupts(bool on);
/** Serves the UART's interrupt: what it received, and what it has room for. */
void console_interrupt(void);
/** That interrupt was turned off: the UART is asked from time to time instead. */
void console_interrupt_lost(void);

/**
 * Reads what the UART received and hands it to its owner: three Ctrl-A in a row move the keyboard to the next domain
 * and at last to the hypervisor's console, whose keys console_set_keys() gives; two and a domain's number (0: the
 * hypervisor's console) move it there. Called from the UART's interrupt, after
 * it was acknowledged, and from idle loops. Any CPU.
 */
void console_poll(void);
/**
 * Time-based work: shows unfinished lines (prompts) of the domain that has the keyboard, passes on Ctrl-A that were
 * held.
 * @return the counter value at which it wants to be called again, or UINT64_MAX. Output may bring that forward.
 */
uint64_t console_tick(uint64_t now);

/** The hypervisor's keys; 'h', which lists them, is built in. @p keys lives as long as the hypervisor. */
void console_set_keys(const struct console_key *keys, size_t count);

/**
 * Copies logged output, oldest first. @param position  characters since the start; advanced past what was copied
 * @return the number copied, 0 at the end. Output that was overwritten meanwhile is skipped.
 */
size_t console_log_read(uint64_t *position, char *buffer, size_t size);

#endif
