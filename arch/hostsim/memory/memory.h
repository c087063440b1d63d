/* SPDX-License-Identifier: Apache-2.0 */
/* RAM of the machine: what memory holds, what caches hold of it, and who may see which. */
#ifndef BULKHEAD_HOSTSIM_MEMORY_H
#define BULKHEAD_HOSTSIM_MEMORY_H

#include "arch/mem.h"
#include "lib/types.h"

struct sim_machine;
struct sim_cpu;

#define SIM_LINE 64 /* bytes; a page has 64 lines, so that a mask of them is one word */

/** A page of the data caches that a guest uses while core has no mapping of it. */
struct sim_cached_page {
    struct sim_cached_page *next;
    uint8_t bytes[PAGE_SIZE];
};

/** What is known about a page of RAM. Masks have a bit for each line. */
struct sim_page {
    uint8_t readers, writers; /* mappings and windows of core */
    bool hypervisor;          /* mapped by core for ever: never a guest's */
    uint8_t vmid;             /* whose stage 2 translated to it last and was not invalidated since; 0: none's */
    uint8_t block_vmid;       /* the same of a 2 MiB block or larger, in the record of its first page */
    bool used;                /* memory may hold something other than zeros */
    bool cached_used;         /* so may sim_bank::cached */
    bool touched;             /* this record or the page may differ from those of a new machine: it is in sim_touched */
    bool current;             /* sim_bank::cached holds what memory holds, but for lines in the caches */
    bool unsettled;           /* core could write since dirty lines were last looked for */
    bool in_guest;            /* what caches hold is in guest_lines, not in sim_bank::cached */
    uint64_t held;            /* lines that the data caches hold */
    uint64_t dirty;           /* of them: written and not cleaned; valid unless unsettled */
    uint64_t overtaken;       /* of them: memory was written behind them */
    uint64_t own;             /* of them: brought in by the guest that lives in the page, not by core */
    uint64_t uncleaned_code;  /* written through a cache by the guest, not yet cleaned to the point of unification */
    uint64_t code;            /* written in code_round: instruction caches may hold what was there before */
    uint64_t own_code;        /* of them: by the guest */
    uint32_t code_round;      /* icache_round + 1 */
    uint64_t code_order;      /* sim_machine::code_order when the last of them was */
    uint32_t reachable_round; /* icache_round + 1 when a guest could last fetch from it */
    uint32_t life;            /* of sim_machine::lives: whose own lines these are */
    uint32_t writer;          /* the CPU that last wrote code to it, for the message, and when */
    uint64_t written_at;
    struct sim_cached_page *guest_lines;
};

/** The pages of a bank that the next machine has to find as new. */
struct sim_touched {
    uint32_t *pages; /* by their numbers */
    uint64_t count, room;
};

/**
 * A bank of RAM, twice: what the hypervisor's caches hold and what memory holds. A cleaned line is copied from the
 * first to the second. A CPU with its caches off (a guest that has just begun) sees only memory. That is the worst a
 * real cache may do: nothing is written back by chance, nothing is evicted by luck. A coherent bank has one view and no
 * access checks.
 */
struct sim_bank {
    uint64_t base, size;
    bool coherent;
    uint8_t *cached; /* what pointers of core point into: accessible only where core mapped it or has a window on it */
    uint8_t *memory;
    struct sim_page *pages; /* by sim_bank_page() alone */
    uint8_t *traced;        /* of each 2 MiB block: an earlier user of the machine has left its trace there */
    struct sim_cached_page *guest_lines; /* all that were ever needed */
    struct sim_cached_page *spare_lines; /* an earlier machine's */
    struct sim_touched *touched;
};

/* ---- memory.c */

void sim_leave_trace(const struct sim_bank *bank, uint64_t block);
void sim_touch(const struct sim_bank *bank, struct sim_page *page);
/** The record of a bank's page. */
static inline struct sim_page *sim_bank_page(const struct sim_bank *bank, uint64_t index)
{
    uint64_t block = index / (BLOCK_SIZE / PAGE_SIZE);
    if (!bank->traced[block])
        sim_leave_trace(bank, block);
    struct sim_page *page = &bank->pages[index];
    if (!page->touched)
        sim_touch(bank, page);
    return page;
}

/** @return the bank that holds all of the range, or NULL. */
struct sim_bank *sim_bank_find(struct sim_machine *machine, uint64_t base, uint64_t size);
/** @return the page's record, or NULL if @p address is not RAM. */
struct sim_page *sim_page(struct sim_machine *machine, uint64_t address);
/** Makes RAM accessible to core and returns its pointer; NULL if it is not all RAM. @param for_ever  not a window */
void *sim_map(struct sim_machine *machine, uint64_t base, uint64_t size, enum arch_map_access access, bool for_ever);
void sim_unmap(struct sim_machine *machine, uint64_t base, uint64_t size, enum arch_map_access access);
/** @return whether @p pointer is core's pointer into RAM; its physical address is then in @p address. */
bool sim_describe_pointer(const struct sim_machine *machine, const void *pointer, uint64_t *address);
/** What memory holds at @p base, within one page or as far as a bank reaches; NULL if it is not all RAM. */
const uint8_t *sim_memory_read(struct sim_machine *machine, uint64_t base, uint64_t size);
/** What a coherent observer reads, within one page; NULL if it is not RAM, or in caches of what core has unmapped
 * since. */
const uint8_t *sim_cached_read(struct sim_machine *machine, uint64_t base, uint64_t size);
/** memcpy() that leaves pages which hold the bytes already unwritten: most of RAM is zeros that the host need not
 * provide. */
void sim_copy_if_different(uint8_t *to, const uint8_t *from, uint64_t size);
/** The same from and to anywhere, core's pointers into RAM among them: what was never there of these is not looked at.
 */
void sim_copy(const struct sim_machine *machine, uint8_t *to, const uint8_t *from, uint64_t size);
/** The same of zeros. */
void sim_zero(const struct sim_machine *machine, uint8_t *to, uint64_t size);
#define SIM_PRESENCE_MAX 512 /* pages */
/** Asks the host which of @p count pages (up to SIM_PRESENCE_MAX) from @p first on were ever provided: others hold
 * zeros.
 * @param there  a flag of each; all are set where the host does not say */
void sim_presence(const uint8_t *first, uint64_t count, bool *there);
/** The range of a bank is about to be written in memory's view. */
void sim_bring_in_memory(const struct sim_bank *bank, uint64_t offset, uint64_t size);
bool sim_memory_create(struct sim_machine *machine);
void sim_memory_destroy(struct sim_machine *machine);
/** Lets the model itself at core's view of one page, whatever core may do with it now; and takes it back. */
void sim_page_open(const struct sim_bank *bank, struct sim_page *page);
void sim_page_close(const struct sim_bank *bank, const struct sim_page *page);
static inline bool sim_page_mapped(const struct sim_page *page)
{
    return (page->readers | page->writers) != 0;
}

/* ---- cache.c: core's side. Addresses are pointers into the cached view; others are not of this machine. */

/** Core maps a page, whose cached view is accessible: its lines may be in the caches from now on. */
void sim_cache_enter(struct sim_bank *bank, struct sim_page *page, bool writable);
/** Whether sim_cache_enter() will write the cached view of the page. */
bool sim_cache_needs_fill(const struct sim_bank *bank, const struct sim_page *page);
void sim_cache_clean(struct sim_machine *machine, const void *address, uint64_t size);
void sim_cache_clean_invalidate(struct sim_machine *machine, const void *address, uint64_t size);
/** The same for a range that was just zeroed: as code it is an undefined instruction, whatever became of it. */
void sim_cache_zeroed(struct sim_machine *machine, const void *address, uint64_t size);

/* ---- cache.c: everybody else's. Physical addresses of RAM; a range must lie within one page. */

/** Writes memory behind the caches' back (a boot loader, a device). Any range that is RAM. */
void sim_memory_write(struct sim_machine *machine, uint64_t base, const void *data, uint64_t size);
/** Accesses of the guest that runs on @p cpu. @param cacheable  through the caches; else memory itself */
void sim_guest_load(struct sim_cpu *cpu, uint64_t address, void *data, uint64_t size, bool cacheable);
void sim_guest_store(struct sim_cpu *cpu, uint64_t address, const void *data, uint64_t size, bool cacheable);
/** Fails the run if instructions fetched from the range are not those last written there. */
void sim_guest_fetch(struct sim_cpu *cpu, uint64_t address, uint64_t size, bool cacheable);

enum sim_maintenance {
    SIM_CLEAN_TO_UNIFICATION,
    SIM_CLEAN_TO_COHERENCY,
    SIM_CLEAN_AND_INVALIDATE,
    SIM_INVALIDATE_INSTRUCTIONS,
};
/** IC IALLU by the guest that runs on @p cpu: caches that tag lines with the VMID keep those of all others. */
void sim_guest_drop_code(struct sim_cpu *cpu);
/** Cache maintenance by the guest on the line that holds @p address. */
void sim_guest_maintain(struct sim_cpu *cpu, uint64_t address, enum sim_maintenance what);

/** A guest begins: what its caches held before, it no longer answers for. */
void sim_guest_new_life(struct sim_machine *machine, uint16_t vmid);

#endif
