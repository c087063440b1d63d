"""Boards other than virt: the same image, RAM somewhere else."""
import glob
import os
import re
import socket
import tempfile
import time

from lab import MIB, Failure, case, check


class Monitor:
    """QEMU's monitor: what a debugger would be on a board."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        for _ in range(100):
            try:
                self.socket.connect(path)
                break
            except OSError:
                time.sleep(0.1)
        self.socket.settimeout(30)
        self._answer()

    def _answer(self):
        data = b""
        while not data.endswith(b"(qemu) "):
            data += self.socket.recv(4096)
        return data

    def command(self, text):
        self.socket.sendall(text.encode() + b"\n")
        return self._answer()


def zcu102_system(lab, **options):
    """RAM at 0, Cortex-A53, the GIC-400 of ZynqMP with its 64 KiB aliases, the board's own device tree."""
    trees = glob.glob(os.path.join(lab.options.deps, "arm64/usr/lib/linux-image-*/xilinx/zynqmp-zcu102-rev1.0.dtb"))
    check(trees, "the board's device tree is missing: run tools/setup.sh")
    return lab.system([lab.guest_domain("hello"), lab.guest_domain("timer")], cpus=4, board_dtb=trees[0], **options)


def read_console(boot, image_at):
    """There is no driver for the board's UART yet: what the hypervisor keeps of its console is read from RAM. @boot: starts it
    with the QEMU arguments given."""
    with tempfile.TemporaryDirectory() as directory:  # a socket's path must be short
        path = os.path.join(directory, "monitor")
        board = boot(["-monitor", f"unix:{path},server=on,wait=off"])
        board.owners = set()  # what QEMU says of sound and network
        monitor = Monitor(path)
        text = wait_for_text(monitor, os.path.join(directory, "ram"), image_at, rb"bulkhead: all domains are off")
        monitor.socket.sendall(b"quit\n")
        board.wait_end()
    return text


def check_console(text, image_at):
    for pattern in (rb"--image-at " + image_at + rb" --dtb-at 0x8000000", rb"hello: hello: memory 40000000 size 8000000",
                    rb"hello: hello: done", rb"timer: timer: done, 10 ticks"):
        check(re.search(pattern, text), f"the console's log lacks {pattern!r}")


@case(timeout=180)
def zcu102(lab):
    """The Image, as QEMU's -kernel puts it."""
    system = zcu102_system(lab)
    text = read_console(lambda arguments: lab.boot(system, extra=arguments), 2 * MIB)
    check_console(text, rb"0x200000")


@case(timeout=180)
def zcu102_ub(lab):
    """The uImage that U-Boot boots on virt, whose RAM begins at 0x40000000, here where RAM begins at 0: executed where it lies,
    behind its header, so that it has to move to a page."""
    system = zcu102_system(lab, memory=4096)  # nobody corrects the tree, which has RAM at 0 and at 0x800000000
    uimage = os.path.join(lab.options.aarch64, "bulkhead.ub")
    text = read_console(lambda arguments: lab.boot_at(system, 0x1000000, 0x8000000, 0x7000000, extra=arguments, image=uimage, entry=64),
                        0x1000000)
    check_console(text, rb"0x100[12]000")  # the next page that leaves the moving code alone


def wait_for_text(monitor, path, image_at, pattern, seconds=60):
    """Looks at the hypervisor's RAM until @pattern is in it; returns what is there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        monitor.command(f'pmemsave {image_at:#x} {2 * MIB:#x} "{path}"')
        with open(path, "rb") as file:
            text = file.read()
        if re.search(pattern, text):
            return text
        time.sleep(0.5)
    raise Failure(f"{pattern!r} never came into the hypervisor's RAM")
