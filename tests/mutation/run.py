#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that the tests see bugs: puts each of mutations.txt into a copy of the tree, and demands that a test fails."""

import argparse
import concurrent.futures
import difflib
import os
import pathlib
import re
import shutil
import sys
import tempfile
import time

from lab import ROOT, Lab, LabError

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE / "mutations.txt"


class TableError(Exception):
    """The table of mutations is wrong, or does not fit the tree."""


class Mutation:
    def __init__(self, name, line):
        self.name = name
        self.line = line  # of the table, where it begins
        self.file = None
        self.breaks = None
        self.tests = []
        self.original = []
        self.replacement = []

    def complain(self, message):
        raise TableError(f"tests/mutation/{TABLE.name}:{self.line}: [{self.name}] {message}")

    def check(self):
        if not self.file or not self.breaks:
            self.complain("file and breaks must be given")
        if not self.original:
            self.complain("there is no original text (lines that begin with '-')")
        if self.original == self.replacement:
            self.complain("the replacement is the original")

    def apply(self, text):
        """The file's text with the bug in it. The original text must be there exactly once."""
        original = "\n".join(self.original)
        count = text.count(original)
        if count == 0:
            self.complain(f"{self.file} has no such text any more: {original.strip()!r}. If the code was changed, change the '-' and '+' lines with it; "
                          f"if what it breaks cannot break any more, take the entry out, and its row in README.md. Nearest: {self.nearest(text)}")
        if count > 1:
            self.complain(f"{self.file} has this text {count} times, must be once: {original.strip()!r}. Add a line before or behind it, in '-' and '+'")
        return text.replace(original, "\n".join(self.replacement))

    def nearest(self, text):
        """Where in the file the original text may have gone."""
        wanted = max((line.strip() for line in self.original), key=len)
        lines = text.split("\n")
        best = max(range(len(lines)), key=lambda number: difflib.SequenceMatcher(None, lines[number].strip(), wanted).ratio())
        return f"{self.file}:{best + 1}: {lines[best].strip()}"


def read_line(mutation, line, where):
    if line.startswith("-"):
        if mutation.replacement:
            raise TableError(f"{where}: '-' after '+'")
        mutation.original.append(line[1:])
    elif line.startswith("+"):
        mutation.replacement.append(line[1:])
    else:
        word, _, rest = line.partition(" ")
        if word == "file":
            mutation.file = rest.strip()
        elif word == "breaks":
            mutation.breaks = rest.strip()
        elif word == "tests":
            mutation.tests = rest.split()
        else:
            raise TableError(f"{where}: not understood: {line}")


def read_table(path):
    mutations = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        where = f"tests/mutation/{path.name}:{number}"
        header = re.fullmatch(r"\[([a-z0-9-]+)\]", line)
        if header:
            if any(header[1] == other.name for other in mutations):
                raise TableError(f"{where}: a second [{header[1]}]")
            mutations.append(Mutation(header[1], number))
        elif mutations and line and not line.startswith("#"):
            read_line(mutations[-1], line, where)
        elif line and not line.startswith("#"):
            raise TableError(f"{where}: text before the first [id]")
    for mutation in mutations:
        mutation.check()
    return mutations


def check_table(mutations, root):
    """Whether each mutation still fits the tree. @return the complaints"""
    complaints = []
    for mutation in mutations:
        try:
            path = root / mutation.file
            if not path.is_file():
                mutation.complain(f"there is no {mutation.file}: where its code was moved to, change the line 'file'")
            mutation.apply(path.read_text(encoding="utf-8"))
        except TableError as error:
            complaints.append(str(error))
    return complaints


def try_out(lab, mutation, folder):
    """@return by which test the mutation is found; None: by none"""
    unknown = set(mutation.tests) - {test.name for test in lab.tests}
    if unknown:
        mutation.complain(f"there is no test {', '.join(sorted(unknown))}")
    first = [test for name in mutation.tests for test in lab.tests if test.name == name]
    tests = first + [test for test in lab.tests if test not in first]
    path = lab.source / mutation.file
    text = mutation.apply(path.read_text(encoding="utf-8"))
    if mutation.file not in lab.objects:
        return try_in_copy(lab, path, text, tests)
    changed = lab.compile(mutation.file, text, folder)
    if changed is None:
        mutation.complain("does not compile")
    lab.link(folder, {mutation.file: changed})
    return lab.first_failure(tests, folder)


def try_in_copy(lab, path, text, tests):
    """A file that others include: what depends on it is built again, and again without the mutation."""
    original = path.read_text(encoding="utf-8")
    try:
        path.write_text(text, encoding="utf-8")
        lab.refresh()
        return lab.first_failure(tests, lab.build)
    finally:
        path.write_text(original, encoding="utf-8")
        lab.refresh()


def show(mutation, result, seconds):
    print(f"{mutation.name:<34} {result:<72} {seconds:6.1f}", flush=True)


def run_one(lab, mutation):
    """@return whether it was caught"""
    start = time.monotonic()
    folder = lab.directory / "mutants" / mutation.name
    try:
        result = try_out(lab, mutation, folder) or "SURVIVED"
    except (TableError, LabError) as error:
        result = f"ERROR {error}"
    shutil.rmtree(folder, ignore_errors=True)
    show(mutation, result, time.monotonic() - start)
    return result != "SURVIVED" and not result.startswith("ERROR")


def run_all(lab, mutations):
    """Those of core's .c files side by side, then the others. @return the names of those that were not caught"""
    alone = [mutation for mutation in mutations if mutation.file not in lab.objects]
    beside = [mutation for mutation in mutations if mutation not in alone]
    with concurrent.futures.ThreadPoolExecutor(lab.jobs) as pool:
        caught = list(pool.map(lambda mutation: run_one(lab, mutation), beside))
    caught += [run_one(lab, mutation) for mutation in alone]
    return [mutation.name for mutation, was in zip(beside + alone, caught) if not was]


def run(directory, options, mutations):
    lab = Lab(directory, options.jobs, options.sanitize)
    start = time.monotonic()
    lab.prepare()
    failed = lab.baseline()
    if failed:
        print("\n".join(failed), file=sys.stderr)
        return 2
    lab.write_timings()
    print(f"{len(lab.tests)} test executables pass without a mutation ({time.monotonic() - start:.0f} s with the build)")
    print(f"{'mutation':<34} {'caught by':<72} {'s':>6}")
    missed = run_all(lab, mutations)
    print(f"{len(mutations)} mutations, {len(mutations) - len(missed)} caught, {len(missed)} not"
          + (": " + " ".join(missed) if missed else ""))
    return 1 if missed else 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="list the mutations and what each of them breaks")
    parser.add_argument("--check", action="store_true", help="only check that each mutation fits the tree")
    parser.add_argument("--only", metavar="ID", action="append", default=[], help="this one only; may be repeated")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="mutations at a time")
    parser.add_argument("--sanitize", action="store_true", help="build with ASan and UBSan, which is slower")
    parser.add_argument("--work", metavar="DIR", type=pathlib.Path,
                        help="keep the copy and its build there, for the next run; else they are temporary")
    return parser.parse_args()


def main():
    options = arguments()
    mutations = read_table(TABLE)
    unknown = set(options.only) - {mutation.name for mutation in mutations}
    if unknown:
        raise TableError(f"there is no mutation {', '.join(sorted(unknown))}")
    if options.only:
        mutations = [mutation for mutation in mutations if mutation.name in options.only]
    if options.list:
        for mutation in mutations:
            print(f"{mutation.name:<34} {mutation.file:<32} {mutation.breaks}")
        return 0
    complaints = check_table(mutations, ROOT)
    if complaints or options.check:
        print("\n".join(complaints) or f"{len(mutations)} mutations fit the tree",
              file=sys.stderr if complaints else sys.stdout)
        return 1 if complaints else 0
    if options.work:
        return run(options.work.resolve(), options, mutations)
    with tempfile.TemporaryDirectory(prefix="bulkhead-mutation-") as directory:
        return run(pathlib.Path(directory), options, mutations)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except TableError as error:
        sys.exit(str(error))
    except LabError as error:
        sys.exit(str(error))
