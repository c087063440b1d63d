#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that the tests see bugs: puts each of mutations.txt into a copy of the tree, and demands that a test fails."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TABLE = HERE / "mutations.txt"

TIME_LIMIT_MIN = 40  # seconds that any test may take
TIME_LIMIT_FACTOR = 10  # or so many times what it takes without a mutation
CHECK_TIMEOUT = 30  # seconds for one test case of an executable: a mutation may make it run for ever
CHECK_FAILURE = re.compile(r"^[^\n]*?:[FE]:[^:\n]*:([^:\n]+):-?\d+: ?([^\n]*)", re.MULTILINE)


class TableError(Exception):
    """The table of mutations is wrong, or does not fit the tree."""


class Mutation:
    def __init__(self, name):
        self.name = name
        self.file = None
        self.breaks = None
        self.tests = []
        self.original = []
        self.replacement = []

    def complain(self, message):
        raise TableError(f"{self.name}: {message}")

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
        if count != 1:
            self.complain(f"its original text is {count} times in {self.file}, must be once: {original.strip()!r}")
        return text.replace(original, "\n".join(self.replacement))


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
        where = f"{path.name}:{number}"
        header = re.fullmatch(r"\[([a-z0-9-]+)\]", line)
        if header:
            if any(header[1] == other.name for other in mutations):
                raise TableError(f"{where}: a second [{header[1]}]")
            mutations.append(Mutation(header[1]))
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
                mutation.complain(f"there is no {mutation.file}")
            mutation.apply(path.read_text(encoding="utf-8"))
        except TableError as error:
            complaints.append(str(error))
    return complaints


def copy_tree(destination):
    """Tracked files as they are in the work tree, and no others; what is the same already keeps its time, for the build's sake."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    names = {name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()}
    for target in destination.rglob("*"):
        if target.is_file() and str(target.relative_to(destination)) not in names:
            target.unlink()
    for name in names:
        source, target = ROOT / name, destination / name
        if target.is_file() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        shutil.copymode(source, target)


class Test:
    def __init__(self, entry):
        self.name = entry["name"]
        self.command = entry["command"]
        properties = {item["name"]: item["value"] for item in entry.get("properties", [])}
        self.labels = properties.get("LABELS", [])
        self.directory = properties.get("WORKING_DIRECTORY")
        self.environment = dict(item.split("=", 1) for item in properties.get("ENVIRONMENT", []))
        self.seconds = 0.0
        self.process = None

    def run(self, limit):
        """@return None, or in what way it failed"""
        environment = {**os.environ, **self.environment, "CK_DEFAULT_TIMEOUT": str(CHECK_TIMEOUT)}
        with tempfile.TemporaryFile() as output:
            self.process = subprocess.Popen(self.command, cwd=self.directory, env=environment, stdout=output,
                                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
            try:
                status = self.process.wait(timeout=limit)
            except subprocess.TimeoutExpired:
                self.stop()
                return "does not end"
            output.seek(0)
            text = output.read().decode(errors="replace")
        if status == 0:
            return None
        failure = CHECK_FAILURE.search(text)
        if failure:
            return failure[1]
        return f"signal {-status}" if status < 0 else f"status {status}"

    def stop(self):
        """Check ends its children when it is asked to end; one that does not is killed."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is not None:
                return
            self.process.send_signal(number)
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                pass


class Lab:
    """A copy of the tree, and a build of it."""

    def __init__(self, directory, options):
        self.source = directory / "source"
        self.build = directory / "build"
        self.jobs = options.jobs
        self.sanitize = options.sanitize
        self.tests = []
        self.log = ""

    def prepare(self):
        self.source.mkdir(parents=True, exist_ok=True)
        copy_tree(self.source)
        flags = ["-DCMAKE_BUILD_TYPE=None", "-DCMAKE_C_FLAGS=-O1", "-DBULKHEAD_WERROR=OFF",
                 f"-DBULKHEAD_SANITIZE={'ON' if self.sanitize else 'OFF'}"]
        subprocess.run(["cmake", "-G", "Ninja", "-S", self.source, "-B", self.build, f"-DBULKHEAD_DEPS={ROOT / 'build' / 'deps'}", *flags], check=True,
                       stdout=subprocess.DEVNULL)
        if not self.make([]):
            raise TableError("the tree does not build:\n" + self.log)
        listing = subprocess.run(["ctest", "--show-only=json-v1"], cwd=self.build, check=True, capture_output=True)
        tests = [Test(entry) for entry in json.loads(listing.stdout)["tests"]]
        self.tests = [test for test in tests if "unit" in test.labels or "scenario" in test.labels]

    def make(self, targets):
        """@return whether it builds"""
        result = subprocess.run(["ninja", "-j", str(self.jobs), *targets], cwd=self.build, capture_output=True)
        self.log = result.stdout.decode(errors="replace")
        return result.returncode == 0

    def baseline(self):
        """Without a mutation every test passes. Sorts the tests, the fastest first."""
        failed = []
        for test in self.tests:
            start = time.monotonic()
            failure = test.run(600)
            test.seconds = time.monotonic() - start
            if failure is not None:
                failed.append(f"{test.name}: {failure}")
        self.tests.sort(key=lambda test: test.seconds)
        return failed

    def first_failure(self, tests):
        """Runs them, jobs at a time, until one fails. @return "test: how", or None"""
        found = []

        def run(test):
            if found:
                return
            failure = test.run(max(TIME_LIMIT_MIN, TIME_LIMIT_FACTOR * test.seconds))
            if failure is not None:
                found.append(f"{test.name}: {failure}")

        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            list(pool.map(run, tests))
        return found[0] if found else None

    def hunt(self, mutation):
        """@return by which test the mutation, which is in the copy, is found; None: by none"""
        unknown = set(mutation.tests) - {test.name for test in self.tests}
        if unknown:
            mutation.complain(f"there is no test {', '.join(sorted(unknown))}")
        first = [test for name in mutation.tests for test in self.tests if test.name == name]
        rest = [test for test in self.tests if test not in first]
        for tests in (first, rest):
            if not tests:
                continue
            if not self.make([test.name for test in tests] if tests is first else []):
                mutation.complain("does not build:\n" + self.log)
            failure = self.first_failure(tests)
            if failure is not None:
                return failure
        return None

    def try_out(self, mutation):
        path = self.source / mutation.file
        text = path.read_text(encoding="utf-8")
        try:
            path.write_text(mutation.apply(text), encoding="utf-8")
            return self.hunt(mutation)
        finally:
            path.write_text(text, encoding="utf-8")


def show(mutation, result, seconds):
    print(f"{mutation.name:<34} {result:<72} {seconds:6.1f}", flush=True)


def run_all(lab, mutations):
    """@return the names of those that were not caught"""
    missed = []
    for mutation in mutations:
        start = time.monotonic()
        try:
            result = lab.try_out(mutation) or "SURVIVED"
        except TableError as error:
            result = f"ERROR {error}"
        if result == "SURVIVED" or result.startswith("ERROR"):
            missed.append(mutation.name)
        show(mutation, result, time.monotonic() - start)
    return missed


def run(directory, options, mutations):
    lab = Lab(directory, options)
    start = time.monotonic()
    lab.prepare()
    failed = lab.baseline()
    if failed:
        print("these fail without any mutation:\n  " + "\n  ".join(failed), file=sys.stderr)
        return 2
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
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="compilers or tests at a time")
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
        sys.exit(f"{TABLE.name}: {error}")
