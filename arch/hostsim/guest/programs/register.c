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
ENTRY(ipi)
ENTRY(smp)
ENTRY(reset)
ENTRY(spin)
ENTRY(linux)
ENTRY(mmu)

/** What a test registered under one of these names stays. */
void sim_register_programs(void)
{
    static const struct {
        const char *name;
        void (*main)(uint64_t device_tree);
    } programs[] = {
        {"hello", enter_hello},     {"timer", enter_timer}, {"echo", enter_echo},   {"memory", enter_memory},
        {"hostile", enter_hostile}, {"mmio", enter_mmio},   {"ipi", enter_ipi},     {"smp", enter_smp},
        {"reset", enter_reset},     {"spin", enter_spin},   {"linux", enter_linux}, {"mmu", enter_mmu},
        {"off", program_off},
    };
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
        if (sim_guest_program(programs[i].name) == NULL)
            sim_register_guest(programs[i].name, programs[i].main);
}
