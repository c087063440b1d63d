#include "hostsim/programs/programs.h"

#include <stddef.h>

#include "hostsim/guest_runtime.h"

/** What a test registered under one of these names stays. */
void sim_register_programs(void)
{
    static const struct {
        const char *name;
        void (*main)(uint64_t device_tree);
    } programs[] = {
        {"hello", program_hello},     {"timer", program_timer}, {"echo", program_echo}, {"memory", program_memory},
        {"hostile", program_hostile}, {"reset", program_reset}, {"spin", program_spin}, {"off", program_off},
        {"linux", program_linux},     {"mmu", program_mmu},
    };
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
        if (sim_guest_program(programs[i].name) == NULL)
            sim_register_guest(programs[i].name, programs[i].main);
}
