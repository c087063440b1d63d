#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boot time and exit cost under QEMU, in instructions: Bulkhead beside Debian's Xen, with the same device tree and guests.

    bench/qemu_boot.py [--csv FILE] [--only NAME[,NAME]] [--no-xen] [--no-linux] [--check]

QEMU runs with -icount, one CPU and a plugin that notes the instruction count at marks in the guests, so two runs give the
same figures on any machine. --check exits with 1 where Bulkhead misses a target. Needs `tools/setup.sh --bench` and both
builds (presets host and aarch64).
"""
import argparse
import csv
import os
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import make_initramfs  # noqa: E402
import make_system  # noqa: E402

MIB = 1 << 20
MARK_FIRST, MARK_INIT, MARK_BEGIN, MARK_END, MARK_DIGIT, MARK_NUMBER = 0xB001, 0xB002, 0xB010, 0xB020, 0xB100, 0xB110
COSTS = {1: "HVC PSCI_VERSION", 2: "GICD_TYPER read", 3: "self SGI to end of interrupt"}
LATENCIES = {4: "virtual timer, vCPU running", 5: "virtual timer, vCPU in WFI"}
TIMER_WFI = 5
ROUNDS = 8
NS_PER_TICK = 16  # 62.5 MHz; under -icount shift=0 an instruction takes a nanosecond

# Xen's options that make it fastest; Bulkhead accepts and ignores them.
XEN_OPTIONS = "console=none bootscrub=0 loglvl=none guest_loglvl=none vwfi=native sched=null"
LINUX_ARGUMENTS = "console=ttyAMA0 quiet panic=-1"

TARGETS = {  # million instructions, or instructions for what one exit costs
    "first instruction, one 128 MiB domain": 1.5,
    "each further domain": 0.4,
    "guest RAM 128 MiB -> 1 GiB": 0.05,
    "host RAM 2 GiB -> 8 GiB": 0.05,
    "32 MiB kernel": 6,
    "Linux at its init": 880,
    "HVC PSCI_VERSION": 300,
    "virtual timer, vCPU running": 400,
}


class Hypervisor:
    def __init__(self, name, image):
        self.name = name
        self.image = image


BARE = Hypervisor("bare", None)


class Bench:
    def __init__(self, options, directory):
        self.options = options
        self.directory = directory
        self.guests = os.path.join(options.aarch64, "bench", "guest")
        self.stopwatch = os.path.join(options.host, "bench", "stopwatch.so")
        self.hypervisors = [Hypervisor("Bulkhead", os.path.join(options.aarch64, "bulkhead"))]
        if not options.no_xen:
            self.hypervisors.append(Hypervisor("Xen 4.17", os.path.join(ROOT, "build/deps/arm64/boot/xen-4.17-arm64")))
        for path in [self.stopwatch] + [h.image for h in self.hypervisors]:
            if not os.path.exists(path):
                sys.exit(f"{path} is missing: run tools/setup.sh --bench and build the presets host and aarch64")

    def guest(self, name):
        return os.path.join(self.guests, name)

    def padded_guest(self, size):
        """The smallest guest with a kernel of @size bytes; image_size in its header says so."""
        path = os.path.join(self.directory, f"first-{size}.bin")
        with open(self.guest("first.bin"), "rb") as file:
            image = bytearray(file.read())
        struct.pack_into("<Q", image, 16, size)
        with open(path, "wb") as file:
            file.write(image + bytes(size - len(image)))
        return path

    def initramfs(self):
        archive = make_initramfs.Archive()
        with open(self.guest("bench-init"), "rb") as file:
            archive.file("init", file.read(), 0o755)
        path = os.path.join(self.directory, "init.cpio")
        with open(path, "wb") as file:
            file.write(archive.finish())
        return path

    def marks(self, arguments, until, times=1, timeout=120):
        """@return the (marker, count) pairs of a run."""
        out = os.path.join(self.directory, "marks.txt")
        command = ["qemu-system-aarch64", *arguments, "-serial", "none", "-icount", "shift=0,sleep=off",
                   "-rtc", "base=2020-01-01T00:00:00,clock=vm",
                   "-plugin", f"{self.stopwatch},out={out},pc={make_system.IMAGE_AT:#x},until={until:#x},times={times}"]
        if self.options.verbose:
            print(" ".join(command), file=sys.stderr)
        subprocess.run(command, check=True, timeout=timeout, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(out) as file:
            events = [line.split() for line in file]
        self.entry = [int(event[2]) for event in events if event[0] == "pc"][:1]
        return [(int(event[1], 16), int(event[2])) for event in events if event[0] == "marker"]

    def run(self, hypervisor, domains, until, times=1, memory=2048):
        if hypervisor is BARE:
            domain = domains[0]
            arguments = ["-M", "virt,gic-version=2", "-cpu", "cortex-a57", "-m", str(domain.memory), "-smp", "1",
                         "-display", "none", "-monitor", "none", "-nic", "none", "-kernel", domain.kernel]
            if domain.ramdisk is not None:
                arguments += ["-initrd", domain.ramdisk]
            return self.marks(arguments + ["-append", domain.bootargs or ""], until, times)
        system = make_system.System(domains, memory=memory, cpus=1, seeds=False, hypervisor_args=XEN_OPTIONS)
        system.write(os.path.join(self.directory, "system"))
        return self.marks(system.qemu_arguments(hypervisor.image), until, times)

    def first_instruction(self, hypervisor, count=1, memory=128, host=2048, kernel=None):
        """Instructions from reset to the first one of the last of @count domains."""
        kernel = kernel or self.guest("first.bin")
        domains = [make_system.Domain(f"domU{i + 1}", kernel, memory) for i in range(count)]
        return self.run(hypervisor, domains, MARK_FIRST, count, host)[-1][1]

    def linux_init(self, hypervisor):
        kernel = os.path.join(ROOT, "build/deps/Image")
        domain = make_system.Domain("linux", kernel, 128, self.initramfs(), LINUX_ARGUMENTS)
        return self.run(hypervisor, [domain], MARK_INIT)[-1][1]

    def costs(self, hypervisor):
        """@return instructions by operation: the smallest of the rounds; for latencies the largest."""
        kernel = self.guest("cost-bare.bin" if hypervisor is BARE else "cost.bin")
        marks = self.run(hypervisor, [make_system.Domain("cost", kernel)], MARK_NUMBER + TIMER_WFI, ROUNDS)
        begun, samples, digits = {}, {}, []
        for marker, count in marks:
            if MARK_BEGIN <= marker < MARK_END:
                begun[marker - MARK_BEGIN] = count
            elif MARK_END <= marker < MARK_END + 0x10:
                samples.setdefault(marker - MARK_END, []).append(count - begun[marker - MARK_END] - 1)
            elif MARK_DIGIT <= marker < MARK_NUMBER:
                digits.append(marker - MARK_DIGIT)
            elif marker >= MARK_NUMBER:
                late = int("".join(f"{digit:x}" for digit in digits), 16) * NS_PER_TICK
                samples.setdefault(marker - MARK_NUMBER, []).append(late)
                digits = []
        named = {COSTS[what]: min(samples[what]) for what in COSTS}
        named.update({LATENCIES[what]: max(samples[what][1:]) for what in LATENCIES})
        return named


def boot_figures(bench, hypervisor):
    one = bench.first_instruction(hypervisor)
    yield "reset to the hypervisor's entry", bench.entry[0]
    yield "first instruction, one 128 MiB domain", one
    yield "each further domain", (bench.first_instruction(hypervisor, count=4) - one) / 3
    yield "guest RAM 128 MiB -> 1 GiB", bench.first_instruction(hypervisor, memory=1024) - one
    yield "host RAM 2 GiB -> 8 GiB", bench.first_instruction(hypervisor, host=8192) - one
    yield "32 MiB kernel", bench.first_instruction(hypervisor, kernel=bench.padded_guest(32 * MIB)) - one


def collect(bench):
    """@return {figure: {hypervisor: instructions}}"""
    table = {}

    def note(figure, hypervisor, value):
        table.setdefault(figure, {})[hypervisor.name] = value
        print(f"  {hypervisor.name}: {figure}: {value:.0f}", file=sys.stderr, flush=True)

    for hypervisor in bench.hypervisors:
        if bench.wants("boot"):
            for figure, value in boot_figures(bench, hypervisor):
                note(figure, hypervisor, value)
    for hypervisor in bench.hypervisors + [BARE]:
        if bench.wants("linux"):
            note("Linux at its init", hypervisor, bench.linux_init(hypervisor))
        if bench.wants("cost"):
            for figure, value in bench.costs(hypervisor).items():
                note(figure, hypervisor, value)
    return table


def shown(figure, value):
    if value is None:
        return "-"
    return f"{value:.0f}" if figure in EXITS or abs(value) < 10000 else f"{value / 1e6:.3f} M"


EXITS = set(COSTS.values()) | set(LATENCIES.values())


def print_table(table, names):
    header = ["instructions", *names, "Xen / Bulkhead", "target", ""]
    rows = [header]
    missed = []
    for figure, values in table.items():
        ours, xen, target = values.get("Bulkhead"), values.get("Xen 4.17"), TARGETS.get(figure)
        scaled = None if ours is None else ours if figure in EXITS else ours / 1e6
        verdict = "" if target is None or scaled is None else "ok" if scaled <= target else "MISSED"
        if verdict == "MISSED":
            missed.append(figure)
        ratio = f"{xen / ours:.1f}" if xen is not None and ours is not None and ours > 1000 or xen and ours and figure in EXITS else "-"
        unit = "" if figure in EXITS else " M"
        rows.append([figure, *[shown(figure, values.get(name)) for name in names], ratio,
                     "" if target is None else f"<= {target}{unit}", verdict])
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    for row in rows:
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))))
    return missed


def write_csv(path, table):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["figure", "hypervisor", "instructions"])
        for figure, values in table.items():
            for name, value in values.items():
                writer.writerow([figure, name, f"{value:.0f}"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--csv", help="also write the figures to this file")
    parser.add_argument("--only", default="boot,linux,cost", help="which of boot,linux,cost")
    parser.add_argument("--no-xen", action="store_true", help="Bulkhead and the bare machine only")
    parser.add_argument("--check", action="store_true", help="exit with 1 where Bulkhead misses a target")
    parser.add_argument("--host", default=os.path.join(ROOT, "build/host"), help="build of preset host")
    parser.add_argument("--aarch64", default=os.path.join(ROOT, "build/aarch64"), help="build of preset aarch64")
    parser.add_argument("--verbose", action="store_true", help="show QEMU's command lines")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bulkhead-bench-") as directory:
        bench = Bench(options, directory)
        bench.wants = lambda part: part in options.only.split(",")
        table = collect(bench)
    missed = print_table(table, [h.name for h in bench.hypervisors] + [BARE.name])
    if options.csv:
        write_csv(options.csv, table)
    for figure in missed:
        print(f"missed: {figure}", file=sys.stderr)
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
