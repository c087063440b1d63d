# SPDX-License-Identifier: Apache-2.0
"""The example with which the protocol was presented, word for word but for addresses that QEMU has: no module has a size."""
import subprocess

from lab import case, check

KERNEL_AT, RAMDISK_AT = 0x50000000, 0x54000000
SLIDE = """
/ {
    chosen {
        domU1 {
            compatible = "xen,domain";
            #address-cells = <0x1>;
            #size-cells = <0x1>;
            memory = <0x20000>;
            cpus = <0x1>;
            vpl011;

            module@2000000 {
                compatible = "multiboot,kernel", "multiboot,module";
                reg = <0x50000000 0xffffffff>;
                bootargs = "console=ttyAMA0";
            };

            module@30000000 {
                compatible = "multiboot,ramdisk", "multiboot,module";
                reg = <0x54000000 0xffffffff>;
            };
        };
    };
};
"""


def slide_system(lab, ramdisk):
    system = lab.system([], extra_dts=SLIDE)
    system.modules = {lab.linux(): (KERNEL_AT, 0), ramdisk: (RAMDISK_AT, 0)}
    return system


def slide(lab, packed, uboot):
    """Linux comes up to its prompt, with its ramdisk and enough RAM to unpack it."""
    ramdisk = lab.gzip(lab.initramfs(), "initramfs.gz") if packed else lab.initramfs()
    system = slide_system(lab, ramdisk)
    if uboot:
        # bootm XEN RAMDISK DTB, the ramdisk a uImage, as the protocol's documents write it
        subprocess.run(["mkimage", "-A", "arm64", "-T", "ramdisk", "-C", "none", "-d", ramdisk, lab.path("ramdisk.u-boot")],
                       check=True, stdout=subprocess.DEVNULL, timeout=60)
        system.write_uboot(lab.ub, "bootm", lab.path("ramdisk.u-boot"), sized=False)
        board = lab.run(system.uboot_arguments())
        board.expect(r"Starting kernel", timeout=120)
    else:
        board = lab.boot(system)
        board.owners.add("domU1")
    board.expect(r"bulkhead: warning: /chosen/domU1/module@30000000: reg: the module's size cannot be right; 0x54000000..0x[0-9a-f]+ "
                 + ("is taken, at most half of what its kernel leaves" if packed else
                    f"is taken, where what lies there ends [^\n]*at most {file_size(ramdisk):#x}"))
    board.expect(r"bulkhead: plan: 1 of 1 domains")
    board.expect(r"domU1: init: reached after", timeout=240)
    board.expect(r"domU1: [^\n]*\(none\):/# ", timeout=60)
    board.send_line("head -1 /proc/meminfo; md5sum /bin/busybox")
    total = int(board.expect(r"domU1: MemTotal: +(\d+) kB").group(1))
    check(total > 70000, f"{total} KiB are left to Linux")
    board.expect(r"domU1: [0-9a-f]{32}  /bin/busybox")
    board.quit()


def file_size(path):
    with open(path, "rb") as file:
        return len(file.read())


case(timeout=400, name="slide", packed=False, uboot=False)(slide)
case(timeout=400, name="slide-packed", packed=True, uboot=False)(slide)
case(timeout=400, name="slide-uboot", packed=False, uboot=True)(slide)
