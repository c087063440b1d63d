// SPDX-License-Identifier: Apache-2.0
#include "console/panic.h"

#include "arch/cpu.h"
#include "console/console.h"

static struct {
    void (*stop_others)(void);
    uint8_t depth[HV_MAX_CPUS]; /* panics of each CPU, one in the other */
} panic;

HV_ONCE void panic_init(void (*stop_others)(void))
{
    for (unsigned cpu = 0; cpu < HV_MAX_CPUS; cpu++)
        panic.depth[cpu] = 0;
    panic.stop_others = stop_others;
}

/** @return whether this CPU is the first: of several, the first panic is the cause, and has to come out whole */
static bool say(const char *format, va_list arguments)
{
    char text[CONSOLE_LINE_MAX];

    if (!console_take_over())
        return false;
    format_string_v(text, sizeof(text), format, arguments);
    console_printf("panic: CPU %u: %s\n", arch_cpu_id(), text);
    return true;
}

void hv_panic(const char *format, ...)
{
    unsigned depth = panic.depth[arch_cpu_id()]++;
    bool stop = depth == 1; /* it is the printing that failed */
    va_list arguments;

    if (depth == 0) {
        va_start(arguments, format);
        stop = say(format, arguments);
        va_end(arguments);
    }
    if (stop && panic.stop_others != NULL)
        panic.stop_others(); /* last: where it is the interrupt controller that fails, this does not return */
    arch_cpu_halt();
}
