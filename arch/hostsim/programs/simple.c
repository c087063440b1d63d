/* Programs that only look and talk. */
#include "hostsim/programs/programs.h"
#include "hostsim/programs/support.h"

void program_hello(uint64_t device_tree)
{
    struct platform *platform = platform_read(device_tree, "hello");
    print(platform, "hello: device tree %llx, bootargs \"%s\"\n", (unsigned long long)device_tree, platform->bootargs);
    for (unsigned bank = 0; bank < 2 && platform->ram_size[bank] != 0; bank++)
        print(platform, "hello: memory %llx size %llx\n", (unsigned long long)platform->ram_base[bank],
              (unsigned long long)platform->ram_size[bank]);
    if (platform->initrd_end != 0)
        print(platform, "hello: ramdisk %llx size %llx\n", (unsigned long long)platform->initrd_start,
              (unsigned long long)(platform->initrd_end - platform->initrd_start));
    print(platform, "hello: mpidr %llx, psci %llx\n", (unsigned long long)guest_mrs(GUEST_MPIDR_EL1),
          (unsigned long long)psci(platform, PSCI_VERSION));
    print(platform, "hello: done\n");
    psci(platform, PSCI_SYSTEM_OFF);
}

void program_spin(uint64_t device_tree)
{
    struct platform *platform = platform_read(device_tree, "spin");
    uint64_t lines = argument(platform, "lines", 5), period = argument(platform, "period-us", 5000);
    for (uint64_t i = 0; i < lines; i++) {
        guest_spin(period * 1000);
        print(platform, "spin: %llu\n", (unsigned long long)(i + 1));
    }
    print(platform, "spin: done\n");
    psci(platform, PSCI_SYSTEM_OFF);
}

void program_reset(uint64_t device_tree)
{
    struct platform *platform = platform_read(device_tree, "reset");
    uint64_t until = argument(platform, "until-ms", 20) * guest_mrs(GUEST_CNTFRQ_EL0) / 1000;
    if (guest_read64(platform->ram_base[0] + platform->ram_size[0] - 8) != 0)
        guest_fail("memory of the life before is still there");
    guest_write64(platform->ram_base[0] + platform->ram_size[0] - 8, 0x5ec2e7);
    print(platform, "reset: begins\n");
    if (guest_mrs(GUEST_CNTPCT_EL0) < until) {
        guest_spin(1000000);
        psci(platform, PSCI_SYSTEM_RESET);
        guest_fail("SYSTEM_RESET returned");
    }
    print(platform, "reset: done\n");
    psci(platform, PSCI_SYSTEM_OFF);
}
