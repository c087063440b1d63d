/* RAM in two views (see struct sim_bank), and the caches between them. */
#include <string.h>
#include <sys/mman.h>

#include "hostsim/machine.h"

#define LINE 64
#define LINES_PER_PAGE (PAGE_SIZE / LINE)
#define STALE 0xee          /* what core reads in a line that memory has overtaken */
#define TRACE_PERIOD MIB(2) /* of what an earlier user of the machine left in RAM */

static void *reserve(uint64_t size, int protection)
{
    void *memory = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
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

static uint64_t page_count(const struct sim_bank *bank)
{
    return (bank->size + PAGE_SIZE - 1) / PAGE_SIZE;
}

/* One page in every block holds what must never reach a guest. */
static void leave_traces(struct sim_bank *bank)
{
    for (uint64_t offset = 0; offset + PAGE_SIZE <= bank->size; offset += TRACE_PERIOD) {
        uint64_t page = offset / PAGE_SIZE + (offset >> 21) % 512;
        if (page >= page_count(bank))
            continue;
        memset(bank->memory + page * PAGE_SIZE, 0xa5, 256);
        bank->pages[page].used = true;
    }
}

bool sim_memory_create(struct sim_machine *machine)
{
    const int all = PROT_READ | PROT_WRITE;
    for (unsigned i = 0; i < machine->bank_count; i++) {
        struct sim_bank *bank = &machine->banks[i];
        bank->coherent = machine->options.coherent;
        bank->cached = reserve(bank->size, bank->coherent ? all : PROT_NONE);
        bank->memory = bank->coherent ? bank->cached : reserve(bank->size, all);
        bank->newer = reserve(page_count(bank) * sizeof(*bank->newer), all);
        bank->pages = reserve(page_count(bank) * sizeof(*bank->pages), all);
        if (bank->cached == NULL || bank->memory == NULL || bank->newer == NULL || bank->pages == NULL)
            return false;
        if (!machine->options.clean_ram)
            leave_traces(bank);
    }
    return true;
}

static void give_back(void *memory, uint64_t size)
{
    if (memory != NULL)
        munmap(memory, size);
}

void sim_memory_destroy(struct sim_machine *machine)
{
    for (unsigned i = 0; i < machine->bank_count; i++) {
        struct sim_bank *bank = &machine->banks[i];
        give_back(bank->coherent ? NULL : bank->memory, bank->size);
        give_back(bank->cached, bank->size);
        give_back(bank->newer, page_count(bank) * sizeof(*bank->newer));
        give_back(bank->pages, page_count(bank) * sizeof(*bank->pages));
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
    return bank != NULL ? &bank->pages[(address - bank->base) / PAGE_SIZE] : NULL;
}

const uint8_t *sim_memory_read(struct sim_machine *machine, uint64_t base, uint64_t size)
{
    struct sim_bank *bank = sim_bank_find(machine, base, size);
    return bank != NULL ? bank->memory + (base - bank->base) : NULL;
}

/* ---- What core has mapped: it can read or write a page only while a mapping or a window says so. */

static int protection(const struct sim_page *page)
{
    return page->writers > 0 ? PROT_READ | PROT_WRITE : page->readers > 0 ? PROT_READ : PROT_NONE;
}

static void protect(const struct sim_bank *bank, uint64_t first, uint64_t end, int wanted)
{
    if (!bank->coherent && mprotect(bank->cached + first * PAGE_SIZE, (end - first) * PAGE_SIZE, wanted) != 0)
        sim_fail("mprotect() failed: too many separate mappings");
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

/* Lines come into the caches when core first maps their page. */
static void fill(const struct sim_bank *bank, uint64_t first, uint64_t end)
{
    bool open = false;
    for (uint64_t page = first; page < end; page++) {
        if (bank->pages[page].filled)
            continue;
        bank->pages[page].filled = true;
        if (!bank->pages[page].used || bank->coherent)
            continue; /* zeros in both views */
        if (!open)
            protect(bank, first, end, PROT_READ | PROT_WRITE);
        open = true;
        memcpy(bank->cached + page * PAGE_SIZE, bank->memory + page * PAGE_SIZE, PAGE_SIZE);
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
    fill(bank, first, end);
    for (uint64_t page = first; page < end; page++) {
        count_mapping(&bank->pages[page], access, 1);
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
    const struct sim_page *page = &bank->pages[(base - bank->base) / PAGE_SIZE];
    if (!page->filled || bank->coherent)
        return bank->memory + (base - bank->base);
    return protection(page) != PROT_NONE ? bank->cached + (base - bank->base) : NULL;
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

/* ---- Caches */

static bool is_newer(const struct sim_bank *bank, uint64_t line)
{
    return (bank->newer[line / LINES_PER_PAGE] >> line % LINES_PER_PAGE & 1) != 0;
}

static void set_newer(const struct sim_bank *bank, uint64_t line, bool newer)
{
    uint64_t bit = 1ULL << line % LINES_PER_PAGE;
    if (newer)
        bank->newer[line / LINES_PER_PAGE] |= bit;
    else
        bank->newer[line / LINES_PER_PAGE] &= ~bit;
}

/* Writes a line of the caches, whatever core itself may do with its page now. */
static void set_cached_line(const struct sim_bank *bank, uint64_t line, const uint8_t *bytes)
{
    uint64_t page = line / LINES_PER_PAGE;
    bool writable = protection(&bank->pages[page]) == (PROT_READ | PROT_WRITE);
    if (!writable)
        protect(bank, page, page + 1, PROT_READ | PROT_WRITE);
    memcpy(bank->cached + line * LINE, bytes, LINE);
    if (!writable)
        protect_as_mapped(bank, page, page + 1);
}

static const uint8_t stale[LINE] = {[0 ... LINE - 1] = STALE};

void sim_memory_write(struct sim_machine *machine, uint64_t base, const void *data, uint64_t size)
{
    struct sim_bank *bank = sim_bank_find(machine, base, size);
    uint64_t offset = base - bank->base;
    for (uint64_t line = offset / LINE; line <= (offset + size - 1) / LINE; line++) {
        struct sim_page *page = &bank->pages[line / LINES_PER_PAGE];
        page->used = true;
        if (bank->coherent || !page->filled)
            continue;
        if (!is_newer(bank, line))
            set_cached_line(bank, line, stale);
        set_newer(bank, line, true);
    }
    memcpy(bank->memory + offset, data, size);
}

/* The bank that core's pointer @p address points into; NULL for core's own variables, which this model takes as always
 * coherent. */
static struct sim_bank *bank_of(struct sim_machine *machine, const uint8_t *address)
{
    for (unsigned i = 0; machine != NULL && i < machine->bank_count; i++) {
        struct sim_bank *bank = &machine->banks[i];
        if (address >= bank->cached && address < bank->cached + bank->size)
            return bank;
    }
    return NULL;
}

/* A line is dirty if core wrote to it since memory was written behind it: then it no longer holds the stale pattern. */
static void clean_line(const struct sim_bank *bank, uint64_t line)
{
    if (is_newer(bank, line) && memcmp(bank->cached + line * LINE, stale, LINE) == 0)
        return;
    memcpy(bank->memory + line * LINE, bank->cached + line * LINE, LINE);
    set_newer(bank, line, false);
}

static void clean_page_part(const struct sim_bank *bank, uint64_t line, uint64_t end)
{
    bank->pages[line / LINES_PER_PAGE].used = true;
    if (bank->newer[line / LINES_PER_PAGE] == 0) {
        sim_copy_if_different(bank->memory + line * LINE, bank->cached + line * LINE, (end - line) * LINE);
        return;
    }
    for (; line < end; line++)
        clean_line(bank, line);
}

void sim_cache_clean(struct sim_machine *machine, const void *address, uint64_t size)
{
    struct sim_bank *bank = bank_of(machine, address);
    if (bank == NULL || size == 0)
        return;
    uint64_t offset = (uint64_t)((const uint8_t *)address - bank->cached);
    uint64_t line = offset / LINE, end = align_up(offset + size, LINE) / LINE;
    while (line < end) {
        uint64_t next = min_u64(end, (line / LINES_PER_PAGE + 1) * LINES_PER_PAGE);
        bank->pages[line / LINES_PER_PAGE].written = machine->icache_round + 1;
        if (bank->coherent)
            bank->pages[line / LINES_PER_PAGE].used = true;
        else
            clean_page_part(bank, line, next);
        line = next;
    }
}

void sim_cache_clean_invalidate(struct sim_machine *machine, const void *address, uint64_t size)
{
    struct sim_bank *bank = bank_of(machine, address);
    if (bank == NULL || size == 0 || bank->coherent)
        return;
    sim_cache_clean(machine, address, size);
    uint64_t offset = (uint64_t)((const uint8_t *)address - bank->cached);
    for (uint64_t line = offset / LINE; line < align_up(offset + size, LINE) / LINE; line++) {
        if (!is_newer(bank, line))
            continue;
        set_cached_line(bank, line, bank->memory + line * LINE);
        set_newer(bank, line, false);
    }
}
