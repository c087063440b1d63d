// SPDX-License-Identifier: Apache-2.0
/* The hypervisor's own tables, while it runs: the boot half is taken out of them, and windows come and go. */
#include <string.h>

#include "arch/cpu.h"
#include "arch/mem.h"
#include "sysreg.h"
#include "tables.h"
#include "tlb.h"

extern char boot_start[], boot_end[];

pa_t mmu_image;

/** What a slot shows: removed again by arch_window_close(). */
struct window {
    uint32_t first; /* page in the block */
    uint32_t count; /* pages; 0: closed. A whole block is mapped as one */
};

static struct window windows[HV_MAX_CPUS][ARCH_WINDOW_SLOTS];

void arch_boot_done(void)
{
    memset(&image_l3[table_index((uint64_t)boot_start, L3_SHIFT)], 0,
           (size_t)(boot_end - boot_start) / PAGE_SIZE * sizeof(uint64_t));
    barrier_dsb(ishst);
    tlb_invalidate_all_cpus();
}

static uint64_t window_va(unsigned slot)
{
    return WINDOW_VA + slot * (uint64_t)WINDOW_STRIDE;
}

void arch_window_close(unsigned slot)
{
    unsigned cpu = arch_cpu_id();
    struct cpu_area *area = &cpu_areas[cpu];
    struct window *window = &windows[cpu][slot];

    if (window->count == 0)
        return;
    entry_write(&area->window_l2[table_index(window_va(slot), L2_SHIFT)], 0);
    if (window->count < ENTRIES)
        memset(&area->window_l3[slot][window->first], 0, window->count * sizeof(uint64_t));
    barrier_dsb(nshst);
    tlb_invalidate_own_range(window_va(slot) + window->first * PAGE_SIZE, window->count);
    window->count = 0;
}

void *arch_window_open(unsigned slot, pa_t base, uint64_t size, enum arch_map_access access)
{
    unsigned cpu = arch_cpu_id();
    struct cpu_area *area = &cpu_areas[cpu];
    struct window *window = &windows[cpu][slot];
    uint64_t *entry = &area->window_l2[table_index(window_va(slot), L2_SHIFT)];
    uint64_t block = align_down(base.raw, BLOCK_SIZE);
    uint64_t attributes = access_attributes(access);
    uint64_t pages;

    arch_window_close(slot);
    window->first = table_index(base.raw, L3_SHIFT);
    /* Never beyond the block, whatever the caller asks: there is no table behind this one. */
    pages = (align_up(base.raw + size, PAGE_SIZE) - align_down(base.raw, PAGE_SIZE)) / PAGE_SIZE;
    window->count = (uint32_t)min_u64(pages, ENTRIES - window->first);
    if (window->count == ENTRIES) {
        entry_write(entry, block | attributes | PTE_BLOCK);
    } else {
        uint64_t *table = area->window_l3[slot];

        for (uint32_t i = window->first; i < window->first + window->count; i++)
            entry_write(&table[i], (block + i * PAGE_SIZE) | attributes | PTE_PAGE);
        barrier_dsb(nshst);
        entry_write(entry, table_entry(table));
    }
    barrier_dsb(nshst);
    barrier_isb();
    return (void *)(window_va(slot) + base.raw % BLOCK_SIZE);
}
