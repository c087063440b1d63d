// SPDX-License-Identifier: Apache-2.0
/* bulkhead sim: the same hypervisor, in a machine made from the device tree. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desk.h"
#include "hostsim/sim.h"

static void put_character(void *context, char character)
{
    *(char *)context = character;
    putchar(character);
}

/** "\n", "\\" and "\xHH" as in C; all else stands for itself. In place. */
static void unescape(char *text)
{
    char *out = text;

    for (; *text != '\0'; text++) {
        if (*text == '\\' && text[1] == 'x' && isxdigit((unsigned char)text[2]) && isxdigit((unsigned char)text[3])) {
            const char digits[] = {text[2], text[3], '\0'};

            *out++ = (char)strtol(digits, NULL, 16);
            text += 3;
        } else if (*text == '\\' && text[1] != '\0') {
            text++;
            *out++ = *text == 'n' ? '\n' : *text == 'r' ? '\r' : *text;
        } else {
            *out++ = *text;
        }
    }
    *out = '\0';
}

static const struct blob *file_at(const struct desk *desk, uint64_t address)
{
    for (unsigned i = 0; i < desk->options->module_count; i++) {
        if (desk->options->modules[i].address == address)
            return &desk->modules[i];
    }
    return NULL;
}

static bool complain(const struct desk *desk, const char *what)
{
    fprintf(stderr, "bulkhead: %s: %s\n", desk->options->system, what);
    return false;
}

static bool load_file(const struct desk *desk, struct sim_machine *machine, const struct module_config *module)
{
    const struct blob *file = module->present ? file_at(desk, module->base.raw) : NULL;

    return file == NULL || sim_load(machine, module->base.raw, file->data, file->size) ||
           complain(desk, "a module does not lie in RAM");
}

/** Ramdisks are loaded as they are. A kernel's instructions are not the simulator's: its domain runs a guest program
 * instead. */
static bool load_programs(struct desk *desk, struct sim_machine *machine)
{
    const char *program = desk->options->program != NULL ? desk->options->program : "linux";

    if (!sim_load_modules(machine, desk->file.data, program))
        return complain(desk, "a module does not lie in RAM");
    for (unsigned i = 0; i < desk->config.domain_count; i++) {
        if (!load_file(desk, machine, &desk->config.domains[i].ramdisk))
            return false;
    }
    return true;
}

/** For KVM, which executes them. */
static bool load_kernels(struct desk *desk, struct sim_machine *machine)
{
    for (unsigned i = 0; i < desk->config.domain_count; i++) {
        const struct domain_config *domain = &desk->config.domains[i];

        if (domain->kernel.present && file_at(desk, domain->kernel.base.raw) == NULL) {
            fprintf(stderr, "bulkhead: %s: --accel=kvm needs the kernel of %s: --module 0x%llx=FILE\n",
                    desk->options->system, domain->name, (unsigned long long)domain->kernel.base.raw);
            return false;
        }
        if (!load_file(desk, machine, &domain->kernel) || !load_file(desk, machine, &domain->ramdisk))
            return false;
    }
    return true;
}

static void summary(struct sim_machine *machine, enum sim_end end)
{
    struct sim_guest_info info;

    fprintf(stderr, "sim: %s after %llu us of virtual time%s%s\n", sim_end_name(end),
            (unsigned long long)(sim_time_ns(machine) / 1000), *sim_message(machine) != '\0' ? ": " : "",
            sim_message(machine));
    if (sim_kvm_has_own_gic(machine))
        fprintf(stderr, "sim: interrupts came from KVM's own GICv2: the hypervisor's vGIC was not used\n");
    for (unsigned i = 0; sim_guest_info(machine, i, &info); i++)
        fprintf(stderr, "sim: domain %u (%s): first instruction after %llu.%03llu us, %u start%s, %llu exits\n",
                info.vmid, info.program, (unsigned long long)(info.first_instruction_ns / 1000),
                (unsigned long long)(info.first_instruction_ns % 1000), info.starts, info.starts == 1 ? "" : "s",
                (unsigned long long)info.exits);
}

static bool good(enum sim_end end)
{
    return end == SIM_END_POWER_OFF || end == SIM_END_RESET || end == SIM_END_IDLE || end == SIM_END_LIMIT;
}

/** @return whether @p name is one; if not, says which there are. */
static bool known_platform(const char *name)
{
    const char *known, *description;

    for (unsigned i = 0; (known = sim_platform_name(i, &description)) != NULL; i++)
        if (strcmp(known, name) == 0)
            return true;
    fprintf(stderr, "bulkhead: platforms:\n");
    for (unsigned i = 0; (known = sim_platform_name(i, &description)) != NULL; i++)
        fprintf(stderr, "  %-12s %s\n", known, description);
    return false;
}

int command_sim(struct desk *desk)
{
    const struct options *options = desk->options;
    struct sim_options how = {
        .platform = options->platform != NULL ? options->platform : "qemu-virt",
        .seed = options->seed,
        .time_limit_us = options->milliseconds * 1000,
        .pa_bits = options->pa_bits,
        .kvm = options->kvm,
        .kvm_gic = options->kvm_gic,
        .image_base = desk->machine.image.base,
        .image_size = region_size(desk->machine.image),
        .dtb_base = desk->machine.dtb.base,
    };
    if (!known_platform(how.platform))
        return EXIT_USAGE;
    enum sim_end end;
    char *input = NULL, last = '\n';

    if (options->fault_count != 0 && desk->machine.uart.type == UART_PL011)
        how.early_uart = desk->machine.uart.frame.base; /* a damaged tree may not tell */
    memcpy(how.faults, options->faults, sizeof(how.faults));
    struct sim_machine *machine = sim_create(desk->file.data, desk->file.size, &how);

    if (machine == NULL)
        complain(desk, sim_create_error());
    if (machine == NULL || !(options->kvm ? load_kernels(desk, machine) : load_programs(desk, machine))) {
        sim_destroy(machine);
        return EXIT_FAILURE;
    }
    sim_on_output(machine, put_character, &last);
    if (options->input != NULL) {
        input = strdup(options->input);
        unescape(input);
        if (options->input_after != NULL)
            sim_input_after(machine, options->input_after, input);
        else
            sim_input(machine, 0, input);
    }
    end = sim_run(machine);
    if (last != '\n') /* a prompt */
        putchar('\n');
    fflush(stdout);
    summary(machine, end);
    sim_destroy(machine);
    free(input);
    return good(end) ? EXIT_SUCCESS : EXIT_FAILURE;
}
