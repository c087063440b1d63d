# SPDX-License-Identifier: Apache-2.0
"""Runs of QEMU with the stop-watch plugin: what bench's scripts share."""
import collections
import os
import re
import struct
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import make_initramfs  # noqa: E402
from make_system import MIB, Domain, System  # noqa: E402,F401

MARK_FIRST, MARK_INIT, MARK_DONE, MARK_END = 0xB001, 0xB002, 0xB003, 0xB200
LINUX_ARGUMENTS = "console=ttyAMA0 quiet panic=-1"
TIMEOUT = 120  # seconds, for a run of QEMU on a busy machine

# instructions, lines of code and data, {function: instructions}
Sample = collections.namedtuple("Sample", "count code data functions")


class Run:
    """What the plugin saw."""

    def __init__(self, lines):
        self.marks = collections.defaultdict(list)  # marker: instructions since reset, each time
        self.windows = collections.defaultdict(list)  # operation: samples
        self.longest_stay = None
        self.all = None
        for line in lines:
            kind, which, *fields = line.split()
            if kind == "marker":
                self.marks[int(which, 16)].append(int(fields[0]))
            elif kind == "window":
                self.windows[int(which)].append(Sample(*map(int, fields[:3]), functions(fields[3:])))
            elif kind == "stay":
                self.longest_stay = Sample(int(fields[0]), None, None, functions(fields[1:]))
            elif kind == "all":
                self.all = Sample(int(which), None, None, functions(fields))


def functions(fields):
    table = collections.Counter()
    for field in fields:
        name, count = field.rsplit("=", 1)
        table[name] += int(count)
    return dict(table)


def tool(name, *arguments):
    return subprocess.run([f"aarch64-linux-gnu-{name}", *arguments], check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout


def read_symbols(elf):
    """@return the plugin's list of functions: the names in the source, without what the compiler appends to its clones."""
    addresses, names = {}, []
    for line in tool("nm", "-n", elf).splitlines():
        fields = line.split()
        if len(fields) == 3:
            addresses.setdefault(fields[2], int(fields[0], 16))
            if fields[1] in "tT":
                names.append(f"{fields[0]} {re.sub(r'[.].*', '', fields[2])}")
    return "\n".join([f"{addresses['image_start']:x} {addresses['text_end']:x}", *names]) + "\n"


def operations():
    """@return {number: (name, description)} of what the guests measure."""
    with open(os.path.join(ROOT, "bench/guest/operations.h"), encoding="utf-8") as file:
        found = re.findall(r"#define OP_\w+ +(\d+) +/\* ([\w-]+): (.+) \*/", file.read())
    return {int(number): (name, text) for number, name, text in found}


class Lab:
    """The artifacts under test, and a directory for what a run leaves behind."""

    def __init__(self, options, directory):
        self.directory = directory
        self.verbose = options.verbose
        self.image = os.path.join(options.aarch64, "bulkhead")
        self.elf = os.path.join(options.aarch64, "bulkhead.elf")
        self.bulkhead = os.path.join(options.host, "bulkhead")
        self.guests = os.path.join(options.aarch64, "bench", "guest")
        self.stopwatch = os.path.join(options.host, "bench", "stopwatch.so")
        for path in (self.image, self.elf, self.stopwatch, self.bulkhead):
            if not os.path.exists(path):
                sys.exit(f"{path} is missing: build the presets host and aarch64")
        self.symbols = self.path("symbols.txt")
        with open(self.symbols, "w", encoding="utf-8") as file:
            file.write(read_symbols(self.elf))

    def path(self, name):
        return os.path.join(self.directory, name)

    def guest(self, name):
        return os.path.join(self.guests, name)

    def padded_guest(self, size):
        """The smallest guest with a kernel of @size bytes; image_size in its header says so."""
        with open(self.guest("first.bin"), "rb") as file:
            image = bytearray(file.read())
        struct.pack_into("<Q", image, 16, size)
        with open(self.path(f"first-{size}.bin"), "wb") as file:
            file.write(image + bytes(size - len(image)))
        return self.path(f"first-{size}.bin")

    def clock(self, gic):
        """A partial device tree with virt's real-time clock. Returns the file."""
        tree = System([], cpus=1, seeds=False, gic=gic).write(self.path("host")).path("host.dtb")
        subprocess.run([self.bulkhead, "assign", tree, "pl031", "--quiet", "-o", self.path("clock.dtb")], check=True, timeout=60)
        return self.path("clock.dtb")

    def linux_domain(self):
        archive = make_initramfs.Archive()
        with open(self.guest("bench-init"), "rb") as file:
            archive.file("init", file.read(), 0o755)
        with open(self.path("init.cpio"), "wb") as file:
            file.write(archive.finish())
        return Domain("linux", os.path.join(ROOT, "build/deps/Image"), 128, self.path("init.cpio"), LINUX_ARGUMENTS)

    def run(self, arguments, until, times=1, exact=True):
        """QEMU with @arguments until @until was executed @times times. exact: by the count of instructions, so that two runs are
        the same; without, CPUs take turns by the host's time. @return the Run."""
        out = self.path("events.txt")
        plugin = f"{self.stopwatch},out={out},until={until:#x},times={times},symbols={self.symbols}"
        clock = ["-icount", "shift=0,sleep=off", "-rtc", "base=2020-01-01T00:00:00,clock=vm"] if exact else ["-accel", "tcg,thread=single"]
        command = ["qemu-system-aarch64", *arguments, "-serial", "none", *clock, "-plugin", plugin]
        if self.verbose:
            print(" ".join(command), file=sys.stderr)
        subprocess.run(command, check=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(out, encoding="utf-8") as file:
            return Run(file)

    def boot(self, domains, until, times=1, **machine):
        """One CPU and no seeds unless @machine says otherwise."""
        system = System(domains, **{"cpus": 1, "seeds": False, **machine}).write(self.path("system"))
        return self.run(system.qemu_arguments(self.image), until, times)
