/* All RAM that the device tree promises is there, holds nothing of others, and keeps what is written to it. */
#include <stdio.h>

#include "hostsim/image.h"
#include "hostsim/programs/programs.h"
#include "hostsim/programs/support.h"

/* Where the boot protocol put something: the kernel (at the start of bank 0), the ramdisk, the device tree. */
static bool occupied(const struct platform *platform, uint64_t address)
{
    bool kernel = address - platform->ram_base[0] < 0x4200000;
    bool ramdisk = address >= platform->initrd_start && address < ((platform->initrd_end + 63) & ~63ULL);
    bool tree = address >= platform->tree_address && address < platform->tree_address + 0x200000;
    return kernel || ramdisk || tree;
}

static void check_bank(const struct platform *platform, uint64_t base, uint64_t size, uint64_t stride)
{
    unsigned long long touched = 0;
    for (uint64_t offset = 0; offset < size; offset += stride, touched++) {
        /* where the machine left traces of an earlier user: see memory.c of hostsim */
        uint64_t address = base + offset + (offset >> 21) % 512 * 4096;
        if (address + 8 > base + size || occupied(platform, address))
            continue;
        uint64_t word = guest_read64(address);
        if (word != 0)
            guest_fail("IPA %#llx holds %#llx", (unsigned long long)address, (unsigned long long)word);
        guest_write64(address, sim_image_word(address));
    }
    for (uint64_t offset = 0; offset < size; offset += stride) {
        uint64_t address = base + offset + (offset >> 21) % 512 * 4096;
        if (address + 8 > base + size || occupied(platform, address))
            continue;
        if (guest_read64(address) != sim_image_word(address))
            guest_fail("IPA %#llx does not keep what was written", (unsigned long long)address);
    }
    print(platform, "memory: %llx size %llx: %llu places zero and distinct\n", (unsigned long long)base,
          (unsigned long long)size, touched);
}

static void check_ramdisk(const struct platform *platform)
{
    if (platform->initrd_end == 0)
        return;
    uint64_t sum = 0;
    for (uint64_t address = platform->initrd_start; address + 8 <= platform->initrd_end; address += 8)
        sum = sum * 31 + guest_read64(address);
    print(platform, "memory: ramdisk %llx bytes, sum %016llx\n",
          (unsigned long long)(platform->initrd_end - platform->initrd_start), (unsigned long long)sum);
}

void program_memory(uint64_t device_tree)
{
    struct platform *platform = platform_read(device_tree, "memory");
    uint64_t stride = argument(platform, "stride", 0x200000);
    check_ramdisk(platform);
    for (unsigned bank = 0; bank < 2 && platform->ram_size[bank] != 0; bank++)
        check_bank(platform, platform->ram_base[bank], platform->ram_size[bank], stride);
    print(platform, "memory: done\n");
    psci(platform, PSCI_SYSTEM_OFF);
}
