// SPDX-License-Identifier: Apache-2.0
/* Caches, windows, permanent mappings: contents through other mappings, permissions as the MMU itself answers for them.
 */
#include <string.h>

#include "arch/cpu.h"
#include "arch/mem.h"
#include "arch/mmio.h"
#include "boot/boot.h"
#include "seam.h"

#define FAULT 1ULL /* PAR_EL1.F */

static uint64_t translate_read(const void *address)
{
    uint64_t par;

    __asm__ volatile("at s1e2r, %1\n\tisb\n\tmrs %0, par_el1" : "=r"(par) : "r"(address) : "memory");
    return par;
}

static uint64_t translate_write(const void *address)
{
    uint64_t par;

    __asm__ volatile("at s1e2w, %1\n\tisb\n\tmrs %0, par_el1" : "=r"(par) : "r"(address) : "memory");
    return par;
}

static bool readable(const void *address)
{
    return (translate_read(address) & FAULT) == 0;
}

static bool writable(const void *address)
{
    return (translate_write(address) & FAULT) == 0;
}

static uint64_t physical(const void *address)
{
    return (translate_read(address) & 0xfffffffff000ULL) + ((uint64_t)address & (PAGE_SIZE - 1));
}

static bool holds(const uint8_t *bytes, uint64_t size, uint8_t value)
{
    for (uint64_t i = 0; i < size; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

static void check_zero(uint64_t offset, uint64_t size)
{
    uint8_t *window = arch_window_open(0, seam_scratch(), BLOCK_SIZE, ARCH_MAP_READ_WRITE);

    memset(window, 0xee, 2 * offset + size + 64);
    arch_zero_and_clean(window + offset, size);
    CHECK(holds(window, offset, 0xee));
    CHECK(holds(window + offset, size, 0));
    CHECK(holds(window + offset + size, offset + 64, 0xee));
    arch_window_close(0);
}

static void check_copy(uint64_t to, uint64_t from, uint64_t size)
{
    uint8_t *target = arch_window_open(0, seam_scratch(), BLOCK_SIZE, ARCH_MAP_READ_WRITE);
    uint8_t *source = arch_window_open(1, pa_add(seam_scratch(), BLOCK_SIZE), BLOCK_SIZE, ARCH_MAP_READ_WRITE);

    for (uint64_t i = 0; i < size + 64; i++)
        source[from + i] = (uint8_t)seam_random();
    memset(target, 0xee, to + size + 64);
    arch_copy_and_clean(target + to, source + from, size);
    CHECK(holds(target, to, 0xee));
    CHECK(memcmp(target + to, source + from, size) == 0);
    CHECK(holds(target + to + size, 64, 0xee));
    arch_window_close(0);
    arch_window_close(1);
}

void seam_caches(void)
{
    static const uint64_t sizes[] = {0, 64, 128, 448, 512, 576, 960, 1024, 4096, 4160, 65536 + 192};

    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        check_zero(0, sizes[i]);
        check_zero(64, sizes[i]);
        check_zero(1024, sizes[i]);
    }
    for (uint64_t size = 0; size < 800; size += 1 + size / 16) {
        check_copy(0, 0, size);
        check_copy(64, size % 17, size);
    }
    check_copy(4096, 3, 100001);
}

/** A part of a block: exactly its pages are there, and show the right memory. */
static void check_part(uint64_t offset, uint64_t size, enum arch_map_access access)
{
    pa_t base = pa_add(seam_scratch(), offset);
    uint8_t *window = arch_window_open(0, base, size, access);
    uint8_t *first = window - offset % PAGE_SIZE;
    uint8_t *end = first + align_up(offset % PAGE_SIZE + size, PAGE_SIZE);

    CHECK_EQUAL(physical(window), base.raw);
    CHECK_EQUAL(physical(window + size - 1), base.raw + size - 1);
    CHECK(readable(first) && readable(end - 1));
    CHECK(!readable(first - 1));
    CHECK(!readable(end));
    CHECK_EQUAL(writable(window), access == ARCH_MAP_READ_WRITE);
    arch_window_close(0);
    CHECK(!readable(window) && !readable(end - 1));
}

void seam_windows(void)
{
    uint8_t *one, *two;

    check_part(0, 1, ARCH_MAP_READ);
    check_part(0, BLOCK_SIZE, ARCH_MAP_READ_WRITE);
    check_part(0, BLOCK_SIZE, ARCH_MAP_READ);
    check_part(8, BLOCK_SIZE - 8, ARCH_MAP_READ);
    check_part(BLOCK_SIZE - 1, 1, ARCH_MAP_READ_WRITE);
    check_part(0x12345, 0x6789, ARCH_MAP_READ_WRITE);
    check_part(0x1fff, 2, ARCH_MAP_READ);
    check_part(BLOCK_SIZE + 0x3000, 0x100000, ARCH_MAP_READ);

    /* Two slots on one page; one reopened elsewhere without a close. */
    one = arch_window_open(0, pa_add(seam_scratch(), 0x5000), 64, ARCH_MAP_READ_WRITE);
    two = arch_window_open(1, pa_add(seam_scratch(), 0x5010), 16, ARCH_MAP_READ);
    memset(one, 0x11, 64);
    CHECK(holds(two, 16, 0x11));
    one = arch_window_open(0, pa_add(seam_scratch(), 0x6000), 64, ARCH_MAP_READ_WRITE);
    memset(one, 0x22, 64);
    CHECK(holds(two, 16, 0x11));
    CHECK(!readable(one - PAGE_SIZE));
    two = arch_window_open(1, pa_add(seam_scratch(), 0x6000), 64, ARCH_MAP_READ);
    CHECK(holds(two, 64, 0x22));
    arch_window_close(0);
    arch_window_close(0);
    arch_window_close(1);
}

static void check_map(uint64_t offset, uint64_t size, enum arch_map_access access)
{
    pa_t base = pa_add(seam_scratch(), offset);
    uint8_t *map = arch_map(base, size, access);
    uint8_t *end;

    CHECK(map != NULL);
    if (map == NULL)
        return;
    end = (uint8_t *)align_up((uintptr_t)map + size, PAGE_SIZE);
    for (uint64_t at = 0; at < size; at += PAGE_SIZE)
        CHECK_EQUAL(physical(map + at), base.raw + at);
    CHECK_EQUAL(physical(map + size - 1), base.raw + size - 1);
    CHECK(!readable(end));
    CHECK_EQUAL(writable(map), access == ARCH_MAP_READ_WRITE);
}

/* What each CPU has for itself, in pages: its tables and stacks. */
#define AREA_PAGES 9
#define AREA_EMERGENCY_GUARD 1
#define AREA_GUARD 3
extern char image_start[], text_end[], rodata_end[], bss_end[], cpu_areas[];

/** The last byte before a symbol, which the compiler takes for the beginning of an object. */
static const void *before(const char *symbol)
{
    return (const void *)((uintptr_t)symbol - 1);
}

/** Below each stack there is a page without translation, and nothing at all of CPUs that have not been started. */
static void check_areas(void)
{
    for (unsigned page = 0; page < HV_MAX_CPUS * AREA_PAGES; page++) {
        unsigned cpu = page / AREA_PAGES, place = page % AREA_PAGES;
        bool there = cpu == 0 && place != AREA_EMERGENCY_GUARD && place != AREA_GUARD;
        CHECK_EQUAL(writable(cpu_areas + page * PAGE_SIZE), there);
        CHECK_EQUAL(readable(cpu_areas + (page + 1) * PAGE_SIZE - 1), there);
    }
}

static void check_image(void)
{
    CHECK(readable(image_start) && !writable(image_start));
    CHECK(!writable(before(text_end)));
    CHECK(readable(text_end) && !writable(text_end));
    CHECK(!writable(before(rodata_end)));
    CHECK(writable(rodata_end) && writable(before(bss_end)));
    check_areas();
    /* The page of the switch is not mapped to itself. */
    CHECK(!readable((const void *)physical(image_start)));
}

void seam_maps(void)
{
    struct arch_mmio nowhere;

    check_image();
    check_map(0, 1, ARCH_MAP_READ);
    check_map(0x2345, 0x9876, ARCH_MAP_READ);
    check_map(0x1000, 0x1000, ARCH_MAP_READ_WRITE);
    check_map(0, MIB(4), ARCH_MAP_READ_WRITE);
    check_map(0x3010, MIB(3), ARCH_MAP_READ);
    check_map(BLOCK_SIZE - PAGE_SIZE, MIB(2) + 2 * PAGE_SIZE, ARCH_MAP_READ);
    CHECK(arch_map(seam_scratch(), 0, ARCH_MAP_READ) == NULL);
    CHECK(arch_map(seam_scratch(), GIB(2), ARCH_MAP_READ) == NULL);
    CHECK(arch_map(pa(0xfffffffff000), 0x2000, ARCH_MAP_READ) == NULL);
    CHECK(arch_map(pa(UINT64_MAX - 5), 16, ARCH_MAP_READ) == NULL);
    CHECK(!arch_mmio_map(&nowhere, pa(0x1000000000000), PAGE_SIZE));
    CHECK(!arch_mmio_map(&nowhere, pa(1ULL << arch_pa_bits()), PAGE_SIZE));
    CHECK(!arch_mmio_map(&nowhere, pa((1ULL << arch_pa_bits()) - PAGE_SIZE), 2 * PAGE_SIZE));
    CHECK(!arch_mmio_map(&nowhere, pa(0x9000002), PAGE_SIZE));
    CHECK_EQUAL(nowhere.base, 0);
    /* After refusals there is still room. */
    check_map(0x7000, 0x1000, ARCH_MAP_READ);
}
