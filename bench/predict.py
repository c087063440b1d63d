#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The boot times that the simulator predicts beside those that QEMU measures, for ten systems.

    bench/predict.py [--host FOLDER] [--aarch64 FOLDER] [--limit PERCENT]

Measured: instructions from reset to the first instruction of the last domain, under QEMU's -icount with one CPU. Predicted: what
`bulkhead sim --platform qemu-virt` says about the same device tree and modules, a nanosecond an instruction. Exits with 1 where a
prediction is further off than the limit (15). Both figures are the same in every run; the prediction depends on the host's
compiler, which lays out the basic blocks that are counted.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

import qemu_boot
from qemu_boot import MARK_FIRST, MIB, ROOT, make_system

NOTHING_MORE_THAN_ONE_CPU = dict(cpus=1, seeds=False)


def systems(bench):
    """Yields (name, domains, options of make_system.System)."""
    first = bench.padded_guest(64 << 10)  # the simulator's own programs need a page

    def domains(count, kernel=first, **options):
        return [make_system.Domain(f"domU{i + 1}", kernel, **options) for i in range(count)]

    def file(name, size):
        path = os.path.join(bench.directory, name)
        with open(path, "wb") as out:
            out.write(bytes(range(256)) * (size // 256))
        return path

    yield "1 domain", domains(1), {}
    yield "2 domains", domains(2), {}
    yield "4 domains", domains(4), {}
    yield "8 domains", domains(8), {}
    yield "1 domain of 1 GiB, host of 8 GiB", domains(1, memory=1024), {"memory": 8192}
    yield "1 domain, kernel of 8 MiB", domains(1, bench.padded_guest(8 * MIB)), {}
    yield "1 domain, kernel of 32 MiB", domains(1, bench.padded_guest(32 * MIB)), {}
    yield "2 domains, ramdisk of 6 MiB each", domains(2, ramdisk=file("ramdisk", 6 * MIB), bootargs="console=ttyAMA0"), {}
    yield "3 domains, kernels of 8 MiB, ramdisks of 1 MiB", \
        domains(3, bench.padded_guest(8 * MIB), ramdisk=file("small", MIB), memory=64), {}
    nodes = "\n".join(f"/ {{ bus@{i:x}0000000 {{ #address-cells = <2>; #size-cells = <2>; ranges; compatible = \"simple-bus\"; "
                      f"device@{i:x}1000000 {{ compatible = \"acme,sensor\"; reg = <0 0x{i:x}1000000 0 0x1000>; "
                      f"interrupts = <0 {40 + i} 4>; status = \"okay\"; }}; }}; }};" for i in range(1, 4))
    yield "1 domain, tree with more devices", domains(1), {"extra_dts": nodes}


def measured(bench, system, count):
    system.write(os.path.join(bench.directory, "system"))
    return bench.marks(system.qemu_arguments(bench.hypervisors[0].image), MARK_FIRST, count)[-1][1]


def predicted(bench, system):
    command = [os.path.join(bench.options.host, "bulkhead"), "sim", "--quiet", "--platform", "qemu-virt", "--program", "off",
               "--milliseconds", "1000", *system.host_arguments(), system.path("system.dtb")]
    out = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=120).stderr
    times = re.findall(r"first instruction after ([0-9]+)\.([0-9]{3}) us", out)
    if len(times) != len(system.domains):
        sys.exit(f"predict.py: {' '.join(command)}\n{out}")
    return max(int(us) * 1000 + int(ns) for us, ns in times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--host", default=os.path.join(ROOT, "build/host"), help="build of preset host")
    parser.add_argument("--aarch64", default=os.path.join(ROOT, "build/aarch64"), help="build of preset aarch64")
    parser.add_argument("--limit", type=float, default=15, help="largest error in percent that is accepted")
    options = parser.parse_args()
    options.no_xen, options.verbose = True, False
    worst = 0
    print(f"{'system':<48}{'measured':>12}{'predicted':>12}{'error':>9}")
    with tempfile.TemporaryDirectory(prefix="bulkhead-predict-") as directory:
        bench = qemu_boot.Bench(options, directory)
        for name, domains, how in systems(bench):
            system = make_system.System(domains, **NOTHING_MORE_THAN_ONE_CPU, **how)
            real = measured(bench, system, len(domains))
            guess = predicted(bench, system)
            error = 100 * (guess - real) / real
            worst = max(worst, abs(error))
            print(f"{name:<48}{real:>12}{guess:>12}{error:>+8.1f} %", flush=True)
    print(f"largest error {worst:.1f} %, accepted {options.limit:g} %")
    return 1 if worst > options.limit else 0


if __name__ == "__main__":
    sys.exit(main())
