#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many mistakes the tests notice: draws mutations of core/ and arch/aarch64 by a seed, tries each on the tests, and prints the score
by room and the survivors as diffs. README.md says what is drawn and what is thrown away."""

import argparse
import concurrent.futures
import csv
import dataclasses
import os
import pathlib
import secrets
import shutil
import sys
import tempfile
import time

from el2 import El2
from generate import EquivalentsError, Mutant, all_mutants, draw, read_equivalents, stale
from lab import ROOT, Lab, LabError

EQUIVALENTS = pathlib.Path(__file__).resolve().parent / "equivalents.txt"
UNDECIDED = 77  # the exit status where there was no time for any: ctest's "skipped"
MUTANT_SECONDS = 1800  # for the tests of one mutation; none comes near it on a machine that has time

# Beside the unit tests of a mutation's own room: what most likely notices it. All others follow, the fastest first.
PROMISING = {
    "boot": ("scenario-boot", "scenario-trees", "scenario-panics", "scenario-faults"), "config": ("scenario-trees", "scenario-boot"),
    "bus": ("unit-trap", "unit-domain"),
    "console": ("scenario-consoles", "scenario-panics"), "domain": ("scenario-builds", "scenario-lives", "scenario-boot"),
    "drivers": ("scenario-programs", "scenario-zynqmp", "scenario-faults"), "dt": ("unit-config", "unit-plan", "scenario-trees"),
    "parts": ("scenario-guests", "scenario-consoles"),
    "vgic": ("scenario-programs", "scenario-interrupts", "unit-trap", "unit-vcpu"),
    "lib": ("unit-console", "unit-plan", "unit-domain", "unit-config", "command"), "mem": ("unit-domain", "unit-plan"),
    "irq": ("scenario-interrupts", "scenario-boot"), "plan": ("scenario-trees", "command"), "sched": ("scenario-wakes", "scenario-fairness"),
    "time": ("unit-sched", "scenario-timers", "scenario-wakes"), "trace": ("scenario-boot", "command"), "trap": ("scenario-programs", "unit-vgic"),
    "vcpu": ("scenario-guests", "scenario-programs", "scenario-lives", "scenario-interleavings"),
}
OTHERS = 50  # the rank of those
FIELDS = ("seed", "key", "file", "room", "function", "kind", "line", "host", "by", "qemu", "qemu_by", "seconds")


@dataclasses.dataclass
class Trial:
    """A mutation that is none of those thrown away, and what became of it. host, qemu: "caught", "survived", "time" (not decided
    within the time given) or "" (not tried)."""
    mutant: Mutant
    folder: pathlib.Path
    object: pathlib.Path = None  # None: it is none of core's, or its object code is the same on the host
    host: str = ""
    by: str = ""
    qemu: str = ""
    qemu_by: str = ""
    seconds: float = 0.0

    def caught(self):
        return "caught" in (self.host, self.qemu)

    def row(self, seed):
        mutant = self.mutant
        return dict(zip(FIELDS, (seed, mutant.key, mutant.file, mutant.room, mutant.function, mutant.kind, mutant.line, self.host, self.by, self.qemu,
                                 self.qemu_by, f"{self.seconds:.1f}")))


class Sampler:
    """Draws and tries mutations in a Lab."""

    def __init__(self, lab, el2, options):
        self.lab = lab
        self.el2 = el2
        self.options = options
        self.originals = {}  # file -> its object code for EL2
        self.broken = []  # what tests say that fail without any mutation: those that met one are not decided
        self.thrown = {"does not compile": 0, "same code": 0, "argued to be none": 0}

    def text(self, mutant):
        return mutant.apply((self.lab.source / mutant.file).read_text(encoding="utf-8"))

    def look_at(self, mutant):
        """@return a Trial, or why the mutation is thrown away"""
        folder = self.lab.directory / "mutants" / mutant.key
        changed = self.el2.code(mutant.file, self.text(mutant), folder / "el2")
        if changed is None:
            return "does not compile"
        if changed == self.original(mutant.file):
            return "same code"
        if mutant.file not in self.lab.commands:
            return Trial(mutant, folder)
        compiled = self.lab.compile(mutant.file, self.text(mutant), folder / "host")
        if compiled is None:
            return "does not compile"
        same = compiled.read_bytes() == self.lab.objects[mutant.file].read_bytes()
        return Trial(mutant, folder, None if same else compiled)

    def original(self, name):
        if name not in self.originals:
            text = (self.lab.source / name).read_text(encoding="utf-8")
            self.originals[name] = self.el2.code(name, text, self.lab.directory / "originals" / name.replace("/", "-"))
        return self.originals[name]

    def collect(self, mutants, equivalents):
        """The first @count of the draw that are worth a try."""
        trials, drawn = [], draw(mutants, self.options.seed)
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            while len(trials) < self.options.count:
                some = [mutant for mutant, _ in zip(drawn, range(self.options.count - len(trials)))]
                if not some:
                    break
                self.thrown["argued to be none"] += sum(mutant.key in equivalents for mutant in some)
                for looked in pool.map(self.look_at, [mutant for mutant in some if mutant.key not in equivalents]):
                    if isinstance(looked, Trial):
                        trials.append(looked)
                    else:
                        self.thrown[looked] += 1
        return trials

    def order(self, mutant):
        """The tests, those first that most likely fail; with --near no others."""
        own, promising = f"unit-{mutant.room}-", PROMISING.get(mutant.room, ())
        stem = pathlib.Path(mutant.file).stem

        def place(test):
            if test.name.startswith(own):
                rank = 0 if test.name[len(own):].startswith(stem) or stem.startswith(test.name[len(own):]) else 1
            else:
                rank = next((2 + number for number, name in enumerate(promising) if test.name.startswith(name)), OTHERS)
            return rank + (40 if test.name.startswith(("unit-hostsim", "unit-selftest")) else 0), test.seconds

        return sorted((test for test in self.lab.tests if not self.options.near or place(test)[0] < OTHERS), key=place)

    def try_host(self, trial, end):
        """Where the object code is the same no test can notice anything: a survivor, without a run."""
        start = time.monotonic()
        if trial.mutant.file not in self.lab.commands:
            return trial
        trial.host = "survived"
        if trial.object is not None and start > end:
            trial.host = "time"
        elif trial.object is not None:
            self.lab.link(trial.folder, {trial.mutant.file: trial.object})
            found = self.first_failure(lambda: self.lab.first_failure(self.order(trial.mutant), trial.folder, min(end, start + MUTANT_SECONDS)))
            if found is not None:
                trial.host, trial.by = ("time", "") if found == "time" else ("caught", found)
        trial.seconds += time.monotonic() - start
        show(trial, trial.host, trial.by)
        return trial

    def first_failure(self, search):
        """What @search finds; "time" where a test is broken that it needed, which ends the sample with an error."""
        try:
            return search()
        except LabError as error:
            if str(error) not in self.broken:
                self.broken.append(str(error))
            return "time"

    def try_all(self, trials, end):
        """All on the host, side by side; then, one by one, the survivors on QEMU."""
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            for trial in pool.map(lambda trial: self.try_host(trial, end), trials):
                if not self.options.qemu or trial.caught():
                    shutil.rmtree(trial.folder, ignore_errors=True)
        self.lab.write_timings()
        for trial in trials if self.options.qemu else ():
            if not trial.caught():
                self.try_qemu(trial, end)
                shutil.rmtree(trial.folder, ignore_errors=True)

    def try_qemu(self, trial, end):
        start = time.monotonic()
        if start > end:
            trial.qemu = "time"
            return
        found = self.first_failure(lambda: self.el2.first_failure(trial.mutant, self.text(trial.mutant), trial.folder))
        trial.qemu, trial.qemu_by = ("time", "") if found == "time" else ("caught", found) if found is not None else ("survived", "")
        trial.seconds += time.monotonic() - start
        show(trial, trial.qemu, trial.qemu_by)


def show(trial, result, by):
    mutant = trial.mutant
    print(f"{mutant.key:<14} {mutant.kind:<10} {mutant.file + ':' + str(mutant.line):<38} {result.upper() if result != 'caught' else '':<8} {by:<64} "
          f"{trial.seconds:6.1f}", flush=True)


def percent(part, whole):
    return f"{100 * part / whole:.0f}%" if whole else "-"


def scores(rows):
    """room -> (caught by host tests, tried on them, caught by all tests, decided by all). What was not decided in time counts as not tried."""
    decided = [row for row in rows if "time" not in (row["host"], row["qemu"])]
    found = {}
    for room in [*sorted({row["room"] for row in decided}), "all"]:
        here = [row for row in decided if room in ("all", row["room"])]
        host = [row for row in here if row["host"]]
        whole = [row for row in here if row["host"] == "caught" or row["qemu"]]
        found[room] = (sum(row["host"] == "caught" for row in host), len(host), sum("caught" in (row["host"], row["qemu"]) for row in whole), len(whole))
    return found


def print_scores(rows):
    qemu = any(row["qemu"] for row in rows)
    print(f"{'room':<14} {'host tests':>16}" + (f" {'with QEMU':>16}" if qemu else ""))
    for room, (host, tried, either, decided) in scores(rows).items():
        print(f"{room:<14} {host:>5} of {tried:<4}{percent(host, tried):>5}" + (f" {either:>5} of {decided:<4}{percent(either, decided):>5}" if qemu else ""))


def report(trials, sampler, options):
    survivors = [trial for trial in trials if not trial.caught() and "time" not in (trial.host, trial.qemu)]
    late = [trial for trial in trials if "time" in (trial.host, trial.qemu)]
    shown = "".join(f"\n[{trial.mutant.key}] {trial.mutant.file} {trial.mutant.function}, {trial.mutant.kind}\n{trial.mutant.diff()}\n"
                    for trial in survivors)
    print(shown, end="")
    if options.survivors:
        options.survivors.write_text(f"{len(survivors)} of {len(trials)} drawn mutations survived"
                                     + (" the tests near them" if options.near else "") + f", seed {options.seed}\n{shown}", encoding="utf-8")
    print(f"\nseed {options.seed}: {len(trials)} mutations, {len(survivors)} survived"
          + (f", {len(late)} not decided in the time given" if late else "")
          + "; thrown away: " + ", ".join(f"{number} {why}" for why, number in sampler.thrown.items()))
    print_scores([trial.row(options.seed) for trial in trials])


def write_csv(path, trials, seed):
    """Appends to the file, so that samples add up."""
    new = not path.exists()
    with open(path, "a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        if new:
            writer.writeheader()
        writer.writerows(trial.row(seed) for trial in trials)


def add_up(paths):
    rows = []
    for path in paths:
        with open(path, encoding="utf-8", newline="") as file:
            rows += list(csv.DictReader(file))
    print(f"seeds {', '.join(sorted({row['seed'] for row in rows}))}: {len(rows)} mutations")
    print_scores(rows)
    return 0


def check():
    """Whether each argued equivalent is still a mutation of the tree."""
    gone = stale(read_equivalents(EQUIVALENTS), all_mutants(ROOT))
    for key in gone:
        print(f"tests/mutation/{EQUIVALENTS.name}: [{key}]: the code that it changes is no longer there: take the entry out, or look at the new code "
              "and argue again (sample.py prints the new key)")
    if not gone:
        print(f"{len(read_equivalents(EQUIVALENTS))} equivalents fit the tree")
    return 1 if gone else 0


def sample(directory, options):
    end = time.monotonic() + 60 * options.minutes
    print(f"seed {options.seed} (again: tests/mutation/sample.py --count {options.count} --seed {options.seed}"
          + "".join(f" --room {room}" for room in options.room) + (" --qemu" if options.qemu else "") + ")", flush=True)
    lab = Lab(directory, options.jobs, options.sanitize, eager=not options.near)
    lab.prepare()
    el2 = El2(directory, lab)
    el2.prepare(options.qemu)
    mutants = [mutant for mutant in all_mutants(lab.source, options.room)
               if mutant.file in el2.commands and (options.qemu or mutant.file in lab.commands)]
    if options.only:
        mutants = [mutant for mutant in mutants if mutant.key in options.only]
    sampler = Sampler(lab, el2, options)
    trials = sampler.collect(mutants, read_equivalents(EQUIVALENTS) if not options.only else {})
    print(f"{len(trials)} mutations of {len(mutants)}, {len(lab.tests)} tests", flush=True)
    sampler.try_all(trials, end)
    report(trials, sampler, options)
    if options.csv:
        write_csv(options.csv, trials, options.seed)
    if sampler.broken:
        raise LabError("\n".join(sampler.broken))
    return 0 if scores([trial.row(options.seed) for trial in trials])["all"][1:] != (0, 0, 0) else UNDECIDED


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="how many mutations (200)")
    parser.add_argument("--seed", type=int, default=None, help="draws the same ones of the same tree again; a new one is printed")
    parser.add_argument("--room", action="append", default=[], metavar="NAME", help="of this folder of core only, or arch/aarch64; may be repeated")
    parser.add_argument("--only", action="append", default=[], metavar="KEY", help="this one only; may be repeated")
    parser.add_argument("--host", dest="qemu", action="store_false", default=False, help="unit and scenario tests, on mutations of core (the default)")
    parser.add_argument("--qemu", action="store_true", help="then the survivors, and mutations of arch/aarch64, on QEMU")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="mutations at a time")
    parser.add_argument("--near", action="store_true", help="only the tests of a mutation's room and those that most likely notice it, built when "
                        "they are needed: what survives them may be caught by others")
    parser.add_argument("--minutes", type=float, default=24 * 60, help="begin no test after so many; what is not decided then is said")
    parser.add_argument("--sanitize", action="store_true", help="build with ASan and UBSan, which is slower")
    parser.add_argument("--work", metavar="DIR", type=pathlib.Path, help="keep copy and builds there, for the next run; else they are temporary")
    parser.add_argument("--csv", metavar="FILE", type=pathlib.Path, help="append one line for each mutation")
    parser.add_argument("--survivors", metavar="FILE", type=pathlib.Path, help="write the survivors there, too")
    parser.add_argument("--add", metavar="FILE", nargs="+", type=pathlib.Path, help="print the scores of such files together, and try nothing")
    parser.add_argument("--check", action="store_true", help=f"only check that {EQUIVALENTS.name} fits the tree")
    return parser.parse_args()


def main():
    options = arguments()
    if options.add:
        return add_up(options.add)
    if options.check:
        return check()
    if options.seed is None:
        options.seed = secrets.randbelow(1 << 31)
    if options.work:
        return sample(options.work.resolve(), options)
    with tempfile.TemporaryDirectory(prefix="bulkhead-mutation-") as directory:
        return sample(pathlib.Path(directory), options)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (LabError, EquivalentsError) as error:
        sys.exit(f"sample.py: {error}")
