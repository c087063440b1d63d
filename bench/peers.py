#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same guests on Debian's Xen and on the bare machine; run by hand, for the other columns of docs/performance.md.

    tools/setup.sh --bench && bench/peers.py

Writes bench/results/peers.csv and the page. Xen has its fastest options; where two vCPUs share a CPU, those of its scheduler that
allow that. Two CPUs do not take turns by the count of instructions with Xen, which spins without a hint: the plugin counts as exactly
there, but not every run is the same.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import measure
import page
from lab import LINUX_ARGUMENTS, MARK_INIT, ROOT, Lab, System
from store import PEERS, write_rows

XEN = os.path.join(ROOT, "build/deps/arm64/boot/xen-4.17-arm64")
XEN_CODE = "200000 400000\n200000 xen\n"  # virtual, once it runs; no names in Debian's file
FAST = "console=none bootscrub=0 loglvl=none guest_loglvl=none"
ALONE = FAST + " vwfi=native sched=null"  # each vCPU on a CPU of its own
# Functions of Bulkhead's. Of a run that is not exact, medians only.
LEFT_OUT = ("linux-copying", "linux-zeroing")
COLUMNS = ("peer", "figure", "configuration", "median", "worst", "code", "data")


class XenLab(Lab):
    """Boots Xen where Lab boots Bulkhead."""

    def __init__(self, options, directory):
        super().__init__(options, directory)
        if not os.path.exists(XEN):
            sys.exit(f"{XEN} is missing: run tools/setup.sh --bench")
        with open(self.symbols, "w", encoding="utf-8") as file:
            file.write(XEN_CODE)

    def boot(self, domains, until, times=1, **machine):
        cpus = machine.get("cpus", 1)
        options = ALONE if sum(domain.cpus for domain in domains) <= cpus else FAST
        system = System(domains, **{"cpus": 1, "seeds": False, "hypervisor_args": options, **machine}).write(self.path("system"))
        return self.run(system.qemu_arguments(XEN), until, times, exact=cpus == 1)


def bare_linux(lab):
    """Linux at its init on a machine without a hypervisor."""
    domain = lab.linux_domain()
    for gic in measure.GICS:
        arguments = ["-M", f"virt,gic-version={gic}", "-cpu", "cortex-a57", "-m", str(domain.memory), "-smp", "1", "-display", "none",
                     "-monitor", "none", "-nic", "none", "-kernel", domain.kernel, "-initrd", domain.ramdisk, "-append", LINUX_ARGUMENTS]
        yield "linux-init", f"v{gic}", measure.single(lab.run(arguments, MARK_INIT).marks[MARK_INIT][-1])


def figures(options, directory):
    xen = XenLab(options, directory)
    for group in (measure.exits, measure.switch, measure.boot, measure.linux):
        try:
            for figure, configuration, value in group(xen):
                exact = not configuration.endswith("-2")
                if figure not in LEFT_OUT and (exact or figure != "longest-stay"):
                    yield "xen", (figure, configuration, value if exact else value._replace(worst=None))
        except subprocess.TimeoutExpired:
            print(f"{group.__name__}: Xen does not come to the end", file=sys.stderr)
    for figure in bare_linux(Lab(options, directory)):
        yield "bare", figure


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--host", default=os.path.join(ROOT, "build/host"), help="build of preset host")
    parser.add_argument("--aarch64", default=os.path.join(ROOT, "build/aarch64"), help="build of preset aarch64")
    parser.add_argument("--verbose", action="store_true", help="show QEMU's command lines")
    options = parser.parse_args()
    lines = []
    with tempfile.TemporaryDirectory(prefix="bulkhead-peers-") as directory:
        for peer, (figure, configuration, value) in figures(options, directory):
            lines.append([peer, figure, configuration, *("" if column is None else column for column in value[:4])])
            print(*lines[-1], flush=True)
    write_rows(PEERS, "Written by bench/peers.py. xen: Debian's Xen 4.17; bare: no hypervisor.", COLUMNS, lines)
    return page.write()


if __name__ == "__main__":
    sys.exit(main())
