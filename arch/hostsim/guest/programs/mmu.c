// SPDX-License-Identifier: Apache-2.0
/* A guest that turns its MMU and caches on, as a real kernel does: what it was given must be there through both views,
 * what it leaves in caches must not reach its next life. */
#include "hostsim/guest/programs/register.h"

#define MB 0x100000ULL
#define BLOCK (2 * MB)
#define SCTLR_RESET 0x00c50078u
#define SCTLR_ON (SCTLR_RESET | 1u << 0 | 1u << 2 | 1u << 12) /* M, C, I */
#define MAIR 0xff4404ULL                                      /* 0 Device-nGnRE, 1 Non-cacheable, 2 write-back */
#define DEVICE (0u << 2 | 1u << 10)
#define NORMAL (2u << 2 | 3u << 8 | 1u << 10)
#define NEVER_EXECUTE (3ULL << 53)
/* 39 bits each: T0SZ and T1SZ 25, walks write-back inner shareable, TG1 4 KiB, IPS 40 bits */
#define TCR (25ULL | 25u << 16 | 0x35ULL << 8 | 0x35ULL << 24 | 2ULL << 30 | 2ULL << 32)
#define HIGH 0xffffff8000000000ULL
#define UART_VA (HIGH + 0x12345000) /* in no way like its IPA */
#define LINE 64
#define RET 0xd65f03c0

/** Where in RAM things are: between the kernel and what the boot protocol puts at the end. */
struct layout {
    const struct platform *platform;
    uint64_t tables;  /* six pages: two roots, level 2 of low, level 2 and 3 of the UART, level 3 of scratch */
    uint64_t scratch; /* a block nobody has touched */
};

static void invalidate_lines(uint64_t base, uint64_t size, uint32_t how)
{
    for (uint64_t address = base; address < base + size; address += LINE)
        guest_maintain(how, address);
}

/* RAM as it is, by blocks, in the low half; the UART in a page of the high half, and RAM's first block once more. */
static void write_tables(const struct layout *layout)
{
    uint64_t low = layout->tables, high = low + 0x1000, level2 = low + 0x2000, uart2 = low + 0x3000,
             uart3 = low + 0x4000, base = layout->platform->ram_base[0], gigabyte = base & ~(1024 * MB - 1);
    guest_write64(low + (base >> 30) * 8, level2 | 3);
    for (uint64_t at = base; at < base + layout->platform->ram_size[0] && at < gigabyte + 1024 * MB; at += BLOCK)
        guest_write64(level2 + (at - gigabyte) / BLOCK * 8, at | NORMAL | 1);
    guest_write64(high, uart2 | 3);
    guest_write64(uart2 + (UART_VA >> 21 & 511) * 8, uart3 | 3);
    guest_write64(uart3 + (UART_VA >> 12 & 511) * 8, layout->platform->uart | DEVICE | NEVER_EXECUTE | 3);
    guest_write64(high + 8, level2 | 3);
    invalidate_lines(low, 0x5000, GUEST_DC_IVAC);
    guest_msr(GUEST_MAIR_EL1, MAIR);
    guest_msr(GUEST_TCR_EL1, TCR);
    guest_msr(GUEST_TTBR0_EL1, low);
    guest_msr(GUEST_TTBR1_EL1, high);
    guest_maintain(GUEST_TLBI_VMALLE1, 0);
    guest_maintain(GUEST_IC_IALLU, 0);
}

static void expect(uint64_t address, uint64_t word, const char *what)
{
    uint64_t found = guest_read64(address);
    if (found != word)
        guest_fail("%s: %#llx holds %#llx, not %#llx", what, (unsigned long long)address, (unsigned long long)found,
                   (unsigned long long)word);
}

/* The block is given at its first touch, which is a read or a write, through caches or past them. */
static void check_scratch(const struct layout *layout, bool cached_first)
{
    uint64_t scratch = layout->scratch;
    if (!cached_first)
        for (uint64_t offset = 0; offset < BLOCK; offset += 0x1040)
            expect(scratch + offset, 0, "given with its caches off");
    guest_write64(scratch + 8, 0x0ff); /* past the caches */
    guest_msr(GUEST_SCTLR_EL1, SCTLR_ON);
    for (uint64_t offset = 64; offset < BLOCK; offset += 0x1040)
        expect(scratch + offset, 0, "given with its caches on");
    expect(scratch + 8, 0x0ff, "written with its caches off");
}

/* Code as a kernel patches it: written, cleaned to where instructions come from, dropped from the instruction cache. */
static void patch(const struct layout *layout)
{
    uint64_t code = layout->scratch + 0x10000;
    for (unsigned i = 0; i < 3; i++) {
        guest_write32(code + 4 * i, RET);
        guest_maintain(GUEST_DC_CVAU, code + 4 * i);
        guest_maintain(GUEST_IC_IVAU, code + 4 * i);
        guest_fetch(code + 4 * i);
    }
}

static void check_accesses(const struct layout *layout)
{
    uint64_t scratch = layout->scratch, alias = HIGH + 1024 * MB + scratch % (1024 * MB);
    guest_write(scratch + 0x1ffd, 8, 0x1122334455667788); /* not aligned, across two pages */
    expect(scratch + 0x2000, 0x1122334455, "across a page");
    if (guest_atomic_add(scratch + 0x2008, 8, 3) != 0 || guest_read64(alias + 0x2008) != 3)
        guest_fail("an atomic addition is lost");
    guest_zero_line(alias + 0x2000);
    expect(scratch + 0x2008, 0, "zeroed by another address");
    guest_write64(scratch + 0x3000, 0x5a);
    guest_maintain(GUEST_DC_CVAC, scratch + 0x3000);
    guest_msr(GUEST_SCTLR_EL1, SCTLR_RESET);
    expect(scratch + 0x3000, 0x5a, "cleaned to memory");
    guest_msr(GUEST_SCTLR_EL1, SCTLR_ON);
}

/* Xen's console_io takes a virtual address: of a byte in the caches, in the high half, unlike its IPA. */
static void say_by_calls(const struct layout *layout)
{
    static const char text[] = "mmu: says by console_io\n";
    uint64_t high = HIGH + 1024 * MB + layout->scratch % (1024 * MB) + 0x6000;
    for (unsigned i = 0; i + 1 < sizeof(text); i++)
        guest_write8(high + i, (uint8_t)text[i]);
    if (guest_xen_call(18, 0, sizeof(text) - 1, high).x[0] != 0 || (int64_t)guest_xen_call(18, 0, 1, 0).x[0] != -14)
        guest_fail("console_io: not what its tables say");
}

/* A register that is not there, and memory that is not: the answer comes to EL1 with the virtual address. */
static void check_aborts(const struct layout *layout)
{
    struct guest_exception exception;
    guest_allow_exceptions(true);
    guest_write64(layout->tables + 0x4000 + 8 * ((UART_VA >> 12 & 511) + 1), 0x10000000 | DEVICE | NEVER_EXECUTE | 3);
    guest_read32(UART_VA + 0x1123 - 3);
    if (!guest_took_exception(&exception) || exception.esr != 0x96000010 || exception.far != UART_VA + 0x1120)
        guest_fail("an unowned address behind stage 1: ESR_EL1 %#llx, FAR_EL1 %#llx", (unsigned long long)exception.esr,
                   (unsigned long long)exception.far);
    guest_write64(layout->tables + 16, 0x10000000 | 3); /* tables that are nowhere */
    guest_read32(128 * 1024 * MB + 2048 * MB);
    guest_took_exception(NULL);
    guest_read32(2048 * MB);
    if (!guest_took_exception(&exception) || exception.far != 2048 * MB)
        guest_fail("tables at an unowned address: no abort");
    guest_allow_exceptions(false);
}

/* Dirty lines in what was given with the image, at first touch, and in tables: nobody cleans them. */
static void leave_dirty(const struct layout *layout)
{
    const struct platform *platform = layout->platform;
    for (uint64_t offset = 0; offset < BLOCK; offset += 0x1040)
        guest_write64(layout->scratch + offset, 0xdeadbeefdeadbeef);
    invalidate_lines(layout->scratch + 0x1040, LINE, GUEST_DC_CIVAC); /* one of them in memory, too */
    for (uint64_t offset = 0; offset < platform->tree_size; offset += LINE)
        guest_write64(platform->tree + offset, 0xdeadbeefdeadbeef);
    for (uint64_t offset = 0; offset < 0x10000; offset += LINE) /* its own code */
        guest_write64(platform->ram_base[0] + offset, 0xdeadbeefdeadbeef);
}

void program_mmu(struct platform *platform)
{
    struct layout layout = {platform, platform->ram_base[0] + 8 * MB, platform->ram_base[0] + 10 * MB};
    uint64_t until = argument(platform, "until-ms", 0) * guest_mrs(GUEST_CNTFRQ_EL0) / 1000;
    bool again = guest_mrs(GUEST_CNTPCT_EL0) < until;

    print(platform, "mmu: begins\n");
    write_tables(&layout);
    check_scratch(&layout, again);
    if (platform->uart != 0)
        platform->uart = UART_VA;
    print(platform, "mmu: caches on\n");
    say_by_calls(&layout);
    patch(&layout);
    check_accesses(&layout);
    check_aborts(&layout);
    if (again) {
        leave_dirty(&layout);
        guest_spin(1000000);
        psci(platform, PSCI_SYSTEM_RESET);
        guest_fail("SYSTEM_RESET returned");
    }
    print(platform, "mmu: done\n");
}
