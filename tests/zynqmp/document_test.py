#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks docs/zynqmp.md without a boot: what it prints as boot.cmd and jtag.tcl is what its commands write, and its checks pass.

    tests/zynqmp/document_test.py HOST_BUILD DEPS

Kernel and ramdisk are files of today's sizes, for the addresses depend on them.
"""
import glob
import os
import struct
import sys
import tempfile

import example

KERNEL_BYTES, RAMDISK_BYTES = 0x1f6dfc0, 0x1c588c
ARM64_IMAGE = struct.Struct("<IIQQQQQQ4sI")


def image(path, size):
    """An arm64 Image of that size, most of it a hole."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(ARM64_IMAGE.pack(0x14000010, 0, 0, size, 0xa, 0, 0, 0, b"ARM\x64", 0))
        file.truncate(size)


def furnish(folder, host, deps):
    """What the commands of the page find at the top of a tree that is built."""
    image(os.path.join(folder, "build", "aarch64", "bulkhead"), 4096)
    image(os.path.join(folder, "build", "deps", "Image"), KERNEL_BYTES)
    trees = glob.glob(os.path.join(deps, "arm64/usr/lib/linux-image-*/xilinx"))
    beside = os.path.join(folder, "build/deps/arm64/usr/lib/linux-image-x")
    os.makedirs(beside)
    os.symlink(os.path.realpath(trees[0]), os.path.join(beside, "xilinx"))
    os.symlink(host, os.path.join(folder, "build", "host"))
    os.makedirs(os.path.join(folder, "tools"))
    os.symlink(os.path.join(example.ROOT, "tools", "make_system.py"), os.path.join(folder, "tools", "make_system.py"))
    ramdisk = os.path.join(folder, "tools", "make_initramfs.py")
    with open(ramdisk, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\nexec truncate -s {RAMDISK_BYTES} \"$2\"\n")
    os.chmod(ramdisk, 0o755)


def same(folder, name, beginning):
    with open(os.path.join(folder, "system", name), encoding="utf-8") as file:
        written = file.read()
    if written != example.block(beginning):
        raise ValueError(f"docs/zynqmp.md prints another {name}:\n{example.block(beginning)}---- make_system.py writes:\n{written}")
    return written


def need(condition, what):
    if not condition:
        raise ValueError(f"docs/zynqmp.md: {what}")


def check_sd(folder):
    example.make(folder, "sd")
    script = same(folder, "boot.cmd", "setenv fdt_high")
    copied = {os.path.basename(name) for name in example.block("cp system/").split()[1:-1]}
    loaded = {line.split()[4] for line in script.splitlines() if line.startswith("load ")}
    need(copied == loaded | {"boot.scr.uimg"}, f"the card gets {sorted(copied)}, the script loads {sorted(loaded)}")
    need(all(os.path.exists(os.path.join(folder, "system", name)) for name in copied), "a file for the card is not made")


def check_desk(folder):
    text = example.run(example.block("mapfile -t arguments <system/uboot.args"), folder)
    need("0 errors, 0 warnings; 2 of 2 domains would start" in text, f"its check does not end as it says:\n{text}")
    need(all(f"linux{number}: Run /init as init process" in text for number in (1, 2)), f"the simulator boots otherwise:\n{text}")
    reservation = "cat >>system/system.dts <<'END'\n" + example.block("/ {") + "END\n"
    text = example.run(reservation + "cd system\ndtc -q -I dts -O dtb -o system.dtb system.dts\ncd ..\n"
                       "build/host/bulkhead plan --image-at 0x4000000 --dtb-at 0x7000000 system/system.dtb", folder)
    need("ram 0x1000 +0x7f000 firmware: tf-a@1000" in text, f"the reservation is not one:\n{text}")


def check_others(folder):
    example.make(folder, "jtag")
    same(folder, "jtag.tcl", "dow -data")
    example.make(folder, "tftp")
    with open(os.path.join(folder, "system", "boot.cmd"), encoding="utf-8") as file:
        need(file.read().count("tftpb 0x") == 4, "the script for the network does not load four files")


def main():
    host, deps = (os.path.realpath(path) for path in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as folder:
        furnish(folder, host, deps)
        try:
            check_sd(folder)
            check_desk(folder)
            check_others(folder)
        except ValueError as error:
            print(error)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
