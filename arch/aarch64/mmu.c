// SPDX-License-Identifier: Apache-2.0
/* The hypervisor's own tables, while it boots: what is mapped then stays so. */
#include "mmu.h"

#include <string.h>

#include "arch/cpu.h"
#include "arch/mem.h"
#include "arch/mmio.h"
#include "sysreg.h"
#include "tables.h"

#define MAP_TABLES 8 /* level 3 tables of the map area: 2 MiB each */

static table_t map_l3[MAP_TABLES] __attribute__((aligned(4096), section(".noinit")));

static struct {
    uint64_t next_va;     /* of the map area */
    unsigned tables_used; /* of map_l3 */
} mmu;

void arch_image_range(pa_t *base, uint64_t *size)
{
    *base = mmu_image;
    *size = header_image_size;
}

void mmu_init(pa_t image)
{
    mmu_image = image;
    mmu.next_va = MAP_VA;
    memset(cpu_areas[0].window_l3, 0, sizeof(cpu_areas[0].window_l3));
}

/** Makes a table of one entry of a page that is not mapped. */
static void write_hidden_table(const void *table, unsigned index, const void *next, uint64_t shared)
{
    uint64_t *entries = arch_window_open(0, mmu_image_pa(table), PAGE_SIZE, ARCH_MAP_READ_WRITE);

    memset(entries, 0, PAGE_SIZE);
    entries[index] = table_entry(next);
    if (shared != 0)
        entries[L0_INDEX_SHARED] = shared;
    arch_window_close(0);
}

void mmu_prepare_cpu(unsigned cpu)
{
    struct cpu_area *area = &cpu_areas[cpu];
    unsigned first = table_index((uint64_t)area, L3_SHIFT);

    for (unsigned page = 0; page < CPU_AREA_BYTES / PAGE_BYTES; page++) {
        if (page * PAGE_BYTES != CPU_AREA_GUARD1 && page * PAGE_BYTES != CPU_AREA_GUARD2)
            entry_write(&image_l3[first + page], (mmu_image_pa(area).raw + page * PAGE_SIZE) | NORMAL_DATA | PTE_PAGE);
    }
    barrier_dsb(ishst);
    barrier_isb();
    memset(area->window_l2, 0, sizeof(area->window_l2));
    memset(area->window_l3, 0, sizeof(area->window_l3));
    write_hidden_table(area->window_l1, table_index(WINDOW_VA, L1_SHIFT), area->window_l2, 0);
    write_hidden_table(area->root, L0_INDEX_WINDOWS, area->window_l1, table_entry(shared_l1));
}

/** The level 3 table that translates @p va, made if there is none. NULL where the pool is empty. */
static uint64_t *map_table(uint64_t va)
{
    uint64_t *entry = &shared_l2[table_index(va, L2_SHIFT)];

    if (*entry == 0) {
        if (mmu.tables_used == MAP_TABLES)
            return NULL;
        memset(map_l3[mmu.tables_used], 0, sizeof(table_t));
        barrier_dsb(ishst);
        entry_write(entry, table_entry(map_l3[mmu.tables_used]));
        mmu.tables_used++;
    }
    /* Level 3 tables are in the image, at a constant distance from their physical address. */
    return (uint64_t *)(image_start + ((*entry & ~(PAGE_SIZE - 1)) - mmu_image.raw));
}

static bool map_fill(uint64_t va, uint64_t address, uint64_t size, uint64_t attributes)
{
    while (size != 0) {
        uint64_t step = PAGE_SIZE;

        if (is_aligned(va | address, BLOCK_SIZE) && size >= BLOCK_SIZE) {
            step = BLOCK_SIZE;
            entry_write(&shared_l2[table_index(va, L2_SHIFT)], address | attributes | PTE_BLOCK);
        } else {
            uint64_t *table = map_table(va);

            if (table == NULL)
                return false;
            entry_write(&table[table_index(va, L3_SHIFT)], address | attributes | PTE_PAGE);
        }
        va += step;
        address += step;
        size -= step;
    }
    return true;
}

static uintptr_t map_pages(pa_t base, uint64_t size, uint64_t attributes)
{
    uint64_t first = align_down(base.raw, PAGE_SIZE);
    uint64_t bytes = align_up(base.raw - first + size, PAGE_SIZE);
    uint64_t va = mmu.next_va;

    if (size == 0 || bytes > MAP_VA_SIZE || base.raw + size < base.raw || (base.raw + size - 1) >> 48 != 0)
        return 0;
    /* Large ranges get an address with the same offset in a block, so that blocks can map them. */
    if (bytes >= BLOCK_SIZE)
        va = align_up(va, BLOCK_SIZE) + first % BLOCK_SIZE;
    if (va + bytes > MAP_VA + MAP_VA_SIZE)
        return 0;
    /* One page stays unmapped behind each range. What a failed attempt has mapped is never handed out. */
    mmu.next_va = va + bytes + PAGE_SIZE;
    if (!map_fill(va, first, bytes, attributes))
        return 0;
    barrier_dsb(ishst);
    barrier_isb();
    return va + (base.raw - first);
}

void *arch_map(pa_t base, uint64_t size, enum arch_map_access access)
{
    return (void *)map_pages(base, size, access_attributes(access));
}

#define DEVICE_DATA (PTE_DEVICE | PTE_AP1 | PTE_ACCESSED | PTE_XN)

bool arch_mmio_map(struct arch_mmio *mmio, pa_t base, uint64_t size)
{
    uint64_t end = 1ULL << arch_pa_bits();
    bool possible = base.raw % 4 == 0 && base.raw < end && size <= end - base.raw;

    mmio->base = possible ? map_pages(base, size, DEVICE_DATA) : 0;
    return mmio->base != 0;
}
