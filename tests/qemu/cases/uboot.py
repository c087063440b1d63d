# SPDX-License-Identifier: Apache-2.0
"""A real U-Boot (Debian's u-boot-qemu) fetches everything by TFTP and starts the hypervisor, unattended."""
from lab import case, check


def uboot(lab, command, ramdisk, domains=None):
    system = lab.system(domains(lab) if domains else [lab.guest_domain("hello", ramdisk=lab.write("rd", b"r" * 9000)),
                                                      lab.guest_domain("timer")], seeds=False)
    system.write_uboot(lab.ub if command == "bootm" else lab.image, command,
                       lab.write("dummy", b"d" * 70000) if ramdisk else "-")
    board = lab.run(system.uboot_arguments())
    board.expect(r"U-Boot 20")
    board.expect(r"Starting kernel", timeout=120)
    board.expect(r"bulkhead: plan: 2 of 2 domains", timeout=60)
    if domains is None:
        board.expect_all([r"hello: hello: ramdisk [0-9a-f]+ size 2328", r"hello: hello: done", r"timer: timer: done"])
    else:
        board.expect_all([r"linux1: init: reached after", r"linux2: init: reached after"], timeout=240)
    check("error:" not in board.text.split("Starting kernel")[1], "an error was reported")
    board.quit()


def two_linux(lab):
    return [lab.linux_domain("linux1"), lab.linux_domain("linux2")]


case(timeout=180, name="uboot-bootm", command="bootm", ramdisk=False)(uboot)
case(timeout=180, name="uboot-bootm-ramdisk", command="bootm", ramdisk=True)(uboot)
case(timeout=180, name="uboot-booti", command="booti", ramdisk=False)(uboot)
case(timeout=180, name="uboot-booti-ramdisk", command="booti", ramdisk=True)(uboot)
case(timeout=480, name="uboot-linux", command="bootm", ramdisk=False, domains=two_linux)(uboot)
