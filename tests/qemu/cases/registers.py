# SPDX-License-Identifier: Apache-2.0
"""No system register is shared by two domains or by two lives of one, whatever the CPU has; and docs/registers.md names all. Debug
registers also do what they are for."""
import os
import re

from lab import ROOT, case, check, check_equal

MODELS = ("cortex-a53", "cortex-a57", "cortex-a72", "cortex-a76", "neoverse-n1", "max")
FOUND = re.compile(r"registers: (S\d_\d_C\d+_C\d+_\d) (holds a value|is constant)$")


def documented():
    """From docs/registers.md: a pattern for the register's name, and what becomes of it."""
    rows = []
    with open(os.path.join(ROOT, "docs", "registers.md"), encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)]
            if len(cells) == 7 and cells[2].startswith("S"):
                rows.append((re.compile(re.sub("<[nm]>", r"\\d+", cells[2]) + "$"), cells[4]))
    return rows


def what_becomes_of(name, rows):
    found = {kind for pattern, kind in rows if pattern.match(name)}
    check_equal(len(found), 1, f"docs/registers.md on {name}: {found}: number of answers")
    return found.pop()


def check_list(lines, allowed):
    """Each register that answered is documented; allowed: what a kind may be found to be."""
    rows = documented()
    names = [match for match in map(FOUND.match, lines) if match]
    check(len(names) > 80, f"only {len(names)} registers were found")
    for match in names:
        kind = what_becomes_of(match[1], rows)
        check(match[2] in allowed[kind], f"{match[1]} {match[2]}, but docs/registers.md says: {kind}")


IN_A_DOMAIN = {
    "switched": ("holds a value", "is constant"),  # as far as this CPU has it
    "emulated": ("holds a value", "is constant"),
    "constant": ("is constant",),  # also what cannot be tried at random
    "undefined": (),
}
BARE = dict.fromkeys(IN_A_DOMAIN, ("holds a value", "is constant"))


def registers(lab, cpu, gic):
    domains = [lab.guest_domain("registers", name=f"d{seed}", bootargs=f"seed={seed} until-ms=600 rounds=6", memory=16) for seed in (1, 2)]
    domains.append(lab.guest_domain("registers", name="list", bootargs="list=1 until-ms=0 rounds=1 pause-us=1", memory=16))
    board = lab.boot(lab.system(domains, cpus=1, cpu=cpu, gic=gic))
    board.expect_all([rf"{domain.name}: registers: (done|FAILED.*)" for domain in domains], timeout=100)
    board.quit()
    for name in ("d1", "d2"):
        board.check_program(name, "registers")
    check_list(board.lines("list"), IN_A_DOMAIN)


for model in MODELS:
    case(timeout=150, name=f"registers-{model}", cpu=model, gic=2)(registers)
case(timeout=150, name="registers-gicv3", cpu="max", gic=3)(registers)


def debug(lab, cpu, gic):
    """Steps, breakpoints and watchpoints of two domains that share a CPU with one that uses none."""
    domains = [lab.guest_domain("debug", name=name, memory=16) for name in ("d1", "d2")] + [lab.guest_domain("spin", bootargs="lines=10", memory=16)]
    board = lab.boot(lab.system(domains, cpus=1, cpu=cpu, gic=gic))
    board.expect_all([r"d1: debug: (done|FAILED.*)", r"d2: debug: (done|FAILED.*)", r"spin: spin: done"], timeout=80)
    board.quit()
    for name in ("d1", "d2"):
        board.check_program(name, "debug")


for model in ("cortex-a53", "neoverse-n1", "max"):
    case(timeout=120, name=f"debug-{model}", cpu=model, gic=2)(debug)
case(timeout=120, name="debug-gicv3", cpu="cortex-a57", gic=3)(debug)


@case(timeout=120)
def registers_without_hypervisor(lab):
    """All that the largest CPU has at EL1 is documented, not only what we let through."""
    arguments = ["-display", "none", "-monitor", "none", "-nic", "none", "-m", "256", "-no-reboot", "-kernel", lab.guest("registers"),
                 "-append", "bare=1 list=1 until-ms=0 rounds=2 pause-us=1000"]
    for cpu, machine in (("cortex-a57", "virt,gic-version=2"), ("max", "virt,gic-version=3,mte=on")):
        board = lab.run(["-M", machine, "-cpu", cpu, *arguments])
        board.expect(r"registers: done", timeout=50)
        board.wait_end()
        check_list(board.lines(), BARE)
