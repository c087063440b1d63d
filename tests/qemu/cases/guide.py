# SPDX-License-Identifier: Apache-2.0
"""docs/guest.md: its program is assembled by its commands and prints what it says, on both GICs."""
import os
import re
import shlex
import subprocess

from lab import ROOT, Domain, case, check, check_equal


def blocks():
    """The page's blocks of code, without their language."""
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
