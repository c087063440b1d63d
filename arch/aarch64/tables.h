/* SPDX-License-Identifier: Apache-2.0 */
/* The tables themselves: mmu.c writes them while Bulkhead boots, window.c from then on. */
#ifndef BULKHEAD_AARCH64_TABLES_H
#define BULKHEAD_AARCH64_TABLES_H

#include "arch/mem.h"
#include "layout.h"
#include "mmu.h"

#define ENTRIES 512
#define NORMAL_DATA (PTE_NORMAL | PTE_AP1 | PTE_INNER_SHAREABLE | PTE_ACCESSED | PTE_XN)

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

extern const uint64_t header_image_size; /* head.S; the image's end is beyond the reach of -mcmodel=tiny */
extern struct cpu_area cpu_areas[HV_MAX_CPUS];
extern table_t shared_l1, shared_l2, image_l3;

static inline unsigned table_index(uint64_t address, unsigned shift)
{
    return (unsigned)(address >> shift) & (ENTRIES - 1);
}

/** A walker on any CPU may read the entry at any time, so it is written whole. */
static inline void entry_write(uint64_t *entry, uint64_t value)
{
    *(volatile uint64_t *)entry = value;
}

static inline uint64_t table_entry(const void *table)
{
    return mmu_image_pa(table).raw | PTE_TABLE;
}

static inline uint64_t access_attributes(enum arch_map_access access)
{
    return access == ARCH_MAP_READ ? NORMAL_DATA | PTE_READ_ONLY : NORMAL_DATA;
}

#endif
