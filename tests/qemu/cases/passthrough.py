# SPDX-License-Identifier: Apache-2.0
"""Devices that are given to a domain by a partial device tree: unmodified drivers in unmodified Linux. Where nothing else is
said, the partial tree is what `bulkhead assign` writes, as it is."""
import hashlib
import os
import random
import socket
import subprocess

from cases.boards import zcu102_system
from cases.linux import shell
from lab import MIB, case, check
from make_system import zcu102_dtb

# The shortest that a user would write by hand.
RTC_BY_HAND = """/dts-v1/;
/ { #address-cells = <0x2>; #size-cells = <0x1>;
    passthrough {
        compatible = "simple-bus"; ranges; #address-cells = <0x2>; #size-cells = <0x1>;
        clk: clock { compatible = "fixed-clock"; #clock-cells = <0>; clock-frequency = <24000000>; };
        rtc@9010000 {
            compatible = "arm,pl031", "arm,primecell"; reg = <0x0 0x9010000 0x1000>;
            interrupt-parent = <0xfde8>; interrupts = <0x0 0x2 0x4>; clocks = <&clk>; clock-names = "apb_pclk";
            xen,path = "/pl031@9010000"; xen,reg = <0x0 0x9010000 0x1000 0x0 0x9010000>;
        };
    };
};"""


def compiled(lab, name, source):
    """A partial device tree of which there is the text. Returns the file."""
    text = lab.write(name + ".dts", source.encode())
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", lab.path(name + ".dtb"), text], check=True, timeout=60)
    return lab.path(name + ".dtb")


def assign(lab, tree, *nodes, clocks=(), file=None):
    """`bulkhead assign` with @nodes of the device tree @tree: with @file into that file, which is returned, else the text."""
    options = [option for clock in clocks for option in ("--clock", clock)] + (["-o", lab.path(file)] if file else [])
    text, _ = lab.host("assign", tree, *nodes, "--quiet", *options)
    return lab.path(file) if file else text


def assign_virt(lab, *nodes, cpus, gic):
    """The same for QEMU's virt."""
    return assign(lab, lab.system([], name="host", cpus=cpus, gic=gic).path("host.dtb"), *nodes, file="devices.dtb")


def two_domains(lab, name, devices, cpus, gic, modules=(), extra=(), vcpus=1, **options):
    """Boots virt with @name, which has @devices, and with `other`, which has none. @name has the keyboard."""
    domains = [lab.linux_domain("other"), lab.linux_domain(name, devices=devices, modules=modules, cpus=vcpus, **options)]
    board = lab.boot(lab.system(domains, cpus=cpus, gic=gic), extra=extra)
    board.expect_all([r"other: init: reached after", rf"{name}: init: reached after"], timeout=240)
    board.keyboard_to(name)
    shell(board, name)
    return board


def keep_data(board, name):
    """Random data into the RAM of @name, which is to be there whole at the end. Returns its sum."""
    board.keyboard_to(name)
    board.send_line("")
    shell(board, name)
    board.send_line("head -c 16000000 /dev/urandom >/tmp/data; md5sum /tmp/data")
    return board.expect(rf"{name}: ([0-9a-f]{{32}}) ", timeout=120).group(1)


def check_data(board, name, md5):
    """@name is alive, and has what it kept."""
    board.keyboard_to(name)
    board.send_line("md5sum /tmp/data; dmesg | grep -c 'Internal error\\|WARNING: CPU\\|BUG:'")
    check(board.expect(rf"{name}: ([0-9a-f]{{32}}) ", timeout=60).group(1) == md5, f"the memory of {name} was written to")
    board.expect(rf"{name}: 0\r")


def check_alarm(board, name, count):
    """An alarm of the real-time clock comes, and is the @count-th since the boot of @name."""
    board.send_line("date +%Y; cat /sys/class/rtc/rtc0/name; echo +2 > /sys/class/rtc/rtc0/wakealarm; sleep 4")
    check(int(board.expect(rf"{name}: (20\d\d)\r", timeout=60).group(1)) > 2020, "the clock of the host")
    board.expect(rf"{name}: rtc-pl031 9010000.(rtc|pl031)\r")
    board.send_line("grep rtc-pl031 /proc/interrupts")
    found = board.expect(rf"{name}: +\d+: +(\d+)[^\n]*34 Level +rtc-pl031", timeout=60).group(1)
    check(int(found) == count, f"{found} alarms came, not {count}")


def rtc(lab, cpus, gic, by_hand):
    """A real-time clock, and its alarm, which comes by the host's interrupt."""
    devices = compiled(lab, "rtc", RTC_BY_HAND) if by_hand else assign_virt(lab, "pl031", cpus=cpus, gic=gic)
    board = two_domains(lab, "linux1", devices, cpus, gic)
    for alarm in (1, 2):
        check_alarm(board, "linux1", alarm)
        shell(board, "linux1")
    board.quit()


case(timeout=400, name="passthrough-rtc", cpus=1, gic=2, by_hand=True)(rtc)
case(timeout=400, name="passthrough-rtc-gicv3", cpus=2, gic=3, by_hand=False)(rtc)


def program_rtc(lab, gic):
    """The guest program that runs the same in the simulator: its clock's interrupt comes, waits while it is off, and each comes once."""
    devices = assign_virt(lab, "pl031", cpus=2, gic=gic)
    board = lab.boot(lab.system([lab.guest_domain("rtc", bootargs="alarms=4", devices=devices), lab.guest_domain("timer")], gic=gic))
    board.expect_all([r"rtc: rtc: (done|FAILED)", r"timer: timer: done"], timeout=60)
    board.quit()
    board.check_program("rtc")


case(timeout=120, name="program-rtc", gic=2)(program_rtc)
case(timeout=120, name="program-rtc-gicv3", gic=3)(program_rtc)


def press_button(monitor):
    """Presses the power button of virt, by QEMU's monitor."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(30)
        connection.connect("\0" + monitor)
        for command in (b"system_powerdown\n", b""):
            answer = b""
            while not answer.endswith(b"(qemu) "):
                piece = connection.recv(4096)
                check(piece, f"QEMU's monitor hung up after {answer}")
                answer += piece
            connection.sendall(command)


def button(lab, cpus, gic):
    """A GPIO controller, and the key at one of its pins, a node without registers: each press comes as two events, by interrupt."""
    monitor = f"bulkhead-{os.getpid()}"
    devices = assign_virt(lab, "pl061", "gpio-keys", cpus=cpus, gic=gic)
    board = two_domains(lab, "keys", devices, cpus, gic, modules=["gpio_keys", "evdev"],
                        extra=["-monitor", f"unix:{monitor},abstract=on,server=on,wait=off"])
    for press in (1, 2, 3):
        # An event has 24 bytes: the time, type 1 (key) and code 116 (power) as one number, 1 or 0. A report follows each.
        board.send_line("(sleep 1; echo waiting) & od -v -A n -t d4 -w24 -N 96 /dev/input/event0")
        board.expect(r"keys: waiting\r")
        press_button(monitor)
        for down in (1, 0):
            board.expect(rf"keys: [^\n]* {116 << 16 | 1} +{down}\r", timeout=30)
        shell(board, "keys")
        board.send_line("grep 'GPIO Key' /proc/interrupts")
        count = board.expect(r"keys: +\d+: +(\d+)[^\n]*9030000.pl061 +3 Edge +GPIO Key Poweroff", timeout=30).group(1)
        check(int(count) == 2 * press, f"{count} interrupts after {press} presses")
        shell(board, "keys")
    board.quit()


case(timeout=400, name="passthrough-button", cpus=2, gic=2)(button)
case(timeout=400, name="passthrough-button-gicv3", cpus=1, gic=3)(button)


# Of QEMU virt's 32 transports of 0x200 bytes the last eight lie in one page; bus=virtio-mmio-bus.N says which one a device is on.
TRANSPORTS = {30: "virtio_mmio@a003c00", 31: "virtio_mmio@a003e00"}
DISK = 4 * MIB
DOWNLOAD = 3000000
LEASE = r"udhcpc: lease of 10\.0\.2\.\d+ obtained"


def random_file(lab, name, size):
    """Returns the file and the sum of what it holds."""
    content = random.Random(name).randbytes(size)
    os.makedirs(os.path.dirname(lab.path(name)), exist_ok=True)
    return lab.write(name, content), hashlib.md5(content).hexdigest()


def disk_arguments(disk, direct=False, drive=""):
    """QEMU's arguments for a disk on the last transport."""
    return ["-global", "virtio-mmio.force-legacy=false", "-drive", f"file={disk},if=none,id=disk,format=raw{drive}",
            "-device", f"virtio-blk-device,drive=disk,bus=virtio-mmio-bus.31{platform(direct)}"]


def platform(direct):
    """A device that knows nothing of addresses on its bus is one of virtio's own kind: only a direct map suits it."""
    return "" if direct else ",iommu_platform=on"


def start_network(board, name):
    """Link, DHCP, ping."""
    board.send_line("ip link set eth0 up; sleep 3; busybox udhcpc -i eth0 -n -q -s /bin/true; ip addr add 10.0.2.15/24 dev eth0")
    board.expect(rf"{name}: {LEASE}", timeout=60)
    board.send_line("ping -c 3 10.0.2.2")
    board.expect(rf"{name}: 3 packets transmitted, 3 packets received", timeout=60)


def download(board, name, md5):
    """A file by TFTP comes whole."""
    board.send_line("tftp -g -r file -l /tmp/file 10.0.2.2; md5sum /tmp/file")
    board.expect(rf"{name}: {md5} ", timeout=120)


def virtio_devices(lab, cpus, gic, direct):
    """A disk and a network card for a domain whose RAM lies where the devices see it, or that is told where they see it."""
    disk, disk_md5 = random_file(lab, "disk", DISK)
    _, file_md5 = random_file(lab, "tftp/file", DOWNLOAD)
    place = "direct-map; xen,static-mem = <0x0 0x90000000 0x0 0x10000000>;" if direct else ""
    board = two_domains(
        lab, "io", assign_virt(lab, *TRANSPORTS.values(), cpus=cpus, gic=gic), cpus, gic, properties=place,
        modules=["virtio_mmio", "virtio_blk", "virtio_net"],
        extra=[*disk_arguments(disk, direct), "-netdev", f"user,id=net,ipv6=off,tftp={lab.path('tftp')}",
               "-device", f"virtio-net-device,netdev=net,bus=virtio-mmio-bus.30{platform(direct)}"])
    board.send_line("md5sum /dev/vda; dd if=/dev/vda of=/tmp/first bs=64k count=16; dd if=/tmp/first of=/dev/vda bs=64k seek=32; sync")
    board.expect(rf"io: {disk_md5} ", timeout=60)
    start_network(board, "io")
    download(board, "io", file_md5)
    board.quit()
    with open(disk, "rb") as file:
        content = file.read()
    check(content[2 * MIB:3 * MIB] == content[:MIB], "what the domain wrote is not on the disk")


case(timeout=400, name="passthrough-virtio", cpus=2, gic=2, direct=False)(virtio_devices)
case(timeout=400, name="passthrough-virtio-gicv3", cpus=1, gic=3, direct=False)(virtio_devices)
case(timeout=400, name="passthrough-direct", cpus=1, gic=2, direct=True)(virtio_devices)
case(timeout=400, name="passthrough-direct-gicv3", cpus=2, gic=3, direct=True)(virtio_devices)


def move_interrupt(lab, cpus, gic):
    """The interrupts of a clock (level) and of a disk (edge) go to the vCPU that the guest chooses, and to that one only."""
    disk, md5 = random_file(lab, "disk", DISK)
    board = two_domains(lab, "io", assign_virt(lab, "pl031", TRANSPORTS[31], cpus=cpus, gic=gic), cpus, gic,
                        modules=["virtio_mmio", "virtio_blk"], vcpus=2, extra=disk_arguments(disk))
    board.send_line("number() { sed -n \"s/^ *\\([0-9]*\\):.* $1\\$/\\1/p\" /proc/interrupts; }")
    board.send_line("counts() { sed -n \"s/^ *[0-9]*: *\\([0-9]*\\) *\\([0-9]*\\) .* $1\\$/counts \\1 \\2/p\" /proc/interrupts; }")

    def counts(device):
        board.send_line(f"counts {device}")
        return [int(number) for number in board.expect(r"io: counts (\d+) (\d+)\r", timeout=30).groups()]

    for vcpu in (1, 0, 1):
        for device in ("rtc-pl031", "virtio0"):
            board.send_line(f"echo {1 << vcpu} > /proc/irq/$(number {device})/smp_affinity; echo moved $?")
            board.expect(r"io: moved 0\r")
        before = counts("rtc-pl031"), counts("virtio0")
        board.send_line("echo 3 > /proc/sys/vm/drop_caches; md5sum /dev/vda; echo +2 > /sys/class/rtc/rtc0/wakealarm; sleep 4")
        board.expect(rf"io: {md5} ", timeout=60)
        for old, new, least in zip(before, (counts("rtc-pl031"), counts("virtio0")), (1, 8)):
            check(new[vcpu] - old[vcpu] >= least and new[1 - vcpu] == old[1 - vcpu],
                  f"interrupts of vCPUs 0, 1: {old}, then {new}; they were to go to {vcpu}")
    board.quit()


case(timeout=400, name="passthrough-affinity", cpus=2, gic=2)(move_interrupt)
case(timeout=400, name="passthrough-affinity-gicv3", cpus=2, gic=3)(move_interrupt)
case(timeout=400, name="passthrough-affinity-2-on-1", cpus=1, gic=3)(move_interrupt)


def reboots(lab, cpus, gic):
    """A domain that starts again finds its devices again, each time; its neighbour notices nothing."""
    disk, md5 = random_file(lab, "disk", DISK)
    board = two_domains(lab, "io", assign_virt(lab, "pl031", TRANSPORTS[31], cpus=cpus, gic=gic), cpus, gic,
                        modules=["virtio_mmio", "virtio_blk"], extra=disk_arguments(disk))
    kept = keep_data(board, "other")
    board.keyboard_to("io")
    board.send_line("")
    shell(board, "io")
    for life in range(4):
        if life != 0:
            # An alarm that is due while nobody is there to take it.
            board.send_line("echo +1 > /sys/class/rtc/rtc0/wakealarm; reboot -f")
            board.expect(r"io: \[    0.000000\] Booting Linux", timeout=60)
            board.expect(r"io: init: reached after", timeout=240)
            shell(board, "io")
        board.send_line("md5sum /dev/vda")
        board.expect(rf"io: {md5} ", timeout=60)
        board.send_line("alarms() { sed -n 's/^ *[0-9]*: *\\([0-9]*\\) .*rtc-pl031$/\\1/p' /proc/interrupts; }")
        board.send_line("echo 0 > /sys/class/rtc/rtc0/wakealarm; before=$(alarms)")
        board.send_line("echo +2 > /sys/class/rtc/rtc0/wakealarm; sleep 4; echo alarms $(($(alarms) - before))")
        board.expect(r"io: alarms 1\r", timeout=60)
    check_data(board, "other", kept)
    board.quit()


case(timeout=600, name="passthrough-reboots", cpus=1, gic=2)(reboots)
case(timeout=600, name="passthrough-reboots-gicv3", cpus=2, gic=3)(reboots)


def off_while_reading(lab, cpus, gic):
    """A domain ends while its disk is at work: what comes of it, data and interrupts, harms nobody."""
    disk, _ = random_file(lab, "disk", DISK)
    # A disk that takes a second for 256 KiB.
    board = two_domains(lab, "io", assign_virt(lab, TRANSPORTS[31], cpus=cpus, gic=gic), cpus, gic,
                        modules=["virtio_mmio", "virtio_blk"], extra=disk_arguments(disk, drive=f",throttling.bps-read={MIB // 4}"))
    kept = keep_data(board, "other")
    board.keyboard_to("io")
    board.send_line("")
    shell(board, "io")
    board.send_line("cat /dev/vda >/dev/null & sleep 2; cat /sys/block/vda/inflight; poweroff -f")
    under_way = board.expect(r"io: +(\d+) +0\r", timeout=60).group(1)
    check(int(under_way) > 0, "nothing was being read")
    board.expect(r"bulkhead: io: off: powered off", timeout=60)
    board.drain(5)  # what was asked for comes to its end
    check_data(board, "other", kept)
    tail = board.text[board.text.rindex("io: off: powered off"):]
    check("nterrupt" not in tail, f"an interrupt was a matter for the hypervisor: {tail}")
    board.quit()


case(timeout=400, name="passthrough-off", cpus=1, gic=2)(off_while_reading)
case(timeout=400, name="passthrough-off-gicv3", cpus=2, gic=3)(off_while_reading)


@case(timeout=400)
def passthrough_crash(lab):
    """A guest that crashes while its disk is at work starts again; what the disk still writes is between it and its guest. The
    neighbour goes on."""
    disk, _ = random_file(lab, "disk", DISK)
    board = two_domains(lab, "io", assign_virt(lab, TRANSPORTS[31], cpus=1, gic=3), 1, 3, modules=["virtio_mmio", "virtio_blk"],
                        extra=disk_arguments(disk, drive=f",throttling.bps-read={MIB // 4}"))
    kept = keep_data(board, "other")
    board.keyboard_to("io")
    board.send_line("")
    shell(board, "io")
    board.send_line("cat /dev/vda >/dev/null & sleep 2; cat /sys/block/vda/inflight; echo c >/proc/sysrq-trigger")
    check(int(board.expect(r"io: +(\d+) +0\r", timeout=60).group(1)) > 0, "nothing was being read")
    board.expect(r"io: [^\n]*Kernel panic", timeout=60)
    board.expect(r"io: \[    0.000000\] Booting Linux", timeout=60)
    board.drain(5)  # what was asked for comes to its end
    check_data(board, "other", kept)
    board.quit()


# Of the board's tree; the rates are those that its boot loader sets.
GEM_CLOCKS = ("pclk=100000000", "hclk=125000000", "tx_clk=125000000", "rx_clk=125000000", "tsu_clk=250000000")
SD_CLOCKS = ("clk_xin=187500000", "clk_ahb=100000000")


def gem(lab, *changes):
    """What `bulkhead assign` writes of the board's Ethernet controller, with @changes: pairs of old and new text. The board's PHY
    answers at 0xc, that of QEMU's model at 0x17."""
    text = assign(lab, zcu102_dtb(lab.options.deps), "ethernet0", clocks=GEM_CLOCKS)
    for old, new in (("reg = <0xc>;", "reg = <0x17>;"), ("ethernet-phy@c ", "ethernet-phy@17 "), *changes):
        check(text.count(old) == 1, f"{old} is not there once: {text}")
        text = text.replace(old, new)
    return compiled(lab, "gem", text)


def gem_arguments(lab):
    """What QEMU calls the fourth network device."""
    return ["-nic", "user", "-nic", "user", "-nic", "user", "-nic", f"user,ipv6=off,tftp={lab.path('tftp')}"]


@case(timeout=400)
def passthrough_zcu102(lab):
    """The protocol's own example, an Ethernet controller, and an SD card in another domain, both at work at once, by DMA."""
    card, card_md5 = random_file(lab, "card", 8 * MIB)
    _, file_md5 = random_file(lab, "tftp/file", DOWNLOAD)
    devices = assign(lab, zcu102_dtb(lab.options.deps), "mmc@ff170000", clocks=SD_CLOCKS, file="sd.dtb")
    system = zcu102_system(lab, [lab.linux_domain("net", devices=gem(lab), modules=["macb"]),
                                 lab.linux_domain("card", devices=devices, modules=["sdhci_of_arasan"]), lab.linux_domain("other")])
    board = lab.boot(system, extra=[*gem_arguments(lab), "-drive", f"file={card},if=sd,index=1,format=raw"])
    board.expect_all([rf"{name}: init: reached after" for name in ("net", "card", "other")], timeout=300)
    board.keyboard_to("net")
    board.send_line("")
    shell(board, "net")
    start_network(board, "net")
    board.send_line("(sleep 2; for i in 1 2; do tftp -g -r file -l /tmp/file$i 10.0.2.2; md5sum /tmp/file$i; done) &")
    board.keyboard_to("card")
    board.send_line("")
    shell(board, "card")
    board.send_line("for i in 1 2 3; do echo 3 >/proc/sys/vm/drop_caches; md5sum /dev/mmcblk0; done")
    board.expect_all([rf"net: [^\n]*{file_md5}  /tmp/file{i}" for i in (1, 2)] + 3 * [rf"card: {card_md5} "], timeout=120)
    board.send_line("dd if=/dev/mmcblk0 of=/tmp/first bs=64k count=16; dd if=/tmp/first of=/dev/mmcblk0 bs=64k seek=64; sync; echo written")
    board.expect(r"card: written\r", timeout=120)
    board.quit()
    with open(card, "rb") as file:
        content = file.read()
    check(content[4 * MIB:5 * MIB] == content[:MIB], "what the domain wrote is not on the card")


@case(timeout=400)
def passthrough_gem_high(lab):
    """RAM above 32 GiB: the controller is given addresses of more than 32 bits."""
    _, file_md5 = random_file(lab, "tftp/file", DOWNLOAD)
    place = "xen,static-mem = <0x8 0x0 0x0 0x10000000>;"
    system = zcu102_system(lab, [lab.linux_domain("other"), lab.linux_domain("net", devices=gem(lab), modules=["macb"], properties=place)],
                           memory=4096)
    board = lab.boot_at(system, 2 * MIB, 0x8000000, 0x7000000, extra=gem_arguments(lab))
    board.expect_all([r"net: init: reached after", r"other: init: reached after"], timeout=240)
    board.keyboard_to("net")
    board.send_line("")
    shell(board, "net")
    start_network(board, "net")
    download(board, "net", file_md5)
    board.quit()


@case(timeout=400)
def passthrough_gem_lost(lab):
    """The control: where the partial tree says that the bus has the guest's own addresses, no data comes, although all registers
    and interrupts are there. The controller writes to RAM that is nobody's; a neighbour keeps what it has."""
    os.makedirs(lab.path("tftp"))
    devices = gem(lab, ("\t\tranges;", "\t\tranges; dma-ranges;"))
    system = zcu102_system(lab, [
        lab.linux_domain("other", properties="xen,static-mem = <0x0 0x30000000 0x0 0x10000000>;"),
        lab.linux_domain("net", devices=devices, modules=["macb"], properties="xen,static-mem = <0x0 0x20000000 0x0 0x10000000>;")])
    board = lab.boot(system, extra=gem_arguments(lab))
    board.expect_all([r"net: init: reached after", r"other: init: reached after"], timeout=240)
    kept = keep_data(board, "other")
    board.keyboard_to("net")
    board.send_line("")
    shell(board, "net")
    board.send_line("ip link set eth0 up; sleep 3; cat /sys/class/net/eth0/carrier; busybox udhcpc -i eth0 -n -q -s /bin/true")
    board.expect(r"net: 1\r", timeout=60)
    board.expect(r"net: udhcpc: no lease, failing", timeout=120)
    check_data(board, "other", kept)
    board.quit()
