#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes an initramfs for a Linux domain: a static busybox, and an /init that ends in a shell on the console.

    tools/make_initramfs.py -o FILE [--busybox FILE] [--add PATH=FILE]...

The archive is written here rather than by cpio(1), so that owners, modes and times do not depend on who builds it: the
same input gives the same bytes. /init says `init: reached` and then offers a shell; the shell's `poweroff -f` and
`reboot -f` end and restart the domain.
"""
import argparse
import glob
import os
import re
import stat
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUSYBOX = os.path.join(ROOT, "build", "deps", "arm64", "bin", "busybox")
MODULES = os.path.join(ROOT, "build", "deps", "arm64", "lib", "modules")

# The applets are symbolic links, made here because `busybox --install` at boot costs time in every run.
APPLETS = """[ ash awk cat chmod cp cttyhack cut date dd df dmesg echo env expr false free grep head hexdump hostname id ifconfig
ip kill ln ls lsmod md5sum mkdir mknod modprobe insmod mount mv nc nproc od ping poweroff printf ps pwd reboot rm rmdir sed seq
setsid sh sha256sum sleep sort stat stty sync tail taskset tee test tftp time top touch tr true umount uname uptime vi wc wget
xargs yes""".split()

INIT = """#!/bin/sh
export PATH=/bin HOME=/ TERM=vt100 PS1='\\h:\\w# '
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
read -r up rest </proc/uptime
echo "init: reached after $up s, Linux $(uname -r), $(nproc) CPU"
cd /
# An ended shell must not end init: the kernel would panic.
while true; do
    setsid cttyhack sh
done
"""

LOAD_MODULES = """while read -r module; do insmod "/lib/modules/$module"; done </lib/modules/list
"""


class Archive:
    """A cpio archive of the `newc` kind, which the kernel unpacks (Documentation/driver-api/early-userspace of Linux)."""

    def __init__(self):
        self.data = bytearray()
        self.inode = 0

    def _entry(self, name, mode, body=b"", device=(0, 0)):
        self.inode += 1
        fields = (self.inode, mode, 0, 0, 1, 0, len(body), 0, 0, device[0], device[1], len(name) + 1, 0)
        self.data += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        self._pad()
        self.data += body
        self._pad()

    def _pad(self):
        self.data += b"\0" * (-len(self.data) % 4)

    def directory(self, name):
        self._entry(name, stat.S_IFDIR | 0o755)

    def file(self, name, body, mode=0o644):
        self._entry(name, stat.S_IFREG | mode, body)

    def link(self, name, target):
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def character_device(self, name, major, minor):
        self._entry(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def finish(self):
        self._entry("TRAILER!!!", 0)
        return bytes(self.data)


def build(busybox=BUSYBOX, init=INIT, extra=(), drivers=()):
    """Returns the archive's bytes. extra: pairs (path inside, file), kept executable. drivers: files of the kernel's modules,
    which /init loads in this order."""
    archive = Archive()
    for name in ("bin", "dev", "proc", "sys", "tmp", "root"):
        archive.directory(name)
    archive.character_device("dev/console", 5, 1)
    archive.character_device("dev/null", 1, 3)
    with open(busybox, "rb") as source:
        archive.file("bin/busybox", source.read(), 0o755)
    for applet in APPLETS:
        archive.link("bin/" + applet, "busybox")
    if drivers:
        init = init.replace("read -r up", LOAD_MODULES + "read -r up")
        archive.directory("lib")
        archive.directory("lib/modules")
        archive.file("lib/modules/list", "".join(os.path.basename(path) + "\n" for path in drivers).encode())
    archive.file("init", init.encode(), 0o755)
    for path in drivers:
        with open(path, "rb") as source:
            archive.file("lib/modules/" + os.path.basename(path), source.read())
    for name, path in extra:
        with open(path, "rb") as source:
            archive.file(name.lstrip("/"), source.read(), 0o755)
    return archive.finish()


def modules(names, folder=MODULES):
    """The files of the kernel's modules @names, and of those that they depend on, in the order in which they are loaded."""
    found = {os.path.basename(path)[:-3].replace("-", "_"): path for path in glob.glob(folder + "/**/*.ko", recursive=True)}
    order = []

    def add(name):
        if name not in found:
            raise FileNotFoundError(f"no module {name} below {folder}")
        with open(found[name], "rb") as file:
            depends = re.search(rb"\0depends=([^\0]*)\0", file.read()).group(1).decode()
        for needed in filter(None, depends.split(",")):
            add(needed.replace("-", "_"))
        if found[name] not in order:
            order.append(found[name])

    for name in names:
        add(name)
    return order


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--busybox", default=BUSYBOX, help="static arm64 busybox (default: the one that setup.sh unpacked)")
    parser.add_argument("--add", action="append", default=[], metavar="PATH=FILE", help="one more file in the archive")
    parser.add_argument("--module", action="append", default=[], metavar="NAME", help="a module of the kernel, with those that "
                        "it depends on; /init loads them")
    options = parser.parse_args()
    data = build(options.busybox, extra=[item.split("=", 1) for item in options.add], drivers=modules(options.module))
    with open(options.output, "wb") as output:
        output.write(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
