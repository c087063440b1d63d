#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What every way out of a guest and every stage of a boot costs, exactly, against what it may cost.

    bench/budgets.py [GROUP...]             measures; exits with 1 where a figure is not its budget's
    bench/budgets.py --update [GROUP...]    measures, and writes the figures into bench/results and docs/performance.md
    bench/budgets.py --docs [--check]       writes docs/performance.md's tables, or says where they are not current
    bench/budgets.py --list                 the groups

Under QEMU's -icount a figure is the same on every machine and in every run. One that grew by more than the tolerance is printed
with the functions whose instructions it is. One that shrank must have its budget lowered in the same commit: run --update.
Needs the presets host and aarch64.
"""
import argparse
import os
import sys
import tempfile

import page
from lab import ROOT, Lab
from measure import GROUPS
from store import BUDGETS, FUNCTIONS, read_figures, write_figures

# Of a figure: relative, absolute. The exact figures move a little with what the compiler makes of code that nobody touched.
TOLERANCE = (0.01, 3)
LINUX_TOLERANCE = (0.05, 0)  # Debian's kernel is another one from time to time
BYTES_TOLERANCE = (0.02, 4096)
LINES_TOLERANCE = (0.2, 6)  # which functions share a line is the linker's choice
TABLE_ROWS = 16


def tolerance(group, column):
    if column in ("code", "data"):
        return LINES_TOLERANCE
    return {"linux": LINUX_TOLERANCE, "memory": BYTES_TOLERANCE}.get(group, TOLERANCE)


def allowed(group, column, budget):
    relative, absolute = tolerance(group, column)
    return max(absolute, int(budget * relative))


def breaches(group, budget, found):
    """Yields (column, budget, found) of what is out of tolerance."""
    for column in ("median", "worst", "code", "data"):
        limit, value = getattr(budget, column), getattr(found, column)
        if (limit is None) != (value is None) or limit is not None and abs(value - limit) > allowed(group, column, limit):
            yield column, limit, value


def function_table(before, now, heading="budget"):
    """Lines: where the instructions went, the largest differences first."""
    names = sorted(before.keys() | now.keys(), key=lambda name: (-abs(now.get(name, 0) - before.get(name, 0)), -now.get(name, 0)))
    names = [name for name in names if now.get(name, 0) != before.get(name, 0)] or names
    yield f"      {'function':<32}{heading:>10}{'now':>10}{'':>10}"
    for name in names[:TABLE_ROWS]:
        yield f"      {name:<32}{before.get(name, 0):>10}{now.get(name, 0):>10}{now.get(name, 0) - before.get(name, 0):>+10}"
    rest = sum(now.get(name, 0) - before.get(name, 0) for name in names[TABLE_ROWS:])
    if len(names) > TABLE_ROWS:
        yield f"      {'others':<32}{'':>20}{rest:>+10}"


def report(key, budget, found):
    """Lines about one figure; none where it is what it should be."""
    group, figure, configuration = key
    name = f"{figure} {configuration}"
    if budget is None:
        yield f"new      {name}: {found.median}: has no budget"
        return
    if found is None:
        yield f"MISSING  {name}: was not measured, budget {budget.median}"
        return
    columns = list(breaches(group, budget, found))
    for column, limit, value in columns:
        if limit is None or value is None:
            yield f"CHANGED  {name}: {column} {value}, budget {limit}"
        elif value < limit:
            yield f"cheaper  {name}: {column} {value}, budget {limit} ({value - limit:+d}): lower it in the same commit"
        else:
            yield f"DEARER   {name}: {column} {value}, budget {limit} ({value - limit:+d}, {100 * (value - limit) / max(limit, 1):+.1f} %)"
            if column == "median" and (budget.functions or found.functions):
                yield from function_table(budget.functions, found.functions)
            elif column == "worst" and columns[0][0] == "worst":  # else the median's table says it
                yield from function_table(found.functions, found.most, "median")


def compare(budgets, found):
    """@return the report's lines: figures that are not their budget's, by group, figure and configuration."""
    return [line for key in list(budgets) + [key for key in found if key not in budgets]
            for line in report(key, budgets.get(key), found.get(key))]


def measured(options):
    with tempfile.TemporaryDirectory(prefix="bulkhead-budgets-") as directory:
        lab = Lab(options, directory)
        return {(group, figure, configuration): value for group in options.groups
                for figure, configuration, value in GROUPS[group](lab)}


def show(found):
    for (_, figure, configuration), value in found.items():
        worst = "" if value.worst in (None, value.median) else f"   worst {value.worst}"
        lines = "" if value.code is None else f"   lines {value.code} + {value.data}"
        print(f"{figure:<22}{configuration:<10}{value.median:>12}{lines}{worst}")


def update(budgets, found, groups):
    kept = {key: value for key, value in budgets.items() if key[0] not in groups}
    merged = {**kept, **found}
    order = list(GROUPS)
    write_figures({key: merged[key] for key in sorted(merged, key=lambda key: order.index(key[0]))})
    page.write()


def check(budgets, found, groups):
    lines = compare({key: value for key, value in budgets.items() if key[0] in groups}, found)
    for line in lines:
        print(line)
    if lines:
        print(f"\n{BUDGETS} is not what was measured. Where that is meant: bench/budgets.py --update, and say in the commit what "
              "became dearer and why.")
    return 1 if lines else 0


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)} (all)")
    parser.add_argument("--update", action="store_true", help="the figures become the budgets")
    parser.add_argument("--docs", action="store_true", help="write docs/performance.md's tables")
    parser.add_argument("--check", action="store_true", help="with --docs: only say whether they are current")
    parser.add_argument("--list", action="store_true", help="print the groups")
    parser.add_argument("--host", default=os.path.join(ROOT, "build/host"), help="build of preset host")
    parser.add_argument("--aarch64", default=os.path.join(ROOT, "build/aarch64"), help="build of preset aarch64")
    parser.add_argument("--verbose", action="store_true", help="show QEMU's command lines")
    options = parser.parse_args()
    for group in options.groups:
        if group not in GROUPS:
            parser.error(f"no such group: {group}; there are {', '.join(GROUPS)}")
    options.groups = options.groups or list(GROUPS)
    return options


def main():
    options = parse_options()
    if options.list:
        print("\n".join(GROUPS))
        return 0
    if options.docs:
        return page.check() if options.check else page.write()
    budgets = read_figures()
    found = measured(options)
    show(found)
    if options.update:
        update(budgets, found, options.groups)
        return 0
    return check(budgets, found, options.groups)


if __name__ == "__main__":
    sys.exit(main())
