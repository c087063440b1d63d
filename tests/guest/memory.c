/* Memory as given: zero wherever nothing was loaded, distinct blocks everywhere, all of it. Arguments: stride=N (8), in
 * bytes, of the search for bytes that are not zero. */
#include "guest.h"

static uint64_t checked, dirty, block_size;

static bool inside(uint64_t address, uint64_t start, uint64_t end)
{
    return address >= start && address < end;
}

/** Whether something was put there on purpose: this image (with BSS and stack), the device tree, a ramdisk. */
static bool given(uint64_t address)
{
    return inside(address, (uintptr_t)image_start, (uintptr_t)image_end) ||
           inside(address, platform.tree, platform.tree + ((platform.tree_size + 7) & ~7ul)) ||
           inside(address, platform.initrd_start & ~7ul, platform.initrd_end);
}

static void check_zero(uint64_t base, uint64_t size, uint64_t stride)
{
    for (uint64_t address = base; address < base + size; address += stride) {
        if (*(volatile uint64_t *)address == 0)
            continue;
        if (given(address))
            continue;
        if (dirty++ < 4)
            print("memory: not zero at %lx: %lx\n", address, *(volatile uint64_t *)address);
    }
    checked += size / stride;
}

/** First and last word of each block hold their own address; @p check: whether they still do. */
static unsigned mark_blocks(uint64_t base, uint64_t size, bool check)
{
    unsigned wrong = 0;

    for (uint64_t block = base; block < base + size; block += block_size) {
        uint64_t end = block + block_size < base + size ? block + block_size : base + size;
        uint64_t places[2] = {block, end - 8};

        for (unsigned i = 0; i < 2; i++) {
            if (given(places[i]))
                continue;
            if (!check)
                *(volatile uint64_t *)places[i] = ~places[i];
            else if (*(volatile uint64_t *)places[i] != ~places[i])
                wrong++;
        }
    }
    return wrong;
}

void guest_main(void)
{
    uint64_t total = 0;
    unsigned wrong = 0;

    block_size = argument("block", 2) << 20;
    for (unsigned bank = 0; bank < 2; bank++) {
        check_zero(platform.ram_base[bank], platform.ram_size[bank], argument("stride", 8));
        mark_blocks(platform.ram_base[bank], platform.ram_size[bank], false);
        total += platform.ram_size[bank];
    }
    for (unsigned bank = 0; bank < 2; bank++)
        wrong += mark_blocks(platform.ram_base[bank], platform.ram_size[bank], true);
    print("memory: %lu MiB, %lu words read, %lu not zero, %u blocks wrong\n", total >> 20, checked, dirty, wrong);
    print("memory: %s\n", dirty == 0 && wrong == 0 ? "done" : "FAILED");
}
