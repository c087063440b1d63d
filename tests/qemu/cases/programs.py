# SPDX-License-Identifier: Apache-2.0
"""The guest programs print on QEMU what they print in hostsim: tests/guest/expect."""
from lab import case

PROGRAMS = {"hello": "", "timer": "again=1", "memory": "stride=64", "hostile": "step=1", "mmio": "", "ipi": "", "reset": "until-ms=2000",
            "spin": "", "smp": ""}
VCPUS = {"smp": 3}


@case(timeout=180)
def programs(lab):
    """All side by side on two CPUs."""
    board = lab.boot(lab.system([lab.guest_domain(name, bootargs=arguments, memory=64, cpus=VCPUS.get(name, 1)) for name, arguments in PROGRAMS.items()]))
    board.expect_all([rf"{name}: {name}: (done|FAILED)" for name in PROGRAMS], timeout=120)
    board.quit()
    for name in PROGRAMS:
        board.check_program(name)


@case(timeout=120)
def program_echo(lab):
    """Characters come by interrupt, also when the domain sleeps."""
    board = lab.boot(lab.system([lab.guest_domain("echo")]))
    board.expect(r"echo: echo> ")
    board.send_line("hello there")
    board.expect(r'echo: echo: got "hello there"')
    board.expect(r"echo: echo> ")
    board.send_line("off")
    board.expect(r"echo: echo: done")
    board.quit()
    board.check_program("echo")
