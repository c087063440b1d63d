// SPDX-License-Identifier: Apache-2.0
/* Physical CPUs: the boot CPU first, the others in the order of the tree. */
#include "arch/cpu.h"
#include "config/machine_reader.h"
#include "lib/text.h"

static void warn_cpu(struct machine_reader *reader, struct dt_node node, const char *property, const char *expected,
                     const char *message)
{
    machine_complain(reader->diag, DIAG_WARNING, node, property, expected, message, NULL);
}

static bool read_affinity(struct machine_reader *reader, struct dt_node node, uint32_t address_cells,
                          uint32_t size_cells, uint64_t *mpidr)
{
    struct dt_range range;

    if (dt_reg_cells(node, 0, address_cells, size_cells, &range) != HV_OK || (range.base & ~ARCH_MPIDR_AFFINITY) != 0) {
        warn_cpu(reader, node, "reg", "the affinity fields of MPIDR_EL1, in the cells that /cpus sets",
                 "the CPU cannot be told from others and is left out");
        return false;
    }
    *mpidr = range.base;
    return true;
}

static bool has_cpu(const struct machine *machine, uint64_t mpidr)
{
    for (unsigned i = 0; i < machine->cpu_count; i++) {
        if (machine->cpus[i].mpidr == mpidr)
            return true;
    }
    return false;
}

/** Whether firmware starts this CPU through PSCI; of the boot CPU it matters only after it was off. */
static bool read_enable_method(struct machine_reader *reader, struct dt_node node, bool boot)
{
    if (dt_list_contains(node, "enable-method", "psci"))
        return true;
    if (!boot)
        warn_cpu(reader, node, "enable-method", "\"psci\"", "the CPU cannot be started and is not used");
    return boot;
}

static struct machine_cpu describe_cpu(struct dt_node node, uint64_t mpidr)
{
    struct dt_property compatible = dt_property(node, "compatible");
    struct machine_cpu cpu = {.mpidr = mpidr};
    uint64_t frequency;

    if (compatible.length > 0 && compatible.data[compatible.length - 1] == '\0') {
        cpu.compatible = (const char *)compatible.data;
        cpu.compatible_length = compatible.length;
    }
    if (dt_read_u64(node, "clock-frequency", &frequency) == HV_OK && frequency <= UINT32_MAX)
        cpu.clock_frequency = (uint32_t)frequency;
    return cpu;
}

/** Adds a CPU; where all places are taken, only the boot CPU may have the last one. @return whether one was left out */
static bool add_cpu(struct machine *machine, const struct machine_cpu *cpu, bool boot)
{
    if (machine->cpu_count < HV_MAX_CPUS) {
        machine->cpus[machine->cpu_count++] = *cpu;
        return false;
    }
    if (boot)
        machine->cpus[HV_MAX_CPUS - 1] = *cpu;
    return true;
}

/** @return whether a CPU was left out for want of room */
static bool read_cpu(struct machine_reader *reader, struct dt_node node, uint32_t address_cells, uint32_t size_cells)
{
    struct machine *machine = reader->machine;
    struct machine_cpu cpu;
    uint64_t mpidr;
    bool boot;

    if (!dt_list_contains(node, "device_type", "cpu") || !dt_enabled(node) ||
        !read_affinity(reader, node, address_cells, size_cells, &mpidr))
        return false;
    if (has_cpu(machine, mpidr)) {
        warn_cpu(reader, node, "reg", "a value of its own", "another CPU has this number; the node is left out");
        return false;
    }
    boot = reader->boot_mpidr == UINT64_MAX ? machine->cpu_count == 0 : mpidr == reader->boot_mpidr;
    cpu = describe_cpu(node, mpidr);
    cpu.psci = read_enable_method(reader, node, boot);
    return add_cpu(machine, &cpu, boot);
}

/** Brings the boot CPU to the front; the others keep their order. */
static void put_boot_cpu_first(struct machine_reader *reader, struct dt_node cpus)
{
    struct machine *machine = reader->machine;
    struct machine_cpu boot;
    unsigned at = 0;

    if (reader->boot_mpidr == UINT64_MAX || machine->cpu_count == 0)
        return;
    while (at < machine->cpu_count && machine->cpus[at].mpidr != reader->boot_mpidr)
        at++;
    if (at == machine->cpu_count) {
        char found[24];

        format_string(found, sizeof(found), "0x%llx", (unsigned long long)reader->boot_mpidr);
        dt_report(reader->diag, DIAG_WARNING, cpus, NULL, found, "a cpu node whose reg is the boot CPU's affinity",
                  "the CPU that boots is not in the device tree; it is taken for one like the first", NULL);
        boot = machine->cpus[0];
        boot.mpidr = reader->boot_mpidr;
        at = machine->cpu_count < HV_MAX_CPUS ? machine->cpu_count++ : HV_MAX_CPUS - 1;
    } else {
        boot = machine->cpus[at];
    }
    for (; at > 0; at--)
        machine->cpus[at] = machine->cpus[at - 1];
    machine->cpus[0] = boot;
}

void machine_read_cpus(struct machine_reader *reader, struct dt_node cpus)
{
    uint32_t address_cells, size_cells;
    bool too_many = false;

    if (dt_cells(cpus, false, &address_cells, &size_cells) != HV_OK) {
        warn_cpu(reader, cpus, "#address-cells", "one cell, 1 or 2", "the CPUs' numbers cannot be read");
        return;
    }
    DT_FOR_EACH_CHILD(node, cpus)
    {
        too_many |= read_cpu(reader, node, address_cells, size_cells);
    }
    if (too_many)
        dt_report(reader->diag, DIAG_WARNING, cpus, NULL, NULL, "at most " TEXT_OF(HV_MAX_CPUS) " CPUs",
                  "the machine has more CPUs than this build can use; the last ones are left out", NULL);
    put_boot_cpu_first(reader, cpus);
}
