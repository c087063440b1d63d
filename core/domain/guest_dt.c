// SPDX-License-Identifier: Apache-2.0
#include "domain/guest_dt.h"

#include <libfdt.h>
#include <string.h>

#include "lib/format.h"

/* PSCI 0.1 has no fixed function numbers: these are what its cpu_off and cpu_on properties name, as on Xen. */
#define PSCI_0_1_CPU_OFF 1
#define PSCI_0_1_CPU_ON 2

/* First cell of a GIC interrupt specifier. */
#define GIC_TYPE_SPI 0
#define GIC_TYPE_PPI 1
/* Third cell: level, active low or high; bits 15:8 are the CPUs of a PPI, all of them. */
#define GIC_LEVEL_LOW 0xf08
#define GIC_LEVEL_HIGH 0xf04

#define PPI(intid) ((intid)-16)
#define SPI(intid) ((intid)-32)
#define GUEST_TIMER_SECURE_INTID 29

#define UART_PATH "/sbsa-uart@22000000"
#define UART_BAUD 115200

/** The tree being written. After the first error nothing more is written, and that error is the result. */
struct writer {
    void *fdt;
    int error; /* libfdt's, 0: none */
};

static void begin_node(struct writer *writer, const char *name)
{
    if (writer->error == 0)
        writer->error = fdt_begin_node(writer->fdt, name);
}

/** A node whose name is @p name and a unit address. */
static void begin_node_at(struct writer *writer, const char *name, uint64_t address)
{
    char buffer[48];

    format_string(buffer, sizeof(buffer), "%s@%llx", name, (unsigned long long)address);
    begin_node(writer, buffer);
}

static void end_node(struct writer *writer)
{
    if (writer->error == 0)
        writer->error = fdt_end_node(writer->fdt);
}

static void put_bytes(struct writer *writer, const char *name, const void *value, size_t length)
{
    if (writer->error == 0)
        writer->error = fdt_property(writer->fdt, name, value, (int)length);
}

static void put_flag(struct writer *writer, const char *name)
{
    put_bytes(writer, name, NULL, 0);
}

static void put_string(struct writer *writer, const char *name, const char *value)
{
    put_bytes(writer, name, value, strlen(value) + 1);
}

static void put_cells(struct writer *writer, const char *name, const uint32_t *cells, size_t count)
{
    void *value;

    if (writer->error == 0)
        writer->error = fdt_property_placeholder(writer->fdt, name, (int)(count * sizeof(fdt32_t)), &value);
    for (size_t i = 0; writer->error == 0 && i < count; i++)
        fdt32_st((fdt32_t *)value + i, cells[i]);
}

static void put_u32(struct writer *writer, const char *name, uint32_t value)
{
    put_cells(writer, name, &value, 1);
}

static void put_u64(struct writer *writer, const char *name, uint64_t value)
{
    const uint32_t cells[] = {(uint32_t)(value >> 32), (uint32_t)value};

    put_cells(writer, name, cells, ARRAY_SIZE(cells));
}

/** reg of a child of the root: two cells for the address, two for the size. */
static void put_reg(struct writer *writer, const struct dt_range *ranges, size_t count)
{
    void *value;
    fdt64_t *cells;

    if (writer->error == 0)
        writer->error = fdt_property_placeholder(writer->fdt, "reg", (int)(count * 2 * sizeof(fdt64_t)), &value);
    if (writer->error != 0)
        return;
    cells = value;
    for (size_t i = 0; i < count; i++) {
        fdt64_st(cells + 2 * i, ranges[i].base);
        fdt64_st(cells + 2 * i + 1, ranges[i].size);
    }
}

static void write_root_properties(struct writer *writer)
{
    static const char compatible[] = "bulkhead,guest\0linux,dummy-virt";

    put_u32(writer, "#address-cells", 2);
    put_u32(writer, "#size-cells", 2);
    put_bytes(writer, "compatible", compatible, sizeof(compatible));
    put_string(writer, "model", "Bulkhead virtual machine");
}

static void write_aliases(struct writer *writer, const struct domain_config *config)
{
    if (!config->vpl011)
        return;
    begin_node(writer, "aliases");
    put_string(writer, "serial0", UART_PATH);
    end_node(writer);
}

static void write_chosen(struct writer *writer, const struct plan_domain *plan, const struct guest_seeds *seeds)
{
    const struct domain_config *config = plan->config;
    const struct plan_image *ramdisk = &plan->ramdisk;

    begin_node(writer, "chosen");
    if (config->bootargs != NULL)
        put_string(writer, "bootargs", config->bootargs);
    if (ramdisk->present) {
        put_u64(writer, "linux,initrd-start", ramdisk->load.raw);
        put_u64(writer, "linux,initrd-end", ramdisk->load.raw + ramdisk->file_size);
    }
    if (config->vpl011)
        put_string(writer, "stdout-path", UART_PATH);
    if (seeds->kaslr_length != 0)
        put_bytes(writer, "kaslr-seed", seeds->kaslr, seeds->kaslr_length);
    if (seeds->rng_length != 0)
        put_bytes(writer, "rng-seed", seeds->rng, seeds->rng_length);
    end_node(writer);
}

static void write_cpu(struct writer *writer, unsigned index, const struct machine_cpu *host)
{
    uint32_t affinity = (uint32_t)guest_dt_vcpu_affinity(index);

    begin_node_at(writer, "cpu", affinity);
    if (host->compatible != NULL)
        put_bytes(writer, "compatible", host->compatible, host->compatible_length);
    put_string(writer, "device_type", "cpu");
    put_u32(writer, "reg", affinity);
    if (host->clock_frequency != 0)
        put_u32(writer, "clock-frequency", host->clock_frequency);
    put_string(writer, "enable-method", "psci");
    end_node(writer);
}

static void write_cpus(struct writer *writer, const struct plan_domain *plan, const struct machine *machine)
{
    begin_node(writer, "cpus");
    put_u32(writer, "#address-cells", 1);
    put_u32(writer, "#size-cells", 0);
    for (unsigned i = 0; i < plan->vcpu_count; i++)
        write_cpu(writer, i, &machine->cpus[plan->vcpu_cpu[i]]);
    end_node(writer);
}

static void write_memory(struct writer *writer, const struct plan_domain *plan)
{
    struct dt_range banks[ARRAY_SIZE(plan->guest_ram)];
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_SIZE(plan->guest_ram); i++) {
        const struct region *bank = &plan->guest_ram[i];
        if (bank->base != bank->end)
            banks[count++] = (struct dt_range){bank->base, region_size(*bank)};
    }
    if (count == 0) /* the plan gives no domain without memory */
        return;
    begin_node_at(writer, "memory", banks[0].base);
    put_string(writer, "device_type", "memory");
    put_reg(writer, banks, count);
    end_node(writer);
}

static void write_gic(struct writer *writer, enum gic_version version)
{
    static const struct dt_range v2_frames[] = {
        {GUEST_GICD_BASE, GUEST_GICD_SIZE},
        {GUEST_GICC_BASE, GUEST_GICC_SIZE},
    };
    static const struct dt_range v3_frames[] = {
        {GUEST_GICD_BASE, GUEST_GICD_V3_SIZE},
        {GUEST_GICR_BASE, GUEST_GICR_SIZE},
    };

    begin_node_at(writer, "interrupt-controller", GUEST_GICD_BASE);
    put_u32(writer, "#address-cells", 0);
    put_u32(writer, "#interrupt-cells", 3);
    put_flag(writer, "interrupt-controller");
    put_string(writer, "compatible", version == GIC_V3 ? "arm,gic-v3" : "arm,gic-400");
    if (version == GIC_V3)
        put_u32(writer, "#redistributor-regions", 1);
    put_reg(writer, version == GIC_V3 ? v3_frames : v2_frames, 2);
    put_u32(writer, "linux,phandle", GUEST_PHANDLE_GIC);
    put_u32(writer, "phandle", GUEST_PHANDLE_GIC);
    end_node(writer);
}

static void write_timer(struct writer *writer, uint32_t frequency)
{
    static const uint32_t interrupts[] = {
        GIC_TYPE_PPI, PPI(GUEST_TIMER_SECURE_INTID),   GIC_LEVEL_LOW, /* */
        GIC_TYPE_PPI, PPI(GUEST_TIMER_PHYSICAL_INTID), GIC_LEVEL_LOW, /* */
        GIC_TYPE_PPI, PPI(GUEST_TIMER_VIRTUAL_INTID),  GIC_LEVEL_LOW,
    };

    begin_node(writer, "timer");
    put_string(writer, "compatible", "arm,armv8-timer");
    put_cells(writer, "interrupts", interrupts, ARRAY_SIZE(interrupts));
    put_u32(writer, "interrupt-parent", GUEST_PHANDLE_GIC);
    if (frequency != 0)
        put_u32(writer, "clock-frequency", frequency);
    end_node(writer);
}

static void write_psci(struct writer *writer)
{
    static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2\0arm,psci";

    begin_node(writer, "psci");
    put_bytes(writer, "compatible", compatible, sizeof(compatible));
    put_string(writer, "method", "hvc");
    put_u32(writer, "cpu_off", PSCI_0_1_CPU_OFF);
    put_u32(writer, "cpu_on", PSCI_0_1_CPU_ON);
    end_node(writer);
}

static void write_uart(struct writer *writer, const struct domain_config *config)
{
    static const struct dt_range frame = {GUEST_VPL011_BASE, GUEST_VPL011_SIZE};
    static const uint32_t interrupt[] = {GIC_TYPE_SPI, SPI(GUEST_VPL011_INTID), GIC_LEVEL_HIGH};

    if (!config->vpl011)
        return;
    begin_node_at(writer, "sbsa-uart", frame.base);
    put_string(writer, "compatible", "arm,sbsa-uart");
    put_reg(writer, &frame, 1);
    put_cells(writer, "interrupts", interrupt, ARRAY_SIZE(interrupt));
    put_u32(writer, "interrupt-parent", GUEST_PHANDLE_GIC);
    put_u32(writer, "current-speed", UART_BAUD);
    end_node(writer);
}

static void write_tree(struct writer *writer, const struct plan_domain *plan, const struct machine *machine,
                       const struct guest_seeds *seeds)
{
    begin_node(writer, "");
    write_root_properties(writer);
    write_aliases(writer, plan->config);
    write_chosen(writer, plan, seeds);
    write_cpus(writer, plan, machine);
    write_memory(writer, plan);
    write_gic(writer, machine->gic.version);
    write_timer(writer, machine->timer_frequency);
    write_psci(writer);
    write_uart(writer, plan->config);
    end_node(writer);
}

hv_status guest_dt_write(void *buffer, size_t size, const struct plan_domain *plan, const struct machine *machine,
                         const struct guest_seeds *seeds)
{
    struct writer writer = {buffer, 0};

    if (machine->gic.version == GIC_NONE)
        return HV_E_UNSUPPORTED;
    /* To look for each name among those already there would cost more than all the rest. */
    writer.error = fdt_create_with_flags(buffer, (int)min_u64(size, GUEST_DT_MAX_SIZE), FDT_CREATE_FLAG_NO_NAME_DEDUP);
    if (writer.error == 0)
        writer.error = fdt_finish_reservemap(buffer);
    write_tree(&writer, plan, machine, seeds);
    if (writer.error == 0)
        writer.error = fdt_finish(buffer);
    if (writer.error == -FDT_ERR_NOSPACE)
        return HV_E_NOMEM;
    return writer.error == 0 ? HV_OK : HV_E_INVALID;
}

uint64_t guest_dt_vcpu_affinity(unsigned index)
{
    return (index >> 4) << 8 | (index & 15);
}
