/* The shortest payload: says what it was given, and powers off. */
#include "guest.h"

void guest_main(void)
{
    print("hello: image %lx, device tree %lx, bootargs \"%s\"\n", (uint64_t)(uintptr_t)image_start,
          (uint64_t)platform.tree, platform.bootargs);
    for (unsigned bank = 0; bank < 2 && platform.ram_size[bank] != 0; bank++)
        print("hello: memory %lx size %lx\n", platform.ram_base[bank], platform.ram_size[bank]);
    if (platform.initrd_end != 0)
        print("hello: ramdisk %lx size %lx\n", platform.initrd_start, platform.initrd_end - platform.initrd_start);
    print("hello: midr %lx, mpidr %lx, EL%u, psci %lx\n", READ_SYSREG(midr_el1), READ_SYSREG(mpidr_el1),
          (unsigned)(READ_SYSREG(currentel) >> 2), psci(PSCI_VERSION));
    print("hello: done\n");
}
