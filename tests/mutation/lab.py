# SPDX-License-Identifier: Apache-2.0
"""Where mutations are tried: a copy of the tree, its host build, and its unit and scenario tests.

The tests are linked once, with core as a shared object beside them. A mutation of one of core's files is then one compilation and one
link, in a folder of its own; the tests find it by LD_LIBRARY_PATH. So several are tried side by side, and nothing is built again.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

TIME_LIMIT_MIN = 40  # seconds that any test may take; its own limit in ctest is far above
TIME_LIMIT_FACTOR = 10  # or so many times what it takes without a mutation
CASE_LIMIT_MIN = 20  # the same for one test case of an executable: a mutation may make it run for ever
BUILD_TIMEOUT = 900
CHECK_FAILURE = re.compile(r"^[^\n]*?:[FE]:[^:\n]*:([^:\n]+):-?\d+: ?([^\n]*)", re.MULTILINE)
LIBRARY = "libcore.so"
ENDLESS = "does not end"
OUTPUT_LINES = 100


class LabError(Exception):
    """The tree, the table of mutations or the machine is not as it must be."""


def run(command, timeout, **arguments):
    """A command that is bounded in time. @return its result"""
    try:
        return subprocess.run(command, timeout=timeout, stdin=subprocess.DEVNULL, check=False, **arguments)
    except subprocess.TimeoutExpired as error:
        raise LabError(f"took longer than {timeout} s: {shlex.join(map(str, command))[:200]}") from error


def output(command, timeout=60, **arguments):
    result = run(command, timeout, capture_output=True, text=True, errors="replace", **arguments)
    if result.returncode != 0:
        raise LabError(f"{shlex.join(map(str, command))[:300]} failed:\n{result.stdout[-2000:]}{result.stderr[-2000:]}")
    return result.stdout


def copy_tree(destination):
    """Tracked files as they are in the work tree, and no others; what is the same already keeps its time, for the build's sake."""
    names = {name for name in output(["git", "ls-files", "-z"], cwd=ROOT).split("\0") if name and (ROOT / name).is_file()}
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
    def __init__(self, entry, build):
        self.name = entry["name"]
        self.command = entry.get("command", [str(build / "tests" / entry["name"])])  # ctest does not say it of what is not built yet
        properties = {item["name"]: item["value"] for item in entry.get("properties", [])}
        self.labels = properties.get("LABELS", [])
        self.directory = properties.get("WORKING_DIRECTORY")
        self.environment = dict(item.split("=", 1) for item in properties.get("ENVIRONMENT", []))
        self.seconds = 0.0
        self.passes = None  # whether it does without a mutation; None: not looked at yet
        self.complaint = ""  # where it does not: how, and what it printed

    def run(self, library, patience=1):
        """With core as in the folder @library. patience: times the usual limits. @return None, or in what way it failed"""
        return self.attempt(library, patience)[0]

    def attempt(self, library, patience):
        """@return what run() does, and what was printed"""
        limit = patience * max(TIME_LIMIT_MIN, TIME_LIMIT_FACTOR * self.seconds)
        case_limit = patience * max(CASE_LIMIT_MIN, TIME_LIMIT_FACTOR * self.seconds)
        environment = {**os.environ, **self.environment, "CK_DEFAULT_TIMEOUT": f"{case_limit:.0f}", "LD_LIBRARY_PATH": str(library)}
        with tempfile.TemporaryFile() as output_file:
            process = subprocess.Popen(self.command, cwd=self.directory, env=environment, stdout=output_file, stderr=subprocess.STDOUT,
                                       stdin=subprocess.DEVNULL, start_new_session=True)
            status = wait(process, limit)
            output_file.seek(0)
            text = output_file.read().decode(errors="replace")
        return (None if status == 0 else ENDLESS if status is None else how(status, text)), text


def wait(process, limit):
    """@return its exit status, or None: it was stopped after @limit seconds"""
    try:
        return process.wait(timeout=limit)
    except subprocess.TimeoutExpired:
        stop(process)
        return None


def how(status, text):
    """In what way a test failed."""
    failure = CHECK_FAILURE.search(text)
    if failure:
        return failure[1] + (f", {ENDLESS}" if "timeout expired" in failure[2] else "")
    return f"signal {-status}" if status < 0 else f"status {status}"


def last_lines(text):
    """As much of a test's output as fits into a log: where it failed is near its end."""
    return "\n".join("    " + line[:400] for line in text.rstrip().split("\n")[-OUTPUT_LINES:])


def stop(process):
    """Check ends its children when it is asked to end. What is left of the session, which is the process's own, is killed."""
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text(errors="replace").rsplit(")", 1)[1].split()
            if int(fields[3]) == process.pid:  # proc(5): state, ppid, pgrp, session
                os.kill(int(entry.parent.name), signal.SIGKILL)
        except (OSError, IndexError):
            continue


class Lab:
    """A copy of the tree and its host build below @directory. @eager: all tests are built at once, else each when it is needed."""

    def __init__(self, directory, jobs, sanitize=False, eager=True):
        self.directory = directory
        self.source = directory / "source"
        self.build = directory / "build"
        self.jobs = jobs
        self.sanitize = sanitize
        self.eager = eager
        self.waiting = {}  # executable -> what it is linked from; those that are not built yet
        self.building = threading.Lock()
        self.tests = []
        self.commands = {}  # file of core -> command that compiles it, without -o and the file itself
        self.objects = {}  # file of core -> its object
        self.link_options = []  # those of the tests that core needs too

    # Building

    def prepare(self):
        self.source.mkdir(parents=True, exist_ok=True)
        copy_tree(self.source)
        flags = ["-DCMAKE_BUILD_TYPE=None", "-DCMAKE_C_FLAGS=-O1 -fPIC", "-DBULKHEAD_WERROR=OFF", f"-DBULKHEAD_SANITIZE={'ON' if self.sanitize else 'OFF'}"]
        output(["cmake", "-G", "Ninja", "-S", self.source, "-B", self.build, f"-DBULKHEAD_DEPS={ROOT / 'build' / 'deps'}", *flags], 300)
        self.refresh()
        listing = json.loads(output(["ctest", "--show-only=json-v1", "-L", "unit|scenario"], cwd=self.build))
        self.tests = [Test(entry, self.build) for entry in listing["tests"]]
        self._read_timings()

    def refresh(self):
        """Builds what the copy says, but for the executables of the tests, which are linked here."""
        targets = output(["ninja", "-t", "targets", "all"], cwd=self.build)
        executables = re.findall(r"^(bulkhead|tests/(?:unit|scenario)-[^/:]+): C_EXECUTABLE_LINKER", targets, re.MULTILINE)
        inputs = {name: self._inputs(name) for name in executables}
        if not self.eager:
            self.waiting = {name: paths for name, paths in inputs.items() if name != "bulkhead"}
            executables = ["bulkhead"]
        self._ninja(sorted({path for name in executables for path in inputs[name]}))
        self._read_commands()
        self.link(self.build, {})
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            for _ in pool.map(lambda name: self._link_test(name, inputs[name]), executables):
                pass

    def build_test(self, test):
        """Where that was left for when it is needed."""
        with self.building:
            name = os.path.relpath(test.command[0], self.build)
            inputs = self.waiting.pop(name, None)
            if inputs is not None:
                self._ninja(sorted(inputs))
                self._link_test(name, inputs)

    def _ninja(self, targets):
        result = run(["ninja", "-j", str(self.jobs), *targets], BUILD_TIMEOUT, cwd=self.build, capture_output=True)
        if result.returncode != 0:
            raise LabError("the tree does not build:\n" + result.stdout.decode(errors="replace")[-4000:])

    def _inputs(self, target):
        """What ninja makes before it links @target."""
        lines = output(["ninja", "-t", "query", target], cwd=self.build).split("\n")
        begin, end = lines.index(f"{target}:") + 2, lines.index("  outputs:")
        return [line.strip().lstrip("|").strip() for line in lines[begin:end]]

    def _read_commands(self):
        """How core's files are compiled, from the build's own record."""
        for entry in json.loads((self.build / "compile_commands.json").read_text(encoding="utf-8")):
            name = os.path.relpath(entry["file"], self.source)
            words = shlex.split(entry["command"])
            place = words.index("-o")
            if "CMakeFiles/core.dir/" in words[place + 1]:
                self.objects[name] = self.build / words[place + 1]
                self.commands[name] = without_output(words)
        words = shlex.split(output(["ninja", "-t", "commands", "-s", "bulkhead"], cwd=self.build))
        self.link_options = [word for word in words if word.startswith(("-Wl,--wrap", "-fsanitize"))]

    def _link_test(self, name, inputs):
        """As CMake would, but with the shared core. A test's own functions come before those of hostsim that it replaces."""
        newest = max(os.path.getmtime(self.build / path) for path in inputs if (self.build / path).is_file())
        target, mark = self.build / name, self.build / (name + ".linked")
        if target.exists() and mark.exists() and min(os.path.getmtime(target), os.path.getmtime(mark)) > newest:
            return
        command = output(["ninja", "-t", "commands", "-s", name], cwd=self.build).strip()
        command = re.sub(r"(?<= )libcore\.a(?= |$)", f"-Wl,-z,muldefs -Wl,--no-as-needed ./{LIBRARY}", command)
        output(["sh", "-c", command], 300, cwd=self.build)
        mark.touch()

    def link(self, folder, replaced):
        """Core as a shared object in @folder, with @replaced objects (file -> object)."""
        objects = [str(replaced.get(name, path)) for name, path in sorted(self.objects.items())]
        output(["cc", "-shared", *self.link_options, "-o", folder / LIBRARY, f"-Wl,-soname,{LIBRARY}", *objects, "-lfdt", "-lz"], 120)

    def compile(self, name, text, folder):
        """Core's file @name with other text. @return its object, or None: it does not compile"""
        return compile_text(self.commands[name], self.build, name, text, folder)

    # Running

    def baseline(self):
        """Without a mutation every test passes. Sorts the tests, the fastest first. @return what those that fail say"""
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            passed = list(pool.map(self.passes_without, self.tests))
        failed = [test.complaint for test, passes in zip(self.tests, passed) if not passes]
        self.tests.sort(key=lambda test: test.seconds)
        return failed

    def passes_without(self, test):
        """Whether a test passes without a mutation: looked at when it is asked for, once."""
        if test.passes is None:
            self.measure(test)
        return test.passes

    def measure(self, test):
        self.build_test(test)
        start = time.monotonic()
        failure, text = test.attempt(self.build, 10)
        test.passes = failure is None
        test.complaint = f"{test.name} fails without any mutation: {failure}; it printed at last\n{last_lines(text)}" if failure else ""
        test.seconds = max(test.seconds, time.monotonic() - start)

    def first_failure(self, tests, library, until=None):
        """Runs them one by one until one fails that passes without the mutation. @return "test: how", None, or "time" where the moment @until came"""
        for test in tests:
            if until is not None and time.monotonic() > until:
                return "time"
            self.build_test(test)
            start, known = time.monotonic(), test.seconds
            failure = test.run(library)
            if failure is None:
                test.seconds = max(test.seconds, time.monotonic() - start)
                continue
            if not self.passes_without(test):
                raise LabError(test.complaint)
            if ENDLESS in failure:  # or is the machine slower now than it was?
                self.measure(test)
                failure = test.run(library, 2) if test.seconds > 2 * known else failure
            if failure is not None:
                return f"{test.name}: {failure}"
        return None

    def _timings(self):
        return self.directory / "timings.json"

    def _read_timings(self):
        if self._timings().exists():
            known = json.loads(self._timings().read_text(encoding="utf-8"))
            for test in self.tests:
                test.seconds = known.get(test.name, 0.0)

    def write_timings(self):
        self._timings().write_text(json.dumps({test.name: round(test.seconds, 3) for test in self.tests}), encoding="utf-8")


def without_output(words):
    """A compiler's command without launcher, output and source."""
    if os.path.basename(words[0]) == "ccache":
        words = words[1:]
    place = words.index("-o")
    words = words[:place] + words[place + 2:]
    place = words.index("-c")
    return words[:place] + words[place + 2:]


def compile_text(command, directory, name, text, folder):
    """Compiles @text under the last part of its name, which is in the object. @return the object, or None"""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / pathlib.Path(name).name
    target = source.with_suffix(".o")
    source.write_text(text, encoding="utf-8")
    result = run([*command, "-o", target, "-c", source], 120, cwd=directory, capture_output=True)
    return target if result.returncode == 0 else None
