// SPDX-License-Identifier: Apache-2.0
/* The devices that the hypervisor itself uses: interrupt controller, timer, firmware, UART. */
#include <string.h>

#include "config/machine_reader.h"
#include "config/options.h"
#include "config/system_config.h"
#include "lib/build.h"
#include "lib/format.h"
#include "lib/text.h"

#define PPI_END 32

#define GICR_FRAMES_SIZE KIB(128)
#define GICR_STRIDE_MAX MIB(16)

/** One known value of compatible. */
struct device_match {
    const char *compatible;
    void (*read)(struct machine_reader *reader, struct dt_scan *scan);
};

/* Order of a GICv2's reg: IHI 0048B 4.1.2 in the binding's words. */
enum gicv2_frame {
    GICV2_DISTRIBUTOR,
    GICV2_CPU_INTERFACE,
    GICV2_HYP_INTERFACE,
    GICV2_VIRTUAL_INTERFACE,
    GICV2_FRAMES,
};

static void read_maintenance(struct machine_reader *reader, struct dt_scan *scan)
{
    struct dt_interrupt interrupt;

    if (dt_scan_interrupt(scan, 0, &interrupt) == HV_OK && interrupt.intid < PPI_END)
        reader->machine->gic.maintenance_intid = interrupt.intid;
    else
        machine_complain(reader->diag, DIAG_WARNING, scan->node, "interrupts", "a PPI",
                         "the maintenance interrupt is not known; interrupts of guests may be late", NULL);
}

/** @param frames  how many could be read */
static void refuse_gicv2(struct machine_reader *reader, struct dt_node node, unsigned frames, hv_status status)
{
    static const char expected[] = "four ranges: GICD, GICC, GICH, GICV";
    char found[16];

    if (status != HV_E_MISSING) {
        machine_complain(reader->diag, DIAG_ERROR, node, "reg", expected,
                         "the interrupt controller's registers cannot be found, so no domain can run", NULL);
        machine_fail(reader, HV_E_INVALID);
        return;
    }
    format_string(found, sizeof(found), "%u", frames);
    dt_report(reader->diag, DIAG_ERROR, node, "reg", found, expected,
              "the interrupt controller has no virtualization interface, so no domain can run",
              "on QEMU add virtualization=on to -M virt; on a board add GICH and GICV from its manual");
    machine_fail(reader, HV_E_UNSUPPORTED);
}

/** @return whether this build can drive the interrupt controller at @p node; says so if not */
static bool has_driver(struct machine_reader *reader, struct dt_node node, bool built)
{
    if (built)
        return true;
    machine_complain(reader->diag, DIAG_ERROR, node, "compatible", NULL,
                     "not in this build: the driver of the interrupt controller, so no domain can run",
                     "build with this version: BULKHEAD_GIC");
    machine_fail(reader, HV_E_UNSUPPORTED);
    return false;
}

static void read_gicv2(struct machine_reader *reader, struct dt_scan *scan)
{
    struct machine_gic *gic = &reader->machine->gic;
    struct dt_range *frames[GICV2_FRAMES] = {&gic->distributor, &gic->cpu_interface, &gic->hyp_interface,
                                             &gic->virtual_interface};

    if (gic->version != GIC_NONE)
        return; /* a second controller hangs behind the first */
    gic->version = GIC_V2;
    if (!has_driver(reader, scan->node, BUILD_GICV2))
        return;
    for (unsigned i = 0; i < GICV2_FRAMES; i++) {
        hv_status status = dt_scan_reg_cpu(scan, i, frames[i]);

        if (status == HV_OK && frames[i]->size != 0)
            continue;
        *gic = (struct machine_gic){.version = GIC_V2};
        refuse_gicv2(reader, scan->node, i, status);
        return;
    }
    read_maintenance(reader, scan);
}

/** GICR frames come in steps of 64 KiB, two for each CPU at least. */
static void read_stride(struct machine_reader *reader, struct dt_node node)
{
    struct dt_property stride = dt_property(node, "redistributor-stride");
    uint64_t value = 0;

    if (stride.data == NULL)
        return;
    if (stride.length == 4 || stride.length == 8)
        value = dt_cells_value(stride.data, stride.length / 4);
    if (value >= GICR_FRAMES_SIZE && value <= GICR_STRIDE_MAX && is_aligned(value, KIB(64)))
        reader->machine->gic.redistributor_stride = (uint32_t)value;
    else
        machine_complain(reader->diag, DIAG_WARNING, node, "redistributor-stride", "a multiple of 64 KiB, from 128 KiB",
                         "the distance of the redistributors cannot be used; they say it themselves", NULL);
}

/** @return how many ranges of redistributors there are. */
static unsigned count_regions(struct machine_reader *reader, struct dt_node node)
{
    uint32_t count = 1;

    if (dt_has(node, "#redistributor-regions") && dt_read_u32(node, "#redistributor-regions", &count) == HV_OK &&
        count > MACHINE_MAX_REDISTRIBUTOR_REGIONS) {
        machine_complain(reader->diag, DIAG_WARNING, node, "#redistributor-regions", "at most 8",
                         "more ranges of redistributors than there is room for; CPUs of the others are left out", NULL);
        count = MACHINE_MAX_REDISTRIBUTOR_REGIONS;
    }
    return count;
}

/** reg is GICD, then the ranges of redistributors; what may follow is for compatibility with GICv2. */
static void read_gicv3(struct machine_reader *reader, struct dt_scan *scan)
{
    struct machine_gic *gic = &reader->machine->gic;
    unsigned regions;

    if (gic->version != GIC_NONE)
        return;
    gic->version = GIC_V3;
    if (!has_driver(reader, scan->node, BUILD_GICV3))
        return;
    regions = count_regions(reader, scan->node);
    for (unsigned i = 0; i <= regions; i++) {
        struct dt_range *range = i == 0 ? &gic->distributor : &gic->redistributors[i - 1];
        if (dt_scan_reg_cpu(scan, i, range) == HV_OK && range->size != 0)
            continue;
        *gic = (struct machine_gic){.version = GIC_V3};
        machine_complain(reader->diag, DIAG_ERROR, scan->node, "reg", "GICD, then the ranges of GICR",
                         "the interrupt controller's registers cannot be found, so no domain can run", NULL);
        machine_fail(reader, HV_E_INVALID);
        return;
    }
    gic->redistributor_count = regions;
    read_stride(reader, scan->node);
    read_maintenance(reader, scan);
}

/** @return the place of @p name in interrupt-names, or @p otherwise, where the binding without names has it. */
static unsigned interrupt_index(struct dt_node node, const char *name, unsigned otherwise)
{
    struct dt_property names = dt_property(node, "interrupt-names");
    unsigned index = 0;
    uint32_t start = 0;

    if (names.data == NULL)
        return otherwise;
    for (uint32_t i = 0; i < names.length; i++) {
        if (names.data[i] != '\0')
            continue;
        if (text_equal((const char *)names.data + start, name))
            return index;
        start = i + 1;
        index++;
    }
    return otherwise;
}

static uint32_t read_timer_interrupt(struct machine_reader *reader, struct dt_scan *scan, const char *name,
                                     unsigned otherwise)
{
    struct dt_interrupt interrupt;
    hv_status status = dt_scan_interrupt(scan, interrupt_index(scan->node, name, otherwise), &interrupt);

    if (status == HV_OK && interrupt.intid < PPI_END)
        return interrupt.intid;
    machine_complain(reader->diag, DIAG_WARNING, scan->node, "interrupts",
                     "four PPIs: secure, non-secure, virtual, hypervisor",
                     "an interrupt of the timer cannot be read; its usual number is assumed", NULL);
    return 0;
}

static void read_timer(struct machine_reader *reader, struct dt_scan *scan)
{
    struct machine *machine = reader->machine;
    uint32_t frequency;

    if (reader->timer)
        return;
    reader->timer = true;
    machine->timer_virtual_intid = read_timer_interrupt(reader, scan, "virt", 2);
    machine->timer_physical_intid = read_timer_interrupt(reader, scan, "phys", 1);
    machine->timer_hypervisor_intid = read_timer_interrupt(reader, scan, "hyp-phys", 3);
    if (dt_read_u32(scan->node, "clock-frequency", &frequency) == HV_OK)
        machine->timer_frequency = frequency;
}

static void read_psci(struct machine_reader *reader, struct dt_scan *scan)
{
    reader->psci = true;
    if (dt_list_contains(scan->node, "method", "smc")) {
        reader->machine->psci = true;
        return;
    }
    machine_complain(
        reader->diag, DIAG_ERROR, scan->node, "method", "\"smc\"",
        "the firmware cannot be called from EL2: only the boot CPU is used, and the machine cannot be powered off",
        "an HVC from EL2 ends in the hypervisor itself; on QEMU start with -M virt,virtualization=on");
}

static void read_old_psci(struct machine_reader *reader, struct dt_scan *scan)
{
    reader->psci = true;
    machine_complain(reader->diag, DIAG_WARNING, scan->node, "compatible", "\"arm,psci-0.2\" or later",
                     "PSCI 0.1 is not supported: only the boot CPU is used, and the machine cannot be powered off",
                     "update the firmware");
}

/** Whoever describes a domain elsewhere finds neither the domain nor a word about it, on Xen. */
static void name_lost_domain(struct machine_reader *reader, struct dt_scan *scan)
{
    dt_report(reader->diag, DIAG_WARNING, scan->node, NULL, NULL, NULL,
              "the domain is not directly below /chosen and is ignored", "move the node there");
}

static const struct device_match device_matches[] = {
    {"arm,gic-400", read_gicv2},       {"arm,cortex-a15-gic", read_gicv2}, {"arm,cortex-a9-gic", read_gicv2},
    {"arm,cortex-a7-gic", read_gicv2}, {"qcom,msm-qgic2", read_gicv2},     {"arm,gic-v3", read_gicv3},
    {"arm,armv8-timer", read_timer},   {"arm,armv7-timer", read_timer},    {"arm,psci-1.0", read_psci},
    {"arm,psci-0.2", read_psci},       {"arm,psci", read_old_psci},        {"xen,domain", name_lost_domain},
};

static const struct device_match *find_match(const char *compatible)
{
    for (unsigned i = 0; i < ARRAY_SIZE(device_matches); i++) {
        if (text_equal(compatible, device_matches[i].compatible))
            return &device_matches[i];
    }
    return NULL;
}

void machine_read_device(struct machine_reader *reader, struct dt_scan *scan, struct dt_property compatible)
{
    const char *item = (const char *)compatible.data;
    const char *end = item + compatible.length;

    if (compatible.length == 0 || end[-1] != '\0')
        return;
    for (; item < end; item += strlen(item) + 1) {
        const struct device_match *match = find_match(item);

        if (match != NULL) {
            match->read(reader, scan); /* the most specific comes first; the rest says the same with less */
            return;
        }
    }
}

static bool uart_built(enum uart_type type)
{
    return (type == UART_PL011 && BUILD_PL011) || (type == UART_CADENCE && BUILD_CADENCE);
}

static enum uart_type uart_type(struct dt_node node)
{
    if (dt_compatible(node, "arm,pl011") || dt_compatible(node, "arm,sbsa-uart"))
        return UART_PL011;
    if (dt_compatible(node, "cdns,uart-r1p8") || dt_compatible(node, "cdns,uart-r1p12") ||
        dt_compatible(node, "xlnx,xuartps"))
        return UART_CADENCE;
    return UART_NONE;
}

/** One way in which the console's UART is named; the next one is tried where it cannot be used. */
struct console_name {
    const char *property;
    const char *path; /* NULL: not there */
    const char *next; /* the property that is tried then, NULL: none */
    struct diag *diag;
};

/** Enough for a problem and what follows from it. */
struct console_message {
    char text[112];
};

static struct console_message describe(const struct console_name *name, const char *problem)
{
    struct console_message message;

    message.text[0] = '\0';
    format_string(message.text, sizeof(message.text),
                  name->next != NULL ? "%s; %s is used instead" : "%s; nothing will be printed", problem, name->next);
    return message;
}

static void warn_uart(const struct console_name *name, struct dt_node node, const char *property, const char *expected,
                      const char *problem)
{
    machine_complain(name->diag, DIAG_WARNING, node, property, expected, describe(name, problem).text, NULL);
}

/** Whether the node is a UART that can be used; says why not. */
static bool check_uart(const struct console_name *name, struct machine_uart *uart, struct dt_node node)
{
    if (!dt_enabled(node)) {
        warn_uart(name, node, "status", "\"okay\"", "the console's UART is disabled");
        return false;
    }
    uart->type = uart_type(node);
    if (uart->type == UART_NONE)
        warn_uart(name, node, "compatible", "\"arm,pl011\" or \"cdns,uart-r1p12\"",
                  "there is no driver for the console's UART");
    else if (!uart_built(uart->type))
        warn_uart(name, node, "compatible", NULL,
                  "not in this build (BULKHEAD_UART): the driver of the console's UART");
    return uart_built(uart->type);
}

static void read_uart_interrupt(struct machine_uart *uart, struct dt_scan *scan, struct diag *diag)
{
    struct dt_interrupt interrupt;
    hv_status status = dt_scan_interrupt(scan, 0, &interrupt);

    if (status == HV_OK) {
        uart->intid = interrupt.intid;
        uart->flags = interrupt.flags;
    } else if (status != HV_E_MISSING) {
        machine_complain(diag, DIAG_WARNING, scan->node,
                         dt_has(scan->node, "interrupts-extended") ? "interrupts-extended" : "interrupts",
                         "an interrupt of the GIC", "the UART's interrupt cannot be used; its input is polled", NULL);
    }
}

/** @return whether the UART at @p name is there and can be used; says why not. */
static bool read_uart(const struct console_name *name, struct machine_uart *uart, const struct dt *tree)
{
    struct dt_scan scan;

    if (!dt_scan_find(&scan, tree, name->path)) {
        dt_report(name->diag, DIAG_WARNING, dt_chosen(tree), name->property, name->path,
                  "the path of a node, or a name in /aliases", describe(name, "the console's UART does not exist").text,
                  NULL);
        return false;
    }
    if (!check_uart(name, uart, scan.node))
        return false;
    uart->node = scan.node;
    if (dt_scan_reg_cpu(&scan, 0, &uart->frame) != HV_OK) {
        warn_uart(name, scan.node, "reg", "address and size", "the console's UART has no registers");
        return false;
    }
    read_uart_interrupt(uart, &scan, name->diag);
    return true;
}

/** ImageBuilder writes dtuart=serial0 for every board, with that alias or without. */
hv_status machine_read_uart(struct machine_uart *uart, const struct dt *tree, struct diag *diag)
{
    struct console_name names[] = {
        {.property = "dtuart="}, {.property = "stdout-path"}, {.property = "linux,stdout-path"}};
    struct dt_node chosen = dt_chosen(tree);
    char option[DT_PATH_MAX];
    const char *next = NULL;

    if (option_read(config_command_line(tree), "dtuart", option, sizeof(option)))
        names[0].path = option;
    for (unsigned i = ARRAY_SIZE(names); i-- > 0;) {
        if (i != 0)
            (void)!dt_read_string(chosen, names[i].property, &names[i].path);
        names[i].diag = diag;
        names[i].next = next;
        next = names[i].path != NULL ? names[i].property : next;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        *uart = (struct machine_uart){.node = {.tree = tree, .offset = -1}};
        if (names[i].path != NULL && read_uart(&names[i], uart, tree))
            return HV_OK;
    }
    uart->type = UART_NONE;
    if (next == NULL)
        dt_report(diag, DIAG_WARNING, chosen, "stdout-path", NULL, "the path or alias of a UART",
                  "there is no console; nothing will be printed",
                  "add stdout-path = \"serial0\" to /chosen, or dtuart=serial0 to its xen,xen-bootargs");
    return HV_E_MISSING;
}
