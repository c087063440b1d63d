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


@case(timeout=180)
def zcu102(lab):
    """RAM at 0, Cortex-A53, the GIC-400 of ZynqMP with its 64 KiB aliases, the board's own device tree. There is no driver for
    its UART yet, so what the hypervisor keeps of its console is read from RAM."""
    trees = glob.glob(os.path.join(lab.options.deps, "arm64/usr/lib/linux-image-*/xilinx/zynqmp-zcu102-rev1.0.dtb"))
    check(trees, "the board's device tree is missing: run tools/setup.sh")
    system = lab.system([lab.guest_domain("hello"), lab.guest_domain("timer")], cpus=4, board_dtb=trees[0])
    with tempfile.TemporaryDirectory() as directory:  # a socket's path must be short
        path = os.path.join(directory, "monitor")
        board = lab.boot(system, extra=["-monitor", f"unix:{path},server=on,wait=off"])
        board.owners = set()  # what QEMU says of sound and network
        monitor = Monitor(path)
        text = wait_for_text(monitor, os.path.join(directory, "ram"), rb"bulkhead: all domains are off")
        monitor.socket.sendall(b"quit\n")
        board.wait_end()
    for pattern in (rb"--image-at 0x200000 --dtb-at 0x8000000", rb"hello: hello: memory 40000000 size 8000000", rb"hello: hello: done",
                    rb"timer: timer: done, 10 ticks"):
        check(re.search(pattern, text), f"the console's log lacks {pattern!r}")


def wait_for_text(monitor, path, pattern, seconds=120):
    """Looks at the hypervisor's RAM until @pattern is in it; returns its printable contents."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        monitor.command(f'pmemsave {2 * MIB:#x} {2 * MIB:#x} "{path}"')
        with open(path, "rb") as file:
            text = file.read()
        if re.search(pattern, text):
            return text
        time.sleep(0.5)
    raise Failure(f"{pattern!r} never came into the hypervisor's RAM")
