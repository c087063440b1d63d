// SPDX-License-Identifier: Apache-2.0
/* Reads lines and answers them, as a shell would, by receive interrupts: for the keyboard and the console. "off" powers
 * off, "reset" resets. Arguments: lines=N (0: without end), calls=1 (says something by
 * Xen's console_io first). */
#include "programs.h"

#define LINE_MAX 128
#define PAGE 4096ul
#define XEN_CONSOLE_IO 18
#define BEYOND 0x10000000 /* an address at which no domain has memory */

struct line {
    struct platform *platform;
    char text[LINE_MAX];
    unsigned length;
    bool complete;
};

static void take_characters(struct line *line)
{
    int character;

    while (!line->complete && (character = get_char(line->platform)) >= 0) {
        if (character == '\r' || character == '\n') {
            line->complete = true;
            break;
        }
        put_char(line->platform, (char)character);
        if (line->length + 1 < LINE_MAX)
            line->text[line->length++] = (char)character;
    }
    line->text[line->length] = '\0';
}

/* The characters stay in the UART, and its line high, until the program takes them: off till then. */
static void on_console(void *context, uint32_t intid, uint64_t entered)
{
    struct line *line = context;

    (void)entered;
    if (intid != INTERRUPT_UART)
        program_fail(line->platform, "another interrupt than the UART's", intid);
    uart_receive_interrupt(line->platform, false);
}

static bool equal(const char *a, const char *b)
{
    for (; *a != '\0' && *a == *b; a++, b++)
        continue;
    return *a == *b;
}

static void await_line(struct line *line)
{
    line->length = 0;
    line->complete = false;
    for (take_characters(line); !line->complete; take_characters(line)) {
        uart_receive_interrupt(line->platform, true);
        await_interrupt();
    }
    print(line->platform, "\n");
}

/* As a program does that has no driver for a UART yet. The text begins before the end of a page and is longer than what
 * a hypervisor takes at once. */
static void say_by_calls(const struct platform *platform)
{
    static const char text[] = "echo: says by console_io ";
    uint64_t address = ((platform->image_end + PAGE) & ~(PAGE - 1)) + PAGE - 5;
    uint64_t length = 0;

    for (; length < 200; length++)
        write8(address + length, (uint8_t)(length + 1 < sizeof(text) ? text[length] : '.'));
    write8(address + length++, '\n');
    if (call_xen(XEN_CONSOLE_IO, 0, length, address) != 0)
        program_fail(platform, "console_io", length);
    if (call_xen(XEN_CONSOLE_IO, 0, 1, BEYOND) != -14 || call_xen(XEN_CONSOLE_IO, 7, 1, address) != -38 ||
        call_xen(XEN_CONSOLE_IO, 1, 1, address) != 0 || call_xen(17, 0, 0, 0) != -38)
        program_fail(platform, "the answer to one of Xen's calls", 0);
}

void program_echo(struct platform *platform)
{
    struct line line = {.platform = platform};
    uint64_t lines = argument(platform, "lines", 0);

    on_interrupt(platform, on_console, &line);
    gic_init(platform);
    gic_enable(platform, INTERRUPT_UART);
    if (argument(platform, "calls", 0) != 0)
        say_by_calls(platform);
    print(platform, "echo: ready\n");
    for (uint64_t i = 0; lines == 0 || i < lines; i++) {
        print(platform, "echo> ");
        await_line(&line);
        print(platform, "echo: got \"%s\"\n", line.text);
        if (equal(line.text, "off"))
            break;
        if (equal(line.text, "reset"))
            psci(platform, PSCI_SYSTEM_RESET);
    }
    print(platform, "echo: done\n");
}
