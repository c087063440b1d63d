// SPDX-License-Identifier: Apache-2.0
/* The machine as a whole: made, filled, looked at, taken apart. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostsim/devices/given.h"
#include "hostsim/devices/timers.h"
#include "hostsim/devices/uart.h"
#include "hostsim/gic/gic.h"
#include "hostsim/guest/guest_runtime.h"
#include "hostsim/kvm/kvm.h"
#include "hostsim/machine/machine.h"
#include "hostsim/memory/mmu.h"
#include "hostsim/oracle/oracle.h"
#include <libfdt.h>

static struct sim_machine *the_machine;
static struct sim_cpu desk_cpu; /* who runs where there is no machine */
static char create_error[256];

struct sim_machine *sim_this_machine(void)
{
    return the_machine;
}

struct sim_cpu *sim_this_cpu(void)
{
    return the_machine != NULL ? the_machine->turn : &desk_cpu;
}

const char *sim_create_error(void)
{
    return create_error;
}

const char *sim_end_name(enum sim_end end)
{
    static const char *const names[] = {
        [SIM_END_POWER_OFF] = "power off", [SIM_END_RESET] = "reset",       [SIM_END_IDLE] = "idle",
        [SIM_END_RETURNED] = "returned",   [SIM_END_HALTED] = "halted",     [SIM_END_DEADLOCK] = "deadlock",
        [SIM_END_LIMIT] = "limit reached", [SIM_END_FAILED] = "rule broken"};
    return names[end];
}

static void set_defaults(struct sim_machine *machine)
{
    struct sim_options *options = &machine->options;
    if (options->list_registers == 0)
        options->list_registers = 4;
    if (options->spi_count == 0)
        options->spi_count = 256;
    if (getenv("HOSTSIM_TRACE") != NULL)
        options->trace = true;
    if (getenv("HOSTSIM_THREADS") != NULL)
        options->threads = true;
    if (options->pa_bits == 0)
        options->pa_bits = 40;
    options->coherent = options->coherent || options->kvm;
    if (options->time_limit_us == 0)
        options->time_limit_us = 60000000;
    if (options->step_limit == 0)
        options->step_limit = 200000000;
    if (options->schedule == SIM_SCHEDULE_DEFAULT)
        options->schedule = options->seed != 0 ? SIM_SCHEDULE_RANDOM : SIM_SCHEDULE_BY_TIME;
    machine->frequency = options->timer_frequency != 0 ? options->timer_frequency : 62500000;
    machine->random = options->seed;
    machine->horizon = SIM_NEVER;
    machine->guests_tail = &machine->guests;
}

static void set_places(struct sim_machine *machine)
{
    struct sim_options *options = &machine->options;
    const struct sim_bank *bank = &machine->banks[0];
    if (options->image_base == 0)
        options->image_base = bank->base + MIB(2);
    if (options->image_size == 0)
        options->image_size = MIB(2);
    if (options->dtb_base == 0)
        options->dtb_base = align_down(bank->base + min_u64(bank->size / 2, MIB(128)), MIB(2)); /* as QEMU */
}

static void reserve_image(struct sim_machine *machine)
{
    const struct sim_options *options = &machine->options;
    struct sim_page *page;
    for (uint64_t offset = 0; offset < options->image_size; offset += PAGE_SIZE) {
        page = sim_page(machine, options->image_base + offset);
        if (page == NULL) /* the end of its bank */
            break;
        page->hypervisor = true;
    }
}

/* Core touched RAM that it has not mapped, or wrote where it may only read: says so, and leaves the rest to whoever
 * handles it. */
static struct sigaction earlier_action;

static void explain_fault(int number, siginfo_t *info, void *context)
{
    uint64_t address;
    (void)context;
    if (the_machine != NULL && sim_describe_pointer(the_machine, info->si_addr, &address))
        fprintf(stderr, "hostsim: EL2 data abort on CPU %u: physical address %#llx is not mapped there, or read only\n",
                the_machine->turn->id, (unsigned long long)address);
    sigaction(number, &earlier_action, NULL);
}

static void watch_faults(void)
{
    static bool watching;
    struct sigaction action = {.sa_sigaction = explain_fault, .sa_flags = SA_SIGINFO};
    if (!watching && sigaction(SIGSEGV, &action, &earlier_action) == 0)
        watching = true;
}

static bool build(struct sim_machine *machine, const void *dtb, size_t dtb_size)
{
    const char *problem = "not a device tree";
    if (dtb_size >= sizeof(struct fdt_header) && fdt_check_header(dtb) == 0 && fdt_totalsize(dtb) <= dtb_size)
        problem = sim_parts_read(machine, dtb);
    if (problem == NULL && !sim_memory_create(machine))
        problem = "no address space for its RAM";
    if (problem == NULL && machine->options.kvm)
        problem = sim_kvm_open(machine);
    if (problem != NULL) {
        snprintf(create_error, sizeof(create_error), "%s", problem);
        return false;
    }
    set_places(machine);
    reserve_image(machine);
    if (!sim_set_boot_dtb(machine, dtb, fdt_totalsize(dtb))) {
        snprintf(create_error, sizeof(create_error), "the device tree does not fit into RAM at %#llx",
                 (unsigned long long)machine->options.dtb_base);
        return false;
    }
    return true;
}

struct sim_machine *sim_create(const void *dtb, size_t dtb_size, const struct sim_options *options)
{
    if (the_machine != NULL)
        sim_fail("sim_create(): one machine at a time");
    struct sim_machine *machine = calloc(1, sizeof(*machine));
    if (machine == NULL)
        abort();
    if (options != NULL)
        machine->options = *options;
    machine->platform = sim_platform_find(machine->options.platform);
    if (machine->platform == NULL)
        sim_fail("sim_create(): no platform \"%s\"", machine->options.platform);
    set_defaults(machine);
    watch_faults();
    the_machine = machine;
    machine->turn = &machine->cpus[0];
    sim_faults_create(machine);
    machine->tlb = sim_tlb_create();
    machine->stage1_tlb = sim_stage1_create();
    machine->oracle = sim_oracle_create();
    machine->turns = sim_turns_create();
    if (build(machine, dtb, dtb_size))
        return machine;
    sim_destroy(machine);
    return NULL;
}

void sim_destroy(struct sim_machine *machine)
{
    if (machine == NULL)
        return;
    sim_guests_destroy(machine);
    sim_kvm_close(machine);
    for (unsigned i = 0; i < machine->cpu_count; i++)
        coroutine_release(&machine->cpus[i].coroutine);
    for (unsigned i = 0; i < machine->uart_count; i++)
        sim_uart_destroy(machine->uarts[i]);
    sim_given_destroy_all(machine);
    sim_gic_destroy(machine->gic);
    sim_tlb_destroy(machine->tlb);
    sim_stage1_destroy(machine->stage1_tlb);
    sim_oracle_destroy(machine->oracle);
    sim_turns_destroy(machine->turns);
    sim_memory_destroy(machine);
    free(machine);
    the_machine = NULL;
}

static bool load(struct sim_machine *machine, uint64_t address, const void *data, size_t size,
                 void (*damage)(struct sim_machine *machine, uint8_t *copy, size_t size))
{
    if (sim_bank_find(machine, address, size) == NULL)
        return false;
    if (size > 0 && machine->faults.asked == 0) {
        sim_memory_write(machine, address, data, size);
        return true;
    }
    uint8_t *copy = malloc(size + 1);
    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    damage(machine, copy, size);
    if (size > 0)
        sim_memory_write(machine, address, copy, size);
    free(copy);
    return true;
}

bool sim_set_boot_dtb(struct sim_machine *machine, const void *dtb, size_t size)
{
    machine->boot_dtb = machine->options.dtb_base;
    machine->boot_dtb_size = size;
    return load(machine, machine->boot_dtb, dtb, size, sim_fault_damage_dtb);
}

bool sim_load(struct sim_machine *machine, uint64_t address, const void *data, size_t size)
{
    return load(machine, address, data, size, sim_fault_damage_module);
}

bool sim_peek(struct sim_machine *machine, uint64_t address, void *data, size_t size)
{
    const uint8_t *memory = sim_memory_read(machine, address, size);
    if (memory == NULL)
        return false;
    memcpy(data, memory, size);
    return true;
}

const char *sim_message(const struct sim_machine *machine)
{
    return machine->message;
}

uint64_t sim_time_ns(const struct sim_machine *machine)
{
    return machine->now;
}

uint64_t sim_steps(const struct sim_machine *machine)
{
    return machine->steps;
}

uint64_t sim_fingerprint(const struct sim_machine *machine)
{
    return machine->fingerprint;
}

void sim_act_as(struct sim_machine *machine, unsigned cpu)
{
    if (machine->running || cpu >= machine->cpu_count)
        sim_fail("sim_act_as(%u)", cpu);
    machine->turn = &machine->cpus[cpu];
    machine->turn->time = machine->now;
}

void sim_advance(struct sim_machine *machine, uint64_t nanoseconds)
{
    if (machine->running)
        sim_fail("sim_advance() inside a run");
    sim_pass(machine->turn, nanoseconds);
}

void sim_set_spi(struct sim_machine *machine, unsigned intid, bool level)
{
    sim_gic_set_shared(machine, intid, level);
}
