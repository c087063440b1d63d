// SPDX-License-Identifier: Apache-2.0
#include "hostsim/guest/programs/register.h"

#include "hostsim/guest/guest_runtime.h"
#include "programs.h"

/* What a guest's first instruction reaches, by program: it has nothing but a register. */
#define ENTRY(name)                                                                                                    \
    static void enter_##name(uint64_t device_tree)                                                                     \
    {                                                                                                                  \
        program_run(#name, program_##name, device_tree);                                                               \
    }
ENTRY(hello)
ENTRY(timer)
ENTRY(echo)
ENTRY(memory)
ENTRY(hostile)
ENTRY(mmio)
ENTRY(active)
ENTRY(groups)
ENTRY(ipi)
ENTRY(smp)
ENTRY(reset)
ENTRY(spin)
ENTRY(rtc)
ENTRY(dma)
ENTRY(linux)
ENTRY(mmu)

static const struct {
    const char *name;
    void (*main)(uint64_t device_tree);
    const char *description;
} programs[] = {
    {"linux", enter_linux, "looks like Linux from outside: a tick, a console, a shell that knows poweroff and reboot"},
    {"hello", enter_hello, "says what it was given, and powers off"},
    {"timer", enter_timer, "takes ticks of its timer (ticks=10)"},
    {"echo", enter_echo, "answers lines that are typed, \"off\" and \"reset\" by PSCI (lines=0, without end)"},
    {"memory", enter_memory, "looks whether all of its RAM is there, distinct and zero"},
    {"hostile", enter_hostile, "does everything that a domain should not (rounds=20)"},
    {"mmio", enter_mmio, "reads and writes every register of its devices"},
    {"active", enter_active, "makes more interrupts active or pending than its controller has room for (stay-us=2000)"},
    {"groups", enter_groups, "puts its interrupts into groups, as three kinds of guests do"},
    {"ipi", enter_ipi, "sends interrupts to itself"},
    {"smp", enter_smp, "starts its further vCPUs, sends them interrupts, stops them"},
    {"reset", enter_reset, "starts again and again, until the counter says until-ms=500"},
    {"spin", enter_spin, "never waits; prints a line now and then (lines=5 period-us=100000)"},
    {"rtc", enter_rtc, "has alarms of a clock that it is given (alarms=2)"},
    {"dma", enter_dma, "moves data by a device that it is given (rounds=4)"},
    {"mmu", enter_mmu, "turns its MMU and caches on, and looks at its memory through them"},
    {"off", program_off, "powers off at once"},
};

/** What a test registered under one of these names stays. */
void sim_register_programs(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
        if (sim_guest_program(programs[i].name) == NULL)
            sim_register_guest(programs[i].name, programs[i].main);
}

const char *sim_program_name(unsigned index, const char **description)
{
    sim_register_programs();
    if (index >= ARRAY_SIZE(programs))
        return NULL;
    *description = programs[index].description;
    return programs[index].name;
}
