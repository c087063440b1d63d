#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The boot times that the simulator predicts beside those that QEMU measures, for ten systems.

    bench/predict.py [--update] [--host FOLDER] [--aarch64 FOLDER] [--limit PERCENT]

Measured: instructions from reset to the first instruction of the last domain, under QEMU's -icount with one CPU. Predicted: what
`bulkhead sim --platform qemu-virt` says about the same device tree and modules, a nanosecond an instruction. Exits with 1 where a
prediction is further off than the limit (15), or where the table in docs/performance.md is not current: --update writes it. Both
figures are the same in every run; the prediction depends on the host's compiler, which lays out the basic blocks that are counted.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

import page
from lab import MARK_FIRST, MIB, ROOT, Domain, Lab, System
from store import PREDICTIONS, rows, write_rows

CURRENT = 3  # percent that a measured time, and percentage points that an error may be from what the page says
COLUMNS = ("system", "measured", "predicted")
NOTHING_MORE_THAN_ONE_CPU = dict(cpus=1, seeds=False)


def systems(lab):
    """Yields (name, domains, options of System)."""
    first = lab.padded_guest(64 << 10)  # the simulator's own programs need a page

    def domains(count, kernel=first, **options):
        return [Domain(f"domU{i + 1}", kernel, **options) for i in range(count)]

    def file(name, size):
        path = os.path.join(lab.directory, name)
        with open(path, "wb") as out:
            out.write(bytes(range(256)) * (size // 256))
        return path

    yield "1 domain", domains(1), {}
    yield "2 domains", domains(2), {}
    yield "4 domains", domains(4), {}
    yield "8 domains", domains(8), {}
    yield "1 domain of 1 GiB, host of 8 GiB", domains(1, memory=1024), {"memory": 8192}
    yield "1 domain, kernel of 8 MiB", domains(1, lab.padded_guest(8 * MIB)), {}
    yield "1 domain, kernel of 32 MiB", domains(1, lab.padded_guest(32 * MIB)), {}
    yield "2 domains, ramdisk of 6 MiB each", domains(2, ramdisk=file("ramdisk", 6 * MIB), bootargs="console=ttyAMA0"), {}
    yield "3 domains, kernels of 8 MiB, ramdisks of 1 MiB", \
        domains(3, lab.padded_guest(8 * MIB), ramdisk=file("small", MIB), memory=64), {}
    nodes = "\n".join(f"/ {{ bus@{i:x}0000000 {{ #address-cells = <2>; #size-cells = <2>; ranges; compatible = \"simple-bus\"; "
                      f"device@{i:x}1000000 {{ compatible = \"acme,sensor\"; reg = <0 0x{i:x}1000000 0 0x1000>; "
                      f"interrupts = <0 {40 + i} 4>; status = \"okay\"; }}; }}; }};" for i in range(1, 4))
    yield "1 domain, tree with more devices", domains(1), {"extra_dts": nodes}


def measured(lab, system, count):
    system.write(lab.path("system"))
    return lab.run(system.qemu_arguments(lab.image), MARK_FIRST, count).marks[MARK_FIRST][-1]


def predicted(lab, system):
    command = [lab.bulkhead, "sim", "--quiet", "--platform", "qemu-virt", "--program", "off", "--milliseconds", "1000",
               *system.host_arguments(), system.path("system.dtb")]
    out = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=120).stderr
    times = re.findall(r"first instruction after ([0-9]+)\.([0-9]{3}) us", out)
    if len(times) != len(system.domains):
        sys.exit(f"predict.py: {' '.join(command)}\n{out}")
    return max(int(us) * 1000 + int(ns) for us, ns in times)


def error(measured_time, predicted_time):
    return 100 * (predicted_time - measured_time) / measured_time


def collect(options):
    """@return [(system, measured, predicted)]"""
    table = []
    print(f"{'system':<48}{'measured':>12}{'predicted':>12}{'error':>9}")
    with tempfile.TemporaryDirectory(prefix="bulkhead-predict-") as directory:
        lab = Lab(options, directory)
        for name, domains, how in systems(lab):
            system = System(domains, **NOTHING_MORE_THAN_ONE_CPU, **how)
            table.append((name, measured(lab, system, len(domains)), predicted(lab, system)))
            print(f"{name:<48}{table[-1][1]:>12}{table[-1][2]:>12}{error(*table[-1][1:]):>+8.1f} %", flush=True)
    return table


def stale(table):
    """Lines that say where the page shows other figures than @table."""
    shown = {row["system"]: (int(row["measured"]), int(row["predicted"])) for row in rows(PREDICTIONS)}
    for name, *times in table:
        if name not in shown:
            yield f"{name}: not in {PREDICTIONS}"
        elif abs(times[0] - shown[name][0]) > shown[name][0] * CURRENT / 100 or abs(error(*times) - error(*shown[name])) > CURRENT:
            yield f"{name}: {PREDICTIONS} has {shown[name][0]} and {shown[name][1]}"
    for name in shown.keys() - {name for name, *_ in table}:
        yield f"{PREDICTIONS}: {name} was not measured"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--update", action="store_true", help="the figures go into bench/results and docs/performance.md")
    parser.add_argument("--host", default=os.path.join(ROOT, "build/host"), help="build of preset host")
    parser.add_argument("--aarch64", default=os.path.join(ROOT, "build/aarch64"), help="build of preset aarch64")
    parser.add_argument("--limit", type=float, default=15, help="largest error in percent that is accepted")
    options = parser.parse_args()
    options.verbose = False
    table = collect(options)
    worst = max(abs(error(*times)) for _, *times in table)
    print(f"largest error {worst:.1f} %, accepted {options.limit:g} %")
    if options.update:
        write_rows(PREDICTIONS, "Written by bench/predict.py --update.", COLUMNS, table)
        return page.write()
    changed = list(stale(table))
    for line in changed:
        print(line)
    if changed:
        print("run bench/predict.py --update")
    return 1 if changed or worst > options.limit else 0


if __name__ == "__main__":
    sys.exit(main())
