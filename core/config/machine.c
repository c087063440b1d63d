// SPDX-License-Identifier: Apache-2.0
#include "config/machine.h"

#include "config/machine_reader.h"
#include "lib/text.h"

#define DESK_PA_BITS 40 /* Cortex-A53 */
#define GICV2_MAX_CPUS 8

#define TIMER_VIRTUAL_INTID 27 /* Server Base System Architecture, table of PPIs */
#define TIMER_PHYSICAL_INTID 30
#define TIMER_HYPERVISOR_INTID 26

#define RNG_SEED_MIN 16 /* bytes; less is not enough to give each domain a seed that cannot be guessed */

void machine_complain(struct diag *diag, enum diag_severity severity, struct dt_node node, const char *property,
                      const char *expected, const char *message, const char *hint)
{
    struct dt_property value = dt_property(node, property);
    char found[80];

    if (value.data != NULL)
        dt_show(value, found, sizeof(found));
    dt_report(diag, severity, node, property, value.data != NULL ? found : NULL, expected, message, hint);
}

/** The properties that say what a node is. */
struct node_kind {
    struct dt_property compatible;
    struct dt_property device_type;
    struct dt_property status;
};

static bool note_kind(void *context, const char *name, struct dt_property value)
{
    struct node_kind *kind = context;

    if (text_equal(name, "compatible"))
        kind->compatible = value;
    else if (text_equal(name, "device_type"))
        kind->device_type = value;
    else if (text_equal(name, "status"))
        kind->status = value;
    return true;
}

static bool status_is_on(struct dt_property status)
{
    return status.data == NULL || dt_value_contains(status, "okay") || dt_value_contains(status, "ok");
}

static bool all_zero(struct dt_property value)
{
    for (uint32_t i = 0; i < value.length; i++) {
        if (value.data[i] != 0)
            return false;
    }
    return true;
}

/** Only rng-seed is entropy that a guest may be given as such: the 64 bits of a kaslr-seed are too few. */
static void read_seed(struct machine_reader *reader, struct dt_node chosen)
{
    struct dt_property seed = dt_property(chosen, "rng-seed");
    char found[24];

    if (seed.data == NULL || all_zero(seed))
        return; /* zeros: an earlier program used it and wiped it */
    if (seed.length < RNG_SEED_MIN) {
        format_string(found, sizeof(found), "%u bytes", seed.length);
        dt_report(reader->diag, DIAG_WARNING, chosen, "rng-seed", found, "at least 16 bytes",
                  "the seed is too short and is not used; domains get no seeds from it", NULL);
        return;
    }
    reader->machine->rng_seed = seed.data;
    reader->machine->rng_seed_length = seed.length;
}

/** Nodes directly below the root that are known by name. @return whether @p scan is at one; what is below is done then.
 */
static bool read_named(struct machine_reader *reader, const struct dt_scan *scan)
{
    const char *name = dt_name(scan->node);

    if (text_equal(name, "cpus"))
        machine_read_cpus(reader, scan->node);
    else if (text_equal(name, "reserved-memory"))
        machine_read_reserved(reader, scan->node);
    else if (text_equal(name, "chosen"))
        read_seed(reader, scan->node);
    else
        return text_equal(name, "aliases");
    return true;
}

/** @return whether there may be more below the node. */
static bool read_node(struct machine_reader *reader, struct dt_scan *scan)
{
    struct node_kind kind = {.compatible.data = NULL};

    if (scan->depth == 0)
        return true;
    if (scan->depth == 1 && read_named(reader, scan))
        return false;
    dt_for_each_property(scan->node, note_kind, &kind);
    if (!status_is_on(kind.status))
        return false;
    if (scan->depth == 1 && dt_value_contains(kind.device_type, "memory"))
        machine_read_memory(reader, scan);
    else if (kind.compatible.data != NULL)
        machine_read_device(reader, scan, kind.compatible);
    return true;
}

static void require_memory(struct machine_reader *reader, struct dt_node root)
{
    if (reader->machine->memory.count > 0)
        return;
    dt_report(reader->diag, DIAG_ERROR, root, NULL, NULL, "an enabled node with device_type = \"memory\" and a reg",
              "the machine has no RAM", "add the node, or boot through U-Boot, which fills it in");
    machine_fail(reader, HV_E_MISSING);
}

static void require_cpu(struct machine_reader *reader, struct dt_node root)
{
    if (reader->machine->cpu_count > 0)
        return;
    dt_report(reader->diag, DIAG_ERROR, root, NULL, NULL, "/cpus/cpu@... with device_type = \"cpu\" and a reg",
              "the machine has no CPU that is enabled", NULL);
    machine_fail(reader, HV_E_MISSING);
}

static void require_gic(struct machine_reader *reader, struct dt_node root)
{
    struct machine *machine = reader->machine;

    if (machine->gic.version == GIC_NONE) {
        dt_report(reader->diag, DIAG_ERROR, root, NULL, NULL,
                  "a node compatible with \"arm,gic-400\", \"arm,gic-v3\" or the like",
                  "the machine has no interrupt controller that is known", NULL);
        machine_fail(reader, HV_E_MISSING);
    }
    if (machine->gic.version == GIC_V2 && machine->cpu_count > GICV2_MAX_CPUS) {
        dt_report(reader->diag, DIAG_WARNING, root, NULL, NULL, NULL,
                  "the machine has more than 8 CPUs, which is all that a GICv2 can serve; the others are left out",
                  NULL);
        machine->cpu_count = GICV2_MAX_CPUS;
    }
}

static void complete_timer(struct machine_reader *reader, struct dt_node root)
{
    struct machine *machine = reader->machine;

    if (!reader->timer)
        dt_report(reader->diag, DIAG_WARNING, root, NULL, NULL, "a node compatible with \"arm,armv8-timer\"",
                  "the device tree does not describe the timer; its usual interrupts are assumed", NULL);
    if (machine->timer_virtual_intid == 0)
        machine->timer_virtual_intid = TIMER_VIRTUAL_INTID;
    if (machine->timer_physical_intid == 0)
        machine->timer_physical_intid = TIMER_PHYSICAL_INTID;
    if (machine->timer_hypervisor_intid == 0)
        machine->timer_hypervisor_intid = TIMER_HYPERVISOR_INTID;
}

/** Assumes that all CPUs that can be started do start; at boot, those that do not are taken out again. */
static void complete_psci(struct machine_reader *reader, struct dt_node root)
{
    struct machine *machine = reader->machine;

    if (!reader->psci)
        dt_report(reader->diag, DIAG_WARNING, root, NULL, NULL, "/psci with method = \"smc\"",
                  "there is no PSCI firmware: only the boot CPU is used, and the machine cannot be powered off", NULL);
    for (unsigned i = 0; i < machine->cpu_count; i++)
        machine->cpus[i].online = i == 0 || (machine->psci && machine->cpus[i].psci);
}

hv_status machine_read(struct machine *machine, const struct dt *tree, struct region dtb, struct region image,
                       uint64_t boot_mpidr, struct diag *diag)
{
    struct machine_reader reader = {.machine = machine, .diag = diag, .boot_mpidr = boot_mpidr};
    struct dt_scan scan;

    machine->tree = tree;
    machine->dtb = dtb;
    machine->image = image;
    machine->pa_bits = DESK_PA_BITS;
    dt_scan_start(&scan, tree);
    while (dt_node_valid(scan.node)) {
        if (read_node(&reader, &scan))
            dt_scan_next(&scan);
        else
            dt_scan_skip(&scan);
    }
    machine_read_memreserve(&reader, tree);
    require_memory(&reader, dt_root(tree));
    require_cpu(&reader, dt_root(tree));
    require_gic(&reader, dt_root(tree));
    complete_timer(&reader, dt_root(tree));
    complete_psci(&reader, dt_root(tree));
    /* the console comes first at boot, before the rest of the machine is known */
    if (machine->uart.type == UART_NONE && machine_read_uart(&machine->uart, tree, diag) != HV_OK)
        machine->uart.type = UART_NONE;
    return reader.status;
}
