// SPDX-License-Identifier: Apache-2.0
/* bulkhead sim: the same hypervisor, in a machine made from the device tree. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/boot.h"
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
    format_to(stderr_sink(), "bulkhead: %s: %s\n", desk->options->name, what);
    return false;
}

static bool load_file(const struct desk *desk, struct sim_machine *machine, const struct module_config *module)
{
    const struct blob *file = module->present ? file_at(desk, module->base.raw) : NULL;

    return file == NULL || sim_load(machine, module->base.raw, file->data, file->size) ||
           complain(desk, "a module does not lie in RAM");
}

/** A mistyped sim.program= ends the run before it begins. */
static bool program_is_known(const struct desk *desk, struct sim_machine *machine, const struct domain_config *domain)
{
    const char *program = domain->kernel.present ? sim_loaded_program(machine, domain->kernel.base.raw) : NULL;

    if (program == NULL || *program != '\0')
        return true;
    format_to(stderr_sink(), "bulkhead: %s: sim.program= of %s names no guest program; --program help lists them\n",
              desk->options->name, domain->name);
    return false;
}

static void say_what_stands_for_what(const struct desk *desk, struct sim_machine *machine)
{
    bool any = false;

    for (unsigned i = 0; i < desk->config.domain_count; i++) {
        const struct module_config *kernel = &desk->config.domains[i].kernel;
        const char *program = kernel->present ? sim_loaded_program(machine, kernel->base.raw) : NULL;

        if (program != NULL)
            format_to(stderr_sink(), "sim: %s: the guest program \"%s\" stands for the kernel at 0x%llx\n",
                      desk->config.domains[i].name, program, (unsigned long long)kernel->base.raw);
        any = any || program != NULL;
    }
    if (any)
        format_to(stderr_sink(),
                  "sim: no instruction of a kernel runs here; --program NAME, or sim.program=NAME in its boot "
                  "arguments, chooses what stands for it (--program help)\n");
}

/** Ramdisks are loaded as they are. A kernel's instructions are not the simulator's: its domain runs a guest program
 * instead. */
static bool load_programs(struct desk *desk, struct sim_machine *machine)
{
    const char *program = desk->options->program != NULL ? desk->options->program : "linux";
    bool known = true;

    if (!sim_load_modules(machine, desk->file.data, program))
        return complain(desk, "a module does not lie in RAM");
    for (unsigned i = 0; i < desk->config.domain_count; i++) {
        if (!load_file(desk, machine, &desk->config.domains[i].ramdisk))
            return false;
        known = program_is_known(desk, machine, &desk->config.domains[i]) && known;
    }
    if (known && !desk->options->quiet)
        say_what_stands_for_what(desk, machine);
    return known;
}

#if defined(__x86_64__)
#define HOST_IS_X86 true
#else
#define HOST_IS_X86 false
#endif

/** Whether the host can execute a kernel: its first word is an instruction on arm64, and 0 in a payload for x86-64
 * (kvm_abi.h). */
static bool runs_natively(const struct desk *desk, const struct domain_config *domain)
{
    const struct blob *file = file_at(desk, domain->kernel.base.raw);
    uint32_t first;

    if (file == NULL) {
        format_to(stderr_sink(), "bulkhead: %s: --accel=kvm needs the kernel of %s: --module 0x%llx=FILE\n",
                  desk->options->name, domain->name, (unsigned long long)domain->kernel.base.raw);
        return false;
    }
    if (!desk_kernel_head(file, &first, sizeof(first)) || (first == 0) == HOST_IS_X86)
        return true; /* core says what is wrong with a file that is too short */
    fprintf(
        stderr,
        "bulkhead: %s: the kernel of %s is for %s, which this host's KVM cannot run; without --accel a guest program "
        "stands for it\n",
        desk->options->name, domain->name, first == 0 ? "x86-64" : "arm64");
    return false;
}

static bool all_run_natively(const struct desk *desk)
{
    bool all = true;

    for (unsigned i = 0; i < desk->config.domain_count; i++) {
        if (desk->config.domains[i].kernel.present)
            all = runs_natively(desk, &desk->config.domains[i]) && all;
    }
    return all;
}

/** For KVM, which executes them. */
static bool load_kernels(struct desk *desk, struct sim_machine *machine)
{
    for (unsigned i = 0; i < desk->config.domain_count; i++) {
        const struct domain_config *domain = &desk->config.domains[i];

        if (!load_file(desk, machine, &domain->kernel) || !load_file(desk, machine, &domain->ramdisk))
            return false;
    }
    return true;
}

/** @return whether a vCPU of the domain ran: @p info then says what is known of the one that began */
static bool first_vcpu(struct sim_machine *machine, unsigned domid, struct sim_guest_info *info)
{
    for (unsigned i = 0; sim_guest_info(machine, i, info); i++)
        if (info->vmid == domid)
            return true;
    return false;
}

/** How a domain ended, by core. @return whether it is as it was asked for: it was started and has not failed */
static bool domain_summary(struct sim_machine *machine, unsigned index, enum sim_end end)
{
    const struct domain *domain = domain_table[index];
    struct sim_guest_info info;

    format_to(stderr_sink(), "sim: %s: ", hv_boot.config.domains[index].name);
    if (domain == NULL) {
        format_to(stderr_sink(), "left out\n");
        return false;
    }
    format_to(stderr_sink(), "%s", domain_state_name(domain->state));
    if (domain->state >= DOMAIN_OFF)
        format_to(stderr_sink(), ", %s", domain->reason);
    if (first_vcpu(machine, index + 1, &info) && info.starts != 0)
        format_to(stderr_sink(), "; %s: first instruction after %llu.%03llu us, %u start%s, %llu exits", info.program,
                  (unsigned long long)(info.first_instruction_ns / 1000),
                  (unsigned long long)(info.first_instruction_ns % 1000), info.starts, info.starts == 1 ? "" : "s",
                  (unsigned long long)info.exits);
    fputc('\n', stderr);
    return domain->state == DOMAIN_RUNNING || domain->state == DOMAIN_OFF ||
           (end == SIM_END_LIMIT && domain->state != DOMAIN_FAILED); /* may be on its way */
}

static bool good(enum sim_end end)
{
    return end == SIM_END_POWER_OFF || end == SIM_END_RESET || end == SIM_END_IDLE || end == SIM_END_LIMIT;
}

/** @return whether the run ended in order and each domain of the tree was started and has not failed */
static bool summary(struct sim_machine *machine, enum sim_end end)
{
    bool all = good(end) && hv_boot.config.domain_count != 0;

    format_to(stderr_sink(), "sim: %s after %llu us of virtual time%s%s\n", sim_end_name(end),
              (unsigned long long)(sim_time_ns(machine) / 1000), *sim_message(machine) != '\0' ? ": " : "",
              sim_message(machine));
    if (sim_kvm_has_own_gic(machine))
        format_to(stderr_sink(), "sim: interrupts came from KVM's own GICv2: the hypervisor's vGIC was not used\n");
    for (unsigned i = 0; i < hv_boot.config.domain_count; i++)
        all = domain_summary(machine, i, end) && all;
    return all;
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
    if (options->kvm && !all_run_natively(desk))
        return EXIT_FAILURE;
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
    bool all = summary(machine, end);
    sim_destroy(machine);
    free(input);
    return all ? desk_status(desk) : EXIT_FAILURE;
}
