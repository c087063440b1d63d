/* Programs that live by interrupts. */
#include <string.h>

#include "hostsim/programs/programs.h"
#include "hostsim/programs/support.h"

struct timer_state {
    struct platform *platform;
    uint64_t fired, deadline, worst;
};

static void timer_interrupt(void *context)
{
    struct timer_state *state = context;
    unsigned intid = gic_acknowledge(state->platform);
    if (intid != INTERRUPT_VIRTUAL_TIMER)
        guest_fail("INTID %u instead of the timer's", intid);
    uint64_t late = guest_mrs(GUEST_CNTVCT_EL0) - state->deadline;
    state->worst = late > state->worst ? late : state->worst;
    timer_stop();
    gic_end(state->platform, intid);
    state->fired++;
}

void program_timer(uint64_t device_tree)
{
    struct timer_state state = {.platform = platform_read(device_tree, "timer")};
    uint64_t period = guest_mrs(GUEST_CNTFRQ_EL0) * argument(state.platform, "period-us", 10000) / 1000000;
    uint64_t ticks = argument(state.platform, "ticks", 10);
    guest_on_interrupt(timer_interrupt, &state);
    gic_init(state.platform);
    gic_enable(state.platform, INTERRUPT_VIRTUAL_TIMER);
    guest_interrupts_on();
    for (uint64_t i = 0; i < ticks; i++) {
        state.deadline = guest_mrs(GUEST_CNTVCT_EL0) + period;
        timer_arm(state.deadline);
        while (state.fired == i)
            guest_wfi();
        if (guest_mrs(GUEST_CNTVCT_EL0) < state.deadline)
            guest_fail("the timer fired early");
        print(state.platform, "timer: tick %llu\n", (unsigned long long)(i + 1));
    }
    print(state.platform, "timer: done, %llu ticks, worst %llu late\n", (unsigned long long)state.fired,
          (unsigned long long)state.worst);
    psci(state.platform, PSCI_SYSTEM_OFF);
}

struct line_state {
    struct platform *platform;
    char text[128];
    size_t length;
    bool complete;
    uint64_t jiffies;
};

static void take_characters(struct line_state *state)
{
    int character;
    while (!state->complete && (character = get_char(state->platform)) >= 0) {
        if (character == '\r' || character == '\n')
            state->complete = true;
        else if (state->length + 1 < sizeof(state->text))
            state->text[state->length++] = (char)character;
    }
    state->text[state->length] = '\0';
}

static void console_interrupt(void *context)
{
    struct line_state *state = context;
    unsigned intid = gic_acknowledge(state->platform);
    if (intid == INTERRUPT_VIRTUAL_TIMER) {
        state->jiffies++;
        timer_arm(guest_mrs(GUEST_CNTVCT_EL0) + guest_mrs(GUEST_CNTFRQ_EL0) / 250);
    } else if (intid == INTERRUPT_UART) {
        take_characters(state);
    } else if (intid < 1020) {
        guest_fail("INTID %u", intid);
    }
    if (intid < 1020)
        gic_end(state->platform, intid);
}

static void await_line(struct line_state *state)
{
    state->length = 0;
    state->complete = false;
    take_characters(state); /* what came while the last line was dealt with */
    while (!state->complete)
        guest_wfi();
}

static void begin_console(struct line_state *state, uint64_t device_tree, const char *name)
{
    memset(state, 0, sizeof(*state));
    state->platform = platform_read(device_tree, name);
    guest_on_interrupt(console_interrupt, state);
    gic_init(state->platform);
    gic_enable(state->platform, INTERRUPT_UART);
    uart_receive_interrupt_on(state->platform);
    guest_interrupts_on();
}

void program_echo(uint64_t device_tree)
{
    struct line_state state;
    begin_console(&state, device_tree, "echo");
    uint64_t lines = argument(state.platform, "lines", 1);
    print(state.platform, "echo: ready\n");
    for (uint64_t i = 0; i < lines; i++) {
        await_line(&state);
        print(state.platform, "echo: %s\n", state.text);
    }
    print(state.platform, "echo: done\n");
    psci(state.platform, PSCI_SYSTEM_OFF);
}

void program_linux(uint64_t device_tree)
{
    struct line_state state;
    begin_console(&state, device_tree, "linux");
    struct platform *platform = state.platform;
    print(platform, "Booting Linux on physical CPU 0x%llx\n",
          (unsigned long long)(guest_mrs(GUEST_MPIDR_EL1) & 0xffffff));
    print(platform, "Kernel command line: %s\n", platform->bootargs);
    print(platform, "Memory: %lluK\n", (unsigned long long)((platform->ram_size[0] + platform->ram_size[1]) >> 10));
    gic_enable(platform, INTERRUPT_VIRTUAL_TIMER);
    timer_arm(guest_mrs(GUEST_CNTVCT_EL0));
    while (state.jiffies < 5)
        guest_wfi();
    guest_interrupts_off();
    timer_stop(); /* no tick while idle */
    guest_interrupts_on();
    print(platform, "Run /init as init process\n");
    for (;;) {
        print(platform, "/ # ");
        await_line(&state);
        print(platform, "%s\n", state.text);
        if (strcmp(state.text, "poweroff") == 0)
            psci(platform, PSCI_SYSTEM_OFF);
        else if (strcmp(state.text, "reboot") == 0)
            psci(platform, PSCI_SYSTEM_RESET);
        else if (state.text[0] != '\0')
            print(platform, "sh: %s: not found\n", state.text);
    }
}
