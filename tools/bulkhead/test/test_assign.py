#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bulkhead assign: what it writes for devices of real boards and of one that has everything, compared whole.

    BULKHEAD=build/host/bulkhead DEPS=build/deps test_assign.py [unittest options]

A file assign/*.expect is a command, its exit status, what it says, and what it writes. ASSIGN_UPDATE=1 writes them anew, to be read
before they are committed.
"""
import glob
import os
import re
import shlex
import subprocess
import tempfile
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
BULKHEAD, DEPS = (os.path.realpath(os.environ[name]) for name in ("BULKHEAD", "DEPS"))
EXPECTATIONS = sorted(glob.glob(os.path.join(HERE, "assign", "*.expect")))
# What the hypervisor adds. With it the partial tree refers to nothing that is not there.
CONTROLLER = "/ { interrupt-controller { phandle = <0xfde8>; interrupt-controller; #interrupt-cells = <3>; #address-cells = <0>; }; };\n"
# dtc wants registers of all that is on a simple-bus; the protocol wants clocks and regulators there.
QUIET = ["-W", "no-simple_bus_reg"]


# A controller that is not in the text has no label.
LABEL = re.compile(r"^.*interrupts_extended_property.*is not a phandle reference\n", re.M)


def dtc(source, kind="dtb", *options, given="dts"):
    return subprocess.run(["dtc", "-I", given, "-O", kind, *options, "-"], input=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)


class AssignTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = temporary.name
        kernel = os.path.join(DEPS, "arm64/usr/lib/linux-image-*")
        for board in "xilinx/zynqmp-zcu102-rev1.0.dtb", "freescale/imx8mm-evk.dtb":
            os.symlink(os.path.realpath(sorted(glob.glob(os.path.join(kernel, board)))[-1]), cls.path(os.path.basename(board)))
        os.rename(cls.path("zynqmp-zcu102-rev1.0.dtb"), cls.path("zcu102.dtb"))
        virt = f'/dts-v1/;\n/include/ "{ROOT}/tests/dts/virt.dtsi"\n/ {{ chosen {{ stdout-path = "/pl011@9000000"; }}; }};\n'
        with open(os.path.join(HERE, "assign", "board.dts"), encoding="utf-8") as file:
            board = file.read()
        for name, source in (("virt.dtb", virt), ("board.dtb", board)):
            with open(cls.path(name), "wb") as file:
                file.write(dtc(source.encode(), "dtb", "-q").stdout)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    def run_command(self, words, given=b""):
        """@return exit status, what it says, what it writes"""
        result = subprocess.run([BULKHEAD, *words], cwd=self.folder, input=given, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, timeout=60)
        return result.returncode, result.stderr.decode(), result.stdout.decode()

    def test_expectations(self):
        self.assertGreater(len(EXPECTATIONS), 10)
        for name in EXPECTATIONS:
            with open(name, encoding="utf-8") as file:
                expected = file.read()
            command = expected.split("\n", 1)[0]
            words = shlex.split(command.removeprefix("$ bulkhead "))
            status, said, written = self.run_command(words)
            found = f"{command}\nstatus {status}\n{said}" + (f"\n{written}" if written else "")
            if os.environ.get("ASSIGN_UPDATE"):
                with open(name, "w", encoding="utf-8") as file:
                    file.write(found)
                continue
            with self.subTest(os.path.basename(name)):
                self.assertEqual(found, expected)

    def commands(self):
        """Those that write a tree, without their output file."""
        for name in EXPECTATIONS:
            with open(name, encoding="utf-8") as file:
                command, status, *_ = file.read().split("\n")
            if status == "status 0":
                yield shlex.split(command.removeprefix("$ bulkhead "))

    def test_nothing_dangles(self):
        """dtc finds nothing to warn of: no phandle without its node, no cells of the wrong number."""
        for words in self.commands():
            with self.subTest(words):
                result = dtc((self.run_command(words)[2] + CONTROLLER).encode(), "dtb", *QUIET)
                self.assertEqual((result.returncode, LABEL.sub("", result.stderr.decode())), (0, ""))

    def test_blob(self):
        """FILE.dtb is what dtc makes of the text; any other FILE is the text."""
        for words in self.commands():
            with self.subTest(words):
                text = self.run_command(words)[2]
                self.assertEqual(self.run_command([*words, "-o", "x.dtb"])[2], "")
                self.assertEqual(self.run_command([*words, "-o", "x.dts"])[2], "")
                with open(self.path("x.dts"), encoding="utf-8") as file:
                    self.assertEqual(file.read(), text)
                with open(self.path("x.dtb"), "rb") as file:
                    blob = file.read()
                of_text = dtc(dtc(text.encode(), "dtb", "-q").stdout, "dts", "-q", given="dtb").stdout
                self.assertEqual(dtc(blob, "dts", "-q", given="dtb").stdout, of_text)
                self.assertNotEqual(of_text, b"")

    def devices(self, tree):
        """Paths of all nodes with registers."""
        with open(self.path(tree), "rb") as file:
            source = dtc(file.read(), "dts", "-q", given="dtb").stdout.decode()
        path = []
        for line in source.split("\n"):
            name = re.match(r"\s*(\S+) \{$", line)
            if name:
                path.append(name.group(1))
            elif line.strip() == "};":
                path.pop()
            elif re.match(r"\s*reg = ", line) and len(path) > 1:
                yield "/" + "/".join(path[1:])

    def given_away(self, tree, path):
        """With a rate for each clock that the command asks for. @return exit status, what it says, what it writes"""
        words = ["assign", tree, path]
        for _ in range(2):
            status, said, written = self.run_command(words)
            for clock in sorted(set(re.findall(r"give it with --clock (\S+)=HZ", said))):
                words += ["--clock", f"{clock}=1000000"]
        return status, said, written

    def test_every_device_of_a_board(self):
        """Each is written so that dtc has nothing to say, or refused with the reason."""
        written_ones = 0
        for path in self.devices("imx8mm-evk.dtb"):
            status, said, written = self.given_away("imx8mm-evk.dtb", path)
            with self.subTest(path):
                self.assertIn(status, (0, 1), said)
                self.assertEqual(status == 1, "error: " in said, said)
                self.assertEqual(status == 0, written != "", said)
                if status == 0:
                    result = dtc((written + CONTROLLER).encode(), "dtb", *QUIET, "-W", "no-interrupt_provider")
                    self.assertEqual((result.returncode, LABEL.sub("", result.stderr.decode())), (0, ""))
                    written_ones += 1
        self.assertGreater(written_ones, 60)

    def test_is_the_same_each_time(self):
        words = ["assign", "board.dtb", "net", "--clock", "odd=1"]
        self.assertEqual(self.run_command(words), self.run_command(words))

    def test_usage(self):
        for words in ([], ["virt.dtb"], ["virt.dtb", "pl031", "--guest", "0x800"], ["virt.dtb", "pl031", "--clock", "x"],
                      ["virt.dtb", "pl031", "--clock", "=5"], ["virt.dtb", "pl031", "--clock", "x=0"],
                      ["virt.dtb", "pl031", "--clock", "x=4294967296"], ["virt.dtb", "pl031", "--image-at", "0"], ["absent.dtb", "pl031"],
                      ["virt.dtb"] + ["pl031"] * 65, ["virt.dtb", "pl031", "-o", "absent/x.dtb"]):
            with self.subTest(words):
                status, said, written = self.run_command(["assign", *words])
                self.assertEqual((status, written), (2, ""))
                self.assertRegex(said, "bulkhead: ")

    def test_damaged_tree(self):
        with open(self.path("virt.dtb"), "rb") as file:
            data = file.read()
        for damaged in b"", data[:len(data) // 2]:
            with self.subTest(len(damaged)):
                result = subprocess.run([BULKHEAD, "assign", "-", "pl031"], input=damaged, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, timeout=60)
                self.assertEqual((result.returncode, result.stdout), (1, b""))
                self.assertIn(b"error: ", result.stderr)

    def test_quiet(self):
        status, said, _ = self.run_command(["assign", "--quiet", "virt.dtb", "virtio_mmio@a003e00"])
        self.assertEqual((status, said), (0, ""))


if __name__ == "__main__":
    unittest.main()
