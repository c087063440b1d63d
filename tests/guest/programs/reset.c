// SPDX-License-Identifier: Apache-2.0
/* PSCI SYSTEM_RESET, again and again, until the physical counter says enough; then off. Memory must be fresh each time,
 * and so must the image and the interrupt distributor. Arguments: until-ms=N (500), of the machine's time since reset;
 * pause-us=N (1000) before a reset; blocks=N (0) of 2 MiB to touch before, from the end of RAM down. */
#include "programs.h"

#define SCRATCH_MARK 0x5c5c5c5c5c5c5c5cul
#define BLOCK 0x200000ul
#define HEADER_RESERVED 40 /* a word of the image's header that is 0 in the file: counts the starts of one copy */

/* Registers that are 0 at reset, in GICv2 (IHI 0048B 4.3) as in GICv3 (IHI 0069 12.9): bits that a guest can set. */
static const struct {
    const char *name;
    uint32_t offset, bits;
} fresh[] = {
    {"GICD_CTLR", 0x000, 0x3},
    {"GICD_ISENABLER1", 0x104, 0x80000000},
    {"GICD_ISPENDR1", 0x204, 0x80000000},
    {"GICD_ISACTIVER1", 0x304, 0x80000000},
    {"GICD_IPRIORITYR15", 0x43c, 0x50000000},
};

static void leave_marks(const struct platform *platform)
{
    for (unsigned i = 0; platform->distributor != 0 && i < sizeof(fresh) / sizeof(fresh[0]); i++) {
        uint64_t address = platform->distributor + fresh[i].offset;

        if ((read32(address) & fresh[i].bits) != 0)
            program_fail(platform, fresh[i].name, read32(address));
        write32(address, fresh[i].bits);
    }
}

static void touch_blocks(const struct platform *platform)
{
    uint64_t blocks = argument(platform, "blocks", 0), size = platform->ram_size[0];

    for (uint64_t i = 1; i <= blocks && i * BLOCK < size; i++)
        write64(platform->ram_base[0] + size - i * BLOCK, i);
}

void program_reset(struct platform *platform)
{
    uint64_t scratch = platform->ram_base[0] + (platform->ram_size[0] / 2 & ~7ul);
    uint64_t starts = platform->image_start + HEADER_RESERVED;
    uint64_t frequency = counter_frequency(), now = READ_SYSREG(CNTPCT_EL0);
    uint64_t until = argument(platform, "until-ms", 500) * frequency / 1000;
    uint64_t pause = argument(platform, "pause-us", 1000) * frequency / 1000000;

    print(platform, "reset: up, start %lu, scratch %lx\n", read64(starts) + 1, read64(scratch));
    write64(starts, read64(starts) + 1);
    write64(scratch, SCRATCH_MARK);
    leave_marks(platform);
    touch_blocks(platform);
    if (now < until) {
        while (READ_SYSREG(CNTPCT_EL0) - now < pause)
            compute();
        psci(platform, PSCI_SYSTEM_RESET);
        program_fail(platform, "SYSTEM_RESET came back at", READ_SYSREG(CNTPCT_EL0));
    }
    print(platform, "reset: done\n");
}
