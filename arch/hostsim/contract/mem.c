// SPDX-License-Identifier: Apache-2.0
/* core/arch/mem.h: what the hypervisor reaches, caches, stage-2 maintenance. */
#include <string.h>

#include "hostsim/contract/ordering.h"
#include "hostsim/kvm/kvm.h"
#include "hostsim/machine/machine.h"
#include "hostsim/memory/mmu.h"

#define LINE 64

static struct sim_machine *need_machine(const char *function)
{
    struct sim_machine *machine = sim_this_machine();
    if (machine == NULL)
        sim_fail("%s() without a machine: call sim_create() first", function);
    return machine;
}

void arch_image_range(pa_t *base, uint64_t *size)
{
    struct sim_machine *machine = need_machine("arch_image_range");
    *base = pa(machine->options.image_base);
    *size = machine->options.image_size;
}

void arch_boot_done(void)
{
    struct sim_machine *machine = need_machine("arch_boot_done");
    sim_spend(sim_this_cpu(), SIM_COST_TLB, 1);
    if (sim_this_cpu()->id != 0)
        sim_fail("arch_boot_done() on CPU %u: the boot CPU only", sim_this_cpu()->id);
    if (machine->boot_done)
        sim_fail("arch_boot_done() a second time");
    machine->boot_done = true;
}

void *arch_map(pa_t base, uint64_t size, enum arch_map_access access)
{
    struct sim_machine *machine = need_machine("arch_map");
    if (machine->boot_done)
        sim_fail("arch_map() after arch_boot_done()");
    sim_spend(sim_this_cpu(), SIM_COST_MAP, 1 + size / BLOCK_SIZE);
    if (sim_this_cpu()->id != 0)
        sim_fail("arch_map() on CPU %u: the boot CPU only", sim_this_cpu()->id);
    void *address = sim_map(machine, base.raw, size, access, true);
    if (address == NULL)
        sim_external_abort(sim_this_cpu(), base.raw, "arch_map(%#llx, %#llx): not RAM", (unsigned long long)base.raw,
                           (unsigned long long)size);
    return address;
}

static void close_window(struct sim_machine *machine, struct sim_window *window)
{
    if (window->open)
        sim_unmap(machine, window->base, window->size, window->access);
    window->open = false;
}

void *arch_window_open(unsigned slot, pa_t base, uint64_t size, enum arch_map_access access)
{
    struct sim_machine *machine = need_machine("arch_window_open");
    struct sim_cpu *cpu = sim_this_cpu();
    sim_spend(cpu, SIM_COST_WINDOW, 1);
    if (slot >= ARCH_WINDOW_SLOTS)
        sim_fail("arch_window_open(): slot %u", slot);
    if (size == 0 || (base.raw ^ (base.raw + size - 1)) >= ARCH_WINDOW_SIZE)
        sim_fail("arch_window_open(%#llx, %#llx): not inside one 2 MiB block", (unsigned long long)base.raw,
                 (unsigned long long)size);
    close_window(machine, &cpu->windows[slot]);
    void *address = sim_map(machine, base.raw, size, access, false);
    if (address == NULL)
        sim_external_abort(cpu, base.raw, "arch_window_open(%#llx, %#llx): not RAM", (unsigned long long)base.raw,
                           (unsigned long long)size);
    cpu->windows[slot] = (struct sim_window){true, base.raw, size, access};
    return address;
}

void arch_window_close(unsigned slot)
{
    struct sim_cpu *cpu = sim_this_cpu();
    sim_spend(cpu, SIM_COST_WINDOW, 1);
    if (slot >= ARCH_WINDOW_SLOTS || !cpu->windows[slot].open)
        sim_fail("arch_window_close(%u): not open", slot);
    close_window(cpu->machine, &cpu->windows[slot]);
}

void arch_zero_and_clean(void *address, uint64_t size)
{
    struct sim_cpu *cpu = sim_this_cpu();
    if (!is_aligned((uintptr_t)address, LINE) || !is_aligned(size, LINE))
        sim_fail("arch_zero_and_clean(%p, %#llx): not multiples of 64", address, (unsigned long long)size);
    sim_core_writes(address, size);
    sim_zero(cpu->machine, address, size);
    sim_cache_zeroed(cpu->machine, address, size);
    sim_spend(cpu, SIM_COST_ZERO_LINE, size / LINE);
}

void arch_copy_and_clean(void *destination, const void *source, uint64_t size)
{
    struct sim_cpu *cpu = sim_this_cpu();
    const uint8_t *from = source, *to = destination;
    if (!is_aligned((uintptr_t)destination, LINE))
        sim_fail("arch_copy_and_clean(%p): destination not a multiple of 64", destination);
    if (from < to + size && to < from + size)
        sim_fail("arch_copy_and_clean(): source and destination overlap");
    sim_core_reads(source, size);
    sim_core_writes(destination, size);
    sim_copy(cpu->machine, destination, source, size);
    sim_cache_clean_invalidate(cpu->machine, destination, size);
    sim_spend(cpu, SIM_COST_COPY_LINE, (size + LINE - 1) / LINE);
}

void arch_cache_clean(const void *address, uint64_t size)
{
    struct sim_cpu *cpu = sim_this_cpu();
    sim_cache_clean(cpu->machine, address, size);
    sim_spend(cpu, SIM_COST_CLEAN_LINE, (size + LINE - 1) / LINE);
}

void arch_cache_clean_invalidate(void *address, uint64_t size)
{
    struct sim_cpu *cpu = sim_this_cpu();
    sim_cache_clean_invalidate(cpu->machine, address, size);
    sim_spend(cpu, SIM_COST_CLEAN_LINE, (size + LINE - 1) / LINE);
}

void arch_icache_invalidate_all(void)
{
    struct sim_cpu *cpu = sim_this_cpu();
    if (cpu->machine != NULL)
        cpu->machine->icache_round++;
    sim_spend(cpu, SIM_COST_ICACHE, 1);
}

/* DSB: all that was stored is seen, and so it is with what else has one in it. */
void arch_stage2_publish(void)
{
    sim_store_buffer_drain(sim_this_cpu());
    sim_spend(sim_this_cpu(), SIM_COST_CALL, 1);
}

void arch_stage2_invalidate(const struct arch_stage2 *stage2, ipa_t base, uint64_t size)
{
    struct sim_cpu *cpu = sim_this_cpu();
    sim_store_buffer_drain(cpu);
    if (cpu->machine != NULL) {
        sim_tlb_invalidate(cpu->machine, stage2, base.raw, size);
        sim_kvm_invalidate(cpu->machine, stage2->vmid, base.raw, size);
    }
    sim_spend(cpu, SIM_COST_TLB, 1);
}

unsigned arch_pa_bits(void)
{
    struct sim_machine *machine = sim_this_machine();
    return machine != NULL ? machine->options.pa_bits : 40;
}
