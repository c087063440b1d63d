// SPDX-License-Identifier: Apache-2.0
/* core/arch/mmio.h: a handle is the number of a mapping of this machine. */
#include "arch/mmio.h"

#include "hostsim/machine/machine.h"

bool arch_mmio_map(struct arch_mmio *mmio, pa_t base, uint64_t size)
{
    struct sim_machine *machine = sim_this_machine();
    if (machine == NULL)
        sim_fail("arch_mmio_map() without a machine: call sim_create() first");
    if (machine->boot_done)
        sim_fail("arch_mmio_map() after arch_boot_done()");
    sim_spend(sim_this_cpu(), SIM_COST_MAP, 1);
    if (sim_bank_find(machine, base.raw, 1) != NULL)
        sim_fail("arch_mmio_map(%#llx): RAM as a device", (unsigned long long)base.raw);
    uint64_t end = 1ULL << machine->options.pa_bits;
    mmio->base = 0;
    if (base.raw % 4 != 0 || base.raw >= end || size > end - base.raw || machine->mapping_count == SIM_MAX_MAPPINGS)
        return false;
    machine->mappings[machine->mapping_count] = (struct sim_mapping){base.raw, size};
    mmio->base = ++machine->mapping_count;
    return true;
}

/* The physical address of an access, after the checks that an MMU and a bus make. */
static uint64_t resolve(struct sim_cpu *cpu, const struct arch_mmio *mmio, uint32_t offset, unsigned size)
{
    sim_spend(cpu, SIM_COST_MMIO, 1);
    struct sim_machine *machine = cpu->machine;
    if (machine == NULL || mmio->base == 0 || mmio->base > machine->mapping_count)
        sim_fail("device access through a handle that arch_mmio_map() did not give");
    const struct sim_mapping *mapping = &machine->mappings[mmio->base - 1];
    if (offset + (uint64_t)size > mapping->size || !is_aligned(offset, size))
        sim_fail("device access at offset %#x, %u bytes, of a frame of %#llx bytes", offset, size,
                 (unsigned long long)mapping->size);
    return mapping->base + offset;
}

HV_NORETURN static void bus_error(struct sim_cpu *cpu, uint64_t address, unsigned size, const char *what)
{
    const struct sim_device *device = sim_device_find(cpu->machine, address);
    sim_external_abort(cpu, address, "%u-byte %s at %#llx (%s)", size, what, (unsigned long long)address,
                       device != NULL ? device->name : "no device");
}

uint32_t arch_mmio_read32(const struct arch_mmio *mmio, uint32_t offset)
{
    struct sim_cpu *cpu = sim_this_cpu();
    uint64_t address = resolve(cpu, mmio, offset, 4), value;
    if (!sim_device_read(cpu, address, 4, &value))
        bus_error(cpu, address, 4, "read");
    return (uint32_t)value;
}

void arch_mmio_write32(const struct arch_mmio *mmio, uint32_t offset, uint32_t value)
{
    struct sim_cpu *cpu = sim_this_cpu();
    uint64_t address = resolve(cpu, mmio, offset, 4);
    if (!sim_device_write(cpu, address, 4, value))
        bus_error(cpu, address, 4, "write");
}

void arch_mmio_write8(const struct arch_mmio *mmio, uint32_t offset, uint8_t value)
{
    struct sim_cpu *cpu = sim_this_cpu();
    uint64_t address = resolve(cpu, mmio, offset, 1);
    if (!sim_device_write(cpu, address, 1, value))
        bus_error(cpu, address, 1, "write");
}

struct arch_early_uart arch_early_uart(void)
{
    const struct sim_machine *machine = sim_this_machine();
    return (struct arch_early_uart){.base = pa(machine != NULL ? machine->options.early_uart : 0)};
}
