#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What tools/demo.sh runs once everything is built: see there."""
import argparse
import os
import sys

import pexpect

import make_initramfs
from make_system import Domain, System, zcu102_dtb

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
CTRL_A3 = "\x01\x01\x01"
NAMES = ("linux1", "linux2")

WELCOME = """
Two domains with Debian's Linux boot now, with no domain 0. Every line begins with its owner's name.
The keyboard belongs to linux1. Ctrl-A three times moves it on: to linux2, then to the hypervisor's own console, where
h lists the keys and q prints the boot timeline and leaves.
"""


def parse_options():
    parser = argparse.ArgumentParser(prog="tools/demo.sh", description="Two Linux domains on QEMU.")
    parser.add_argument("--headless", action="store_true")
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--cpus", type=int)
    parser.add_argument("--machine", choices=("virt", "xlnx-zcu102"), default="virt")
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--aarch64", default=os.path.join(ROOT, "build", "aarch64"), help=argparse.SUPPRESS)
    parser.add_argument("--work", default=os.path.join(ROOT, "build", "demo"), help=argparse.SUPPRESS)
    return parser.parse_args()


def make(options):
    """Writes initramfs and device tree; returns the QEMU command."""
    os.makedirs(options.work, exist_ok=True)
    initramfs = os.path.join(options.work, "initramfs.cpio")
    with open(initramfs, "wb") as file:
        file.write(make_initramfs.build())
    deps = os.path.join(ROOT, "build", "deps")
    kernel = os.path.join(deps, "Image")
    domains = [Domain(name, kernel, memory=256, ramdisk=initramfs, bootargs=f"console=ttyAMA0 hostname={name}") for name in NAMES]
    board = options.machine == "xlnx-zcu102"
    system = System(domains, cpus=options.cpus or (4 if board else 2), board_dtb=zcu102_dtb(deps) if board else None)
    system.write(options.work)
    command = ["qemu-system-aarch64", *system.qemu_arguments(os.path.join(options.aarch64, "bulkhead")),
               # signal=off: Ctrl-C goes to the domain. No multiplexer, which would take Ctrl-A for itself.
               "-chardev", "stdio,id=serial0,signal=off", "-serial", "chardev:serial0"]
    if options.seconds or options.headless:
        command = ["timeout", "--foreground", "-k", "5", str(options.seconds or 600)] + command
    return command


def visit(qemu, name):
    """Moves the keyboard to the domain's shell and runs a command in it."""
    for _ in range(2 * len(NAMES) + 2):
        qemu.send(CTRL_A3)
        qemu.expect(r"keyboard -> (\S+)")
        if qemu.match.group(1) == name:
            break
    qemu.expect(rf"{name}:/# ")
    qemu.send("echo I am $(hostname), $(uname -sr)\r")
    qemu.expect(rf"I am {name}, Linux")


def headless(command):
    """Both shells must answer and QEMU must end in order."""
    qemu = pexpect.spawn(command[0], command[1:], encoding="utf-8", codec_errors="replace", timeout=300, dimensions=(50, 200))
    qemu.logfile_read = sys.stdout
    qemu.delaybeforesend = None
    try:
        waiting = [rf"{name}: init: reached after" for name in NAMES]
        while waiting:
            del waiting[qemu.expect(waiting)]
        for name in NAMES:
            visit(qemu, name)
        while qemu.match.group(0) != "keyboard -> bulkhead":
            qemu.send(CTRL_A3)
            qemu.expect(r"keyboard -> \S+")
        qemu.send("q")
        qemu.expect(pexpect.EOF)
    except pexpect.ExceptionPexpect as error:
        qemu.terminate(force=True)
        print(f"\ndemo: failed: {type(error).__name__}")
        return 1
    qemu.close()
    print("\ndemo: both domains answered" if qemu.exitstatus == 0 else f"\ndemo: QEMU ended with {qemu.exitstatus}")
    return 0 if qemu.exitstatus == 0 else 1


def main():
    options = parse_options()
    command = make(options)
    if options.headless:
        return headless(command)
    print(WELCOME, flush=True)
    os.execvp(command[0], command)
    return 1


if __name__ == "__main__":
    sys.exit(main())
