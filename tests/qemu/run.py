#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one system test on QEMU.

    tests/qemu/run.py CASE [--aarch64 DIR] [--early DIR] [--safety DIR] [--part FILE] [--bulkhead FILE] [--deps DIR] [--work DIR]
    tests/qemu/run.py --list            names and time limits, one a line

ctest runs each case in a process of its own. What a case leaves behind (device trees, consoles) stays in its directory below
--work; the QEMU command line is printed, to run it again by hand.
"""
import argparse
import importlib
import os
import pkgutil
import sys
import time

import pexpect

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import cases  # noqa: E402
import lab  # noqa: E402


def load_cases():
    for module in pkgutil.iter_modules(cases.__path__):
        importlib.import_module(f"cases.{module.name}")


def run(selected, options):
    directory = os.path.join(os.path.realpath(options.work), selected.name)
    started = time.monotonic()
    bench = None
    try:
        bench = lab.Lab(options, directory)
        selected.run(bench)
        bench.close()
    except (lab.Failure, pexpect.ExceptionPexpect) as error:
        reason = str(error).split("\n")[0] if isinstance(error, lab.Failure) else f"{type(error).__name__}: waited for " \
            + "; ".join(line for line in str(error).split("\n") if "searcher" in line or ": re.compile" in line)
        for name, tail in bench.tails() if bench is not None else ():
            print(f"---- end of {name}", *tail, "----", sep="\n")
        print(f"FAILED: {selected.name}: {reason}")
        return 1
    print(f"passed: {selected.name}, {time.monotonic() - started:.1f} s")
    return 0


def main():
    build = os.path.join(lab.ROOT, "build")
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("case", nargs="?")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--aarch64", default=os.path.join(build, "aarch64"))
    parser.add_argument("--safety", default=os.path.join(build, "aarch64-safety"), help="build of preset aarch64-safety")
    parser.add_argument("--early", default=os.path.join(build, "host", "tests", "qemu", "early"), help="a build with an early console")
    parser.add_argument("--part", default=os.path.join(build, "host", "tests", "qemu", "with-part", "bulkhead"),
                        help="an image with the example part of docs/parts.md")
    parser.add_argument("--bulkhead", default=os.path.join(build, "host", "bulkhead"))
    parser.add_argument("--deps", default=os.path.join(build, "deps"))
    parser.add_argument("--work", default=os.path.join(build, "host", "qemu"))
    options = parser.parse_args()
    load_cases()
    if options.list:
        for item in sorted(lab.CASES.values()):
            print(item.name, item.timeout)
        return 0
    if options.case not in lab.CASES:
        parser.error(f"no such case: {options.case}; see --list")
    return run(lab.CASES[options.case], options)


if __name__ == "__main__":
    sys.exit(main())
