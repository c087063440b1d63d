# SPDX-License-Identifier: Apache-2.0
"""What the system tests share: making systems, running QEMU, talking to its serial port, and what must hold of every run."""
import collections
import gzip
import os
import re
import shutil
import struct
import subprocess
import sys

import pexpect

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tests", "guest", "expect")]
import make_initramfs  # noqa: E402
import reader as expect  # noqa: E402
from make_system import DTB_AT, IMAGE_AT, MIB, RAM_BASE, Domain, System  # noqa: E402,F401

CTRL_A3 = "\x01\x01\x01"
PROMPT_TIMEOUT = 120

Case = collections.namedtuple("Case", "name timeout run")
CASES = {}


def case(timeout, name=None, **arguments):
    """Registers a test. timeout: seconds, for all of it, on a slow machine."""

    def register(function):
        label = name or function.__name__.replace("_", "-")
        assert label not in CASES, label
        CASES[label] = Case(label, timeout, lambda lab: function(lab, **arguments))
        return function

    return register


class Failure(Exception):
    """A test found something wrong."""


def check(condition, message):
    if not condition:
        raise Failure(message)


def check_equal(found, expected, what):
    check(found == expected, f"{what}: found {shorten(found)}, expected {shorten(expected)}")


def shorten(value):
    text = repr(value)
    return text if len(text) < 300 else text[:140] + " ... " + text[-140:]


def coverage_arguments(lab):
    """Where a hypervisor built with BULKHEAD_COVERAGE leaves what it counted: a folder for each run of QEMU."""
    folder = os.environ.get("BULKHEAD_COVERAGE_FOLDER")
    if not folder:
        return []
    path = os.path.join(folder, f"{os.path.basename(lab.directory)}-{len(lab.boards)}")
    os.makedirs(path, exist_ok=True)
    return ["-semihosting-config", f"enable=on,target=native,arg={path}"]


class Board:
    """A QEMU that runs; its serial port."""

    def __init__(self, lab, arguments, limit):
        self.lab = lab
        self.owners = set()  # names that lines may begin with; empty: anything goes
        command = ["--foreground", "-k", "5", str(limit), "qemu-system-aarch64", *arguments, *coverage_arguments(lab),
                   "-chardev", "stdio,id=serial0,signal=off", "-serial", "chardev:serial0"]
        lab.note("qemu: timeout " + " ".join(command))
        self.log = open(os.path.join(lab.directory, f"console{lab.count()}.log"), "w", encoding="utf-8", errors="replace",
                        newline="")
        # `timeout` bounds QEMU even where this process is killed; a pty, because the keyboard is one.
        self.child = pexpect.spawn("timeout", command, encoding="utf-8", codec_errors="replace", timeout=60,
                                   dimensions=(50, 300), logfile=None)
        self.child.logfile_read = self.log
        self.child.delaybeforesend = None
        self.text = ""

    def expect(self, pattern, timeout=60):
        """Waits for a line, or the beginning of one, that matches. Returns the match."""
        self.child.expect(pattern, timeout=timeout)
        self.text += self.child.before + self.child.after
        return self.child.match

    def expect_all(self, patterns, timeout=60):
        """Waits for all of several patterns, in whatever order they come."""
        waiting = list(patterns)
        while waiting:
            self.child.expect(waiting, timeout=timeout)
            self.text += self.child.before + self.child.after
            del waiting[self.child.match_index]

    def send(self, text):
        self.child.send(text)

    def send_line(self, text):
        self.child.send(text + "\r")

    def keyboard_to(self, owner, rounds=12):
        """Moves the keyboard on until @owner ("bulkhead": the hypervisor) has it."""
        for _ in range(rounds):
            self.send(CTRL_A3)
            if self.expect(r"bulkhead: keyboard -> ([^ ]+) \(").group(1) == owner:
                return
        raise Failure(f"the keyboard never came to {owner}")

    def quit(self):
        """Leaves by the hypervisor's console; returns the boot timeline's text."""
        self.keyboard_to("bulkhead")
        before = len(self.text)
        self.send("q")
        self.wait_end()
        return self.text[before:]

    def wait_end(self, timeout=30):
        """QEMU must end by itself, in order."""
        self.child.expect(pexpect.EOF, timeout=timeout)
        self.text += self.child.before
        self.child.close()
        check_equal((self.child.exitstatus, self.child.signalstatus), (0, None), "QEMU's end")
        self.finish()

    def stop(self):
        """Ends QEMU from outside."""
        if self.child.isalive():
            self.drain()
            self.child.terminate(force=True)
        self.finish()

    def drain(self, seconds=0.2):
        """Reads what has come meanwhile, up to a moment of silence."""
        while self.child.expect([r"(?s).+", pexpect.TIMEOUT, pexpect.EOF], timeout=seconds) == 0:
            self.text += self.child.after

    def check_program(self, owner, program=None):
        """The lines of @owner are those that @program prints, no more and no less."""
        lines = expect.whole(self.lines(owner))
        check(expect.matches(program or owner, lines), f"not what tests/guest/expect says of {program or owner}: {lines}")

    def finish(self):
        if self.log.closed:
            return
        self.log.close()
        check_lines(self.text, self.owners)

    def lines(self, owner=None):
        """Whole lines so far, without their ends; with @owner those of one, without the prefix."""
        lines = [clean(line) for line in self.text.split("\n")]
        if owner is None:
            return lines
        return [line[len(owner) + 2:] for line in lines if line.startswith(owner + ": ")]


def clean(line):
    """A line as the screen shows it at last: what a carriage return overwrote and colours are gone."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line.rstrip("\r").split("\r")[-1])


def check_lines(text, owners):
    """Each line on the screen belongs to somebody, and no hypervisor's panic is among them."""
    for line in text.split("\n"):
        line = clean(line)
        check(not re.match(r"(bulkhead: )?panic", line, re.I), f"a panic: {line}")
        if owners and line:
            check(line.split(": ", 1)[0].rstrip(":") in owners, f"a line that belongs to nobody: {line!r}")


class Lab:
    """One test's directory, and the artifacts under test."""

    def __init__(self, options, directory):
        self.options = options
        self.directory = directory
        self._count = 0
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)
        self.image = self.artifact(os.path.join(options.aarch64, "bulkhead"))
        self.ub = self.image + ".ub"
        self.boards = []

    def count(self):
        self._count += 1
        return self._count

    def note(self, text):
        print(text, flush=True)

    @staticmethod
    def artifact(path):
        """A file that a build makes. Missing: the test fails, it is not skipped."""
        if not os.path.exists(path):
            raise Failure(f"{path} is missing: build the preset aarch64 (cmake --preset aarch64 && cmake --build --preset "
                          "aarch64), or set BULKHEAD_AARCH64_DIR")
        return path

    def guest(self, name):
        return self.artifact(os.path.join(self.options.aarch64, "guests", name + ".bin"))

    def linux(self):
        return self.artifact(os.path.join(self.options.deps, "Image"))

    def initramfs(self, modules=()):
        """modules: of the kernel, loaded by /init with those that they depend on."""
        path = self.path("-".join(["initramfs", *modules]) + ".cpio")
        if not os.path.exists(path):
            arm64 = os.path.join(self.options.deps, "arm64")
            drivers = make_initramfs.modules(modules, os.path.join(arm64, "lib", "modules"))
            with open(path, "wb") as file:
                file.write(make_initramfs.build(self.artifact(os.path.join(arm64, "bin", "busybox")), drivers=drivers))
        return path

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def gzip(self, source, name):
        with open(source, "rb") as file:
            return self.write(name, gzip.compress(file.read(), compresslevel=1, mtime=0))

    def guest_domain(self, guest, name=None, **arguments):
        return Domain(name or guest, self.guest(guest), **arguments)

    def linux_domain(self, name, memory=256, bootargs="", modules=(), **arguments):
        return Domain(name, self.linux(), memory=memory, ramdisk=self.initramfs(modules),
                      bootargs=f"console=ttyAMA0 hostname={name} panic=-1 {bootargs}".strip(), **arguments)

    def system(self, domains, name="system", **arguments):
        return System(domains, **arguments).write(self.path(name))

    def run(self, arguments, owners=(), limit=300):
        """Starts QEMU with @arguments."""
        board = Board(self, arguments, limit)
        board.owners = {*owners, "qemu-system-aarch64", "audio"} if owners else set()  # QEMU: what it has no use for
        self.boards.append(board)
        return board

    def boot(self, system, image=None, extra=(), limit=300):
        """Boots @system as QEMU's -kernel does."""
        owners = ["bulkhead"] + [domain.name for domain in system.domains]
        return self.run(system.qemu_arguments(image or self.image) + list(extra), owners, limit)

    def start_stub(self, device_tree, entry):
        """A few instructions that do what firmware does: x0 = device tree, jump. For places QEMU's -kernel does not use."""
        return self.write(f"stub{self.count()}.bin", struct.pack("<IIIIQQ", 0x58000080, 0x580000A1, 0xD61F0020, 0xD503201F,
                                                                 device_tree, entry))

    def boot_at(self, system, image_at, dtb_at, stub_at, extra=(), limit=300, image=None, entry=0):
        """Boots @system with the hypervisor and the device tree at any address; the first CPU starts in its highest EL.
        entry: where @image is entered, from its beginning."""
        stub = self.start_stub(dtb_at, image_at + entry)
        arguments = system.machine_arguments() + system.module_arguments() + list(extra)
        for path, address in ((image or self.image, image_at), (system.path("system.dtb"), dtb_at)):
            arguments += ["-device", f"loader,file={path},addr={address:#x},force-raw=on"]
        arguments += ["-device", f"loader,file={stub},addr={stub_at:#x},force-raw=on",
                      "-device", f"loader,addr={stub_at:#x},cpu-num=0"]
        owners = ["bulkhead"] + [domain.name for domain in system.domains]
        return self.run(arguments, owners, limit)

    def host(self, *arguments, status=0):
        """Runs the host command; returns (stdout, stderr)."""
        result = subprocess.run([self.options.bulkhead, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                timeout=60, stdin=subprocess.DEVNULL)
        check_equal(result.returncode, status, f"bulkhead {' '.join(arguments)}: {result.stderr}exit status")
        return result.stdout, result.stderr

    def close(self):
        """Ends what still runs; what must hold of every run is checked here too."""
        for board in self.boards:
            board.stop()

    def tails(self, lines=60):
        """The end of each console, for a failed test's report."""
        for board in self.boards:
            board.child.terminate(force=True)
            board.log.close()
            with open(board.log.name, encoding="utf-8", errors="replace") as file:
                yield board.log.name, [line.rstrip() for line in file.read().split("\n")[-lines:]]
