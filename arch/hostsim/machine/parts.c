// SPDX-License-Identifier: Apache-2.0
/* From a device tree to the machine that it describes. Reads with libfdt alone: nothing of core's own reader. */
#include <stdlib.h>
#include <string.h>

#include "hostsim/devices/given.h"
#include "hostsim/devices/uart.h"
#include "hostsim/gic/gic.h"
#include "hostsim/machine/machine.h"
#include <libfdt.h>

static uint64_t cells_value(const fdt32_t *cells, int count)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 32 | fdt32_to_cpu(cells[i]);
    return value;
}

/* What the nodes of a bus count their addresses and sizes in. @return false if that is nothing to count in */
static bool read_cells(const void *dtb, int bus, int *address_cells, int *size_cells)
{
    *address_cells = fdt_address_cells(dtb, bus);
    *size_cells = fdt_size_cells(dtb, bus);
    return *address_cells > 0 && *size_cells >= 0;
}

/* One step up: an address on the bus @p node becomes one on its parent's. @return false if the bus is not transparent
 * to it. */
static bool through_ranges(const void *dtb, int node, uint64_t *address)
{
    int length, child, size, parent, parent_size, parent_node = fdt_parent_offset(dtb, node);
    if (parent_node < 0)
        return true; /* the root */
    if (!read_cells(dtb, node, &child, &size) || !read_cells(dtb, parent_node, &parent, &parent_size))
        return false;
    int entry = child + parent + size;
    const fdt32_t *ranges = fdt_getprop(dtb, node, "ranges", &length);
    if (ranges == NULL)
        return false;
    if (length == 0)
        return true;
    for (int i = 0; (i + 1) * entry * 4 <= length; i++, ranges += entry) {
        uint64_t from = cells_value(ranges, child), to = cells_value(ranges + child, parent);
        uint64_t span = cells_value(ranges + child + parent, size);
        if (*address >= from && *address - from < span) {
            *address = to + (*address - from);
            return true;
        }
    }
    return false;
}

static bool read_reg(const void *dtb, int node, int index, uint64_t *base, uint64_t *size)
{
    int length, address_cells, size_cells, parent = fdt_parent_offset(dtb, node);
    const fdt32_t *reg = fdt_getprop(dtb, node, "reg", &length);
    if (reg == NULL || parent < 0 || !read_cells(dtb, parent, &address_cells, &size_cells))
        return false;
    int entry = address_cells + size_cells;
    if ((index + 1) * entry * 4 > length)
        return false;
    *base = cells_value(reg + index * entry, address_cells);
    *size = cells_value(reg + index * entry + address_cells, size_cells);
    for (int bus = parent; bus > 0; bus = fdt_parent_offset(dtb, bus))
        if (!through_ranges(dtb, bus, base))
            return false;
    return true;
}

static bool is_disabled(const void *dtb, int node)
{
    const char *status = fdt_getprop(dtb, node, "status", NULL);
    return status != NULL && strcmp(status, "okay") != 0 && strcmp(status, "ok") != 0;
}

static bool has_device_type(const void *dtb, int node, const char *type)
{
    const char *value = fdt_getprop(dtb, node, "device_type", NULL);
    return value != NULL && strcmp(value, type) == 0;
}

static const char *read_memory(struct sim_machine *machine, const void *dtb)
{
    int node;
    fdt_for_each_subnode(node, dtb, 0)
    {
        uint64_t base, size;
        if (!has_device_type(dtb, node, "memory") || is_disabled(dtb, node))
            continue;
        for (int i = 0; read_reg(dtb, node, i, &base, &size); i++) {
            if (size == 0)
                continue;
            if (machine->bank_count == SIM_MAX_BANKS || base + size < base)
                return "memory node: too many banks, or one that wraps";
            machine->banks[machine->bank_count++] = (struct sim_bank){.base = base, .size = size};
        }
    }
    return machine->bank_count > 0 ? NULL : "no memory node";
}

static const char *read_cpus(struct sim_machine *machine, const void *dtb)
{
    int cpus = fdt_path_offset(dtb, "/cpus"), node;
    if (cpus < 0)
        return "no /cpus node";
    fdt_for_each_subnode(node, dtb, cpus)
    {
        if (!has_device_type(dtb, node, "cpu") || is_disabled(dtb, node) || machine->cpu_count == SIM_MAX_CPUS)
            continue;
        int length;
        const fdt32_t *reg = fdt_getprop(dtb, node, "reg", &length);
        struct sim_cpu *cpu = &machine->cpus[machine->cpu_count];
        *cpu = (struct sim_cpu){.machine = machine, .index = machine->cpu_count, .id = machine->cpu_count};
        cpu->mpidr = reg != NULL ? cells_value(reg, length / 4 > 2 ? 2 : length / 4) : 0;
        cpu->hyp_deadline = SIM_NEVER;
        machine->cpu_count++;
    }
    return machine->cpu_count > 0 ? NULL : "no CPU node";
}

static const char *read_gicv2(struct sim_machine *machine, const void *dtb)
{
    static const char *const names[] = {"arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a7-gic", "arm,cortex-a9-gic"};
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        int node = fdt_node_offset_by_compatible(dtb, -1, names[i]);
        struct gicv2_frames frames = {0};
        uint64_t size;
        if (node < 0 || is_disabled(dtb, node) || !read_reg(dtb, node, 0, &frames.distributor, &size) ||
            !read_reg(dtb, node, 1, &frames.cpu_interface, &frames.cpu_interface_size))
            continue;
        if (read_reg(dtb, node, 2, &frames.hyp_interface, &size) &&
            !read_reg(dtb, node, 3, &frames.virtual_interface, &frames.virtual_interface_size))
            frames.virtual_interface = 0;
        if (machine->cpu_count > GICV2_MAX_CPUS)
            return "interrupt controller: a GICv2 has interfaces for 8 CPUs";
        machine->gic = gicv2_create(machine, &frames);
        return NULL;
    }
    return NULL;
}

/* Redistributor regions follow the distributor in reg, as many as #redistributor-regions says. */
static const char *read_gicv3(struct sim_machine *machine, const void *dtb)
{
    int node = fdt_node_offset_by_compatible(dtb, -1, "arm,gic-v3"), length;
    struct gicv3_frames frames = {0};
    uint64_t size, room = 0;
    if (machine->gic != NULL || node < 0 || is_disabled(dtb, node) ||
        !read_reg(dtb, node, 0, &frames.distributor, &size))
        return NULL;
    const fdt32_t *cells = fdt_getprop(dtb, node, "#redistributor-regions", &length);
    unsigned regions = cells != NULL && length == 4 ? fdt32_to_cpu(*cells) : 1;
    cells = fdt_getprop(dtb, node, "redistributor-stride", &length);
    frames.redistributor_stride = cells != NULL ? cells_value(cells, length / 4) : 2 * KIB(64);
    if (frames.redistributor_stride < 2 * KIB(64) || !is_aligned(frames.redistributor_stride, KIB(64)))
        return "interrupt controller: redistributor-stride: not two frames of 64 KiB or more";
    while (frames.redistributor_count < regions && frames.redistributor_count < GICV3_MAX_REGIONS &&
           read_reg(dtb, node, 1 + (int)frames.redistributor_count,
                    &frames.redistributors[frames.redistributor_count].base,
                    &frames.redistributors[frames.redistributor_count].size))
        room += frames.redistributors[frames.redistributor_count++].size / frames.redistributor_stride;
    if (room < machine->cpu_count)
        return "interrupt controller: fewer redistributors than CPUs";
    machine->gic = gicv3_create(machine, &frames);
    return NULL;
}

/* The interrupt of that index, if it is an SPI in a GIC's three cells. 0: none. */
static unsigned read_spi(const void *dtb, int node, int index)
{
    int length;
    const fdt32_t *extended = fdt_getprop(dtb, node, "interrupts-extended", &length);
    int entry = extended != NULL ? 4 : 3; /* cells; in the longer one the controller comes first */
    const fdt32_t *cells = extended != NULL ? extended : fdt_getprop(dtb, node, "interrupts", &length);
    if (cells == NULL || length < (index + 1) * entry * 4)
        return 0;
    cells += (index + 1) * entry - 3;
    return fdt32_to_cpu(cells[0]) == 0 ? 32 + fdt32_to_cpu(cells[1]) : 0;
}

/* The interrupt called @name, or that at @index where there are no names. */
static unsigned timer_ppi(const void *dtb, int node, const char *name, int index, unsigned usual)
{
    int length = 0, named = fdt_stringlist_search(dtb, node, "interrupt-names", name);
    const fdt32_t *cells = fdt_getprop(dtb, node, "interrupts", &length);
    if (named >= 0)
        index = named;
    if (cells == NULL || length < 12 * (index + 1) || fdt32_to_cpu(cells[3 * index]) != 1)
        return usual;
    return 16 + (fdt32_to_cpu(cells[3 * index + 1]) & 15);
}

static void read_timer(struct sim_machine *machine, const void *dtb)
{
    int node = fdt_node_offset_by_compatible(dtb, -1, "arm,armv8-timer"), length;
    const fdt32_t *frequency = node >= 0 ? fdt_getprop(dtb, node, "clock-frequency", &length) : NULL;
    if (machine->options.timer_frequency == 0 && frequency != NULL && length == 4 && *frequency != 0)
        machine->frequency = fdt32_to_cpu(*frequency);
    machine->virtual_ppi = timer_ppi(dtb, node, "virt", 2, 27);
    machine->physical_ppi = timer_ppi(dtb, node, "phys", 1, 30);
    machine->hypervisor_ppi = timer_ppi(dtb, node, "hyp-phys", 3, 26);
}

/* The UART that stdout-path names comes first: it is the one whose output and keyboard the public functions mean. */
static int console_node(const void *dtb)
{
    int length, chosen = fdt_path_offset(dtb, "/chosen");
    const char *path = chosen >= 0 ? fdt_getprop(dtb, chosen, "stdout-path", &length) : NULL;
    if (path == NULL)
        return -1;
    const char *end = strchr(path, ':');
    return fdt_path_offset_namelen(dtb, path, end != NULL ? (int)(end - path) : (int)strlen(path));
}

static struct sim_uart *make_uart(struct sim_machine *machine, const void *dtb, int node)
{
    static const struct {
        const char *compatible;
        struct sim_uart *(*create)(struct sim_machine *machine, uint64_t base, uint64_t size, unsigned intid);
    } models[] = {{"arm,pl011", sim_pl011_create}, {"cdns,uart-r1p12", sim_cadence_create}};
    uint64_t base, size;
    for (unsigned i = 0; i < ARRAY_SIZE(models); i++)
        if (fdt_node_check_compatible(dtb, node, models[i].compatible) == 0 && read_reg(dtb, node, 0, &base, &size))
            return models[i].create(machine, base, size, read_spi(dtb, node, 0));
    return NULL;
}

static void read_uarts(struct sim_machine *machine, const void *dtb)
{
    int console = console_node(dtb);
    for (int pass = 0; pass < 2; pass++) {
        for (int node = fdt_next_node(dtb, -1, NULL); node >= 0; node = fdt_next_node(dtb, node, NULL)) {
            if ((node == console) != (pass == 0) || machine->uart_count == ARRAY_SIZE(machine->uarts))
                continue;
            struct sim_uart *uart = make_uart(machine, dtb, node);
            if (uart != NULL)
                machine->uarts[machine->uart_count++] = uart;
        }
    }
}

static void make_given(struct sim_machine *machine, const void *dtb, int node)
{
    static const struct {
        const char *compatible;
        void (*create)(struct sim_machine *machine, const struct sim_place *place);
    } models[] = {{"arm,pl031", sim_pl031_create}, {"bulkhead,bus-master", sim_bus_master_create}};
    struct sim_place place = {.name = fdt_get_name(dtb, node, NULL)};
    for (int i = 0; i < SIM_GIVEN_INTERRUPTS; i++)
        place.intids[i] = read_spi(dtb, node, i);
    for (unsigned i = 0; i < ARRAY_SIZE(models); i++)
        if (fdt_node_check_compatible(dtb, node, models[i].compatible) == 0 && !is_disabled(dtb, node) &&
            read_reg(dtb, node, 0, &place.base, &place.size))
            models[i].create(machine, &place);
}

static void read_given(struct sim_machine *machine, const void *dtb)
{
    for (int node = fdt_next_node(dtb, -1, NULL); node >= 0; node = fdt_next_node(dtb, node, NULL))
        make_given(machine, dtb, node);
}

const char *sim_parts_read(struct sim_machine *machine, const void *dtb)
{
    const char *problem = read_memory(machine, dtb);
    if (problem == NULL)
        problem = read_cpus(machine, dtb);
    if (problem != NULL)
        return problem;
    read_timer(machine, dtb);
    problem = read_gicv2(machine, dtb);
    if (problem == NULL)
        problem = read_gicv3(machine, dtb);
    if (problem != NULL)
        return problem;
    read_uarts(machine, dtb);
    read_given(machine, dtb);
    return NULL;
}
