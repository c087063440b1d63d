// SPDX-License-Identifier: Apache-2.0
/* The shortest program: says what it was given, and powers off. */
#include "programs.h"

void program_hello(struct platform *platform)
{
    print(platform, "hello: image %lx, device tree %lx, bootargs \"%s\"\n", platform->image_start, platform->tree,
          platform->bootargs);
    for (unsigned bank = 0; bank < 2 && platform->ram_size[bank] != 0; bank++)
        print(platform, "hello: memory %lx size %lx\n", platform->ram_base[bank], platform->ram_size[bank]);
    if (platform->initrd_end != 0)
        print(platform, "hello: ramdisk %lx size %lx\n", platform->initrd_start,
              platform->initrd_end - platform->initrd_start);
    print(platform, "hello: midr %lx, mpidr %lx, psci %lx\n", READ_SYSREG(MIDR_EL1), READ_SYSREG(MPIDR_EL1),
          psci(platform, PSCI_VERSION));
    print(platform, "hello: done\n");
}
