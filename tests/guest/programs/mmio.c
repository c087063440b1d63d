// SPDX-License-Identifier: Apache-2.0
/* Every register of the interrupt distributor (GICv2, IHI 0048B chapter 4.3; GICv3, IHI 0069 chapter 12, with the
 * redistributor) and of the UART (PL011, DDI 0183 chapter 3): what is reserved reads as zero and ignores writes, what
 * is read-only stays, pairs of set and clear registers show one state, fields keep what the manual says they keep.
 * Interrupts stay off at the CPU. */
#include "programs.h"

struct range {
    uint32_t first, end;
};

static void expect(const struct platform *platform, const char *what, uint64_t address, uint64_t found, uint64_t wanted)
{
    if (found == wanted)
        return;
    print(platform, "mmio: %s: offset %lx holds %lx, not %lx\n", what, address & 0x1ffff, found, wanted);
    program_fail(platform, what, address);
}

/* Reserved ranges, with every width up to that of the registers. */
static void reserved(const struct platform *platform, uint64_t base, const struct range *ranges, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        for (uint64_t address = base + ranges[i].first; address < base + ranges[i].end; address += 4) {
            for (unsigned width = 1; width <= 4; width *= 2) {
                try_write(address, width, UINT32_MAX >> (32 - 8 * width));
                expect(platform, "a reserved register", address, try_read(address, width), 0);
            }
        }
    }
}

static void read_only(const struct platform *platform, uint64_t base, const struct range *ranges, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        for (uint64_t address = base + ranges[i].first; address < base + ranges[i].end; address += 4) {
            uint32_t before = read32(address);

            write32(address, ~before);
            expect(platform, "a read-only register", address, read32(address), before);
            write32(address, before);
            expect(platform, "a read-only register", address, read32(address), before);
        }
    }
}

/* ---- the distributor, and what of it GICv3 has in the redistributor ---- */

#define GICD_CTLR 0x000
#define GICD_CTLR_AFFINITY (1u << 4) /* GICv3 */
#define GICD_TYPER 0x004
#define GICD_IGROUPR 0x080
#define GICD_ISENABLER 0x100
#define GICD_ISPENDR 0x200
#define GICD_ISACTIVER 0x300
#define CLEAR 0x80 /* from a set register to its clear register */
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR 0x800
#define GICD_ICFGR 0xc00
#define GICD_SGIR 0xf00
#define GICD_CPENDSGIR 0xf10
#define GICD_SPENDSGIR 0xf20
#define GICD_PIDR2 0xfe8
#define GICD_IROUTER 0x6000
#define GICV3_PIDR2 0xffe8
#define PPIS 0x08000000u /* of the private interrupts, the virtual timer's is surely there */
#define PRIORITY_BITS 0xf0u

static const struct range distributor_reserved[] = {{0x010, 0x020}, {0x040, 0x080}, {0xf04, 0xf10}, {0xf30, 0xfc0}};
static const struct range distributor_read_only[] = {{GICD_TYPER, 0x00c}, {0xfd0, 0x1000}, {GICD_ICFGR, 0xc04}};

static unsigned interrupt_words(const struct platform *platform)
{
    return (read32(platform->distributor + GICD_TYPER) & 0x1f) + 1;
}

/* With affinity routing: what GICv2 has there for targets and SGIs; the frames of the redistributor. */
static const struct range distributor_v3_reserved[] = {
    {0x020, 0x040}, {0x080, 0x084}, {0x100, 0x104}, {0x180, 0x184}, {0x200, 0x204}, {0x280, 0x284},  {0x300, 0x304},
    {0x380, 0x384}, {0x400, 0x420}, {0x800, 0xbfc}, {0xc00, 0xc08}, {0xf00, 0xf30}, {0x6000, 0x6100}};
static const struct range distributor_v3_read_only[] = {{GICD_TYPER, 0x00c}, {0xffd0, 0x10000}};
static const struct range redistributor_reserved[] = {{0x018, 0x020}, {0x080, 0x100}};
static const struct range redistributor_read_only[] = {{0x004, 0x010}, {0xffd0, 0x10000}};
static const struct range private_reserved[] = {{0x000, 0x080}, {0x800, 0xc00}, {0xe04, 0xf00}};
static const struct range private_read_only[] = {{GICD_ICFGR, 0xc04}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One state, seen and changed through two registers; @p mask: bits that can be changed. */
static void pair(const struct platform *platform, uint64_t set, uint32_t mask)
{
    uint64_t clear = set + CLEAR;
    const uint32_t patterns[] = {0x00000000, 0xffffffff, 0x0f1e2d3c, 0x80000001, 0x55555555};

    for (unsigned i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        uint32_t pattern = patterns[i] & mask;

        write32(clear, mask);
        expect(platform, "a clear register", clear, read32(clear) & mask, 0);
        write32(set, pattern);
        write32(set, 0);
        write32(clear, 0);
        expect(platform, "a set register", set, read32(set) & mask, pattern);
        expect(platform, "the clear register beside it", clear, read32(clear) & mask, pattern);
        write32(clear, pattern & 0x00ffff00);
        expect(platform, "what a clear register left", set, read32(set) & mask, pattern & ~0x00ffff00u);
    }
    write32(clear, mask);
}

static void pairs(const struct platform *platform)
{
    for (unsigned word = 0; word < interrupt_words(platform); word++) {
        uint32_t mask = word == 0 ? PPIS : word == 31 ? 0x0fffffffu : 0xffffffffu;

        uint64_t base = gic_frame(platform, 32 * word);

        pair(platform, base + GICD_ISENABLER + 4 * word, mask);
        pair(platform, base + GICD_ISPENDR + 4 * word, mask);
        pair(platform, base + GICD_ISACTIVER + 4 * word, mask);
    }
    print(platform, "mmio: set and clear registers show one state\n");
}

/* A word of four interrupts, by word and by byte; @p mask: the bits of each byte that are kept. */
static void bytes(const struct platform *platform, uint64_t address, uint8_t mask)
{
    write32(address, 0xffffffff);
    for (unsigned i = 0; i < 4; i++)
        expect(platform, "a byte of a word", address + i, read8(address + i) & mask, mask);
    write8(address + 2, 0x50 & mask);
    expect(platform, "a word of bytes", address, read32(address) & 0x01010101u * mask,
           (0xff50ffffu | (uint32_t)(0x50 & mask) << 16) & 0x01010101u * mask);
    write32(address, 0);
    expect(platform, "a word of bytes", address, read32(address), 0);
}

static void targets(const struct platform *platform)
{
    uint64_t base = platform->distributor;

    for (unsigned intid = 0; intid < 32; intid++) {
        uint8_t before = read8(base + GICD_ITARGETSR + intid);

        write8(base + GICD_ITARGETSR + intid, (uint8_t)~before);
        expect(platform, "the target of a private interrupt", intid, read8(base + GICD_ITARGETSR + intid), before);
    }
}

/* As one register and by its halves; Aff2 to Aff0 are kept. */
static void routes(const struct platform *platform)
{
    for (unsigned intid = 32; intid < 32 * interrupt_words(platform) && intid < 1020; intid++) {
        uint64_t route = platform->distributor + GICD_IROUTER + 8 * intid;

        write64(route, 0x123456);
        expect(platform, "a route", route, read64(route) & 0xffffff, 0x123456);
        expect(platform, "the lower half of a route", route, read32(route) & 0xffffff, 0x123456);
        write32(route + 4, 0);
        expect(platform, "what the upper half left", route, read64(route) & 0xffffff, 0x123456);
        write32(route, 0);
        expect(platform, "a route", route, read64(route), 0);
    }
}

static void fields(const struct platform *platform)
{
    uint64_t base = platform->distributor, private = gic_frame(platform, 0);

    for (unsigned intid = 32; intid < 32 * interrupt_words(platform) && intid < 1020; intid += 4)
        bytes(platform, base + GICD_IPRIORITYR + intid, PRIORITY_BITS);
    bytes(platform, private + GICD_IPRIORITYR, PRIORITY_BITS);
    if (platform->redistributors != 0)
        routes(platform);
    else
        targets(platform);
    expect(platform, "ICFGR0: SGIs are edge-triggered", GICD_ICFGR, read32(private + GICD_ICFGR) & 0xaaaaaaaa,
           0xaaaaaaaa);
    for (unsigned word = 2; word < 2 * interrupt_words(platform) && word < 63; word++) {
        write32(base + GICD_ICFGR + 4 * word, 0xaaaaaaaa);
        expect(platform, "edge-triggered", word, read32(base + GICD_ICFGR + 4 * word) & 0xaaaaaaaa, 0xaaaaaaaa);
        write32(base + GICD_ICFGR + 4 * word, 0);
        expect(platform, "level-sensitive", word, read32(base + GICD_ICFGR + 4 * word) & 0xaaaaaaaa, 0);
    }
    print(platform, "mmio: priorities, targets and configuration are kept\n");
}

static void software_interrupts_v2(const struct platform *platform)
{
    uint64_t base = platform->distributor;

    expect(platform, "SGIR, write-only", GICD_SGIR, read32(base + GICD_SGIR), 0);
    for (unsigned sgi = 0; sgi < 16; sgi++) {
        uint64_t set = base + GICD_SPENDSGIR + sgi, clear = base + GICD_CPENDSGIR + sgi;

        write32(base + GICD_ISPENDR, 1u << sgi); /* has no effect on an SGI */
        expect(platform, "SPENDSGIR", set, read8(set), 0);
        write8(set, 1);
        expect(platform, "SPENDSGIR", set, read8(set), 1);
        expect(platform, "CPENDSGIR", clear, read8(clear), 1);
        expect(platform, "ISPENDR0", GICD_ISPENDR, read32(base + GICD_ISPENDR) & 0xffff, 1u << sgi);
        write32(base + GICD_ISPENDR + CLEAR, 1u << sgi); /* nor has this */
        expect(platform, "CPENDSGIR", clear, read8(clear), 1);
        write8(clear, 1);
        expect(platform, "SPENDSGIR", set, read8(set), 0);
    }
}

static void software_interrupts_v3(const struct platform *platform)
{
    uint64_t set = gic_private_frame(platform) + GICD_ISPENDR, clear = set + CLEAR;

    for (unsigned sgi = 0; sgi < 16; sgi++) {
        write32(set, 1u << sgi);
        expect(platform, "ISPENDR0", set, read32(set) & 0xffff, 1u << sgi);
        expect(platform, "ICPENDR0", clear, read32(clear) & 0xffff, 1u << sgi);
        write32(clear, 1u << sgi);
        expect(platform, "ISPENDR0", set, read32(set) & 0xffff, 0);
    }
}

static void frames_v2(const struct platform *platform)
{
    uint64_t base = platform->distributor;

    reserved(platform, base, distributor_reserved, COUNT(distributor_reserved));
    read_only(platform, base, distributor_read_only, COUNT(distributor_read_only));
    expect(platform, "PIDR2: architecture", GICD_PIDR2, read32(base + GICD_PIDR2) >> 4 & 0xf, 2);
}

static void frames_v3(const struct platform *platform)
{
    uint64_t base = platform->distributor, own = gic_redistributor(platform), private = gic_private_frame(platform);

    reserved(platform, base, distributor_v3_reserved, COUNT(distributor_v3_reserved));
    read_only(platform, base, distributor_v3_read_only, COUNT(distributor_v3_read_only));
    reserved(platform, own, redistributor_reserved, COUNT(redistributor_reserved));
    read_only(platform, own, redistributor_read_only, COUNT(redistributor_read_only));
    reserved(platform, private, private_reserved, COUNT(private_reserved));
    read_only(platform, private, private_read_only, COUNT(private_read_only));
    expect(platform, "PIDR2: architecture", GICV3_PIDR2, read32(base + GICV3_PIDR2) >> 4 & 0xf, 3);
    expect(platform, "PIDR2: architecture", GICV3_PIDR2, read32(own + GICV3_PIDR2) >> 4 & 0xf, 3);
}

static void distributor(const struct platform *platform)
{
    uint64_t base = platform->distributor;
    uint32_t routing = platform->redistributors != 0 ? GICD_CTLR_AFFINITY : 0;

    write32(base + GICD_CTLR, routing);
    if (platform->redistributors != 0)
        frames_v3(platform);
    else
        frames_v2(platform);
    print(platform, "mmio: the distributor's reserved and read-only registers stay\n");
    pairs(platform);
    fields(platform);
    if (platform->redistributors != 0)
        software_interrupts_v3(platform);
    else
        software_interrupts_v2(platform);
    print(platform, "mmio: software generated interrupts are set and cleared\n");
    write32(base + GICD_CTLR, routing | 3);
    expect(platform, "CTLR", GICD_CTLR, read32(base + GICD_CTLR) & (routing | 3), routing | 3);
}

/* ---- the UART ---- */

#define UART_RSR 0x04
#define UART_FR 0x18
#define UART_IMSC 0x38
#define UART_RIS 0x3c
#define UART_MIS 0x40
#define UART_ICR 0x44

static const struct range uart_reserved[] = {{0x008, 0x018}, {0x01c, 0x020}, {0x04c, 0x080}};
static const struct range uart_read_only[] = {{UART_FR, 0x01c}, {UART_RIS, UART_ICR}, {0xfe0, 0x1000}};

/* Registers that keep what is written: bits, and those that a test may set without losing the console. */
static const struct {
    uint16_t offset, bits, harmless;
} uart_stored[] = {
    {0x24, 0xffff, 0xffff}, /* IBRD */
    {0x28, 0x003f, 0x003f}, /* FBRD */
    {0x2c, 0x00ff, 0x00fe}, /* LCR_H, but for a break */
    {0x30, 0xff87, 0x0c01}, /* CR, but for directions and loop back; UARTEN stays */
    {0x34, 0x003f, 0x003f}, /* IFLS */
    {0x38, 0x07ff, 0x07ff}, /* IMSC */
    {0x48, 0x0007, 0x0007}, /* DMACR */
};

static void stored(const struct platform *platform)
{
    for (unsigned i = 0; i < sizeof(uart_stored) / sizeof(uart_stored[0]); i++) {
        uint64_t address = platform->uart + uart_stored[i].offset;
        uint32_t before = read32(address), mask = uart_stored[i].harmless;

        write32(address, before | mask);
        expect(platform, "a UART register", address, read32(address), (before | mask) & uart_stored[i].bits);
        expect(platform, "its low byte", address, read8(address), (before | mask) & uart_stored[i].bits & 0xff);
        expect(platform, "its low half", address, read16(address), (before | mask) & uart_stored[i].bits);
        write32(address, before);
        expect(platform, "a UART register", address, read32(address), before);
    }
}

static void uart(const struct platform *platform)
{
    static const uint8_t identification[] = {0x0d, 0xf0, 0x05, 0xb1}; /* UARTPCellID0..3 */
    uint64_t base = platform->uart;

    reserved(platform, base, uart_reserved, sizeof(uart_reserved) / sizeof(uart_reserved[0]));
    read_only(platform, base, uart_read_only, sizeof(uart_read_only) / sizeof(uart_read_only[0]));
    for (unsigned i = 0; i < 4; i++)
        expect(platform, "PCellID", 0xff0 + 4 * i, read32(base + 0xff0 + 4 * i), identification[i]);
    expect(platform, "PeriphID0", 0xfe0, read32(base + 0xfe0), 0x11);
    stored(platform);
    write32(base + UART_IMSC, 0x7ff);
    expect(platform, "MIS: all of RIS", UART_MIS, read32(base + UART_MIS), read32(base + UART_RIS));
    write32(base + UART_IMSC, 0);
    expect(platform, "MIS: nothing of RIS", UART_MIS, read32(base + UART_MIS), 0);
    write32(base + UART_RSR, 0xff);
    expect(platform, "RSR after ECR", UART_RSR, read32(base + UART_RSR), 0);
    write32(base + UART_ICR, 0x7ff);
    expect(platform, "RIS after ICR", UART_RIS, read32(base + UART_RIS) & 0x720, 0);
    print(platform, "mmio: the UART's registers keep what they should\n");
}

void program_mmio(struct platform *platform)
{
    if (platform->distributor != 0)
        distributor(platform);
    if (platform->uart != 0)
        uart(platform);
    print(platform, "mmio: done\n");
}
