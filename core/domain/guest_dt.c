// SPDX-License-Identifier: Apache-2.0
#include "domain/guest_dt.h"

#include <libfdt.h>
#include <string.h>

#include "config/part.h"
#include "dt/dt_writer.h"

/* PSCI 0.1 has no fixed function numbers: these are what its cpu_off and cpu_on properties name, as on Xen. */
#define PSCI_0_1_CPU_OFF 1
#define PSCI_0_1_CPU_ON 2

static void write_root_properties(struct dt_writer *writer)
{
    static const char compatible[] = "bulkhead,guest\0linux,dummy-virt";

    dt_put_u32(writer, "#address-cells", 2);
    dt_put_u32(writer, "#size-cells", 2);
    dt_put_bytes(writer, "compatible", compatible, sizeof(compatible));
    dt_put_string(writer, "model", "Bulkhead virtual machine");
}

static bool has_aliases(const struct domain_config *config)
{
    FOR_EACH_PART_OF(i, config)
        if (part_table[i]->console != NULL || part_table[i]->aliases != NULL)
            return true;
    return false;
}

static void put_path(struct dt_writer *writer, const char *name, const struct part *part, const struct guest_map *map)
{
    char text[PART_PATH_MAX];

    part->path(map, text);
    dt_put_string(writer, name, text);
}

static void write_aliases(struct dt_writer *writer, const struct plan_domain *plan)
{
    const struct part *console = part_console(plan->config);

    if (!has_aliases(plan->config))
        return;
    dt_begin_node(writer, "aliases");
    if (console != NULL)
        put_path(writer, "serial0", console, plan->map);
    FOR_EACH_PART_OF(i, plan->config)
        if (part_table[i]->aliases != NULL)
            part_table[i]->aliases(writer, plan);
    dt_end_node(writer);
}

/** @return the offset of its value; 0: it was left out */
static uint32_t write_seed(struct dt_writer *writer, const char *name, const uint8_t *seed, uint32_t length)
{
    void *value;

    if (length == 0 || writer->error != 0)
        return 0;
    writer->error = fdt_property_placeholder(writer->fdt, name, (int)length, &value);
    if (writer->error != 0)
        return 0;
    memcpy(value, seed, length);
    return (uint32_t)((uint8_t *)value - (uint8_t *)writer->fdt);
}

static void write_chosen(struct dt_writer *writer, const struct plan_domain *plan, const struct guest_seeds *seeds,
                         struct guest_dt *dt)
{
    const struct domain_config *config = plan->config;
    const struct plan_image *ramdisk = &plan->ramdisk;
    const struct part *console = part_console(config);

    dt_begin_node(writer, "chosen");
    if (config->bootargs != NULL)
        dt_put_string(writer, "bootargs", config->bootargs);
    if (ramdisk->present) {
        dt_put_u64(writer, "linux,initrd-start", ramdisk->load.raw);
        dt_put_u64(writer, "linux,initrd-end", ramdisk->load.raw + ramdisk->file_size);
    }
    if (console != NULL)
        put_path(writer, "stdout-path", console, plan->map);
    dt->kaslr_at = write_seed(writer, "kaslr-seed", seeds->kaslr, seeds->kaslr_length);
    dt->rng_at = write_seed(writer, "rng-seed", seeds->rng, seeds->rng_length);
    dt_end_node(writer);
}

static void write_cpu(struct dt_writer *writer, unsigned index, const struct machine_cpu *host)
{
    uint32_t affinity = (uint32_t)guest_dt_vcpu_affinity(index);

    dt_begin_node_at(writer, "cpu", affinity);
    if (host->compatible != NULL)
        dt_put_bytes(writer, "compatible", host->compatible, host->compatible_length);
    dt_put_string(writer, "device_type", "cpu");
    dt_put_u32(writer, "reg", affinity);
    if (host->clock_frequency != 0)
        dt_put_u32(writer, "clock-frequency", host->clock_frequency);
    dt_put_string(writer, "enable-method", "psci");
    dt_end_node(writer);
}

static void write_cpus(struct dt_writer *writer, const struct plan_domain *plan, const struct machine *machine)
{
    dt_begin_node(writer, "cpus");
    dt_put_u32(writer, "#address-cells", 1);
    dt_put_u32(writer, "#size-cells", 0);
    for (unsigned i = 0; i < plan->vcpu_count; i++)
        write_cpu(writer, i, &machine->cpus[plan->vcpu_cpu[i]]);
    dt_end_node(writer);
}

static void write_memory(struct dt_writer *writer, const struct plan_domain *plan)
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
    dt_begin_node_at(writer, "memory", banks[0].base);
    dt_put_string(writer, "device_type", "memory");
    dt_put_reg(writer, banks, count);
    dt_end_node(writer);
}

static void write_timer(struct dt_writer *writer, const struct guest_map *map, uint32_t frequency)
{
    const uint32_t interrupts[] = {
        DT_GIC_PPI, DT_PPI(map->timer_secure),   DT_LEVEL_LOW, /* */
        DT_GIC_PPI, DT_PPI(map->timer_physical), DT_LEVEL_LOW, /* */
        DT_GIC_PPI, DT_PPI(map->timer_virtual),  DT_LEVEL_LOW,
    };

    dt_begin_node(writer, "timer");
    dt_put_string(writer, "compatible", "arm,armv8-timer");
    dt_put_cells(writer, "interrupts", interrupts, ARRAY_SIZE(interrupts));
    dt_put_u32(writer, "interrupt-parent", map->gic_phandle);
    if (frequency != 0)
        dt_put_u32(writer, "clock-frequency", frequency);
    dt_end_node(writer);
}

static void write_psci(struct dt_writer *writer)
{
    static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2\0arm,psci";

    dt_begin_node(writer, "psci");
    dt_put_bytes(writer, "compatible", compatible, sizeof(compatible));
    dt_put_string(writer, "method", "hvc");
    dt_put_u32(writer, "cpu_off", PSCI_0_1_CPU_OFF);
    dt_put_u32(writer, "cpu_on", PSCI_0_1_CPU_ON);
    dt_end_node(writer);
}

static const struct part *root_part(const struct domain_config *config)
{
    FOR_EACH_PART_OF(i, config)
        if (part_table[i]->root != NULL)
            return part_table[i];
    return NULL;
}

static void write_root(struct dt_writer *writer, const struct plan_domain *plan, const struct machine *machine)
{
    const struct part *part = root_part(plan->config);

    if (part != NULL)
        part->root(writer, plan, machine);
    else
        write_root_properties(writer);
}

static void write_tree(struct dt_writer *writer, const struct plan_domain *plan, const struct machine *machine,
                       const struct guest_seeds *seeds, struct guest_dt *dt)
{
    dt_begin_node(writer, "");
    write_root(writer, plan, machine);
    write_aliases(writer, plan);
    write_chosen(writer, plan, seeds, dt);
    write_cpus(writer, plan, machine);
    write_memory(writer, plan);
    write_timer(writer, plan->map, machine->timer_frequency);
    write_psci(writer);
    FOR_EACH_PART_OF(i, plan->config)
        if (part_table[i]->describe != NULL)
            part_table[i]->describe(writer, plan, machine);
    dt_end_node(writer);
}

hv_status guest_dt_write(void *buffer, size_t size, const struct plan_domain *plan, const struct machine *machine,
                         const struct guest_seeds *seeds, struct guest_dt *dt)
{
    struct dt_writer writer = {buffer, 0};

    *dt = (struct guest_dt){.blob = buffer};
    if (machine->gic.version == GIC_NONE)
        return HV_E_UNSUPPORTED;
    /* To look for each name among those already there would cost more than all the rest. */
    writer.error = fdt_create_with_flags(buffer, (int)min_u64(size, DT_MAX_SIZE), FDT_CREATE_FLAG_NO_NAME_DEDUP);
    if (writer.error == 0)
        writer.error = fdt_finish_reservemap(buffer);
    write_tree(&writer, plan, machine, seeds, dt);
    if (writer.error == 0)
        writer.error = fdt_finish(buffer);
    if (writer.error == -FDT_ERR_NOSPACE)
        return HV_E_NOMEM;
    if (writer.error != 0)
        return HV_E_INVALID;
    dt->size = fdt_totalsize(buffer);
    return HV_OK;
}
