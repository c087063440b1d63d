// SPDX-License-Identifier: Apache-2.0
#include "mmu.h"

#include <string.h>

#include "arch/cpu.h"
#include "arch/mem.h"
#include "layout.h"
#include "sysreg.h"
#include "tlb.h"

#define ENTRIES 512
#define MAP_TABLES 8 /* level 3 tables of the map area: 2 MiB each */

typedef uint64_t table_t[ENTRIES];

/** What a CPU has for itself; its tables, so that no other CPU can ever hold a translation of its windows. */
struct cpu_area {
    table_t window_l2;
    table_t window_l1;                   /* not mapped: guards the emergency stack */
    uint8_t emergency_stack[PAGE_BYTES]; /* exceptions of EL2 itself are reported from here */
    table_t root;                        /* not mapped: guards the stack */
    uint8_t stack[3 * PAGE_BYTES];
    table_t window_l3[ARCH_WINDOW_SLOTS];
};

_Static_assert(sizeof(struct cpu_area) == CPU_AREA_BYTES, "layout.h");
_Static_assert(offsetof(struct cpu_area, window_l1) == CPU_AREA_GUARD1, "layout.h");
_Static_assert(offsetof(struct cpu_area, root) == CPU_AREA_GUARD2, "layout.h");
_Static_assert(offsetof(struct cpu_area, window_l3) == CPU_AREA_STACK_TOP, "layout.h");
_Static_assert(HV_MAX_CPUS == MAX_CPUS, "layout.h and types.h agree");
_Static_assert(PAGE_SIZE == PAGE_BYTES, "layout.h and types.h agree");

extern char image_start[], boot_start[], boot_end[];
extern const uint64_t header_image_size; /* head.S; the image's end is beyond the reach of -mcmodel=tiny */
extern struct cpu_area cpu_areas[HV_MAX_CPUS];
extern table_t shared_l1, shared_l2, image_l3;

static table_t map_l3[MAP_TABLES] __attribute__((aligned(4096), section(".noinit")));

static struct {
    pa_t image;
    uint64_t next_va;     /* of the map area */
    unsigned tables_used; /* of map_l3 */
} mmu;

/** What a slot shows: removed again by arch_window_close(). */
struct window {
    uint32_t first; /* page in the block */
    uint32_t count; /* pages; 0: closed. A whole block is mapped as one */
};

static struct window windows[HV_MAX_CPUS][ARCH_WINDOW_SLOTS];

#define NORMAL_DATA (PTE_NORMAL | PTE_AP1 | PTE_INNER_SHAREABLE | PTE_ACCESSED | PTE_XN)

static unsigned table_index(uint64_t address, unsigned shift)
{
    return (unsigned)(address >> shift) & (ENTRIES - 1);
}

/** A walker on any CPU may read the entry at any time, so it is written whole. */
static void entry_write(uint64_t *entry, uint64_t value)
{
    *(volatile uint64_t *)entry = value;
}

static uint64_t table_entry(const void *table)
{
    return mmu_image_pa(table).raw | PTE_TABLE;
}

pa_t mmu_image_pa(const void *address)
{
    return pa_add(mmu.image, (uint64_t)((const char *)address - image_start));
}

void arch_image_range(pa_t *base, uint64_t *size)
{
    *base = mmu.image;
    *size = header_image_size;
}

void mmu_init(pa_t image)
{
    mmu.image = image;
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

/* ---- mappings for good
 * ------------------------------------------------------------------------------------------------ */

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
    return (uint64_t *)(image_start + ((*entry & ~(PAGE_SIZE - 1)) - mmu.image.raw));
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

uintptr_t mmu_map(pa_t base, uint64_t size, uint64_t attributes)
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

void arch_boot_done(void)
{
    memset(&image_l3[table_index((uint64_t)boot_start, L3_SHIFT)], 0,
           (size_t)(boot_end - boot_start) / PAGE_SIZE * sizeof(uint64_t));
    barrier_dsb(ishst);
    tlb_invalidate_all_cpus();
}

static uint64_t access_attributes(enum arch_map_access access)
{
    return access == ARCH_MAP_READ ? NORMAL_DATA | PTE_READ_ONLY : NORMAL_DATA;
}

void *arch_map(pa_t base, uint64_t size, enum arch_map_access access)
{
    return (void *)mmu_map(base, size, access_attributes(access));
}

/* ---- windows
 * ---------------------------------------------------------------------------------------------------------- */

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
