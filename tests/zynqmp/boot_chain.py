#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What tests/zynqmp/boot_chain.sh runs once everything is built: see there."""
import argparse
import json
import os
import re
import socket
import struct
import subprocess
import sys
import time

import pexpect

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "qemu")]
import example  # noqa: E402
from lab import ROOT, Failure, Lab, check, check_equal, check_lines  # noqa: E402

MIB = 1 << 20
NAMES = ("linux1", "linux2")
# Where TF-A's stand-in for the PMU looks: tests/zynqmp/pmu_in_tf_a.c.
SWITCHES, NO_WAKE_UP = 0xfffc0000, 1
JTAG_MODE, SD1_MODE = 0x0, 0xe  # UG1085 table "Boot Modes"; the ZCU102's card slot is SD1 behind a level shifter
CARD_BYTES, PARTITION_AT = 256 * MIB, MIB
PLAN = r"plan: 2 of 2 domains, digest (0x[0-9a-f]+) \(bulkhead plan ([^)]*)\)"


class Chain:
    """One boot of TF-A, U-Boot, Bulkhead and two Linux domains on QEMU's xlnx-zcu102."""

    def __init__(self, options, name, source):
        self.options = options
        self.lab = Lab(options, os.path.join(options.work, "runs", name))
        self.source = source
        for link in ("tools", "build"):
            os.symlink(os.path.join(ROOT, link), self.path(link))
        example.make(self.lab.directory, source)

    def path(self, *names):
        return os.path.join(self.lab.directory, *names)

    def lines_of(self, name):
        with open(self.path("system", name), encoding="utf-8") as file:
            return file.read().splitlines()

    def firmware(self, name):
        return self.lab.artifact(os.path.join(self.options.work, name))

    def machine(self, mode, wakes_up):
        """QEMU's arguments: the board as it is when TF-A starts, with the boot mode pins and what U-Boot needs to begin."""
        self.qmp = os.path.relpath(self.path("qmp"))  # a socket's name must be short
        arguments = ["-M", "xlnx-zcu102,virtualization=on,secure=on", "-m", "4096", "-smp", "4", "-display", "none", "-monitor",
                     "none", "-audiodev", "none,id=silence", "-semihosting-config", "enable=on,target=native",
                     "-qmp", f"unix:{self.qmp},server=on,wait=off", "-device", f"loader,file={self.firmware('bl31.elf')},cpu-num=0"]
        for at, value in ((SWITCHES, mode), (SWITCHES + 4, 0 if wakes_up else NO_WAKE_UP)):
            arguments += ["-device", f"loader,addr={at:#x},data={value:#x},data-len=4"]
        for file, address in (("u-boot.bin", "0x8000000"), ("u-boot.dtb", "0x100000")):
            arguments += load(self.firmware(file), address)
        return arguments

    def start(self, wakes_up=True, without=None):
        """without: a file that is not on the card."""
        mode, extra = JTAG_MODE, ["-nic", "none"]
        if self.source == "jtag":
            for _, _, file, address in (line.split() for line in self.lines_of("jtag.tcl")):
                extra += load(self.path("system", file), address)
        elif self.source == "sd":
            mode = SD1_MODE
            extra += ["-drive", f"file={self.card(without)},if=sd,index=1,format=raw"]
        else:  # the board's Ethernet is the fourth of four
            extra = 3 * ["-nic", "user"] + ["-nic", f"user,tftp={self.path('system')},bootfile=boot.scr.uimg"]
        self.board = self.lab.run(self.machine(mode, wakes_up) + extra, limit=900)
        return self.board

    def card(self, without):
        """An SD card with one FAT32 partition, and on it what docs/zynqmp.md says."""
        image, tools = self.path("card.img"), os.path.join(self.options.work, "host", "usr", "bin")
        size = (CARD_BYTES - PARTITION_AT) // 512
        with open(image, "wb") as file:
            file.truncate(CARD_BYTES)
            file.seek(446)  # one entry of the partition table: bootable, FAT32 by LBA
            file.write(struct.pack("<BBBBBBBBII", 0x80, 0, 0, 0, 0x0c, 0, 0, 0, PARTITION_AT // 512, size))
            file.seek(510)
            file.write(b"\x55\xaa")
        where = f"{image}@@{PARTITION_AT}"
        subprocess.run([os.path.join(tools, "mformat"), "-i", where, "-F", "-T", str(size), "-h", "16", "-s", "63", "::"],
                       check=True, timeout=60)
        command = example.block("cp system/").split()
        check_equal(command[0], "cp", "the command of docs/zynqmp.md that fills the card")
        files = [name for name in command[1:-1] if os.path.basename(name) != without]
        subprocess.run([os.path.join(tools, "mcopy"), "-i", where, *files, "::"], check=True, timeout=120, cwd=self.lab.directory)
        return image

    def handed_over(self, address):
        """The device tree in the board's memory."""
        whole = self.path("memory.bin")
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(60)
            channel.connect(self.qmp)
            answers = channel.makefile("r", encoding="utf-8")
            answers.readline()
            for command in ({"execute": "qmp_capabilities"},
                            {"execute": "pmemsave", "arguments": {"val": address, "size": 2 * MIB, "filename": whole}}):
                channel.sendall(json.dumps(command).encode())
                answer = answers.readline()
                while "event" in answer:
                    answer = answers.readline()
                check("return" in answer, f"QEMU does not answer: {answer}")
        with open(whole, "rb") as file:
            tree = file.read()
        magic, size = struct.unpack(">II", tree[:8])
        check_equal(magic, 0xd00dfeed, f"what lies at {address:#x}")
        return self.lab.write("handed-over.dtb", tree[:size])

    def plan(self, *arguments):
        """The digest at the desk."""
        return re.search(r"^digest (0x[0-9a-f]{16})$", self.lab.host("plan", *arguments)[0], re.M).group(1)

    def simulate(self, *arguments):
        """The digest in the simulator, and all that it prints."""
        text, _ = self.lab.host("sim", *arguments)
        plan = re.search(PLAN, text)
        check(plan and all(f"{name}: Run /init as init process" in text for name in NAMES), f"the simulator does not boot:\n{text}")
        return plan.group(1), text


def load(file, address):
    return ["-device", f"loader,file={file},addr={address},force-raw=on"]


def at_the_desk(chain):
    """Runs the document's checks of the system, before anything is booted."""
    text = example.run(example.block("mapfile -t arguments <system/uboot.args"), chain.lab.directory)
    check("0 errors, 0 warnings; 2 of 2 domains would start" in text, f"the check before the boot:\n{text}")
    for name in NAMES:
        check(f"{name}: Run /init as init process" in text, f"the simulator does not boot {name}:\n{text}")


def planned(chain, board):
    """What EL2 says of its plan: the digest, the options with which the host command prints the same, and the modules for it."""
    digest, options = board.expect(PLAN, timeout=60).groups()
    options, known = options.split(" --module")[0].split(), chain.lines_of("uboot.args")
    modules = known.index("--module")
    check_equal(options, known[:modules], "the options that EL2 names, and those of the desk")
    return digest, options, known[modules:]


def compare_plans(chain, board):
    """EL2's plan against that of the tree that U-Boot handed over, and of the one that was checked at the desk."""
    digest, options, modules = planned(chain, board)
    handed_over = chain.handed_over(int(options[3], 0))
    chain.lab.host("check", *options, *modules, handed_over)
    for tree in (handed_over, chain.path("system", "system.dtb")):
        check_equal(chain.plan(*options, *modules, tree), digest, f"the digest of {tree}")
    # programs of its own stand for the kernels there, whose headers are part of the plan
    check_equal(chain.simulate(*options, handed_over)[0], chain.plan(*options, handed_over), "the digest in the simulator")
    return f"digest {digest}: at EL2, of the tree that U-Boot handed over, of the tree at the desk"


def compare_refusals(chain, board):
    """CPUs that did not come up are part of the plan; the simulator can leave out the same."""
    left_out = r"warning: CPU {} \(affinity 0x{}\) cannot be started and is left out"
    board.expect_all([left_out.format(cpu, cpu) for cpu in (1, 2, 3)], timeout=60)
    digest, options, modules = planned(chain, board)
    handed_over = chain.handed_over(int(options[3], 0))
    desk = chain.plan(*options, *modules, handed_over)
    check(digest != desk, "the plan of one CPU has the digest of the plan of four")
    faults = [word for cpu in (1, 2, 3) for word in ("--fault", f"cpu-refused@{cpu}")]
    simulated, text = chain.simulate(*options, *faults, handed_over)
    check(all(re.search(left_out.format(cpu, cpu), text) for cpu in (1, 2, 3)), f"the simulator starts a CPU:\n{text}")
    check(simulated != chain.plan(*options, handed_over), "the simulator's plan of one CPU has the digest of the plan of four")
    return f"digest {digest}: at EL2, with one CPU; at the desk, with four: {desk}"


def use_domains(board):
    """Both domains reach their init, and a shell answers in each."""
    board.expect_all([rf"{name}: init: reached after" for name in NAMES], timeout=600)
    for name in NAMES:
        board.keyboard_to(name)
        board.send_line("echo $(hostname) has $((40+2))")
        board.expect(rf"{name}: {name} has 42\r", timeout=120)


def firmware_starts(board):
    """TF-A and U-Boot say who they are; returns their versions."""
    tf_a = board.expect(r"BL31: (v[0-9.]+)\(").group(1)
    u_boot = board.expect(r"U-Boot (20[0-9.]+) \(", timeout=120).group(1)
    board.expect(r"EL Level:\s+EL2", timeout=120)
    return f"TF-A {tf_a}, U-Boot {u_boot}"


def boot(chain, wakes_up=True):
    """The whole way; returns the report's lines."""
    at_the_desk(chain)
    started = time.monotonic()
    board = chain.start(wakes_up)
    firmware = firmware_starts(board)
    board.expect(r"Starting kernel", timeout=300)
    plans = (compare_plans if wakes_up else compare_refusals)(chain, board)
    use_domains(board)
    board.quit()  # PSCI SYSTEM_OFF, by TF-A
    after = board.text.split("Starting kernel ...", 1)[1]
    check_lines(after, {"bulkhead", *NAMES})
    complaints = re.findall(r"bulkhead: (?:error|warning): [^\r]*", after)
    check_equal(len(complaints), 0 if wakes_up else 3, f"complaints of the hypervisor ({complaints})")
    return [firmware, plans, f"both domains to their shells, off: {time.monotonic() - started:.0f} s"]


def incomplete(chain):
    """A file is missing on the card: the script names it and boots nothing."""
    board = chain.start(without="module1")
    firmware = firmware_starts(board)
    board.expect(r"not loaded: module1", timeout=300)
    board.drain(2)
    check("Starting kernel" not in board.text, "U-Boot booted what it could not load")
    board.stop()
    return [firmware, "the script says what is missing, and boots nothing"]


CASES = {
    "jtag": ("all in memory, as a debugger would put it there", "jtag", boot, {}),
    "sd": ("the boot mode pins say SD card; U-Boot finds its script there", "sd", boot, {}),
    "sd-incomplete": ("a file is missing on the card", "sd", incomplete, {}),
    "tftp": ("U-Boot fetches its script and all else by DHCP and TFTP", "tftp", boot, {}),
    "one-cpu": ("as jtag; the PMU refuses to start CPUs 1 to 3", "jtag", boot, {"wakes_up": False}),
}


def run(name, options):
    what, source, case, arguments = CASES[name]
    print(f"zynqmp: {name}: {what}", flush=True)
    chain = None
    try:
        chain = Chain(options, name, source)
        report = case(chain, **arguments)
    except (Failure, ValueError, OSError, subprocess.SubprocessError, pexpect.ExceptionPexpect) as error:
        for log, tail in chain.lab.tails() if chain is not None else ():
            print(f"---- end of {log}", *tail, "----", sep="\n")
        print(f"zynqmp: {name}: FAILED: {type(error).__name__}: {str(error)[:2000]}")
        return False
    print(*(f"zynqmp: {name}: {line}" for line in report), sep="\n", flush=True)
    return True


def main():
    build = os.path.join(ROOT, "build")
    parser = argparse.ArgumentParser(prog="tests/zynqmp/boot_chain.sh")
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(CASES)}; all")
    parser.add_argument("--work", default=os.path.join(build, "zynqmp"))
    parser.add_argument("--aarch64", default=os.path.join(build, "aarch64"))
    parser.add_argument("--bulkhead", default=os.path.join(build, "host", "bulkhead"))
    parser.add_argument("--deps", default=os.path.join(build, "deps"))
    options = parser.parse_args()
    for name in options.cases:
        if name not in CASES:
            parser.error(f"no such case: {name}")
    wanted = options.cases or list(CASES)
    failed = [name for name in wanted if not run(name, options)]
    print(f"zynqmp: {len(wanted) - len(failed)} of {len(wanted)} boots passed" + "".join(f", {name} FAILED" for name in failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
