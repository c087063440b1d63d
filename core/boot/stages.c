// SPDX-License-Identifier: Apache-2.0
#include "arch/cpu.h"
#include "arch/mem.h"
#include "arch/timer.h"
#include "boot/boot.h"
#include "boot/version.h"
#include "console/console.h"
#include "drivers/gic.h"
#include "sched/sched.h"
#include "trace/trace.h"

/** Where nothing tells where the UART is, the one this build was given may. */
static void attach_early_uart(void)
{
    const struct arch_early_uart early = arch_early_uart();
    const struct machine_uart description = {.type = early.cadence ? UART_CADENCE : UART_PL011,
                                             .frame = {early.base.raw, PAGE_SIZE}};

    if (early.base.raw != 0 && uart_open(&hv_boot.uart, &description) == HV_OK)
        console_attach(&hv_boot.uart);
}

HV_RARE static hv_status open_device_tree(const struct boot_input *input)
{
    hv_status status = dt_open(&hv_boot.tree, input->dtb, input->dtb_space, console_diag());

    if (status != HV_OK)
        attach_early_uart();
    return status;
}

static hv_status open_console(const struct boot_input *input)
{
    (void)input;
    if (machine_read_uart(&hv_boot.machine.uart, &hv_boot.tree, console_diag()) == HV_OK &&
        uart_open(&hv_boot.uart, &hv_boot.machine.uart) == HV_OK)
        console_attach(&hv_boot.uart);
    else
        attach_early_uart();
    console_printf("Bulkhead %s\n", HV_VERSION);
    return HV_OK; /* a machine without a console still runs its domains */
}

HV_RARE static hv_status read_machine(const struct boot_input *input)
{
    struct machine *machine = &hv_boot.machine;
    struct region dtb = {input->dtb_address.raw, input->dtb_address.raw + hv_boot.tree.size};
    struct region image;
    uint64_t image_size;
    pa_t image_base;

    arch_image_range(&image_base, &image_size);
    image = (struct region){image_base.raw, image_base.raw + image_size};
    hv_status status = machine_read(machine, &hv_boot.tree, dtb, image, arch_cpu_mpidr(), console_diag());
    machine->pa_bits = arch_pa_bits();
    if (machine->timer_frequency != 0)
        arch_timer_set_frequency(machine->timer_frequency);
    return status;
}

HV_RARE static hv_status read_config(const struct boot_input *input)
{
    (void)input;
    return config_read(&hv_boot.config, &hv_boot.tree, console_diag());
}

/** A CPU without its part of the interrupt controller would never come out of a guest again. */
static hv_status find_cpu_interrupts(struct gic *gic, struct machine *machine)
{
    for (unsigned cpu = 0; cpu < machine->cpu_count; cpu++) {
        if (!machine->cpus[cpu].online || gic->ops->find_cpu(gic, cpu, machine->cpus[cpu].mpidr))
            continue;
        machine->cpus[cpu].online = false;
        console_printf("%s: CPU %u (affinity 0x%llx) has no redistributor%s\n", cpu == 0 ? "error" : "warning", cpu,
                       (unsigned long long)machine->cpus[cpu].mpidr, cpu == 0 ? "" : " and is left out");
    }
    return machine->cpus[0].online ? HV_OK : HV_E_MISSING;
}

HV_RARE static hv_status open_gic(const struct boot_input *input)
{
    struct gic *gic = &host_gic;
    const struct machine_uart *uart = &hv_boot.machine.uart;

    (void)input;
    hv_status status = gic_open(gic, &hv_boot.machine.gic);
    if (status != HV_OK) {
        console_printf("error: the interrupt controller cannot be used: %s\n", hv_status_name(status));
        return status;
    }
    HV_TRY(find_cpu_interrupts(gic, &hv_boot.machine));
    gic->ops->init_distributor(gic);
    HV_TRY(boot_connect_interrupts());
    boot_init_cpu_interrupts();
    if (hv_boot.uart.ops != NULL && uart->intid != 0) {
        gic->ops->configure(gic, uart->intid, uart->flags, 0, 0x80);
        gic->ops->enable(gic, uart->intid);
        hv_boot.uart.ops->enable_receive_interrupt(&hv_boot.uart);
        console_uart_interrupts(true);
    }
    return HV_OK;
}

struct module_reader {
    struct plan_reader reader;
    bool open; /* its window */
};

/** Lets the planner look at a few KiB of a module, until it looks at others or is done. */
static const void *read_module(struct plan_reader *reader, pa_t base, uint64_t size)
{
    CONTAINER_OF(reader, struct module_reader, reader)->open = true;
    return arch_window_open(0, base, size, ARCH_MAP_READ);
}

static const void *keep_module(struct plan_reader *reader, pa_t base, uint64_t size)
{
    (void)reader;
    return arch_map(base, size, ARCH_MAP_READ);
}

HV_RARE static hv_status make_plan(const struct boot_input *input)
{
    struct module_reader modules = {{read_module, keep_module, true}, false};
    struct system_plan *plan = &hv_boot.plan;
    hv_status status = plan_make(plan, &hv_boot.machine, &hv_boot.config, &modules.reader, console_diag());

    if (modules.open)
        arch_window_close(0);
    console_printf("plan: %u of %u domains, digest 0x%016llx (bulkhead plan --image-at 0x%llx --dtb-at 0x%llx "
                   "--module ADDR=FILE ...)\n",
                   plan->valid_count, hv_boot.config.domain_count + hv_boot.config.beyond_count,
                   (unsigned long long)plan->digest, (unsigned long long)hv_boot.machine.image.base,
                   (unsigned long long)input->dtb_address.raw);
    return status;
}

HV_RARE static hv_status create_domains(const struct boot_input *input)
{
    const struct system_plan *plan = &hv_boot.plan;

    (void)input;
    for (unsigned i = 0; i < plan->domain_count; i++) {
        if (!plan->domains[i].valid)
            continue;
        struct domain *domain = domain_create(&plan->domains[i]);
        if (domain == NULL) {
            console_printf("error: %s: the hypervisor has no address space left for it: left out\n",
                           plan->domains[i].config->name);
            continue;
        }
        for (unsigned v = 0; v < domain->vcpu_count; v++)
            sched_add_vcpu(domain->vcpus[v]);
    }
    return HV_OK;
}

/* The interrupt controller comes before what a user wrote: a mistake there leaves a machine whose console still works.
 */
static const struct boot_stage stages[] = {
    {"the device tree cannot be read", open_device_tree},
    {NULL, open_console},
    {"no domain can run on this machine", read_machine},
    {NULL, boot_start_cpus},
    {"the interrupt controller cannot be used", open_gic},
    {"the device tree describes none", read_config},
    {NULL, boot_await_cpus},
    {"none of those described can be", make_plan},
    {NULL, create_domains},
};

/** By stage: the timeline keeps them. */
HV_KEPT static const char names[ARRAY_SIZE(stages)][16] = {
    "device tree", "console", "machine", "start CPUs", "interrupts", "configuration", "await CPUs", "plan", "domains",
};

void boot_run(const struct boot_input *input)
{
    for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
        trace_mark(DOMID_HYPERVISOR, names[i]);
        hv_status status = stages[i].run(input);
        if (status != HV_OK) {
            console_printf("no domain is started: %s\n",
                           stages[i].failure != NULL ? stages[i].failure : hv_status_name(status));
            return;
        }
    }
}
