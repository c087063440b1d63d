# SPDX-License-Identifier: Apache-2.0
"""Boards other than virt: the same image, RAM somewhere else, another UART, the board's own device tree."""
import os
import re

from lab import MIB, case, check
from make_system import zcu102_dtb


def zcu102_system(lab, domains, **options):
    """RAM at 0, Cortex-A53, the GIC-400 of ZynqMP with its 64 KiB aliases, a Cadence UART, the board's own device tree."""
    return lab.system(domains, cpus=4, board_dtb=zcu102_dtb(lab.options.deps), **options)


def payloads(lab, memory=128):
    return [lab.guest_domain("hello", memory=memory), lab.guest_domain("timer", memory=memory), lab.guest_domain("echo")]


def expect_payloads(board, image_at, memory=128):
    """What the domains of payloads() print, and what is typed comes to the last of them."""
    board.expect_all([rf"bulkhead: plan: 3 of 3 domains[^\n]*--image-at {image_at} --dtb-at 0x8000000",
                      rf"hello: hello: memory 40000000 size {memory * MIB:x}", r"hello: hello: done", r"timer: timer: done, 10 ticks",
                      r"bulkhead: keyboard goes on to echo", r"echo: echo> "])
    for text in ("good morning", "x" * 60):  # the second is longer than the FIFO of QEMU's model
        board.send_line(text)
        board.expect(rf'echo: echo: got "{text}"')
    board.quit()


@case(timeout=120)
def zcu102(lab):
    """The Image, as QEMU's -kernel puts it, in the highest EL or with the secure side before it."""
    for secure in ("off", "on"):
        system = zcu102_system(lab, payloads(lab), name=f"secure-{secure}", machine=f"secure={secure}")
        expect_payloads(lab.boot(system), "0x200000")


@case(timeout=120)
def zcu102_ub(lab):
    """The uImage that U-Boot boots on virt, whose RAM begins at 0x40000000, here where RAM begins at 0: executed where it lies,
    behind its header, so that it has to move to a page: the next one that leaves the moving code alone. Nobody corrects the
    board's device tree: it has RAM at 0 and at 0x800000000, and two domains that need one bank each."""
    system = zcu102_system(lab, payloads(lab, memory=1500), memory=4096)
    uimage = os.path.join(lab.options.aarch64, "bulkhead.ub")
    board = lab.boot_at(system, 16 * MIB, 0x8000000, 0x7000000, image=uimage, entry=64)
    expect_payloads(board, "0x100[12]000", memory=1500)
    plan, _ = lab.host("plan", system.path("system.dtb"))
    check(re.search(r"ram 0x40000000 at 0x8[0-9a-f]{8} ", plan), f"no domain lies above 32 GiB:\n{plan}")


@case(timeout=300)
def zcu102_linux(lab):
    """Two Debian kernels to their init and a shell, on the board's four Cortex-A53; one switched off, the other goes on."""
    names = ("linux1", "linux2")
    board = lab.boot(zcu102_system(lab, [lab.linux_domain(name) for name in names]))
    board.expect_all([rf"{name}: init: reached after" for name in names], timeout=200)
    board.keyboard_to("linux2")
    board.send_line("uname -srm; echo $((40+2))")
    board.expect(r"linux2: 42\r")
    board.send_line("poweroff -f")
    board.expect(r"bulkhead: [^\n]*linux2[^\n]*off")
    board.keyboard_to("linux1")
    board.send_line("sleep 1; dmesg | grep -c 'Internal error\\|WARNING: CPU\\|BUG:'")
    board.expect(r"linux1: 0\r")
    board.quit()


@case(timeout=60)
def early_zcu102(lab):
    """Without a device tree the board's UART is known to an image that was built for it; nobody has set it up."""
    lab.image = lab.artifact(os.path.join(lab.options.early + "-cadence", "bulkhead"))
    system = zcu102_system(lab, payloads(lab))
    lab.write("no.dtb", bytes(4096))
    os.replace(lab.path("no.dtb"), system.path("system.dtb"))
    board = lab.boot_at(system, 2 * MIB, 0x8000000, 0x7000000)
    board.owners = set()
    board.expect(r"error: device tree: this is not a device tree", timeout=30)
    board.drain(1)
    check("hello: hello" not in board.text, "a domain was started without a device tree")
    board.stop()
