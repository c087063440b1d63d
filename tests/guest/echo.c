/* Reads lines and answers them, as a shell would: for the keyboard and the console. "off" powers off, "reset" resets.
 */
#include "guest.h"

#define LINE_MAX 80

static bool equal(const char *a, const char *b)
{
    for (; *a != '\0' && *a == *b; a++, b++)
        continue;
    return *a == *b;
}

static void read_line(char *line)
{
    unsigned length = 0;

    for (;;) {
        int character = get_char();

        if (character < 0)
            continue;
        if (character == '\r' || character == '\n')
            break;
        put_char((char)character);
        if (length < LINE_MAX - 1)
            line[length++] = (char)character;
    }
    line[length] = '\0';
    print("\n");
}

void guest_main(void)
{
    static char line[LINE_MAX];

    print("echo: ready\n");
    for (;;) {
        print("echo> ");
        read_line(line);
        print("echo: got \"%s\"\n", line);
        if (equal(line, "off"))
            return;
        if (equal(line, "reset"))
            psci(PSCI_SYSTEM_RESET);
    }
}
