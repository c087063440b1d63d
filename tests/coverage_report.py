#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints coverage by folder, and what is not covered, from lcov tracefiles.

    tests/coverage_report.py SOURCE MINIMUM NAME=TRACEFILE...

The first tracefile is the one whose uncovered lines are listed; it fails below MINIMUM percent of its lines.
"""
import collections
import sys


class Coverage:
    """One tracefile, by folder: (hit, total) of lines and branches."""

    def __init__(self, path, prefix):
        self.lines, self.branches = {}, {}
        self.uncovered = collections.defaultdict(list)
        for record in open(path):
            kind, _, rest = record.strip().partition(":")
            if kind == "SF":
                name = rest.removeprefix(prefix)
                folder = name.rsplit("/", 1)[0]
            elif kind == "DA":
                number, count = rest.split(",")[:2]
                self.add(self.lines, folder, int(count) > 0)
                if int(count) == 0:
                    self.uncovered[name].append(int(number))
            elif kind == "BRDA":
                self.add(self.branches, folder, rest.split(",")[3] not in ("-", "0"))

    @staticmethod
    def add(table, folder, hit):
        hits, total = table.get(folder, (0, 0))
        table[folder] = (hits + hit, total + 1)

    def total(self, table):
        return tuple(sum(value[i] for value in table.values()) for i in (0, 1))


def ranges(numbers):
    out, start, last = [], None, None
    for number in numbers + [None]:
        if last is not None and number is not None and number <= last + 1:
            last = number
            continue
        if last is not None:
            out.append(str(start) if start == last else f"{start}-{last}")
        start = last = number
    return ",".join(out)


def percent(pair):
    return 100.0 * pair[0] / pair[1] if pair[1] else 100.0


def print_table(name, coverage):
    print(f"\n{name:<24}{'lines':>16}{'branches':>20}")

    def row(label, line, branch):
        print(f"{label:<24}{line[0]:>6}/{line[1]:<5}{percent(line):5.1f} %{branch[0]:>7}/{branch[1]:<5}{percent(branch):5.1f} %")

    for folder in sorted(coverage.lines):
        row(folder, coverage.lines[folder], coverage.branches.get(folder, (0, 0)))
    row("all", coverage.total(coverage.lines), coverage.total(coverage.branches))


def main():
    source, minimum, files = sys.argv[1].rstrip("/") + "/", float(sys.argv[2]), [item.split("=", 1) for item in sys.argv[3:]]
    coverages = [(name, Coverage(path, source)) for name, path in files]
    print("\nnot covered by the", coverages[0][0] + ":")
    for name, numbers in sorted(coverages[0][1].uncovered.items()):
        print(f"  {name}: {ranges(sorted(numbers))}")
    for name, coverage in coverages:
        print_table(name, coverage)
    if percent(coverages[0][1].total(coverages[0][1].lines)) < minimum:
        sys.exit(f"line coverage of core/ by the {coverages[0][0]} is below {minimum:.0f} %")


if __name__ == "__main__":
    main()
