// SPDX-License-Identifier: Apache-2.0
#include "tlb.h"

#include "arch/mem.h"
#include "layout.h"
#include "sysreg.h"

/* One TLBI and the DSB that completes it. Errata such as Cortex-A76 1286807 want both a second time:
 * BULKHEAD_REPEAT_TLBI. A macro, since the operation is part of the instruction. */
#ifdef BULKHEAD_REPEAT_TLBI
#define tlbi_repeat(operation, dsb) __asm__ volatile("tlbi " operation "\n\tdsb " dsb ::: "memory")
#else
#define tlbi_repeat(operation, dsb)
#endif
#define tlbi_all(operation, dsb)                                                                                       \
    do {                                                                                                               \
        __asm__ volatile("tlbi " operation "\n\tdsb " dsb ::: "memory");                                               \
        tlbi_repeat(operation, dsb);                                                                                   \
    } while (0)

/** From this many pages on one operation for everything is cheaper. */
#define RANGE_MAX_PAGES 16
#define STAGE2_RANGE_MAX_PAGES 512

void tlb_invalidate_own(void)
{
    tlbi_all("alle2", "nsh");
    barrier_isb();
}

void tlb_invalidate_all_cpus(void)
{
    tlbi_all("alle2is", "ish");
    barrier_isb();
}

void tlb_invalidate_stage1(void)
{
    tlbi_all("vmalle1", "nsh");
    barrier_isb();
}

void tlb_invalidate_own_range(uint64_t va, uint64_t pages)
{
    if (pages > RANGE_MAX_PAGES) {
        tlb_invalidate_own();
        return;
    }
    for (uint64_t i = 0; i < pages; i++)
        __asm__ volatile("tlbi vae2, %0" ::"r"((va >> L3_SHIFT) + i) : "memory");
    barrier_dsb(nsh);
#ifdef BULKHEAD_REPEAT_TLBI
    __asm__ volatile("tlbi vae2, %0" ::"r"(va >> L3_SHIFT) : "memory");
    barrier_dsb(nsh);
#endif
    barrier_isb();
}

void arch_stage2_publish(void)
{
    barrier_dsb(ishst);
}

static void invalidate_by_ipa(uint64_t base, uint64_t size)
{
    uint64_t first = base >> L3_SHIFT;
    uint64_t last = (base + size - 1) >> L3_SHIFT;

    for (uint64_t page = first; page <= last; page++)
        __asm__ volatile("tlbi ipas2e1is, %0" ::"r"(page) : "memory");
    barrier_dsb(ish);
#ifdef BULKHEAD_REPEAT_TLBI
    __asm__ volatile("tlbi ipas2e1is, %0" ::"r"(first) : "memory");
    barrier_dsb(ish);
#endif
    /* Entries that combine both stages are found by virtual address only, which is not known here. */
    tlbi_all("vmalle1is", "ish");
    barrier_isb();
}

/** VTTBR_EL2 decides whose translations are dropped; the loaded vCPU's value is put back. */
void arch_stage2_invalidate(const struct arch_stage2 *stage2, ipa_t base, uint64_t size)
{
    uint64_t wanted = stage2->root.raw | (uint64_t)stage2->vmid << VTTBR_VMID_SHIFT;
    uint64_t loaded_vttbr = sysreg_read(vttbr_el2);
    uint64_t loaded_tcr = 0;

    if (size == 0)
        return;
    barrier_dsb(ishst);
    if (loaded_vttbr != wanted) {
        /* No walk may mix one guest's stage 1 with another's stage 2 (Cortex-A57 1319537, A72 1319367: speculative AT).
         */
        loaded_tcr = sysreg_read(tcr_el1);
        sysreg_write(tcr_el1, loaded_tcr | TCR_EPD0 | TCR_EPD1);
        barrier_isb();
        sysreg_write(vttbr_el2, wanted);
        barrier_isb();
    }
    if (size > STAGE2_RANGE_MAX_PAGES * PAGE_SIZE) {
        tlbi_all("vmalls12e1is", "ish");
        barrier_isb();
    } else {
        invalidate_by_ipa(base.raw, size);
    }
    if (loaded_vttbr != wanted) {
        sysreg_write(vttbr_el2, loaded_vttbr);
        barrier_isb();
        sysreg_write(tcr_el1, loaded_tcr);
        barrier_isb();
    }
}
