# SPDX-License-Identifier: Apache-2.0
"""The image with a mutation in it: its object code, and some system tests on QEMU that take seconds."""
import json
import os
import re
import shlex
import shutil
import sys

from lab import ROOT, LabError, compile_text, last_lines, output, run, without_output

# Mistakes that the compiler warns of are none that tests must find, but these are the mutation's own: what is left over, or unusual.
TOLERATED = ["-Wno-error=" + name for name in ("unused", "unused-result", "parentheses", "misleading-indentation", "empty-body", "dangling-else")]
WITHOUT_LTO = ("-flto", "-ffat-lto-objects", "-g")  # code instead of what the linker makes code of; no lines in it
BUILD_TIMEOUT = 900
# Together they run what Linux would, on both GICs, one and two CPUs, one and several vCPUs.
CASES = ("hello", "backend-cortex-a57", "programs", "guest-contract-gicv3", "restart", "time-slices", "keyboard", "timer-still-asserted", "packed-kernel",
         "bad-names", "zcu102")


class El2:
    """A build for EL2 of a Lab's copy of the tree."""

    def __init__(self, directory, lab):
        self.source = lab.source
        self.build = directory / "aarch64"
        self.lab = lab
        self.commands = {}
        self.objects = {}
        self.cases = []  # (name, its time limit)

    def prepare(self, images):
        """images: whether they are built, or only what one needs to compile single files."""
        output(["cmake", "-S", self.source, "-B", self.build, "--preset", "aarch64", f"-DBULKHEAD_DEPS={ROOT / 'build' / 'deps'}"], 300, cwd=self.source)
        for entry in json.loads((self.build / "compile_commands.json").read_text(encoding="utf-8")):
            words = shlex.split(entry["command"])
            made = words[words.index("-o") + 1]
            if re.search(r"CMakeFiles/(core|backend)\.dir/", made) and entry["file"].endswith(".c"):
                name = os.path.relpath(entry["file"], self.source)
                self.commands[name] = without_output(words) + TOLERATED
                self.objects[name] = made
        output(["ninja", "bulkhead_linker_script"], BUILD_TIMEOUT, cwd=self.build)
        if images:
            output(["ninja", "-j", str(self.lab.jobs)], BUILD_TIMEOUT, cwd=self.build)
            self._find_cases()

    def _find_cases(self):
        known = dict(line.split() for line in output([python(), "-B", self.source / "tests/qemu/run.py", "--list"]).split("\n") if line)
        missing = set(CASES) - set(known)
        if missing:
            raise LabError(f"tests/qemu has no case {', '.join(sorted(missing))}")
        self.cases = [(name, int(known[name])) for name in CASES]

    def code(self, name, text, folder):
        """@return the object code of file @name with other text, or None: the compiler refuses it"""
        command = [word for word in self.commands[name] if word not in WITHOUT_LTO]
        made = compile_text(command, self.build, name, text, folder)
        return made.read_bytes() if made is not None else None

    # Images

    def _link(self, executable, name, changed, folder):
        """What ninja would do for @executable, with one object replaced. @return the ELF file"""
        made = folder / os.path.basename(executable)
        command = output(["ninja", "-t", "commands", "-s", executable], cwd=self.build).strip()
        command = command.split(" && ")[1]
        words = [str(changed) if word == self.objects[name] else word for word in shlex.split(command)]
        words[words.index("-o") + 1] = str(made)
        words = [f"-Wl,-Map,{made}.map" if word.startswith("-Wl,-Map,") else word for word in words]
        output(words, 300, cwd=self.build)
        output(["aarch64-linux-gnu-objcopy", "-O", "binary", "--strip-all", made, made.with_suffix("")], 60)
        return made.with_suffix("")

    def images(self, name, text, folder):
        """A folder as the preset aarch64 makes it, with a mutation in the hypervisor and in the backend's own test."""
        changed = compile_text(self.commands[name], self.build, name, text, folder / "lto")
        if changed is None:
            return False
        self._link("bulkhead.elf", name, changed, folder)
        (folder / "seam").mkdir(exist_ok=True)
        self._link("seam/backend.elf", name, changed, folder / "seam")
        if not (folder / "guests").exists():
            (folder / "guests").symlink_to(self.build / "guests")
        return True

    def first_failure(self, mutant, text, folder):
        """@return "case: how" of the first case that fails, or None"""
        if not self.images(mutant.file, text, folder):
            return "the image does not build"
        for case, limit in self.cases:
            failure, _ = self._run_case(case, limit, folder)
            if failure is None:
                continue
            without, text = self._run_case(case, limit, self.build)
            if without is not None:
                raise LabError(f"qemu-{case} fails without any mutation: {without}; it printed at last\n{last_lines(text)}")
            return f"{case}: {failure}"
        return None

    def _run_case(self, case, limit, images):
        """@return None, or how it failed: by a check, or by the case's own time limit; and what it printed"""
        command = ["timeout", "-k", "10", str(limit), python(), "-B", self.source / "tests/qemu/run.py", case, "--aarch64", images, "--bulkhead",
                   self.lab.build / "bulkhead", "--deps", ROOT / "build" / "deps", "--work", self.build / "qemu"]
        result = run(command, limit + 60, capture_output=True, text=True, errors="replace",
                     env={**os.environ, "LD_LIBRARY_PATH": str(self.lab.build)})
        shutil.rmtree(self.build / "qemu" / case, ignore_errors=True)
        text = result.stdout + result.stderr
        if result.returncode == 0:
            return None, text
        failed = re.search(r"^FAILED: [^:]*: (.*)", result.stdout, re.MULTILINE)
        return failed[1][:60] if failed else "does not end" if result.returncode == 124 else f"status {result.returncode}", text


def python():
    """The one that has pexpect: Debian's."""
    return "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
