// SPDX-License-Identifier: Apache-2.0
/* Looks like Linux from outside: a tick, a console by interrupts, a shell prompt. */
#include <string.h>

#include "hostsim/guest/programs/register.h"

struct system {
    struct platform *platform;
    char text[128];
    size_t length;
    bool complete;
    uint64_t jiffies;
};

static void take_characters(struct system *system)
{
    int character;
    while (!system->complete && (character = get_char(system->platform)) >= 0) {
        if (character == '\r' || character == '\n')
            system->complete = true;
        else if (system->length + 1 < sizeof(system->text))
            system->text[system->length++] = (char)character;
    }
    system->text[system->length] = '\0';
}

static void on_any(void *context, uint32_t intid, uint64_t entered)
{
    struct system *system = context;
    if (intid == INTERRUPT_VIRTUAL_TIMER) {
        system->jiffies++;
        timer_arm(entered + counter_frequency() / 250);
    } else if (intid == INTERRUPT_UART) {
        take_characters(system);
    } else {
        program_fail(system->platform, "INTID", intid);
    }
}

static void await_line(struct system *system)
{
    system->length = 0;
    system->complete = false;
    take_characters(system); /* what came while the last line was dealt with */
    while (!system->complete)
        await_interrupt();
}

static void boot(struct system *system)
{
    struct platform *platform = system->platform;
    on_interrupt(platform, on_any, system);
    gic_init(platform);
    gic_enable(platform, INTERRUPT_UART);
    uart_receive_interrupt(platform, true);
    interrupts_on();
    print(platform, "Booting Linux on physical CPU 0x%lx\n", READ_SYSREG(MPIDR_EL1) & 0xffffff);
    print(platform, "Kernel command line: %s\n", platform->bootargs);
    print(platform, "Memory: %luK\n", (platform->ram_size[0] + platform->ram_size[1]) >> 10);
    gic_enable(platform, INTERRUPT_VIRTUAL_TIMER);
    timer_arm(counter());
    interrupts_off();
    while (system->jiffies < 5)
        await_interrupt();
    timer_stop(); /* no tick while idle */
    print(platform, "Run /init as init process\n");
}

void program_linux(struct platform *platform)
{
    struct system system = {.platform = platform};
    boot(&system);
    for (;;) {
        print(platform, "/ # ");
        await_line(&system);
        print(platform, "%s\n", system.text);
        if (strcmp(system.text, "poweroff") == 0)
            power_off(platform);
        else if (strcmp(system.text, "reboot") == 0)
            psci(platform, PSCI_SYSTEM_RESET);
        else if (system.text[0] != '\0')
            print(platform, "sh: %s: not found\n", system.text);
    }
}
