// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/version.h"
#include "lib/types.h"

#define PHYSICAL_BITS 48 /* the most that there are */

#define FOR(command) (1u << (command))
#define FOR_SYSTEM (FOR(COMMAND_CHECK) | FOR(COMMAND_PLAN) | FOR(COMMAND_GUEST_DTB) | FOR(COMMAND_SIM))
#define FOR_ALL (FOR_SYSTEM | FOR(COMMAND_ASSIGN))

static const struct {
    const char *name;
    enum command command;
    const char *arguments;
    const char *help;
} commands[] = {
    {"check", COMMAND_CHECK, "SYSTEM.dtb", "report every error and warning in the device tree"},
    {"plan", COMMAND_PLAN, "SYSTEM.dtb", "print who owns what, and the digest that the board prints too"},
    {"guest-dtb", COMMAND_GUEST_DTB, "SYSTEM.dtb DOMAIN", "write the device tree that the domain would get"},
    {"sim", COMMAND_SIM, "SYSTEM.dtb", "boot the system in the simulator"},
    {"assign", COMMAND_ASSIGN, "HOST.dtb NODE...", "write the partial device tree that gives devices to a domain"},
};

/** One option. The table is the parser's, --help's, and what the manual page is checked against. */
struct option_entry {
    const char *name;
    char letter; /* its number for getopt_long(); a letter that can be typed only where `typed` */
    bool typed;
    const char *argument; /* NULL: takes none */
    unsigned commands;
    const char *help;
};

static const struct option_entry entries[] = {
    {"image-at", 'a', false, "ADDR", FOR_SYSTEM, "where the hypervisor is loaded (lowest RAM base + 2 MiB)"},
    {"image-size", 'z', false, "BYTES", FOR_SYSTEM, "RAM that the hypervisor occupies (2 MiB)"},
    {"dtb-at", 'd', false, "ADDR", FOR_SYSTEM,
     "where the device tree is handed over (middle of RAM, at most 128 MiB up)"},
    {"module", 'm', false, "ADDR=FILE", FOR_SYSTEM, "FILE is loaded at ADDR: look into it; any number of times"},
    {"boot-cpu", 'b', false, "MPIDR", FOR_SYSTEM, "affinity of the CPU that boots (first in the tree)"},
    {"pa-bits", 'p', false, "N", FOR_SYSTEM, "physical address size of the CPUs, 32 to 48 (40)"},
    {"quiet", 'q', true, NULL, FOR_ALL, "no warnings and notes, errors only"},
    {"json", 'j', false, NULL, FOR(COMMAND_PLAN), "print the plan as JSON"},
    {"output", 'o', true, "FILE", FOR(COMMAND_GUEST_DTB) | FOR(COMMAND_ASSIGN),
     "write to FILE instead of standard output; assign: a blob where it ends in .dtb"},
    {"guest", 'A', false, "ADDR", FOR(COMMAND_ASSIGN),
     "where the domain sees the registers' pages, one behind the other (at the host's addresses)"},
    {"clock", 'c', false, "NAME=HZ", FOR(COMMAND_ASSIGN),
     "rate of a clock that stays with the host: NAME of clock-names, or NODE/NAME; any number of times"},
    {"seed", 's', false, "N", FOR(COMMAND_SIM), "order of what happens at one time; the same seed gives the same run"},
    {"milliseconds", 't', false, "N", FOR(COMMAND_SIM), "virtual time after which the run ends (60000)"},
    {"platform", 'P', false, "NAME", FOR(COMMAND_SIM), "whose times are used; help lists them (qemu-virt)"},
    {"program", 'g', false, "NAME", FOR(COMMAND_SIM),
     "guest program in place of kernels without sim.program= in their bootargs; help lists them (linux)"},
    {"input", 'i', false, "TEXT", FOR(COMMAND_SIM), "typed on the keyboard; \\n, \\xHH and \\\\ as in C"},
    {"input-after", 'I', false, "TEXT", FOR(COMMAND_SIM), "--input is typed once TEXT has come out of the console"},
    {"accel", 'k', false, "kvm", FOR(COMMAND_SIM), "run the kernels given by --module natively, in the host's KVM"},
    {"kvm-gic", 'G', false, "core|host", FOR(COMMAND_SIM),
     "interrupt controller of domains in KVM: the hypervisor's, or KVM's own (core, if KVM can)"},
    {"fault", 'f', false, "NAME[@N]", FOR(COMMAND_SIM),
     "what goes wrong, up to 8 times; --fault help lists the faults"},
    {"help", 'h', true, NULL, FOR_ALL, "print this and exit"},
    {"version", 'V', false, NULL, FOR_ALL, "print the version and exit"},
};

/** Ends an option's line with the commands that know it, unless all do that check a system. */
static void print_commands(unsigned wanted)
{
    const char *before = " [";

    for (size_t i = 0; (wanted & FOR_SYSTEM) != FOR_SYSTEM && i < ARRAY_SIZE(commands); i++) {
        if ((wanted & FOR(commands[i].command)) == 0)
            continue;
        printf("%s%s", before, commands[i].name);
        before = ", ";
    }
    puts(before[0] == ',' ? "]" : wanted == FOR_ALL ? "" : " [all but assign]");
}

static void print_help(void)
{
    puts("usage: bulkhead COMMAND [OPTION]... SYSTEM.dtb [DOMAIN]\n"
         "       bulkhead assign [OPTION]... HOST.dtb NODE...\n\n"
         "Checks, plans and simulates what the Bulkhead hypervisor boots from a device tree.\n\ncommands:");
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        char synopsis[64];

        snprintf(synopsis, sizeof(synopsis), "%s %s", commands[i].name, commands[i].arguments);
        printf("  %-28s %s\n", synopsis, commands[i].help);
    }
    puts("\noptions:");
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        char synopsis[64], letter[8] = "";

        if (entries[i].typed)
            snprintf(letter, sizeof(letter), "-%c, ", entries[i].letter);
        snprintf(synopsis, sizeof(synopsis), "%s--%s%s%s", letter, entries[i].name,
                 entries[i].argument != NULL ? " " : "", entries[i].argument != NULL ? entries[i].argument : "");
        printf("  %-28s %s", synopsis, entries[i].help);
        print_commands(entries[i].commands);
    }
    puts("\nNumbers are decimal, or hexadecimal with 0x. - in place of SYSTEM.dtb is standard input. Exit status: 0 no "
         "error,\n"
         "1 errors were reported (sim: or a domain was left out or failed), 2 usage, or a file that cannot be read or\n"
         "written.");
}

static void print_faults(void)
{
    const struct sim_fault_info *info;

    puts("What --fault NAME[@N] makes go wrong, what N counts, and the N where none is given. Occurrences count from "
         "1,\n"
         "bits, bytes, characters and CPUs from 0.\n");
    for (unsigned i = 0; (info = sim_fault_info(i)) != NULL; i++) {
        char number[48] = "";

        if (info->unit != NULL)
            snprintf(number, sizeof(number), "@%s (%llu)", info->unit, (unsigned long long)info->usual);
        printf("  %-18s %-20s %s\n", info->name, number, info->what);
    }
}

static void print_platforms(void)
{
    const char *name, *description;

    puts("Whose times --platform NAME uses:\n");
    for (unsigned i = 0; (name = sim_platform_name(i, &description)) != NULL; i++)
        printf("  %-12s %s\n", name, description);
}

static void print_programs(void)
{
    const char *name, *description;

    puts("What stands for a kernel: --program NAME, or sim.program=NAME in the kernel's boot arguments. The words in\n"
         "brackets are boot arguments too, with their usual values.\n");
    for (unsigned i = 0; (name = sim_program_name(i, &description)) != NULL; i++)
        printf("  %-12s %s\n", name, description);
}

/** Options of which the word "help" prints a list. */
static bool print_list(int letter, const char *argument)
{
    static const struct {
        int letter;
        void (*print)(void);
    } lists[] = {{'f', print_faults}, {'P', print_platforms}, {'g', print_programs}};

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        if (letter == lists[i].letter && strcmp(argument, "help") == 0) {
            lists[i].print();
            return true;
        }
    }
    return false;
}

static bool complain(const char *format, const char *what)
{
    fputs("bulkhead: ", stderr);
    fprintf(stderr, "%s \"%s\"", format, what);
    fputs("; see bulkhead --help\n", stderr);
    return false;
}

static bool number(const char *text, uint64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoull(text, &end, 0);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0;
}

static bool read_module(struct options *options, char *text)
{
    struct module_option *module = &options->modules[options->module_count];
    char *equals = strchr(text, '=');

    if (options->module_count == OPTIONS_MAX_MODULES)
        return complain("too many modules at", text);
    if (equals == NULL)
        return complain("--module wants ADDR=FILE, not", text);
    *equals = '\0';
    if (!number(text, &module->address))
        return complain("not an address:", text);
    module->path = equals + 1;
    if (strcmp(module->path, "-") == 0)
        return complain("standard input is for the device tree, not for", "--module");
    options->module_count++;
    return true;
}

static bool read_clock(struct options *options, char *text)
{
    struct clock_option *clock = &options->clocks[options->clock_count];
    char *equals = strchr(text, '=');
    uint64_t rate;

    if (options->clock_count == OPTIONS_MAX_CLOCKS)
        return complain("too many clocks at", text);
    if (equals == NULL || equals == text)
        return complain("--clock wants NAME=HZ, not", text);
    if (!number(equals + 1, &rate) || rate == 0 || rate > UINT32_MAX)
        return complain("no rate of a clock in Hz, 1 to 4294967295:", equals + 1);
    *equals = '\0';
    *clock = (struct clock_option){text, (uint32_t)rate};
    options->clock_count++;
    return true;
}

static bool read_fault(struct options *options, const char *text)
{
    if (options->fault_count == SIM_MAX_FAULTS)
        return complain("too many faults at", text);
    return sim_fault_read(&options->faults[options->fault_count++], text) ||
           complain("no fault, or no number of it (--fault help lists them):", text);
}

static bool one_of(const char *(*list)(unsigned index, const char **description), const char *wanted)
{
    const char *name, *description;

    for (unsigned i = 0; (name = list(i, &description)) != NULL; i++) {
        if (strcmp(name, wanted) == 0)
            return true;
    }
    return false;
}

static bool read_kvm_gic(struct options *options, const char *name)
{
    if (strcmp(name, "core") == 0)
        options->kvm_gic = SIM_KVM_GIC_CORE;
    else if (strcmp(name, "host") == 0)
        options->kvm_gic = SIM_KVM_GIC_HOST;
    else
        return complain("neither core nor host:", name);
    return true;
}

static bool read_number_option(struct options *options, const struct option_entry *entry, const char *text)
{
    uint64_t value;

    if (!number(text, &value))
        return complain("not a number:", text);
    if (strchr("azdA", entry->letter) != NULL && value >> PHYSICAL_BITS != 0)
        return complain("beyond 48 bits of physical address:", text);
    switch (entry->letter) {
    case 'a':
        options->image_at = value;
        options->has_image_at = true;
        return true;
    case 'z':
        options->image_size = value;
        return value != 0 || complain("not a size:", text);
    case 'd':
        options->dtb_at = value;
        options->has_dtb_at = true;
        return true;
    case 'A':
        options->guest_at = value;
        options->has_guest_at = true;
        return is_aligned(value, PAGE_SIZE) || complain("not a multiple of 4096:", text);
    case 'b':
        options->boot_cpu = value;
        return true;
    case 'p':
        options->pa_bits = (unsigned)value;
        return (value >= 32 && value <= 48) || complain("not 32 to 48:", text);
    case 's':
        options->seed = value;
        return true;
    default:
        options->milliseconds = value;
        return value <= OPTIONS_MAX_MILLISECONDS || complain("more than 1000000000000 milliseconds:", text);
    }
}

static bool read_option(struct options *options, const struct option_entry *entry, char *argument)
{
    switch (entry->letter) {
    case 'm':
        return read_module(options, argument);
    case 'q':
        options->quiet = true;
        return true;
    case 'j':
        options->json = true;
        return true;
    case 'o':
        options->output = argument;
        return true;
    case 'P':
        options->platform = argument;
        return one_of(sim_platform_name, argument) ||
               complain("no such platform (--platform help lists them):", argument);
    case 'g':
        options->program = argument;
        return one_of(sim_program_name, argument) ||
               complain("no such guest program (--program help lists them):", argument);
    case 'c':
        return read_clock(options, argument);
    case 'f':
        return read_fault(options, argument);
    case 'i':
        options->input = argument;
        return true;
    case 'I':
        options->input_after = argument;
        return true;
    case 'k':
        options->kvm = strcmp(argument, "kvm") == 0;
        return options->kvm || complain("no such accelerator:", argument);
    case 'G':
        return read_kvm_gic(options, argument);
    default:
        return read_number_option(options, entry, argument);
    }
}

static const struct option_entry *find_entry(int letter)
{
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        if (entries[i].letter == letter)
            return &entries[i];
    }
    return NULL;
}

/** The words that are no options: command, file, domain or nodes. */
static bool read_words(struct options *options, int count, char **words)
{
    if (count == 0) {
        fputs("bulkhead: no command; see bulkhead --help\n", stderr);
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (strcmp(words[0], commands[i].name) == 0)
            options->command = commands[i].command;
    }
    if (options->command == COMMAND_NONE)
        return complain("unknown command", words[0]);
    int wanted = options->command == COMMAND_GUEST_DTB || options->command == COMMAND_ASSIGN ? 3 : 2;
    int most = options->command == COMMAND_ASSIGN ? 2 + OPTIONS_MAX_NODES : wanted;
    if (count > most)
        return complain("too much:", words[most]);
    if (count < wanted)
        return complain(count == 1                           ? "no device tree given for"
                        : options->command == COMMAND_ASSIGN ? "no node given for"
                                                             : "no domain given for",
                        words[0]);
    options->system = words[1];
    options->name = strcmp(words[1], "-") == 0 ? "standard input" : words[1];
    options->domain = options->command == COMMAND_GUEST_DTB ? words[2] : NULL;
    if (options->command == COMMAND_ASSIGN) {
        options->nodes = (const char *const *)words + 2;
        options->node_count = (unsigned)count - 2;
    }
    return true;
}

/** Options that are answered at once. @return whether this was one */
static bool print_answer(int letter)
{
    if (letter == 'h')
        print_help();
    else if (letter == 'V')
        puts("bulkhead " HV_VERSION);
    else
        return print_list(letter, optarg);
    return true;
}

bool options_read(struct options *options, int argc, char **argv)
{
    struct option table[ARRAY_SIZE(entries) + 1] = {0};
    unsigned used = 0; /* commands that know all options given */
    const char *last = "";
    int letter;

    *options = (struct options){.boot_cpu = UINT64_MAX, .image_size = BLOCK_SIZE};
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
        table[i] = (struct option){entries[i].name, entries[i].argument != NULL, NULL, entries[i].letter};
    used = FOR_ALL;
    while ((letter = getopt_long(argc, argv, "qo:h", table, NULL)) != -1) {
        const struct option_entry *entry = find_entry(letter);

        if (entry == NULL) /* getopt_long() has said why */
            return false;
        if (print_answer(letter))
            return true;
        if (!read_option(options, entry, optarg))
            return false;
        if ((entry->commands & used) != used) {
            used &= entry->commands;
            last = entry->name;
        }
    }
    if (!read_words(options, argc - optind, argv + optind))
        return false;
    if ((used & FOR(options->command)) == 0)
        return complain("not an option of this command:", last);
    return true;
}
