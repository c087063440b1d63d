// SPDX-License-Identifier: Apache-2.0
/* RAM in two views (see struct sim_bank), and what core may do with them. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hostsim/machine/machine.h"

#define FEW_PAGES 8         /* that it is not worth a system call to have at once */
#define TRACE_PERIOD MIB(2) /* of what an earlier user of the machine left in RAM */

static void *reserve(uint64_t size, int protection)
{
    void *memory = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    madvise(memory, size, MADV_NOHUGEPAGE); /* most of RAM is touched a page in 2 MiB: it need not all be there */
    return memory;
}

#ifdef __SANITIZE_ADDRESS__
void __asan_get_shadow_mapping(size_t *shadow_scale, size_t *shadow_offset);

/* What AddressSanitizer says of the range: that it may be touched, in pages of zeros. */
static void bring_in_shadow(uintptr_t first, uintptr_t end)
{
    size_t scale, offset;
    __asan_get_shadow_mapping(&scale, &offset);
    first = align_down((first >> scale) + offset, PAGE_SIZE);
    end = align_up((end >> scale) + offset, PAGE_SIZE);
    madvise((void *)first, end - first, MADV_POPULATE_READ);
}
#else
static void bring_in_shadow(uintptr_t first, uintptr_t end)
{
    (void)first, (void)end;
}
#endif

/* A page that is there at the first touch costs a tenth of one that has to be brought in by a fault, less where the
 * host is itself a guest. Where the kernel does not know this (before 5.14), it happens fault by fault. */
static void bring_in(const uint8_t *view, uint64_t offset, uint64_t size, int advice)
{
    uintptr_t first = align_down((uintptr_t)view + offset, PAGE_SIZE);
    uintptr_t end = align_up((uintptr_t)view + offset + size, PAGE_SIZE);
    if (end - first < FEW_PAGES * PAGE_SIZE)
        return;
    madvise((void *)first, end - first, advice);
    bring_in_shadow(first, end);
}

void sim_bring_in_memory(const struct sim_bank *bank, uint64_t offset, uint64_t size)
{
    bring_in(bank->memory, offset, size, MADV_POPULATE_WRITE);
}

void sim_copy_if_different(uint8_t *to, const uint8_t *from, uint64_t size)
{
    while (size > 0) {
        uint64_t part = min_u64(size, PAGE_SIZE - ((uintptr_t)to & (PAGE_SIZE - 1)));
        if (memcmp(to, from, part) != 0)
            memcpy(to, from, part);
        to += part;
        from += part;
        size -= part;
    }
}

/* Both views of what core's pointer points to are about to be written. */
static void bring_in_views(const struct sim_machine *machine, const uint8_t *pointer, uint64_t size)
{
    for (unsigned i = 0; machine != NULL && i < machine->bank_count; i++) {
        const struct sim_bank *bank = &machine->banks[i];
        uint64_t offset = (uint64_t)((uintptr_t)pointer - (uintptr_t)bank->cached);
        if (offset >= bank->size || size > bank->size - offset)
            continue;
        bring_in(bank->memory, offset, size, MADV_POPULATE_WRITE);
        bring_in(bank->cached, offset, size, MADV_POPULATE_WRITE);
    }
}

/* The list of this process's pages; another one after a fork. System calls by number: ThreadSanitizer would take a
 * descriptor that several CPUs use for something that orders them. */
static int pagemap(void)
{
    static int descriptor = -1;
    static long owner;
    long self = syscall(SYS_getpid);
    if (owner != self) {
        if (descriptor >= 0)
            syscall(SYS_close, descriptor);
        descriptor = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/pagemap", O_RDONLY | O_CLOEXEC, 0);
        owner = self;
    }
    return descriptor;
}

#define PAGEMAP_THERE 0xc000000000000000 /* present, or swapped out */

void sim_presence(const uint8_t *first, uint64_t count, bool *there)
{
    uint64_t entries[SIM_PRESENCE_MAX];
    long wanted = (long)(count * sizeof(*entries));
    bool known =
        syscall(SYS_pread64, pagemap(), entries, wanted, (uintptr_t)first / PAGE_SIZE * sizeof(*entries)) == wanted;
    for (uint64_t i = 0; i < count; i++)
        there[i] = !known || (entries[i] & PAGEMAP_THERE) != 0;
}

/* How much of [at, at + size) from the first byte on lies on pages alike: all of them there, or none. */
static uint64_t alike(const struct sim_machine *machine, const uint8_t *at, uint64_t size, bool *there)
{
    bool flags[SIM_PRESENCE_MAX];
    uint64_t offset = (uintptr_t)at & (PAGE_SIZE - 1), address, run = 1;
    *there = true;
    if (machine == NULL || !sim_describe_pointer(machine, at, &address))
        return size;
    size = min_u64(size, SIM_PRESENCE_MAX * PAGE_SIZE - offset);
    uint64_t count = (offset + size + PAGE_SIZE - 1) / PAGE_SIZE;
    sim_presence(at - offset, count, flags);
    while (run < count && flags[run] == flags[0])
        run++;
    *there = flags[0];
    return min_u64(size, run * PAGE_SIZE - offset);
}

void sim_zero(const struct sim_machine *machine, uint8_t *to, uint64_t size)
{
    static const uint8_t zeros[PAGE_SIZE];
    for (uint64_t run; size > 0; to += run, size -= run) {
        bool there;
        run = alike(machine, to, size, &there);
        for (uint64_t done = 0; there && done < run; done += PAGE_SIZE)
            sim_copy_if_different(to + done, zeros, min_u64(run - done, PAGE_SIZE));
    }
}

void sim_copy(const struct sim_machine *machine, uint8_t *to, const uint8_t *from, uint64_t size)
{
    for (uint64_t run; size > 0; to += run, from += run, size -= run) {
        bool there;
        run = alike(machine, from, size, &there);
        if (!there) {
            sim_zero(machine, to, run);
            continue;
        }
        bring_in_views(machine, to, run);
        sim_copy_if_different(to, from, run);
    }
}

static uint64_t page_count(const struct sim_bank *bank)
{
    return (bank->size + PAGE_SIZE - 1) / PAGE_SIZE;
}

/* One page in every block holds what must never reach a guest. Most blocks of a machine are never looked at: they get
 * it when they are. */
void sim_leave_trace(const struct sim_bank *bank, uint64_t block)
{
    uint64_t page = block * TRACE_PERIOD / PAGE_SIZE + block % (TRACE_PERIOD / PAGE_SIZE);
    bank->traced[block] = true;
    if (page >= page_count(bank))
        return;
    memset(bank->memory + page * PAGE_SIZE, 0xa5, 256);
    sim_touch(bank, &bank->pages[page]);
    bank->pages[page].used = true;
}

void sim_touch(const struct sim_bank *bank, struct sim_page *page)
{
    struct sim_touched *touched = bank->touched;
    if (page->touched)
        return;
    if (touched->count == touched->room) {
        touched->room = touched->room != 0 ? 2 * touched->room : 1024;
        uint32_t *pages = calloc(touched->room, sizeof(*pages));
        if (pages == NULL)
            abort();
        if (touched->count > 0)
            memcpy(pages, touched->pages, touched->count * sizeof(*pages));
        free(touched->pages);
        touched->pages = pages;
    }
    touched->pages[touched->count++] = (uint32_t)(page - bank->pages);
    page->touched = true;
}

static uint64_t block_count(const struct sim_bank *bank)
{
    return (bank->size + TRACE_PERIOD - 1) / TRACE_PERIOD;
}

static void protect(const struct sim_bank *bank, uint64_t first, uint64_t end, int wanted)
{
    if (!bank->coherent && mprotect(bank->cached + first * PAGE_SIZE, (end - first) * PAGE_SIZE, wanted) != 0)
        sim_fail("mprotect() failed: too many separate mappings");
}

/* ---- RAM of machines that are gone is kept for the next ones: a process may boot thousands, and a page that is zeroed
 * costs less than one that the host takes back and gives again. */

#define MAX_KEPT 4                /* banks */
#define MAX_KEPT_PAGES (16 << 10) /* touched in a bank that is kept */

static struct sim_bank kept[MAX_KEPT]; /* those with a size */

static void give_back(void *memory, uint64_t size)
{
    if (memory != NULL)
        munmap(memory, size);
}

static void free_lines(struct sim_cached_page *lines)
{
    while (lines != NULL) {
        struct sim_cached_page *next = lines->next;
        free(lines);
        lines = next;
    }
}

static void release(const struct sim_bank *bank)
{
    give_back(bank->coherent ? NULL : bank->memory, bank->size);
    give_back(bank->cached, bank->size);
    give_back(bank->pages, page_count(bank) * sizeof(*bank->pages));
    free(bank->traced);
    if (bank->touched != NULL)
        free(bank->touched->pages);
    free(bank->touched);
    free_lines(bank->guest_lines);
    free_lines(bank->spare_lines);
}

static void keep(const struct sim_bank *bank)
{
    static unsigned oldest;
    struct sim_bank *place = &kept[oldest++ % MAX_KEPT];
    release(place);
    *place = *bank;
    protect(place, 0, page_count(place), PROT_NONE);
}

static void spare_lines(struct sim_bank *bank)
{
    while (bank->guest_lines != NULL) {
        struct sim_cached_page *lines = bank->guest_lines;
        bank->guest_lines = lines->next;
        lines->next = bank->spare_lines;
        bank->spare_lines = lines;
    }
}

/* Only what was touched differs from what is new. */
static void renew(struct sim_bank *bank)
{
    protect(bank, 0, page_count(bank), PROT_READ | PROT_WRITE);
    for (uint64_t i = 0; i < bank->touched->count; i++) {
        uint64_t index = bank->touched->pages[i];
        struct sim_page *page = &bank->pages[index];
        if (page->used)
            memset(bank->memory + index * PAGE_SIZE, 0, PAGE_SIZE);
        if (page->cached_used)
            memset(bank->cached + index * PAGE_SIZE, 0, PAGE_SIZE);
        memset(page, 0, sizeof(*page));
    }
    bank->touched->count = 0;
    protect(bank, 0, page_count(bank), PROT_NONE);
    spare_lines(bank);
}

/* @return whether there was one of that size */
static bool take_kept(struct sim_bank *bank)
{
    unsigned i = 0;
    while (i < MAX_KEPT && (kept[i].size != bank->size || kept[i].coherent != bank->coherent))
        i++;
    if (i == MAX_KEPT || bank->size == 0)
        return false;
    uint64_t base = bank->base;
    *bank = kept[i];
    bank->base = base;
    kept[i] = (struct sim_bank){0};
    renew(bank);
    return true;
}

static bool make(struct sim_bank *bank)
{
    const int all = PROT_READ | PROT_WRITE;
    bank->cached = reserve(bank->size, bank->coherent ? all : PROT_NONE);
    bank->memory = bank->coherent ? bank->cached : reserve(bank->size, all);
    bank->pages = reserve(page_count(bank) * sizeof(*bank->pages), all);
    bank->traced = calloc(1, block_count(bank));
    bank->touched = calloc(1, sizeof(*bank->touched));
    return bank->cached != NULL && bank->memory != NULL && bank->pages != NULL && bank->traced != NULL &&
           bank->touched != NULL;
}

bool sim_memory_create(struct sim_machine *machine)
{
    for (unsigned i = 0; i < machine->bank_count; i++) {
        struct sim_bank *bank = &machine->banks[i];
        bank->coherent = machine->options.coherent;
        if (!take_kept(bank) && !make(bank))
            return false;
        memset(bank->traced, machine->options.clean_ram, block_count(bank));
    }
    return true;
}

void sim_memory_destroy(struct sim_machine *machine)
{
    for (unsigned i = 0; i < machine->bank_count; i++) {
        struct sim_bank *bank = &machine->banks[i];
        if (bank->coherent || bank->touched == NULL || bank->touched->count > MAX_KEPT_PAGES)
            release(bank);
        else
            keep(bank);
    }
}

struct sim_bank *sim_bank_find(struct sim_machine *machine, uint64_t base, uint64_t size)
{
    for (unsigned i = 0; i < machine->bank_count; i++) {
        struct sim_bank *bank = &machine->banks[i];
        if (base >= bank->base && base - bank->base < bank->size && size <= bank->size - (base - bank->base))
            return bank;
    }
    return NULL;
}

struct sim_page *sim_page(struct sim_machine *machine, uint64_t address)
{
    struct sim_bank *bank = sim_bank_find(machine, address, 1);
    return bank != NULL ? sim_bank_page(bank, (address - bank->base) / PAGE_SIZE) : NULL;
}

const uint8_t *sim_memory_read(struct sim_machine *machine, uint64_t base, uint64_t size)
{
    const struct sim_bank *bank = sim_bank_find(machine, base, size);
    if (bank == NULL)
        return NULL;
    uint64_t offset = base - bank->base;
    for (uint64_t at = align_down(offset, TRACE_PERIOD); at < offset + size; at += TRACE_PERIOD)
        (void)sim_bank_page(bank, at / PAGE_SIZE);
    bring_in(bank->memory, offset, size, MADV_POPULATE_READ);
    return bank->memory + offset;
}

/* ---- What core has mapped: it can read or write a page only while a mapping or a window says so. */

static int protection(const struct sim_page *page)
{
    return page->writers > 0 ? PROT_READ | PROT_WRITE : page->readers > 0 ? PROT_READ : PROT_NONE;
}

static void protect_as_mapped(const struct sim_bank *bank, uint64_t first, uint64_t end)
{
    while (first < end) {
        uint64_t next = first + 1;
        while (next < end && protection(&bank->pages[next]) == protection(&bank->pages[first]))
            next++;
        protect(bank, first, next, protection(&bank->pages[first]));
        first = next;
    }
}

void sim_page_open(const struct sim_bank *bank, struct sim_page *page)
{
    uint64_t index = (uint64_t)(page - bank->pages);
    page->cached_used = true;
    if (page->writers == 0)
        protect(bank, index, index + 1, PROT_READ | PROT_WRITE);
}

void sim_page_close(const struct sim_bank *bank, const struct sim_page *page)
{
    uint64_t index = (uint64_t)(page - bank->pages);
    if (page->writers == 0)
        protect(bank, index, index + 1, protection(page));
}

/* Core maps the pages of [base, base + size) of the bank: all of their lines may be in the caches from then on, fetched
 * ahead, not those of the range alone. */
static void enter(struct sim_bank *bank, uint64_t base, uint64_t size, bool writable)
{
    uint64_t first = base / PAGE_SIZE, end = (base + size + PAGE_SIZE - 1) / PAGE_SIZE;
    uint64_t there = first; /* pages before it need no more to be brought in */
    for (uint64_t index = first; index < end && !bank->coherent; index++) {
        struct sim_page *page = sim_bank_page(bank, index);
        if (index >= there && sim_cache_needs_fill(bank, page)) {
            if (there == first)
                protect(bank, first, end, PROT_READ | PROT_WRITE);
            there = index + 1;
            while (there < end && sim_cache_needs_fill(bank, sim_bank_page(bank, there)))
                there++;
            bring_in(bank->cached, index * PAGE_SIZE, (there - index) * PAGE_SIZE, MADV_POPULATE_WRITE);
        }
        sim_cache_enter(bank, page, writable);
    }
}

static void count_mapping(struct sim_page *page, enum arch_map_access access, int change)
{
    if (access == ARCH_MAP_READ_WRITE)
        page->writers = (uint8_t)(page->writers + change);
    else
        page->readers = (uint8_t)(page->readers + change);
}

void *sim_map(struct sim_machine *machine, uint64_t base, uint64_t size, enum arch_map_access access, bool for_ever)
{
    struct sim_bank *bank = sim_bank_find(machine, base, size);
    if (bank == NULL)
        return NULL;
    uint64_t first = (base - bank->base) / PAGE_SIZE, end = (base - bank->base + size + PAGE_SIZE - 1) / PAGE_SIZE;
    enter(bank, base - bank->base, size, access == ARCH_MAP_READ_WRITE);
    for (uint64_t page = first; page < end; page++) {
        count_mapping(sim_bank_page(bank, page), access, 1);
        if (for_ever && bank->pages[page].vmid != 0)
            sim_fail("arch_map(%#llx): VMID %u reaches that page", (unsigned long long)(bank->base + page * PAGE_SIZE),
                     bank->pages[page].vmid);
        bank->pages[page].hypervisor = bank->pages[page].hypervisor || for_ever;
    }
    protect_as_mapped(bank, first, end);
    return bank->cached + (base - bank->base);
}

void sim_unmap(struct sim_machine *machine, uint64_t base, uint64_t size, enum arch_map_access access)
{
    const struct sim_bank *bank = sim_bank_find(machine, base, size);
    uint64_t first = (base - bank->base) / PAGE_SIZE, end = (base - bank->base + size + PAGE_SIZE - 1) / PAGE_SIZE;
    for (uint64_t page = first; page < end; page++)
        count_mapping(&bank->pages[page], access, -1);
    protect_as_mapped(bank, first, end);
}

const uint8_t *sim_cached_read(struct sim_machine *machine, uint64_t base, uint64_t size)
{
    const struct sim_bank *bank = sim_bank_find(machine, base, size);
    if (bank == NULL)
        return NULL;
    const struct sim_page *page = sim_bank_page(bank, (base - bank->base) / PAGE_SIZE);
    if (bank->coherent || sim_page_mapped(page))
        return bank->cached + (base - bank->base);
    return page->held == 0 && !page->unsettled ? bank->memory + (base - bank->base) : NULL;
}

bool sim_describe_pointer(const struct sim_machine *machine, const void *pointer, uint64_t *address)
{
    for (unsigned i = 0; i < machine->bank_count; i++) {
        const struct sim_bank *bank = &machine->banks[i];
        if ((const uint8_t *)pointer < bank->cached || (const uint8_t *)pointer >= bank->cached + bank->size)
            continue;
        *address = bank->base + (uint64_t)((const uint8_t *)pointer - bank->cached);
        return true;
    }
    return false;
}
