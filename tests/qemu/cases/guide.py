# SPDX-License-Identifier: Apache-2.0
"""What the pages say, done: docs/guest.md's program on both GICs, docs/quickstart.md's systems on QEMU and by U-Boot."""
import os
import re
import shlex
import subprocess

from lab import ROOT, Domain, case, check, check_equal


def blocks():
    """The blocks of code of docs/guest.md, without their language."""
    with open(os.path.join(ROOT, "docs", "guest.md"), encoding="utf-8") as file:
        return re.findall(r"^```\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)


def build(lab, program, commands):
    """Runs those of the page's commands that make the program. @return the file that its --kernel names"""
    lab.write("hello.S", program.encode())
    for line in commands.replace("\\\n", " ").splitlines():
        if line.startswith("aarch64-linux-gnu-"):
            lab.note(line)
            subprocess.run(shlex.split(line), cwd=lab.directory, check=True, timeout=60, stdin=subprocess.DEVNULL)
    return lab.artifact(lab.path(re.search(r"--kernel (\S+)", commands).group(1)))


def guest_contract(lab, gic):
    """What the page says word for word: the program, the options of its domain, the lines that it prints."""
    program, commands, printed = blocks()
    check(program.count("\n") <= 32, "the shortest program has grown")
    kernel = build(lab, program, commands)
    memory = int(re.search(r"--domain-memory (\d+)", commands).group(1))
    hypervisor = re.search(r"--hypervisor-args (\S+)", commands).group(1)
    board = lab.boot(lab.system([Domain("hello", kernel, memory=memory)], gic=gic, hypervisor_args=hypervisor))
    board.wait_end(timeout=60)
    for line in printed.splitlines():
        check(line in board.lines(), f"docs/guest.md says that it prints: {line}")
    check_equal(board.lines("hello"), ["hello from a domain"], "output of the page's program")


for version in (2, 3):
    case(timeout=120, name=f"guest-contract-gicv{version}", gic=version)(guest_contract)


@case(timeout=60)
def guest_contract_at_the_desk(lab):
    """The host command has nothing to say against it, whatever the GIC."""
    program, commands, _ = blocks()
    kernel = build(lab, program, commands)
    for gic in (2, 3):
        system = lab.system([Domain("hello", kernel, memory=8)], name=f"gicv{gic}", gic=gic)
        _, messages = lab.host("check", *system.host_arguments(), system.path("system.dtb"))
        check_equal(re.findall(r"^(?:error|warning): .*", messages, re.MULTILINE), [], "what `check` says of it")


def quickstart(lab, beginning, follows=""):
    """The commands of docs/quickstart.md's block that begins so, run in a tree that is built, but for QEMU's; @follows: options for
    tools/make_system.py. @return QEMU's arguments, by the page's line"""
    with open(os.path.join(ROOT, "docs", "quickstart.md"), encoding="utf-8") as file:
        block = re.search(r"(?m)^    " + re.escape(beginning) + r".*\n(?:    .*\n)*", file.read()).group(0)
    os.makedirs(lab.path("build"), exist_ok=True)
    for name, place in (("tools", os.path.join(ROOT, "tools")), ("build/aarch64", lab.options.aarch64), ("build/deps", lab.options.deps),
                        ("build/host", os.path.dirname(lab.options.bulkhead))):
        if not os.path.lexists(lab.path(name)):
            os.symlink(os.path.realpath(place), lab.path(name))
    lines = [line.strip() for line in block.replace("\\\n", " ").splitlines()]
    commands = [line + follows if "make_system.py" in line else line for line in lines]
    script = "\n".join(f"printf '%s\\n' {line.split(' ', 1)[1]} >qemu.words" if line.startswith("qemu") else line for line in commands)
    lab.note(script)
    subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=lab.directory, check=True, timeout=120, stdin=subprocess.DEVNULL)
    with open(lab.path("qemu.words"), encoding="utf-8") as file:
        words = file.read().splitlines()
    console = words.index("-chardev")  # the lab's own says the same
    check_equal(words[console:], ["-chardev", "stdio,id=serial0,signal=off", "-serial", "chardev:serial0"], "the page's console")
    return words[:console]


def absolute(lab, words):
    """The page's relative paths, from where QEMU is started."""
    return [re.sub(r"(?<=tftp=)system", lab.path("system"), word) if "tftp=" in word else
            re.sub(r"(?:(?<=file=)|^)(system/|build/|initramfs)", lambda match: lab.path(match.group(1)), word) for word in words]


@case(timeout=240)
def quickstart_qemu(lab):
    """A Linux and a payload, by the page's commands."""
    arguments = absolute(lab, quickstart(lab, "tools/make_initramfs.py"))
    board = lab.run(arguments, ("bulkhead", "linux1", "timer"))
    board.expect_all([r"timer: timer: done", r"linux1: init: reached after"], timeout=180)
    board.quit()


@case(timeout=240)
def quickstart_uboot(lab):
    """The same by U-Boot, which fetches what --ub writes."""
    quickstart(lab, "tools/make_initramfs.py", " --ub build/aarch64/bulkhead.ub")
    board = lab.run(absolute(lab, quickstart(lab, "qemu-system-aarch64 -M virt")))
    board.expect_all([r"timer: timer: done", r"linux1: init: reached after"], timeout=180)
    board.quit()
