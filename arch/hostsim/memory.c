/* RAM in two views (see struct sim_bank), and the caches between them. */
#include <string.h>
#include <sys/mman.h>

#include "hostsim/machine.h"

#define LINE 64
#define STALE 0xee          /* what core reads in a line that memory has overtaken */
#define TRACE_PERIOD MIB(2) /* of what an earlier user of the machine left in RAM */

static uint8_t *reserve(uint64_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* One page in every block holds what must never reach a guest. */
static void leave_traces(struct sim_bank *bank)
{
    for (uint64_t offset = 0; offset + PAGE_SIZE <= bank->size; offset += TRACE_PERIOD) {
        uint64_t page = offset + (offset >> 21) % 512 * PAGE_SIZE;
        if (page + PAGE_SIZE > bank->size)
            continue;
        memset(bank->cached + page, 0xa5, 256);
        memset(bank->memory + page, 0xa5, 256);
    }
}

bool sim_memory_create(struct sim_machine *machine)
{
    for (unsigned i = 0; i < machine->bank_count; i++) {
        struct sim_bank *bank = &machine->banks[i];
        bank->cached = reserve(bank->size);
        bank->memory = machine->options.coherent ? bank->cached : reserve(bank->size);
        bank->newer = reserve(bank->size / LINE / 8 + 1);
        if (bank->cached == NULL || bank->memory == NULL || bank->newer == NULL)
            return false;
        if (!machine->options.clean_ram)
            leave_traces(bank);
    }
    return true;
}

void sim_memory_destroy(struct sim_machine *machine)
{
    for (unsigned i = 0; i < machine->bank_count; i++) {
        struct sim_bank *bank = &machine->banks[i];
        if (bank->memory != NULL && bank->memory != bank->cached)
            munmap(bank->memory, bank->size);
        if (bank->cached != NULL)
            munmap(bank->cached, bank->size);
        if (bank->newer != NULL)
            munmap(bank->newer, bank->size / LINE / 8 + 1);
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

uint8_t *sim_cached(struct sim_machine *machine, uint64_t base, uint64_t size)
{
    struct sim_bank *bank = sim_bank_find(machine, base, size);
    return bank != NULL ? bank->cached + (base - bank->base) : NULL;
}

uint8_t *sim_memory(struct sim_machine *machine, uint64_t base, uint64_t size)
{
    struct sim_bank *bank = sim_bank_find(machine, base, size);
    return bank != NULL ? bank->memory + (base - bank->base) : NULL;
}

static bool is_newer(const struct sim_bank *bank, uint64_t line)
{
    return (bank->newer[line / 8] >> line % 8 & 1) != 0;
}

static void set_newer(struct sim_bank *bank, uint64_t line, bool newer)
{
    uint8_t bit = (uint8_t)(1u << line % 8);
    bank->newer[line / 8] = (uint8_t)((bank->newer[line / 8] & ~bit) | (newer ? bit : 0));
}

void sim_written_uncached(struct sim_machine *machine, uint64_t base, uint64_t size)
{
    struct sim_bank *bank = sim_bank_find(machine, base, size);
    if (bank->memory == bank->cached)
        return;
    for (uint64_t line = (base - bank->base) / LINE; line <= (base + size - 1 - bank->base) / LINE; line++) {
        if (!is_newer(bank, line))
            memset(bank->cached + line * LINE, STALE, LINE);
        set_newer(bank, line, true);
    }
}

/* The bank in whose cached view @p address lies; NULL for core's own variables, which this model takes as always
 * coherent. */
static struct sim_bank *bank_of(struct sim_machine *machine, const uint8_t *address)
{
    for (unsigned i = 0; machine != NULL && i < machine->bank_count; i++) {
        struct sim_bank *bank = &machine->banks[i];
        if (address >= bank->cached && address < bank->cached + bank->size)
            return bank->memory != bank->cached ? bank : NULL;
    }
    return NULL;
}

/* A line is dirty if core wrote to it since memory was written behind it: then it no longer holds the stale pattern. */
static bool is_stale(const struct sim_bank *bank, uint64_t line)
{
    static const uint8_t stale[LINE] = {[0 ... LINE - 1] = STALE};
    return is_newer(bank, line) && memcmp(bank->cached + line * LINE, stale, LINE) == 0;
}

void sim_cache_clean(struct sim_machine *machine, const void *address, uint64_t size)
{
    struct sim_bank *bank = bank_of(machine, address);
    if (bank == NULL || size == 0)
        return;
    uint64_t offset = (uint64_t)((const uint8_t *)address - bank->cached);
    uint64_t end = min_u64(align_up(offset + size, LINE), bank->size) / LINE;
    for (uint64_t line = offset / LINE; line < end; line++) {
        if (is_stale(bank, line))
            continue;
        memcpy(bank->memory + line * LINE, bank->cached + line * LINE, LINE);
        set_newer(bank, line, false);
    }
}

void sim_cache_clean_invalidate(struct sim_machine *machine, void *address, uint64_t size)
{
    struct sim_bank *bank = bank_of(machine, address);
    if (bank == NULL || size == 0)
        return;
    sim_cache_clean(machine, address, size);
    uint64_t offset = (uint64_t)((uint8_t *)address - bank->cached);
    uint64_t end = min_u64(align_up(offset + size, LINE), bank->size) / LINE;
    for (uint64_t line = offset / LINE; line < end; line++) {
        if (is_newer(bank, line))
            memcpy(bank->cached + line * LINE, bank->memory + line * LINE, LINE);
        set_newer(bank, line, false);
    }
}
