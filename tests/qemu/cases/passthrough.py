# SPDX-License-Identifier: Apache-2.0
"""Devices that are given to a domain by a partial device tree: unmodified drivers in unmodified Linux."""
import hashlib
import os
import random
import subprocess

from cases.boards import zcu102_system
from cases.linux import shell
from lab import case, check

VIRT_CLOCK = """clk: clock { compatible = "fixed-clock"; #clock-cells = <0>; clock-frequency = <24000000>; };"""

VIRT_RTC = """rtc@9010000 {
    compatible = "arm,pl031", "arm,primecell"; reg = <0x0 0x9010000 0x1000>;
    interrupt-parent = <0xfde8>; interrupts = <0x0 0x2 0x4>; clocks = <&clk>; clock-names = "apb_pclk";
    xen,path = "/pl031@9010000"; xen,reg = <0x0 0x9010000 0x1000 0x0 0x9010000>;
};"""


# Of QEMU virt's 32 transports of 0x200 bytes the last eight lie in one page; bus=virtio-mmio-bus.N says which one a device is on.
VIRTIO_PAGE = 0xa003000


def virtio(*buses):
    """Transports of that page, for one domain."""
    return " ".join(f"""virtio@{address:x} {{
    compatible = "virtio,mmio"; reg = <0x0 {address:#x} 0x200>; dma-coherent;
    interrupt-parent = <0xfde8>; interrupts = <0x0 {16 + bus:#x} 0x1>;
    xen,path = "/virtio_mmio@{address:x}"; xen,reg = <0x0 {VIRTIO_PAGE:#x} 0x1000 0x0 {VIRTIO_PAGE:#x}>;
}};""" for bus, address in ((bus, 0xa000000 + 0x200 * bus) for bus in buses))


def fragment(lab, name, *nodes):
    """A partial device tree with @nodes in /passthrough. Returns the file."""
    source = lab.write(name + ".dts", f"""/dts-v1/;
/ {{ #address-cells = <0x2>; #size-cells = <0x1>;
    passthrough {{ compatible = "simple-bus"; ranges; #address-cells = <0x2>; #size-cells = <0x1>;
{" ".join(nodes)}
    }};
}};""".encode())
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", lab.path(name + ".dtb"), source], check=True, timeout=60)
    return lab.path(name + ".dtb")


def rtc(lab, cpus, gic):
    """A real-time clock, and its alarm, which comes by the host's interrupt."""
    devices = fragment(lab, "rtc", VIRT_CLOCK, VIRT_RTC)
    board = lab.boot(lab.system([lab.linux_domain("linux1", devices=devices), lab.linux_domain("linux2")], cpus=cpus, gic=gic))
    board.expect_all([r"linux1: init: reached after", r"linux2: init: reached after"], timeout=240)
    board.keyboard_to("linux1")
    for alarm in range(2):
        shell(board, "linux1")
        board.send_line("date +%Y; cat /sys/class/rtc/rtc0/name; echo +2 > /sys/class/rtc/rtc0/wakealarm; sleep 4")
        check(int(board.expect(r"linux1: (20\d\d)\r", timeout=60).group(1)) > 2020, "the clock of the host")
        board.expect(r"linux1: rtc-pl031 9010000.rtc\r")
        board.send_line("grep rtc-pl031 /proc/interrupts")
        count = board.expect(r"linux1: +\d+: +(\d+)[^\n]*34 Level +rtc-pl031", timeout=60).group(1)
        check(int(count) == alarm + 1, f"{count} alarms came, not {alarm + 1}")
    board.quit()


case(timeout=400, name="passthrough-rtc", cpus=1, gic=2)(rtc)
case(timeout=400, name="passthrough-rtc-gicv3", cpus=2, gic=3)(rtc)


ZCU102_CLOCKS = """clk: clock { compatible = "fixed-clock"; #clock-cells = <0>; clock-frequency = <125000000>; };"""

# What QEMU calls the fourth network device. Its model has a PHY at 0x17.
ZCU102_GEM3 = """ethernet@ff0e0000 {
    compatible = "cdns,zynqmp-gem"; status = "okay"; reg = <0x0 0xff0e0000 0x1000>;
    interrupt-parent = <0xfde8>; interrupts = <0x0 0x3f 0x4 0x0 0x3f 0x4>;
    clocks = <&clk>, <&clk>, <&clk>, <&clk>, <&clk>; clock-names = "pclk", "hclk", "tx_clk", "rx_clk", "tsu_clk";
    phy-mode = "rgmii-id"; phy-handle = <&phy>; #address-cells = <0x1>; #size-cells = <0x0>;
    xen,path = "/axi/ethernet@ff0e0000"; xen,reg = <0x0 0xff0e0000 0x1000 0x0 0xff0e0000>;
    phy: ethernet-phy@17 { reg = <0x17>; };
};"""

DOWNLOAD = 3000000


@case(timeout=400)
def passthrough_gem(lab):
    """The protocol's own example: an Ethernet controller, which moves data by DMA. Link, DHCP, ping, a download by TFTP."""
    content = random.Random(1).randbytes(DOWNLOAD)
    os.makedirs(lab.path("tftp"))
    lab.write("tftp/file", content)
    devices = fragment(lab, "gem", ZCU102_CLOCKS, ZCU102_GEM3)
    system = zcu102_system(lab, [lab.linux_domain("other"), lab.linux_domain("net", devices=devices, modules=["macb"])])
    network = ["-nic", "user", "-nic", "user", "-nic", "user", "-nic", f"user,tftp={lab.path('tftp')}"]
    board = lab.boot(system, extra=network)
    board.expect_all([r"net: init: reached after", r"other: init: reached after"], timeout=240)
    board.keyboard_to("net")
    shell(board, "net")
    board.send_line("ip link set eth0 up; sleep 3; busybox udhcpc -i eth0 -n -q -s /bin/true; ip addr add 10.0.2.15/24 dev eth0")
    board.expect(r"net: udhcpc: lease of 10\.0\.2\.\d+ obtained", timeout=60)
    board.send_line("ping -c 3 10.0.2.2; tftp -g -r file -l /tmp/file 10.0.2.2; md5sum /tmp/file")
    board.expect(r"net: 3 packets transmitted, 3 packets received", timeout=60)
    board.expect(rf"net: {hashlib.md5(content).hexdigest()} ", timeout=120)
    board.quit()


DISK = 4 << 20


def virtio_devices(lab, cpus, gic, direct):
    """A disk and a network card for a domain whose RAM lies where the devices see it, or that is told where they see it."""
    content = random.Random(2).randbytes(DISK)
    disk = lab.write("disk", content)
    devices = fragment(lab, "virtio", virtio(30, 31))
    place = "direct-map; xen,static-mem = <0x0 0x90000000 0x0 0x10000000>;" if direct else ""
    # A device that knows nothing of addresses on its bus is one of virtio's own kind: only a direct map suits it.
    option = "" if direct else ",iommu_platform=on"
    system = lab.system([lab.linux_domain("other"),
                         lab.linux_domain("io", devices=devices, properties=place,
                                          modules=["virtio_mmio", "virtio_blk", "virtio_net"])], cpus=cpus, gic=gic)
    board = lab.boot(system, extra=[
        "-global", "virtio-mmio.force-legacy=false", "-drive", f"file={disk},if=none,id=disk,format=raw",
        "-device", f"virtio-blk-device,drive=disk,bus=virtio-mmio-bus.31{option}", "-netdev", "user,id=net",
        "-device", f"virtio-net-device,netdev=net,bus=virtio-mmio-bus.30{option}"])
    board.expect_all([r"io: init: reached after", r"other: init: reached after"], timeout=240)
    board.keyboard_to("io")
    shell(board, "io")
    board.send_line("md5sum /dev/vda; dd if=/dev/vda of=/tmp/first bs=64k count=16; cat /tmp/first > /dev/vda; sync")
    board.expect(rf"io: {hashlib.md5(content).hexdigest()} ", timeout=60)
    board.send_line("ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0; ping -c 3 10.0.2.2; head -n 3 /proc/iomem")
    board.expect(r"io: 3 packets transmitted, 3 packets received", timeout=60)
    board.quit()


case(timeout=400, name="passthrough-virtio", cpus=2, gic=2, direct=False)(virtio_devices)
case(timeout=400, name="passthrough-virtio-gicv3", cpus=1, gic=3, direct=False)(virtio_devices)
case(timeout=400, name="passthrough-direct", cpus=1, gic=2, direct=True)(virtio_devices)
case(timeout=400, name="passthrough-direct-gicv3", cpus=2, gic=3, direct=True)(virtio_devices)
