#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Coverage of the hypervisor at EL2: runs the system tests with an image that counts, and merges what each run left.

    tests/qemu/coverage.py --aarch64 DIR --out FILE [--jobs N] [CASE...]

DIR is a build of preset aarch64 with -DBULKHEAD_COVERAGE=ON. FILE becomes an lcov tracefile. Without CASE all cases run but those
that need another image. A run that is ended from outside leaves nothing; a case that fails is reported and counts as far as it came.
"""
import argparse
import collections
import concurrent.futures
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
OTHER_IMAGES = ("backend-", "early-", "part", "safety-")
GCOV = "aarch64-linux-gnu-gcov"


def list_cases():
    out = subprocess.run([sys.executable, "-B", f"{HERE}/run.py", "--list"], check=True, stdout=subprocess.PIPE, text=True, timeout=60)
    cases = [line.split() for line in out.stdout.splitlines()]
    return {name: int(limit) for name, limit in cases if not name.startswith(OTHER_IMAGES)}


def run_case(name, limit, options, folder):
    environment = dict(os.environ, BULKHEAD_COVERAGE_FOLDER=os.path.join(folder, "runs"))
    command = [sys.executable, "-B", f"{HERE}/run.py", name, "--aarch64", options.aarch64, "--bulkhead", options.bulkhead,
               "--work", os.path.join(folder, "work")]
    try:
        result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=2 * limit)
    except subprocess.TimeoutExpired:
        return name, "took too long"
    return name, None if result.returncode == 0 else result.stdout.strip().splitlines()[-1]


def split_dumps(folder):
    """FOLDER/<run>/<ticks>#<path> -> one folder a dump, with file names that are the same in each. Returns the folders."""
    dumps = collections.defaultdict(list)
    for run in sorted(os.listdir(os.path.join(folder, "runs"))):
        for name in os.listdir(os.path.join(folder, "runs", run)):
            ticks, mangled = name.split("#", 1)
            dumps[run, ticks].append(mangled)
    for (run, ticks), names in sorted(dumps.items()):
        path = os.path.join(folder, "dumps", f"{run}-{ticks}")
        os.makedirs(path)
        for mangled in names:
            shutil.move(os.path.join(folder, "runs", run, f"{ticks}#{mangled}"), os.path.join(path, mangled))
        yield path


def merge(dumps, folder):
    """Adds all counters up. Returns the folder of the sum."""
    total = None
    for index, dump in enumerate(dumps):
        if total is None:
            total = dump
            continue
        out = os.path.join(folder, f"sum{index}")
        subprocess.run([f"{GCOV}-tool", "merge", total, dump, "-o", out], check=True, timeout=60, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        shutil.rmtree(total)
        shutil.rmtree(dump)
        total = out
    return total


def capture(total, aarch64, out):
    for mangled in os.listdir(total):
        shutil.move(os.path.join(total, mangled), "/" + mangled.replace("#", "/"))
    os.rmdir(total)  # empty: lcov looks for counters in all of the build
    subprocess.run(["lcov", "--quiet", "--rc", "lcov_branch_coverage=1", "--gcov-tool", GCOV, "--capture", "--directory", aarch64,
                    "--output-file", out], check=True, timeout=600)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--aarch64", required=True, help="build with BULKHEAD_COVERAGE")
    parser.add_argument("--out", required=True, help="lcov tracefile to write")
    parser.add_argument("--bulkhead", default=os.path.join(HERE, "../../build/host/bulkhead"), help="the host command")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("cases", nargs="*", metavar="CASE")
    options = parser.parse_args()
    aarch64 = os.path.realpath(options.aarch64)
    folder = os.path.join(aarch64, "coverage")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "runs"))
    limits = list_cases()
    cases = options.cases or sorted(limits)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name, problem in pool.map(lambda name: run_case(name, limits[name], options, folder), cases):
            print(f"{name}: {problem or 'passed'}", flush=True)
    total = merge(split_dumps(folder), folder)
    if total is None:
        sys.exit("no run left counters: is this a build with BULKHEAD_COVERAGE?")
    capture(total, aarch64, options.out)


if __name__ == "__main__":
    main()
