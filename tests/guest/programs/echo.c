// SPDX-License-Identifier: Apache-2.0
/* Reads lines and answers them, as a shell would, by receive interrupts: for the keyboard and the console. "off" powers
 * off, "reset" resets. Arguments: lines=N (0: without end). */
#include "programs.h"

#define LINE_MAX 128

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

void program_echo(struct platform *platform)
{
    struct line line = {.platform = platform};
    uint64_t lines = argument(platform, "lines", 0);

    on_interrupt(platform, on_console, &line);
    gic_init(platform);
    gic_enable(platform, INTERRUPT_UART);
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
