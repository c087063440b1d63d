#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The host command, as its users call it: exit statuses, what is said where, JSON, module files.

    BULKHEAD=build/host/bulkhead test_command.py [unittest options]
"""
import gzip
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import unicodedata
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from make_system import Domain, System  # noqa: E402

PROGRAMS = os.path.join(ROOT, "arch", "hostsim", "guest", "programs", "register.c")


def image(size=8192, image_size=0x10000):
    """An arm64 Image that a header check accepts."""
    header = struct.pack("<IIQQQQQQ4sI", 0x14000010, 0, 0, image_size, 0xA, 0, 0, 0, b"ARM\x64", 0)
    # what does not repeat: its gzip is not small
    body = b"".join(struct.pack("<I", (i * 2654435761) & 0xFFFFFFFF) for i in range((size - len(header)) // 4))
    return header + body


class CommandTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        files = {"kernel": image(), "kernel.gz": gzip.compress(image(200000, image_size=0x40000)), "ramdisk": b"r" * 5000}
        for name, data in files.items():
            cls.write(name, data)
        domains = [Domain("plain", cls.path("kernel"), ramdisk=cls.path("ramdisk"), bootargs='say "hi"'),
                   Domain("packed", cls.path("kernel.gz"), memory=256)]
        cls.system = System(domains, seeds=False).write(cls.path("system"))
        cls.dtb = cls.system.path("system.dtb")

    @classmethod
    def path(cls, name):
        return os.path.join(cls.temporary.name, name)

    @classmethod
    def write(cls, name, data):
        with open(cls.path(name), "wb") as file:
            file.write(data)
        return cls.path(name)

    def setUp(self):
        self.leaks = 1

    def environment(self):
        """To look for leaks takes longer than all else that a command does: each test's first one does, with BULKHEAD_LEAKS=all every one."""
        options = os.environ.get("ASAN_OPTIONS", "") + f":detect_leaks={self.leaks}"
        self.leaks = 1 if os.environ.get("BULKHEAD_LEAKS") == "all" else 0
        return {**os.environ, "ASAN_OPTIONS": options.strip(":")}

    def run_command(self, *arguments, status=0, given=b""):
        result = subprocess.run([os.environ["BULKHEAD"], *arguments], input=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                                env=self.environment())
        self.assertEqual(result.returncode, status, result.stderr.decode())
        return result.stdout, result.stderr.decode()

    def changed(self, pattern, replacement):
        """The system with an edit of its source."""
        with open(self.system.path("system.dts"), encoding="utf-8") as file:
            source = file.read()
        edited = re.sub(pattern, replacement, source, count=1)
        self.assertNotEqual(source, edited)
        result = subprocess.run(["dtc", "-q", "-O", "dtb", "-"], input=edited.encode(), stdout=subprocess.PIPE, check=True, timeout=60)
        return self.write("changed.dtb", result.stdout)

    def test_usage(self):
        for arguments in ((), ("frob",), ("check",), ("check", "a", "b"), ("plan", "--seed", "1", self.dtb), ("guest-dtb", self.dtb),
                          ("check", "--module", "5", self.dtb), ("check", "--image-at", "x", self.dtb), ("check", "--pa-bits", "20", self.dtb),
                          ("check", "--frob", self.dtb), ("check", self.path("absent")), ("plan", "--module", "0=/absent", self.dtb)):
            out, err = self.run_command(*arguments, status=2)
            self.assertEqual(out, b"")
            self.assertRegex(err, "bulkhead: ", arguments)

    def test_help_and_version(self):
        self.assertIn(b"usage: bulkhead", self.run_command("--help")[0])
        self.assertRegex(self.run_command("--version")[0], rb"^bulkhead \d+\.\d+\.\d+\n$")

    def test_more_domains_than_there_can_be(self):
        extra = "".join(f'\t\tmore{i} {{ compatible = "xen,domain"; memory = <0>; cpus = <1>; }};\n' for i in range(39))
        dtb = self.changed(r"\n(\t\};\n\};\s*)$", "\n" + extra + r"\1")
        out, err = self.run_command("check", *self.system.host_arguments(), dtb, status=1)
        self.assertRegex(out.decode(), r"; 2 of 41 domains would start")
        self.assertEqual(err.count("there are more domains than this build can hold"), 9)

    def test_check(self):
        out, err = self.run_command("check", *self.system.host_arguments(), self.dtb)
        self.assertEqual(err, "")
        self.assertEqual(out.decode(), f"{self.dtb}: 0 errors, 0 warnings; 2 of 2 domains would start\n")

    def test_check_reports(self):
        dtb = self.changed(r"memory = <0x0 0x20000>;", "memory = <0x0 0x0>; vpl01;")
        out, err = self.run_command("check", dtb, status=1)
        self.assertRegex(err, r"error: /chosen/plain: memory: .*found.*expected")
        self.assertRegex(err, r"warning: /chosen/plain: vpl01: [^\n]*\n? *[^\n]*vpl011")
        self.assertRegex(out, rb"1 error, 1 warning; 1 of 2 domains would start")
        _, err = self.run_command("check", "--quiet", dtb, status=1)
        self.assertNotIn("warning", err)

    def test_damaged_tree(self):
        with open(self.dtb, "rb") as file:
            data = file.read()
        for damaged in (b"", b"junk" * 100, data[:40], data[:len(data) // 2], data[:-1]):
            out, err = self.run_command("check", self.write("damaged.dtb", damaged), status=1)
            self.assertIn("error: ", err)
            self.assertIn(b"1 error", out)
            self.run_command("plan", "--json", self.path("damaged.dtb"), status=1)
            self.run_command("guest-dtb", self.path("damaged.dtb"), "plain", status=1)
            self.run_command("sim", self.path("damaged.dtb"), status=1)

    def test_plan(self):
        out, _ = self.run_command("plan", *self.system.host_arguments(), self.dtb)
        lines = out.decode().split("\n")
        self.assertRegex(lines[-2], r"^digest 0x[0-9a-f]{16}$")
        self.assertIn("domain 1 plain", lines)
        # what boot loaders decide is part of the plan
        moved, _ = self.run_command("plan", *self.system.host_arguments(), "--image-at", "0x60000000", self.dtb)
        self.assertIn(b"ram 0x60000000 +0x200000 bulkhead: image\n", moved)
        self.assertNotEqual(moved.split()[-1], out.split()[-1])

    def test_plan_defaults_are_qemus(self):
        out, _ = self.run_command("plan", self.dtb)
        self.assertIn(b"ram 0x40200000 +0x200000 bulkhead: image\n", out)
        self.assertIn(b"ram 0x48000000 +0x200000 bulkhead: device tree\n", out)

    def test_json(self):
        text, _ = self.run_command("plan", *self.system.host_arguments(), self.dtb)
        out, err = self.run_command("plan", "--json", *self.system.host_arguments(), self.dtb)
        plan = json.loads(out)
        self.assertEqual(err, "")
        self.assertEqual(plan["digest"], text.decode().split()[-1])
        self.assertEqual([domain["name"] for domain in plan["domains"]], ["plain", "packed"])
        plain, packed = plan["domains"]
        self.assertEqual(plain["bootargs"], 'say "hi"')
        self.assertEqual(plain["kernel"]["load"], "0x40000000")
        self.assertEqual(plain["ramdisk"]["source_size"], 5000)
        self.assertEqual((packed["kernel"]["gzip"], packed["ramdisk"], packed["memory"]), (True, None, 256 << 20))
        self.assertEqual(sum(extent["size"] for extent in packed["extents"]), 256 << 20)
        self.assertEqual(plan["diagnostics"], [])

    def test_json_diagnostics(self):
        out, err = self.run_command("plan", "--json", self.changed(r"memory = <0x0 0x20000>;", ""), status=1)
        plan = json.loads(out)
        errors = [report for report in plan["diagnostics"] if report["severity"] == "error"]
        self.assertEqual([(report["path"], report["property"]) for report in errors], [("/chosen/plain", "memory")])
        self.assertFalse(plan["domains"][0]["valid"])
        self.assertEqual(err, "")

    def assert_printable(self, data):
        """Valid UTF-8, and no character that controls a terminal, the direction of writing or lines."""
        for character in data.decode().replace("\n", ""):
            self.assertNotIn(unicodedata.category(character), ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"), data)

    def test_names_are_filtered(self):
        """Names and texts of a tree reach the terminal and JSON only as what may be shown."""
        with open(self.dtb, "rb") as file:
            data = file.read()
        for nasty in (b"p\x1b[2J", b"p\xe9\x9b2J", b"p\xe2\x80\xaeJ", b"a\nerr", b"\xff\xfe\xc2\x9bm", b"\xe2\x80\xa8qq", b"pl\xc3\xa9n"):
            nasty = nasty[:5].ljust(5, b"x")
            for old, new in ((b"plain\0", nasty + b"\0"), (b'say "hi"', nasty + b"\x9b\xe9\x9b"), (b"vpl011\0", nasty + b"1\0"),
                             (b"arm,pl011\0", nasty + b"l011\0"), (b"kernel-domU1\0", nasty + b"-domU1x\0"), (b"cpus\0", nasty[:4] + b"\0")):
                dtb = self.write("nasty.dtb", data.replace(old, new, 1))
                for arguments in (("check",), ("plan",), ("plan", "--json"), ("guest-dtb", "-o", "/dev/null"), ("sim", "--milliseconds", "1000")):
                    result = subprocess.run([os.environ["BULKHEAD"], *arguments, *(self.system.host_arguments()), dtb,
                                             *(["packed"] if arguments[0] == "guest-dtb" else [])],
                                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, env=self.environment())
                    self.assertIn(result.returncode, (0, 1), result.stderr)
                    self.assert_printable(result.stdout.replace(b"\r\n", b"\n"))
                    self.assert_printable(result.stderr)
                    if "--json" in arguments:
                        json.loads(result.stdout)
        out, _ = self.run_command("plan", "--json", *self.system.host_arguments(), self.write("nasty.dtb", data.replace(b"plain\0", b"\x1b\xe9\x9b[m\0", 1)))
        self.assertEqual(json.loads(out)["domains"][0]["name"], "\x1b\\xe9\\x9b[m")

    def test_guest_dtb(self):
        out, _ = self.run_command("guest-dtb", *self.system.host_arguments(), self.dtb, "plain")
        self.run_command("guest-dtb", *self.system.host_arguments(), "-o", self.path("guest.dtb"), self.dtb, "plain")
        with open(self.path("guest.dtb"), "rb") as file:
            self.assertEqual(file.read(), out)
        source = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts"], input=out, stdout=subprocess.PIPE, check=True, timeout=60).stdout
        for wanted in (b'bootargs = "say \\"hi\\""', b"memory@40000000", b"sbsa-uart@22000000", b"linux,initrd-start", b"arm,gic-400"):
            self.assertIn(wanted, source)
        self.assertNotIn(b"rng-seed", source)

    def test_guest_dtb_errors(self):
        self.assertIn("no such domain", self.run_command("guest-dtb", self.dtb, "absent", status=1)[1])
        dtb = self.changed(r"memory = <0x0 0x20000>;", "")
        self.assertIn("has errors", self.run_command("guest-dtb", dtb, "plain", status=1)[1])
        self.run_command("guest-dtb", "-o", "/absent/file", self.dtb, "plain", status=2)

    def module_arguments(self, name, data):
        """host_arguments() with the contents of one file replaced."""
        replacement = self.write("replacement", data)
        arguments = [argument.replace(os.path.realpath(self.path(name)), replacement) if argument.endswith("/" + name) else argument
                     for argument in self.system.host_arguments()]
        self.assertNotEqual(arguments, self.system.host_arguments())
        return arguments

    def check_module(self, name, data, message, status):
        _, err = self.run_command("check", *self.module_arguments(name, data), self.dtb, status=status)
        self.assertRegex(err, message)

    def test_modules(self):
        self.check_module("ramdisk", b"r" * 5001, r"error: /chosen/plain/module@\w+: reg: .*longer.*0x1388.*0x1389", 1)
        self.check_module("ramdisk", b"r" * 4000, r"warning: /chosen/plain/module@\w+: reg: .*shorter", 0)
        self.check_module("kernel", b"#!/bin/sh\n" + bytes(8182), r"error: /chosen/plain/module@\w+", 1)
        with open(self.path("kernel.gz"), "rb") as file:
            packed = bytearray(file.read())
        packed[len(packed) // 2] ^= 0x40
        self.check_module("kernel.gz", packed, r"error: /chosen/packed/module@\w+: reg: .*cannot be unpacked", 1)
        _, err = self.run_command("check", "--module", f"0x70000000={self.path('ramdisk')}", self.dtb)
        self.assertRegex(err, r"warning: [^\n]*0x70000000")

    def test_sim(self):
        out, err = self.run_command("sim", "--milliseconds", "3000", self.dtb)
        self.assertRegex(out, rb"bulkhead: plan: 2 of 2 domains, digest 0x")
        self.assertRegex(err, r"sim: [\w -]+ after \d+ us")
        self.assertEqual(self.run_command("sim", "--milliseconds", "3000", "--seed", "0", self.dtb)[0], out)

    def test_sim_limits(self):
        _, err = self.run_command("sim", "--milliseconds", "1000000000000", self.dtb)
        self.assertRegex(err, r"sim: idle after \d+ us")
        for wrong in ("1000000000001", "18446744073709552", str(2**64 - 1), str(2**64), "-1", "", "1s"):
            self.run_command("sim", "--milliseconds", wrong, self.dtb, status=2)

    def test_places_that_cannot_be(self):
        wrong = {"--image-at": (0, 0x1000, 0x40200001, 0x40201000, 0x40300000, 0xc0000000, 1 << 47, 1 << 48, 2**64 - 1),
                 "--image-size": (0, 1 << 40, (1 << 48) - 1, 1 << 48, 2**64 - 1),
                 "--dtb-at": (0, 0x40200000, 0x403ffff8, 0x401ffff8, 0x48000004, 0xbffffff8, 1 << 47, 1 << 48, 2**64 - 1)}
        for option, values in wrong.items():
            for value in values:
                for command in "check", "sim":
                    out, err = self.run_command(command, option, hex(value), self.dtb, status=2)
                    self.assertEqual(out, b"")
                    self.assertRegex(err, "bulkhead: ", (option, value))
        for option, value in (("--image-at", 0x40000000), ("--image-at", 0xbfe00000), ("--image-size", 0x600000), ("--dtb-at", 0x40000008)):
            self.run_command("check", option, hex(value), self.dtb)

    def test_standard_input(self):
        with open(self.dtb, "rb") as file:
            data = file.read()
        out, _ = self.run_command("check", "-", given=data)
        self.assertEqual(out, b"standard input: 0 errors, 0 warnings; 2 of 2 domains would start\n")
        self.assertEqual(self.run_command("plan", "-", given=data)[0], self.run_command("plan", self.dtb)[0])
        self.run_command("check", "--module", "0x4a000000=-", self.dtb, status=2)
        self.run_command("check", "-", given=b"", status=1)

    def test_inputs_are_bounded(self):
        large = self.path("large")
        with open(large, "wb") as file:
            file.truncate(1 << 42) # a hole: no byte of it may be read
        for arguments in (large,), ("/dev/zero",), (self.temporary.name,), ("--module", f"0x4a000000={large}", self.dtb), \
                ("--module", "0x4a000000=/dev/zero", self.dtb):
            self.assertRegex(self.run_command("check", *arguments, status=2)[1], "larger than|neither a file nor a pipe")
        self.assertIn("larger than", self.run_command("check", "-", given=bytes((2 << 20) + 1), status=2)[1])
        self.assertIn("error: ", self.run_command("check", "-", given=bytes(2 << 20), status=1)[1])

    def test_sim_says_what_stands_for_a_kernel(self):
        said = r'sim: plain: the guest program "linux" stands for the kernel at 0x4a000000\nsim: packed: the guest program "linux" stands'
        _, err = self.run_command("sim", "--milliseconds", "50", self.dtb)
        self.assertRegex(err, said)
        self.assertIn("--program help", err)
        _, err = self.run_command("sim", "--milliseconds", "50", "--quiet", self.dtb)
        self.assertNotIn("stands for", err)
        dtb = self.changed(r'bootargs = "say', r'bootargs = "sim.program=timer say')
        out, err = self.run_command("sim", "--milliseconds", "500", "--program", "hello", dtb)
        self.assertRegex(err, r'plain: the guest program "timer" stands[^\n]*\nsim: packed: the guest program "hello"')
        self.assertIn(b"plain: timer: tick 1", out)
        self.assertIn(b"packed: hello: done", out)

    def test_sim_programs(self):
        names = re.findall(r"^  ([a-z]+) ", self.run_command("sim", "--program", "help")[0].decode(), re.M)
        with open(PROGRAMS, encoding="utf-8") as file:
            self.assertEqual(set(names), set(re.findall(r'^    {"(\w+)", ', file.read(), re.M)))
        self.assertIn("linux", names)
        for name in names:
            for_devices = name in ("rtc", "dma")  # which these domains do not have
            _, err = self.run_command("sim", "--quiet", "--milliseconds", "20", "--program", name, self.dtb, status=int(for_devices))
            self.assertEqual(f"guest {name}: no " in err, for_devices)
        for wrong in "lin", "linuxx", "":
            self.assertIn("no such guest program", self.run_command("sim", "--program", wrong, self.dtb, status=2)[1])
        dtb = self.changed(r'bootargs = "say', r'bootargs = "sim.program=lin say')
        self.assertRegex(self.run_command("sim", dtb, status=1)[1], "sim.program= of plain names no guest program")

    def test_sim_platforms(self):
        names = re.findall(r"^  ([a-z-]+) ", self.run_command("sim", "--platform", "help")[0].decode(), re.M)
        self.assertEqual(set(names), {"calls", "qemu-virt", "zynqmp"})
        for name in names:
            self.run_command("sim", "--quiet", "--milliseconds", "20", "--platform", name, self.dtb)
        self.assertIn("no such platform", self.run_command("sim", "--platform", "pc", self.dtb, status=2)[1])

    def test_sim_status(self):
        # what the summary says of each domain, by its own name
        _, err = self.run_command("sim", "--milliseconds", "3000", "--program", "hello", self.dtb)
        self.assertRegex(err, r"sim: plain: off, powered off; hello: first instruction after [\d.]+ us, 1 start, \d+ exits\nsim: packed: off")
        _, err = self.run_command("sim", "--milliseconds", "3000", self.dtb)
        self.assertRegex(err, r"sim: plain: running; linux: ")
        # left out: by a mistake in the tree
        _, err = self.run_command("sim", "--milliseconds", "3000", self.changed(r"memory = <0x0 0x20000>;", ""), status=1)
        self.assertRegex(err, r"sim: plain: left out\nsim: packed: running")
        # failed: the tree is good
        _, err = self.run_command("sim", "--milliseconds", "3000", "--fault", "module-bit@0", self.dtb)
        _, err = self.run_command("sim", "--milliseconds", "3000", "--fault", "module-bit@600", self.dtb, status=1)
        self.assertRegex(err, r"sim: plain: failed, [^;\n]*\n")

    def test_sim_short_kernel(self):
        # the header and one instruction, which is what a program in assembler may have
        for size in 68, 100, 1000, 4095:
            system = System([Domain("short", self.write("short", image(size)))], seeds=False).write(self.path("short-system"))
            out, _ = self.run_command("sim", "--milliseconds", "3000", "--program", "hello", *system.host_arguments(), system.path("system.dtb"))
            self.assertIn(b"short: hello: done", out)

    def test_sim_kvm_wants_kernels_of_the_host(self):
        arguments = ("sim", "--accel=kvm", *self.system.host_arguments(), self.dtb)
        if os.uname().machine == "x86_64":
            _, err = self.run_command(*arguments, status=1)
            self.assertRegex(err, "the kernel of plain is for arm64, .*\n.*the kernel of packed is for arm64")
        self.assertIn("needs the kernel of plain", self.run_command("sim", "--accel=kvm", self.dtb, status=1)[1])

    def test_sim_faults(self):
        table = self.run_command("sim", "--fault", "help")[0].decode()
        names = re.findall(r"^  ([a-z0-9.-]+) ", table, re.M)
        self.assertGreater(len(names), 30)
        self.assertEqual(len(names), len(set(names)))
        out, _ = self.run_command("sim", "--milliseconds", "3000", "--fault", "cpu-never-starts@1", self.dtb)
        self.assertIn(b"CPU 1 (affinity 0x1) did not come up", out)
        for wrong in ("nonsense", "dtb-bit@", "dtb-bit@x", "psci-missing@1", "dtb-bi", "kick-lost@0", "lr-lost@0",
                      "cpu-on-error@0", "timer-early@1000000000001", "cpu-late@18446744073709551615"):
            self.run_command("sim", "--fault", wrong, self.dtb, status=2)

    def test_sim_input(self):
        text = r"\x01\x01\x01" * 2 + "hq"
        out, err = self.run_command("sim", "--milliseconds", "3000", "--input", text, self.dtb)
        self.assertIn(b"boot timeline", out)
        self.assertIn("power off", err)

    def test_sim_input_after(self):
        text = r"\x01\x01\x01" * 2 + "hq"
        out, err = self.run_command("sim", "--milliseconds", "3000", "--input-after", "this never comes", "--input", text, self.dtb)
        self.assertNotIn(b"boot timeline", out)
        out, err = self.run_command("sim", "--milliseconds", "3000", "--input-after", "keyboard -> ", "--input", text, self.dtb)
        self.assertIn(b"boot timeline", out)
        self.assertIn("power off", err)

    def test_sim_kvm_gic(self):
        _, err = self.run_command("sim", "--kvm-gic=other", self.dtb, status=2)
        self.assertIn("neither core nor host", err)


if __name__ == "__main__":
    unittest.main()
