#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs `bulkhead sim --accel=kvm` on this host's KVM and looks at the console.

    tests/kvm/run.py CASE [--bulkhead FILE] [--payloads DIR] [--guests DIR] [--arm64 DIR] [--aarch64 DIR] [--deps DIR] [--work DIR]
    tests/kvm/run.py --list

Cases arm64-* bring their own KVM: that of Debian's arm64 kernel on an emulated machine. The others exit with 77 and say why
where the host's KVM cannot be used: ctest then reports them as skipped.
"""
import argparse
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tests", "guest", "expect")]
import reader as expect  # noqa: E402
import make_initramfs  # noqa: E402
from make_system import Domain, System  # noqa: E402

SKIPPED = 77
CASES = {}


class Failure(Exception):
    """A test found something wrong."""


def check(condition, message):
    if not condition:
        raise Failure(message)


def case(function):
    CASES[function.__name__.replace("_", "-")] = function
    return function


class Lab:
    """One test's directory; what runs there."""

    def __init__(self, options, directory):
        self.options = options
        self.directory = directory
        os.makedirs(directory, exist_ok=True)

    def probe(self, kind, name=None, **arguments):
        return Domain(name or kind, os.path.join(self.options.payloads, f"probe-{kind}.bin"), **arguments)

    def program(self, name, bootargs=""):
        return Domain(name, os.path.join(self.options.guests, name + ".bin"), memory=32, bootargs=bootargs)

    def system(self, domains, **arguments):
        return System(domains, seeds=False, **arguments).write(os.path.join(self.directory, "system"))

    def sim(self, system, *arguments, status=0):
        """Returns the console's lines and what the command said about the run."""
        command = [self.options.bulkhead, "sim", "--quiet", *system.host_arguments(), *arguments, system.path("system.dtb")]
        print(" ".join(command), flush=True)
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=150, stdin=subprocess.DEVNULL)
        text, errors = result.stdout.decode(), result.stderr.decode()
        print(text, errors, sep="\n", flush=True)
        check(result.returncode == status, f"exit status {result.returncode}, not {status}")
        return [line.rstrip("\r") for line in text.split("\n")], errors

    def kvm(self, system, *arguments, status=0):
        return self.sim(system, "--accel=kvm", *arguments, status=status)


    def arm64_host(self, system, *arguments, limit, memory=1024):
        """The same on an arm64 Linux in QEMU: its /init is this run, then it powers off. Time goes by instructions: the host is
        at the same point of its boot at the same time, however busy this machine is."""
        files = {"/system.dtb": system.path("system.dtb"), "/bin/bulkhead": os.path.join(self.options.arm64, "bulkhead")}
        words = ["bulkhead", "sim", "--accel=kvm", "--quiet", *arguments]
        for argument in system.host_arguments():
            address, _, path = argument.partition("=")
            if path:
                files["/root/" + os.path.basename(path)] = path
                argument = f"{address}=/root/{os.path.basename(path)}"
            words.append(argument)
        init = HOST_INIT.format(command=" ".join(words))
        with open(os.path.join(self.directory, "host.cpio"), "wb") as file:
            busybox = os.path.join(self.options.deps, "arm64", "bin", "busybox")
            file.write(make_initramfs.build(busybox, init, files.items()))
        command = ["timeout", "-k", "5", str(limit), "qemu-system-aarch64", "-M", "virt,virtualization=on,gic-version=2",
                   "-cpu", "cortex-a57", "-icount", "shift=1,sleep=off", "-m", str(memory), "-display", "none",
                   "-monitor", "none", "-serial", "stdio", "-no-reboot",
                   "-kernel", os.path.join(self.options.deps, "Image"), "-initrd", file.name,
                   "-append", "console=ttyAMA0 quiet panic=-1"]
        print(" ".join(command), flush=True)
        result = subprocess.run(command, stdout=subprocess.PIPE, timeout=limit + 20, stdin=subprocess.DEVNULL)
        text = result.stdout.decode(errors="replace")
        print(text, flush=True)
        check(result.returncode == 0, f"QEMU's exit status {result.returncode}: the run took longer than {limit} s")
        lines = [line.rstrip("\r") for line in text.split("\n")]
        check("host: exit status 0" in lines, "the command failed")
        return lines


HOST_INIT = """#!/bin/sh
export PATH=/bin
mount -t devtmpfs dev /dev
{command} /system.dtb
echo "host: exit status $?"
poweroff -f
"""


def of(lines, domain):
    """What one domain printed, without lines of the keyboard's owner that were shown before they were whole; see expect.whole()."""
    own = [line[len(domain) + 2:] for line in lines if line.startswith(domain + ": ")]
    return [line for line, following in zip(own, own[1:] + [""]) if not (line and following != line and following.startswith(line))]


def check_probe(lines, *domains):
    for domain in domains:
        printed = of(lines, domain)
        check(printed == ["probe: begins", "probe: done"], f"{domain} printed {printed}")
        check(f"bulkhead: {domain}: off: powered off" in lines, f"{domain} is not off")


@case
def memory(lab):
    """Memory that core maps at the first touch: by loads, stores, read-modify-writes, strings, and as code; on two CPUs."""
    lines, _ = lab.kvm(lab.system([lab.probe("memory", "one"), lab.probe("memory", "two")]))
    check_probe(lines, "one", "two")


@case
def aborts(lab):
    """What a domain must not do is answered: each wrong once, with core's message, and the program goes on behind it."""
    lines, _ = lab.kvm(lab.system([lab.probe("aborts")]))
    check_probe(lines, "aborts")
    said = [line for line in lines if line.startswith("bulkhead: aborts: vCPU 0: ")]
    for pattern in (r"read at 0x10000000, .*external abort", r"write at 0x10000003, .*external abort",
                    r"instruction fetch at 0x10000000, .*external abort", r"undefined instruction"):
        check(sum(re.search(pattern, line) is not None for line in said) == 1, f"not said once: {pattern}")


@case
def shutdown(lab):
    """A triple fault stops its domain alone."""
    lines, errors = lab.kvm(lab.system([lab.probe("shutdown"), lab.probe("memory")], cpus=1), status=1)
    check("sim: shutdown: failed, " in errors and "sim: memory: off" in errors, "the end of the run does not say so")
    check_probe(lines, "memory")
    check(of(lines, "shutdown") == ["probe: begins"], "the domain printed something else")
    check(any(line.startswith("bulkhead: shutdown: failed: ") for line in lines), "the domain is not stopped")


@case
def spin(lab):
    """A guest that never comes out is called back: another one on the same CPU has its turn."""
    lines, errors = lab.kvm(lab.system([lab.probe("spin"), lab.probe("memory")], cpus=1), "--milliseconds", "500")
    check_probe(lines, "memory")
    check("limit reached" in errors, "the run did not end at its time limit")


@case
def reset(lab):
    """PSCI SYSTEM_RESET: the vCPU begins anew, its memory holds zeros again."""
    lines, _ = lab.kvm(lab.system([lab.probe("reset")]))
    printed = of(lines, "reset")
    check(len(printed) > 2 and set(printed[:-1]) == {"probe: begins"} and printed[-1] == "probe: done", f"printed {printed}")


@case
def programs(lab):
    """The programs of tests/guest that need no interrupts print what they print in hostsim and on QEMU."""
    arguments = {"hello": "", "memory": "stride=4096", "hostile": "rounds=3 step=64", "mmio": "", "reset": "until-ms=50",
                 "spin": "lines=3 period-us=20000"}
    lines, _ = lab.kvm(lab.system([lab.program(name, bootargs) for name, bootargs in arguments.items()]))
    for name in arguments:
        check(expect.matches(name, of(lines, name)), f"not what tests/guest/expect says of {name}: {of(lines, name)}")


@case
def refused(lab):
    """A kernel that is not given is asked for: no guest program takes its place."""
    system = lab.system([lab.probe("memory")])
    result = subprocess.run([lab.options.bulkhead, "sim", "--accel=kvm", system.path("system.dtb")], stderr=subprocess.PIPE,
                            stdout=subprocess.PIPE, timeout=60)
    check(result.returncode == 1 and b"--accel=kvm needs the kernel of memory" in result.stderr, f"{result}")


ARM64_PROGRAMS = {"hello": "one two", "memory": "stride=64", "timer": "ticks=5 period-us=20000", "ipi": "", "mmio": "",
                  "reset": "until-ms=4000 pause-us=200000", "hostile": "rounds=3 step=64", "spin": "lines=3 period-us=20000"}


def run_arm64_programs(lab, bootargs, *arguments):
    domains = [Domain(name, os.path.join(lab.options.aarch64, "guests", name + ".bin"), memory=32, bootargs=words)
               for name, words in bootargs.items()]
    lines = lab.arm64_host(lab.system(domains, cpus=2, memory=512), *arguments, limit=170)
    for name in bootargs:
        check(expect.matches(name, expect.whole(of(lines, name))), f"not what tests/guest/expect says of {name}: {of(lines, name)}")
        check(f"bulkhead: {name}: off: powered off" in lines, f"{name} is not off")
    check('hello: image 40000000, device tree 41e00000, bootargs "one two"' in of(lines, "hello"), "what hello was given")
    check(sum(line.startswith("reset: up, start ") for line in of(lines, "reset")) > 1, "reset was not restarted")
    return lines


def run_arm64_linux(lab, *arguments):
    init = make_initramfs.INIT.replace("while true; do\n    setsid cttyhack sh\ndone\n",
                                       "sleep 1\ngrep -c arch_timer /proc/interrupts\nuname -m\n"
                                       "echo awaits a word\nread -t 10 word\necho \"read $word\"\npoweroff -f\n")
    check("poweroff" in init, "make_initramfs.INIT has another end")
    with open(os.path.join(lab.directory, "guest.cpio"), "wb") as file:
        file.write(make_initramfs.build(os.path.join(lab.options.deps, "arm64", "bin", "busybox"), init))
    linux = Domain("linux1", os.path.join(lab.options.deps, "Image"), memory=128, ramdisk=file.name,
                   bootargs="console=ttyAMA0 quiet panic=-1")
    lines = lab.arm64_host(lab.system([linux], cpus=1, memory=512), "--milliseconds", "400000", "--input-after=awaits",
                           "--input=typed\\\\n", *arguments, limit=500, memory=1536)
    printed = of(lines, "linux1")
    check(any(line.startswith("init: reached after ") for line in printed), "Linux did not come to its init")
    check("aarch64" in printed and "1" in printed, "its init did not run to its end")
    check("read typed" in printed, "the UART's interrupt did not bring what was typed")
    check("bulkhead: linux1: off: powered off" in lines, "the domain is not off")
    return lines


OWN_GIC = "sim: interrupts came from KVM's own GICv2: the hypervisor's vGIC was not used"


@case
def arm64_programs(lab):
    """The A64 payloads, as they run on the board: console, memory, restarts, timer and software interrupts by core's vGIC."""
    check(OWN_GIC not in run_arm64_programs(lab, ARM64_PROGRAMS), "core's vGIC was not used")


@case
def arm64_linux(lab):
    """A real kernel with core's vGICv2 and vpl011 comes up to its init, sleeps, and powers off."""
    check(OWN_GIC not in run_arm64_linux(lab), "core's vGIC was not used")


@case
def arm64_programs_host_gic(lab):
    """The same payloads print the same with KVM's own interrupt controller; each restart finds a fresh one. Not mmio: KVM's
    GICv2 has no GICD_PIDR2."""
    programs = {name: bootargs for name, bootargs in ARM64_PROGRAMS.items() if name != "mmio"}
    check(OWN_GIC in run_arm64_programs(lab, programs, "--kvm-gic=host"), "KVM's GIC was not used")


@case
def arm64_linux_host_gic(lab):
    """The same kernel with KVM's own interrupt controller and core's vpl011."""
    check(OWN_GIC in run_arm64_linux(lab, "--kvm-gic=host"), "KVM's GIC was not used")


def host_has_kvm():
    """None, or why not."""
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return f"/dev/kvm: {error.strerror}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("case", nargs="?")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--bulkhead", default=os.path.join(ROOT, "build", "host", "bulkhead"))
    parser.add_argument("--payloads", default=os.path.join(ROOT, "build", "host", "tests", "kvm"))
    parser.add_argument("--guests", default=os.path.join(ROOT, "build", "host", "guests", "x86_64"))
    parser.add_argument("--arm64", default=os.path.join(ROOT, "build", "arm64"), help="build directory of the preset arm64")
    parser.add_argument("--aarch64", default=os.path.join(ROOT, "build", "aarch64"), help="of the preset aarch64")
    parser.add_argument("--deps", default=os.path.join(ROOT, "build", "deps"))
    parser.add_argument("--work", default=os.path.join(ROOT, "build", "host", "kvm"))
    options = parser.parse_args()
    if options.list:
        print(*CASES, sep="\n")
        return 0
    if options.case not in CASES:
        parser.error(f"no such case: {options.case}; see --list")
    missing = None if options.case.startswith("arm64-") else host_has_kvm()
    if missing is not None:
        print(f"skipped: {missing}: nothing of --accel=kvm is tested")
        return SKIPPED
    try:
        CASES[options.case](Lab(options, os.path.join(options.work, options.case)))
    except Failure as failure:
        print(f"FAILED: {failure}")
        return 1
    print("passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
