/* One UART shared by the hypervisor and all domains: whole lines, each with its owner's name, and a keyboard that goes to one
 * of them. Output never waits for the UART longer than the UART takes, and a domain cannot delay another's by being loud. */
#ifndef BULKHEAD_CONSOLE_CONSOLE_H
#define BULKHEAD_CONSOLE_CONSOLE_H

#include "arch/cpu.h"
#include "drivers/uart.h"
#include "lib/diag.h"
#include "lib/format.h"

#define CONSOLE_LINE_MAX 256   /* a longer line is continued on the next, with its prefix */
#define CONSOLE_EARLY_MAX 4096 /* what is printed before the UART is known is kept, up to this */

/** Who writes: the hypervisor or one domain. Embedded in struct domain. */
struct console_source {
    const char *name; /* prefix; NULL: the hypervisor ("bulkhead") */
    uint16_t domid;
    char line[CONSOLE_LINE_MAX];
    uint32_t length;
    uint64_t line_started; /* counter when the first character of an unfinished line came: flushed as a prompt after a while */
    bool shown_partial;    /* the unfinished line is on the screen already */
    uint64_t lines, dropped_lines; /* statistics */
    /** Takes a character from the keyboard. @return false if there is no room (it is dropped). NULL: takes none. */
    bool (*input)(struct console_source *source, char character);
    struct console_source *next;
};

struct console;

/** Starts without a UART: output is kept in the early buffer. */
void console_init(void);
/** From here on output goes to @p uart; what was kept is written first. */
void console_attach(struct uart *uart);
/** Adds a domain's source to the rotation of the keyboard. @p source lives as long as the hypervisor. */
void console_add_source(struct console_source *source);

/** A domain's output, any bytes. Completed lines are written at once; CR is dropped, other control characters shown as '.',
 * but for ESC sequences of the domain that has the keyboard, which pass. */
void console_write(struct console_source *source, const char *text, size_t length);

/** The hypervisor's own output. Lines, from any CPU; each ends with '\n'. */
void console_printf(const char *format, ...) HV_PRINTF(1, 2);
/** A sink that writes to the hypervisor's console, for diag_format() and plan_print(). */
struct text_sink *console_sink(void);
/** A diag whose reports are printed on the hypervisor's console. */
struct diag *console_diag(void);

/**
 * Reads what the UART received and hands it to its owner: three Ctrl-A in a row move the keyboard to the next domain and at
 * last to the hypervisor's console, whose keys console/keys.h lists. Called from the UART's interrupt and from idle loops.
 */
void console_poll(void);
/** Time-based work: shows unfinished lines (prompts) of the domain that has the keyboard. @return the counter value at which it
 * wants to be called again, or UINT64_MAX. */
uint64_t console_tick(uint64_t now);

/** A key of the hypervisor's console. */
struct console_key {
    char key;
    const char *help;
    void (*handler)(void);
};
void console_set_keys(const struct console_key *keys, size_t count);

#endif
