// SPDX-License-Identifier: Apache-2.0
/* Memory as given: zero wherever nothing was loaded, distinct blocks everywhere, all of it, and a ramdisk that can be
 * read to its end. Arguments: stride=N, in bytes, of the search for bytes that are not zero (a machine's own default);
 * block=N (2), in MiB. */
#include "programs.h"

#define PAGE 4096
#define BLOCK_SHIFT 21 /* what a block entry of stage 2 maps */

struct probe {
    struct platform *platform;
    uint64_t checked, dirty, wrong, stride, block;
};

static bool inside(uint64_t address, uint64_t start, uint64_t end)
{
    return address >= start && address < end;
}

/** Whether something was put there on purpose: this image (with BSS and stack), the device tree, a ramdisk. */
static bool given(const struct platform *platform, uint64_t address)
{
    return inside(address, platform->image_start, platform->image_end) ||
           inside(address, platform->tree, platform->tree + ((platform->tree_size + 7) & ~7ul)) ||
           inside(address, platform->initrd_start & ~7ul, platform->initrd_end);
}

/** A wide stride looks at another page of each block, so that all are looked at in the end. */
static uint64_t place(const struct probe *probe, uint64_t base, uint64_t offset)
{
    return base + offset + (probe->stride < PAGE ? 0 : (offset >> BLOCK_SHIFT) % 512 * PAGE);
}

static void check_zero(struct probe *probe, uint64_t base, uint64_t size)
{
    for (uint64_t offset = 0; offset + 8 <= size; offset += probe->stride) {
        uint64_t address = place(probe, base, offset);

        if (address + 8 > base + size)
            continue;
        probe->checked++;
        if (read64(address) == 0 || given(probe->platform, address))
            continue;
        if (probe->dirty++ < 4)
            print(probe->platform, "memory: not zero at %lx: %lx\n", address, read64(address));
    }
}

/** First and last word of each block hold their own address; @p check: counts those that do not. */
static void mark_blocks(struct probe *probe, uint64_t base, uint64_t size, bool check)
{
    for (uint64_t block = base; block < base + size; block += probe->block) {
        uint64_t end = block + probe->block < base + size ? block + probe->block : base + size;
        uint64_t places[2] = {block, end - 8};

        for (unsigned i = 0; i < 2; i++) {
            if (given(probe->platform, places[i]))
                continue;
            if (!check)
                write64(places[i], ~places[i]);
            else if (read64(places[i]) != ~places[i])
                probe->wrong++;
        }
    }
}

static void read_ramdisk(const struct platform *platform)
{
    uint64_t sum = 0;

    if (platform->initrd_end == 0)
        return;
    for (uint64_t address = platform->initrd_start; address + 8 <= platform->initrd_end; address += 8)
        sum = sum * 31 + read64(address);
    print(platform, "memory: ramdisk %lx bytes, sum %lx\n", platform->initrd_end - platform->initrd_start, sum);
}

void program_memory(struct platform *platform)
{
    struct probe probe = {.platform = platform,
                          .stride = argument(platform, "stride", BACKEND_STRIDE),
                          .block = argument(platform, "block", 2) << 20};

    read_ramdisk(platform);
    for (unsigned bank = 0; bank < 2; bank++) {
        check_zero(&probe, platform->ram_base[bank], platform->ram_size[bank]);
        mark_blocks(&probe, platform->ram_base[bank], platform->ram_size[bank], false);
    }
    for (unsigned bank = 0; bank < 2; bank++)
        mark_blocks(&probe, platform->ram_base[bank], platform->ram_size[bank], true);
    print(platform, "memory: %lu MiB, %lu words read, %lu not zero, %lu blocks wrong\n",
          (platform->ram_size[0] + platform->ram_size[1]) >> 20, probe.checked, probe.dirty, probe.wrong);
    if (probe.dirty != 0 || probe.wrong != 0)
        program_fail(platform, "memory is not as it should be", probe.dirty + probe.wrong);
    print(platform, "memory: done\n");
}
