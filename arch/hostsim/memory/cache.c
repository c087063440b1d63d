// SPDX-License-Identifier: Apache-2.0
/* Data caches line by line, and what instruction caches may hold. Core's loads and stores go through plain pointers and
 * are not seen: a line counts as held once core has mapped it, and as dirty if it then differs from memory. What a
 * guest does is seen operation by operation. Lines that came in with core's mappings are core's to answer for, and so
 * are those that an earlier life of the guest left behind. */
#include <stdlib.h>
#include <string.h>

#include "hostsim/machine/machine.h"

#define ALL UINT64_MAX

static const uint8_t stale[SIM_LINE] = {[0 ... SIM_LINE - 1] = 0xee}; /* a line that memory has overtaken */

static uint8_t *cached_view(const struct sim_bank *bank, const struct sim_page *page)
{
    return bank->cached + (uint64_t)(page - bank->pages) * PAGE_SIZE;
}

static uint8_t *memory_view(const struct sim_bank *bank, const struct sim_page *page)
{
    return bank->memory + (uint64_t)(page - bank->pages) * PAGE_SIZE;
}

static uint64_t page_address(const struct sim_bank *bank, const struct sim_page *page)
{
    return bank->base + (uint64_t)(page - bank->pages) * PAGE_SIZE;
}

static uint64_t mask_of(uint64_t offset, uint64_t size)
{
    uint64_t first = offset / SIM_LINE, last = (offset + size - 1) / SIM_LINE;
    return ALL >> (63 - (last - first)) << first;
}

static unsigned next_line(uint64_t *mask)
{
    unsigned line = (unsigned)__builtin_ctzll(*mask);
    *mask &= *mask - 1;
    return line;
}

static void copy_lines(uint8_t *to, const uint8_t *from, uint64_t mask)
{
    if (mask == ALL) {
        sim_copy_if_different(to, from, PAGE_SIZE);
        return;
    }
    while (mask != 0) {
        unsigned line = next_line(&mask);
        memcpy(to + line * SIM_LINE, from + line * SIM_LINE, SIM_LINE);
    }
}

static void make_stale(uint8_t *view, uint64_t mask)
{
    while (mask != 0)
        memcpy(view + next_line(&mask) * SIM_LINE, stale, SIM_LINE);
}

/* Of the lines @p mask of core's view, which is accessible: those that differ from memory by what core stored. One that
 * memory has overtaken is dirty if it no longer holds the stale pattern. */
static uint64_t written_lines(const struct sim_bank *bank, const struct sim_page *page, uint64_t mask)
{
    const uint8_t *cached = cached_view(bank, page), *memory = memory_view(bank, page);
    uint64_t dirty = 0;
    if (mask == ALL && page->overtaken == 0 && memcmp(cached, memory, PAGE_SIZE) == 0)
        return 0;
    while (mask != 0) {
        unsigned line = next_line(&mask);
        const uint8_t *clean = (page->overtaken >> line & 1) != 0 ? stale : (const uint8_t *)memory + line * SIM_LINE;
        if (memcmp(cached + line * SIM_LINE, clean, SIM_LINE) != 0)
            dirty |= 1ULL << line;
    }
    return dirty;
}

/* Somebody else comes to a page that core has let go of: time to see what it left. */
static void settle(const struct sim_bank *bank, struct sim_page *page)
{
    if (!page->unsettled || sim_page_mapped(page))
        return;
    sim_page_open(bank, page);
    page->dirty = written_lines(bank, page, ALL);
    sim_page_close(bank, page);
    page->held |= page->dirty;
    page->unsettled = false;
}

static uint64_t dirty_lines(const struct sim_bank *bank, struct sim_page *page, uint64_t mask)
{
    settle(bank, page);
    return page->unsettled ? written_lines(bank, page, mask) : page->dirty & mask;
}

/* ---- Instruction caches */

/* What was in an instruction cache before the write may still be there. Zeros over what cannot have been fetched since
 * all instruction caches were dropped do no harm: fetched, they are what they would be anyway. */
static void note_code(struct sim_machine *machine, struct sim_page *page, uint64_t mask, bool guest, bool zeros)
{
    uint32_t round = machine->icache_round + 1;
    bool fetchable = page->vmid != 0 || page->reachable_round == round || round == 1;
    if (zeros && !fetchable)
        return;
    if (page->code_round != round || page->code_order < machine->dropped_code[page->vmid])
        page->code = page->own_code = 0;
    page->code_round = round;
    page->code_order = ++machine->code_order;
    page->code |= mask;
    page->own_code = guest ? page->own_code | mask : page->own_code & ~mask;
    if (guest)
        return;
    page->writer = machine->turn->id;
    page->written_at = machine->now;
}

/* ---- Core */

bool sim_cache_needs_fill(const struct sim_bank *bank, const struct sim_page *page)
{
    return !bank->coherent && !sim_page_mapped(page) && !page->unsettled && !page->current && page->used;
}

/* Core's view of a page that others have used: lines that are held as they are, the others from memory. */
static void fill(const struct sim_bank *bank, struct sim_page *page)
{
    uint8_t *cached = cached_view(bank, page);
    if (page->in_guest)
        copy_lines(cached, page->guest_lines->bytes, page->held);
    make_stale(cached, page->overtaken & ~page->dirty);
    copy_lines(cached, memory_view(bank, page), ~page->held);
}

void sim_cache_enter(struct sim_bank *bank, struct sim_page *page, bool writable)
{
    if (sim_cache_needs_fill(bank, page))
        fill(bank, page);
    page->cached_used = page->cached_used || page->used || writable;
    page->in_guest = false;
    page->current = true;
    page->held = ALL;
    if (writable) {
        page->unsettled = true;
        page->dirty = 0;
    }
}

/* Nothing was ever stored in the page: it needs no cleaning. @param there  of the page and those behind it in its
 * block, asked for once */
static bool is_void(const struct sim_bank *bank, const struct sim_page *page, bool *there, uint64_t *asked)
{
    uint64_t index = (uint64_t)(page - bank->pages), in_block = index % SIM_PRESENCE_MAX;
    if (bank->coherent || page->used || page->overtaken != 0)
        return false;
    if (*asked != index - in_block + 1) {
        *asked = index - in_block + 1;
        uint64_t count = min_u64(SIM_PRESENCE_MAX, (bank->size + PAGE_SIZE - 1) / PAGE_SIZE - (index - in_block));
        sim_presence(bank->cached + (index - in_block) * PAGE_SIZE, count, there);
    }
    return !there[in_block];
}

/* Cleans lines of one page from core's view. Those that memory has overtaken and core has not written since are not
 * dirty, and nothing is written back over memory. */
static void clean_lines(const struct sim_bank *bank, struct sim_page *page, uint64_t mask)
{
    uint64_t clean = page->overtaken & mask;
    clean &= ~(clean != 0 ? written_lines(bank, page, clean) : 0);
    copy_lines(memory_view(bank, page), cached_view(bank, page), mask & ~clean);
    page->overtaken &= clean | ~mask;
    page->uncleaned_code &= ~mask;
    page->used = true;
}

static void invalidate_lines(const struct sim_bank *bank, struct sim_page *page, uint64_t mask)
{
    copy_lines(cached_view(bank, page), memory_view(bank, page), page->overtaken & mask);
    page->overtaken &= ~mask;
    page->held &= ~mask;
    page->own &= ~mask;
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

static void clean_range(struct sim_machine *machine, const uint8_t *address, uint64_t size, bool invalidate, bool zeros)
{
    const struct sim_bank *bank = bank_of(machine, address);
    if (bank == NULL)
        return;
    bool there[SIM_PRESENCE_MAX];
    uint64_t offset = (uint64_t)(address - bank->cached), part, asked = 0;
    for (; size > 0; offset += part, size -= part) {
        struct sim_page *page = sim_bank_page(bank, offset / PAGE_SIZE);
        part = min_u64(size, PAGE_SIZE - offset % PAGE_SIZE);
        uint64_t mask = mask_of(offset % PAGE_SIZE, part);
        note_code(machine, page, mask, false, zeros);
        if (!is_void(bank, page, there, &asked)) {
            page->used = true;
            if (!bank->coherent)
                clean_lines(bank, page, mask);
        }
        if (bank->coherent)
            continue;
        if (invalidate)
            invalidate_lines(bank, page, mask);
    }
}

void sim_cache_clean(struct sim_machine *machine, const void *address, uint64_t size)
{
    clean_range(machine, address, size, false, false);
}

void sim_cache_clean_invalidate(struct sim_machine *machine, const void *address, uint64_t size)
{
    clean_range(machine, address, size, true, false);
}

void sim_cache_zeroed(struct sim_machine *machine, const void *address, uint64_t size)
{
    clean_range(machine, address, size, true, true);
}

/* ---- Memory itself */

/* Memory changes behind the lines that caches hold. A dirty one stays what it is: written back, it will undo this. */
static void write_memory(const struct sim_bank *bank, struct sim_page *page, uint64_t offset, const void *data,
                         uint64_t size)
{
    uint64_t mask = mask_of(offset, size);
    page->used = true;
    if (bank->coherent) {
        memcpy(memory_view(bank, page) + offset, data, size);
        return;
    }
    uint64_t overtaken = page->held & mask & ~dirty_lines(bank, page, mask) & ~page->overtaken;
    memcpy(memory_view(bank, page) + offset, data, size);
    page->overtaken |= overtaken;
    if (!sim_page_mapped(page)) {
        page->current = false;
        return;
    }
    sim_page_open(bank, page);
    make_stale(cached_view(bank, page), overtaken);
    copy_lines(cached_view(bank, page), memory_view(bank, page), mask & ~page->held);
    sim_page_close(bank, page);
}

void sim_memory_write(struct sim_machine *machine, uint64_t base, const void *data, uint64_t size)
{
    const struct sim_bank *bank = sim_bank_find(machine, base, size);
    const uint8_t *bytes = data;
    uint64_t offset = base - bank->base, part;
    sim_bring_in_memory(bank, offset, size);
    for (; size > 0; offset += part, bytes += part, size -= part) {
        part = min_u64(size, PAGE_SIZE - offset % PAGE_SIZE);
        write_memory(bank, sim_bank_page(bank, offset / PAGE_SIZE), offset % PAGE_SIZE, bytes, part);
    }
}

/* ---- Guests */

void sim_guest_new_life(struct sim_machine *machine, uint16_t vmid)
{
    machine->lives[vmid & 255] = ++machine->life_count;
}

/* The page as the guest that runs on @p cpu comes to it. */
static struct sim_page *visit(const struct sim_cpu *cpu, const struct sim_bank *bank, uint64_t address)
{
    struct sim_page *page = sim_bank_page(bank, (address - bank->base) / PAGE_SIZE);
    uint32_t life = cpu->machine->lives[cpu->loaded->stage2->vmid & 255];
    if (page->life != life)
        page->own = page->own_code = 0;
    page->life = life;
    if (!bank->coherent)
        settle(bank, page);
    return page;
}

/* Core, or the guest's life before, left a dirty line where the guest uses memory itself. */
static void check_cleaned(const struct sim_cpu *cpu, const struct sim_bank *bank, struct sim_page *page, uint64_t mask,
                          const char *what)
{
    if (bank->coherent || (!page->unsettled && (page->held & mask & ~page->own) == 0))
        return;
    uint64_t dirty = dirty_lines(bank, page, mask) & ~page->own;
    if (dirty != 0)
        sim_fail(
            "VMID %u %s memory at %#llx: a dirty line lies in a cache there, not cleaned to the point of coherency",
            cpu->loaded->stage2->vmid, what,
            (unsigned long long)(page_address(bank, page) + (unsigned)__builtin_ctzll(dirty) * SIM_LINE));
}

/* Core left a line, even if a clean one, where the guest wrote with its caches off and now looks through them. */
static void check_not_shadowed(const struct sim_cpu *cpu, const struct sim_bank *bank, const struct sim_page *page,
                               uint64_t mask)
{
    uint64_t shadows = page->overtaken & mask & ~page->own;
    if (shadows != 0)
        sim_fail("VMID %u at %#llx: a line that it did not bring into the caches hides what was written to memory; it "
                 "was cleaned, but not invalidated",
                 cpu->loaded->stage2->vmid,
                 (unsigned long long)(page_address(bank, page) + (unsigned)__builtin_ctzll(shadows) * SIM_LINE));
}

static struct sim_cached_page *new_lines(struct sim_bank *bank)
{
    struct sim_cached_page *lines = bank->spare_lines;
    if (lines != NULL) {
        bank->spare_lines = lines->next;
        memset(lines, 0, sizeof(*lines));
        return lines;
    }
    lines = calloc(1, sizeof(*lines));
    if (lines == NULL)
        abort();
    return lines;
}

static struct sim_cached_page *guest_lines(struct sim_bank *bank, struct sim_page *page)
{
    if (page->guest_lines == NULL) {
        page->guest_lines = new_lines(bank);
        page->guest_lines->next = bank->guest_lines;
        bank->guest_lines = page->guest_lines;
    }
    return page->guest_lines;
}

/* Where the lines of a page are while a guest uses them: core's view while core has it mapped too, else its own. */
static uint8_t *open_lines(struct sim_bank *bank, struct sim_page *page)
{
    if (sim_page_mapped(page)) {
        sim_page_open(bank, page);
        return cached_view(bank, page);
    }
    uint8_t *lines = guest_lines(bank, page)->bytes;
    if (!page->in_guest && page->held != 0) {
        sim_page_open(bank, page);
        copy_lines(lines, cached_view(bank, page), page->held);
        sim_page_close(bank, page);
    }
    page->in_guest = true;
    page->current = false;
    page->used = true;
    return lines;
}

static void close_lines(const struct sim_bank *bank, const struct sim_page *page)
{
    if (sim_page_mapped(page))
        sim_page_close(bank, page);
}

/* A cacheable access: lines that are in no cache come in. @return the bytes of the page as the caches hold them */
static uint8_t *bring_in(struct sim_bank *bank, struct sim_page *page, uint64_t mask)
{
    uint8_t *lines = open_lines(bank, page);
    uint64_t missing = mask & ~page->held;
    copy_lines(lines, memory_view(bank, page), missing);
    page->held |= missing;
    page->own |= missing;
    return lines;
}

void sim_guest_load(struct sim_cpu *cpu, uint64_t address, void *data, uint64_t size, bool cacheable)
{
    struct sim_bank *bank = sim_bank_find(cpu->machine, address, size);
    struct sim_page *page = visit(cpu, bank, address);
    uint64_t offset = address % PAGE_SIZE, mask = mask_of(offset, size);
    if (!cacheable || bank->coherent) {
        check_cleaned(cpu, bank, page, mask, "reads");
        memcpy(data, memory_view(bank, page) + offset, size);
        return;
    }
    check_not_shadowed(cpu, bank, page, mask);
    memcpy(data, bring_in(bank, page, mask) + offset, size);
    close_lines(bank, page);
}

void sim_guest_store(struct sim_cpu *cpu, uint64_t address, const void *data, uint64_t size, bool cacheable)
{
    struct sim_bank *bank = sim_bank_find(cpu->machine, address, size);
    struct sim_page *page = visit(cpu, bank, address);
    uint64_t offset = address % PAGE_SIZE, mask = mask_of(offset, size);
    note_code(cpu->machine, page, mask, true, false);
    if (!cacheable || bank->coherent) {
        check_cleaned(cpu, bank, page, mask, "writes");
        write_memory(bank, page, offset, data, size);
        return;
    }
    check_not_shadowed(cpu, bank, page, mask);
    memcpy(bring_in(bank, page, mask) + offset, data, size);
    close_lines(bank, page);
    page->own |= mask;
    page->dirty |= mask;
    page->uncleaned_code |= mask;
}

static void clean_guest_lines(struct sim_bank *bank, struct sim_page *page, uint64_t mask, bool invalidate)
{
    uint64_t dirty = dirty_lines(bank, page, mask);
    if (dirty != 0) {
        copy_lines(memory_view(bank, page), open_lines(bank, page), dirty);
        close_lines(bank, page);
    }
    page->dirty &= ~mask;
    page->overtaken &= ~dirty;
    page->uncleaned_code &= ~mask;
    if (!invalidate)
        return;
    if (sim_page_mapped(page)) {
        sim_page_open(bank, page);
        invalidate_lines(bank, page, mask);
        sim_page_close(bank, page);
    }
    page->overtaken &= ~mask;
    page->held &= ~mask;
    page->own &= ~mask;
    page->current = page->current && sim_page_mapped(page);
}

void sim_guest_maintain(struct sim_cpu *cpu, uint64_t address, enum sim_maintenance what)
{
    struct sim_bank *bank = sim_bank_find(cpu->machine, address, 1);
    struct sim_page *page = visit(cpu, bank, address);
    uint64_t line = mask_of(address % PAGE_SIZE, 1);
    if (what == SIM_INVALIDATE_INSTRUCTIONS)
        page->code &= ~line;
    else if (what == SIM_CLEAN_TO_UNIFICATION)
        page->uncleaned_code &= ~line;
    else if (!bank->coherent)
        clean_guest_lines(bank, page, line, what == SIM_CLEAN_AND_INVALIDATE);
}

void sim_guest_drop_code(struct sim_cpu *cpu)
{
    struct sim_machine *machine = cpu->machine;
    machine->dropped_code[cpu->loaded->stage2->vmid & 255] = ++machine->code_order;
}

HV_NORETURN static void guest_fault(const struct sim_cpu *cpu, uint64_t address, const char *what)
{
    sim_fail("VMID %u fetches an instruction at %#llx that it wrote itself and has not %s: its own fault",
             cpu->loaded->stage2->vmid, (unsigned long long)address, what);
}

static uint64_t first_line(const struct sim_bank *bank, const struct sim_page *page, uint64_t mask)
{
    return page_address(bank, page) + (unsigned)__builtin_ctzll(mask) * SIM_LINE;
}

/* One page of sim_guest_fetch(). */
static void fetch_lines(const struct sim_cpu *cpu, const struct sim_bank *bank, struct sim_page *page, uint64_t mask,
                        bool cacheable)
{
    check_cleaned(cpu, bank, page, mask, "fetches instructions from");
    uint64_t uncleaned = bank->coherent ? 0 : (page->uncleaned_code | (cacheable ? 0 : page->dirty)) & mask;
    if (uncleaned != 0)
        guest_fault(cpu, first_line(bank, page, uncleaned), "cleaned to where its instructions come from");
    if (cacheable && !bank->coherent)
        check_not_shadowed(cpu, bank, page, mask);
    bool dropped = page->code_order < cpu->machine->dropped_code[cpu->loaded->stage2->vmid & 255];
    uint64_t old = page->code_round == cpu->machine->icache_round + 1 && !dropped ? page->code & mask : 0;
    if ((old & page->own_code) != 0)
        guest_fault(cpu, first_line(bank, page, old & page->own_code), "invalidated in the instruction caches");
    if (old != 0)
        sim_fail("VMID %u fetches an instruction at %#llx, which CPU %u wrote at %llu ns, after the instruction caches "
                 "were last invalidated: they may hold what lay there before",
                 cpu->loaded->stage2->vmid, (unsigned long long)first_line(bank, page, old), page->writer,
                 (unsigned long long)page->written_at);
}

void sim_guest_fetch(struct sim_cpu *cpu, uint64_t address, uint64_t size, bool cacheable)
{
    const struct sim_bank *bank = sim_bank_find(cpu->machine, address, size);
    fetch_lines(cpu, bank, visit(cpu, bank, address), mask_of(address % PAGE_SIZE, size), cacheable);
}
