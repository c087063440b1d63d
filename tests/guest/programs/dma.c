// SPDX-License-Identifier: Apache-2.0
/* The bus master of hostsim, given to the domain: data goes around in memory by DMA, and each round ends with both of
 * its interrupts, the level and the edge. Addresses for the device are what dma-ranges say. Arguments: rounds=N (4),
 * bytes=N (1024), until-ms=N (0): starts again by PSCI SYSTEM_RESET until the physical counter is so far, with
 * running=1 without having stopped the device; idle=N (0): turns the level off after so many that found no event,
 * rather than to fail at the first. */
#include "bus_master.h"
#include "programs.h"

#define RING_SIZE 8
#define PLACES 3 /* source, and two that it is copied to */

struct dma {
    const struct platform *platform;
    uint64_t ring, places[PLACES];
    uint32_t tail, bytes;
    unsigned levels, edges, idle;
    bool silent; /* it does not answer, or interrupts for ever */
};

static uint32_t read_device(struct dma *dma, uint32_t offset)
{
    uint32_t value = (uint32_t)try_read(dma->platform->bus_master + offset, 4);

    dma->silent = dma->silent || exception_taken(NULL);
    return value;
}

static void write_device(struct dma *dma, uint32_t offset, uint32_t value)
{
    try_write(dma->platform->bus_master + offset, 4, value);
    dma->silent = dma->silent || exception_taken(NULL);
}

/** As drivers do that share a line: it is not theirs, or the device is broken. */
static void without_event(struct dma *dma, uint32_t intid)
{
    const struct platform *platform = dma->platform;

    if (++dma->idle > argument(platform, "idle", 0))
        program_fail(platform, "the device's interrupt comes without an event, after so many", dma->levels);
    if (dma->idle < argument(platform, "idle", 0))
        return;
    gic_disable(platform, intid);
    dma->silent = true;
}

static void on_device(void *context, uint32_t intid, uint64_t entered)
{
    struct dma *dma = context;
    const struct platform *platform = dma->platform;

    (void)entered;
    if (intid == platform->bus_master_interrupts[1]) {
        dma->edges++;
    } else if (intid == platform->bus_master_interrupts[0]) {
        if (read_device(dma, BM_EVENTS) != BM_EVENT_DONE && !dma->silent) {
            without_event(dma, intid);
            return;
        }
        write_device(dma, BM_EVENTS, BM_EVENT_DONE);
        if (dma->silent)
            gic_disable(platform, intid); /* nothing quiets it */
        dma->levels++;
    } else {
        program_fail(platform, "another interrupt than the device's", intid);
    }
}

/** Where the device finds what the guest has at @p address. */
static uint64_t bus_address(const struct platform *platform, uint64_t address)
{
    for (unsigned i = 0; i < MAX_DMA_RANGES; i++) {
        const struct dma_range *range = &platform->dma_ranges[i];
        if (address - range->base < range->size)
            return range->bus + (address - range->base);
    }
    if (platform->dma_ranges[0].size != 0)
        program_fail(platform, "dma-ranges do not say what devices call the address", address);
    return address;
}

static void give(struct dma *dma, uint64_t source, uint64_t destination, uint32_t flags)
{
    uint64_t at = dma->ring + dma->tail * BM_DESCRIPTOR;

    write64(at + BM_SOURCE, (flags & BM_FLAG_FILL) != 0 ? source : bus_address(dma->platform, source));
    write64(at + BM_DESTINATION, bus_address(dma->platform, destination));
    write32(at + BM_LENGTH, dma->bytes);
    write32(at + BM_FLAGS, flags);
    write32(at + BM_WRITTEN, 0);
    dma->tail = (dma->tail + 1) % RING_SIZE;
}

static void start(struct dma *dma)
{
    barrier();
    write_device(dma, BM_TAIL, dma->tail);
}

static void check(const struct dma *dma, unsigned place, uint64_t first)
{
    for (uint64_t i = 0; i < dma->bytes; i += 8)
        if (read64(dma->places[place] + i) != first + i)
            program_fail(dma->platform, "DMA left something else in memory, at", dma->places[place] + i);
}

static void check_filled(const struct dma *dma, unsigned place, uint8_t with)
{
    for (uint64_t i = 0; i < dma->bytes; i += 8)
        if (read64(dma->places[place] + i) != with * 0x0101010101010101ULL)
            program_fail(dma->platform, "DMA left something else in memory, at", dma->places[place] + i);
}

static void await(struct dma *dma, const unsigned *count, unsigned number)
{
    while (__atomic_load_n(count, __ATOMIC_RELAXED) < number && !dma->silent)
        await_interrupt();
    if (*count > number)
        program_fail(dma->platform, "an interrupt of the device comes more than once, in round", number);
}

static void round_of(struct dma *dma, unsigned number)
{
    const uint64_t first = (uint64_t)number << 32;

    for (uint64_t i = 0; i < dma->bytes; i += 8)
        write64(dma->places[0] + i, first + i);
    give(dma, dma->places[0], dma->places[1], 0);
    give(dma, dma->places[1], dma->places[2], BM_FLAG_EVENT);
    start(dma);
    await(dma, &dma->levels, number);
    if (dma->silent)
        return;
    check(dma, 1, first);
    check(dma, 2, first);
    give(dma, number & 0xff, dma->places[1], BM_FLAG_FILL | BM_FLAG_PULSE);
    start(dma);
    await(dma, &dma->edges, number);
    if (!dma->silent)
        check_filled(dma, 1, (uint8_t)number);
}

static void open(struct dma *dma)
{
    const struct platform *platform = dma->platform;
    const uint64_t memory = (platform->image_end + 0xffff) & ~0xffffULL;

    dma->ring = memory;
    for (unsigned i = 0; i < PLACES; i++)
        dma->places[i] = memory + 0x1000 + i * (uint64_t)dma->bytes;
    write_device(dma, BM_CONTROL, BM_RESET);
    if (read_device(dma, BM_ID) != BM_ID_VALUE && !dma->silent)
        program_fail(platform, "no bus master at", platform->bus_master);
    write_device(dma, BM_RING_LOW, (uint32_t)bus_address(platform, dma->ring));
    write_device(dma, BM_RING_HIGH, (uint32_t)(bus_address(platform, dma->ring) >> 32));
    write_device(dma, BM_SIZE, RING_SIZE);
    write_device(dma, BM_MASK, BM_EVENT_DONE);
    for (unsigned i = 0; i < 2; i++) {
        gic_clear_pending(platform, platform->bus_master_interrupts[i]); /* from before the reset */
        gic_enable(platform, platform->bus_master_interrupts[i]);
    }
    write_device(dma, BM_CONTROL, BM_RUNS);
}

/** With running=1 the device is left in the middle of what it does. */
static void reset_until(struct dma *dma)
{
    const struct platform *platform = dma->platform;
    uint64_t until = argument(platform, "until-ms", 0) * (counter_frequency() / 1000);

    if (READ_SYSREG(CNTPCT_EL0) >= until || dma->silent)
        return;
    if (argument(platform, "running", 0) != 0) {
        give(dma, dma->places[0], dma->places[1], BM_FLAG_EVENT | BM_FLAG_PULSE);
        give(dma, dma->places[1], dma->places[2], BM_FLAG_EVENT | BM_FLAG_PULSE);
        start(dma);
    } else {
        write_device(dma, BM_CONTROL, BM_RESET);
    }
    psci(platform, PSCI_SYSTEM_RESET);
}

void program_dma(struct platform *platform)
{
    const unsigned rounds = (unsigned)argument(platform, "rounds", 4);
    struct dma dma = {.platform = platform, .bytes = (uint32_t)argument(platform, "bytes", 1024)};

    if (platform->bus_master == 0 || platform->bus_master_interrupts[1] == 0)
        program_fail(platform, "no bus master in the device tree", platform->bus_master);
    exceptions_allow(platform, true);
    on_interrupt(platform, on_device, &dma);
    gic_init(platform);
    open(&dma);
    for (unsigned i = 1; i <= rounds && !dma.silent; i++) {
        round_of(&dma, i);
        if (!dma.silent)
            print(platform, "dma: round %u, %u bytes\n", i, dma.bytes);
    }
    reset_until(&dma);
    write_device(&dma, BM_CONTROL, BM_RESET);
    if (dma.silent)
        print(platform, "dma: the device does not work\n");
    print(platform, "dma: done\n");
}
