# SPDX-License-Identifier: Apache-2.0
"""A hardware domain: what of the machine nobody else has, beside domains that have none of it or a device each."""
import hashlib
import random

from cases.boards import zcu102_system
from cases.linux import shell
from cases.passthrough import gem
from lab import case, check

DISK = 4 << 20


def hardware_domain(lab, cpus, gic):
    """Linux on the host's tree, with a disk of virtio on MMIO and a network card on PCI; two domains beside it."""
    content = random.Random(3).randbytes(DISK)
    disk = lab.write("disk", content)
    dom0 = lab.linux_domain("dom0", dom0=True, modules=["virtio_mmio", "virtio_pci", "virtio_blk", "virtio_net"])
    system = lab.system([dom0, lab.linux_domain("linux1"), lab.linux_domain("linux2")], cpus=cpus, gic=gic,
                        hypervisor_args="dom0_mem=256M dom0_max_vcpus=1")
    board = lab.boot(system, extra=[
        "-drive", f"file={disk},if=none,id=disk,format=raw", "-device", "virtio-blk-device,drive=disk",
        "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net"])
    board.expect_all([rf"{name}: init: reached after" for name in ("dom0", "linux1", "linux2")], timeout=300)
    board.keyboard_to("dom0")
    shell(board, "dom0")
    board.send_line("md5sum /dev/vda; cat /proc/interrupts")
    board.expect(rf"dom0: {hashlib.md5(content).hexdigest()} ", timeout=60)
    board.send_line("ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0; ping -c 3 10.0.2.2")
    board.expect(r"dom0: 3 packets transmitted, 3 packets received", timeout=60)
    check("WARNING" not in board.text, "a driver of dom0 warns")
    board.quit()


case(timeout=480, name="hardware-domain", cpus=2, gic=2)(hardware_domain)
case(timeout=480, name="hardware-domain-gicv3", cpus=2, gic=3)(hardware_domain)


@case(timeout=480)
def hardware_zcu102(lab):
    """The rest of a real board's tree to a hardware domain, the Ethernet controller to another domain at the same time."""
    system = zcu102_system(lab, [lab.linux_domain("dom0", dom0=True), lab.linux_domain("net", devices=gem(lab), modules=["macb"])],
                           hypervisor_args="dom0_mem=256M")
    board = lab.boot(system, extra=["-nic", "user", "-nic", "user", "-nic", "user", "-nic", "user"])
    board.expect_all([rf"{name}: init: reached after" for name in ("dom0", "net")], timeout=300)
    board.keyboard_to("net")
    shell(board, "net")
    board.send_line("ip link set eth0 up; sleep 3; ip addr add 10.0.2.15/24 dev eth0; ping -c 3 10.0.2.2")
    board.expect(r"net: 3 packets transmitted, 3 packets received", timeout=60)
    board.keyboard_to("dom0")
    shell(board, "dom0")
    board.send_line("ls /proc/device-tree/axi | grep -c ethernet@ff0e0000; cat /proc/device-tree/model")
    board.expect(r"dom0: 0\r", timeout=60)
    board.expect(r"dom0: ZynqMP ZCU102", timeout=60)
    board.quit()


@case(timeout=400)
def hardware_uboot(lab):
    """The traditional boot, by a real U-Boot: a dom0 alone, whose ramdisk is an argument of bootm; and one beside a domain."""
    for name, others in (("alone", []), ("beside", [lab.guest_domain("timer")])):
        dom0 = lab.linux_domain("dom0", dom0=True)
        dom0.ramdisk = None
        system = lab.system([dom0, *others], name=name, seeds=False, hypervisor_args="dom0_mem=512M console=dtuart",
                            machine="acpi=off")  # with firmware and ACPI QEMU leaves out the PL061 that its tree names
        system.write_uboot(lab.ub, "bootm", lab.initramfs())
        board = lab.run(system.uboot_arguments())
        board.expect(r"Starting kernel", timeout=120)
        board.expect(rf"bulkhead: plan: {1 + len(others)} of {1 + len(others)} domains", timeout=60)
        board.expect_all([r"dom0: init: reached after"] + [r"timer: timer: done"] * len(others), timeout=200)
        check("error:" not in board.text.split("Starting kernel")[1], "an error was reported")
        board.keyboard_to("dom0")
        shell(board, "dom0")
        board.send_line("ls /sys/bus/pci/devices | wc -l")
        board.expect(r"dom0: [1-9]\d*\r", timeout=30)
        board.quit()


def hardware_lives(lab, cpus, vcpus, gic):
    """A hardware domain of several vCPUs beside a hostile guest: it starts again and again, and has its disk and its lines each time."""
    content = random.Random(4).randbytes(DISK)
    disk = lab.write("disk", content)
    dom0 = lab.linux_domain("dom0", dom0=True, modules=["virtio_mmio", "virtio_blk"])
    system = lab.system([dom0, lab.guest_domain("hostile"), lab.guest_domain("timer")], cpus=cpus, gic=gic,
                        hypervisor_args=f"dom0_mem=256M dom0_max_vcpus={vcpus}")
    board = lab.boot(system, extra=["-drive", f"file={disk},if=none,id=disk,format=raw", "-device", "virtio-blk-device,drive=disk"])
    for life in range(3):
        board.expect(r"dom0: init: reached after", timeout=200)
        if life == 0:
            board.keyboard_to("dom0")
        shell(board, "dom0")
        board.send_line("nproc; md5sum /dev/vda")
        board.expect(rf"dom0: {vcpus}\r", timeout=60)
        board.expect(rf"dom0: {hashlib.md5(content).hexdigest()} ", timeout=60)
        if life < 2:
            board.send_line("cat /dev/vda > /dev/null & reboot -f")
    board.send_line("poweroff -f")
    board.expect(r"bulkhead: dom0: off", timeout=60)
    board.quit()


case(timeout=480, name="hardware-lives-2-on-1", cpus=1, vcpus=2, gic=2)(hardware_lives)
case(timeout=480, name="hardware-lives-4-on-2-gicv3", cpus=2, vcpus=4, gic=3)(hardware_lives)
